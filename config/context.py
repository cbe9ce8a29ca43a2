"""What every template may know."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, str]:
    """Return the product's name, and who may sign up, as the settings have them."""
    return {"site_name": settings.SITE_NAME, "signup_mode": settings.SIGNUP_MODE}
