"""Rows to look at. People join by invitation and organizations are made on their own page, so
nothing is added here; and nothing here can leave an organization without its owner."""

from typing import Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils.html import format_html

from accounts.admin.avatars import picture_of
from accounts.admin.powers import user_of
from accounts.browsing import (
    AgeFilter,
    Browsable,
    NothingToAdd,
    NothingToChange,
    address_of,
    link_to,
)
from accounts.models import User
from accounts.verbs import Verb
from orgs import emails
from orgs.invitations import STATES, Invitation, InvitationQuerySet, InvitationStatus
from orgs.models import Membership, Organization, Team, TeamMembership
from orgs.ownership_admin import SEARCHED


class Held(Browsable):
    """Rows of organizations, deleted under the lock that everything else takes first."""

    def hold(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        super().hold(request, Organization.objects.filter(pk__in=rows.values("organization_id")))


@admin.register(Organization)
class OrganizationAdmin(NothingToAdd):
    change_verb = Verb.ORGANIZATION_EDITED
    delete_verb = Verb.ORGANIZATION_DELETED
    most_deleted = 100
    list_display = ["name", "slug", "primary_owner", "people", "is_active", "created"]
    list_filter = ["is_active", AgeFilter]
    list_select_related = ["owner__organization_user__user"]
    search_fields = ["name", "slug__startswith"]
    search_help_text = "Part of the name, or the beginning of the web address"
    fields = [
        *["name", "slug", "picture", "metadata", "is_active"],
        *["primary_owner", "people", "created", "modified"],
    ]
    readonly_fields = ["picture", "metadata", "primary_owner", "people", "created", "modified"]

    def told_of(self, obj: Organization) -> dict[str, Any]:
        return {"subject": obj, "organization_id": obj.pk}

    def delete_model(self, request: HttpRequest, obj: Organization) -> None:
        """Tell the members, as they are told when the owner does it."""
        emails.organization_deleted(obj)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Organization]) -> None:
        for organization in queryset:
            emails.organization_deleted(organization)
        super().delete_queryset(request, queryset)

    @admin.display
    def primary_owner(self, organization: Organization) -> str:
        return link_to(organization.owner.organization_user.user)

    @admin.display
    def people(self, organization: Organization) -> str:
        """A link, not a list: there may be a hundred thousand."""
        url = address_of(Membership, "changelist", query={"organization": organization.pk})
        return format_html('<a href="{}">Members</a>', url)

    @admin.display(description="logo")
    def picture(self, organization: Organization) -> str:
        return picture_of(organization.logo_id) if organization.logo_id else "-"


@admin.register(Membership)
class MembershipAdmin(Held, NothingToAdd):
    delete_verb = Verb.MEMBER_REMOVED
    told_by_verbs = ["role"]  # with what it was and is: see save_model
    list_display = ["created", "user", "organization", "role"]
    list_filter = ["role", AgeFilter]
    list_select_related = ["user", "organization"]
    search_fields = ["user__email__startswith", "organization__slug__startswith"]
    search_help_text = SEARCHED
    fields = ["user", "organization", "role", "created", "modified"]
    readonly_fields = ["user", "organization", "created", "modified"]

    def told_of(self, obj: Membership) -> dict[str, Any]:
        return {"subject": obj.user, "organization_id": obj.organization_id}

    def hold(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        """Hold the people, too, as whoever removes a member does."""
        super().hold(request, rows)
        people = User.objects.filter(pk__in=rows.values("user")).order_by("pk")
        list(people.select_for_update(no_key=True).values_list("pk"))

    def delete_model(self, request: HttpRequest, obj: Membership) -> None:
        self._end([obj], request)
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Membership]) -> None:
        self._end(list(queryset.select_related("user", "organization")), request)
        super().delete_queryset(request, queryset)

    def _end(self, members: list[Membership], request: HttpRequest) -> None:
        """Do what happens, too, when somebody of the organization removes them."""
        emails.members_removed(members, by_staff=True)
        Invitation.objects.leading_back(members).revoke(by=user_of(request))

    def save_model(
        self, request: HttpRequest, obj: Membership, form: ModelForm, change: bool
    ) -> None:
        obj.save(update_fields=["role", "modified"])
        before = form.initial["role"]
        if obj.role != before:
            self.record(request, Verb.MEMBER_ROLE_CHANGED, [obj], before=before, after=obj.role)


@admin.register(Team)
class TeamAdmin(Held, NothingToChange):
    delete_verb = Verb.TEAM_DELETED
    list_display = ["name", "organization", "people", "created"]
    list_filter = [AgeFilter]
    list_select_related = ["organization"]
    search_fields = ["organization__slug__startswith"]
    search_help_text = "The beginning of an organization’s web address"
    fields = ["name", "organization", "people", "created"]
    readonly_fields = ["people"]

    def told_of(self, obj: Team) -> dict[str, Any]:
        return {"subject": obj, "organization_id": obj.organization_id}

    @admin.display
    def people(self, team: Team) -> str:
        url = address_of(TeamMembership, "changelist", query={"team": team.pk})
        return format_html('<a href="{}">People</a>', url)


@admin.register(TeamMembership)
class TeamMembershipAdmin(Held, NothingToChange):
    delete_verb = Verb.TEAM_MEMBER_REMOVED
    list_display = ["created", "user", "team", "organization", "role"]
    list_filter = ["role", AgeFilter]
    list_select_related = ["team", "organization", "membership__user"]
    search_fields = [
        "membership__user__email__startswith",
        "organization__slug__startswith",
    ]
    search_help_text = SEARCHED
    fields = ["user", "team", "organization", "role", "created"]
    readonly_fields = ["user"]

    def told_of(self, obj: TeamMembership) -> dict[str, Any]:
        person = obj.membership.user
        label = f"{person} ({obj.team})"
        organization_id, team = obj.organization_id, str(obj.team_id)
        return {"subject": person, "label": label, "organization_id": organization_id, "team": team}

    @admin.display
    def user(self, place: TeamMembership) -> str:
        return link_to(place.membership.user)


class StateFilter(admin.SimpleListFilter):
    title = "state"
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return STATES

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        state = self.value()
        if state not in dict(STATES):
            return queryset.filter(state=state) if state else queryset
        # The few that are pending stand in an index, by their stored status alone.
        stored = state if state in InvitationStatus else InvitationStatus.PENDING
        return queryset.filter(status=stored, state=state)


@admin.register(Invitation)
class InvitationAdmin(Held, NothingToChange):
    delete_verb = Verb.INVITATION_DELETED
    list_display = ["email", "organization", "role", "state", "invited_by", "created", "expires"]
    list_filter = [StateFilter, "role", AgeFilter]
    list_select_related = ["organization", "invited_by"]
    search_fields = ["email__startswith", "organization__slug__startswith"]
    search_help_text = SEARCHED
    fields = [
        *["email", "organization", "role", "teams", "message", "state", "invited_by", "invitee"],
        *["created", "expires", "closed", "mail"],
    ]
    readonly_fields = ["state"]

    def told_of(self, obj: Invitation) -> dict[str, Any]:
        return {"subject": obj, "label": obj.email, "organization_id": obj.organization_id}

    def get_queryset(self, request: HttpRequest) -> QuerySet[Invitation]:
        return cast("InvitationQuerySet", super().get_queryset(request)).with_state()

    @admin.display
    def state(self, invitation: Any) -> str:
        return dict(STATES)[invitation.state]
