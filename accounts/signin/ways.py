"""The ways into an account. The last one stays: nobody shuts themselves out."""

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount

from accounts.models import User
from accounts.social.adapter import connected


def is_only_way_in(way: Authenticator | SocialAccount) -> bool:
    """Whether its owner has no password, no other passkey and no other account elsewhere.

    A code by email would still open the account, but to whoever reads the mailbox.
    """
    owner = way.user
    if owner.has_usable_password():
        return False
    keys = owner.authenticator_set.filter(type=Authenticator.Type.WEBAUTHN)
    others = [other for other in (*keys, *connected(owner)) if other != way]
    return not any(map(signs_in, others))


def signs_in(way: Authenticator | SocialAccount) -> bool:
    """Whether it needs no email; a key that a silent browser made can be found without one."""
    return isinstance(way, SocialAccount) or way.wrap().is_passwordless is not False


def hold(user: User) -> None:
    """Let whoever removes another way at the same moment wait for the end of the transaction."""
    User.objects.select_for_update().get(pk=user.pk)
