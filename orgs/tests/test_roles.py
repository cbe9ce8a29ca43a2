"""The whole matrix of roles and permissions, as a reader sees it."""

from orgs.roles import OF_PRIMARY_OWNER, PERMISSIONS, TEAM_PERMISSIONS, Permission, Role, TeamRole

MATRIX = """
                    primary  owner  admin  member  lead of a team
see_organization    yes      yes    yes    yes     -
see_invitations     yes      yes    yes    -       -
see_events          yes      yes    yes    -       -
edit_organization   yes      yes    yes    -       -
invite              yes      yes    yes    -       -
manage_members      yes      yes    yes    -       -
manage_owners       yes      yes    -      -       -
manage_teams        yes      yes    yes    -       -
manage_team_people  yes      yes    yes    -       yes
transfer_ownership  yes      -      -      -       -
delete_organization yes      -      -      -       -
"""
COLUMNS = {
    "primary": PERMISSIONS[Role.OWNER] | OF_PRIMARY_OWNER,
    **{role.value: PERMISSIONS[role] for role in Role},
    "lead of a team": TEAM_PERMISSIONS[TeamRole.LEAD],
}


def test_the_matrix_is_the_documented_one():
    width = max(map(len, Permission)) + 1
    lines = ["".ljust(width) + "  ".join(COLUMNS)]
    for permission in Permission:
        cells = (
            ("yes" if permission in held else "-").ljust(len(column) + 2)
            for column, held in COLUMNS.items()
        )
        lines.append((permission.ljust(width) + "".join(cells)).rstrip())
    matrix = "\n".join(lines)
    print(matrix)  # noqa: T201
    assert matrix == MATRIX.strip("\n")
