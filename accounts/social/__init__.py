"""Accounts elsewhere: who gets in with one, the way there and back, the tokens they bring."""
