"""The second step of signing in: whom it asks, what it takes, and that nothing leads around it."""

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

from accounts.mfa import has_second_factor


def test_recovery_codes_alone_are_no_second_factor(alice):
    RecoveryCodes.activate(alice)
    assert not has_second_factor(alice)


def test_an_authenticator_app_is_a_second_factor(alice, bob):
    TOTP.activate(alice, generate_totp_secret())
    assert has_second_factor(alice)
    assert not has_second_factor(bob)
