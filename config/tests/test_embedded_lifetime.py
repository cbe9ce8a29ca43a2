"""Who starts a clone's embedded PostgreSQL, who keeps it and who stops it."""

import contextlib
import os
import signal
import subprocess

import psycopg
import pytest

from config.tests.clone import AS_ROOT, Process, wait_until

pytestmark = pytest.mark.slow

USE = "report(embedded.start('test'))"


def test_settings_start_nothing(make_clone):
    clone = make_clone()
    settings = clone.run("report(embedded.settings('test'))")
    assert clone.run("report(embedded.settings('test'))") == settings
    assert settings["PORT"] == clone.settings()["port"]
    assert not clone.data().exists()


def test_port_stays_the_same(clone):
    assert clone.run(USE) == clone.run(USE) == clone.settings()["port"]


def test_last_user_stops_the_server(clone):
    with clone.user():
        with clone.user():
            first = clone.pid()
        assert clone.ask("SELECT 1") == 1
        assert clone.pid() == first
    assert clone.is_stopped()


def test_server_outlives_a_killed_user_for_the_others(clone):
    with clone.user():
        with clone.user() as killed:
            killed.process.kill()
        assert clone.ask("SELECT 1") == 1
    assert clone.is_stopped()


def test_server_of_a_killed_user_serves_the_next_who_stops_it(clone):
    with clone.user() as killed:
        killed.process.kill()
    left = clone.pid()
    with clone.user():
        assert clone.pid() == left
    assert clone.is_stopped()


def test_ctrl_c_in_a_terminal_ends_only_what_runs_there(clone):
    with clone.user(begin="os.setsid()") as interrupted:
        with clone.user():
            os.killpg(interrupted.process.pid, signal.SIGINT)
            interrupted.process.join()
            assert clone.ask("SELECT 1") == 1
        assert clone.is_stopped()


def test_ctrl_c_of_the_last_user_stops_the_server(clone):
    with clone.user(begin="os.setsid()") as interrupted:
        os.killpg(interrupted.process.pid, signal.SIGINT)
    assert clone.is_stopped()


def test_killed_server_starts_again_with_its_rows(clone):
    with clone.user():
        with clone.connect() as connection:
            connection.execute("SET synchronous_commit = on")
            connection.execute("CREATE TABLE kept AS SELECT 7 AS id")
            os.kill(clone.pid(), signal.SIGKILL)
            assert wait_until(lambda: is_lost(connection))
        with clone.user():
            assert clone.ask("SELECT id FROM kept") == 7
    assert clone.is_stopped()


def is_lost(connection):
    with contextlib.suppress(psycopg.OperationalError):
        connection.execute("SELECT 1")
    return connection.closed


@contextlib.contextmanager
def unrelated_process():
    """A process of the user who runs the servers."""
    user = {"user": "nobody", "extra_groups": []} if AS_ROOT else {}
    process = subprocess.Popen(["sleep", "60"], cwd="/", **user)
    yield process
    process.kill()
    process.wait()


def test_stale_pid_file_is_no_hindrance_even_if_its_number_is_in_use(clone):
    with clone.user():
        _pid, *rest = clone.pid_file()
    with unrelated_process() as process:
        stale = clone.data() / "postmaster.pid"
        stale.write_text("\n".join([str(process.pid), *rest]))
        with clone.user():
            assert clone.ask("SELECT 1") == 1
            assert clone.pid() != process.pid
        assert process.poll() is None
    assert clone.is_stopped()


def test_pid_file_of_another_server_is_not_taken_for_its_own(clone):
    with clone.user("development"):
        (clone.data("test") / "postmaster.pid").write_text("\n".join(clone.pid_file("development")))
        with clone.user("test"):
            assert clone.pid("test") != clone.pid("development")


def test_a_start_waits_for_a_server_that_is_shutting_down(clone):
    with clone.user():
        with clone.connect():
            before = clone.pid()
            os.kill(before, signal.SIGTERM)  # waits for its clients
            process = Process(clone, USE + "; wait()")
            assert not process.answers.poll(0.3)
        assert process.answer() == clone.settings()["port"]
        assert clone.pid() != before
        process.end()
    assert clone.is_stopped()


def test_four_processes_start_one_server_on_an_empty_folder(make_clone):
    clone = make_clone()
    processes = [Process(clone, USE + "; wait()") for _ in range(4)]
    assert {process.answer() for process in processes} == {clone.settings()["port"]}
    assert clone.ask("SELECT 1") == 1
    for process in processes:
        process.end()
    assert clone.is_stopped()


def test_four_threads_start_one_server(clone):
    assert clone.run("report(start_in_threads(4))") == [clone.settings()["port"]] * 4
    assert clone.is_stopped()


def test_a_start_waits_for_a_stop_that_is_under_way(clone):
    slow_stop = """
stop = cluster.stop
def slowly(data):
    report("stopping")
    time.sleep(0.3)
    stop(data)
cluster.stop = slowly
"""
    last = Process(clone, slow_stop + USE)
    assert [last.answer(), last.answer()] == [clone.settings()["port"], "stopping"]
    with clone.user():
        assert clone.ask("SELECT 1") == 1
    last.end()
    assert clone.is_stopped()


def test_end_of_a_forked_process_leaves_the_server_to_its_parent(clone):
    process = Process(
        clone,
        """
embedded.start("test")
if child := os.fork():
    os.waitpid(child, 0)
    report("the child is gone")
    wait()
""",
    )
    assert process.answer() == "the child is gone"
    assert clone.ask("SELECT 1") == 1
    process.end()
    assert clone.is_stopped()


def test_forked_process_keeps_the_server_that_its_parent_started(clone):
    process = Process(clone, "embedded.start('test')\nif not os.fork(): wait()")
    process.process.join()
    assert clone.ask("SELECT 1") == 1
    process.end()
    assert wait_until(clone.is_stopped)


def test_process_forked_during_a_start_keeps_nobody_waiting(clone):
    process = Process(
        clone,
        """
with folders.locked(embedded.FOLDER / "test"):
    if not os.fork():
        wait()
        os._exit(0)
report(embedded.start("test"))
""",
    )
    assert process.answers.poll(60)
    process.end()
    assert wait_until(clone.is_stopped)


def test_first_start_that_was_killed_leaves_nothing_half_done(make_clone):
    clone = make_clone()
    killed = Process(clone, USE)
    beside = clone.folder_of_root if AS_ROOT else clone.folder / ".postgres" / "test"
    assert wait_until(lambda: any(beside.glob("data*.unfinished-*/PG_VERSION")))
    killed.process.kill()
    killed.end()
    assert not clone.data().exists()
    assert clone.run(USE) == clone.settings()["port"]
    assert clone.is_stopped()
