from django.urls import path

from waitlist import views

app_name = "waitlist"
urlpatterns = [
    path("waitlist/", views.join, name="join"),
    path("waitlist/thanks/", views.thanks, name="thanks"),
]
