"""What .env files may say, and what is said about one that says something else."""

import os

import pytest

from config.env_files import SettingError, read


def value(folder, line):
    (folder / ".env").write_text(f"NAME{line}\n")
    return read(folder, [".env"])["NAME"].value


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("=plain", "plain"),
        ("=", ""),
        ("=  around  ", "around"),
        (" = around", "around"),
        ("=two words", "two words"),
        ("=a # comment", "a"),
        ("=a\t# comment", "a"),
        ("= # comment", ""),
        ("=a#b", "a#b"),
        ("=#a", "#a"),
        ("='a # b'", "a # b"),
        ("='a # b' # comment", "a # b"),
        ('="a # b"', "a # b"),
        ("='$a \\n \"b\"'", '$a \\n "b"'),
        (r'="a\nb \"c\" \\ \$d"', 'a\nb "c" \\ \\$d'),
        ("=''", ""),
        ('="  kept  "', "  kept  "),
        ("=$ecret", "$ecret"),
        ("=a=b==", "a=b=="),
        ('=a "b" c', 'a "b" c'),
        ("=Grün ☘", "Grün ☘"),
    ],
)
def test_a_value_is_what_is_written(tmp_path, line, expected):
    assert value(tmp_path, line) == expected


@pytest.mark.parametrize("line", ["='a", '="a', "='a' b", '="a" b', "='a''b'", '="a\\"', '="a"#b'])
def test_a_quote_that_does_not_end_is_named(tmp_path, line):
    with pytest.raises(SettingError, match=r"^\.env, line 1, has a quote that does not end"):
        value(tmp_path, line)


@pytest.mark.parametrize(
    "line", ["SECRET", "SECRET: x", "=x", "1SECRET=x", "SEC-RET=x", "SEC RET=x", "SECRET=\0", "É=x"]
)
def test_any_other_line_is_named_but_not_repeated(tmp_path, line):
    (tmp_path / ".env").write_text(f"# a comment\n\n  OTHER=1\n{line}")
    with pytest.raises(SettingError) as said:
        read(tmp_path, [".env"])
    assert str(said.value) == ".env, line 4, is not like NAME=value."


@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("begins", ["", "\ufeff"])
def test_files_of_other_systems_and_of_shells_are_read(tmp_path, ends, begins):
    lines = [f"{begins}export A=1", "export\tB='2'", "  C=3  ", " # D=4", "exporter=5"]
    (tmp_path / ".env").write_bytes(ends.join(lines).encode())
    entries = read(tmp_path, [".env"])
    said = {name: (entry.value, entry.line) for name, entry in entries.items()}
    assert said == {"A": ("1", 1), "B": ("2", 2), "C": ("3", 3), "exporter": ("5", 5)}


def test_a_name_twice_in_one_file_is_named(tmp_path):
    (tmp_path / ".env").write_text("A=1\nB=2\nexport A=1\n")
    with pytest.raises(SettingError, match=r"^\.env, line 3, sets A, and line 1 did already\.$"):
        read(tmp_path, [".env"])


def test_of_two_files_the_first_wins(tmp_path):
    (tmp_path / ".env.local").write_text("A=local\n")
    (tmp_path / ".env").write_text("A=shared\nB=shared\n")
    entries = read(tmp_path, [".env.staging.local", ".env.local", ".env"])
    assert {name: tuple(entry) for name, entry in entries.items()} == {
        "A": ("local", ".env.local", 1),
        "B": ("shared", ".env", 2),
    }


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / ".env").write_text("A=1\n", encoding="utf-16")
    with pytest.raises(SettingError, match=r"^\.env is no text in UTF-8"):
        read(tmp_path, [".env"])


def test_a_folder_in_the_place_of_a_file_is_named(tmp_path):
    (tmp_path / ".env").mkdir()
    with pytest.raises(SettingError, match=r"^\.env cannot be read: Is a directory\.$"):
        read(tmp_path, [".env"])


def test_a_file_that_may_not_be_read_is_named(tmp_path, monkeypatch):
    """Also root is refused here, who may read anything."""
    (tmp_path / ".env").touch()
    refused = PermissionError(13, os.strerror(13))
    monkeypatch.setattr("pathlib.Path.read_text", lambda *_, **__: (_ for _ in ()).throw(refused))
    with pytest.raises(SettingError, match=r"^\.env cannot be read: Permission denied\.$"):
        read(tmp_path, [".env"])


def test_a_link_that_leads_nowhere_is_named(tmp_path):
    (tmp_path / ".env").symlink_to("elsewhere")
    with pytest.raises(SettingError, match=r"^\.env is a link to a file that is not there\.$"):
        read(tmp_path, [".env"])
