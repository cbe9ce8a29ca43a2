"""The demo people, whom the tests share."""

from django.core import mail

from config import cast
from orgs.models import Invitation, Membership
from waitlist.models import Entry
from waitlist.states import standing


def test_the_seed_fills_an_empty_database(db):
    cast.seed()
    roles = Membership.objects.values_list("user__name", "organization__name", "role")
    assert set(roles) == {
        ("Alice Example", "Acme", "owner"),
        ("Bob Example", "Acme", "admin"),
        ("Dora Example", "Acme", "member"),
        ("Frank Example", "Acme", "member"),
        ("Grace Example", "Acme", "owner"),
        ("Charlie Example", "Birch", "owner"),
        ("Alice Example", "Birch", "member"),
    }
    assert mail.outbox[0].to == ["erin@example.com"]
    assert Invitation.objects.get().mail.delivered


def test_somebody_on_the_waitlist_is_in_each_state(db):
    cast.seed()
    states = Entry.objects.annotate(state=standing()).values_list("email", "state")
    assert dict(states) == {
        "frank@example.com": "joined",
        "hana@example.com": "expired",
        "ivan@example.com": "unsubscribed",
        "judy@example.com": "invited",
        "karim@example.com": "waiting",
        "lena@example.com": "waiting",
        "mateo@example.com": "waiting",
        "nora@example.com": "waiting",
    }


def test_the_demo_people_sign_in_with_the_password_that_is_printed(db, client):
    cast.seed()
    form = {"login": "alice@example.com", "password": cast.PASSWORD}
    assert client.post("/accounts/login/", form).url == "/organizations/last/"
