"""Paths with ~, and homes that are no home."""

import os

import pytest

from ssohelper.errors import LocalState
from ssohelper.system.locations import expand_home


@pytest.mark.parametrize(
    ("path", "home", "expanded"),
    [
        ("/a/b", "/home/ana", "/a/b"),
        ("a/~", "/home/ana", "a/~"),
        ("~/a", "/home/ana", "/home/ana/a"),
        ("~/a", "/home/ana/", "/home/ana/a"),
        ("~/a", "/", "/a"),
    ],
)
def test_a_leading_tilde_is_the_home_folder(path, home, expanded):
    assert expand_home(path, {"HOME": home}) == expanded


def test_without_home_it_is_that_of_the_user_database(monkeypatch):
    monkeypatch.setattr(os.path, "expanduser", lambda path: path.replace("~", "/home/db", 1))
    assert expand_home("~/a", {}) == "/home/db/a"
    monkeypatch.setattr(os.path, "expanduser", lambda path: path)
    for path, environ in (("~/a", {}), ("~no-such-user/a", {"HOME": "/home/ana"})):
        with pytest.raises(LocalState, match="there is no home folder"):
            expand_home(path, environ)


@pytest.mark.parametrize("home", ["", "home/ana", "/home/\x1bana"])
def test_a_home_that_is_no_absolute_path_is_refused(home):
    with pytest.raises(LocalState, match="not an absolute path"):
        expand_home("~/a", {"HOME": home})
