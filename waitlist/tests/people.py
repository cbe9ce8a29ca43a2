"""Who waits, for the tests of several files."""

import re

from django.utils import timezone

from waitlist.models import Entry


def waiting(*names, **fields):
    """Put these people on the list, in this order; return their entries."""
    entries = [Entry(email=f"{name}@example.com", **fields) for name in names]
    return Entry.objects.bulk_create(entries)


def link_in(message):
    """Return the path of the sign-up link in this email."""
    return re.search(r"^https?://[^/]+(/waitlist/invitations/\S+)$", message.body, re.M)[1]


def expire(*entries):
    """Let the links be as old as they work."""
    Entry.objects.filter(pk__in=[entry.pk for entry in entries]).update(expires=timezone.now())


def invited():
    """Return who was invited, in the order of their addresses, without the domain."""
    emails = Entry.objects.filter(invited__isnull=False).order_by("email")
    return [email.partition("@")[0] for email in emails.values_list("email", flat=True)]


def joins(client, email="ann@example.com", **source):
    """Send the form of /waitlist/; return the answer."""
    return client.post("/waitlist/", {"email": email, **source})


def mailed(page, mailoutbox):
    """Return the path of the link to this page ('confirm' or 'leave') in the last email."""
    return re.search(rf"^http://testserver(/waitlist/{page}/\S+)$", mailoutbox[-1].body, re.M)[1]


def entry(email="ann@example.com"):
    return Entry.objects.get(email=email)
