from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People"  # beside allauth's "Accounts" in the admin

    def ready(self) -> None:
        # They receive signals.
        from accounts import allow_list, changes, receivers, setup  # noqa: F401
        from accounts.mfa import codes  # noqa: F401
        from accounts.rates import count_for_allauth
        from accounts.signin import reauthentication  # noqa: F401
        from accounts.social.tokens import encrypt_tokens

        count_for_allauth()
        encrypt_tokens()
