"""Static files of a deployed site: whitenoise's, compressed, and named after what is in them."""

import re
from collections.abc import Iterator
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import Storage
from whitenoise import storage  # type: ignore[import-untyped]

STYLES = "css/main.css"  # of every page but the admin's
IMPORT = re.compile(r'@import "(?P<sheet>[^"]+)" layer\((?P<layer>\w+)\);')

type Files = dict[str, tuple[Storage, str]]


class StaticFilesStorage(storage.CompressedManifestStaticFilesStorage):
    """Makes the style sheets of a page one file, and works out each address once in a process.

    The first visit then waits for one style sheet instead of one that names twenty more; and a
    list of the admin shows 200 addresses.
    """

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)
        self.urls: dict[str, str] = {}

    def url(self, name: str, force: bool = False) -> str:
        if name not in self.urls:
            self.urls[name] = super().url(name, force)
        return self.urls[name]

    def post_process(self, paths: Files, dry_run: bool = False, **options: Any) -> Iterator[Any]:
        """Called by collectstatic with the files that it found, not with what was there before."""
        if STYLES in paths and not dry_run:
            self.delete(STYLES)
            self.save(STYLES, ContentFile(in_one(STYLES, paths)))
            paths = paths | {STYLES: (self, STYLES)}
        yield from super().post_process(paths, dry_run, **options)


def in_one(name: str, paths: Files) -> str:
    """Return a style sheet with what it imports in its place, each in its layer."""
    folder = name.rpartition("/")[0]

    def imported(found: re.Match[str]) -> str:
        return f"@layer {found['layer']} {{\n{_read(f'{folder}/{found["sheet"]}', paths)}}}"

    return IMPORT.sub(imported, _read(name, paths))


def _read(name: str, paths: Files) -> str:
    source, path = paths[name]
    with source.open(path) as file:
        return file.read().decode()
