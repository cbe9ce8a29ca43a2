"""What every template may know."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, str]:
    """Return the product's name as SITE_NAME in the settings has it."""
    return {"site_name": settings.SITE_NAME}
