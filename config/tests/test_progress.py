"""How far an export or a restore has got: for whoever watches a terminal, and nobody else."""

import sys
from types import SimpleNamespace

import pytest

from config.database.backups import progress


@pytest.fixture
def told(monkeypatch, capsys):
    """Return a function that says what is seen of 4 MB after one second, 8 MB at once after it."""

    def told(*, watched):
        clock = SimpleNamespace(monotonic=iter([0.0, 1.0, 1.1]).__next__)
        monkeypatch.setattr(progress, "time", clock)  # of this module: threads have the real one
        monkeypatch.setattr(sys.stderr, "isatty", lambda: watched)
        seen = progress.Progress()
        seen.reached(4 * 2**20, 9 * 2**20)
        seen.reached(8 * 2**20, 9 * 2**20)
        seen.over()
        return capsys.readouterr().err

    return told


def test_at_a_terminal_size_and_speed_are_told_now_and_then(told):
    assert told(watched=True) == "\r\x1b[K4.0 MB of 9.0 MB, 4.0 MB/s\r\x1b[K"


def test_in_a_log_there_is_nothing_of_it(told):
    assert told(watched=False) == ""
