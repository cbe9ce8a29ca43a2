"""How the admin shows rows and takes changes of them, of every app and library."""

from accounts.browsing.counting import MOST_COUNTED, counted
from accounts.browsing.deleting import delete_selected
from accounts.browsing.filters import AgeFilter
from accounts.browsing.lists import Browsable, NothingToAdd, NothingToChange, ReadOnly
from accounts.browsing.refusals import REFUSED, explain
from accounts.browsing.rows import Rows, link_to

__all__ = [
    "MOST_COUNTED",
    "REFUSED",
    "AgeFilter",
    "Browsable",
    "NothingToAdd",
    "NothingToChange",
    "ReadOnly",
    "Rows",
    "counted",
    "delete_selected",
    "explain",
    "link_to",
]
