"""Decides whether cached role credentials belong to the present sign-in. No other module does."""

from enum import Enum

from ssohelper.core.model import AccessToken, SignInFacts

# How many ids of a sign-in's earlier access tokens stay recorded. A sign-in of 12 h has about 24
# tokens.
_MAX_IDS = 48


class Validity(Enum):
    """Whether cached credentials belong to the present sign-in.

    DOUBTFUL: another tool has written the token file later, so another user may be signed in.
    """

    CURRENT = "of the present sign-in"
    DOUBTFUL = "perhaps of another user's sign-in"
    SIGNED_OUT = "of a sign-in that has ended"


def validity_of_credentials(
    token_id: str, token: AccessToken | None, facts: SignInFacts
) -> Validity:
    """Return whether credentials of the token `token_id` may still be used."""
    if token is None:
        return Validity.SIGNED_OUT
    if token_id == token.id:
        return Validity.CURRENT
    is_ours = bool(facts.token_ids) and facts.token_ids[-1] == token.id
    return Validity.CURRENT if is_ours and token_id in facts.token_ids else Validity.DOUBTFUL


def token_ids_after_renewal(
    facts: SignInFacts, old: AccessToken, new: AccessToken
) -> tuple[str, ...]:
    """Return the token ids to record after `new` replaced `old`.

    If another tool got `old`, earlier tokens may be of another sign-in and are left out.
    """
    is_ours = bool(facts.token_ids) and facts.token_ids[-1] == old.id
    earlier = facts.token_ids if is_ours else (old.id,)
    return (*earlier[-_MAX_IDS:], new.id)
