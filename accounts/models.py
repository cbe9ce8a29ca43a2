"""Who: people, the devices they are signed in on, and what happened."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import uuid4

from django.contrib.auth.hashers import verify_password
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.base_session import AbstractBaseSession
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, models, transaction
from django.db.models.functions import Lower, Now
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts import addresses, emails, names
from accounts.events import Event as Event  # one of the models of this app
from accounts.limits import Attempt as Attempt  # a table of this app
from accounts.outbox.mail import Mail as Mail  # and this
from accounts.roles import LastOwner, PlatformRole, last_owner_stays
from accounts.signin import passwords
from accounts.time_zones import validate_time_zone
from accounts.verbs import Verb

# What decides about a person may have changed since their row was read.
STANDING = ["role", "is_active", "banned_at", "ban_reason", "ban_until", "banned_by"]


class UserManager(BaseUserManager["User"]):
    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Return the address as it is stored; see `addresses.normalize`."""
        return addresses.normalize(email or "")

    def get_by_natural_key(self, email: str | None) -> "User":
        """Return the person of this address, typed in any way; raises DoesNotExist."""
        return self.get(email=self.normalize_email(email))

    def with_email_verified(self) -> "models.QuerySet[Any]":
        """Return people with `email_verified`: whether they proved that its mailbox is theirs.

        allauth keeps that; there is no copy of it that could be wrong.
        """
        from allauth.account.models import EmailAddress  # whose table needs this one

        proved = EmailAddress.objects.filter(
            user=models.OuterRef("pk"), email=models.OuterRef("email"), verified=True
        )
        return self.annotate(email_verified=models.Exists(proved))

    def create_user(
        self, email: str, password: str | None = None, *, name: str = "", **fields: Any
    ) -> "User":
        """Return a new, saved person; without a password they can only set one by email.

        Raises IntegrityError for an address that is taken, whatever its case.
        """
        user = self.model(email=self.normalize_email(email), name=name, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(
        self, email: str, password: str | None = None, *, name: str = "", **fields: Any
    ) -> "User":
        """Return a new platform owner, for `manage.py createsuperuser`."""
        return self.create_user(email, password, name=name, role=PlatformRole.OWNER, **fields)


# Where a person is found by words: their name, and their address taken apart.
SEARCHED = SearchVector(
    "name",
    models.Func(
        models.F("email"), models.Value("@._-+"), models.Value("     "), function="translate"
    ),
    config="simple",
)


class Avatar(models.Model):
    """A person's picture, 256 by 256 pixels, re-encoded as WebP. Its id is its address."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    image = models.BinaryField()
    created = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return str(self.id)


class User(AbstractBaseUser):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=addresses.LENGTH, unique=True)
    name = models.CharField(max_length=names.LENGTH, blank=True, validators=[names.validate_name])
    avatar = models.OneToOneField(
        Avatar, models.SET_NULL, null=True, blank=True, editable=False, related_name="user"
    )
    time_zone = models.CharField(max_length=50, default="UTC", validators=[validate_time_zone])
    role = models.CharField(
        "platform role", max_length=20, choices=PlatformRole, default=PlatformRole.USER
    )
    is_active = models.BooleanField(default=True)
    banned_at = models.DateTimeField(null=True, blank=True, editable=False)
    ban_reason = models.CharField(max_length=500, blank=True, editable=False)
    ban_until = models.DateTimeField(null=True, blank=True, editable=False)
    banned_by = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    created = models.DateTimeField(db_default=Now(), editable=False)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"

    class Meta:
        ordering = ["-id"]
        constraints = [
            # With this the plain unique index means "unique whatever the case".
            models.CheckConstraint(
                condition=models.Q(email=Lower("email")), name="user_email_lower"
            ),
            models.CheckConstraint(
                condition=models.Q(role__in=PlatformRole.values), name="user_role"
            ),
        ]
        indexes = [
            # Few among millions.
            models.Index(
                fields=["role", "id"],
                condition=~models.Q(role=PlatformRole.USER),
                name="user_with_platform_role",
            ),
            models.Index(
                fields=["id"], condition=models.Q(banned_at__isnull=False), name="user_banned"
            ),
            models.Index(
                fields=["id"], condition=models.Q(is_active=False), name="user_switched_off"
            ),
            models.Index(fields=["name", "-id"], name="user_name"),
            GinIndex(SEARCHED, name="user_search"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        super().clean()
        self.email = self.__class__.objects.normalize_email(self.email)

    def check_password(self, raw_password: str | None) -> bool:
        """Whether it is the password; a hash of an earlier kind is renewed, if it still holds."""
        if raw_password is None or len(raw_password) > passwords.MAX_LENGTH:
            return False
        is_right, is_old = verify_password(raw_password, self.password)
        return passwords.is_renewed(self, raw_password) if is_right and is_old else is_right

    def get_full_name(self) -> str:
        return str(self)

    @property
    def is_staff(self) -> bool:
        """Whether the admin opens at all."""
        return self.role != PlatformRole.USER

    @property
    def is_superuser(self) -> bool:
        return self.role == PlatformRole.OWNER

    @property
    def is_banned(self) -> bool:
        """Whether a ban holds now; one with an end lifts itself."""
        return self.banned_at is not None and (
            self.ban_until is None or self.ban_until > timezone.now()
        )

    @property
    def may_act(self) -> bool:
        """Whether the account is switched on and not banned: otherwise no role gives anything."""
        return self.is_active and not self.is_banned

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Whether the platform role allows 'app.action_model' in Django's admin."""
        action = perm.partition(".")[2].partition("_")[0]
        return self.may_act and PlatformRole(self.role).allows(action)

    def has_perms(self, perm_list: Any, obj: Any = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return self.may_act and self.is_staff

    def outranks(self, other: "User") -> bool:
        """Whether this person may handle the other: ban, edit or act as them, change their role.

        An admin those strictly below, an owner everybody else, nobody themselves.
        """
        return self.may_act and self != other and PlatformRole(self.role).handles(other.role)

    def ban(self, *, by: "User", reason: str, until: datetime | None = None) -> None:
        """Keep this person out, until that moment or for good, and sign them out everywhere.

        They read the reason. Banning again replaces reason and end. Raises ValidationError for
        no reason or an end that is past, PermissionDenied if `by` may not, LastOwner.
        """
        reason = User._meta.get_field("ban_reason").clean(reason.strip(), self)
        if not reason:
            raise ValidationError("Say why: the person reads it when they try to sign in.")
        if until and until <= timezone.now():
            raise ValidationError("The end of a ban lies in the future.")
        with self._handled(by):
            self._update(banned_at=timezone.now(), ban_reason=reason, ban_until=until, banned_by=by)
            self.sign_out_everywhere()
            end = until and until.isoformat()
            Event.record(Verb.BANNED, by=by, subject=self, until=end, personal={"reason": reason})

    def unban(self, *, by: "User") -> None:
        """Let this person sign in again; no session comes back.

        Raises ValidationError if they are not banned, PermissionDenied if `by` may not.
        """
        with self._handled(by):
            if not self.is_banned:
                raise ValidationError(f"{self} is not banned.")
            self._update(banned_at=None, ban_reason="", ban_until=None, banned_by=None)
            self.sign_out_everywhere()  # also whose sign-in ended at the moment the ban began
            Event.record(Verb.UNBANNED, by=by, subject=self)

    def change_role(self, role: str, *, by: "User | None") -> None:
        """Give this person another platform role and sign them out everywhere.

        `by` is None for a command and the allow-list. The role they have already changes nothing.
        Raises PermissionDenied if `by` may not, LastOwner, ValueError for what is no role.
        """
        new = PlatformRole(role)
        with self._handled(by) as actor:
            if actor and not PlatformRole(actor.role).handles(new):
                raise PermissionDenied(f"Only an owner may give the role {new.label}.")
            before = self.role
            if before == new:
                return
            self._update(role=new)
            self.sign_out_everywhere()
            Event.record(Verb.ROLE_CHANGED, by=by, subject=self, before=before, after=new)

    def deactivate(self, *, by: "User") -> None:
        """Switch the account off and sign it out everywhere; one that is off stays as it is.

        Raises PermissionDenied if `by` may not, LastOwner.
        """
        with self._handled(by):
            if not self.is_active:
                return
            self._update(is_active=False)
            self.sign_out_everywhere()
            Event.record(Verb.DEACTIVATED, by=by, subject=self)

    def activate(self, *, by: "User") -> None:
        """Switch the account on again; one that is on stays as it is.

        Raises PermissionDenied if `by` may not.
        """
        with self._handled(by):
            if self.is_active:
                return
            self._update(is_active=True)
            Event.record(Verb.ACTIVATED, by=by, subject=self)

    def sign_out_everywhere(self, *, but: SessionBase | None = None) -> None:
        """End every session of this person, also those in which somebody acts as them.

        `but` is the session whose device stays, usually `request.session`. No browser is trusted
        any longer: each asks for the second factor at its next sign-in.
        """
        from accounts.mfa.factors import distrust_browsers  # which needs the models

        ended = self.sessions.all()
        if but is not None:
            ended = ended.exclude(session_key=Session.hash_of(but.session_key))
        ended.delete()
        distrust_browsers(self)

    def erase(self, *, by: "User") -> None:
        """Delete this person with all that is theirs, and confirm it by email.

        Raises PermissionDenied if `by` is neither they nor may handle them, LastOwner, and
        IntegrityError for rows that need them: erasure.obstacles says which.
        """
        pk, email = self.pk, self.email
        try:
            with self._held() if by == self else self._handled(by):
                Event.record(Verb.ACCOUNT_DELETED, by=by, subject=None if by == self else self)
                self.delete()
                emails.erased(email)  # now: emails to them that are under way went with them
        except (IntegrityError, LastOwner):
            self.pk = pk  # which Django has taken from them, before the commit was refused
            raise

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        """Delete the person and all that hangs on them; raises LastOwner."""
        with last_owner_stays():
            return super().delete(*args, **kwargs)

    @transaction.atomic
    def change_avatar(self, image: bytes | None) -> None:
        """Show this picture from now on (see avatars.encode), or none; the old one is gone.

        The database deletes it: migrations/0006_pictures_go_with_people.py.
        """
        self._update(avatar=Avatar.objects.create(image=image) if image else None)

    def _update(self, **changes: Any) -> None:
        """Write the fields, here only once the database has taken them."""
        User.objects.filter(pk=self.pk).update(**changes)
        for field, value in changes.items():
            setattr(self, field, value)

    @contextmanager
    def _held(self) -> Iterator[None]:
        """Hold this person, who is about to do something to themselves; raises LastOwner."""
        with last_owner_stays():
            User.objects.select_for_update(no_key=True).filter(pk=self.pk).first()
            yield

    @contextmanager
    def _handled(self, by: "User | None") -> Iterator["User | None"]:
        """Hold this person and `by` as they are now: nobody acts by a power they are losing.

        Raises PermissionDenied unless `by` (None: a command) may handle this person, and
        LastOwner if no owner would be left.
        """
        with last_owner_stays():
            both = User.objects.filter(pk__in=[self.pk, by and by.pk]).order_by("pk")
            held = {person.pk: person for person in both.select_for_update(no_key=True)}
            self.refresh_from_db(fields=STANDING)
            actor = by and held.get(by.pk)
            if by and not (actor and actor.outranks(self)):
                raise PermissionDenied(f"Your role does not allow you to do this to {self}.")
            yield actor

    @property
    def initials(self) -> str:
        return names.initials(str(self))


class SetupToken(models.Model):
    """What makes the platform's first owner (accounts/setup.py): one row at most, kept hashed."""

    id = models.SmallIntegerField(primary_key=True, default=1, editable=False)
    token_hash = models.CharField(max_length=64)

    def __str__(self) -> str:
        return "the token of /setup/"


class Session(AbstractBaseSession):
    """One signed-in device: deleting the row signs it out, deleting the person deletes the rows.

    The cookie holds the session key, this table only its hash: it lets nobody sign in.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    session_key = models.CharField("hash of the session key", max_length=64, unique=True)
    user = models.ForeignKey(
        User, models.CASCADE, null=True, related_name="sessions", db_index=False
    )
    created = models.DateTimeField(db_default=Now(), editable=False)
    last_seen = models.DateTimeField(db_default=Now())
    ip = models.GenericIPAddressField("IP address", null=True)
    user_agent = models.CharField(max_length=200, blank=True)
    impersonated_by = models.ForeignKey(
        User, models.CASCADE, null=True, blank=True, related_name="impersonations"
    )
    # The impersonator's own device: signing it out ends what it began. The constraint is in
    # 0005_sessions_end_together: what cascades in PostgreSQL leaves no gap, and is one statement.
    parent = models.ForeignKey(
        "self", models.DO_NOTHING, null=True, blank=True, db_constraint=False
    )

    # Where this device was last, for redirects alone. Plain ids: accounts imports no organizations.
    # The foreign keys that empty them are in orgs/migrations/0004_teams_stay_inside.
    active_organization_id = models.UUIDField("last organization", null=True, editable=False)
    active_team_id = models.UUIDField("last team", null=True, editable=False)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(impersonated_by=None, parent=None)
                | models.Q(impersonated_by__isnull=False, parent__isnull=False),
                name="session_impersonation",
            )
        ]
        indexes = [
            models.Index(fields=["user", "id"], name="session_of_user"),
            models.Index(
                fields=["active_team_id"],
                condition=models.Q(active_team_id__isnull=False),
                name="session_in_team",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.ip or 'a device'} since {self.created:%Y-%m-%d %H:%M}"

    @classmethod
    def get_session_store_class(cls) -> type:
        from accounts.sessions import SessionStore

        return SessionStore

    @staticmethod
    def hash_of(session_key: str | None) -> str:
        """Return what the table keeps of a cookie's session key, whatever the cookie holds."""
        return hashlib.sha256((session_key or "").encode(errors="replace")).hexdigest()
