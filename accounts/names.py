"""What a person may be called: anything that everybody else can see."""

import unicodedata

from django.core.exceptions import ValidationError

LENGTH = 100  # characters, of people's and organizations' names

# Control characters, zero-width and direction-changing ones, halves of a pair, line separators.
INVISIBLE = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
# Letters by category that show nothing all the same: the Hangul fillers and the empty Braille cell.
BLANK = {"\u115f", "\u1160", "\u2800", "\u3164", "\uffa0"}

# Invisible too, but within some scripts, and between emoji, they shape what stands around them:
# zero-width non-joiner and joiner. The scripts are those of RFC 5892 (appendix A.1 and A.2).
JOINERS = {"\u200c", "\u200d"}
JOINING_SCRIPTS = {
    *("ARABIC", "SYRIAC", "MANDAIC", "NKO", "MONGOLIAN"),
    *("DEVANAGARI", "BENGALI", "GURMUKHI", "GUJARATI", "ORIYA", "TAMIL", "TELUGU", "KANNADA"),
    *("MALAYALAM", "SINHALA", "MYANMAR", "KHMER", "TIBETAN", "BALINESE", "JAVANESE"),
}
SKIN_TONES = set("\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
AS_EMOJI = "\ufe0f"  # follows a symbol that should look like an emoji


def validate_name(name: str) -> None:
    """Raise ValidationError for a name that shows nothing, or does more than show itself.

    One that is too long is left to the field, which says so: a megabyte would take seconds here.
    """
    if len(name) > LENGTH:
        return
    if any(is_hidden(name, position) for position in range(len(name))):
        raise ValidationError("Leave out characters that cannot be seen.", code="invisible")
    if not any(character.isalnum() for character in name if character not in BLANK):
        raise ValidationError("Enter a name with at least one letter or number.", code="blank")


def initials(name: str) -> str:
    """Return one or two letters of the name, which stand where a picture would."""
    words = name.split() or ["?"]
    return "".join(word[0] for word in words[:1] + words[1:][-1:]).upper()


def is_hidden(name: str, position: int) -> bool:
    """Whether the character at this position cannot be seen and joins nothing that can."""
    character = name[position]
    if character in JOINERS:
        return not _can_join(name[:position].removesuffix(AS_EMOJI)[-1:], name[position + 1 :][:1])
    if character == AS_EMOJI:
        return name[:position][-1:].isalpha()
    return is_invisible(character)


def is_invisible(character: str) -> bool:
    """Whether the character shows nothing itself, but may change or hide what stands around it."""
    return unicodedata.category(character) in INVISIBLE


def _can_join(before: str, after: str) -> bool:
    """Whether the two are emoji, or letters or signs of one script that joins."""
    if not before or not after:
        return False
    if _is_symbol(after):
        return _is_symbol(before) or before in SKIN_TONES
    return _script(before) == _script(after) and _script(after) in JOINING_SCRIPTS


def _is_symbol(character: str) -> bool:
    return unicodedata.category(character) == "So"


def _script(character: str) -> str:
    """Return the first word of the character's name, which is its script for all of the above."""
    return unicodedata.name(character, "").partition(" ")[0]
