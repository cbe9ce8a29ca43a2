"""The whole cast: the people of the demo and of the tests, in one place.

Alice owns Acme; Bob is one of its admins, Dora a member. Charlie, who owns Birch, is a stranger to
Acme; Alice is a member of Birch. Olivia operates the platform and belongs to no organization.
"""

from allauth.account.models import EmailAddress
from django.db import transaction

from accounts.models import User
from accounts.roles import PlatformRole
from orgs.models import Organization
from orgs.roles import Role

PASSWORD = "green-field-2026"  # in development and tests only
PEOPLE = {
    "alice": "owns Acme",
    "bob": "admin of Acme",
    "charlie": "owns Birch, a stranger to Acme",
    "dora": "member of Acme",
    "olivia": "owns the platform",
}


@transaction.atomic
def seed() -> None:
    """Make the cast in a database where nobody is yet."""
    cast = {name: person(name) for name in PEOPLE}
    organization = acme(cast["alice"], cast["bob"], cast["dora"])
    owner = organization.memberships.get(user=cast["alice"])
    organization.invite("erin@example.com", Role.MEMBER, by=owner)
    birch(cast["charlie"], cast["alice"])


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


def birch(owner: User, member: User) -> Organization:
    """Return the new organization Birch."""
    organization = Organization.create(name="Birch", slug="birch", by=owner)
    organization.add_user(member)
    return organization
