"""What a developer finds in a new database: the cast (cast.py), made as people make it on the site.

Again and again it makes what is missing and touches nothing that is there: neither a password nor
a role that somebody changed meanwhile, nor an organization of the same address that is not ours.
"""

from datetime import timedelta
from uuid import UUID

from allauth.core import context
from django.contrib.auth.models import AnonymousUser
from django.contrib.messages.middleware import MessageMiddleware
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.claims import is_claimed
from accounts.events import first_id
from accounts.forms import SignupForm
from accounts.models import User
from accounts.roles import PlatformRole
from accounts.sessions import SessionStore
from accounts.signup import admit
from config.cast import PASSWORD, PEOPLE
from orgs.models import Membership, Organization
from orgs.roles import Role, TeamRole
from waitlist.inviting import invite
from waitlist.models import Entry

# Who waits, since how many days, and how they came.
WAITING = {
    "frank": (29, {"utm_source": "newsletter", "utm_campaign": "spring"}),  # joins by signing up
    "hana": (24, {"referrer": "news.example"}),  # invited, and the link has expired
    "ivan": (17, {"utm_source": "newsletter", "utm_campaign": "spring"}),  # unsubscribes
    "judy": (12, {"utm_source": "podcast", "referrer": "talk.example"}),  # invited
    "karim": (6, {"referrer": "news.example"}),
    "lena": (4, {"utm_source": "newsletter", "utm_campaign": "summer"}),
    "mateo": (1, {}),
    "nora": (0, {"utm_source": "podcast"}),
}


@transaction.atomic
def seed() -> None:
    """Make what is missing of the cast, also if another process does it at this moment.

    Raises ValidationError for somebody who cannot sign up, and what the rules of organizations do.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('config: seed'))")
    new = [name for name in WAITING if _waits_anew(name)]
    cast = {name: _person(name) for name in PEOPLE}
    _birch(cast)  # before Acme: sign-in opens what Alice joined last
    _acme(cast)
    if "judy" in new:
        judy = Entry.objects.filter(email="judy@example.com").values_list("pk", flat=True)
        invite(judy, by=cast["olivia"])


def sign_up(name: str) -> User:
    """Return who has signed up by the site's own form, with PASSWORD.

    A pass is why their address counts as confirmed, as if they had come by an invitation's link.
    Raises ValidationError if the form refuses.
    """
    request, email = HttpRequest(), f"{name}@example.com"
    request.session, request.user = SessionStore(), AnonymousUser()
    MessageMiddleware(lambda _: HttpResponse()).process_request(request)
    with context.request_context(request):
        admit(request, email)
        typed = {"name": f"{name.title()} Example", "email": email, "password1": PASSWORD}
        form = SignupForm(typed)
        if not form.is_valid():
            refused = [why for reasons in form.errors.values() for why in reasons]
            raise ValidationError([f"{email} cannot sign up: {why}" for why in refused])
        form.try_save(request)
    return User.objects.get(email=email)


def _person(name: str) -> User:
    user = User.objects.filter(email=f"{name}@example.com").first()
    if user and is_claimed(user):
        return user
    user = sign_up(name)
    if name == "olivia":
        user.change_role(PlatformRole.OWNER, by=None)
    return user


def _birch(cast: dict[str, User]) -> None:
    if birch := _organization("Birch", cast["charlie"]):
        _member(birch, cast["alice"])


def _acme(cast: dict[str, User]) -> None:
    """Acme with one person in each role and more, its team Garden, and Erin's invitation."""
    if not (acme := _organization("Acme", cast["alice"])):
        return
    _member(acme, cast["bob"], Role.ADMIN)
    dora = _member(acme, cast["dora"])
    frank = _member(acme, cast["frank"])
    _member(acme, cast["grace"], Role.OWNER)
    _garden(acme, lead=frank, member=dora)
    if not acme.invitations.filter(email="erin@example.com").exists():
        owner = acme.memberships.get(user=cast["alice"])
        acme.invite("erin@example.com", Role.MEMBER, by=owner)


def _organization(name: str, owner: User) -> Organization | None:
    """Return the owner's organization of this name; None if its address is somebody else's."""
    slug = name.lower()
    if there := Organization.objects.filter(slug=slug).first():
        is_theirs = there.memberships.filter(user=owner, role=Role.OWNER).exists()
        return there if is_theirs else None
    return Organization.create(name=name, slug=slug, by=owner)


def _member(organization: Organization, user: User, role: Role = Role.MEMBER) -> Membership:
    there = organization.memberships.filter(user=user).first()
    return there or organization.add_user(user, role)


def _garden(organization: Organization, *, lead: Membership, member: Membership) -> None:
    team = organization.teams.filter(name__iexact="Garden").first()
    team = team or organization.teams.create(name="Garden")
    for membership, role in ((lead, TeamRole.LEAD), (member, TeamRole.MEMBER)):
        team.team_memberships.get_or_create(
            membership=membership, organization=organization, defaults={"role": role}
        )


def _waits_anew(name: str) -> bool:
    """Put this one of WAITING on the waitlist, as if they had come then; False if they wait."""
    days, source = WAITING[name]
    now = timezone.now()
    came = now - timedelta(days=days)
    entry, is_new = Entry.objects.get_or_create(
        email=f"{name}@example.com",
        defaults={
            "id": UUID(
                int=first_id(came).int | uuid7().int % 2**80
            ),  # lists tell by it what is new
            "source": source,
            "created": came,
            "confirmed": came,
        },
    )
    if is_new and name == "ivan":
        entry.unsubscribe()
    if is_new and name == "hana":
        Entry.objects.filter(pk=entry.pk).update(
            token_hash="of a link long gone",
            invited=now - timedelta(days=9),
            expires=now - timedelta(days=2),
        )
    return is_new
