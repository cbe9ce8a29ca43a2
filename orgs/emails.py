"""The mail of organizations: one function per email, called after the commit."""

import re
from typing import TYPE_CHECKING

from allauth.core import context
from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.delivery import deliver
from accounts.names import is_hidden

if TYPE_CHECKING:
    from accounts.models import User
    from orgs.invitations import Invitation
    from orgs.models import Organization


def invitation(invitation: "Invitation", token: str) -> bool:
    """Send the link; return whether the mail server took it.

    The token stands nowhere but in this mail.
    """
    inviter, organization = plain(str(invitation.invited_by)), plain(str(invitation.organization))
    text = render_to_string(
        "emails/invitation.txt",
        {
            "inviter": inviter,
            "organization": organization,
            "site_name": settings.SITE_NAME,
            "role": invitation.role,
            "expires": invitation.expires,
            "url": _absolute(reverse("orgs:invitation_detail", args=[token])),
        },
    )
    subject = f"{inviter} invites you to {organization}"
    message = EmailMessage(subject, text, to=[invitation.email])
    return deliver(message, f"Invitation {invitation.pk}")


def member_removed(person: "User", organization: "Organization") -> bool:
    """Tell somebody that they are no longer a member; return whether the mail server took it."""
    name = plain(str(organization))
    context = {"organization": name, "site_name": settings.SITE_NAME}
    text = render_to_string("emails/member_removed.txt", context)
    message = EmailMessage(f"You are no longer a member of {name}", text, to=[person.email])
    return deliver(message, "Notice of a removal")


def plain(name: str) -> str:
    """Return what somebody called themselves, on one line, with nothing mail programs link.

    A name is the one place where a stranger's words reach an inbox under our own letterhead.
    """
    visible = "".join(" " if is_hidden(name, at) else letter for at, letter in enumerate(name))
    without_scheme = re.sub(r":?//+", " ", visible)
    return " ".join(re.sub(r"(?<=\w)\.(?=\w)", "·", without_scheme).split())


def _absolute(path: str) -> str:
    request = context.request
    return request.build_absolute_uri(path) if request else f"{settings.SITE_URL}{path}"
