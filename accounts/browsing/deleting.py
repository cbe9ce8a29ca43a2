"""Deleting rows in the admin: one page says how many go and what goes with them, and asks."""

import hashlib
from collections.abc import Iterable
from itertools import batched
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db.models import BinaryField, Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.functional import cached_property

from accounts.browsing.changes import Recorded
from accounts.browsing.dependents import goes_along, needs
from accounts.browsing.rows import address_of, link_to

MOST_DELETED = 10_000  # rows at once: some seconds, and a worker is given up after thirty
MOST_CLICKED = 10  # rows: whoever deletes more types how many
AT_ONCE = 2_000  # rows in memory together
TEMPLATE = "admin/delete_confirmation.html"


class Deletable(Recorded):
    """Says how many rows go, and asks; deletes many in steps of bounded memory."""

    most_deleted = MOST_DELETED  # at once; fewer where each is a deletion of its own

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Count what goes with the rows, where Django lists it one by one.

        Whoever may delete a row may delete what hangs on it.
        """
        rows = self.model._base_manager.filter(pk__in=[row.pk for row in objs])
        if request.method == "POST":
            self.hold(request, rows)
        return [], goes_along(rows), set(), _linked(needs(rows))

    def render_delete_form(self, request: HttpRequest, context: Any) -> HttpResponse:
        row = context["object"]
        context |= {
            "title": f"Delete the {self.opts.verbose_name} “{row}”?",
            "sent": [("post", "yes")],
            "back": address_of(type(row), "change", row.pk),
        }
        return super().render_delete_form(request, context)


@admin.action(
    permissions=["delete"],
    description="Delete the chosen %(verbose_name_plural)s",
)
def delete_selected(
    model_admin: Any, request: HttpRequest, queryset: QuerySet[Any]
) -> HttpResponse | None:
    """Ask whether these rows go; once that is answered, delete them and no others.

    Where what was named is not what would go by now, it asks again.
    """
    deletion = Deletion(model_admin, request, queryset)
    if deletion.is_answered:
        model_admin.hold(request, deletion.rows)
    if not deletion.keys:
        messages.warning(request, "These rows are gone already.")
    elif len(deletion.keys) > model_admin.most_deleted:
        messages.error(request, deletion.too_many)
    elif deletion.form.is_valid() and not deletion.needed:
        messages.success(request, f"{deletion.named(deletion.delete())} deleted.")
    else:
        return deletion.ask()
    return None


class Number(forms.Form):
    """How many rows go, typed by whoever deletes them; of a few nobody is asked for it."""

    number = forms.CharField(
        widget=forms.TextInput(attrs={"inputmode": "numeric", "autocomplete": "off"})
    )

    def __init__(self, data: Any, *, count: int) -> None:
        super().__init__(data)
        self.count = count
        self.fields["number"].label = f"Type {count} to delete them"
        if count <= MOST_CLICKED:
            del self.fields["number"]

    def clean_number(self) -> str:
        typed = "".join(filter(str.isdecimal, self.cleaned_data["number"]))
        if typed != str(self.count):
            raise ValidationError(f"Type {self.count}: that many would go.")
        return typed


class Deletion:
    """Rows that somebody has chosen in a list, and what they have answered."""

    def __init__(
        self, model_admin: Deletable, request: HttpRequest, queryset: QuerySet[Any]
    ) -> None:
        self.model_admin = model_admin
        self.request = request
        self.answer = request.POST
        self.is_answered = self.answer.get("post") == "yes"
        chosen = self._without_newer(queryset.order_by())
        self.rows = model_admin.model._base_manager.filter(pk__in=chosen.values("pk"))

    @cached_property
    def keys(self) -> list[Any]:
        """The keys of the rows, or of one more than are deleted at once."""
        keys = self.rows.order_by("pk").values_list("pk", flat=True)
        return list(keys[: self.model_admin.most_deleted + 1])

    @cached_property
    def needed(self) -> list[Model]:
        return needs(self.rows)

    @cached_property
    def form(self) -> Number:
        bound = self.is_answered and not self.is_changed
        return Number(self.answer if bound else None, count=len(self.keys))

    @cached_property
    def is_changed(self) -> bool:
        """Whether other rows would go by now than those that were named."""
        was_named = self.answer.get("named")
        if was_named is None:
            return self.answer.get("select_across") == "1"
        return was_named != self.stamp

    @cached_property
    def stamp(self) -> str:
        """What tells these rows from any others."""
        return hashlib.sha256("\n".join(map(str, self.keys)).encode()).hexdigest()

    @property
    def too_many(self) -> str:
        most = f"{self.model_admin.most_deleted:,} {self.model_admin.opts.verbose_name_plural}"
        return f"At most {most} are deleted at once. Choose fewer, by a search or a filter."

    def named(self, count: int) -> str:
        """Return '1 entry is', '250 entries are'."""
        options = self.model_admin.opts
        one, many = options.verbose_name, options.verbose_name_plural
        return f"1 {one} is" if count == 1 else f"{count:,} {many} are"

    def delete(self) -> int:
        """Delete the rows, step by step; return how many there were."""
        return sum(self._delete_some(keys) for keys in batched(self.keys, AT_ONCE))

    def ask(self) -> HttpResponse:
        number = self.named(len(self.keys)).rpartition(" ")[0]
        context = {
            **self.model_admin.admin_site.each_context(self.request),
            "opts": self.model_admin.opts,
            "title": f"Delete {number}?",
            "form": self.form,
            "is_changed": self.is_answered and self.is_changed,
            "chosen": _linked(self._few()),
            "model_count": goes_along(self.rows).items(),
            "protected": _linked(self.needed),
            "sent": self._sent(),
            "back": self.request.get_full_path(),
        }
        return TemplateResponse(self.request, TEMPLATE, context)

    def _few(self) -> Iterable[Model]:
        """Return the rows, unless they are so many that their number says more."""
        few = len(self.keys) <= MOST_CLICKED
        return self._to_tell_of().filter(pk__in=self.keys).order_by("pk") if few else []

    def _sent(self) -> list[tuple[str, Any]]:
        """Return what the page sends again, beside the answer."""
        ticked = [(ACTION_CHECKBOX_NAME, key) for key in self.answer.getlist(ACTION_CHECKBOX_NAME)]
        across = self.answer.get("select_across", "0")
        return [
            ("action", "delete_selected"),
            ("select_across", across),
            *ticked,
            ("named", self.stamp),
            ("newest", self.keys[-1]),
            ("post", "yes"),
        ]

    def _without_newer(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Return the rows without those that came after the page had asked."""
        newest = self.answer.get("newest")
        if newest is None:
            return queryset
        try:
            return queryset.filter(pk__lte=self.model_admin.opts.pk.to_python(newest))
        except ValidationError as error:
            raise BadRequest("Choose rows from the list.") from error

    def _delete_some(self, keys: tuple[Any, ...]) -> int:
        admin = self.model_admin
        rows = list(self._to_tell_of().filter(pk__in=keys))
        if not all(admin.has_delete_permission(self.request, row) for row in rows):
            raise PermissionDenied("Your role does not allow you to delete all of these.")
        admin.record_deleted(self.request, rows)
        admin.delete_queryset(self.request, admin.model._base_manager.filter(pk__in=keys))
        return len(rows)

    def _to_tell_of(self) -> QuerySet[Any]:
        """Return the admin's rows with what their lists show, and without pictures and the like."""
        related = self.model_admin.get_list_select_related(self.request)
        fields = self.model_admin.opts.concrete_fields
        large = [field.name for field in fields if isinstance(field, BinaryField)]
        rows = self.model_admin.get_queryset(self.request).defer(*large)
        return rows if isinstance(related, bool) else rows.select_related(*related)


def _linked(rows: Iterable[Model]) -> list[tuple[str, str]]:
    """Return of each row what it is, and its name, which leads to its page."""
    return [(str(row._meta.verbose_name), link_to(row)) for row in rows]
