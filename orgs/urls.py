from django.urls import URLPattern, URLResolver, include, path

from orgs.access import PREFIX
from orgs.views import (
    events,
    invitations,
    joining,
    members,
    organizations,
    own_invitations,
    ownership,
    settings,
    teams,
)

app_name = "orgs"

# One team: its lead's permissions count here.
team = [
    path("", teams.team_detail, name="team_detail"),
    path("rename/", teams.team_rename, name="team_rename"),
    path("delete/", teams.team_delete, name="team_delete"),
    path("leave/", teams.team_leave, name="team_leave"),
    path("people/add/", teams.team_member_add, name="team_member_add"),
    path("people/<uuid:pk>/remove/", teams.team_member_remove, name="team_member_remove"),
    path("people/<uuid:pk>/role/", teams.team_member_role, name="team_member_role"),
]

# Everything of one organization: orgs/access.py guards each of these.
organization: list[URLPattern | URLResolver] = [
    path("", organizations.organization_detail, name="organization_detail"),
    path("settings/", settings.organization_settings, name="organization_settings"),
    path("settings/name/", settings.organization_edit, name="organization_edit"),
    path("settings/metadata/", settings.organization_metadata, name="organization_metadata"),
    path("settings/logo/", settings.organization_logo, name="organization_logo"),
    path(
        "settings/logo/remove/", settings.organization_logo_remove, name="organization_logo_remove"
    ),
    path("settings/delete/", settings.organization_delete, name="organization_delete"),
    path("members/", members.member_list, name="member_list"),
    path("members/leave/", members.member_leave, name="member_leave"),
    path("members/<uuid:pk>/", members.member_detail, name="member_detail"),
    path("members/<uuid:pk>/role/", members.member_role, name="member_role"),
    path("members/<uuid:pk>/remove/", members.member_remove, name="member_remove"),
    path("teams/", teams.team_list, name="team_list"),
    path("teams/new/", teams.team_new, name="team_new"),
    path("teams/<uuid:team>/", include(team)),
    path("invitations/", invitations.invitation_list, name="invitation_list"),
    path("invitations/new/", invitations.invitation_new, name="invitation_new"),
    path("invitations/<uuid:pk>/resend/", invitations.invitation_resend, name="invitation_resend"),
    path("invitations/<uuid:pk>/revoke/", invitations.invitation_revoke, name="invitation_revoke"),
    path("events/", events.event_list, name="event_list"),
    path("transfer/", ownership.transfer_new, name="transfer_new"),
    path("transfer/revoke/", ownership.transfer_revoke, name="transfer_revoke"),
    path("transfer/accept/", ownership.transfer_accept, name="transfer_accept"),
    path("transfer/decline/", ownership.transfer_decline, name="transfer_decline"),
]

# The way in, by the link in the mail.
invitation = [
    path("", joining.invitation_detail, name="invitation_detail"),
    path("accept/", joining.invitation_accept, name="invitation_accept"),
    path("sign-up/", joining.invitation_sign_up, name="invitation_sign_up"),
    path("decline/", joining.invitation_decline, name="invitation_decline"),
    path("switch/", joining.invitation_switch, name="invitation_switch"),
    path("confirm/", joining.invitation_confirm, name="invitation_confirm"),
]

# A person's own ones; an id never looks like a token.
own_invitation = [
    path("", own_invitations.own_invitation_list, name="own_invitation_list"),
    path("<uuid:pk>/accept/", own_invitations.own_invitation_accept, name="own_invitation_accept"),
    path(
        "<uuid:pk>/decline/", own_invitations.own_invitation_decline, name="own_invitation_decline"
    ),
]

urlpatterns = [
    path("organizations/", organizations.organization_list, name="organization_list"),
    path("organizations/new/", organizations.organization_new, name="organization_new"),
    path("organizations/last/", organizations.organization_last, name="organization_last"),
    path(PREFIX, include(organization)),
    path("invitations/", include(own_invitation)),
    path("invitations/<str:token>/", include(invitation)),
]
