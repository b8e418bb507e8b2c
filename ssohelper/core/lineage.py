"""Which sign-in role credentials belong to. The only place that decides whether they may be used.

Each renewal of ours notes the token that it wrote in the sign-in's facts. So credentials that were
asked for with an earlier token of the same sign-in are known from those of another person's.
"""

from enum import Enum

from ssohelper.core.model import AccessToken, SignInFacts

# A sign-in of 12 h has about 24 tokens.
_MOST_IDS = 48


class Validity(Enum):
    """What the sign-in of cached credentials is now.

    DOUBTFUL: another tool wrote the token file since, which may be another person's sign-in.
    """

    CURRENT = "of the present sign-in"
    DOUBTFUL = "perhaps of another person's sign-in"
    SIGNED_OUT = "of a sign-in that has ended"


def validity_of(token_id: str, token: AccessToken | None, facts: SignInFacts) -> Validity:
    """Return whether what was issued with this token may be used, now that `token` is in the file."""
    if token is None:
        return Validity.SIGNED_OUT
    if token_id == token.id:
        return Validity.CURRENT
    is_ours = bool(facts.token_ids) and facts.token_ids[-1] == token.id
    return Validity.CURRENT if is_ours and token_id in facts.token_ids else Validity.DOUBTFUL


def token_ids_after_sign_in(token: AccessToken) -> tuple[str, ...]:
    """Return the token ids of a sign-in that begins."""
    return (token.id,)


def token_ids_after_renewal(
    facts: SignInFacts, used: AccessToken, fresh: AccessToken
) -> tuple[str, ...]:
    """Return the token ids once `fresh` has replaced `used`, which another tool may have written."""
    is_ours = bool(facts.token_ids) and facts.token_ids[-1] == used.id
    earlier = facts.token_ids if is_ours else (used.id,)
    return (*earlier[-_MOST_IDS:], fresh.id)
