"""All tables of the admin, and a row of each, for tests that leave none out."""

from allauth.account.models import EmailAddress, EmailConfirmation
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount, SocialApp, SocialToken
from django.contrib import admin
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from accounts.events import Event
from accounts.models import Attempt, Avatar, Session, SetupToken, User
from accounts.verbs import Verb
from config.models import MigrationFile
from orgs.models import Organization, Transfer
from orgs.roles import Role
from waitlist.models import Entry

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)


def make_rows(numbers):
    """Make one row of every table for each number."""
    content_type = ContentType.objects.get_for_model(User)
    for n in numbers:
        person = User.objects.create_user(f"person-{n}@example.com", name=f"Person {n}")
        address = EmailAddress.objects.create(user=person, email=person.email)
        EmailConfirmation.objects.create(email_address=address, key=str(n))
        Session.objects.create(user=person, session_key=str(n), expire_date=timezone.now())
        Authenticator.objects.create(user=person, type="totp", data={"secret": "not-for-eyes"})
        account = SocialAccount.objects.create(user=person, provider="google", uid=str(n))
        app = SocialApp.objects.create(provider="google", name=f"App {n}", client_id=str(n))
        SocialToken.objects.create(app=app, account=account, token="not-for-eyes")
        User.objects.filter(pk=person.pk).update(avatar=Avatar.objects.create(image=b""))
        Event.record(Verb.SIGNED_IN, by=person, subject=person)
        Permission.objects.create(name=str(n), codename=str(n), content_type=content_type)
        Group.objects.create(name=f"Group {n}").permissions.add(Permission.objects.first())
        SetupToken.objects.update_or_create(defaults={"token_hash": "not-for-eyes"})
        LogEntry.objects.create(
            user=person, content_type=content_type, object_repr="x", action_flag=ADDITION
        )
        organization = Organization.create(name=f"Org {n}", slug=f"org-{n}", by=person)
        owner = organization.memberships.get()
        team = organization.teams.create(name=f"Team {n}")
        guest = f"guest-{n}@example.com"
        organization.invite(guest, Role.MEMBER, by=owner, teams=[team.pk])
        team.team_memberships.create(membership=owner, organization=organization)
        Transfer.objects.create(organization=organization, membership=owner, expires=timezone.now())
        Entry.join(f"ann-{n}@example.com")
        MigrationFile.objects.create(app="shop", name=f"{n:04}", applied=timezone.now())
        Attempt.objects.create(key=f"login 192.0.2.{n}", times=[], until=timezone.now())
