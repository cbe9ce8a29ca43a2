"""manage.py db setup: from a URL to a database that the site can run on."""

from typing import Any

from django.conf import settings

from accounts import setup as first_owner
from config import cast
from config.database.embedded import leftovers
from config.database.preparing import set_up
from config.database.verbs import Verb
from config.database.wording import in_bytes

SIGN_IN = f"sign in as alice@example.com, password {cast.PASSWORD}"
NEXT = {
    "development": f"    ./bin/dev              the site; {SIGN_IN}\n"
    "    manage.py db studio    where to look at the rows",
    "test": "    ./bin/test             the tests",
}
DEPLOYED = (
    "    gunicorn --config config/gunicorn.py config.wsgi       the site\n"
    "    manage.py deliver_mail                                 the worker"
)
OWNER = "    {site}/setup/    become the platform's owner, with the token that migrate prints"


class Setup(Verb):
    help = "Check the connection, make the database if it is missing, migrate; seed in development."

    def run(self, **options: Any) -> None:
        set_up(self.target, self.say, seed=settings.DEVELOPMENT)
        self.stdout.write(f"Ready. Next:\n{self.next()}")
        if "EMBEDDED" in settings.DATABASES["default"]:
            self.name_leftovers()

    def name_leftovers(self) -> None:
        """Say which data of clones that are gone could be deleted."""
        for left in leftovers.found():
            self.say(
                f"\nThe clone whose database this is ({in_bytes(left.size)}) is no longer at "
                f"{left.clone.parents[1]}. If it was deleted, not moved:\n"
                f"    rm -r {left.data} {left.record}"
            )

    def next(self) -> str:
        """Return what to do now, a line each."""
        if not settings.DEPLOYED:
            return NEXT[settings.ENVIRONMENT]
        owner = OWNER.format(site=settings.SITE_URL)
        return f"{DEPLOYED}\n{owner}" if first_owner.is_open() else DEPLOYED
