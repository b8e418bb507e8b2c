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


@pytest.mark.parametrize("name", [".", "..", "a/b", "", "x" * 33, "a b", "ä", "a\n"])
def test_impossible_role_names_are_refused(name: str) -> None:
    assert not ROLE_NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["Read=Only,1", "a.b", "...", "x@y+z", "-x"])
def test_possible_role_names_are_accepted(name: str) -> None:
    assert ROLE_NAME.fullmatch(name)


@pytest.mark.parametrize("name", ["-corp", ".corp", "a/b", "", "x" * 65, "a b", "corp\n"])
def test_impossible_session_names_are_refused(name: str) -> None:
    assert not SESSION_NAME.fullmatch(name)
