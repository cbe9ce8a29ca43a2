"""The whole road: an organization, an invitation, a new member."""

import re

from django.core import mail


def test_from_an_empty_page_to_a_second_member(client, transactional_db, alice, charlie):
    client.force_login(alice)
    assert b"Begin with an organization" in client.get("/organizations/").content
    response = client.post("/organizations/new/", {"name": "Green Field"})
    assert response.url == "/o/green-field/"
    client.post(
        "/o/green-field/invitations/new/", {"email": "Charlie@Example.com", "role": "member"}
    )
    assert b"charlie@example.com" in client.get("/o/green-field/").content
    link = re.search(r"http://testserver(/invitations/\S+)", mail.outbox[0].body)[1]
    client.logout()
    assert b"Join Green Field" in client.get(link).content
    client.force_login(charlie)
    assert client.post(f"{link}accept/").url == "/o/green-field/"
    assert b"charlie@example.com" in client.get("/o/green-field/members/").content
