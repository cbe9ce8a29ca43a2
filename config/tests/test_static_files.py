"""The static files of a deployed site."""

import re
import shutil

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage

from config.serving.static_files import IMPORT, STYLES, StaticFilesStorage

CSS = settings.BASE_DIR / "static" / "css"
SHEETS = IMPORT.findall((CSS / "main.css").read_text())


@pytest.fixture
def source(tmp_path):
    """The static files as somebody has them while they work."""
    shutil.copytree(CSS, tmp_path / "source" / "css")
    return tmp_path / "source"


@pytest.fixture
def collect(source, tmp_path):
    """Collects what has changed, as collectstatic does; returns the style sheet of a page."""

    copied = {}

    def collect():
        deployed = StaticFilesStorage(tmp_path / "deployed", "/static/")
        found = {str(path.relative_to(source)): path.read_text() for path in source.rglob("*.css")}
        for name in [name for name, text in found.items() if copied.get(name) != text]:
            deployed.delete(name)
            deployed.save(name, ContentFile(found[name]))
        copied.update(found)
        files = {name: (FileSystemStorage(source), name) for name in found}
        assert not [done for done in deployed.post_process(files) if isinstance(done[2], Exception)]
        return deployed.open(deployed.stored_name(STYLES)).read().decode()

    return collect


def test_a_page_waits_for_one_style_sheet_with_all_of_them_in_their_layers(collect):
    style = collect()
    assert "@import" not in style
    layers = re.findall(r"^@layer (\w+) \{\n(.*?)\n\}(?=\n@layer|\n*\Z)", style, re.M | re.S)
    assert [layer for layer, _ in layers] == [layer for _, layer in SHEETS]
    for (name, _), (_, text) in zip(SHEETS, layers, strict=True):
        assert text == (CSS / name).read_text().rstrip("\n")


def test_a_style_sheet_that_changed_is_in_the_next_release(collect, source):
    before = collect()
    (source / "css" / "tokens.css").write_text(":root { --canvas: #123456 }\n")
    assert "#123456" not in before
    assert "#123456" in collect()
