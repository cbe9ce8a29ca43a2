"""What the documents promise: sizes, links, a reason for each dependency, a guide that works."""

import re

import pytest

from config.env import BASE_DIR

DOCUMENTS = [
    path
    for path in BASE_DIR.rglob("*.md")
    if not any(part.startswith(".") for part in path.relative_to(BASE_DIR).parts)
]


def requirements():
    for file in ("requirements.txt", "requirements-dev.txt"):
        for line in (BASE_DIR / file).read_text().splitlines():
            if name := re.match(r"[\w-]+(\[.+])?(?===)", line):
                yield name[0]


def reasons():
    text = (BASE_DIR / "docs/architecture.md").read_text()
    _, tables = text.split("## Why each requirement is here")
    return re.findall(r"^\| `(.+?)` \|", tables, re.M)


def test_the_readme_is_short():
    assert len((BASE_DIR / "README.md").read_text().splitlines()) <= 80


def test_each_command_is_short():
    lines = {
        path.name: path.read_text().count("\n")
        for path in (BASE_DIR / "bin").iterdir()
        if path.is_file()
    }
    assert max(lines.values()) <= 40, lines


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(BASE_DIR)))
def test_links_lead_somewhere(path):
    links = re.findall(r"\]\((?!https?:|mailto:|#)([^)#\s]+)", path.read_text())
    assert [link for link in links if not (path.parent / link).exists()] == []


def test_each_requirement_has_one_reason():
    assert sorted(reasons()) == sorted(requirements())
