"""The project as an app of its own, and the admin with our gate (config/gate.py)."""

from django.apps import AppConfig
from django.contrib.admin import apps as admin


class ProjectConfig(AppConfig):
    name = "config"
    verbose_name = "Database"
    default = True


class AdminConfig(admin.AdminConfig):
    default = False
    default_site = "config.gate.AdminSite"

    def ready(self) -> None:
        """Show what no app registered, too: each app has had its turn by then."""
        super().ready()
        from django.contrib.admin import site

        from accounts.browsing.automatic import register_the_rest

        register_the_rest(site)
