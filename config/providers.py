"""Accounts elsewhere to sign in with: which are configured, in the shape that allauth reads."""

from typing import Any

from config.env import SettingError, env


def configured(environment: str) -> dict[str, Any]:
    """Return SOCIALACCOUNT_PROVIDERS with each provider whose variables are set.

    Raises SettingError, in one sentence, for a provider of which only a part is set. The scopes
    ask for who somebody is and which addresses are theirs, nothing else.
    """
    apps = {
        "google": _app(
            ["openid", "profile", "email"],
            GOOGLE_CLIENT_ID=env.str("GOOGLE_CLIENT_ID", ""),
            GOOGLE_CLIENT_SECRET=env.str("GOOGLE_CLIENT_SECRET", ""),
        ),
        "github": _app(
            ["user:email"],
            GITHUB_CLIENT_ID=env.str("GITHUB_CLIENT_ID", ""),
            GITHUB_CLIENT_SECRET=env.str("GITHUB_CLIENT_SECRET", ""),
        ),
        "microsoft": _app(
            ["User.Read"],
            MICROSOFT_CLIENT_ID=env.str("MICROSOFT_CLIENT_ID", ""),
            MICROSOFT_CLIENT_SECRET=env.str("MICROSOFT_CLIENT_SECRET", ""),
        ),
        "openid_connect": _oidc(environment),
    }
    return {provider: {"APPS": [app]} for provider, app in apps.items() if app}


def _oidc(environment: str) -> dict[str, Any]:
    issuer = env.str("OIDC_ISSUER", "").strip().rstrip("/")
    app = _app(
        ["openid", "profile", "email"],
        OIDC_CLIENT_ID=env.str("OIDC_CLIENT_ID", ""),
        OIDC_CLIENT_SECRET=env.str("OIDC_CLIENT_SECRET", ""),
        OIDC_ISSUER=issuer,
    )
    if not app:
        return {}
    # Its certificate is what proves the provider's answers (OpenID Connect Core 3.1.3.7).
    schemes = ("https://", "http://") if environment in ("development", "test") else ("https://",)
    if not issuer.startswith(schemes):
        raise SettingError(f"OIDC_ISSUER is {issuer!r}; it must be an address with https://.")
    app["settings"]["server_url"] = issuer
    return app | {"provider_id": "oidc", "name": env.str("OIDC_NAME", "single sign-on")}


def _app(scope: list[str], **variables: str) -> dict[str, Any]:
    """Return what allauth has to know, or {} if none of the variables is set.

    They come with their names: the client's id, its secret, and what else belongs to them.
    """
    missing = [name for name, value in variables.items() if not value.strip()]
    if len(missing) == len(variables):
        return {}
    if missing:
        present = next(name for name in variables if name not in missing)
        raise SettingError(f"{missing[0]} is not set, and {present} is of no use without it.")
    client_id, secret, *_ = (value.strip() for value in variables.values())
    settings = {"scope": scope, "oauth_pkce_enabled": True}
    return {"client_id": client_id, "secret": secret, "settings": settings}
