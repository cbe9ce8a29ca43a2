from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People"  # beside allauth's "Accounts" in the admin

    def ready(self) -> None:
        from accounts import codes, reauthentication  # noqa: F401  # they receive signals
        from accounts.tokens import encrypt_tokens

        encrypt_tokens()
