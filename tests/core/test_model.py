"""Secrets are not shown, and impossible names of roles and sessions are refused."""

import pickle

import pytest

from ssohelper.core.model import ROLE_NAME, SESSION_NAME, AccessToken, Secret


def test_only_reveal_returns_a_secret() -> None:
    secret = Secret("CNRY-1")
    token = AccessToken(secret, 1, None, None)
    for shown in (repr(secret), str(secret), f"{secret}", f"{secret:>20}", repr(token), f"{token}"):
        assert "CNRY" not in shown
    with pytest.raises(TypeError):
        pickle.dumps(secret)
    assert secret.reveal() == "CNRY-1"


@pytest.mark.parametrize(
    ("pattern", "name", "is_possible"),
    [
        *((ROLE_NAME, name, True) for name in ("Read=Only,1", "a.b", "...", "x@y+z", "-x")),
        *((ROLE_NAME, name, False) for name in (".", "..", "a/b", "", "x" * 33, "a b", "ä", "a\n")),
        *((SESSION_NAME, name, False) for name in ("-corp", ".corp", "a/b", "", "x" * 65)),
        *((SESSION_NAME, name, False) for name in ("a b", "corp\n")),
    ],
)
def test_impossible_names_of_roles_and_sessions_are_refused(pattern, name, is_possible):
    assert bool(pattern.fullmatch(name)) is is_possible
