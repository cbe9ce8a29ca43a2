"""The colors and the style sheets: what a browser would swallow without a word."""

import re

import pytest
from django.conf import settings

CSS = settings.BASE_DIR / "static" / "css"
SHEETS = sorted(CSS.rglob("*.css"))
COLOR = re.compile(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)")
COLORS = {name: values for name, *values in COLOR.findall((CSS / "tokens.css").read_text())}

# Text on its ground: 4.5 to 1; borders of controls and marks: 3 to 1 (WCAG 2.2, 1.4.3 and 1.4.11).
GROUNDS = ["canvas", "surface", "sunken"]
PAIRS = [
    *(("text", ground, 4.5) for ground in [*GROUNDS, "accent-soft", "warning-soft", "danger-soft"]),
    *(("text-muted", ground, 4.5) for ground in GROUNDS),
    *(("accent-text", ground, 4.5) for ground in [*GROUNDS, "accent-soft"]),
    *(("danger-text", ground, 4.5) for ground in [*GROUNDS, "danger-soft"]),
    *(("warning-text", ground, 4.5) for ground in [*GROUNDS, "warning-soft"]),
    *(("on-accent", ground, 4.5) for ground in ["accent", "accent-hover"]),
    *(("on-danger", ground, 4.5) for ground in ["danger", "danger-hover"]),
    *((mark, ground, 3) for mark in ["border-strong", "accent", "danger"] for ground in GROUNDS),
    ("accent", "accent-soft", 3),
    ("danger", "danger-soft", 3),
    ("warning", "warning-soft", 3),
]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_colors_stand_out_from_their_grounds(scheme):
    ratios = {(a, b): contrast(COLORS[a][scheme], COLORS[b][scheme]) for a, b, _ in PAIRS}
    assert [(a, b, ratios[a, b]) for a, b, least in PAIRS if ratios[a, b] < least] == []


def contrast(one, other):
    lighter, darker = sorted([luminance(one), luminance(other)], reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(color):
    """Return the relative luminance as WCAG 2.2 defines it."""
    channels = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_every_style_sheet_is_imported():
    imported = set(re.findall(r'@import "(.+?)"', (CSS / "main.css").read_text()))
    ours = {str(sheet.relative_to(CSS)) for sheet in SHEETS if sheet.parent.name != "admin"}
    assert imported == ours - {"main.css"}


def test_the_admin_has_our_accent():
    accents = [
        re.search(r"--accent: (.+?);", (CSS / name).read_text())[1]
        for name in ("tokens.css", "admin/colors.css")
    ]
    assert accents[0] == accents[1]


def test_style_sheets_use_only_properties_that_exist():
    text = "".join(sheet.read_text() for sheet in SHEETS)
    assert set(re.findall(r"var\((--[\w-]+)", text)) <= set(re.findall(r"(--[\w-]+):", text))
    assert "!important" not in text
