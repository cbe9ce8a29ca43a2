"""Signing in with an account elsewhere: where we differ from allauth's defaults."""

from allauth.socialaccount.adapter import DefaultSocialAccountAdapter


class SocialAccountAdapter(DefaultSocialAccountAdapter):
    pass
