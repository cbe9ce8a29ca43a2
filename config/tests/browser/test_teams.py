"""The road through a team, without JavaScript: made, filled, led, renamed, deleted."""

import pytest

pytestmark = pytest.mark.browser


def test_a_team_from_the_first_to_the_last_page(visitor, acme, alice):
    owner = visitor(alice, javascript=False)
    owner.opens("/o/acme/teams/")
    owner.sees("Teams")
    owner.follows("Create a team")
    owner.fills(Name="Garden")
    owner.presses("Create the team")
    owner.sees("Garden")

    owner.follows("Add people")
    owner.sees("Add people to Garden")
    owner.page.get_by_label("Name or email").fill("dora")
    owner.presses("Show")
    owner.page.get_by_role("checkbox").check()
    owner.presses("Add to the team")
    owner.sees("Garden")
    owner.reads("Dora Example is in the team now.")
    owner.presses("Make lead (Dora Example)")
    owner.reads("Dora Example leads the team now.")
    owner.presses("Remove Dora Example from the team")
    owner.reads("Dora Example is no longer in the team.")

    owner.follows("Rename the team")
    owner.fills(Name="Park")
    owner.presses("Rename the team")
    owner.follows("Delete the team")
    owner.sees("Delete Park")
    owner.presses("Delete the team for good")
    owner.sees("Teams")
    owner.reads("The team Park was deleted.")


@pytest.mark.parametrize(
    ("person", "page", "heading"),
    [
        ("bob", "../", "Teams"),
        ("bob", "", "Garden"),
        ("frank", "", "Garden"),
        ("frank", "people/add/", "Add people to Garden"),
        ("bob", "rename/", "Rename Garden"),
        ("bob", "delete/", "Delete Garden"),
    ],
)
def test_a_page_of_a_team_is_accessible(person, page, heading, visitor, garden, request):
    somebody = visitor(request.getfixturevalue(person))
    somebody.opens(garden.get_absolute_url() + page)
    somebody.sees(heading)
    assert somebody.barriers() == []
