"""Exports of the tests' database, made once, and databases beside it to restore them into."""

import contextlib
import json
import secrets
import shutil
from typing import NamedTuple

import psycopg
from django.core.management import call_command
from django.db import connection

from accounts.models import Attempt, Mail, Session
from config import cast
from config.database.backups import dumping, files, manifest, restoring, sources
from config.database.backups.dumping import Wish
from config.database.backups.progress import Progress
from config.database.target import parameters


class Exports(NamedTuple):
    """Of one database: whole, as SQL, its rows alone, and made in `production`."""

    dump: dumping.Export
    sql: dumping.Export
    data: dumping.Export


def make(folder):
    """Export a database with the cast, two emails on their way, a session and an attempt in it."""
    people = [cast.person(name) for name in ("alice", "bob", "dora")]
    cast.acme(*people)
    for person in people[:2]:
        Mail.objects.create(sender="us", recipients=[person.email], subject="Hi", message="…")
    Session.objects.create(session_key="of-alice", user=people[0], expire_date="2100-01-01T00:00Z")
    Attempt.objects.create(key="alice", times=[], until="2100-01-01T00:00Z")
    wishes = (Wish(), Wish(is_sql=True), Wish(part="data"))
    return Exports(*(dumping.export(wish, folder, entry()) for wish in wishes))


def forget():
    """Leave the tests' database as their transactions would."""
    call_command("flush", verbosity=0, interactive=False, inhibit_post_migrate=False)
    connection.close()


def entry():
    """The entry of DATABASES of the tests' database, whatever a test has put there."""
    return connection.settings_dict


def copy(export, folder):
    """Copy an export with what is beside it, to be spoiled; return where it is now."""
    for file in export.path.parent.glob(f"{export.path.name}*"):
        shutil.copy(file, folder)
    return folder / export.path.name


def tell(path, **changes):
    """Change what is told of an export, and its checksum."""
    beside = manifest.beside(path)
    beside.write_text(json.dumps(json.loads(beside.read_text()) | changes))
    _sign(path)


def _sign(path):
    with path.open("rb") as file:
        sums = {path.name: files.checksum(file.fileno(), Progress())}
    beside = manifest.beside(path)
    sums[beside.name] = files.sum_of(beside.read_text())
    manifest.checksums_beside(path).unlink()
    files.write_checksums(manifest.checksums_beside(path), sums)


class Beside(NamedTuple):
    """A database of its own on the tests' server."""

    name: str

    @property
    def parameters(self):
        return parameters(entry()) | {"dbname": self.name}

    def connect(self):
        return psycopg.connect(**self.parameters, autocommit=True)

    def drop(self):
        with psycopg.connect(**parameters(entry()), autocommit=True) as served:
            served.execute(f"DROP DATABASE IF EXISTS {self.name} WITH (FORCE)")

    def ask(self, question):
        """The first value that a query returns."""
        with self.connect() as served:
            return served.execute(question).fetchone()[0]

    def restore(self, path, *, over=False, unverified=False):
        with self.connect() as served:
            source = sources.open_source(path, unverified=unverified)
            return restoring.restore(source, self.parameters, served, over=over)


@contextlib.contextmanager
def beside():
    """An empty database, which is dropped at the end of the block."""
    database = Beside(f"beside_{secrets.token_hex(4)}")
    with psycopg.connect(**parameters(entry()), autocommit=True) as served:
        served.execute(f"CREATE DATABASE {database.name} TEMPLATE template0")
    try:
        yield database
    finally:
        database.drop()
