"""How often invitations are sent: they are our mail to people who never asked for it."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.conf import settings

from accounts.limits import count_each, count_most
from orgs.refusals import TooManyMails

if TYPE_CHECKING:
    from orgs.models import Membership

# Emails to one address in so many seconds: by one organization that had invited it before, and by
# one person as the first of an organization, of which they may make and delete many.
TO_ADDRESS = (5, 24 * 60 * 60)
ADDRESS_REASON = f"This address was invited {TO_ADDRESS[0]} times within a day."
PERSON_REASON = "You have sent as many invitations as one person may."


def too_many(
    emails: Collection[str], *, known: Collection[str], by: "Membership"
) -> dict[str, TooManyMails]:
    """Count an email from this member to each address; return why some cannot get one.

    `known` are the addresses that the organization has invited before, whatever became of it: to
    revoke and to invite anew is no way around the limit. What is counted here is counted once the
    transaction is committed, as the emails are sent.
    """
    senders = {
        f"{by.organization_id if email in known else by.user_id} {email}": email for email in emails
    }
    tries = count_each("invitation", senders, *TO_ADDRESS)
    refused = {
        senders[who]: TooManyMails(ADDRESS_REASON, one.wait)
        for who, one in tries.items()
        if one.wait
    }
    rest = [email for email in emails if email not in refused]
    person = str(by.user_id)
    sent, wait = count_most("inviter", person, *settings.INVITATION_RATE, tries=len(rest))
    return refused | {email: TooManyMails(PERSON_REASON, wait) for email in rest[sent:]}
