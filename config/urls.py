"""The whole map; each app's own routes are in its urls module."""

from allauth.account.views import (
    confirm_login_code,
    email,
    email_verification_sent,
    password_change,
    password_set,
)
from allauth.mfa.base.views import authenticate
from allauth.mfa.totp.views import activate_totp
from allauth.mfa.webauthn.views import add_webauthn
from allauth.socialaccount.views import connections
from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import TemplateView

from accounts.changes import one_at_a_time
from accounts.mfa import passkeys
from accounts.setup_page import first_run
from accounts.signin.email_codes import tell_when_over
from accounts.signin.pending import end_if_gone
from accounts.signin.reauthentication import fresh_sign_in_required
from accounts.views import avatar

urlpatterns = [
    path("", TemplateView.as_view(template_name="landing.html"), name="landing"),
    # What allauth leaves to us: to say when a code is over, and to settle two changes at once.
    path("accounts/login/code/confirm/", end_if_gone(tell_when_over(confirm_login_code))),
    path("accounts/confirm-email/", end_if_gone(tell_when_over(email_verification_sent))),
    path("accounts/2fa/authenticate/", end_if_gone(authenticate)),
    path("accounts/email/", one_at_a_time(email)),
    # allauth asks for a fresh sign-in itself, but for these.
    path("accounts/password/change/", fresh_sign_in_required(password_change)),
    path("accounts/password/set/", fresh_sign_in_required(password_set)),
    path("accounts/2fa/totp/activate/", one_at_a_time(activate_totp)),
    path("accounts/2fa/webauthn/add/", one_at_a_time(add_webauthn)),
    path("accounts/3rdparty/", one_at_a_time(connections)),
    path("accounts/2fa/webauthn/keys/<int:pk>/remove/", passkeys.remove),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/3rdparty/", include("allauth.socialaccount.urls")),
    path("accounts/", include("accounts.social.providers")),
    path("account/", include("accounts.urls")),
    path("setup/", first_run, name="first_run"),
    path("avatars/<uuid:pk>.webp", avatar, name="avatar"),
    path("", include("orgs.urls")),
    path("", include("waitlist.urls")),
    path("api/", include("config.api.urls")),
    path("admin/", admin.site.urls),
]
if settings.DEVELOPMENT:
    urlpatterns += [path("dev/mail/", include("config.mail"))]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.not_found"
handler429 = "config.errors.too_many_requests"
handler500 = "config.errors.server_error"
