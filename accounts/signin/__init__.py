"""Signing in: with which password, what each way in goes through, when it has to be fresh."""
