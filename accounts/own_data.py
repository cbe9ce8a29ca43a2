"""Everything that is kept about a person, for them to take along: one JSON file.

There is no list of tables: whatever leads to the person by foreign keys, or holds one of their
confirmed addresses, belongs to it; a table that is added in years, too. What nobody may take along
is left out by rules that err on the safe side: secrets, and of other people all but their names.
"""

import base64
import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

from allauth.account.models import EmailAddress
from django.apps import apps
from django.apps.registry import Apps
from django.contrib.postgres.search import SearchVectorField
from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import CASCADE, BinaryField, CharField, EmailField, Field, JSONField, Model, Q
from django.utils import timezone

from accounts.models import Event, Session, User
from accounts.verbs import Verb, alone

ABOUT = (
    "Everything that is kept about you. Secrets are left out, such as the hash of your password, "
    "and of other people everything but their names. Times are in UTC."
)
LOOKS_SECRET = re.compile("password|secret|token|hash|key|code|credential|salt|session_data")
# Nobody knows, or can read, what is inside: left out but for …
OPAQUE = (JSONField, BinaryField, SearchVectorField)
READABLE = {"socialaccount.SocialAccount.extra_data", "waitlist.Entry.source"}
PRIVATE = {"accounts.User.avatar", "accounts.User.banned_by", "accounts.Session.parent"}
WORDING = dict(Verb.choices)
# No device of theirs: somebody acted as them. The events tell of it.
NOT_THEIRS: dict[type[Model], Q] = {Session: Q(impersonated_by__isnull=False)}


def pieces(person: User) -> Iterator[str]:
    """Yield the file piece by piece, row by row, as long as it may be."""
    about = {"about": ABOUT, "made": timezone.now(), "you": _profile(person)}
    yield _json(about).removesuffix("}")
    yield from _list("events", _events(person))
    for model, lookups in tables().items():
        name = f"{model._meta.app_label} {model._meta.verbose_name_plural}"
        yield from _list(name, _rows(model, lookups, person))
    yield "}\n"


def tables(registry: Apps = apps) -> dict[type[Model], list[str]]:
    """Return the tables with rows about people, and the lookups that lead from each to them.

    What goes when the person goes (CASCADE) is theirs, and so is what points to it. Any other
    row that points to them only mentions them. A table that is nobody's is searched for their
    addresses instead.
    """
    every = registry.get_models(include_auto_created=True)
    models = [model for model in every if model != User and not model._meta.proxy]
    found: dict[type[Model], list[str]] = defaultdict(list)
    owned = set()

    def follow(target: type[Model], way: str) -> None:
        for model in models:
            for field in _pointers(model, target):
                found[model].append(f"{field.name}{way}")
                if field.remote_field.on_delete is CASCADE and model not in owned:
                    owned.add(model)
                    follow(model, f"__{field.name}{way}")

    follow(User, "")
    for model in set(models) - owned:
        found[model] += [f"{field.name}__in" for field in _fields(model, EmailField)]
    return {model: found[model] for model in models if found[model]}


def shown(model: type[Model]) -> list["Field[Any, Any]"]:
    """Return the fields that a person may take along of their rows."""
    return [field for field in model._meta.concrete_fields if not _is_left_out(field)]


def _is_left_out(field: "Field[Any, Any]") -> bool:
    name = f"{field.model._meta.label}.{field.name}"
    return (
        name in PRIVATE
        or bool(LOOKS_SECRET.search(field.name))
        or (isinstance(field, OPAQUE) and name not in READABLE)
    )


def _fields(model: type[Model], kind: type["Field[Any, Any]"]) -> list["Field[Any, Any]"]:
    return [field for field in model._meta.concrete_fields if isinstance(field, kind)]


def _pointers(model: type[Model], target: type[Model]) -> list[Any]:
    """Return the foreign keys from one table to another; its own rows do not count."""
    fields = [] if model == target else model._meta.concrete_fields
    return [field for field in fields if field.related_model == target]


def _profile(person: User) -> dict[str, Any]:
    row = next(_rows(User, ["pk"], person))
    picture, verified = (
        User.objects.with_email_verified()
        .values_list("avatar__image", "email_verified")
        .get(pk=person.pk)
    )
    return row | {
        "email_verified": verified,
        "picture (WebP, base64)": picture and base64.b64encode(picture).decode(),
    }


def _rows(model: type[Model], lookups: list[str], person: User) -> Iterator[dict[str, Any]]:
    """Yield the rows about this person as they are told to them."""
    addresses = EmailAddress.objects.filter(user=person, verified=True)
    theirs = Q()
    for lookup in lookups:
        value = addresses.values("email") if lookup.endswith("__in") else person.pk
        theirs |= Q(**{lookup: value})
    rows = model._base_manager.filter(theirs).exclude(NOT_THEIRS.get(model, Q(pk=None)))
    fields = shown(model)
    columns = {column for field in fields for column in (field.name, _name_of(field)) if column}
    for row in rows.order_by("pk").values(*columns).iterator():
        yield {field.name: _told(row, field, person) for field in fields}


def _name_of(field: "Field[Any, Any]") -> str:
    """Return the lookup of the name of what a foreign key points to, if that has one."""
    names = _fields(field.related_model, CharField) if field.related_model else []
    return f"{field.name}__name" if "name" in [name.name for name in names] else ""


def _told(row: dict[str, Any], field: "Field[Any, Any]", person: User) -> Any:
    value = row[field.name]
    if value is None or not field.related_model:
        return value
    if field.related_model == User:
        return "you" if value == person.pk else row[_name_of(field)] or "somebody else"
    return row[_name_of(field)] if _name_of(field) else value


def _events(person: User) -> Iterator[dict[str, Any]]:
    """Yield what they did, and what was done to them: events hold ids and no foreign keys.

    The IP address is theirs unless somebody else acted.
    """
    for event in Event.of(person).order_by("pk").iterator():
        doer = event.impersonator_id or event.actor_id
        wording = WORDING.get(event.verb, event.verb) if event.subject_id else alone(event.verb)
        yield {
            "when": event.created,
            "by": "you" if doer == person.pk else "somebody else" if doer else None,
            "what": wording,
            "about": "you" if event.subject_id == person.pk else event.subject_label,
            "ip": event.ip if doer in (None, person.pk) else None,
            "more": event.data,
        }


def _list(name: str, rows: Iterable[dict[str, Any]]) -> Iterator[str]:
    """Yield one more entry of the file, or nothing at all without rows."""
    separator = f",\n{_json(name)}: [\n"
    empty = True
    for row in rows:
        yield separator + _json(row)
        separator, empty = ",\n", False
    if not empty:
        yield "\n]"


def _json(value: Any) -> str:
    return json.dumps(value, default=_as_text, ensure_ascii=False)


def _as_text(value: Any) -> Any:
    """Return whatever a column may hold, in years too, as something that JSON has."""
    try:
        return DjangoJSONEncoder().default(value)
    except TypeError:
        return str(value)
