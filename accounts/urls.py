from django.urls import path

from accounts import devices, impersonation, views
from accounts.signin import confirmation

app_name = "accounts"
urlpatterns = [
    path("", views.profile, name="profile"),
    path("profile/", views.profile_change, name="profile_change"),
    path("avatar/", views.avatar_change, name="avatar_change"),
    path("avatar/remove/", views.avatar_remove, name="avatar_remove"),
    path("data/", views.data, name="data"),
    path("data/download/", views.data_download, name="data_download"),
    path("data/erasure/", views.erasure, name="erasure"),
    path("data/erase/", views.erase, name="erase"),
    path("erased/", views.erased, name="erased"),
    path("devices/", devices.session_list, name="session_list"),
    path("devices/end/", devices.sessions_end, name="sessions_end"),
    path("devices/<uuid:pk>/end/", devices.session_end, name="session_end"),
    path("impersonation/stop/", impersonation.impersonation_stop, name="impersonation_stop"),
    path("confirm/", confirmation.ConfirmView.as_view(), name="confirmation"),
    path("confirm/send/", confirmation.confirmation_send, name="confirmation_send"),
]
