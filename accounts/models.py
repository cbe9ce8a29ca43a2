"""Who: people, the devices they are signed in on, and what happened."""

import unicodedata
from typing import Any
from uuid import UUID, uuid4

from allauth.core import context
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Lower, Now
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts import client, passwords
from accounts.names import validate_name
from accounts.roles import ACTIONS, PlatformRole
from accounts.verbs import Verb


class UserManager(BaseUserManager["User"]):
    @classmethod
    def normalize_email(cls, email: str | None) -> str:
        """Return the address as it is stored: trimmed, NFKC and lower-case."""
        return unicodedata.normalize("NFKC", email or "").strip().lower()

    def get_by_natural_key(self, email: str | None) -> "User":
        """Return the person of this address, typed in any way; raises DoesNotExist."""
        return self.get(email=self.normalize_email(email))

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


class Avatar(models.Model):
    """A person's picture, 256 by 256 pixels, re-encoded as WebP. Its id is its address."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    image = models.BinaryField()
    created = models.DateTimeField(db_default=Now(), editable=False)

    def __str__(self) -> str:
        return str(self.id)


class User(AbstractBaseUser):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=100, blank=True, validators=[validate_name])
    avatar = models.OneToOneField(
        Avatar, models.SET_NULL, null=True, blank=True, editable=False, related_name="user"
    )
    time_zone = models.CharField(max_length=50, default="UTC")
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

    def __str__(self) -> str:
        return self.name or self.email

    def clean(self) -> None:
        super().clean()
        self.email = self.__class__.objects.normalize_email(self.email)

    def check_password(self, raw_password: str | None) -> bool:
        if len(raw_password or "") > passwords.MAX_LENGTH:
            return False
        return super().check_password(raw_password)

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

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """Whether the platform role allows 'app.action_model' in Django's admin."""
        action = perm.partition(".")[2].partition("_")[0]
        return self.is_active and action in ACTIONS[PlatformRole(self.role)]

    def has_perms(self, perm_list: Any, obj: Any = None) -> bool:
        return all(self.has_perm(perm, obj) for perm in perm_list)

    def has_module_perms(self, app_label: str) -> bool:
        return self.is_active and self.is_staff

    @property
    def initials(self) -> str:
        return initials(str(self))


class Session(AbstractBaseSession):
    """One signed-in device: deleting the row signs it out, deleting the person deletes the rows.

    The cookie holds the session key, this table only its hash: it lets nobody sign in.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    session_key = models.CharField("hash of the session key", max_length=64, unique=True)
    user = models.ForeignKey(User, models.CASCADE, null=True, related_name="sessions")
    created = models.DateTimeField(db_default=Now(), editable=False)
    last_seen = models.DateTimeField(db_default=Now())
    ip = models.GenericIPAddressField("IP address", null=True)
    user_agent = models.CharField(max_length=200, blank=True)
    impersonated_by = models.ForeignKey(
        User, models.CASCADE, null=True, blank=True, related_name="impersonations"
    )
    # The impersonator's own device: signing it out ends what it began.
    parent = models.ForeignKey("self", models.CASCADE, null=True, blank=True)

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.ip or 'a device'} since {self.created:%Y-%m-%d %H:%M}"

    @classmethod
    def get_session_store_class(cls) -> type:
        from accounts.sessions import SessionStore

        return SessionStore


class Event(models.Model):
    """What happened: one line of the audit trail, which only ever grows.

    People and things are kept by id, not by foreign key: the line outlives them.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created = models.DateTimeField("when", db_default=Now(), editable=False)
    verb = models.CharField(max_length=50, choices=Verb)
    actor_id = models.UUIDField(null=True)
    impersonator_id = models.UUIDField(null=True)
    subject_kind = models.CharField(max_length=50, blank=True)
    subject_id = models.UUIDField(null=True)
    subject_label = models.CharField(max_length=254, blank=True)
    organization_id = models.UUIDField(null=True)
    ip = models.GenericIPAddressField("IP address", null=True)
    request_id = models.CharField(max_length=64, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["actor_id", "id"], name="event_of_actor"),
            models.Index(fields=["subject_id", "id"], name="event_of_subject"),
            models.Index(fields=["organization_id", "id"], name="event_of_organization"),
        ]

    def __str__(self) -> str:
        return f"{Verb(self.verb).label} {self.subject_label}".strip()

    @classmethod
    def record(
        cls,
        verb: Verb,
        *,
        by: User | None,
        subject: models.Model | None = None,
        organization_id: UUID | None = None,
        **data: Any,
    ) -> "Event":
        """Write one event, in the transaction of what it tells of.

        `by` is who did it, None for a visitor or a command; `data` is whatever JSON can hold.
        Address, request and impersonator are those of the current request, if there is one.
        """
        request = context.request
        session = getattr(request, "session", None)
        return cls.objects.create(
            verb=verb,
            actor_id=by and by.pk,
            impersonator_id=getattr(session, "impersonator_id", None),
            subject_kind=subject._meta.model_name if subject else "",
            subject_id=subject and subject.pk,
            subject_label=str(subject)[:254] if subject else "",
            organization_id=organization_id,
            ip=client.ip(request.META) if request else None,
            request_id=getattr(request, "id", ""),
            data=data,
        )


def initials(name: str) -> str:
    """Return one or two letters of the name, which stand where a picture would."""
    words = name.split() or ["?"]
    return "".join(word[0] for word in words[:1] + words[1:][-1:]).upper()
