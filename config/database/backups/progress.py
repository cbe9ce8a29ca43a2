"""How far something has got, for whoever watches a terminal; nothing where nobody does."""

import sys
import time

from config.database.wording import in_bytes


class Progress:
    """Bytes and their rate, on stderr, at most twice a second."""

    def __init__(self) -> None:
        self.began = self.told = time.monotonic()
        self.is_watched = sys.stderr.isatty()

    def reached(self, size: int, total: int = 0) -> None:
        """Say that so many bytes are done, of a total that may be known."""
        now = time.monotonic()
        if self.is_watched and now - self.told >= 0.5:
            self.told = now
            of = f" of {in_bytes(total)}" if total else ""
            rate = in_bytes(int(size / (now - self.began)))
            self._show(f"{in_bytes(size)}{of}, {rate}/s")

    def over(self) -> None:
        """Leave the line to what is printed next."""
        if self.is_watched:
            self._show("")

    def _show(self, text: str) -> None:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
