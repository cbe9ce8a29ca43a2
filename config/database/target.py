"""Which database a command is about to act on, and whose machine that is.

A URL alone does not tell: `?host=`, `hostaddr`, a service file, PGHOST and the like lead elsewhere,
and to several hosts. So libpq is asked what it would connect to, with all that it reads itself.
"""

import socket
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from itertools import zip_longest
from typing import Any, Self

from django.conf import settings
from django.db.utils import load_backend
from psycopg import ProgrammingError
from psycopg.conninfo import make_conninfo
from psycopg.pq import Conninfo, PGconn

from config.env import SettingError

KEYWORDS = {option.keyword.decode() for option in Conninfo.parse(b"")}
UNSET = {"NAME": "", "USER": "", "PASSWORD": "", "HOST": "", "PORT": "", "OPTIONS": {}}
# libpq reads everything before it looks at this, and then refuses to connect.
NO_SERVER = {"target_session_attrs": "of-no-server"}


@dataclass(frozen=True)
class Target:
    """What is said before anything is done, and what guards decide by.

    `host` and `port` have as many parts between commas as libpq would try hosts, `port` perhaps
    one for all. A host is a name, an address or the folder of a socket; '' is the usual socket.
    """

    environment: str
    host: str
    port: str
    name: str

    @classmethod
    def of(cls, database: dict[str, Any]) -> Self:
        """Return where the entry of DATABASES leads; raises SettingError if it leads nowhere."""
        told = in_use(parameters(database))
        addresses, names = (told.get(key, "").split(",") for key in ("hostaddr", "host"))
        hosts = [address or name for address, name in zip_longest(addresses, names, fillvalue="")]
        return cls(settings.ENVIRONMENT, ",".join(hosts), told["port"], told["dbname"])

    def __str__(self) -> str:
        return f"{self.environment}: database {self.name} on {self.where}"

    @property
    def hosts(self) -> list[str]:
        return self.host.split(",")

    @property
    def where(self) -> str:
        """The hosts with their ports, as people write them."""
        ports = self.port.split(",")
        ports *= len(self.hosts) if len(ports) == 1 else 1
        return ", ".join(map(_written, self.hosts, ports))

    @property
    def is_local(self) -> bool:
        """Whether all of the hosts are this machine."""
        return all(map(is_local, self.hosts))


def parameters(database: dict[str, Any]) -> dict[str, Any]:
    """Return what Django connects with, given the entry of DATABASES: the parameters of libpq."""
    wrapper = load_backend(database["ENGINE"]).DatabaseWrapper(
        {"TIME_ZONE": None, **UNSET, **database}, "default"
    )
    given: dict[str, Any] = wrapper.get_connection_params()
    return {name: value for name, value in given.items() if name in KEYWORDS}


def in_use(parameters: dict[str, Any]) -> dict[str, str]:
    """Return all that libpq would connect with, also from PG… variables and the service file.

    It connects to nothing. Raises SettingError in the words of libpq.
    """
    try:
        conninfo = make_conninfo(**parameters | NO_SERVER)
    except ProgrammingError as error:
        raise SettingError(f"DATABASE_URL makes no sense to PostgreSQL: {error}".strip()) from error
    connection = PGconn.connect_start(conninfo.encode())
    answer = connection.error_message.decode(errors="replace").strip()
    if NO_SERVER["target_session_attrs"] not in answer:
        raise SettingError(f"DATABASE_URL makes no sense to PostgreSQL: {answer}")
    return {
        option.keyword.decode(): option.val.decode(errors="replace")
        for option in connection.info
        if option.val is not None
    }


def is_local(host: str) -> bool:
    """Whether this is a socket, or a name or an address of the loopback interface alone.

    A name is what it resolves to: localhost.example.com may be anywhere.
    """
    if not host or host[0] in "/@":  # libpq's rule for what is a socket
        return True
    try:
        found = socket.getaddrinfo(host.encode(), None)  # bytes: as libpq, not by Python's IDNA
    except OSError:
        return False
    return all(is_loopback(str(address[0])) for *_, address in found)


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own; raises ValueError for a name."""
    parsed = ip_address(address.partition("%")[0])
    within = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return (within or parsed).is_loopback


def _written(host: str, port: str) -> str:
    if not host:
        return f"the local socket, port {port}"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
