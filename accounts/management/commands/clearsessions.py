"""`manage.py clearsessions`: Django's own command, which comes with an app we do not install."""

from django.contrib.sessions.management.commands.clearsessions import Command

__all__ = ["Command"]
