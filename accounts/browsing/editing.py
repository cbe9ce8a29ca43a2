"""Changing a row in the admin: what somebody else or the database did meanwhile is a message.

What was typed is still there, and what was not touched takes nothing back.
"""

from typing import Any

from django import forms
from django.contrib import messages
from django.db import connection
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.text import Truncator

from accounts.browsing.changes import Recorded
from accounts.browsing.refusals import REFUSED, explain
from accounts.impersonation import SAFE_METHODS
from accounts.roles import last_owner_stays

CHANGED_MEANWHILE = (
    "Somebody else has changed this since you opened the page. Save again to replace what they "
    "saved, or load the page anew to see it."
)

MOST_GIVEN_BACK = 500  # letters: messages travel in a cookie


class Editable(Recorded):
    """Holds the row while it is changed, and answers whatever is refused with the form again."""

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Model | None:
        """Return the row, held before anything is compared with it if somebody changes it."""
        found = super().get_object(request, object_id, from_field)
        if request.method in SAFE_METHODS:
            return found
        if found is None:  # which Django says, too
            _give_back(request)
            return None
        self.hold(request, self.model._base_manager.filter(pk=found.pk))
        return super().get_object(request, object_id, from_field)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        asked = (request, object_id, form_url, extra_context)
        if request.method in SAFE_METHODS:
            return super().changeform_view(*asked)
        try:
            with last_owner_stays():
                answer = super().changeform_view(*asked)
                connection.check_constraints()  # what is deferred would be refused at the end
                return answer
        except REFUSED as error:
            request.refusal = explain(error)  # type: ignore[attr-defined]
            return super().changeform_view(*asked)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form: Any = super().get_form(request, obj, change, **kwargs)
        careful = {"refusal": getattr(request, "refusal", "")}
        return type(form)(form.__name__, (CarefulForm, form), careful)


def _give_back(request: HttpRequest) -> None:
    """Say what was typed about a row that is gone: the page with the form does not come again."""
    sent = request.POST
    typed = [
        f"{name.replace('_', ' ')}: {value}"
        for name, value in sent.items()
        if value != sent.get(f"initial-{name}", value)
    ]
    if typed:
        told = Truncator("; ".join(typed)).chars(MOST_GIVEN_BACK)
        messages.warning(request, f"What you had typed: {told}")


class CarefulForm(forms.ModelForm):
    """Compares what was typed with what the page showed, and with what is there by now."""

    refusal = ""  # why the database did not take what is in the form

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            for field in self.fields.values():
                field.show_hidden_initial = not isinstance(field, forms.FileField)

    def clean(self) -> Any:
        cleaned = super().clean()
        if self.refusal:
            self.add_error(None, self.refusal)
        return cleaned

    def _post_clean(self) -> None:
        """Django writes what is cleaned into the row here."""
        self._compare_with_the_row()
        super()._post_clean()  # type: ignore[misc]

    def _compare_with_the_row(self) -> None:
        typed = set(self.changed_data)
        for bound in self:
            if not bound.field.show_hidden_initial or bound.name not in self.cleaned_data:
                continue
            differs = bound.field.has_changed(self._now(bound), bound.data)
            if not differs:
                typed.discard(bound.name)
            elif bound.name not in typed:
                now = bound.field.prepare_value(self._now(bound))
                self.cleaned_data[bound.name] = bound.field.to_python(now)
            elif self._was_told(bound) and self._is_stale(bound):
                self.add_error(bound.name, CHANGED_MEANWHILE)
                self._tell(bound, self._now(bound))
        self.changed_data = [name for name in self.fields if name in typed]

    def _was_told(self, bound: Any) -> bool:
        """Whether what was sent says what the page had shown in this field."""
        widget, name = bound.field.hidden_widget(), bound.html_initial_name
        return not widget.value_omitted_from_data(self.data, self.files, name)

    def _now(self, bound: Any) -> Any:
        return self.get_initial_for_field(bound.field, bound.name)

    def _is_stale(self, bound: Any) -> bool:
        widget, name = bound.field.hidden_widget(), bound.html_initial_name
        shown = widget.value_from_datadict(self.data, self.files, name)
        return bound.field.has_changed(self._now(bound), shown)

    def _tell(self, bound: Any, value: Any) -> None:
        """Let the page that comes next tell this value, so that saving it once more replaces it."""
        widget, name = bound.field.hidden_widget(), bound.html_initial_name
        told = widget.get_context(name, bound.field.prepare_value(value), {})["widget"]
        data: Any = self.data.copy()  # type: ignore[attr-defined]
        for part in told.get("subwidgets", [told]):
            data[part["name"]] = "" if part["value"] is None else part["value"]
        self.data = data
