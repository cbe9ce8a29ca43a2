"""Somebody at a browser, who does what a person does and notices what a person suffers from."""

import re

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import ConsoleMessage, Page, expect

PHONES = (320, 360)  # the widths of small ones, in CSS pixels

LOOK = """() => ({
    headings: document.querySelectorAll('h1').length,
    unlabeled: [...document.querySelectorAll('input, select, textarea')]
        .filter(control => !['hidden', 'submit'].includes(control.type))
        .filter(control => !control.labels.length && !control.ariaLabel)
        .map(control => control.outerHTML),
    overflow: document.documentElement.scrollWidth - innerWidth,
})"""

FOCUSED = """() => {
    const { activeElement: element } = document
    const style = getComputedStyle(element)
    const box = element.getBoundingClientRect()
    return {
        name: (element.labels?.[0] ?? element).innerText.trim(),
        visible: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2
            && box.top >= 0 && box.bottom <= innerHeight && box.width > 2,
    }
}"""

SETTLED = "Promise.allSettled(document.getAnimations().map(animation => animation.finished))"


class Visitor:
    def __init__(self, page: Page):
        self.page = page
        self._console: list[str] = []
        # Chromium reports what the content security policy stopped here too, JavaScript on or off.
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self._console.append(str(error)))

    def opens(self, url):
        self.page.goto(url)

    def follows(self, link):
        self.page.get_by_role("link", name=link, exact=True).first.click()

    def fills(self, **values):
        """Fill the fields by their labels, a `_` standing for a space."""
        for label, value in values.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(value)

    def chooses(self, **options):
        """Choose options by their labels in the fields of these labels."""
        for label, option in options.items():
            self.page.get_by_label(label, exact=True).select_option(label=option)

    def presses(self, button):
        self.page.get_by_role("button", name=button, exact=True).click()

    def sees(self, heading):
        """Expect a page under this heading, with nothing to complain about."""
        expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)
        complaints = self.complaints()
        assert not complaints, "\n".join(complaints)

    def reads(self, text):
        expect(self.page.get_by_text(text, exact=True)).to_be_visible()

    def field(self, label):
        """Return what the field of this label holds."""
        return self.page.get_by_label(label, exact=True).input_value()

    def list_in(self, region):
        """Return the rows of the list in the region of this name, as a screen reader says them."""
        said = self.page.get_by_role("region", name=region).aria_snapshot()
        return re.findall(r'- listitem:\s*(?:- link ")?(.*?)(?:":)?\n', f"{said}\n")

    def tabs_to(self, name, *, within=12):
        """Press Tab until the focus, visible all the way, is on what has this name."""
        for _ in range(within):
            self.page.keyboard.press("Tab")
            focused = self.page.evaluate(FOCUSED)
            assert focused["visible"], f"The focus on {focused['name']} cannot be seen."
            if focused["name"] == name:
                return
        raise AssertionError(f"Tab does not lead to {name}.")

    def complaints(self):
        """Return what is wrong with this page for anybody, at this size and on small phones."""
        complaints = [*self._console]
        self._console.clear()
        size = self.page.viewport_size
        for width in PHONES:
            self.page.set_viewport_size({"width": width, "height": 700})
            look = self.page.evaluate(LOOK)
            if look["overflow"] > 0:
                complaints.append(f"{look['overflow']} px too wide for {width} px")
        self.page.set_viewport_size(size)
        if look["headings"] != 1:
            complaints.append(f"{look['headings']} headings of the first level")
        complaints += [f"no label: {name}" for name in look["unlabeled"]]
        return [f"{self.page.url}: {complaint}" for complaint in complaints]

    def barriers(self):
        """Return what axe finds that keeps somebody out; in the dark only the colors differ."""
        self.page.evaluate(AXE_SCRIPT)
        return [
            *self._barriers("light", {}),
            *self._barriers("dark", {"runOnly": "color-contrast"}),
        ]

    def _barriers(self, scheme, options):
        self.page.emulate_media(color_scheme=scheme)
        self.page.evaluate(SETTLED)  # a color halfway to another is nobody's choice
        results = self.page.evaluate("options => axe.run(document, options)", options)
        return [
            f"{scheme}: {violation['help']}: {node['html']}"
            for violation in results["violations"]
            for node in violation["nodes"]
        ]

    def _hear(self, message: ConsoleMessage):
        if message.type == "error":
            self._console.append(message.text)
