"""manage.py dev: what ./bin/dev runs once .venv is there."""

import errno
import os
import socket
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from accounts.models import User
from config import cast
from config.database.preparing import set_up
from config.database.target import Target
from config.management.commands.runserver import leave_in_good_order, serve


class Command(BaseCommand):
    help = "Migrate, seed the demo people if there is nobody, and serve with reload."
    requires_system_checks = ()  # the server checks, each time it reloads

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "address",
            nargs="?",
            default=os.environ.get("PORT", "8000"),
            help="port or address:port; else the variable PORT, else 8000",
        )

    def handle(self, *, address: str, **options: Any) -> None:
        if not settings.DEVELOPMENT:
            raise CommandError(
                f"ENVIRONMENT is {settings.ENVIRONMENT}, and dev is for development alone: it "
                "makes people whose password everybody knows."
            )
        leave_in_good_order()
        try:
            host, port = parse_address(address)
            check_free(host, port)
            site = f"http://{host if host.strip('0.') else '127.0.0.1'}:{port}"
            # For the links in the demo's emails, which no request brings about.
            settings.SITE_URL = os.environ.setdefault("SITE_URL", site)
            target = Target.of(settings.DATABASES["default"])
            set_up(target, self.stdout.write, seed=True)
            command = [sys.executable, sys.argv[0], "runserver", f"{host}:{port}"]
            status = serve(command, GREETING=greeting(site))
        except KeyboardInterrupt:
            self.stdout.write("")  # the terminal shows ^C
            return
        sys.exit(status)


def parse_address(address: str) -> tuple[str, int]:
    """Return host and port of `8001`, `0.0.0.0:8001` or `[::1]:8001`.

    Raises CommandError for anything else.
    """
    host, _, port = address.rpartition(":")
    if not port.isdecimal() or not 0 < int(port) < 65_536:
        raise CommandError(f"{address} is not a port or address:port, such as 8001.")
    return host or "127.0.0.1", int(port)


def check_free(host: str, port: int) -> None:
    """Raise CommandError unless a server could listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host.strip("[]"), port), family=family).close()
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        reason = f"Port {port} is taken" if taken else f"Cannot serve on {host}:{port} ({error})"
        another = port % 65_535 + 1
        raise CommandError(f"{reason}. Choose another: ./bin/dev {another}") from error


def greeting(site: str) -> str:
    """Return what a newcomer wants to know: where the site is, and as whom to sign in."""
    roles = {f"{name}@example.com": role for name, role in cast.PEOPLE.items()}
    emails = User.objects.filter(email__in=roles).order_by("email").values_list("email", flat=True)
    people = [f"  {email:22} {roles[email]}" for email in emails]
    connections.close_all()
    lines = ["", f"{settings.SITE_NAME} is at {site}/"]
    if "OPTIONS" not in settings.MAILERS["transport"]:  # no SMTP server is set
        lines += [f"Its email is at {site}/dev/mail/"]
    if people:
        lines += ["", f"Sign in with the password {cast.PASSWORD} as", *people]
    return "\n".join([*lines, "", "Ctrl-C stops everything.", ""])
