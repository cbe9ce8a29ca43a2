"""Which names are taken: those that show themselves and nothing else."""

import pytest
from django.core.exceptions import ValidationError

from accounts.names import LENGTH, validate_name
from orgs.emails import plain

FAMILY = "\U0001f469\u200d\U0001f469\u200d\U0001f467"
HEALTH_WORKER = "\U0001f9d1\U0001f3fd\u200d\u2695\ufe0f"
COUPLE = "\U0001f469\u200d\u2764\ufe0f\u200d\U0001f468"


@pytest.mark.parametrize(
    "name",
    [
        "Alice",
        "Zoë O'Hara-Ångström",
        "李小龙",
        "3 Musketeers",
        f"The Millers {FAMILY}",
        f"Dr. Noor {HEALTH_WORKER}",
        f"We two {COUPLE}",
        "علی\u200cرضا",  # Persian, with the non-joiner it is written with
        "शक्\u200dति",  # Devanagari: the joiner asks for the half form
        "র\u200d্যাম",  # Bengali, where the joiner stands before the virama
    ],
)
def test_a_name_may_be_written_as_its_script_is(name):
    validate_name(name)


@pytest.mark.parametrize(
    "name",
    [
        "Al\u200dice",  # looks like Alice and is somebody else
        "Al\u200cice",
        "Alice\u200d",
        "\u200dAlice",
        "Alice \u200d Example",
        "علی\u200c\u200cرضا",
        "علی\u200cAlice",
        f"Alice{FAMILY}\u200d",
        "А\u200dлиса",
        "Alice `\u200d`",
        "Al\ufe0fice",
        "Al\u200bice",
        "Al\u202eice",
        "Al\u0000ice",
        "Al\u2066ice",
        "Al\ufeffice",
    ],
)
def test_a_name_hides_nothing(name):
    with pytest.raises(ValidationError, match="cannot be seen"):
        validate_name(name)


@pytest.mark.parametrize("name", ["", " ", "\u3164", "\u2800\u2800", "...", FAMILY])
def test_a_name_has_a_letter_or_a_number(name):
    with pytest.raises(ValidationError, match="at least one letter"):
        validate_name(name)


def test_an_email_shows_a_name_as_it_is_written():
    assert plain("علی\u200cرضا") == "علی\u200cرضا"
    assert plain("Al\u202eice") == "Al ice"


def test_what_is_too_long_is_left_to_the_field_and_not_read():
    """Each joiner looks at both sides of itself: a megabyte of them would take minutes."""
    validate_name("\u200d" * (LENGTH + 1))
    with pytest.raises(ValidationError):
        validate_name("\u200d" * LENGTH)
