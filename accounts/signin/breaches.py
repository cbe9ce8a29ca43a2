"""Whether a password is known from a data breach: asked of Have I Been Pwned by 'range query'.

The service is told the first 5 of the 40 digits of the password's SHA-1 and answers with every
password it knows under them (https://haveibeenpwned.com/API/v3#PwnedPasswords). Padding keeps the
length of the answer from telling which; padded rows have the count 0.
"""

import hashlib
import logging
import time
from concurrent.futures import Future
from http.client import HTTPException
from threading import Thread
from urllib.request import Request, urlopen

from django.conf import settings

SECONDS = 1  # for all of it: finding the address, connecting, each byte
MAX_BYTES = 1_000_000  # an answer has about 40,000

logger = logging.getLogger(__name__)


def is_breached(password: str) -> bool:
    """Whether the service at PWNED_PASSWORDS_URL knows the password.

    Without a good answer within SECONDS it is False, so that an outage there closes nothing here.
    """
    digest = (
        hashlib.sha1(password.encode(errors="surrogatepass"), usedforsecurity=False)
        .hexdigest()
        .upper()
    )
    answer: Future[str] = Future()
    # Only a thread can be left behind when the system looks up a name and does not come back.
    Thread(target=_ask, args=(digest[:5], answer), daemon=True).start()
    try:
        return _count(digest[5:], answer.result(SECONDS)) > 0
    except (OSError, HTTPException, ValueError) as error:
        # Its message could hold the five digits.
        logger.warning("The list of breached passwords gave no answer: %s", type(error).__name__)
        return False


def _ask(prefix: str, answer: Future[str]) -> None:
    try:
        answer.set_result(_read(prefix))
    except (OSError, HTTPException, ValueError) as error:
        answer.set_exception(error)


def _read(prefix: str) -> str:
    """Return the rows for the prefix; raises TimeoutError if they come too slowly."""
    end = time.monotonic() + SECONDS
    request = Request(  # noqa: S310  # the operator's own setting
        settings.PWNED_PASSWORDS_URL + prefix,
        headers={"Add-Padding": "true", "User-Agent": settings.SITE_NAME},
    )
    body = b""
    with urlopen(request, timeout=SECONDS) as response:  # noqa: S310
        while part := response.read1(MAX_BYTES):
            body += part
            if time.monotonic() > end or len(body) > MAX_BYTES:
                raise TimeoutError
    return body.decode("ascii")


def _count(suffix: str, rows: str) -> int:
    """Return how often the password was found; raises ValueError for what is no list of counts."""
    return dict(_row(line) for line in rows.split()).get(suffix, 0)


def _row(line: str) -> tuple[str, int]:
    suffix, count = line.split(":")
    return suffix, int(count)
