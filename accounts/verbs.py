"""What can happen, in one list: the verbs of the audit trail and their wording.

A verb of your own is one more line here; no migration is needed.
"""

import re
from collections.abc import Mapping
from typing import Any

from django.db import models


class Verb(models.TextChoices):
    """Reads as 'Alice <wording> Bob', who stands in the place of the dots, or else comes last.

    What leads to Bob ('of', 'from') falls away where people do it to themselves.
    """

    SIGNED_UP = "account.signed_up", "signed up"
    SIGNED_IN = "account.signed_in", "signed in"
    SIGN_IN_FAILED = "account.sign_in_failed", "failed to sign in as"
    SIGNED_OUT = "account.signed_out", "signed out"
    SESSION_REVOKED = "account.session_revoked", "ended a session of"
    SESSIONS_REVOKED = "account.sessions_revoked", "signed out every device of"
    PASSWORD_RESET_ASKED = "account.password_reset_asked", "asked to reset the password of"
    PASSWORD_RESET = "account.password_reset", "reset the password"
    PASSWORD_CHANGED = "account.password_changed", "changed the password"
    EMAIL_ADDED = "account.email_added", "added an email address of"
    EMAIL_CONFIRMED = "account.email_confirmed", "confirmed an email address of"
    EMAIL_REMOVED = "account.email_removed", "removed an email address of"
    EMAIL_CHANGED = "account.email_changed", "changed the primary email address of"
    FACTOR_ADDED = "account.factor_added", "added a second factor of"
    FACTOR_REMOVED = "account.factor_removed", "removed a second factor of"
    RECOVERY_CODES_MADE = "account.recovery_codes_made", "made recovery codes of"
    PROVIDER_CONNECTED = "account.provider_connected", "connected an account elsewhere of"
    PROVIDER_REMOVED = "account.provider_removed", "disconnected an account elsewhere of"
    ACCOUNT_ADDED = "account.added", "added the account of"
    ACCOUNT_EDITED = "account.edited", "edited the account of"
    ACCOUNT_DELETED = "account.deleted", "deleted the account of"

    ROLE_CHANGED = "account.role_changed", "changed the role of"
    BANNED = "account.banned", "banned"
    UNBANNED = "account.unbanned", "lifted the ban of"
    DEACTIVATED = "account.deactivated", "switched off"
    ACTIVATED = "account.activated", "switched on"
    EMAILS_TRIED_AGAIN = "email.tried_again", "had emails tried again"
    IMPERSONATION_STARTED = "impersonation.started", "began to act as"
    IMPERSONATION_STOPPED = "impersonation.stopped", "stopped acting as"

    ORGANIZATION_CREATED = "organization.created", "created the organization"
    ORGANIZATION_EDITED = "organization.edited", "edited the organization"
    ORGANIZATION_DELETED = "organization.deleted", "deleted the organization"
    LOGO_CHANGED = "organization.logo_changed", "changed the logo of"
    OWNERSHIP_OFFERED = "ownership.offered", "asked … to take over the organization"
    OWNERSHIP_OFFER_REVOKED = (
        "ownership.offer_revoked",
        "no longer asks … to take over the organization",
    )
    OWNERSHIP_OFFER_DECLINED = (
        "ownership.offer_declined",
        "declined to take over the organization from",
    )
    OWNERSHIP_TRANSFERRED = "ownership.transferred", "took over the organization from"
    OWNER_ASSIGNED = "ownership.assigned", "made … the primary owner"
    MEMBER_ADDED = "member.added", "added the member"
    MEMBER_ROLE_CHANGED = "member.role_changed", "changed the role of … in the organization"
    MEMBER_REMOVED = "member.removed", "removed the member"
    MEMBER_LEFT = "member.left", "left the organization"
    TEAM_CREATED = "team.created", "created the team"
    TEAM_RENAMED = "team.renamed", "renamed the team"
    TEAM_DELETED = "team.deleted", "deleted the team"
    TEAM_MEMBER_ADDED = "team.member_added", "added … to the team"
    TEAM_MEMBER_ROLE_CHANGED = "team.member_role_changed", "changed the role of … in the team"
    TEAM_MEMBER_REMOVED = "team.member_removed", "removed … from the team"
    TEAM_JOINED = "team.joined", "joined the team"
    TEAM_LEFT = "team.left", "left the team"
    INVITED = "invitation.sent", "invited"
    INVITED_AGAIN = "invitation.sent_again", "invited … once more"
    INVITATION_REVOKED = "invitation.revoked", "revoked the invitation to"
    INVITATION_ACCEPTED = "invitation.accepted", "accepted the invitation to"
    INVITATION_DECLINED = "invitation.declined", "declined the invitation to"
    INVITATION_DELETED = "invitation.deleted", "deleted the invitation to"

    WAITLIST_INVITED = "waitlist.invited", "invited … from the waitlist"
    WAITLIST_LINK_RENEWED = "waitlist.link_renewed", "asked for a new sign-up link for"
    WAITLIST_ADDED = "waitlist.added", "added … to the waitlist"
    WAITLIST_CHANGED = "waitlist.changed", "changed the waitlist’s entry of"
    WAITLIST_DELETED = "waitlist.deleted", "deleted … from the waitlist"
    ROW_ADDED = "row.added", "added the row"
    ROW_CHANGED = "row.changed", "changed the row"
    ROW_DELETED = "row.deleted", "deleted the row"
    ROWS_DOWNLOADED = "rows.downloaded", "downloaded"
    DATABASE_EXPORTED = "database.exported", "exported the database"
    DATABASE_RESTORED = "database.restored", "restored the database"


# What ends the sentence, filled from the event's data: the first that can be.
ENDINGS: dict[Verb, list[str]] = {
    Verb.ACCOUNT_EDITED: ["({fields})"],
    Verb.ROLE_CHANGED: ["from {before} to {after}"],
    Verb.ORGANIZATION_EDITED: ["({fields}: {before} → {after})", "({fields})"],
    Verb.MEMBER_ADDED: ["as {role}"],
    Verb.MEMBER_ROLE_CHANGED: ["from {before} to {after}", "to {role}"],
    Verb.TEAM_RENAMED: ["(it was {before})"],
    Verb.TEAM_MEMBER_ADDED: ["{team}"],
    Verb.TEAM_MEMBER_ROLE_CHANGED: ["{team} from {before} to {after}"],
    Verb.TEAM_MEMBER_REMOVED: ["{team}"],
    Verb.WAITLIST_CHANGED: ["({fields})"],
    Verb.ROW_CHANGED: ["({fields})"],
    Verb.DATABASE_EXPORTED: ["to {file}"],
    Verb.DATABASE_RESTORED: ["from {file}"],
    Verb.ROWS_DOWNLOADED: ["the list of {table} ({filters})", "the list of {table}"],
    Verb.INVITED: ["as {role}"],
    Verb.INVITED_AGAIN: ["as {role}"],
}


def around(verb: str) -> tuple[str, str]:
    """Return the wording before and after whom; a verb that the list no longer has, as it is."""
    before, _, after = _wording(verb).partition(" …")
    return before, after.strip()


def alone(verb: str) -> str:
    """Return the wording for whom nobody is named: 'changed the role'."""
    return re.sub(r"( of| as| to| from)?( …|$)", "", _wording(verb), count=1)


def ending(verb: str, data: Mapping[str, Any]) -> str:
    """Return what the data adds to the sentence: 'from member to admin', or nothing."""
    told = {key: as_text(value) for key, value in data.items() if value is not None}
    for template in ENDINGS.get(verb, []):  # type: ignore[call-overload]
        try:
            return template.format_map(told)
        except KeyError:
            continue
    return ""


def as_text(value: Any) -> str:
    """Return a value of the data as people write it: 'name, slug' for a list."""
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _wording(verb: str) -> str:
    return dict(Verb.choices).get(verb, verb)
