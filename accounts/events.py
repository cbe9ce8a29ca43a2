"""What happened: the audit trail. Its verbs and their wording are in accounts/verbs.py, what the
database itself guarantees in migrations/0003_events_stay.py."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from allauth.core import context
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from accounts import client, verbs
from accounts.verbs import Verb

if TYPE_CHECKING:
    from accounts.models import User

LABEL_LENGTH = 254
ERASED = "an erased person"


class Event(models.Model):
    """One line of the audit trail, which only ever grows.

    People and things are kept by id, not by foreign key: the line outlives them. When a person is
    erased the database blanks what tells who they were (`ip`, `subject_label`, `data["personal"]`).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    created = models.DateTimeField("when", db_default=Now(), editable=False)
    verb = models.CharField(max_length=50)
    actor_id = models.UUIDField("who did it", null=True)
    impersonator_id = models.UUIDField("who acted as them", null=True)
    subject_kind = models.CharField(max_length=50, blank=True)
    subject_id = models.UUIDField(null=True)
    subject_label = models.CharField("to whom or what", max_length=LABEL_LENGTH, blank=True)
    organization_id = models.UUIDField(null=True)
    ip = models.GenericIPAddressField("IP address", null=True)
    request_id = models.CharField("request", max_length=64, blank=True)
    data = models.JSONField("details", default=dict)

    class Meta:
        ordering = ["-id"]
        indexes = [
            # Each with the list's order; what is mostly empty is left out of its index.
            models.Index(fields=["verb", "id"], name="event_of_verb"),
            models.Index(fields=["actor_id", "id"], name="event_of_actor"),
            models.Index(
                fields=["impersonator_id", "id"],
                condition=models.Q(impersonator_id__isnull=False),
                name="event_of_impersonator",
            ),
            models.Index(
                fields=["subject_id", "id"],
                condition=models.Q(subject_id__isnull=False),
                name="event_of_subject",
            ),
            models.Index(
                fields=["subject_label"],
                condition=models.Q(subject_label__contains="@"),
                name="event_of_address",
            ),
            models.Index(
                fields=["organization_id", "id"],
                condition=models.Q(organization_id__isnull=False),
                name="event_of_organization",
            ),
            models.Index(
                fields=["organization_id", "verb", "id"],
                condition=models.Q(organization_id__isnull=False),
                name="event_of_organizations_verb",
            ),
            models.Index(fields=["ip", "id"], name="event_of_ip"),
            models.Index(fields=["request_id"], name="event_of_request"),
        ]

    # The names of the people in it by their ids, once `with_names` has read them.
    names: dict[UUID, str] | None = None

    def __str__(self) -> str:
        return " ".join(filter(None, [self.who, self.did, self.whom, self.more]))

    @property
    def who(self) -> str:
        """Who did it: 'Alice', or 'Olivia as Alice'."""
        if self.actor_id is None:
            return "A visitor" if self.request_id else "A command"
        actor = self._name_of(self.actor_id)
        if self.impersonator_id:
            return f"{self._name_of(self.impersonator_id)} as {actor}"
        return actor

    @property
    def did(self) -> str:
        """What they did, up to whom."""
        return verbs.around(self.verb)[0] if self.whom else verbs.alone(self.verb)

    @property
    def whom(self) -> str:
        """To whom or what; nothing where people do something to their own account."""
        if self.subject_id is None:
            return self.subject_label
        return "" if self.subject_id == self.actor_id else self.subject_label or ERASED

    @property
    def more(self) -> str:
        """The end of the sentence: 'in the team Garden from member to lead'."""
        rest = verbs.around(self.verb)[1] if self.whom else ""
        return " ".join(filter(None, [rest, verbs.ending(self.verb, self.data)]))

    @classmethod
    def record(
        cls,
        verb: Verb,
        *,
        by: "User | None",
        subject: models.Model | None = None,
        label: str | None = None,
        organization_id: UUID | None = None,
        **data: Any,
    ) -> "Event":
        """Write one event, in the transaction of what it tells of: call it inside of that.

        `by` is who did it, None for a visitor or a command. `subject` is to whom or what, left out
        where people do something to their own account; `label` names it where its text would not
        do. `data` is whatever JSON can hold, with people in it by id: what could identify one goes
        into `personal={…}`, about the subject or, without one, about `by`. IP address, request
        and impersonator are those of the current request, if there is one.

        Raises ValueError for a verb that is not in the list.
        """
        return cls.objects.create(**_fields(verb, by, subject, label, organization_id, **data))

    @classmethod
    def record_all(
        cls,
        verb: Verb,
        *,
        by: "User | None",
        subjects: Mapping[models.Model, str],
        organization_id: UUID | None = None,
        **data: Any,
    ) -> None:
        """Write an event about each subject, by the label it is given, as `record` does for one.

        However many these are, it is one statement.
        """
        shared = {"organization_id": organization_id, **data}
        told = ({"subject": one, "label": label, **shared} for one, label in subjects.items())
        cls.record_each(verb, by=by, told=told)

    @classmethod
    def record_each(
        cls, verb: Verb, *, by: "User | None", told: Iterable[Mapping[str, Any]]
    ) -> None:
        """Write an event for each of `told`, which are what `record` takes beside verb and `by`.

        However many these are, it is one statement.
        """
        Event.objects.bulk_create(Event(**_fields(verb, by, **one)) for one in told)

    @classmethod
    def of(cls, person: "User") -> models.QuerySet["Event"]:
        """Return what this person did, what was done to them, and what they did as others."""
        return cls.objects.filter(
            models.Q(actor_id=person.pk)
            | models.Q(subject_id=person.pk)
            | models.Q(impersonator_id=person.pk)
        )

    @classmethod
    def about(cls, pk: UUID, *, most: int) -> models.QuerySet["Event"]:
        """Return the newest events with this id: of a person, an organization or another row.

        Each column is read by its own index, and no further than that.
        """
        columns = ("actor_id", "subject_id", "impersonator_id", "organization_id")
        first, *others = (
            cls.objects.filter(**{column: pk}).order_by("-id")[:most] for column in columns
        )
        return first.union(*others).order_by("-id")[:most]

    def _name_of(self, person: UUID) -> str:
        return "Somebody" if self.names is None else self.names.get(person, ERASED.capitalize())


def first_id(moment: datetime) -> UUID:
    """Return what no event since that moment is below: ids begin with 48 bits of milliseconds."""
    milliseconds = int(moment.timestamp() * 1000)
    return UUID(int=min(max(milliseconds, 0), 2**48 - 1) << 80)


def with_names(events: Iterable[Event]) -> list[Event]:
    """Return the events, each with the names of the people in it, for one statement."""
    events = list(events)
    ids = {person for event in events for person in (event.actor_id, event.impersonator_id)}
    people = get_user_model()._default_manager.only("name", "email").in_bulk(ids - {None})
    names = {pk: str(person) for pk, person in people.items()}
    for event in events:
        event.names = names
    return events


def _fields(
    verb: Verb,
    by: "User | None",
    subject: models.Model | None = None,
    label: str | None = None,
    organization_id: UUID | None = None,
    **data: Any,
) -> dict[str, Any]:
    """Return an event's fields, those of the current request among them."""
    request = context.request
    return {
        "verb": Verb(verb),
        "actor_id": by and by.pk,
        "impersonator_id": request and getattr(request.session, "impersonator_id", None),
        "subject_kind": subject._meta.model_name if subject else "",
        "subject_id": subject.pk if subject and isinstance(subject.pk, UUID) else None,
        "subject_label": (label or str(subject))[:LABEL_LENGTH] if subject else "",
        "organization_id": organization_id,
        "ip": client.ip(request.META) if request else None,
        "request_id": getattr(request, "id", ""),
        "data": data,
    }
