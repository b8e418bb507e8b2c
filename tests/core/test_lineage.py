"""Whether cached credentials are of the present sign-in, as the tokens tell."""

import pytest

from ssohelper.core import lineage
from ssohelper.core.lineage import Standing, standing_of
from ssohelper.core.model import AccessToken, Secret, SignInFacts


def token(value: str) -> AccessToken:
    return AccessToken(Secret(value), 0, None, None)


A, B, C, D = (token(value) for value in "abcd")


def ids(*tokens: AccessToken) -> tuple[str, ...]:
    return tuple(one.id for one in tokens)


@pytest.mark.parametrize(
    ("asked_with", "present", "known", "expected"),
    [
        (A, None, (A,), Standing.SIGNED_OUT),
        (A, None, (), Standing.SIGNED_OUT),
        # The token that they were asked for with is still there, whoever wrote it.
        (A, A, (), Standing.CURRENT),
        (A, A, (A,), Standing.CURRENT),
        (A, A, (B,), Standing.CURRENT),
        # Renewed by us since.
        (A, B, (A, B), Standing.CURRENT),
        (A, C, (A, B, C), Standing.CURRENT),
        (B, C, (A, B, C), Standing.CURRENT),
        # Another tool wrote the token: it may be another person's.
        (A, B, (), Standing.DOUBTFUL),
        (A, B, (A,), Standing.DOUBTFUL),
        (A, D, (A, B, C), Standing.DOUBTFUL),
        # The file holds an earlier token of ours again: another tool wrote that too.
        (A, B, (A, B, C), Standing.DOUBTFUL),
        # A sign-in of ours began after they were asked for.
        (A, B, (B,), Standing.DOUBTFUL),
        (D, C, (A, B, C), Standing.DOUBTFUL),
    ],
)
def test_credentials_belong_to_the_sign_in_of_their_token(asked_with, present, known, expected):
    facts = SignInFacts(token_ids=ids(*known))
    assert standing_of(asked_with.id, present, facts) is expected


def test_credentials_that_name_no_token_are_doubtful():
    """Those that an earlier version kept."""
    assert standing_of("", A, SignInFacts(token_ids=ids(A))) is Standing.DOUBTFUL
    assert standing_of("", None, SignInFacts()) is Standing.SIGNED_OUT


def test_a_sign_in_begins_a_lineage():
    assert lineage.after_sign_in(A) == ids(A)


@pytest.mark.parametrize(
    ("known", "used", "expected"),
    [
        ((A,), A, (A, D)),
        ((A, B), B, (A, B, D)),
        # Another tool signed in since: what was asked for before is of the past.
        ((A, B), C, (C, D)),
        ((), C, (C, D)),
        ((A, B), A, (A, D)),
    ],
)
def test_a_renewal_continues_the_lineage_of_the_token_that_it_used(known, used, expected):
    facts = SignInFacts(token_ids=ids(*known))
    assert lineage.after_renewal(facts, used, D) == ids(*expected)


def test_a_lineage_of_many_renewals_stays_short_and_keeps_the_latest():
    facts = SignInFacts(token_ids=lineage.after_sign_in(token("0")))
    for number in range(1, 500):
        used, fresh = token(str(number - 1)), token(str(number))
        facts = facts._replace(token_ids=lineage.after_renewal(facts, used, fresh))
    assert len(facts.token_ids) <= 50
    # Credentials last for 12 h at most, and a token for an hour.
    assert standing_of(token("460").id, token("499"), facts) is Standing.CURRENT
    assert standing_of(token("1").id, token("499"), facts) is Standing.DOUBTFUL


def test_an_id_does_not_show_its_token():
    assert "CNRY" not in token("CNRY-AT-1").id
    assert token("x").id == token("x").id != token("y").id
