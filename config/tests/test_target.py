"""Where libpq really connects to, and whether that is this machine."""

import pytest

from config.database.target import Target, is_local
from config.env import SettingError

DJANGO = ("NAME", "HOST", "PORT", "USER")


def target(**settings):
    """The target of Django's own settings, in capitals, and of libpq's."""
    options = {name: settings.pop(name) for name in [*settings] if name not in DJANGO}
    engine = {"ENGINE": "django.db.backends.postgresql", "NAME": "groundwork"}
    return Target.of(engine | settings | {"OPTIONS": options})


@pytest.fixture(autouse=True)
def bare(monkeypatch, tmp_path):
    """Nothing of the machine's own PG… variables; a service file to lead astray."""
    for name in ("PGHOST", "PGHOSTADDR", "PGPORT", "PGSERVICE", "PGDATABASE"):
        monkeypatch.delenv(name, raising=False)
    services = tmp_path / "services"
    services.write_text(
        "[far]\nhost=db.example.com\nport=6000\ndbname=sold\n\n[near]\nhost=127.0.0.1\n"
    )
    monkeypatch.setenv("PGSERVICEFILE", str(services))


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.8.8.8", "127.1", "2130706433", "::1", "::ffff:127.0.0.1", "localhost"),
        *("/var/run/postgresql", "/tmp", "@abstract", ""),
    ],
)
def test_loopback_addresses_and_sockets_are_local(host):
    assert is_local(host)
    assert target(HOST=host).is_local


@pytest.mark.parametrize(
    "host",
    [
        *("10.0.0.1", "192.168.1.1", "0.0.0.0", "::", "::ffff:10.0.0.1", "fe80::1%lo", "8.8.8.8"),
        *("127.0.0.1.evil.invalid", "localhost.example.invalid", "mylocalhost", "localhost ", " "),
        *("x/var/run/postgresql", "127.0.0.1 ", "127.0.0.256", "ｌocalhost", "[::1]"),
    ],
)
def test_what_only_looks_local_is_not(host):
    assert not is_local(host)
    assert not target(HOST=host).is_local


def test_a_name_that_leads_to_this_machine_and_another_is_not_local(monkeypatch):
    found = [(2, 1, 6, "", ("127.0.0.1", 0)), (2, 1, 6, "", ("10.0.0.1", 0))]
    monkeypatch.setattr("socket.getaddrinfo", lambda *_: found)
    assert not is_local("localhost")
    del found[1]
    assert is_local("localhost")


def test_a_user_or_a_database_by_the_name_of_localhost_says_nothing():
    assert not target(HOST="10.0.0.1", USER="localhost", NAME="127.0.0.1").is_local


@pytest.mark.parametrize(
    ("settings", "where"),
    [
        ({"HOST": "localhost", "hostaddr": "10.0.0.1"}, "10.0.0.1:5432"),
        ({"host": "10.0.0.1"}, "10.0.0.1:5432"),
        ({"HOST": "localhost,10.0.0.1"}, "localhost:5432, 10.0.0.1:5432"),
        ({"HOST": ",10.0.0.1", "PORT": "5000,5001"}, "the local socket, port 5000, 10.0.0.1:5001"),
        ({"HOST": "a,b", "hostaddr": "127.0.0.1,10.0.0.1"}, "127.0.0.1:5432, 10.0.0.1:5432"),
        (
            {"HOST": "localhost,b.invalid", "hostaddr": "127.0.0.1,"},
            "127.0.0.1:5432, b.invalid:5432",
        ),
        ({"service": "far"}, "db.example.com:6000"),
        ({"HOST": "::1,2001:db8::1"}, "[::1]:5432, [2001:db8::1]:5432"),
    ],
)
def test_what_really_leads_elsewhere_is_said_and_not_local(settings, where):
    there = target(**settings)
    assert there.where == where
    assert not there.is_local


@pytest.mark.parametrize(
    "variables",
    [
        {"PGHOST": "10.0.0.1"},
        {"PGHOSTADDR": "10.0.0.1"},
        {"PGSERVICE": "far"},
    ],
)
def test_what_the_settings_leave_open_comes_from_libpqs_own_variables(monkeypatch, variables):
    assert target().is_local
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert not target().is_local


def test_an_address_in_the_environment_beats_a_host_in_the_settings(monkeypatch):
    monkeypatch.setenv("PGHOSTADDR", "10.0.0.1")
    assert target(HOST="localhost").host == "10.0.0.1"


def test_a_service_gives_what_the_settings_do_not():
    assert str(target(service="far")) == "test: database groundwork on db.example.com:6000"
    assert target(service="far", NAME="").name == "sold"
    assert target(service="far", HOST="127.0.0.1").is_local
    assert target(service="near").is_local


def test_nothing_connects_to_find_out(monkeypatch):
    monkeypatch.setattr("socket.getaddrinfo", None)
    assert target(HOST="192.0.2.1", connect_timeout=1).host == "192.0.2.1"


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"service": "unknown"}, 'definition of service "unknown" not found'),
        ({"HOST": "a,b,c", "PORT": "1,2"}, "could not match 2 port numbers to 3 hosts"),
        ({"HOST": "a", "hostaddr": "127.0.0.1,127.0.0.2"}, "could not match 1 host names to 2"),
    ],
)
def test_what_libpq_cannot_make_sense_of_is_one_sentence(settings, said):
    with pytest.raises(SettingError, match=f"^DATABASE_URL makes no sense to PostgreSQL: {said}"):
        target(**settings)


def test_the_password_is_not_said():
    assert "secret" not in str(target(HOST="localhost", password="secret"))
