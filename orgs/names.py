"""What an organization may be called."""

import unicodedata

from django.core.exceptions import ValidationError

# Control, format (zero-width, right-to-left override), surrogate, private use, line and paragraph
# separator: https://www.unicode.org/reports/tr44/#General_Category_Values
INVISIBLE = frozenset(["Cc", "Cf", "Cs", "Co", "Zl", "Zp"])


def validate_name(name: str) -> None:
    """Raise ValidationError for a name with a character that nobody sees but that changes it."""
    if any(unicodedata.category(character) in INVISIBLE for character in name):
        raise ValidationError("Leave out line breaks and invisible characters.")
