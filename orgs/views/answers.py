"""What the views of organizations answer with, whatever they are about."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def form_page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Show the form; one that was refused says so with status 400."""
    return render(request, template, context, status=400 if request.method == "POST" else 200)
