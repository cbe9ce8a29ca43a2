"""What can happen, in one list: the verbs of the audit trail and their wording."""

from django.db import models


class Verb(models.TextChoices):
    """Reads as 'Alice <wording> Bob': who did what to whom."""

    SIGNED_UP = "account.signed_up", "signed up"
    SIGNED_IN = "account.signed_in", "signed in"
    SIGNED_OUT = "account.signed_out", "signed out"
    SIGN_IN_FAILED = "account.sign_in_failed", "failed to sign in"
    ROLE_CHANGED = "account.role_changed", "changed the role of"
    BANNED = "account.banned", "banned"
    UNBANNED = "account.unbanned", "lifted the ban of"
    DEACTIVATED = "account.deactivated", "switched off"
    ACTIVATED = "account.activated", "switched on"
    IMPERSONATION_STARTED = "impersonation.started", "began to act as"
    IMPERSONATION_STOPPED = "impersonation.stopped", "stopped acting as"
