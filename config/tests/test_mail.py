"""Development's mail: in the console, in files and at /dev/mail/."""

import pytest
from django.core.mail import EmailMessage
from django.urls import include, path

from config.urls import urlpatterns as real_urlpatterns

urlpatterns = [path("dev/mail/", include("config.mail")), *real_urlpatterns]

in_development = pytest.mark.urls(__name__)


@pytest.fixture
def folder(settings, tmp_path):
    settings.MAIL_FOLDER = tmp_path / "mail"
    settings.MAILERS = {"default": {"BACKEND": "config.mail.DevelopmentBackend"}}
    return settings.MAIL_FOLDER


def send(subject="Hello", body="Your code:\n\n123456\n", to="erin@example.com"):
    EmailMessage(subject, body, to=[to]).send()


def test_a_mail_is_one_line_that_leads_to_it(folder, capsys, settings):
    settings.SITE_URL = "http://127.0.0.1:8001"
    send("Grüße", "Your code:\n\n123456")
    [file] = folder.glob("*.eml")
    page = f"http://127.0.0.1:8001/dev/mail/{file.stem}/"
    assert capsys.readouterr().out == f"Email to erin@example.com: Grüße ({page})\n"


@in_development
def test_the_list_has_the_newest_first(folder, client):
    send("The first")
    send("The second", to="frank@example.com")
    page = client.get("/dev/mail/").text
    assert page.index("The second") < page.index("The first")
    assert "frank@example.com" in page


@in_development
def test_the_list_is_empty_before_the_first_mail(folder, client):
    assert "No mail yet" in client.get("/dev/mail/").text


@in_development
def test_a_mail_is_shown_with_its_links_and_none_of_its_markup(folder, client):
    send("Ünïcode & <b>", "Go to http://127.0.0.1:8000/x/?a=1&b=2 <script>alert(1)</script>")
    [file] = folder.glob("*.eml")
    page = client.get(f"/dev/mail/{file.stem}/").text
    assert "<h1>Ünïcode &amp; &lt;b&gt;</h1>" in page
    assert 'href="http://127.0.0.1:8000/x/?a=1&amp;b=2"' in page
    assert "&lt;script&gt;" in page
    assert "erin@example.com" in page


@in_development
@pytest.mark.parametrize(
    "name", ["missing", "..%2Fsecret", "../secret", "%2e%2e/secret", "secret.eml", "a%00b"]
)
def test_nothing_outside_the_folder_is_shown(folder, client, name):
    folder.mkdir()
    (folder.parent / "secret.eml").write_text("Subject: secret\n\nsecret")
    assert client.get(f"/dev/mail/{name}/").status_code == 404


def test_there_is_no_such_page_outside_development(folder, client):
    send()
    assert client.get("/dev/mail/").status_code == 404
