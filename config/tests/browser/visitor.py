"""Somebody at a browser, who notices what a person would and what a person would suffer from."""

import re

from playwright.sync_api import Page, expect

NARROW = (320, 360)  # the widths of small phones, in CSS pixels

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
UNLABELED = """
    [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
        .filter(control => !control.labels.length && !control.ariaLabel)
        .map(control => control.outerHTML)
"""


class Visitor:
    def __init__(self, page: Page):
        self.page = page
        self.complaints: list[str] = []
        # Chromium reports a violation of the content security policy as a console error too.
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def opens(self, url: str) -> None:
        self.page.goto(url)

    def fills(self, **fields: str) -> None:
        """Fill the fields by their labels, `_` standing for a space."""
        for label, value in fields.items():
            field = self.page.get_by_label(re.compile(f"^{label.replace('_', ' ')}", re.I))
            field.fill(value)

    def presses(self, name: str) -> None:
        self.page.get_by_role("button", name=name).click()

    def follows(self, name: str) -> None:
        self.page.get_by_role("link", name=name).first.click()

    def sees(self, heading: str) -> None:
        """Expect a sound page under this heading, the only one of its level."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        self._expect_a_sound_page()

    def _expect_a_sound_page(self) -> None:
        assert self.page.evaluate(UNLABELED) == []
        size = self.page.viewport_size
        for width in NARROW:
            self.page.set_viewport_size({"width": width, "height": 700})
            assert self.page.evaluate(OVERFLOW) <= 0, f"{self.page.url} is wider than {width} px"
        self.page.set_viewport_size(size)
        assert self.complaints == []

    def _hear(self, message) -> None:
        if message.type == "error":
            self.complaints.append(f"{message.text} at {self.page.url}")
