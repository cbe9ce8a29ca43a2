"""How the admin shows rows and takes changes of them, of every app and library."""

from accounts.browsing.deleting import delete_selected
from accounts.browsing.filters import AgeFilter, YesNoFilter
from accounts.browsing.lists import Browsable, NothingToAdd, NothingToChange, ReadOnly
from accounts.browsing.refusals import REFUSED, explain
from accounts.browsing.rows import Rows, address_of, link_to

__all__ = [
    "REFUSED",
    "AgeFilter",
    "Browsable",
    "NothingToAdd",
    "NothingToChange",
    "ReadOnly",
    "Rows",
    "YesNoFilter",
    "address_of",
    "delete_selected",
    "explain",
    "link_to",
]
