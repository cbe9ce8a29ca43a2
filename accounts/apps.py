from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = "People"  # beside allauth's "Accounts" in the admin

    def ready(self) -> None:
        from accounts import changes, codes, reauthentication  # noqa: F401  # receive signals
        from accounts.rates import count_for_allauth
        from accounts.tokens import encrypt_tokens

        count_for_allauth()
        encrypt_tokens()
