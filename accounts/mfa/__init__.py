"""The second step of a sign-in: codes of an app, recovery codes, passkeys and security keys."""
