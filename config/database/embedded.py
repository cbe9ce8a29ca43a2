"""Placeholder until the embedded server lands."""

from typing import Any, Literal

Purpose = Literal["development", "test"]


def settings(purpose: Purpose) -> dict[str, Any]:
    raise NotImplementedError
