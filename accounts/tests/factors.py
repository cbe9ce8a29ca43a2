"""The second factors that a person of the tests holds: an app, recovery codes, a passkey."""

import json
import re
import secrets

from allauth.account.internal.userkit import user_id_to_str
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.test import Client
from django.urls import reverse
from fido2.cose import ES256
from fido2.utils import sha256, websafe_decode, websafe_encode
from fido2.webauthn import (
    Aaguid,
    AttestationObject,
    AttestedCredentialData,
    AuthenticatorData,
    CollectedClientData,
)

AUTHENTICATE = "/accounts/2fa/authenticate/"
REAUTHENTICATE = "/accounts/2fa/reauthenticate/"
PASSKEY_LOGIN = "/accounts/2fa/webauthn/login/"
PASSKEY_ADD = "/accounts/2fa/webauthn/add/"


class App:
    """An authenticator app, set up for the person or, with a secret, about to be."""

    def __init__(self, user=None, secret=None):
        self.secret = secret or totp.generate_totp_secret()
        if user:
            totp.TOTP.activate(user, self.secret)

    def code(self, steps=0):
        """The code of now, or of so many steps later."""
        _before, now, _after = totp.yield_hotp_counters_from_time()
        return totp.format_hotp_value(totp.hotp_value(self.secret, now + steps))

    def wrong_code(self):
        return f"{(int(self.code()) + 123_456) % 1_000_000:06}"


def recovery_codes(user):
    """Make the person's recovery codes and return them."""
    return RecoveryCodes.activate(user).get_unused_codes()


class Passkey:
    """A phone or a security key: answers what the server asks a browser, at http://localhost."""

    origin = "http://localhost"

    def __init__(self, *, verifies_user=True, discoverable=True):
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.public_key = ES256.from_cryptography_key(self.key.public_key())
        self.id = secrets.token_bytes(16)
        self.name = websafe_encode(self.id)
        self.flags = AuthenticatorData.FLAG.UP | (
            AuthenticatorData.FLAG.UV if verifies_user else AuthenticatorData.FLAG(0)
        )
        self.discoverable = discoverable
        self.user_handle = b""

    def answer_to(self, question):
        """Return the answer, as JSON, to what a page or its address asks of a browser."""
        if creation := question.get("creation_options"):
            return json.dumps(self._new(creation["publicKey"]))
        return json.dumps(self._proof(question["request_options"]["publicKey"]))

    def added_to(self, user):
        """Return this passkey, kept as one of the person's."""
        self.user_handle = user_id_to_str(user).encode()
        credential = self._new({"challenge": websafe_encode(b"?" * 32), "rp": {"id": "localhost"}})
        Authenticator.objects.create(
            user=user,
            type=Authenticator.Type.WEBAUTHN,
            data={"name": "Passkey", "credential": credential},
        )
        return self

    def _new(self, asked):
        if "user" in asked:
            self.user_handle = websafe_decode(asked["user"]["id"])
        credential = AttestedCredentialData.create(Aaguid(bytes(16)), self.id, self.public_key)
        data = self._data(asked["rp"]["id"], AuthenticatorData.FLAG.AT, credential)
        return self._response(
            {"credProps": {"rk": self.discoverable}},
            clientDataJSON=self._client_data("webauthn.create", asked),
            attestationObject=AttestationObject.create("none", data, {}),
        )

    def _proof(self, asked):
        data = self._data(asked["rpId"], AuthenticatorData.FLAG(0))
        client_data = self._client_data("webauthn.get", asked)
        return self._response(
            {},
            clientDataJSON=client_data,
            authenticatorData=data,
            signature=self.key.sign(data + sha256(client_data), ec.ECDSA(SHA256())),
            userHandle=self.user_handle,
        )

    def _data(self, host, flag, credential=b""):
        return AuthenticatorData.create(sha256(host.encode()), self.flags | flag, 0, credential)

    def _client_data(self, kind, asked):
        challenge = websafe_decode(asked["challenge"])
        return CollectedClientData.create(kind, challenge, self.origin)

    def _response(self, extensions, **parts):
        return {
            "id": self.name,
            "rawId": self.name,
            "type": "public-key",
            "clientExtensionResults": extensions,
            "response": {name: websafe_encode(part) for name, part in parts.items()},
        }


def question_of(page):
    """What a page asks the browser for, as static/js/passkeys.js finds it."""
    return json.loads(
        re.search(r'<script id="passkey-question"[^>]*>(.*?)</script>', page.content.decode())[1]
    )


def sign_in_by_passkey(client, passkey, **form):
    question = client.get(PASSKEY_LOGIN, headers={"accept": "application/json"}).json()
    return client.post(PASSKEY_LOGIN, {"credential": passkey.answer_to(question), **form})


def same_browser(client):
    """Another request of the same browser, for one that is sent at the same moment."""
    other = Client()
    other.defaults, other.cookies = client.defaults, client.cookies
    return other


def url(name, **kwargs):
    return reverse(f"mfa_{name}", kwargs=kwargs)
