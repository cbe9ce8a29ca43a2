"""What compose.yaml and compose.production.yaml promise, read without a Docker engine."""

import contextlib
import json
import os
import re
import shutil
import subprocess

import pytest
import yaml

from config.database.embedded import cluster, programs
from config.env import BASE_DIR
from config.serving import draining
from config.settings import MAILERS
from config.tests.processes import PRODUCTION, printed_by
from config.tests.servers import PASSWORD, Server, new_folder
from config.tests.test_containers import until_it_listens

pytestmark = pytest.mark.slow

COMPOSE = yaml.safe_load((BASE_DIR / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
PRODUCTION_SERVICES = yaml.safe_load((BASE_DIR / "compose.production.yaml").read_text())["services"]
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::[-?](?P<default>(?:[^{}]|\{[^{}]*\})*))?\}")


def environment_of(service, services=SERVICES, **given):
    """What compose gives it, with the variables in `${…}` as `given` or by default."""

    def value(written):
        for variable in VARIABLE.finditer(written):
            name, default = variable["name"], variable["default"]
            written = written.replace(variable[0], given.get(name) or value(default or ""))
        return written

    return {name: value(str(text)) for name, text in services[service]["environment"].items()}


@pytest.mark.parametrize("services", [SERVICES, PRODUCTION_SERVICES])
def test_published_ports_are_for_this_machine_alone(services):
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


@pytest.mark.parametrize("file", ["compose.yaml", "compose.production.yaml"])
def test_role_of_the_containers_database_is_no_superuser(file):
    compose = yaml.safe_load((BASE_DIR / file).read_text())
    assert "SUPERUSER" not in compose["configs"]["role"]["content"]
    database = compose["services"]["database"]
    assert database["environment"].get("POSTGRES_USER", "postgres") == "postgres"


@pytest.mark.parametrize("services", [SERVICES, PRODUCTION_SERVICES])
def test_what_others_wait_for_says_when_it_is_there(services):
    for service in services.values():
        for name, wait in service.get("depends_on", {}).items() if has_conditions(service) else ():
            needed = SERVICES[name] if "extends" in services[name] else services[name]
            if wait["condition"] == "service_healthy":
                assert needed["healthcheck"]["test"]


def has_conditions(service):
    return isinstance(service.get("depends_on"), dict)


def test_what_large_sites_need_starts_only_when_it_is_asked_for():
    asked = {name for name, service in SERVICES.items() if service.get("profiles") == ["scale"]}
    assert asked == {"pgbouncer", "valkey", "scaled"}
    extended = {name for name, service in PRODUCTION_SERVICES.items() if "extends" in service}
    assert extended == asked - {"scaled"}


def test_scaled_site_of_compose_reaches_pgbouncer_and_valkey():
    assert where(environment_of("scaled")) == ["pgbouncer", "6432", True, "redis://valkey:6379/0"]


def test_compose_for_production_reaches_its_database_without_a_certificate():
    given = {"DATABASE_PASSWORD": "c0ffee"}
    for service in ("release", "web", "worker"):
        found = where(PRODUCTION | environment_of(service, PRODUCTION_SERVICES, **given))
        assert found == ["database", "", False, "cache"]


def test_compose_for_production_scales_by_its_settings_and_migrates_past_the_pooler():
    given = {
        "DATABASE_PASSWORD": "c0ffee",
        "DATABASE_URL": "postgres://groundwork:c0ffee@pgbouncer:6432/groundwork",
        "DATABASE_POOLER": "transaction",
    }
    cache = {"CACHE_URL": "redis://valkey:6379/0"}
    for service in ("web", "worker"):
        found = where(PRODUCTION | cache | environment_of(service, PRODUCTION_SERVICES, **given))
        assert found == ["pgbouncer", "6432", True, cache["CACHE_URL"]]
    release = where(PRODUCTION | environment_of("release", PRODUCTION_SERVICES, **given))
    assert release == ["database", "", False, "cache"]


def where(variables):
    """The database's host and port, whether behind a pooler, and the cache, by these variables."""
    found = printed_by(
        "-c",
        "import json; from config import settings as s; d = s.DATABASES['default']; "
        "c = s.CACHES['default']['LOCATION']; "
        "print(json.dumps([d['HOST'], d['PORT'], d['DISABLE_SERVER_SIDE_CURSORS'], *[c][:1]]))",
        **variables,
    )
    *database, cache = json.loads(found)
    return [*database, cache[0] if isinstance(cache, list) else cache]


def test_compose_for_production_has_no_password_of_its_own():
    text = (BASE_DIR / "compose.production.yaml").read_text()
    assert set(re.findall(r"(?:PASSWORD:|groundwork:|PASSWORD ')\s*(\$\{[^}]*\})", text)) == {
        "${DATABASE_PASSWORD:?}",
        "${RELEASE:-latest}",
    }


@pytest.mark.parametrize(
    ("service", "seconds"),
    [("web", draining.GRACE), ("worker", MAILERS["transport"]["OPTIONS"]["timeout"])],
)
def test_compose_lets_requests_and_emails_end_before_it_kills(service, seconds):
    grace = PRODUCTION_SERVICES[service]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > seconds


def test_containers_have_one_version_of_postgresql_with_the_programs_for_it():
    images = {SERVICES["database"]["image"], PRODUCTION_SERVICES["database"]["image"]}
    assert images == {f"postgres:{programs.MAJOR}"}
    dockerfile = (BASE_DIR / "Dockerfile").read_text()
    assert f" postgresql-client-{programs.MAJOR} " in dockerfile


def test_pgbouncer_of_compose_leads_to_the_database():
    with Server() as server, bouncer_of_compose(server) as port:
        url = server.url().replace(f":{server.port}/", f":{port}/")
        variables = {"DATABASE_URL": url, "DATABASE_POOLER": "transaction"}
        out = printed_by("-c", ASK, **PRODUCTION | variables)
    assert out == "groundwork\n"


ASK = """
import config.wsgi
from django.db import connection
for _ in range(10):
    connection.cursor().execute("SELECT 1")
with connection.cursor() as cursor:
    cursor.execute("SELECT current_user")
    print(cursor.fetchone()[0])
"""


@contextlib.contextmanager
def bouncer_of_compose(server):
    """What compose's service runs, before this server; its port."""
    port, user = cluster.free_port(), programs.server_user()
    folder = new_folder("compose")
    folder.chmod(0o777)  # for the server's user
    process = subprocess.Popen(
        [part.replace("$$", "$") for part in SERVICES["pgbouncer"]["command"]],
        env={
            "PATH": f"{os.environ['PATH']}:/usr/sbin",
            "TMPDIR": str(folder),
            "PGPASSWORD": PASSWORD,
            "TO": f"host=127.0.0.1 port={server.port}",
            "LISTEN_ADDRESS": "127.0.0.1",
            "LISTEN_PORT": str(port),
        },
        user=user and user.pw_uid,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield until_it_listens(process, port)
    finally:
        process.kill()
        process.communicate()
        shutil.rmtree(folder)


def test_environment_of_compose_reaches_its_database_and_its_mail_catcher():
    found = printed_by(
        "-c",
        "import json; from config import settings as s; d = s.DATABASES['default']; "
        "m = s.MAILERS['transport']['OPTIONS']; "
        "print(json.dumps([s.ENVIRONMENT, d['USER'], d['PASSWORD'], d['HOST'], d['NAME'], "
        "m['host'], m['port'], m['use_tls']]))",
        **environment_of("web"),
    )
    database = ["groundwork", "groundwork", "database", "groundwork"]
    assert json.loads(found) == ["development", *database, "mail", 1025, False]
    assert "ROLE groundwork LOGIN CREATEDB PASSWORD 'groundwork'" in str(COMPOSE["configs"])


def test_compose_and_procfile_run_the_same_commands():
    procfile = yaml.safe_load((BASE_DIR / "Procfile").read_text())
    assert procfile["release"] == PRODUCTION_SERVICES["release"]["command"]
    assert procfile["worker"] == PRODUCTION_SERVICES["worker"]["command"]
