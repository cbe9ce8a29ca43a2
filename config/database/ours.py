"""What is the project's own, and what pip has installed beside it."""

from pathlib import Path

from django.apps import apps


def is_installed(path: str | Path) -> bool:
    """Whether the file or folder came with a package, whose migrations are not ours to make."""
    return not {"site-packages", "dist-packages"}.isdisjoint(Path(path).parts)


def makes_tables(app: str) -> bool:
    """Whether migrations make the table of one of its models."""
    return any(model._meta.managed for model in apps.get_app_config(app).get_models())
