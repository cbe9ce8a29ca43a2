"""An OpenID Connect provider for the tests: allauth's own, in a process and database of its own.

`python -m config.tests.oidc_provider '{"redirect_uris": […], "people": […]}'` prints its address
once it answers, and ends when its standard input does. A person is [username, name, email, whether
the address is verified]; everybody's password is PASSWORD.
"""

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager

from config.env import BASE_DIR

CLIENT_ID = "groundwork"
SECRET = "a-secret-between-two"
PASSWORD = "blue-river-2026"


@contextmanager
def running(*, redirect_uris, people):
    """Run the provider, give its address, which is its issuer too, and end it."""
    told = json.dumps({"redirect_uris": redirect_uris, "people": people})
    command = [sys.executable, "-m", "config.tests.oidc_provider", told]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=BASE_DIR, **pipes) as process:
        yield process.stdout.readline().strip()
        process.stdin.close()


def configure():
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa
    from django.conf import settings

    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    settings.configure(
        SECRET_KEY="of-the-provider-alone",
        ALLOWED_HOSTS=["*"],
        INSTALLED_APPS=[
            "django.contrib.auth",
            "django.contrib.contenttypes",
            "django.contrib.messages",
            "allauth",
            "allauth.account",
            "allauth.idp.oidc",
        ],
        MIGRATION_MODULES=dict.fromkeys(["account", "allauth_idp_oidc", "auth", "contenttypes"]),
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": "file:provider?mode=memory&cache=shared",
                "OPTIONS": {"uri": True},
            }
        },
        MIDDLEWARE=[
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.contrib.auth.middleware.AuthenticationMiddleware",
            "django.contrib.messages.middleware.MessageMiddleware",
            "allauth.account.middleware.AccountMiddleware",
        ],
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                        "django.contrib.messages.context_processors.messages",
                    ]
                },
            }
        ],
        ROOT_URLCONF="config.tests.oidc_provider_urls",
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        # Cookies know no ports, and a browser has those of the site from the same host.
        SESSION_COOKIE_NAME="provider_session",
        CSRF_COOKIE_NAME="provider_csrf",
        PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        ACCOUNT_EMAIL_VERIFICATION="none",
        ACCOUNT_RATE_LIMITS=False,
        AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
        IDP_OIDC_PRIVATE_KEY=pem.decode(),
        USE_TZ=True,
    )


def populate(*, redirect_uris, people):
    from allauth.account.models import EmailAddress
    from allauth.idp.oidc.models import Client
    from django.contrib.auth.hashers import make_password
    from django.contrib.auth.models import User
    from django.core.management import call_command

    call_command("migrate", run_syncdb=True, verbosity=0)
    Client.objects.create(
        id=CLIENT_ID,
        secret=make_password(SECRET),
        name="Groundwork",
        scopes="openid\nprofile\nemail",
        grant_types="authorization_code\nrefresh_token",
        redirect_uris="\n".join(redirect_uris),
    )
    password = make_password(PASSWORD)
    for username, name, email, verified in people:
        first_name, _, last_name = name.partition(" ")
        user = User.objects.create(
            username=username, first_name=first_name, last_name=last_name, password=password
        )
        if email:
            EmailAddress.objects.create(user=user, email=email, verified=verified, primary=True)


def serve():
    from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
    from django.core.wsgi import get_wsgi_application

    class Quiet(WSGIRequestHandler):
        def log_message(self, *args):
            pass

    server = ThreadedWSGIServer(("127.0.0.1", 0), Quiet)
    site = get_wsgi_application()
    turn = threading.Lock()  # browsers keep connections open; the database takes one at a time

    def in_turn(environ, start_response):
        with turn:
            return site(environ, start_response)

    server.set_app(in_turn)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)  # noqa: T201
    server.serve_forever()


if __name__ == "__main__":
    threading.Thread(target=lambda: (sys.stdin.read(), os._exit(0)), daemon=True).start()
    configure()
    import django

    django.setup()
    populate(**json.loads(sys.argv[1]))
    serve()
