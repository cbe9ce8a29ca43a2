from django.urls import path

from waitlist import admission, views

app_name = "waitlist"
urlpatterns = [
    path("waitlist/", views.join, name="join"),
    path("waitlist/thanks/", views.thanks, name="thanks"),
    path("waitlist/confirm/<str:token>/", views.confirm, name="confirm"),
    path("waitlist/leave/<str:token>/", views.leave, name="leave"),
    path("waitlist/leave/<str:token>/erase/", views.erase, name="erase"),
    path("waitlist/invitations/<str:token>/", admission.invitation, name="invitation"),
    path(
        "waitlist/invitations/<str:token>/sign-up/",
        admission.invitation_sign_up,
        name="invitation_sign_up",
    ),
    path(
        "waitlist/invitations/<str:token>/renew/",
        admission.invitation_renew,
        name="invitation_renew",
    ),
    path(
        "waitlist/invitations/<str:token>/switch/",
        admission.invitation_switch,
        name="invitation_switch",
    ),
]
