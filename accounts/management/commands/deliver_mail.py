"""manage.py deliver_mail: the worker that sends what no request could, or with MAIL_DELIVERY=worker
everything."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from accounts.outbox.worker import Worker, tidy


class Command(BaseCommand):
    help = "Deliver emails as they become due, until it is stopped. Several may run side by side."
    requires_system_checks = ()  # some ask the database, which may be away: see Worker.run

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--once", action="store_true", help="deliver what is due now and end, for cron"
        )

    def handle(self, *, once: bool, **options: Any) -> None:
        if once:
            Worker().deliver_due()
            tidy()
        else:
            Worker().run()
