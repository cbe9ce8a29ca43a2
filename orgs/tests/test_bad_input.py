"""Every form and button of orgs, given what no browser would send: a reason, and no row changed."""

from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.apps import apps

from orgs.tests import test_access as access

pytestmark = pytest.mark.slow  # walks every page

# What a person would type; {bob} and {team} stand for ids in Acme. A form that is not here fails a
# test below.
FORMS = {
    "organization_new": {"name": "Green", "slug": "green"},
    "organization_edit": {"name": "Acme Two", "slug": "acme-two"},
    "organization_metadata": {"metadata": '{{"plan": "team"}}'},
    "organization_logo": {"image": ""},
    "organization_delete": {"slug": "acme"},
    "member_role": {"role": "admin"},
    "team_new": {"name": "Orchard"},
    "team_rename": {"name": "Orchard"},
    "team_member_add": {"people": "{bob}"},
    "team_member_role": {"role": "lead"},
    "invitation_new": {
        "emails": "new@example.com",
        "role": "member",
        "teams": "{team}",
        "message": "Welcome",
    },
    "transfer_new": {"membership": "{bob}"},
}
FORM = "application/x-www-form-urlencoded"
BAD = [
    b"",
    b"a%00b",
    b"%ED%A0%80",  # half a surrogate pair
    b"%FF%FE",  # no UTF-8
    b"%E2%80%AEgnp.exe",  # written from right to left
    b"a%0D%0ABcc: eve@example.com",
    b"<a href=https://evil.example/>..%2F%252e</a>",
    str(uuid4()).encode(),
    b"x" * 900_000,
]
REFUSED = (400, 403, 404, 405, 410, 413)
CHANGING = {"modified", "visited"}  # by whatever happens
FIXED = {"organization", "user", "created", "is_active", "team", "membership"}

things, path_of = access.things, access.path_of  # fixtures


@pytest.fixture
def browser_for(alice, bob, charlie, signed_in):
    """Call it with a route for a browser of somebody who gets past its gate."""
    of_bob, of_charlie, of_alice = (signed_in(person) for person in (bob, charlie, alice))
    others = {"transfer_accept": of_bob, "transfer_decline": of_bob}
    others |= dict.fromkeys(["own_invitation_accept", "own_invitation_decline"], of_charlie)
    return lambda name: others.get(name, of_alice)


@pytest.fixture
def send(path_of, browser_for):
    """Call it with a route and a body, to send it with whatever it changes undone.

    It returns the answer, the rows before and the rows after.
    """
    before = {}

    def send(name, body, content_type=FORM):
        browser, path = browser_for(name), path_of(name)
        before.update(before or rows())
        with access.undone():
            answer = browser.post(path, body, content_type=content_type)
            return answer, before, rows()

    return send


@pytest.fixture
def typed(things, membership, bob):
    """Call it with a route for what a person would type there."""
    ids = {"bob": membership(bob).pk, "team": things["team"].pk}
    return lambda name: {field: value.format(**ids) for field, value in FORMS.get(name, {}).items()}


def rows():
    """Return all rows of orgs by table and id, as dicts."""
    tables = apps.get_app_config("orgs").get_models(include_auto_created=True)
    return {table.__name__: {row["pk"]: row for row in all_of(table)} for table in tables}


def all_of(table):
    fields = [field for field in table._meta.concrete_fields if field.name not in CHANGING]
    for row in table._base_manager.values_list("pk", *(field.attname for field in fields)):
        yield dict(zip(["pk", *(field.name for field in fields)], row, strict=True))


def is_in_order(answer, before, after):
    """Whether it was refused without a trace, or changed nothing that stays for good."""
    if answer.status_code in REFUSED:
        return before == after and b"<h1>" in answer.content
    kept = (
        (was, after[table].get(pk)) for table, rows in before.items() for pk, was in rows.items()
    )
    fixed = all(was[name] == now[name] for was, now in kept if now for name in FIXED & was.keys())
    return answer.status_code == 302 and fixed


def test_every_form_is_known_here(path_of, browser_for):
    """An empty form is refused where there are fields; a button has none."""
    refused = set()
    for name in access.ROUTES:
        with access.undone():
            if browser_for(name).post(path_of(name)).status_code == 400:
                refused.add(name)
    assert refused == set(FORMS)


def test_no_value_of_any_field_is_an_error_of_ours(send, typed):
    for name in FORMS:
        for field in typed(name):
            others = typed(name)
            del others[field]
            for bad in BAD:
                result = send(name, urlencode(others).encode() + f"&{field}=".encode() + bad)
                assert is_in_order(*result), (name, field, bad[:40], result[0].status_code)


def test_what_is_no_role_is_refused(send, typed):
    for name in FORMS:
        for role in ["owner,member", "", "superuser", "OWNER", " owner", "0"]:
            if "role" in typed(name):
                answer, before, after = send(name, urlencode(typed(name) | {"role": role}).encode())
                assert (answer.status_code, before == after) == (400, True), (name, role)


def test_nothing_is_slipped_in_beside_a_form(send, typed, birch, charlie):
    forged = {
        **dict.fromkeys(["id", "pk", "organization", "organization_id"], birch.pk),
        **dict.fromkeys(["user", "user_id", "created_by", "invited_by", "by"], charlie.pk),
        **dict.fromkeys(["is_active", "is_admin", "owner"], "off"),
        **dict.fromkeys(["created", "expires"], "2000-01-01"),
        **dict.fromkeys(["status", "token_hash"], "accepted"),
    }
    for name in FORMS:
        plain, before, honest = send(name, urlencode(typed(name)).encode())
        answer, before, after = send(name, urlencode(forged | typed(name)).encode())
        assert answer.status_code == plain.status_code, name
        assert is_in_order(answer, before, after), name
        assert made(before, after) == made(before, honest), name


def made(before, after):
    """Return what is new, apart from ids and moments, which differ each time."""
    return sorted(
        (table, field, str(value))
        for table, rows in after.items()
        for pk in rows.keys() - before[table].keys()
        for field, value in rows[pk].items()
        if field in ("user", "invited_by", "role", "is_active", "status", "email", "name", "slug")
    )


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (b"{}", "application/json"),
        (b"\xff", "text/plain"),
        (b"--x\r\nno part", "multipart/form-data; boundary=x"),
        (b"", "multipart/form-data"),
        (b"name=Green&role=owner", "text/html"),
        (urlencode({f"field-{n}": "" for n in range(1001)}).encode(), FORM),
        (b"name=" + b"x" * 3_000_000, FORM),
    ],
    ids=["object", "binary", "no parts", "no boundary", "html", "many fields", "large"],
)
def test_no_body_is_an_error_of_ours(body, content_type, send):
    for name in FORMS:
        answer, before, after = send(name, body, content_type)
        assert answer.status_code in (400, 413), name
        assert before == after, name


def test_what_is_sent_twice_is_no_error_of_ours(path_of, browser_for, typed):
    for name in access.ROUTES:
        path, browser = path_of(name), browser_for(name)
        with access.undone():
            answers = [browser.post(path, typed(name)).status_code for _ in range(2)]
        assert set(answers) <= {302, *REFUSED}, name


def test_a_foreign_id_in_a_form_is_refused(send, birch, charlie):
    stranger, team = birch.memberships.get(user=charlie), birch.teams.create(name="Theirs")
    foreign = {
        "team_member_add": {"people": stranger.pk},
        "transfer_new": {"membership": stranger.pk},
        "invitation_new": {"emails": "a@example.com", "role": "member", "teams": team.pk},
    }
    for name, form in foreign.items():
        answer, before, after = send(name, urlencode(form).encode())
        assert (answer.status_code, before == after) == (400, True), name
