"""Where a setting comes from: ENVIRONMENT names the stage, its .env files fill what is not set.

A real environment variable wins over every file; of the files the more particular one wins:
`.env.<environment>.local`, then `.env.local`, then `.env`. Tests read no file, so that
nobody's laptop changes what they prove.

What is missing or makes no sense is a SettingError, which manage.py and config/wsgi.py turn into
one sentence.
"""

import os
import re
from pathlib import Path
from typing import Any

import environ

from accounts import addresses
from config import env_files
from config.env_files import Entry
from config.env_files import SettingError as SettingError  # by which everybody knows it

ENVIRONMENTS = ("development", "test", "staging", "production")
BASE_DIR = Path(__file__).resolve().parent.parent
YES = ("true", "yes", "on", "1")
NO = ("false", "no", "off", "0", "")
PERIODS = {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}  # in seconds

REQUIRED = ("SECRET_KEY", "ALLOWED_HOSTS", "DATABASE_URL", "SITE_URL")  # once it is deployed

GRANTED_ROLES = ("staff", "admin", "owner")
SITE = re.compile(r"https?://[^\s/?#@]+")
ORIGIN = re.compile(r"https?://([a-z0-9_.-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?")
ADDRESS_OR_DOMAIN = re.compile(r"([^@\s]+@)?([^@\s.*]+\.)+[^@\s.*]+")


class Env(environ.Env):
    """django-environ, but a value that makes no sense stops the start instead of being guessed."""

    def get_value(self, var: str, *_: Any, default: Any = "", **__: Any) -> Any:
        """Return the variable as it is: a password may begin with a $."""
        return os.environ.get(var, default)

    def number(self, var: str, default: int, *, least: int = 0) -> int:
        """Return the variable as a whole number that is not below `least`."""
        value = self.str(var, str(default))
        if not (value.isascii() and value.isdigit() and int(value) >= least):
            kind = f"a whole number from {least} on" if least else "a whole number"
            raise SettingError(f"{var} is {value!r}; it must be {kind}, such as {default}.")
        return int(value)

    def flag(self, var: str, default: bool) -> bool:
        value = self.str(var, str(default)).strip().lower()
        if value not in YES + NO:
            raise SettingError(f"{var} is {value!r}; it must be true or false.")
        return value in YES

    def names(self, var: str) -> list[str]:
        """Return the variable's parts between its commas, trimmed; empty ones are left out."""
        return split(self.str(var, ""))

    def origins(self, var: str) -> list[str]:
        """Return the variable's origins as browsers write them: lower case, no usual port."""
        origins = [entry.lower() for entry in self.names(var)]
        for origin in origins:
            if not ORIGIN.fullmatch(origin):
                raise SettingError(
                    f"{var} has {origin!r}; it must be a scheme, a host and perhaps a port, "
                    "without a path or a slash at the end, as https://www.example.com."
                )
        return [
            origin.removesuffix(":443" if origin.startswith("https:") else ":80")
            for origin in origins
        ]

    def choice(self, var: str, choices: tuple[str, ...]) -> str:
        """Return one of the choices; the first without the variable."""
        value = self.str(var, choices[0])
        if value not in choices:
            raise SettingError(f"{var} is {value!r}; it must be one of {', '.join(choices)}.")
        return value

    def roles(self, var: str) -> dict[str, str]:
        """Return 'owner:me@example.com,staff:example.com' as roles by address or domain."""
        roles: dict[str, str] = {}
        for entry in self.names(var):
            role, _, written = entry.partition(":")
            target = addresses.normalize(written)
            if role.strip() not in GRANTED_ROLES or not ADDRESS_OR_DOMAIN.fullmatch(target):
                raise SettingError(
                    f"{var} has {entry!r}; it must be one of {', '.join(GRANTED_ROLES)}, a colon, "
                    "and an email address or a domain, as staff:example.com."
                )
            if target in roles:
                raise SettingError(f"{var} has {target} twice; it must have one role.")
            roles[target] = role.strip()
        return roles

    def rate(self, var: str, default: str) -> tuple[int, int]:
        """Return '10/m' (or /s, /h, /d) as how many in how many seconds: (10, 60)."""
        value = self.str(var, default)
        amount, _, period = value.partition("/")
        if not (amount.isascii() and amount.isdigit() and int(amount)) or period not in PERIODS:
            raise SettingError(f"{var} is {value!r}; it must be a number and a period, as 10/m.")
        return int(amount), PERIODS[period]


env = Env()
from_files: dict[str, Entry] = {}  # the variables that are set because a file says so


def file_names(environment: str) -> tuple[str, ...]:
    """Return the files of this environment, of which the first wins."""
    return (f".env.{environment}.local", ".env.local", ".env") if environment != "test" else ()


def read_environment() -> str:
    """Read the .env files into the process's environment and return the environment's name.

    Raises SettingError for a name that is not one of ENVIRONMENTS, and for a file that names
    another: the name has chosen the files, and a server must not run as 'development' by mistake.
    """
    running_tests = "PYTEST_VERSION" in os.environ  # set by pytest itself
    name = env.str("ENVIRONMENT", "test" if running_tests else "development")
    if name not in ENVIRONMENTS:
        raise SettingError(f"ENVIRONMENT is {name!r}; it must be one of {', '.join(ENVIRONMENTS)}.")
    said = env_files.read(BASE_DIR, file_names(name))
    other = said.get("ENVIRONMENT")
    if other and other.value != name and "ENVIRONMENT" not in os.environ:
        raise SettingError(
            f"ENVIRONMENT is {other.value!r} in {other.place}, which comes too late: set it as a "
            "real environment variable."
        )
    for variable in said.keys() - os.environ.keys():
        os.environ[variable] = said[variable].value
        from_files[variable] = said[variable]
    return name


def required(name: str, environment: str, *, otherwise: str) -> str:
    """Return the variable, or `otherwise` in development and tests, where a default is harmless.

    Raises SettingError naming all of REQUIRED that staging or production lacks.
    """
    value = env.str(name, "")
    if value.strip(" ,"):
        return value
    if environment in ("development", "test"):
        return otherwise
    missing = [one for one in REQUIRED if not env.str(one, "").strip(" ,")]
    are, them = ("is", "it") if len(missing) == 1 else ("are", "them")
    file = file_names(environment)[0]
    absent = "" if (BASE_DIR / file).exists() else ", which is not there"
    raise SettingError(
        f"{', '.join(missing)} {are} not set, and {environment} cannot start without {them}. Set "
        f"{them} in the environment, or in {file}{absent}."
    )


def split(value: str) -> list[str]:
    return [part.strip() for part in value.split(",") if part.strip()]


def secret_key(environment: str) -> str:
    """Return SECRET_KEY; raises SettingError if staging's or production's could be guessed."""
    key = required("SECRET_KEY", environment, otherwise="not-a-secret-" * 5)
    deployed = environment in ("staging", "production")
    if deployed and (len(key) < 32 or key.startswith("not-a-secret")):
        raise SettingError(
            "SECRET_KEY is too easy to guess; set random characters, which "
            'python -c "import secrets; print(secrets.token_urlsafe(50))" makes.'
        )
    return key


def setup_token() -> str:
    """Return SETUP_TOKEN, or '' where it is not set; raises SettingError for one easy to guess."""
    token = env.str("SETUP_TOKEN", "").strip()
    if 0 < len(token) < 20:
        raise SettingError("SETUP_TOKEN is too easy to guess; set at least 20 random characters.")
    return token


def signup_mode(*, waitlist: bool) -> str:
    """Return SIGNUP_MODE; raises SettingError if it leads to a `waitlist` that there is not."""
    mode = env.choice("SIGNUP_MODE", ("open", "invitation", "waitlist"))
    if mode == "waitlist" and not waitlist:
        raise SettingError(
            "SIGNUP_MODE is 'waitlist', and WAITLIST_ENABLED is false; it must be true, too, or "
            "SIGNUP_MODE something else."
        )
    return mode


def site_url(environment: str) -> str:
    """Return SITE_URL without a slash at its end; raises SettingError for what is no site's."""
    here = f"http://127.0.0.1:{os.environ.get('PORT') or 8000}"
    url = required("SITE_URL", environment, otherwise=here).strip().rstrip("/")
    if not SITE.fullmatch(url):
        raise SettingError(f"SITE_URL is {url!r}; it must be like https://www.example.com.")
    return url
