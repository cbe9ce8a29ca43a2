"""The mail of organizations: one function per email, called after the commit."""

import logging
import re
import unicodedata
from typing import TYPE_CHECKING

from allauth.core import context
from django.conf import settings
from django.core.mail import send_mail
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone

from orgs.names import INVISIBLE

if TYPE_CHECKING:
    from orgs.models import Invitation

logger = logging.getLogger(__name__)


def invitation(invitation: "Invitation", token: str) -> None:
    """Send the link and note that it was sent; if the mail server refuses, `sent` stays empty.

    The token stands nowhere but in this mail.
    """
    names = {
        "inviter": plain(str(invitation.invited_by)),
        "organization": plain(invitation.organization.name),
    }
    text = render_to_string(
        "emails/invitation.txt",
        {
            **names,
            "site_name": settings.SITE_NAME,
            "role": invitation.role,
            "expires": invitation.expires,
            "url": _absolute(reverse("orgs:invitation_detail", args=[token])),
        },
    )
    try:
        send_mail(
            "{inviter} invites you to {organization}".format(**names),
            text,
            None,
            [invitation.email],
        )
    except OSError:
        logger.exception("Invitation %s was not delivered.", invitation.pk)
        return
    # Unless it was renewed meanwhile: then another mail counts.
    sent = timezone.now()
    if (
        type(invitation)
        .objects.filter(pk=invitation.pk, token_hash=invitation.token_hash)
        .update(sent=sent)
    ):
        invitation.sent = sent


def plain(name: str) -> str:
    """Return what somebody called themselves, on one line, with nothing mail programs link.

    A name is the one place where a stranger's words reach an inbox under our own letterhead.
    """
    visible = "".join(
        " " if unicodedata.category(character) in INVISIBLE else character for character in name
    )
    without_scheme = re.sub(r":?//+", " ", visible)
    return " ".join(re.sub(r"(?<=\w)\.(?=\w)", "·", without_scheme).split())


def _absolute(path: str) -> str:
    request = context.request
    return request.build_absolute_uri(path) if request else f"{settings.SITE_URL}{path}"
