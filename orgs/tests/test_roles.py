"""The whole matrix of roles and permissions, as a reader sees it."""

from orgs.roles import PERMISSIONS, Permission, Role

MATRIX = """
                  owner  admin  member
see_organization  yes    yes    yes
see_invitations   yes    yes    -
invite            yes    yes    -
invite_owner      yes    -      -
"""


def test_the_matrix_is_the_documented_one():
    width = max(map(len, Permission)) + 2
    lines = ["".ljust(width) + "  ".join(Role)]
    for permission in Permission:
        answers = ("yes" if permission in PERMISSIONS[role] else "-" for role in Role)
        cells = (answer.ljust(len(role) + 2) for role, answer in zip(Role, answers, strict=True))
        lines.append((permission.ljust(width) + "".join(cells)).rstrip())
    matrix = "\n".join(lines)
    print(matrix)  # noqa: T201
    assert matrix == MATRIX.strip("\n")
