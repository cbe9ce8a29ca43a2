"""bin/dev, bin/test and bin/ci in a clone whose Pythons are imitations: nothing is installed."""

import shlex
import shutil
import subprocess
import sys

import pytest

from config.env import BASE_DIR

pytestmark = pytest.mark.slow

TOOLS = ["bash", "cat", "cmp", "cp", "cut", "dirname", "env", "getconf", "grep", "mkdir", "mktemp"]
TOOLS += ["rm", "sed", "sleep", "sort", "tail", "tee"]

# It says that it is Python 3.<minor> if a real one says that it will do, makes a .venv with itself
# in it, notes each installation, and says what else it is asked to run. A test fails in each run of
# all with the status that the file `busy` has.
PYTHON = """#!/bin/bash
case "$*" in
  *_base_executable*) [ -z "$({python} "$@")" ] || echo {minor} 0 "$0" ;;
  "-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python && echo "$0" >>made ;;
  "-m pip install "*) sleep 0.1; echo pip >>installations; [ ! -e broken ] || exit 1 ;;
  *flock*) exec {python} "$@" ;;
  "-c "*) ;;
  *pytest*)
    echo "CI=${{CI-}} $*" >>tested
    if [ -e busy ] && [[ "$*" != *last-failed* ]]; then
      printf '%s\\n' "FAILED test_a.py::test_b - slow" "= 1 failed, 9 passed in 2 s ="
      exit "$(cat busy)"
    fi
    echo "$*"; [ ! -e broken ] || exit 1 ;;
  *"ruff check"*) [ ! -e broken ] || {{ echo "E501 too long"; exit 1; }} ;;
  *) echo "$*"; [ ! -e broken ] || exit 1 ;;
esac
"""
BROKEN_PYTHON = "#!/bin/bash\nexit 127\n"
UV = """#!/bin/bash
case "$*" in
  --version) echo uv 0.13.8 ;;
  venv*) mkdir -p .venv/bin && cp "${@:4:1}" .venv/bin/python && echo "uv $*" >>made ;;
  "pip install"*) echo uv >>installations ;;
esac
"""


class Clone:
    def __init__(self, folder):
        self.folder = folder / "Anna's clone"
        self.programs = folder / "programs"
        self.programs.mkdir()
        for tool in TOOLS:
            (self.programs / tool).symlink_to(shutil.which(tool))
        shutil.copytree(BASE_DIR / "bin", self.folder / "bin")
        for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
            shutil.copy(BASE_DIR / name, self.folder)

    def add(self, name, text):
        path = self.programs / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(0o755)
        return path

    def add_python(self, name, minor=13):
        return self.add(name, PYTHON.format(minor=minor, python=shlex.quote(sys.executable)))

    def popen(self, *command, cwd=None):
        return subprocess.Popen(
            [self.folder / command[0], *command[1:]],
            cwd=cwd or self.folder,
            env={"PATH": str(self.programs), "HOME": str(self.programs)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *command, cwd=None, status=0):
        """Run it to its end and return the lines that it printed."""
        process = self.popen(*command, cwd=cwd)
        out, err = process.communicate(timeout=60)
        assert process.returncode == status, out + err
        return (out + err).splitlines()

    def lines(self, file):
        return (self.folder / file).read_text().splitlines()


@pytest.fixture
def clone(tmp_path):
    return Clone(tmp_path)


@pytest.fixture
def ready(clone):
    """A clone in which ./bin/test has run."""
    clone.add_python("python3.13")
    clone.run("bin/test")
    return clone


def test_python_that_does_not_run_is_passed_over(clone):
    clone.add("python3.14", BROKEN_PYTHON)
    works = clone.add_python("python3.13")
    clone.run("bin/dev")
    assert clone.lines("made") == [str(works)]


def test_newest_python_is_taken_wherever_it_is(clone):
    clone.add_python("python3", minor=12)
    newest = clone.add_python(".pyenv/versions/3.14.2/bin/python3", minor=14)
    clone.add_python("python3.13", minor=13)
    clone.run("bin/dev")
    assert clone.lines("made") == [str(newest)]


def test_no_python_is_a_sentence_that_says_what_to_install(clone):
    clone.add("python3", BROKEN_PYTHON)
    [sentence] = clone.run("bin/dev", status=1)
    assert sentence.startswith("Groundwork needs Python 3.12, 3.13 or 3.14")
    assert "Install one" in sentence


def test_uv_makes_and_fills_the_venv_where_it_is_installed(clone):
    python = clone.add_python("python3.13")
    clone.add("uv", UV)
    clone.run("bin/dev")
    assert clone.lines("made") == [f"uv venv --quiet --python {python} .venv"]
    assert clone.lines("installations") == ["uv"]


def test_second_start_installs_nothing(ready):
    assert ready.run("bin/dev", "8001") == ["manage.py dev 8001"]
    assert ready.lines("installations") == ["pip"]


def test_changed_requirements_are_installed_into_the_same_venv(ready):
    with (ready.folder / "requirements.txt").open("a") as file:
        file.write("another==1.0\n")
    assert ready.run("bin/dev")[0].startswith("Installing")
    ready.run("bin/dev")
    assert ready.lines("installations") == ["pip", "pip"]
    assert len(ready.lines("made")) == 1


def test_installation_that_failed_is_said_and_done_again(clone):
    clone.add_python("python3.13")
    (clone.folder / "broken").touch()
    assert clone.run("bin/dev", status=1)[-1].startswith("The requirements could not be installed")
    (clone.folder / "broken").unlink()
    clone.run("bin/dev")
    assert clone.lines("installations") == ["pip", "pip"]
    assert len(clone.lines("made")) == 2


def test_requirements_taken_back_after_a_failure_are_installed_again(ready):
    requirements = ready.folder / "requirements.txt"
    before = requirements.read_text()
    requirements.write_text(f"{before}another==1.0\n")
    (ready.folder / "broken").touch()
    ready.run("bin/dev", status=1)
    (ready.folder / "broken").unlink()
    requirements.write_text(before)
    ready.run("bin/dev")
    assert ready.lines("installations") == ["pip", "pip", "pip"]


def test_venv_whose_python_vanished_is_made_again(ready):
    python = ready.folder / ".venv" / "bin" / "python"
    python.unlink()
    python.symlink_to("/nowhere/python3.13")
    assert ready.run("bin/dev")[0].startswith("Making .venv")
    assert ready.lines("installations") == ["pip", "pip"]


def test_two_that_start_together_install_once(clone):
    clone.add_python("python3.13")
    both = [clone.popen("bin/dev"), clone.popen("bin/test")]
    assert [process.wait(timeout=60) for process in both] == [0, 0]
    assert clone.lines("installations") == ["pip"]


def test_works_from_another_folder(ready):
    assert ready.run("bin/dev", cwd="/") == ["manage.py dev"]


@pytest.mark.parametrize("choice", [["-n", "0"], ["-n8"], ["--numprocesses=3"]])
def test_tests_run_in_parallel_as_the_caller_chose(ready, choice):
    assert ready.run("bin/test", *choice, "-x") == [" ".join(["-m pytest", *choice, "-x"])]


def test_tests_run_in_parallel_by_themselves(ready):
    [command] = ready.run("bin/test", "accounts")
    assert command in {f"-m pytest -n {workers} accounts" for workers in (2, 3, 4)}


def test_ci_says_which_step_failed_and_why_and_goes_on(ready):
    assert "E501" not in "\n".join(ready.run("bin/ci"))
    (ready.folder / "broken").touch()
    lines = ready.run("bin/ci", status=1)
    assert "FAILED" in next(line for line in lines if line.startswith("ruff check"))
    assert "    E501 too long" in lines
    assert any(line.startswith("browser tests") for line in lines)


def test_in_ci_a_missing_program_is_a_failure_and_not_skipped(ready):
    """PgBouncer and Chromium: see servers.py and browser/conftest.py."""
    (ready.folder / "tested").unlink()
    ready.run("bin/ci")
    tested = ready.lines("tested")
    assert len(tested) == 3
    assert all(line.startswith("CI=true -m pytest") for line in tested)


def test_in_ci_a_test_that_fails_beside_others_and_passes_alone_is_named(ready):
    (ready.folder / "busy").write_text("1")
    lines = ready.run("bin/ci")
    assert len([line for line in lines if "tests  " in line and " flaky " in line]) == 3
    assert "    FAILED test_a.py::test_b - slow" in lines
    assert "    failed beside others, passed alone: test_a.py::test_b - slow" in lines
    assert lines[-1] == "= 1 flaky, 9 passed in 2 s ="


@pytest.mark.parametrize(("status", "runs"), [("1", 2), ("2", 1), ("137", 1)])
def test_only_failed_tests_are_run_again_and_decide(ready, status, runs):
    """2 is the status of tests that were interrupted, 137 that of tests that were killed."""
    (ready.folder / "tested").unlink()
    for name in ("busy", "broken"):
        (ready.folder / name).write_text(status)
    ready.run("bin/_twice", "-m", "slow", status=int(status))
    again = ready.lines("tested")[1:]
    assert len(again) == runs - 1
    assert all(" -m slow -n 0 --exitfirst --last-failed --last" in line for line in again)


def test_ci_ends_with_the_closing_line_of_pytest(ready):
    assert ready.run("bin/ci")[-1].startswith("-m pytest -n")
