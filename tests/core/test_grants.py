"""Grants: where and for how long one counts, and which texts are a grant."""

import json

import pytest

from ssohelper.core import grants
from ssohelper.core.grants import Grant, GrantContext, TerminalSession
from ssohelper.core.model import RoleKey
from ssohelper.core.schema.fields import Damaged

NOW, UPTIME, LIFE = 4_000_000_000, 5000, 1800
TERMINAL = TerminalSession(77, 4711, "pts/3")
KEY = RoleKey("corp", "000030000001", "Admin")
GRANT = Grant(KEY, "INC-4711", NOW, NOW + LIFE, UPTIME, 1000, "boot-1", TERMINAL, "00ff")
HERE = GrantContext(1000, "boot-1", TERMINAL, NOW, UPTIME)


def context_after(seconds: int, uptime: int | None = None) -> GrantContext:
    """Return the context `seconds` after the grant; `uptime` has passed if a clock was set."""
    passed = seconds if uptime is None else uptime
    return HERE._replace(now=NOW + seconds, uptime=UPTIME + passed)


@pytest.mark.parametrize(
    ("here", "counts"),
    [
        (HERE, True),
        (context_after(LIFE - 1), True),
        (context_after(LIFE), False),
        (HERE._replace(uid=0), False),
        (HERE._replace(boot="boot-2"), False),
        (HERE._replace(session=TERMINAL._replace(started=1)), False),
        (HERE._replace(session=None), False),
        # A time service sets the wall clock back by up to 5 s.
        (context_after(-5, uptime=0), True),
        (context_after(-6, uptime=0), False),
        # A wall clock that was set back does not prolong it, nor does one that was set forward.
        (context_after(10, uptime=LIFE - 1), True),
        (context_after(10, uptime=LIFE), False),
        (context_after(LIFE, uptime=10), False),
        (context_after(10, uptime=-1), False),
    ],
)
def test_a_grant_counts_for_its_user_boot_terminal_and_time(here, counts):
    assert GRANT.is_in_force(here) == counts


def test_a_grant_without_a_session_counts_on_each_terminal():
    everywhere = GRANT._replace(session=None)
    assert everywhere.is_in_force(HERE)
    assert everywhere.is_in_force(HERE._replace(session=TERMINAL._replace(leader=1)))
    assert not everywhere.is_in_force(HERE._replace(uid=0))


@pytest.mark.parametrize(("life", "counts"), [(3600, True), (3601, False), (0, False), (-5, False)])
def test_no_grant_lasts_longer_than_an_hour(life, counts):
    assert GRANT._replace(ends_at=NOW + life).is_in_force(HERE) == counts


@pytest.mark.parametrize("session", [TERMINAL, None])
def test_a_grant_is_read_back_as_it_was_written(session):
    written = GRANT._replace(session=session)
    assert grants.parse_grant(json.loads(json.dumps(grants.grant_document(written)))) == written


@pytest.mark.parametrize(
    "change",
    [
        *({"more": 1}, {"reason": 1}, {"reason": "x" * 201}, {"id": None}, {"granted_at": True}),
        *({"ends_at": "soon"}, {"uptime": 1.5}, {"key": "corp"}, {"session": "pts/3"}),
        *({"key": ["corp", "000030000001"]}, {"key": ["corp", "000030000001", 1]}),
        *({"key": ["../corp", "000030000001", "Admin"]}, {"key": ["corp", "30000001", "Admin"]}),
        {"key": ["corp", "000030000001", "a/b"]},
        *({"session": [77, 4711]}, {"session": [77, "4711", "pts/3"]}),
    ],
)
def test_what_is_no_grant_is_damaged(change):
    found = {**grants.grant_document(GRANT), **change}
    with pytest.raises(Damaged):
        grants.parse_grant(found)


def test_a_missing_field_is_damaged_and_the_longest_reason_is_not():
    found = grants.grant_document(GRANT._replace(reason="x" * 200))
    assert len(grants.parse_grant(found).reason) == 200
    del found["uid"]
    with pytest.raises(Damaged):
        grants.parse_grant(found)
