"""How the admin shows rows and takes changes of them, of every app and library."""

from accounts.browsing.counting import MOST_COUNTED, capped_count
from accounts.browsing.lists import Browsable, NothingToAdd, NothingToChange

__all__ = [
    "MOST_COUNTED",
    "Browsable",
    "NothingToAdd",
    "NothingToChange",
    "capped_count",
]
