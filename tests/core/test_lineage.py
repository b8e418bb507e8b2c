"""Whether cached credentials belong to the present sign-in, decided from token ids."""

import pytest

from ssohelper.core import lineage
from ssohelper.core.lineage import Validity, validity_of_credentials
from ssohelper.core.model import AccessToken, Secret, SignInFacts


def token(value: str) -> AccessToken:
    return AccessToken(Secret(value), 0, None, None)


A, B, C, D = (token(value) for value in "abcd")


def ids(*tokens: AccessToken) -> tuple[str, ...]:
    return tuple(one.id for one in tokens)


@pytest.mark.parametrize(
    ("asked_with", "present", "known", "expected"),
    [
        (A, None, (A,), Validity.SIGNED_OUT),
        (A, None, (), Validity.SIGNED_OUT),
        # The file still holds the token that they were issued for, whichever tool wrote it.
        (A, A, (), Validity.CURRENT),
        (A, A, (A,), Validity.CURRENT),
        (A, A, (B,), Validity.CURRENT),
        # ssohelper has renewed the token since.
        (A, B, (A, B), Validity.CURRENT),
        (A, C, (A, B, C), Validity.CURRENT),
        (B, C, (A, B, C), Validity.CURRENT),
        # Another tool wrote the token, perhaps for another user.
        (A, B, (), Validity.DOUBTFUL),
        (A, B, (A,), Validity.DOUBTFUL),
        (A, D, (A, B, C), Validity.DOUBTFUL),
        # The file holds an earlier token of ours again: another tool must have written it.
        (A, B, (A, B, C), Validity.DOUBTFUL),
        # A new sign-in of ours began after they were issued.
        (A, B, (B,), Validity.DOUBTFUL),
        (D, C, (A, B, C), Validity.DOUBTFUL),
    ],
)
def test_credentials_belong_to_the_sign_in_of_their_token(asked_with, present, known, expected):
    facts = SignInFacts(token_ids=ids(*known))
    assert validity_of_credentials(asked_with.id, present, facts) is expected


def test_credentials_that_name_no_token_are_doubtful():
    """An earlier version cached credentials without their token's id."""
    assert validity_of_credentials("", A, SignInFacts(token_ids=ids(A))) is Validity.DOUBTFUL
    assert validity_of_credentials("", None, SignInFacts()) is Validity.SIGNED_OUT


@pytest.mark.parametrize(
    ("known", "used", "expected"),
    [
        ((A,), A, (A, D)),
        ((A, B), B, (A, B, D)),
        # Another tool has signed in since: the ids from before do not count.
        ((A, B), C, (C, D)),
        ((), C, (C, D)),
        ((A, B), A, (A, D)),
    ],
)
def test_a_renewal_adds_its_token_to_those_of_the_same_sign_in(known, used, expected):
    facts = SignInFacts(token_ids=ids(*known))
    assert lineage.token_ids_after_renewal(facts, used, D) == ids(*expected)


def test_of_many_renewals_only_the_latest_ids_are_kept():
    facts = SignInFacts(token_ids=(token("0").id,))
    for number in range(1, 500):
        used, fresh = token(str(number - 1)), token(str(number))
        facts = facts._replace(token_ids=lineage.token_ids_after_renewal(facts, used, fresh))
    assert len(facts.token_ids) <= 50
    # Credentials last at most 12 h, a token an hour.
    assert validity_of_credentials(token("460").id, token("499"), facts) is Validity.CURRENT
    assert validity_of_credentials(token("1").id, token("499"), facts) is Validity.DOUBTFUL


def test_an_id_does_not_show_its_token():
    assert "CNRY" not in token("CNRY-AT-1").id
    assert token("x").id == token("x").id != token("y").id
