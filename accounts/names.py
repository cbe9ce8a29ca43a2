"""What a person may be called: anything that everybody else can see."""

import unicodedata

from django.core.exceptions import ValidationError

# Control characters, zero-width and direction-changing ones, halves of a pair, line separators.
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Letters by category that show nothing all the same: the Hangul fillers and the empty Braille cell.
BLANK = {"\u115f", "\u1160", "\u2800", "\u3164", "\uffa0"}


def validate_name(name: str) -> None:
    """Raise ValidationError for a name that shows nothing, or does more than show itself."""
    if any(map(is_invisible, name)):
        raise ValidationError("Leave out characters that cannot be seen.", code="invisible")
    if not any(character.isalnum() for character in name if character not in BLANK):
        raise ValidationError("Enter a name with at least one letter or number.", code="blank")


def is_invisible(character: str) -> bool:
    """Whether the character shows nothing itself, but may change or hide what stands around it."""
    return unicodedata.category(character) in INVISIBLE
