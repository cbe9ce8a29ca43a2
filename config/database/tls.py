"""Whether the way to the database is encrypted, and whom it may lead to.

`sslmode=require` encrypts for whoever answers, and `prefer` not even that, if who answers would
rather not. So a host elsewhere has to prove its name by a certificate, unless it is named as one of
a private network; a URL that says less is refused instead of obeyed or ignored.
"""

import ssl
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from config.database.target import in_use, is_loopback
from config.env import SettingError

# Where systems keep the authorities they trust, should Python have been built for another place.
BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Alpine
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora
    "/etc/ssl/cert.pem",  # macOS
)


class Demands(NamedTuple):
    """What a host that is not local has to prove.

    `authorities` is a file of certificates, '' for the system's; `private` are hosts of which
    nothing is asked.
    """

    authorities: str = ""
    private: Sequence[str] = ()

    def of(self, given: dict[str, Any]) -> dict[str, str]:
        """Return what has to be added to these parameters of libpq.

        Raises SettingError if they ask for less, and if the file of authorities is not there.
        """
        asked = in_use(given)
        far = [host for host in _hosts(asked) if not _is_local(host) and host not in self.private]
        if not far:
            return {}
        # 'prefer' is also what libpq goes by where nobody has said anything.
        unsaid = "prefer" if "sslmode" not in given else ""
        if asked["sslmode"] not in (unsaid, "verify-full"):
            raise SettingError(
                f"DATABASE_URL, PGSSLMODE or a service file says sslmode={asked['sslmode']}, which "
                f"does not prove that it is {far[0]} who answers: take it out, and set DATABASE_CA "
                "to the authority that signed the server's certificate, if the system does not "
                "know it. Only a host of a private network may go without: name it in "
                "DATABASE_PRIVATE_HOSTS."
            )
        authorities = self.authorities or asked.get("sslrootcert", "system")
        if self.authorities and not Path(authorities).is_file():
            raise SettingError(f"DATABASE_CA is {authorities!r}; it must be a file that is there.")
        return {
            "sslmode": "verify-full",
            "sslrootcert": _bundle() if authorities == "system" else authorities,
            "gssencmode": "disable",  # it would come first, and take the place of TLS
        }


def _hosts(asked: dict[str, str]) -> list[str]:
    """Names and addresses alike: where both are given, the name is what a certificate proves."""
    parts = (asked.get(key, "").split(",") for key in ("host", "hostaddr"))
    return [host for part in parts for host in part if host]


def _is_local(host: str) -> bool:
    """Whether it is a socket or this machine, without asking anybody what a name stands for."""
    if host[0] in "/@" or host == "localhost":
        return True
    try:
        return is_loopback(host)
    except ValueError:
        return False


def _bundle() -> str:
    """The file of the system's authorities.

    libpq's own sslrootcert=system would have psycopg's wheel look into a folder that no system has.
    """
    found = ssl.get_default_verify_paths().cafile  # also by SSL_CERT_FILE
    files = (file for file in (found, *BUNDLES) if file and Path(file).is_file())
    return next(files, "system")
