"""manage.py db export: files that are whole, nobody else's to read, and tell what they hold."""

import fcntl
import os
import re
import resource
import signal
import stat
import subprocess
from datetime import datetime
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from accounts.events import Event
from accounts.models import Session, User
from accounts.verbs import Verb
from config.database import clients
from config.database.backups import dumping, exports, files
from config.database.backups.manifest import Manifest
from config.database.target import Target, parameters
from config.tests.at_once import at_once
from config.tests.exported import entry

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "backups"


@pytest.fixture
def export(folder):
    """What one types, into that folder; returns the lines that were said."""

    def run(*flags):
        said = StringIO()
        call_command("db", "export", "--folder", str(folder), *flags, stdout=said, stderr=said)
        return said.getvalue().splitlines()

    return run


@pytest.fixture
def meanwhile(monkeypatch, tmp_path):
    """Have something happen once pg_dump is started, given its process, which waits for it."""
    find, program = clients.find, tmp_path / "pg_dump"

    def stopped(name, connection):
        program.write_text(f'#!/bin/sh\nkill -STOP $$\nexec {find(name, connection)} "$@"\n')
        program.chmod(0o755)
        return program

    def happens(work):
        def and_work(run, _seconds):
            monkeypatch.undo()
            os.waitid(os.P_PID, run.process.pid, os.WSTOPPED | os.WNOWAIT)
            try:
                work(run.process)
            finally:
                run.process.send_signal(signal.SIGCONT)
            return True

        monkeypatch.setattr(clients, "find", stopped)
        monkeypatch.setattr(clients.Run, "still_going", and_work)

    return happens


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def modes(folder):
    return {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}


def test_export_is_a_file_with_its_checksum_and_what_it_holds(export, folder, alice):
    *_, last = export()
    dump, told, sums = sorted(folder.iterdir())
    assert dump.read_bytes().startswith(b"PGDMP")
    assert Manifest.read(told).rows["public.accounts_user"] == 1
    assert last.startswith(f"{dump}: ")
    subprocess.run(["sha256sum", "--check", sums.name], cwd=folder, check=True)


def test_nobody_else_may_read_it_from_the_first_byte_whatever_the_umask(export, folder, meanwhile):
    seen = []
    meanwhile(lambda process: seen.append((names(folder), modes(folder))))
    before = os.umask(0)
    try:
        export()
    finally:
        os.umask(before)
    ((part,), while_it_ran), *_ = seen
    assert part.endswith(".dump.part")
    assert while_it_ran == modes(folder) == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_the_password_is_on_no_command_line_and_in_no_environment_that_others_read(
    export, meanwhile
):
    seen = {}

    def look(process):
        proc = Path(f"/proc/{process.pid}")
        seen["command"] = (proc / "cmdline").read_bytes()
        seen["mode"] = stat.S_IMODE((proc / "environ").stat().st_mode)
        seen["environment"] = (proc / "environ").read_bytes()

    meanwhile(look)
    export()
    password = str(entry()["PASSWORD"]).encode()
    assert password not in seen["command"]
    assert b"--format=custom" in seen["command"]
    assert seen["mode"] & 0o077 == 0
    assert b"PGPASSWORD=" + password in seen["environment"]
    assert b"SECRET" not in seen["environment"]


@pytest.mark.parametrize("flags", [["--sql"], ["--sql", "--everything"]])
def test_a_whole_export_is_in_the_audit_trail_and_says_how_to_try_it(export, folder, flags):
    said = export(*flags)
    event = Event.objects.get(verb=Verb.DATABASE_EXPORTED)
    assert event.data["file"] in names(folder)
    assert event.data["bytes"] == (folder / event.data["file"]).stat().st_size
    assert exports.latest() == datetime.fromisoformat(event.data["taken"]) < event.created
    assert any(line.endswith(f"restore --drill {folder / event.data['file']}") for line in said)


@pytest.mark.parametrize("flags", [["--schema-only"], ["--data-only"], ["--table", "cache"]])
def test_a_part_counts_not_as_an_export_of_the_database(export, folder, flags):
    assert "--drill" not in "\n".join(export(*flags))
    assert len(names(folder)) == 3
    assert exports.latest() is None


@pytest.mark.parametrize(
    ("flags", "made", "filled"),
    [
        (["--schema-only"], {"accounts_user", "waitlist_entry"}, set()),
        (["--data-only"], set(), {"accounts_user", "waitlist_entry"}),
        (["--table", "waitlist_entry"], {"waitlist_entry"}, {"waitlist_entry"}),
    ],
)
def test_a_part_is_the_one_that_was_asked_for(export, flags, made, filled):
    *_, last = export("--sql", *flags)
    written = Path(last.partition(": ")[0]).read_text()
    some = r"public\.(accounts_user|waitlist_entry) "
    assert {*re.findall(rf"^CREATE TABLE {some}", written, re.M)} == made
    assert {*re.findall(rf"^COPY {some}", written, re.M)} == filled


def test_a_table_that_there_is_not_is_told_beside_those_there_are(export, folder):
    with pytest.raises(CommandError, match=r"no table nope\. .*public\.accounts_user"):
        export("--table", "nope")
    assert names(folder) == []


def test_ended_sessions_do_not_come_back_unless_everything_is_wanted(export, folder, alice):
    Session.objects.create(session_key="of-alice", user=alice, expire_date="2100-01-01T00:00Z")
    said = "\n".join(export("--sql"))
    assert "Without the rows of public.accounts_attempt, public.accounts_session" in said
    export("--sql", "--everything", "--table", "accounts_session")
    whole, sessions = sorted(folder.glob("*.sql"), key=lambda path: "table" in path.name)
    assert "of-alice" not in whole.read_text()
    assert "of-alice" in sessions.read_text()


def test_rows_are_counted_in_the_moment_that_is_exported(export, folder, alice, monkeypatch):
    find = clients.find

    def and_somebody_signs_up(*args):
        with psycopg.connect(**parameters(entry()), autocommit=True) as served:
            served.execute("UPDATE accounts_user SET name = 'Renamed'")
            served.execute("INSERT INTO cache VALUES ('came later', '', now())")
        return find(*args)

    monkeypatch.setattr(clients, "find", and_somebody_signs_up)
    export("--sql", "--everything")
    (file,) = folder.glob("*.sql")
    assert User.objects.get().name == "Renamed"
    assert "Renamed" not in file.read_text()
    assert "came later" not in file.read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_stops_it_finds_nothing_left(export, folder, meanwhile, number):
    meanwhile(lambda process: os.kill(os.getpid(), number))
    with pytest.raises(CommandError, match=r"^Stopped; no file was left behind\.$"):
        export()
    assert names(folder) == []
    assert exports.latest() is None


def test_a_pg_dump_that_is_killed_leaves_nothing(export, folder, meanwhile):
    meanwhile(lambda process: process.kill())
    with pytest.raises(CommandError, match=r"^pg_dump could not go on: SIGKILL ended it\.$"):
        export()
    assert names(folder) == []


def test_a_connection_that_is_lost_leaves_nothing(export, folder, meanwhile):
    def end_all(process):
        with psycopg.connect(**parameters(entry())) as served:
            served.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )

    meanwhile(end_all)
    with pytest.raises(CommandError, match=r"^(pg_dump|PostgreSQL) could not (go on|do that): "):
        export()
    assert names(folder) == []
    connection.close()


def test_a_full_disk_leaves_nothing(export, folder):
    folder.mkdir()
    mounted = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]
    if subprocess.run(mounted, capture_output=True, check=False).returncode:
        pytest.skip("Only root can mount a small disk; a limit on files' sizes is tested as well.")
    try:
        with pytest.raises(CommandError, match="No space left on device"):
            export()
        assert names(folder) == []
    finally:
        subprocess.run(["umount", folder], check=True)


def test_a_limit_on_the_size_of_files_leaves_nothing(export, folder):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, before[1]))
    try:
        with pytest.raises(CommandError, match=r"SIGXFSZ ended it|File too large"):
            export()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert names(folder) == []


@pytest.mark.parametrize("step", range(6))
def test_a_disk_that_is_full_at_the_end_leaves_nothing(export, folder, monkeypatch, step):
    """Whichever of the three files it is, and also when the last has its name already."""
    synced = []

    def refuse(descriptor):
        synced.append(descriptor)
        if len(synced) > step:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(CommandError, match=r"cannot be written: No space left on device\.$"):
        export("--schema-only")
    assert names(folder) == []
    monkeypatch.undo()
    assert len(synced) == step + 1


def test_a_folder_that_cannot_be_made_is_a_sentence(export, folder):
    folder.write_text("a file")
    with pytest.raises(CommandError, match=r"backups cannot be written: File exists\.$"):
        export()


def test_what_a_killed_export_left_goes_with_the_next_and_what_another_writes_stays(export, folder):
    folder.mkdir()
    begun = "groundwork-production-20260102T030405.000006Z"
    killed, busy = folder / f"{begun}-schema.sql.json.part", folder / f"{begun}.dump.part"
    killed.write_text("half")
    download = folder / "holiday.mp4.part"  # of a browser
    download.write_text("half")
    with busy.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        export("--schema-only")
    assert busy.exists()
    assert download.exists()
    assert not killed.exists()


def test_exports_of_the_same_moment_do_not_disturb_each_other(folder, alice):
    wish = dumping.Wish(part="schema")
    made = at_once(*[lambda: dumping.export(wish, folder, entry())] * 4)
    assert len({one.path for one in made}) == 4
    assert len(names(folder)) == 4 * 3


def test_a_file_that_is_taken_for_a_leftover_before_it_is_locked_is_made_anew(
    tmp_path, monkeypatch
):
    lock = fcntl.flock

    def late(descriptor, kind):
        monkeypatch.undo()
        (tmp_path / "x.dump.part").unlink()
        lock(descriptor, kind)

    monkeypatch.setattr(fcntl, "flock", late)
    with files.whole(tmp_path / "x.dump") as part:
        assert os.path.samestat(os.fstat(part.descriptor), part.path.stat())


def test_behind_a_pooler_an_address_of_the_database_itself_is_needed(export, folder, settings):
    settings.DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = True
    try:
        with pytest.raises(CommandError, match="set DATABASE_DIRECT_URL to an address of the data"):
            export()
        settings.DATABASE_DIRECT = {**entry(), "DISABLE_SERVER_SIDE_CURSORS": False}
        assert f"directly, {Target.of(settings.DATABASE_DIRECT)}" in export()
    finally:
        settings.DATABASES["default"]["DISABLE_SERVER_SIDE_CURSORS"] = False
    assert len(names(folder)) == 3
