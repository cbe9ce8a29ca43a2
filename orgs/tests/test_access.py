"""Every route of orgs, every method and everybody, from one table; and what an outsider learns."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from orgs import urls
from orgs.models import Organization
from orgs.roles import Role

OTHERS = ["OPTIONS", "DELETE", "BREW"]
PEOPLE = ["anonymous", "outsider", "member", "admin", "owner", "platform admin"]

# What each of PEOPLE gets for GET (and HEAD), for POST, and for any other method.
TABLE = {
    "organization_list": (
        "sign-in 302 302 302 302 200",
        "405 405 405 405 405 405",
        "405 405 405 405 405 405",
    ),
    "organization_new": (
        "sign-in 200 200 200 200 200",
        "sign-in 400 400 400 400 400",
        "405 405 405 405 405 405",
    ),
    "organization_detail": (
        "sign-in 404 200 200 200 404",
        "sign-in 404 405 405 405 404",
        "sign-in 404 405 405 405 404",
    ),
    "member_list": (
        "sign-in 404 200 200 200 404",
        "sign-in 404 405 405 405 404",
        "sign-in 404 405 405 405 404",
    ),
    "invitation_list": (
        "sign-in 404 403 200 200 404",
        "sign-in 404 403 405 405 404",
        "sign-in 404 403 405 405 404",
    ),
    "invitation_new": (
        "sign-in 404 403 200 200 404",
        "sign-in 404 403 400 400 404",
        "sign-in 404 403 405 405 404",
    ),
    "invitation_resend": (
        "sign-in 404 403 405 405 404",
        "sign-in 404 403 302 302 404",
        "sign-in 404 403 405 405 404",
    ),
    "invitation_revoke": (
        "sign-in 404 403 405 405 404",
        "sign-in 404 403 302 302 404",
        "sign-in 404 403 405 405 404",
    ),
    "invitation_detail": (
        "200 403 302 302 302 403",
        "405 405 405 405 405 405",
        "405 405 405 405 405 405",
    ),
    "invitation_accept": (
        "405 405 405 405 405 405",
        "sign-in 403 302 302 302 403",
        "405 405 405 405 405 405",
    ),
    "invitation_sign_up": (
        "405 405 405 405 405 405",
        "302 302 302 302 302 302",
        "405 405 405 405 405 405",
    ),
    "invitation_switch": (
        "405 405 405 405 405 405",
        "sign-in sign-in sign-in sign-in sign-in sign-in",
        "405 405 405 405 405 405",
    ),
}
GATED = [pattern.name for pattern in urls.organization]


@pytest.fixture
def browsers(acme, alice, bob, dora, charlie, olivia, signed_in):
    """A browser for each of PEOPLE; the outsider has an organization, but another one."""
    Organization.create(name="Birch", slug="birch", by=charlie)
    people = [charlie, dora, bob, alice, olivia]
    return [Client(), *(signed_in(person) for person in people)]


@pytest.fixture
def path_of(invite):
    """Call it with the name of a route for its path, for Acme and its one invitation."""
    invitation, link = invite()

    def path_of(name, slug="acme"):
        if name in ("organization_list", "organization_new"):
            return reverse(f"orgs:{name}")
        if name not in GATED:
            return reverse(f"orgs:{name}", args=[link.split("/")[2]])
        pk = [invitation.pk] if name in ("invitation_resend", "invitation_revoke") else []
        return reverse(f"orgs:{name}", args=[slug, *pk])

    return path_of


def answer(response):
    """Return the status, or 'sign-in'."""
    leads_to_sign_in = response.headers.get("Location", "").startswith("/accounts/login/?next=")
    return "sign-in" if leads_to_sign_in else str(response.status_code)


def test_every_route_has_an_expectation():
    routes = [*urls.urlpatterns, *urls.organization, *urls.invitation]
    assert {route.name for route in routes if hasattr(route, "name")} == set(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_who_gets_what(name, browsers, path_of):
    path = path_of(name)
    get, post, other = (row.split() for row in TABLE[name])
    expectations = {"GET": get, "HEAD": get, **dict.fromkeys(OTHERS, other), "POST": post}
    for method, expected in expectations.items():
        answers = [answer(browser.generic(method, path)) for browser in browsers]
        assert dict(zip(PEOPLE, answers, strict=True)) == dict(
            zip(PEOPLE, expected, strict=True)
        ), method


@pytest.mark.parametrize("name", GATED)
def test_an_outsider_cannot_tell_acme_from_an_organization_that_never_was(
    name, path_of, charlie, signed_in
):
    outsider = signed_in(charlie)
    for method in ("GET", "HEAD", "POST", "OPTIONS", "BREW"):
        acme, emca = (all_that_shows(outsider, method, path_of(name, s)) for s in ("acme", "emca"))
        assert acme["status"] == 404
        assert acme == emca
        assert b"acme" not in acme["body"].lower()


def all_that_shows(browser, method, path):
    """Return everything about the answer that differs from one organization to another, if any."""
    with CaptureQueriesContext(connection) as queries:
        response = browser.generic(method, path)
    return {
        "status": response.status_code,
        "body": response.content,
        "headers": {k: v for k, v in response.headers.items() if k.lower() != "x-request-id"},
        "cookies": list(response.cookies),
        "statements": len(queries),
    }


def test_nor_by_leaving_out_the_last_slash_or_the_csrf_token(acme, charlie):
    outsider = Client(enforce_csrf_checks=True)
    outsider.force_login(charlie)
    for path in ("/o/{}", "/o/{}/members", "/o/{}/nothing-here/", "/o/{}/invitations/1/resend/"):
        acme_, emca = (outsider.get(path.format(slug)) for slug in ("acme", "emca"))
        assert (acme_.status_code, acme_.content) == (emca.status_code, emca.content)
    acme_, emca = (outsider.post(f"/o/{slug}/invitations/new/") for slug in ("acme", "emca"))
    assert (acme_.status_code, acme_.content) == (emca.status_code, emca.content)


@pytest.mark.parametrize(
    "slug", ["ACME", "Acme", "acme%00", "acme%2f..", "%61cme%20", "аcme", "xn--cme"]
)
def test_an_organization_has_one_address(slug, acme, alice, signed_in):
    assert signed_in(alice).get(f"/o/{slug}/").status_code == 404


def test_percent_signs_do_not_get_around_the_gate(acme, charlie, signed_in):
    assert signed_in(charlie).get("/%6f/%61cme/").status_code == 404
    assert signed_in(charlie).get("//o/acme/").status_code == 404


@pytest.mark.parametrize(
    ("method", "back"),
    [("get", "/o/acme/members/%3Fafter%3D1"), ("post", "/o/acme/")],
)
def test_sign_in_leads_back_to_the_page_and_never_to_a_button(method, back, acme, client):
    response = getattr(client, method)("/o/acme/members/?after=1")
    assert response.url == f"/accounts/login/?next={back}"


def test_removal_and_demotion_act_at_once(acme, bob, membership, signed_in):
    browser = signed_in(bob)
    assert browser.get("/o/acme/invitations/").status_code == 200
    acme.memberships.filter(user=bob).update(role=Role.MEMBER)
    assert browser.get("/o/acme/invitations/").status_code == 403
    acme.memberships.filter(user=bob).delete()
    assert browser.get("/o/acme/").status_code == 404


def test_whoever_is_inactive_is_nobody(acme, bob, signed_in):
    browser = signed_in(bob)
    bob.is_active = False
    bob.save()
    assert answer(browser.get("/o/acme/")) == "sign-in"


def test_an_inactive_organization_is_not_there_even_for_its_owner(acme, alice, signed_in):
    acme.is_active = False
    acme.save()
    browser = signed_in(alice)
    assert browser.get("/o/acme/").status_code == 404
    assert b"Acme" not in browser.get("/organizations/").content


@pytest.mark.parametrize("action", ["resend", "revoke"])
def test_an_invitation_of_another_organization_is_not_found(action, invite, charlie, signed_in):
    invitation, _ = invite()
    Organization.create(name="Birch", slug="birch", by=charlie)
    path = f"/o/birch/invitations/{invitation.pk}/{action}/"
    assert signed_in(charlie).post(path).status_code == 404
    before = invitation.token_hash
    invitation.refresh_from_db()
    assert (invitation.token_hash, invitation.status) == (before, "pending")
