"""Where a setting comes from: ENVIRONMENT names the stage, its .env files fill what is not set.

A real environment variable wins over every file; of the files the more particular one wins:
`.env.<environment>.local`, then `.env.local`, then `.env`. Tests read no file, so that
nobody's laptop changes what they prove.
"""

import os
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

ENVIRONMENTS = ("development", "test", "staging", "production")
BASE_DIR = Path(__file__).resolve().parent.parent

env = environ.Env()


def read_environment() -> str:
    """Read the .env files into the process's environment and return the environment's name.

    Raises ImproperlyConfigured for a name that is not one of ENVIRONMENTS.
    """
    running_tests = "PYTEST_VERSION" in os.environ  # set by pytest itself
    name = env.str("ENVIRONMENT", "test" if running_tests else "development")
    if name not in ENVIRONMENTS:
        raise ImproperlyConfigured(
            f"ENVIRONMENT is {name!r}; it must be one of {', '.join(ENVIRONMENTS)}."
        )
    if name != "test":
        for file in (f".env.{name}.local", ".env.local", ".env"):
            env.read_env(BASE_DIR / file)
    return name


def required(name: str, environment: str, *, otherwise: Any) -> Any:
    """Return the variable, or `otherwise` in development and tests, where a default is harmless.

    Raises ImproperlyConfigured naming the variable when staging or production lacks it.
    """
    value = env.str(name, "")
    if value:
        return value
    if environment in ("development", "test"):
        return otherwise
    raise ImproperlyConfigured(f"{name} is not set, and {environment} cannot start without it.")
