"""Who: people and the devices they are signed in on."""

import unicodedata
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models.functions import Lower, Now
from uuid_utils.compat import uuid7

from accounts import passwords
from accounts.names import validate_name


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
        """Return a new platform administrator, for `manage.py createsuperuser`."""
        return self.create_user(
            email, password, name=name, is_staff=True, is_superuser=True, **fields
        )


class User(AbstractBaseUser, PermissionsMixin):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(max_length=254, unique=True)
    name = models.CharField(max_length=100, blank=True, validators=[validate_name])
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField("may open the admin", default=False)
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

    class Meta:
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.ip or 'a device'} since {self.created:%Y-%m-%d %H:%M}"

    @classmethod
    def get_session_store_class(cls) -> type:
        from accounts.sessions import SessionStore

        return SessionStore


def initials(name: str) -> str:
    """Return one or two letters of the name, which stand where a picture would."""
    words = name.split() or ["?"]
    return "".join(word[0] for word in words[:1] + words[1:][-1:]).upper()
