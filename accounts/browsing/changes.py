"""What somebody changes or deletes in the admin is in the audit trail, too."""

from typing import TYPE_CHECKING, Any, cast

from django.db import models, transaction
from django.forms import ModelForm
from django.http import HttpRequest

from accounts.browsing.lists import Browsable
from accounts.events import Event
from accounts.verbs import Verb

if TYPE_CHECKING:
    from accounts.models import User


class Recorded(Browsable):
    """What somebody changes or deletes here is in the audit trail, too."""

    change_verb: Verb
    delete_verb: Verb

    def told_of(self, obj: Any) -> dict[str, Any]:
        """Return the subject and whatever else the event of a change of `obj` is to say."""
        return {"subject": obj}

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if change and form.changed_data:
            self.record(request, self.change_verb, obj, fields=form.changed_data)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.record(request, self.delete_verb, obj)
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        for obj in queryset:
            self.record(request, self.delete_verb, obj)
        super().delete_queryset(request, queryset)

    def record(self, request: HttpRequest, verb: Verb, obj: Any, **data: Any) -> None:
        by = cast("User", request.user)
        Event.record(verb, by=by, **self.told_of(obj), **data)
