from django.urls import include, path

from orgs import views

app_name = "orgs"

# Everything of one organization: orgs/access.py guards each of these.
organization = [
    path("", views.organization_detail, name="organization_detail"),
]

urlpatterns = [
    path("organizations/", views.organization_list, name="organization_list"),
    path("o/<slug:slug>/", include(organization)),
]
