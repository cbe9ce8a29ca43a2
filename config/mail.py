"""Development's mail: told of in the console, kept as files, read at /dev/mail/."""

import email
import email.policy
import secrets
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

from django.conf import settings
from django.core.mail import EmailMessage as DjangoMessage
from django.core.mail.backends import console
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone

from accounts.links import absolute

HEADERS = ("From", "To", "Cc", "Reply-To", "Subject", "Date")
SHOWN = 100  # of the newest mails, in the list


class DevelopmentBackend(console.EmailBackend):
    """Keeps the email, and prints one line: to whom, about what, where to read it."""

    def write_message(self, message: DjangoMessage) -> None:
        name = f"{timezone.now():%Y%m%d-%H%M%S-%f}-{secrets.token_hex(2)}"
        settings.MAIL_FOLDER.mkdir(exist_ok=True)
        (settings.MAIL_FOLDER / f"{name}.eml").write_bytes(message.message().as_bytes())
        to, page = ", ".join(message.recipients()), absolute(f"/dev/mail/{name}/")
        self.stream.write(f"Email to {to}: {message.subject} ({page})\n")


def mail_list(request: HttpRequest) -> HttpResponse:
    return render(request, "dev/mail_list.html", {"mails": list(_newest())})


def mail_detail(request: HttpRequest, name: str) -> HttpResponse:
    file = settings.MAIL_FOLDER / f"{name}.eml"
    if not file.is_file():
        raise Http404
    return render(request, "dev/mail_detail.html", _read(file))


# The converter 'slug' lets no dot and no slash pass: a name never leaves the folder.
urlpatterns = [
    path("", mail_list, name="mail_list"),
    path("<slug:name>/", mail_detail, name="mail_detail"),
]


def _newest() -> Iterator[dict[str, object]]:
    files = sorted(settings.MAIL_FOLDER.glob("*.eml"), reverse=True)
    return map(_read, files[:SHOWN])


def _read(file: Path) -> dict[str, object]:
    mail = email.message_from_bytes(file.read_bytes(), policy=email.policy.default)
    return {
        "name": file.stem,
        "subject": mail["Subject"],
        "to": mail["To"],
        "headers": [(header, mail[header]) for header in HEADERS if mail[header]],
        "text": _text(mail),
    }


def _text(mail: EmailMessage) -> str:
    body = mail.get_body(("plain", "html"))
    return body.get_content() if body else ""
