"""What somebody adds, changes or deletes in the admin is in the audit trail, too."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from accounts.events import Event
from accounts.verbs import Verb

if TYPE_CHECKING:
    from accounts.models import User


class Recorded(admin.ModelAdmin):
    """Writes an event for each row that is added, changed or deleted, in the same transaction.

    Whoever registers a table need do nothing for it. A verb that says more than 'changed the row'
    is one attribute; None if the model's own verb, or a receiver, tells it already.
    """

    add_verb: Verb | None = Verb.ROW_ADDED
    change_verb: Verb | None = Verb.ROW_CHANGED
    delete_verb: Verb | None = Verb.ROW_DELETED
    told_by_verbs: Iterable[str] = ()  # fields whose changes the model's own verbs record

    def told_of(self, obj: Any) -> dict[str, Any]:
        """Return the subject and whatever else the event about `obj` is to say.

        The trail outlives the row. So what tells who somebody is stays out of it, or goes where
        the database blanks it once they are gone: see Event.record.
        """
        return named_by_its_key(obj)

    def hold(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        """Hold the rows while somebody changes or deletes them.

        A table whose verbs take other locks first takes them here, too, in the same order.
        """
        list(rows.order_by("pk").select_for_update(no_key=True).values_list("pk"))

    def record_added(self, request: HttpRequest, obj: Any) -> None:
        if self.add_verb:
            self.record(request, self.add_verb, [obj])

    def record_changed(self, request: HttpRequest, obj: Any, fields: list[str]) -> None:
        """Record that these fields have other values now; not which, for the trail keeps them."""
        fields = [field for field in fields if field not in self.told_by_verbs]
        if self.change_verb and fields:
            self.record(request, self.change_verb, [obj], fields=fields)

    def record_deleted(self, request: HttpRequest, rows: Iterable[Any]) -> None:
        """Record of each row, before it goes, that it is deleted: one statement for all."""
        if self.delete_verb:
            self.record(request, self.delete_verb, rows)

    def record(self, request: HttpRequest, verb: Verb, rows: Iterable[Any], **data: Any) -> None:
        by = cast("User", request.user)
        Event.record_each(verb, by=by, told=[{**self.told_of(row), **data} for row in rows])

    def save_related(
        self, request: HttpRequest, form: ModelForm, formsets: Any, change: bool
    ) -> None:
        """Record the row, too: this is the end of each way to save one, also in a list."""
        for formset in formsets:
            going = [one.instance for one in formset.initial_forms if one in formset.deleted_forms]
            self._of(formset).record_deleted(request, going)
        super().save_related(request, form, formsets, change)
        if change:
            self.record_changed(request, form.instance, form.changed_data)
        else:
            self.record_added(request, form.instance)
        for formset in formsets:
            for row in formset.new_objects:
                self._of(formset).record_added(request, row)
            for row, fields in formset.changed_objects:
                self._of(formset).record_changed(request, row, fields)

    def log_deletions(self, request: HttpRequest, queryset: Any) -> Any:
        """Django calls this before it deletes a row."""
        self.record_deleted(request, queryset)
        return super().log_deletions(request, queryset)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> Any:
        """Leave inline rows out of Django's own log, which would keep their names for ever."""
        return super().construct_change_message(request, form, [], add)

    def _of(self, formset: Any) -> "Recorded":
        """Return what records the rows of an inline: their own admin, if they have one."""
        registered = self.admin_site._registry.get(formset.model)
        if isinstance(registered, Recorded):
            return registered
        return Recorded(formset.model, self.admin_site)


def named_by_its_key(row: Model) -> dict[str, Any]:
    """Return what tells of any row without telling what is in it, for Event.record.

    A key that is no number or UUID may itself say who somebody is.
    """
    known = isinstance(row.pk, UUID | int)
    key = str(row.pk) if known else ""
    label = f"{row._meta.verbose_name} {key}".strip()
    return {"subject": row, "label": label, "table": row._meta.label_lower, "row": key}
