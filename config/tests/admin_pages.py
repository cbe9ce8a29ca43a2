"""The addresses of the admin's pages, for the tests of every app."""

from django.urls import reverse


def url(model, page, *args):
    """Return the address of a model's changelist, add, change or delete page."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)
