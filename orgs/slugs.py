"""An organization's place in the address bar: /o/<slug>/."""

import re
import secrets
import unicodedata

from django.core.exceptions import ValidationError

# A test holds the first line against the real map. The others are what products serve sooner or
# later, also as a subdomain, and what somebody could pass themselves off as.
WORDS = """
account accounts admin api avatars dev health invitations new organizations setup static waitlist

about app apps assets auth billing blog cdn changelog checkout community contact css dashboard demo
docs download downloads email example export favicon feed feedback file files forum ftp graphql help
home image images img imap import index invite invites invoice invoices jobs join last legal
localhost login log-in logout log-out mail media member members message messages metrics mobile news
newsletter notifications oauth organization orgs partners password pay payment payments ping plan
plans pop press pricing privacy profile public register robots rss saml search security session
sessions settings shop sign-in signin sign-out signout sign-up signup sitemap smtp sso staging stats
status store subscribe subscription support team teams terms test token tokens upgrade upload
uploads user users verify web webhook webhooks webmail welcome well-known www

abuse administrator admins all anonymous everyone false hostmaster mailer-daemon moderator nobody
none noreply no-reply null official operator owner owners postmaster root staff superuser sysadmin
system true undefined webmaster
"""
RESERVED = frozenset(WORDS.split())


def validate_slug(slug: str) -> None:
    """Raise ValidationError, with what to do about it, for a slug that cannot be a web address."""
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slug) or not 3 <= len(slug) <= 50:
        raise ValidationError(
            "Use 3 to 50 lowercase letters, digits and single hyphens, but none at an end."
        )
    if slug in RESERVED:
        raise ValidationError("This web address is reserved. Choose another.")


def suggest_slugs(name: str) -> list[str]:
    """Return valid slugs for the name, the best first, the last one made up and surely free.

    static/js/slug.js makes the first one while a person types.
    """
    plain = unicodedata.normalize("NFKD", name.casefold()).encode("ascii", "ignore").decode()
    slug = re.sub(r"[^a-z0-9]+", "-", plain.lower())[:40].strip("-")
    made_up = f"{slug}-{secrets.token_hex(4)}".strip("-")
    if len(slug) < 3 or slug in RESERVED:
        return [made_up]
    return [slug, *(f"{slug}-{number}" for number in range(2, 10)), made_up]
