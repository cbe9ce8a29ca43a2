"""The whole cast: the people of the demo and of the tests, in one place.

Alice is Acme's primary owner, Grace its second one; Bob is an admin, Dora and Frank are members and
Frank leads its team Garden. Charlie, who owns Birch, is a stranger to Acme; Alice is a member of
Birch. Olivia operates the platform and belongs to no organization. A few more are on the waitlist:
one in each state, so that there is something to look at.
"""

from datetime import timedelta
from uuid import UUID

from allauth.account.models import EmailAddress
from django.db import transaction
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.events import first_id
from accounts.models import User
from accounts.roles import PlatformRole
from orgs.models import Organization, Team
from orgs.roles import Role, TeamRole
from waitlist.inviting import invite
from waitlist.models import Entry

PASSWORD = "green-field-2026"  # in development and tests only
PEOPLE = {
    "alice": "the primary owner of Acme",
    "bob": "admin of Acme",
    "charlie": "owns Birch, a stranger to Acme",
    "dora": "member of Acme",
    "frank": "member of Acme, leads its team Garden",
    "grace": "the second owner of Acme",
    "olivia": "owns the platform",
}
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
    """Make the cast in a database where nobody is yet."""
    waitlist()
    cast = {name: person(name) for name in PEOPLE}
    birch(cast["charlie"], cast["alice"])  # before Acme: sign-in opens what Alice joined last
    organization = acme(cast["alice"], cast["bob"], cast["dora"])
    organization.add_user(cast["grace"], Role.OWNER)
    garden(organization, cast["frank"], cast["dora"])
    owner = organization.memberships.get(user=cast["alice"])
    organization.invite("erin@example.com", Role.MEMBER, by=owner)
    let_in("judy", by=cast["olivia"])


def person(name: str) -> User:
    """Return a new person of the cast, with a confirmed address and PASSWORD."""
    role = PlatformRole.OWNER if name == "olivia" else PlatformRole.USER
    user = User.objects.create_user(
        f"{name}@example.com",
        PASSWORD,
        name=f"{name.title()} Example",
        role=role,
    )
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def acme(owner: User, admin: User, member: User) -> Organization:
    """Return the new organization Acme with one person in each role."""
    organization = Organization.create(name="Acme", slug="acme", by=owner)
    organization.add_user(admin, Role.ADMIN)
    organization.add_user(member)
    return organization


def garden(organization: Organization, lead: User, member: User) -> Team:
    """Return the new team Garden: its lead becomes a member of the organization, too."""
    organization.add_user(lead)
    team = organization.teams.create(name="Garden")
    for person, role in ((lead, TeamRole.LEAD), (member, TeamRole.MEMBER)):
        membership = organization.memberships.get(user=person)
        team.team_memberships.create(membership=membership, organization=organization, role=role)
    return team


def birch(owner: User, member: User) -> Organization:
    """Return the new organization Birch."""
    organization = Organization.create(name="Birch", slug="birch", by=owner)
    organization.add_user(member)
    return organization


def waitlist() -> None:
    """Put WAITING on the waitlist, as if they had come over the last weeks."""
    now = timezone.now()
    for name, (days, source) in WAITING.items():
        came = now - timedelta(days=days)
        Entry.objects.create(
            id=UUID(int=first_id(came).int | uuid7().int % 2**80),  # lists tell by it what is new
            email=f"{name}@example.com",
            source=source,
            created=came,
            confirmed=came,
        )
    Entry.objects.get(email="ivan@example.com").unsubscribe()
    Entry.objects.filter(email="hana@example.com").update(
        token_hash="of a link long gone",
        invited=now - timedelta(days=9),
        expires=now - timedelta(days=2),
    )


def let_in(name: str, by: User) -> None:
    """Invite this person from the waitlist."""
    invite(Entry.objects.filter(email=f"{name}@example.com").values_list("pk", flat=True), by=by)
