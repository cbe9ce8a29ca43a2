"""An organization always has an owner, because the database says so."""

import pytest
from django.db import IntegrityError, connection, transaction

from orgs.models import Membership, Organization, Ownership
from orgs.roles import Role


def execute(sql, *params):
    """Run the statement and check at once what a commit would check."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql, params)
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM orgs_ownership WHERE organization_id = %s",
        "DELETE FROM orgs_membership WHERE organization_id = %s AND role = 'owner'",
        "UPDATE orgs_membership SET role = 'member' WHERE organization_id = %s AND role = 'owner'",
        "UPDATE orgs_ownership SET role = 'admin' WHERE organization_id = %s",
        "UPDATE orgs_membership SET id = gen_random_uuid() WHERE organization_id = %s",
        "UPDATE orgs_membership SET organization_id = (SELECT id FROM orgs_organization"
        " WHERE slug = 'birch') WHERE organization_id = %s AND role = 'owner'",
        "DELETE FROM accounts_user WHERE id = (SELECT user_id FROM orgs_membership"
        " WHERE organization_id = %s AND role = 'owner')",
    ],
)
def test_raw_sql_cannot_leave_an_organization_without_its_owner(acme, charlie, sql):
    Organization.create(name="Birch", slug="birch", by=charlie)
    with pytest.raises(IntegrityError):
        execute(sql, acme.id)
    assert acme.owner.organization_user.role == Role.OWNER


def test_truncating_ownerships_cannot_leave_organizations_without_owners(acme):
    connection.check_constraints()  # PostgreSQL truncates no table with checks still to come
    with pytest.raises(IntegrityError, match="would have no owner"):
        execute("TRUNCATE orgs_ownership")
    assert Ownership.objects.filter(organization=acme).exists()


def test_an_organization_without_an_owner_cannot_be_made(db):
    with pytest.raises(IntegrityError, match="would have no owner"):
        execute(
            "INSERT INTO orgs_organization (id, name, slug, is_active, created, modified)"
            " VALUES (gen_random_uuid(), 'Orphan', 'orphan', true, now(), now())"
        )


def test_ownership_cannot_point_at_another_organizations_owner(acme, birch, charlie):
    theirs = Membership.objects.get(organization=birch, user=charlie)
    with pytest.raises(IntegrityError):
        execute(
            "UPDATE orgs_ownership SET organization_user_id = %s WHERE organization_id = %s",
            theirs.id,
            acme.id,
        )


def test_ownership_cannot_point_at_a_member(acme, dora):
    member = Membership.objects.get(organization=acme, user=dora)
    with pytest.raises(IntegrityError):
        execute(
            "UPDATE orgs_ownership SET organization_user_id = %s WHERE organization_id = %s",
            member.id,
            acme.id,
        )


def test_deleting_an_organization_takes_everything_of_it(acme):
    acme.delete()
    connection.check_constraints()
    assert not Organization.objects.exists()
    assert not Membership.objects.exists()
    assert not Ownership.objects.exists()


def test_an_owner_stays_an_owner_in_every_other_way(acme, bob):
    second = Membership.objects.get(organization=acme, user=bob)
    second.role = Role.OWNER
    second.save()
    acme.owner.organization_user = second
    acme.owner.save()
    connection.check_constraints()
    assert Ownership.objects.get(organization=acme).organization_user.user == bob
