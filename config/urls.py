"""The whole map; each app's own routes are in its urls module."""

from allauth.account.decorators import secure_admin_login
from allauth.account.views import password_change, password_set
from django.conf import settings
from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView, TemplateView

from accounts import passkeys
from accounts.reauthentication import fresh_sign_in_required

# The admin's own forms know neither rate limits nor email codes.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.password_change = RedirectView.as_view(  # type: ignore[method-assign, assignment]
    pattern_name="account_change_password"
)

urlpatterns = [
    path("", TemplateView.as_view(template_name="landing.html"), name="landing"),
    # allauth asks for a fresh sign-in itself, but for these.
    path("accounts/password/change/", fresh_sign_in_required(password_change)),
    path("accounts/password/set/", fresh_sign_in_required(password_set)),
    path("accounts/2fa/webauthn/keys/<int:pk>/remove/", passkeys.remove),
    path("accounts/", include("allauth.account.urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    path("accounts/3rdparty/", include("allauth.socialaccount.urls")),
    path("accounts/", include("accounts.providers")),
    path("account/", include("accounts.urls")),
    path("", include("orgs.urls")),
    path("", include("waitlist.urls")),
    path("api/", include("config.api")),
    path("admin/", admin.site.urls),
]
if settings.DEVELOPMENT:
    urlpatterns += [path("dev/mail/", include("config.mail"))]

handler400 = "config.errors.bad_request"
handler403 = "config.errors.permission_denied"
handler404 = "config.errors.not_found"
handler429 = "config.errors.too_many_requests"
handler500 = "config.errors.server_error"
