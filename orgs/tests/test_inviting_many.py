"""One form invites one person or fifty: an outcome for each line, and nothing typed is lost."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.addresses import normalize
from accounts.models import Event
from accounts.verbs import Verb
from orgs.forms.addresses import pieces
from orgs.models import Invitation
from orgs.roles import Role

NEW = "/o/acme/invitations/new/"
LIST = "/o/acme/invitations/"
GUESTS = [f"guest-{n}@example.com" for n in range(50)]


@pytest.fixture
def send(admin):
    """Call it with lines to fill in the form as Bob."""

    def send(*lines, **more):
        return admin.post(NEW, {"emails": "\r\n".join(lines), "role": "member", **more})

    return send


def invited():
    return set(Invitation.objects.values_list("email", flat=True))


def outcomes(answer):
    return {
        line: getattr(one, "outcome", "Invited") for line, one in answer.context["outcomes"].items()
    }


def left_in(answer):
    """Return the lines that are still in the form."""
    return answer.context["form"]["emails"].value().splitlines()


def test_fifty_are_invited_at_once_each_by_an_email_of_their_own(send, admin):
    answer = send(*GUESTS)
    assert answer.url == LIST
    assert invited() == set(GUESTS)
    assert sorted(message.to for message in mail.outbox) == sorted([email] for email in GUESTS)
    assert len({message.body for message in mail.outbox}) == 50
    assert "50 invitations are on their way." in admin.get(LIST).text


def test_each_line_has_an_outcome_and_what_was_refused_stays_in_the_form(
    send, invite, dora, settings
):
    settings.MAX_INVITATIONS = 3
    pending, _ = invite("erin@example.com")
    lines = ["new@example.com", "Dora@example.com", "erin@example.com", "nonsense"]
    answer = send(*lines, "next@example.com", "last@example.com", message="Hello")
    assert answer.status_code == 200
    assert outcomes(answer) == {
        "new@example.com": "Invited",
        "Dora@example.com": "Already a member",
        "erin@example.com": "Already invited",
        "nonsense": "Invalid",
        "next@example.com": "Invited",
        "last@example.com": "Limit reached",
    }
    assert invited() == {"erin@example.com", "new@example.com", "next@example.com"}
    refused = ["Dora@example.com", "erin@example.com", "nonsense", "last@example.com"]
    assert left_in(answer) == refused
    assert answer.context["form"]["message"].value() == "Hello"
    for text in (
        "This person is already a member.",
        "already has a pending invitation",
        "not an email address that mail can be sent to",
        "at most 3 pending invitations",
        f"{pending.pk}/resend/",
    ):
        assert text in answer.text


def test_sending_the_rest_again_invites_nobody_twice(send, dora):
    rest = left_in(send("new@example.com", "dora@example.com", "nonsense"))
    answer = send("new@example.com", *rest)
    assert answer.status_code == 400
    assert left_in(answer) == ["new@example.com", "dora@example.com", "nonsense"]
    assert len(mail.outbox) == 1


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("a@example.com, b@example.com;c@example.com", "abc"),
        ("\n\n  a@example.com\t\n\n;,, b@example.com ,\n", "ab"),
        ("a@example.com b@example.com\tc@example.com", "abc"),
        ("Anna <a@example.com>, Bea <B@Example.com>", "ab"),
        ("Example, Anna <a@example.com>; Example, Bea <b@example.com>", "ab"),
        ('"Anna; Head" <a@example.com>', "a"),
        ('"a@example.com","b@example.com"', "ab"),
        ("a@elsewhere.org <a@example.com>", "a"),
        ("Anna <mailto:a@example.com>", "a"),
        ("<a@example.com>", "a"),
        ("a@example.com\nA@EXAMPLE.COM\nAnna <ａ@example.com>", "a"),
    ],
)
def test_addresses_are_taken_as_people_paste_them(text, addresses, send):
    send(text)
    assert invited() == {f"{letter}@example.com" for letter in addresses}
    assert len(mail.outbox) == len(addresses)


def test_words_that_are_no_address_are_not_dropped():
    text = "Anna\nBea, c@example.com, Dan\nsee <here>, e@example.com <f@example.com> g"
    assert [piece for piece, _ in pieces(text)] == [
        *["Anna", "Bea", "c@example.com", "Dan"],
        *["see <here>, e@example.com <f@example.com> g"],
    ]


@pytest.mark.parametrize(
    "text",
    [
        "\n".join([*GUESTS, "one-more@example.com"]),
        "a" * 900_000,
        "a@example.com\n" * 60_000,
        " ,;\n" * 1000,
        "erin@example.com\x00",
        "Bcc: charlie@example.com",
    ],
    ids=["51", "long", "many", "nothing", "NUL", "a header"],
)
def test_a_bad_list_is_refused_with_a_reason_and_stays_as_it_was(text, send):
    answer = send(text)
    assert answer.status_code == 400
    assert "id_emails_error" in answer.text
    assert answer.context["form"]["emails"].value() == text
    assert not Invitation.objects.exists()


def test_more_than_a_form_may_hold_is_refused(admin, acme):
    form = {"emails": "a@example.com\n" * 100_000, "role": "member"}
    data = "&".join(f"{name}={value}" for name, value in form.items())
    answer = admin.post(NEW, data, content_type="application/x-www-form-urlencoded")
    assert answer.status_code == 413
    assert not Invitation.objects.exists()


def test_a_line_break_adds_a_line_and_no_header(send):
    answer = send("erin@example.com\r\nBcc: charlie@example.com")
    assert outcomes(answer) == {
        "erin@example.com": "Invited",
        "Bcc: charlie@example.com": "Invalid",
    }
    [message] = mail.outbox
    assert message.recipients() == ["erin@example.com"]
    assert "charlie" not in str(message.message())


@pytest.mark.parametrize("email", ["erin@ex\u0430mple.com", "erin@exämple.com"])
def test_a_domain_in_other_letters_is_another_address(email, send):
    """Whoever owns that mailbox gets an email of their own, and nobody else's."""
    assert send(email, "erin@example.com").status_code == 302
    assert invited() == {normalize(email), "erin@example.com"}


def test_a_mailbox_in_letters_that_no_mail_server_has_to_take_is_refused(send):
    assert outcomes(send("\u0435rin@example.com")) == {"\u0435rin@example.com": "Invalid"}


def test_one_address_or_fifty_take_as_many_statements(send, garden):
    teams = {"teams": [garden.pk], "message": "Welcome"}
    counts = []
    for lines in (["one@example.com"], GUESTS):
        with CaptureQueriesContext(connection) as queries:
            assert send(*lines, **teams).status_code == 302
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert Event.objects.filter(verb=Verb.INVITED).count() == 51


def test_refusals_take_no_statement_each_either(send, invite, settings):
    settings.INVITATION_RATE = (40, 3600)
    settings.MAX_INVITATIONS = 60
    for email in GUESTS[:2]:
        invite(email)
    counts = []
    for lines in (
        ["dora@example.com", GUESTS[0], "one@example.com", "x"],
        ["dora@example.com", *GUESTS[:48], "x"],
    ):
        with CaptureQueriesContext(connection) as queries:
            send(*lines)
        counts.append(len(queries))
    assert counts[1] <= counts[0] + 3  # what the person has left, and how long to wait


def test_a_stranger_and_somebody_with_an_account_cost_the_same(send, charlie):
    """The same statements, one by one: nothing about an account is looked up, or takes time."""
    shapes = []
    for email in ("nobody1@example.com", "charlie@example.com"):
        with CaptureQueriesContext(connection) as queries:
            send(email)
        shapes.append([re.split("['_]x?\\d|'", query["sql"])[0] for query in queries])
    assert shapes[0] == shapes[1]


def test_another_address_of_a_member_is_not_given_away(send, dora):
    """The list of members shows one address; who has which others is theirs to tell."""
    EmailAddress.objects.create(user=dora, email="dora@home.example", verified=True)
    assert send("dora@home.example").url == send("nobody@home.example").url == LIST


def test_people_are_invited_to_teams_with_a_line_of_ones_own(send, garden, acme):
    kitchen = acme.teams.create(name="Kitchen")
    line = "See www.evil.example/win or https://evil.example — <b>Bob</b>"
    send("erin@example.com", "fay@example.com", teams=[garden.pk, kitchen.pk], message=f" {line} ")
    for invitation in Invitation.objects.all():
        assert set(invitation.teams.all()) == {garden, kitchen}
        assert invitation.message == line
    for message in mail.outbox:
        assert "They add: See www·evil·example/win or https evil·example" in message.body
        assert message.body.count("http") == 2  # theirs without a colon, and the link


def test_the_page_offers_the_teams_of_the_organization_alone(admin, garden, birch):
    birch.teams.create(name="Chess")
    page = admin.get(NEW).text
    assert "Garden" in page
    assert "Chess" not in page


@pytest.mark.parametrize("has_teams", [True, False])
def test_a_team_of_another_organization_is_refused(has_teams, send, birch, acme):
    if has_teams:
        acme.teams.create(name="Garden")
    chess = birch.teams.create(name="Chess")
    for team in (chess.pk, "00000000-0000-0000-0000-000000000000", "garden", "\x00"):
        answer = send("erin@example.com", teams=[team])
        assert answer.status_code == 400
        assert "A team you chose is no longer there." in answer.text
    assert not Invitation.objects.exists()


def test_a_team_that_is_not_there_any_more_is_left_out(acme, birch, bob, garden, membership):
    gone = acme.teams.create(name="Kitchen")
    chosen = [garden.pk, gone.pk, birch.teams.create(name="Chess").pk]
    gone.delete()
    invitation = acme.invite("erin@example.com", Role.MEMBER, by=membership(bob), teams=chosen)
    assert [*invitation.teams.all()] == [garden]


@pytest.mark.parametrize("line", ["a" * 281, "two\nlines", "turned \u202e around", "nul \x00"])
def test_a_personal_line_is_one_short_line_one_can_see(line, send):
    answer = send("erin@example.com", message=line)
    assert answer.status_code == 400
    assert "id_message_error" in answer.text
    assert left_in(answer) == ["erin@example.com"]
    assert not Invitation.objects.exists()


def test_an_expired_invitation_is_renewed_among_new_ones(send, invite, garden, client):
    old, link = invite("erin@example.com")
    Invitation.objects.update(expires=timezone.now())
    assert send("fay@example.com", "erin@example.com", role="admin", teams=[garden.pk]).url == LIST
    renewed = Invitation.objects.get(email="erin@example.com")
    assert (renewed.pk, renewed.role) == (old.pk, Role.ADMIN)
    assert not renewed.is_expired
    assert [*renewed.teams.all()] == [garden]
    assert client.get(link).status_code == 404
    verbs = Event.objects.filter(subject_kind="invitation").values_list("verb", flat=True)
    assert sorted(verbs) == sorted([Verb.INVITED, Verb.INVITED, Verb.INVITED_AGAIN])


def test_an_admin_cannot_take_over_what_an_owner_gave(send, invite):
    """Also not once it has expired: it stays an invitation to own, for an owner to decide."""
    invite("erin@example.com", role=Role.OWNER)
    Invitation.objects.update(expires=timezone.now())
    answer = send("erin@example.com", "fay@example.com")
    assert outcomes(answer) == {"erin@example.com": "Already invited", "fay@example.com": "Invited"}
    assert "Only an owner can change that." in answer.text
    assert Invitation.objects.get(email="erin@example.com").role == Role.OWNER
