"""The whole cast: the people of the demo (seeding.py) and of the tests, in one place.

Alice is Acme's primary owner, Grace its second one; Bob is an admin, Dora and Frank are members and
Frank leads its team Garden. Charlie, who owns Birch, is a stranger to Acme; Alice is a member of
Birch. Olivia operates the platform and belongs to no organization. In the demo a few more are on
the waitlist, one in each state. What is made here is made past the forms, for the tests are many.
"""

from allauth.account.models import EmailAddress

from accounts.models import User
from accounts.roles import PlatformRole
from orgs.models import Organization, Team
from orgs.roles import Role, TeamRole

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
