"""Every route of orgs, every method and everybody, from one table; and what an outsider learns."""

import re
from contextlib import contextmanager
from difflib import unified_diff

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from accounts.roles import PlatformRole
from config import cast
from orgs import urls
from orgs.access import ROOT, routes
from orgs.models import Organization, Transfer
from orgs.roles import Role, TeamRole

METHODS = ["GET", "POST", "BREW"]  # BREW stands for any other

# What each person gets, from each route and method that it knows. 'lead' leads the team of the
# address; 'banned' is an owner whose session was forgotten by the ban; 'platform' owns the
# platform. Everything else is 405 for whoever passes the gate, which comes first; a line for a
# method says where it is not. What signs out stands last.
TABLE = """
route               method anonymous outsider member lead  admin owner primary banned platform
organization_list   GET    login     200      200    200   200   200   200     login  200
organization_last   GET    login     302      302    302   302   302   302     login  302
organization_new    GET    login     200      200    200   200   200   200     login  200
organization_new    POST   login     400      400    400   400   400   400     login  400
organization_detail GET    login     404      200    200   200   200   200     login  404
organization_settings GET  login     404      403    403   200   200   200     login  404
organization_edit   GET    login     404      403    403   302   302   302     login  404
organization_edit   POST   login     404      403    403   400   400   400     login  404
organization_metadata GET  login     404      403    403   302   302   302     login  404
organization_metadata POST login     404      403    403   400   400   400     login  404
organization_logo   GET    login     404      403    403   302   302   302     login  404
organization_logo   POST   login     404      403    403   400   400   400     login  404
organization_logo_remove POST login  404      403    403   302   302   302     login  404
organization_delete GET    login     404      403    403   403   403   200     login  404
organization_delete POST   login     404      403    403   403   403   400     login  404

member_list         GET    login     404      200    200   200   200   200     login  404
member_detail       GET    login     404      200    200   200   200   200     login  404
member_role         POST   login     404      403    403   400   400   400     login  404
member_remove       POST   login     404      403    403   302   302   302     login  404
member_leave        POST   login     404      302    302   302   302   302     login  404

team_list           GET    login     404      200    200   200   200   200     login  404
team_new            GET    login     404      403    403   200   200   200     login  404
team_new            POST   login     404      403    403   400   400   400     login  404
team_detail         GET    login     404      200    200   200   200   200     login  404
team_rename         GET    login     404      403    403   200   200   200     login  404
team_rename         POST   login     404      403    403   400   400   400     login  404
team_delete         GET    login     404      403    403   200   200   200     login  404
team_delete         POST   login     404      403    403   302   302   302     login  404
team_leave          POST   login     404      302    302   302   302   302     login  404
team_member_add     GET    login     404      403    200   200   200   200     login  404
team_member_add     POST   login     404      403    400   400   400   400     login  404
team_member_remove  POST   login     404      403    302   302   302   302     login  404
team_member_role    POST   login     404      403    403   400   400   400     login  404

invitation_list     GET    login     404      403    403   200   200   200     login  404
invitation_new      GET    login     404      403    403   200   200   200     login  404
invitation_new      POST   login     404      403    403   400   400   400     login  404
invitation_resend   POST   login     404      403    403   302   302   302     login  404
invitation_revoke   POST   login     404      403    403   302   302   302     login  404

event_list          GET    login     404      403    403   200   200   200     login  404

transfer_new        GET    login     404      403    403   403   403   200     login  404
transfer_new        POST   login     404      403    403   403   403   400     login  404
transfer_revoke     POST   login     404      403    403   403   403   302     login  404
transfer_accept     GET    login     404      404    404   200   404   404     login  404
transfer_accept     POST   login     404      404    404   302   404   404     login  404
transfer_accept     BREW   login     404      405    405   405   405   405     login  404
transfer_decline    POST   login     404      404    404   302   404   404     login  404
transfer_decline    GET    login     404      405    405   405   405   405     login  404
transfer_decline    BREW   login     404      405    405   405   405   405     login  404

invitation_detail   GET    200       403      302    302   302   302   302     200    403
invitation_accept   GET    302       302      302    302   302   302   302     302    302
invitation_accept   POST   login     403      302    302   302   302   302     login  403
invitation_sign_up  POST   302       302      302    302   302   302   302     302    302
invitation_decline  POST   302       403      403    403   403   403   403     302    403
invitation_confirm  POST   302       302      302    302   302   302   302     302    302
own_invitation_list GET    login     200      200    200   200   200   200     login  200
own_invitation_accept POST login     302      404    404   404   404   404     login  404
own_invitation_decline POST login    302      404    404   404   404   404     login  404
invitation_switch   POST   302       302      302    302   302   302   302     302    302
"""
PEOPLE = TABLE.split("\n")[1].split()[2:]
ROUTES = {pattern.name: route for route, pattern in routes(urls.urlpatterns)}
GATED = [name for name, route in ROUTES.items() if route.startswith(ROOT)]


def things_of(organization, owner):
    """Return what fills the arguments of routes, by name: put yours here.

    <uuid:pk> is the thing that the name of the route begins with.
    """
    member = organization.add_user(cast.person(f"friend-of-{organization.slug}"))
    team = organization.teams.create(name="Things")
    team.team_memberships.create(membership=member, organization=organization)
    by = organization.memberships.get(user=owner)
    return {
        "member": member,
        "team": team,
        "team_member": member,
        "invitation": organization.invite("guest@example.com", Role.MEMBER, by=by),
    }


@pytest.fixture
def things(acme, alice, bob, charlie, frank, membership):
    """Acme's; Frank leads the team, Bob is asked to take over, and the outsider is invited."""
    things = things_of(acme, alice)
    Transfer.offer(membership(bob), by=membership(alice))
    things["own_invitation"] = acme.invite(charlie.email, Role.MEMBER, by=membership(alice))
    things["team"].team_memberships.create(
        membership=acme.add_user(frank), organization=acme, role=TeamRole.LEAD
    )
    return things


def arguments_of(name):
    return re.findall(r"<\w+:(\w+)>", ROUTES[name])


def children_of(name, things):
    """Return which of the things stands for which argument of the route."""
    own = max(filter(name.startswith, things), key=len, default="")
    children = set(arguments_of(name)) - {"slug", "token"}
    return {argument: own if argument == "pk" else argument for argument in children}


@pytest.fixture
def path_of(things, invite):
    """Call it with the name of a route for its path in Acme, or with another's slug and things."""
    _, link = invite()
    token = link.split("/")[2]

    def path_of(name, slug="acme", **others):
        filled = {"slug": slug, "token": token}
        filled |= {key: things[thing].pk for key, thing in children_of(name, things).items()}
        filled |= others
        return reverse(f"orgs:{name}", kwargs={key: filled[key] for key in arguments_of(name)})

    return path_of


@pytest.fixture
def browsers(things, birch, charlie, dora, frank, bob, grace, alice, olivia, acme, signed_in):
    """A browser for each of PEOPLE; the outsider has an organization, but another one."""
    banned = cast.person("banned")
    acme.add_user(banned, Role.OWNER)
    people = [charlie, dora, frank, bob, grace, alice, banned, olivia]
    browsers = [Client(), *(signed_in(person) for person in people)]
    User.objects.filter(pk=banned.pk).update(banned_at=timezone.now(), ban_reason="spam")
    return browsers


@contextmanager
def undone():
    """Take back what happens inside: everybody meets the same rows."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def answer(browser, method, path):
    """Return the status, or 'login'."""
    with undone():
        response = browser.generic(method, path)
    leads_to_sign_in = response.headers.get("Location", "").startswith("/accounts/login/?next=")
    return "login" if leads_to_sign_in else str(response.status_code)


def lines_of(name, answers):
    """Return the lines of TABLE for what everybody got, by method."""
    known = {method: row for method, row in answers.items() if "405" not in row}
    refused = next(iter(known.values())) if name in GATED else []
    other = [cell if cell in ("login", "403", "404") else "405" for cell in refused]
    known |= {
        method: row
        for method, row in answers.items()
        if "405" in row and row != (other or ["405"] * len(PEOPLE))
    }
    return [[name, method, *row] for method, row in known.items()]


def test_who_gets_what(browsers, path_of):
    expected = [line.split() for line in TABLE.strip().splitlines()[1:] if line]
    found = []
    for name in sorted(ROUTES, key=lambda name: TABLE.find(f"\n{name} ")):
        path = path_of(name)
        answers = {
            method: [answer(browser, method, path) for browser in browsers] for method in METHODS
        }
        found += lines_of(name, answers)
        assert answer(browsers[-3], "HEAD", path) == answers["GET"][-3]
    lines = (["  ".join(line) for line in lines] for lines in (expected, found))
    wrong = "\n".join(unified_diff(*lines, "TABLE", "what they get", n=0, lineterm=""))
    assert not wrong, wrong


def test_an_outsider_cannot_tell_acme_from_an_organization_that_never_was(
    path_of, charlie, signed_in
):
    outsider = signed_in(charlie)
    for name in GATED:
        for method in METHODS:
            acme, emca = (
                all_that_shows(outsider, method, path_of(name, s)) for s in ("acme", "emca")
            )
            assert acme["status"] == 404, name
            assert acme == emca, name
            assert b"acme" not in acme["body"].lower(), name


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


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_demotion_and_removal_act_at_once(method, acme, bob, signed_in):
    """On the same device: the next request counts."""
    browser, path = signed_in(bob), "/o/acme/invitations/new/"
    assert answer(browser, method, path) in ("200", "400")
    acme.memberships.filter(user=bob).update(role=Role.MEMBER)
    assert answer(browser, method, path) == "403"
    acme.memberships.filter(user=bob).delete()
    assert answer(browser, method, path) == "404"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "change", [{"is_active": False}, {"banned_at": timezone.now(), "ban_reason": "spam"}]
)
def test_whoever_is_banned_or_switched_off_is_nobody_at_once(method, change, acme, bob, signed_in):
    browser, path = signed_in(bob), "/o/acme/invitations/new/"
    assert answer(browser, method, path) in ("200", "400")
    User.objects.filter(pk=bob.pk).update(**change)
    assert answer(browser, method, path) == "login"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_an_organization_that_is_switched_off_is_closed_at_once(method, acme, alice, signed_in):
    browser, path = signed_in(alice), "/o/acme/invitations/new/"
    assert answer(browser, method, path) in ("200", "400")
    Organization.objects.filter(pk=acme.pk).update(is_active=False)
    assert answer(browser, method, path) == "404"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_lead_leads_the_own_team_alone(method, acme, garden, frank, signed_in):
    other = acme.teams.create(name="Kitchen")
    browser = signed_in(frank)
    own, others = (f"{team.get_absolute_url()}people/add/" for team in (garden, other))
    assert answer(browser, method, own) in ("200", "400")
    assert answer(browser, method, others) == "403"
    garden.team_memberships.update(role=TeamRole.MEMBER)
    assert answer(browser, method, own) == "403"


@pytest.mark.parametrize("role", [role for role in PlatformRole if role != PlatformRole.USER])
def test_platform_staff_have_no_way_in_but_acting_as_somebody(
    role, acme, birch, charlie, signed_in
):
    User.objects.filter(pk=charlie.pk).update(role=role)
    browser = signed_in(charlie)
    assert [answer(browser, method, "/o/acme/") for method in METHODS] == ["404"] * 3


def test_acting_as_a_member_gives_what_the_member_may(acme, dora, operator):
    assert operator.get("/o/acme/").status_code == 404
    operator.post(f"/admin/accounts/user/{dora.pk}/impersonate/", {"reason": "Ticket 42"})
    assert operator.get("/o/acme/").status_code == 200
    assert operator.get("/o/acme/invitations/").status_code == 403


def test_an_inactive_organization_is_not_there_even_for_its_owner(acme, alice, signed_in):
    acme.is_active = False
    acme.save()
    browser = signed_in(alice)
    assert browser.get("/o/acme/").status_code == 404
    assert b"Acme" not in browser.get("/organizations/").content


def test_a_child_of_another_organization_is_not_found(path_of, birch, charlie, alice, signed_in):
    """Not even by somebody who may do everything here and belongs to the other one, too."""
    others, browser = things_of(birch, charlie), signed_in(alice)
    before = rows_of(others)
    for name in GATED:
        for argument, thing in children_of(name, others).items():
            path = path_of(name, **{argument: others[thing].pk})
            answers = {browser.generic(method, path).status_code for method in ("GET", "POST")}
            assert answers in ({404}, {404, 405}), (name, argument)
    assert rows_of(others) == before


def rows_of(things):
    return [type(thing).objects.filter(pk=thing.pk).values().get() for thing in things.values()]
