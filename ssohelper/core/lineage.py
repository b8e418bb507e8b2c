"""Whether cached role credentials belong to the present sign-in. The only place that decides it.

The facts of a sign-in list the ids of its tokens, to which each renewal of ours adds one. So
credentials that AWS issued for an earlier token of the same sign-in can be told from those of
another user's sign-in.
"""

from enum import Enum

from ssohelper.core.model import AccessToken, SignInFacts

# A sign-in of 12 h has about 24 tokens.
_MAX_IDS = 48


class Validity(Enum):
    """Whether cached credentials belong to the present sign-in.

    DOUBTFUL: another tool has written the token file since, so that another user may be signed in.
    """

    CURRENT = "of the present sign-in"
    DOUBTFUL = "perhaps of another user's sign-in"
    SIGNED_OUT = "of a sign-in that has ended"


def validity_of(token_id: str, token: AccessToken | None, facts: SignInFacts) -> Validity:
    """Return whether credentials that were issued with the token `token_id` may still be used.

    `token` is what the token file holds now.
    """
    if token is None:
        return Validity.SIGNED_OUT
    if token_id == token.id:
        return Validity.CURRENT
    is_ours = bool(facts.token_ids) and facts.token_ids[-1] == token.id
    return Validity.CURRENT if is_ours and token_id in facts.token_ids else Validity.DOUBTFUL


def token_ids_after_sign_in(token: AccessToken) -> tuple[str, ...]:
    """Return the token ids of a new sign-in."""
    return (token.id,)


def token_ids_after_renewal(
    facts: SignInFacts, used: AccessToken, fresh: AccessToken
) -> tuple[str, ...]:
    """Return the token ids after a renewal replaced `used`, perhaps another tool's, by `fresh`."""
    is_ours = bool(facts.token_ids) and facts.token_ids[-1] == used.id
    earlier = facts.token_ids if is_ours else (used.id,)
    return (*earlier[-_MAX_IDS:], fresh.id)
