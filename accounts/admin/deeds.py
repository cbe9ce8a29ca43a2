"""What the platform's staff may do to a person, each on a page of its own: a form that does it."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import impersonation
from accounts.admin.powers import user_of
from accounts.events import Event
from accounts.models import User
from accounts.verbs import Verb

MOST_AT_ONCE = 500  # people


class Deed(forms.Form):
    """One deed; its fields say how. A subclass without fields is done at one click."""

    title: str  # what the page and its button are called
    of_many = "{title}: {people}"  # the same, for several people
    explanation: str
    done: str  # what the person has become, read after their name; empty if nothing need be said
    dangerous = False
    leads_to = ""  # afterwards; without it to the person's page

    def do(self, person: User, request: HttpRequest) -> None:
        """Do it; raises what the verb on the person raises."""
        raise NotImplementedError

    def refusal(self, person: User, request: HttpRequest) -> str:
        """Do it; return why it was refused, or nothing."""
        try:
            self.do(person, request)
        except ValidationError as refusal:
            return " ".join(refusal.messages)
        except PermissionDenied as refusal:  # LastOwner is one too
            return str(refusal)
        return ""

    def title_for(self, number: int) -> str:
        """Return what the page is called that does it to so many people; 0 if nobody is chosen."""
        people = "1 person" if number == 1 else f"{number} people"
        return self.of_many.format(title=self.title, people=people) if number else self.title

    @classmethod
    def is_for(cls, person: User, by: User) -> bool:
        """Whether the page of the person offers it to this user."""
        return by.outranks(person)


class PeopleForm(forms.Form):
    """Whom a deed is done to, when there are several."""

    people = forms.ModelMultipleChoiceField(
        User.objects.order_by("email"), widget=forms.MultipleHiddenInput
    )

    def clean_people(self) -> Any:
        people = self.cleaned_data["people"]
        if len(people) > MOST_AT_ONCE:
            raise ValidationError(f"Choose at most {MOST_AT_ONCE} people at once.")
        return people


class Ban(Deed):
    title = "Ban"
    of_many = "Ban {people}"
    explanation = (
        "They are signed out everywhere and cannot sign in, nor reset their password. "
        "When they try, they read the reason."
    )
    done = "is banned."
    dangerous = True

    reason = forms.CharField(max_length=500, widget=forms.Textarea(attrs={"rows": 3}))
    until = forms.DateTimeField(
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = timezone.get_current_timezone_name()
        self.fields["until"].help_text = f"In {zone}. Leave it empty for a ban without an end."

    def do(self, person: User, request: HttpRequest) -> None:
        person.ban(by=user_of(request), **self.cleaned_data)


class Unban(Deed):
    title = "Lift the ban"
    of_many = "Lift the ban of {people}"
    explanation = "They can sign in again. No session comes back."
    done = "is no longer banned."

    def do(self, person: User, request: HttpRequest) -> None:
        person.unban(by=user_of(request))

    @classmethod
    def is_for(cls, person: User, by: User) -> bool:
        return by.outranks(person) and person.is_banned


class SignOut(Deed):
    title = "Sign out everywhere"
    explanation = (
        "Every device of theirs is signed out, at once. Nothing keeps them from coming back."
    )
    done = "is signed out everywhere."

    @transaction.atomic
    def do(self, person: User, request: HttpRequest) -> None:
        person.sign_out_everywhere()
        Event.record(Verb.SESSIONS_REVOKED, by=user_of(request), subject=person)


class Impersonate(Deed):
    title = "Act as them"
    explanation = (
        "You see the site as they see it, for an hour at most. Everything you do is written down "
        "under your name, beside theirs. Their account pages stay closed to you."
    )
    done = ""  # the banner says it
    leads_to = settings.LOGIN_REDIRECT_URL

    reason = forms.CharField(
        max_length=impersonation.REASON_LENGTH, widget=forms.Textarea(attrs={"rows": 3})
    )

    def do(self, person: User, request: HttpRequest) -> None:
        impersonation.start(request, person, reason=self.cleaned_data["reason"])

    @classmethod
    def is_for(cls, person: User, by: User) -> bool:
        return impersonation.can_impersonate(by, person)
