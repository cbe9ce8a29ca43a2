"""What the database refuses, in words for who wanted it."""

from django.core.exceptions import ValidationError
from django.db import DataError, IntegrityError, ProgrammingError
from django.db.models import ProtectedError, RestrictedError
from django.utils.text import capfirst
from psycopg.errors import RaiseException, UniqueViolation

REFUSED = (IntegrityError, DataError, ProgrammingError, ValidationError)


def explain(error: Exception) -> str:
    """Return a sentence for one of REFUSED; raises it again if it is a mistake of ours.

    What the database says of a rule quotes no values.
    """
    if isinstance(error, ProgrammingError) and not isinstance(error.__cause__, RaiseException):
        raise error
    cause = error.__cause__
    if isinstance(error, ValidationError):
        return " ".join(error.messages)
    if isinstance(error, ProtectedError | RestrictedError):
        return "Nothing was deleted: other rows need this one."
    if isinstance(cause, UniqueViolation):
        return "Nothing was saved: somebody else has just saved the same."
    reason = getattr(getattr(cause, "diag", None), "message_primary", None) or str(error)
    return f"Nothing was saved. The database says: {capfirst(reason)}."
