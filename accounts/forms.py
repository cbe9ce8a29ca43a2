"""allauth's forms where ours differ: an address may be typed in any way that means its mailbox."""

from typing import Any
from uuid import uuid4

from allauth.account import forms as allauth_forms
from allauth.account.adapter import get_adapter
from allauth.account.fields import EmailField as AllauthEmailField
from allauth.account.forms import default_token_generator
from allauth.core import context, ratelimit
from allauth.core.exceptions import ImmediateHttpResponse
from django import forms
from django.contrib.auth.password_validation import UserAttributeSimilarityValidator
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse

from accounts import addresses, avatars, names, rates
from accounts.bans import ban_page
from accounts.claims import confirm_mailbox, owner_of, remember_typed, unclaimed
from accounts.events import Event
from accounts.models import User
from accounts.signin import email_codes, known_devices
from accounts.signup import admitted, use_pass
from accounts.time_zones import TimeZoneSelect
from accounts.verbs import Verb

not_the_own_name = UserAttributeSimilarityValidator(["name"])


class EmailField(AllauthEmailField):
    """An address as it is stored, however it was typed: capitals, spaces, full-width letters."""

    default_validators = [addresses.validate_address]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"max_length": addresses.LENGTH} | kwargs)

    def to_python(self, value: Any) -> str:
        value = super().to_python(value)
        # What is too long is refused as it is: normalizing could make it longer still.
        return value if len(value) > addresses.LENGTH else User.objects.normalize_email(value)


class NameField(forms.CharField):
    """What a person is called (accounts.names)."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.TextInput(attrs={"autocomplete": "name"})
        validators = [names.validate_name]
        super().__init__(max_length=names.LENGTH, validators=validators, widget=widget, **kwargs)


class LoginForm(allauth_forms.LoginForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = EmailField(label="Email")
        self.fields["password"].help_text = ""  # a link, to which Tab came first: it is below now


class ChangePasswordForm(allauth_forms.ChangePasswordForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["oldpassword"].help_text = ""  # as above
        self.fields["oldpassword"].label = "Current password"
        self.fields["password1"].label = "New password"
        self.fields["password2"].label = "New password (again)"


class ReauthenticateForm(allauth_forms.ReauthenticateForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].help_text = ""  # as above


class ResetPasswordKeyForm(allauth_forms.ResetPasswordKeyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password1"].label = "New password"
        self.fields["password2"].label = "New password (again)"


class UserTokenForm(allauth_forms.UserTokenForm):
    """The link that resets a password, which shows whose mailbox it went to."""

    def clean(self) -> dict[str, Any]:
        cleaned_data = super().clean()
        if self.reset_user.is_banned:
            raise ImmediateHttpResponse(ban_page(context.request, self.reset_user))
        return cleaned_data


class GuessedCodeForm(forms.Form):
    """A code that went to a mailbox. What is wrong counts for the mailbox and for the visitor.

    allauth counts in the session alone, of which a guesser has many, and asks of which at once.
    """

    def clean_code(self) -> str:
        request = context.request
        key = known_devices.counted_as(request, self.mailbox())
        usage = rates.consume(request, app="allauth.account", action="code_failed", key=key)
        if usage is None:
            raise get_adapter().validation_error("too_many_login_attempts")
        code: str = super().clean_code()  # type: ignore[misc]
        usage.rollback()
        return code

    def mailbox(self) -> str:
        return email_codes.mailbox(context.request)


class ConfirmEmailForm(GuessedCodeForm, allauth_forms.ConfirmEmailVerificationCodeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["inputmode"] = "numeric"


class ConfirmLoginCodeForm(GuessedCodeForm, allauth_forms.ConfirmLoginCodeForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs["inputmode"] = "numeric"


class ResetPasswordForm(allauth_forms.ResetPasswordForm):
    email = EmailField(label="Email")

    def save(self, request: HttpRequest, **kwargs: Any) -> str:
        """Send the email. One to nobody takes as long: it costs a token and an event, undone."""
        if not self.users:
            nobody = User()
            default_token_generator.make_token(nobody)
            with transaction.atomic(), transaction.atomic():
                Event.record(Verb.PASSWORD_RESET_ASKED, by=None, subject=nobody)
                transaction.set_rollback(True)
        return super().save(request, **kwargs)

    def clean_email(self) -> str:
        """allauth would look for several people, and longer for nobody than for somebody."""
        email = get_adapter().clean_email(self.cleaned_data["email"])
        owner = owner_of(email)
        self.users = [owner] if owner else []
        return email


class RequestLoginCodeForm(allauth_forms.RequestLoginCodeForm):
    email = EmailField(label="Email")

    def clean_email(self) -> str:
        """As above; the limit is allauth's."""
        email = self.cleaned_data["email"]
        key = known_devices.counted_as(context.request, email)
        if not ratelimit.consume(context.request, action="request_login_code", key=key):
            raise get_adapter().validation_error("too_many_login_attempts")
        self._user = owner_of(email)
        return email


class AddEmailForm(allauth_forms.AddEmailForm):
    email = EmailField(label="Email")


class SignupForm(allauth_forms.SignupForm):
    """Name, email address, password. With a pass (accounts.signup) the address is settled."""

    name = NameField()
    field_order = ["name", "email", "password1"]
    account_already_exists: bool
    cleaned_data: dict[str, Any]
    unclaimed: User | None = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"] = EmailField(label="Email")
        self.admitted = admitted(context.request)
        if self.admitted:
            settle_email(self, self.admitted, "Your invitation went to this address.")

    def clean(self) -> dict[str, Any]:
        """allauth judges the password by the address alone, as there is no person yet."""
        cleaned_data = super().clean()
        password, name = cleaned_data.get("password1"), cleaned_data.get("name")
        if password and name:
            try:
                not_the_own_name.validate(password, User(name=name))
            except forms.ValidationError as error:
                self.add_error("password1", error)
        return cleaned_data

    def validate_unique_email(self, value: str) -> str:
        email = super().validate_unique_email(value)
        self.unclaimed = unclaimed(email) if self.account_already_exists else None
        if self.account_already_exists and self.admitted and not self.unclaimed:
            # Nothing to hide from the owner of the mailbox.
            raise forms.ValidationError(
                "There is an account with this address already. Sign in instead."
            )
        return email

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Return the new person; or, if the address is taken, the answer that does not say so.

        Of several sign-ups with one address at the same moment the database lets one pass; the
        others are treated as if they had come later.
        """
        if self.unclaimed:
            return self._sign_up_anew(request, self.unclaimed), None
        if self.account_already_exists:
            remember_typed(request, self._stand_in(request))  # so that the cookies are the same
        try:
            return super().try_save(request)
        except IntegrityError:
            self.account_already_exists = True
            return super().try_save(request)

    def save(self, request: HttpRequest) -> User:
        """Return the new person, made together with their email address or not at all."""
        with transaction.atomic():
            user = super().save(request)
            Event.record(Verb.SIGNED_UP, by=user)
        if not self.admitted:
            remember_typed(request, user, name=user.name)
        return user

    def _sign_up_anew(self, request: HttpRequest, user: User) -> User:
        """Return the account that somebody began with this address and never confirmed.

        What is typed now replaces what is there with the proof that the mailbox is theirs.
        """
        if self.admitted:
            user.set_password(self.cleaned_data.get("password1"))
        else:
            user.password = self._stand_in(request).password
        remember_typed(request, user, name=self.cleaned_data["name"])
        if use_pass(request):
            confirm_mailbox(user, request)
        return user

    def _stand_in(self, request: HttpRequest) -> User:
        """Make an account with another address and undo it: so the answer takes as long.

        To commit the nothing that is left waits for the disk, as it does for a new account.
        """
        typed = self.cleaned_data
        self.cleaned_data = typed | {"email": f"{uuid4()}@example.invalid"}
        self.account_already_exists = False
        with transaction.atomic(), transaction.atomic():
            user = super().save(request)
            transaction.set_rollback(True)
        self.cleaned_data, self.account_already_exists = typed, True
        return user


def settle_email(form: Any, email: str, why: str) -> None:
    """Take this address, whatever is sent; people see it, and why they cannot type another."""
    field = form.fields["email"]
    field.initial, field.help_text = email, why
    field.widget.attrs["readonly"] = True
    if form.is_bound:
        form.data = form.data.copy()
        form.data[form.add_prefix("email")] = email


class AvatarForm(forms.Form):
    """A picture, which the form hands on encoded anew: bytes of WebP."""

    image = forms.FileField(
        label="New picture",
        help_text="JPEG, PNG or WebP, 2 MB at most. Cut to a square around its middle.",
        widget=forms.FileInput(attrs={"accept": "image/jpeg, image/png, image/webp"}),
    )

    def clean_image(self) -> bytes:
        return avatars.encode(self.cleaned_data["image"])


class ErasureForm(forms.Form):
    """The person's own email address, typed: nobody deletes an account by a slip of the hand."""

    email = EmailField(
        label="Your email address",
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.person = person

    def clean_email(self) -> str:
        if self.cleaned_data["email"] != self.person.email:
            raise forms.ValidationError(f"This is not your address. Type {self.person.email}.")
        return self.person.email


class ProfileForm(forms.ModelForm):
    """What a person tells about themselves."""

    name = NameField()

    class Meta:
        model = User
        fields = ["name", "time_zone"]
        widgets = {"time_zone": TimeZoneSelect}
        help_texts = {"time_zone": "Dates and times are shown in this time zone."}
