"""Where a person was last, for redirects and the order of the switcher alone.

Each device remembers it for itself, in its session, and each membership for its person. Which
organization a page is about, its address decides.
"""

import logging
from typing import TYPE_CHECKING, cast
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import BooleanField, ExpressionWrapper, F, Q, QuerySet
from django.db.models.functions import Now
from django.urls import reverse

from accounts.models import Session
from accounts.statements import Param
from orgs.models import Membership

if TYPE_CHECKING:
    from accounts.sessions import SessionStore
    from orgs.access import MemberRequest

logger = logging.getLogger(__name__)


def remember(request: "MemberRequest") -> None:
    """Write where this device is, and when its person came, unless that is written already.

    It costs nobody a page: nothing is written where the database takes no writes, or where the
    membership or the team goes away at this moment. Whoever acts as the person is no visit.
    """
    team_id = request.team.pk if hasattr(request, "team") else None
    row = cast("SessionStore", request.session).row
    if row is None or _is_there(row, request.organization.pk, team_id):
        return
    try:
        with transaction.atomic():
            _write(row, request.membership, team_id)
    except DatabaseError as error:
        logger.warning("Visit not written: %s", type(error.__cause__ or error).__name__)


def last_place(request: "MemberRequest") -> str:
    """Return the path of where the person was last, on this device if it knows.

    Else where they came to last on any, else the organization they joined last, else the list.
    """
    row = cast("SessionStore", request.session).row
    here, team_id = (row.active_organization_id, row.active_team_id) if row else (None, None)
    last = by_visit(request.user.pk, here).values("is_here", slug=F("organization__slug")).first()
    if last is None:
        return reverse("orgs:organization_list")
    if last["is_here"] and team_id:
        return reverse("orgs:team_detail", args=[last["slug"], team_id])
    return reverse("orgs:organization_detail", args=[last["slug"]])


def by_visit(person: UUID | Param, here: UUID | Param | None) -> QuerySet[Membership]:
    """Return the person's memberships: where they are, if anywhere, then by last visit."""
    return (
        Membership.objects.filter(user=person, organization__is_active=True)
        .annotate(is_here=ExpressionWrapper(Q(organization=here), BooleanField()))
        .order_by("-is_here", F("visited").desc(nulls_last=True), "-pk")
    )


def _is_there(row: Session, organization_id: UUID, team_id: UUID | None) -> bool:
    """Whether the device remembers this place: a page of no team leaves the team as it is."""
    return row.active_organization_id == organization_id and team_id in (None, row.active_team_id)


def _write(row: Session, membership: Membership, team_id: UUID | None) -> None:
    """Both or neither. Raises DatabaseError.

    The page waits for nobody who changes these rows, and a deadlock, which PostgreSQL would end
    after a second at somebody's expense, is given up before.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL lock_timeout = '100ms'")
    Session.objects.filter(pk=row.pk).update(
        active_organization_id=membership.organization_id, active_team_id=team_id
    )
    if row.active_organization_id != membership.organization_id and not row.impersonated_by_id:
        Membership.objects.filter(pk=membership.pk).update(visited=Now())
