from django.urls import path

from accounts import confirmation, views

app_name = "accounts"
urlpatterns = [
    path("", views.profile, name="profile"),
    path("name/", views.name_change, name="name_change"),
    path("confirm/", confirmation.ConfirmView.as_view(), name="confirmation"),
    path("confirm/send/", confirmation.confirmation_send, name="confirmation_send"),
]
