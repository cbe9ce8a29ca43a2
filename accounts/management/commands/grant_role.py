"""manage.py grant_role EMAIL ROLE: a platform role from the shell, for whoever may enter there."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import User
from accounts.roles import LastOwner, PlatformRole


class Command(BaseCommand):
    help = "Give somebody who has an account another platform role, and sign them out everywhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("email", help="their email address")
        parser.add_argument("role", choices=PlatformRole.values, help="what they become")

    def handle(self, *, email: str, role: str, **options: Any) -> None:
        try:
            person = User.objects.get_by_natural_key(email)
        except User.DoesNotExist:
            raise CommandError(f"Nobody has an account with the address {email}.") from None
        if person.role == role:
            self.stdout.write(f"{person.email} is {role} already.")
            return
        try:
            person.change_role(role, by=None)
        except LastOwner as refusal:
            raise CommandError(str(refusal)) from None
        self.stdout.write(f"{person.email} is {role} now, and signed out everywhere.")
