"""The candidates for each kind of value: which names, by which text, and in which form."""

from types import SimpleNamespace
from typing import Any

import pytest

from ssohelper.completion.offers import OfferedAccount, Offers, find_offers
from ssohelper.completion.words import parse_completion_request

PAY = OfferedAccount("000000000001", "payments", ("Admin", "ReadOnly"))
DEV = OfferedAccount("000000000002", "dev[1]*", ("ReadOnly", "bad/role"))


def names(*sessions: str, chosen: str | None = None) -> Any:
    """Names of a home in which the first session has two accounts; it is chosen if it is alone."""
    own = chosen or (sessions[0] if len(sessions) == 1 else None)
    return SimpleNamespace(
        sessions=lambda: list(sessions),
        session_of_environment=lambda: own,
        accounts=lambda session: [PAY, DEV] if session == sessions[0] else [],
        regions=lambda: ["eu-west-1"],
        profiles=lambda kind, session: [
            *(["pay-admin", "-odd"] if session in (None, "corp") else []),
            *(["theirs"] if kind == "usable_profile" and session is None else []),
        ],
    )


CORP = names("corp")


def offer(line: str, word: str = "", given: Any = CORP) -> Offers:
    return find_offers(parse_completion_request(["ssohelper", *line.split()], word), given)


@pytest.mark.parametrize(
    ("word", "whole", "begun"),
    [
        ("pay", ["pay-admin"], []),  # profiles come before addresses
        ("paym", ["payments/Admin", "payments/ReadOnly"], []),  # one account: its roles at once
        ("payments/R", ["payments/ReadOnly"], []),
        ("0000", [], ["000000000001/", "000000000002/"]),
        ("000000000001/A", ["000000000001/Admin"], []),
        ("corp:", [], ["corp:payments/", "corp:dev[1]*/"]),
        ("corp:paym", ["corp:payments/Admin", "corp:payments/ReadOnly"], []),
        ("dev[1]*/", ["dev[1]*/ReadOnly"], []),  # its other role has no valid name
        ("ADMIN", ["pay-admin"], []),  # none begins so: one that contains it, in any case
        ("nothing", [], []),
    ],
)
def test_a_profile_or_the_next_part_of_an_address(word, whole, begun):
    found = offer("use", word)
    assert (found.whole, found.begun) == (whole, begun)


def test_with_several_sessions_an_address_begins_with_one_unless_one_is_chosen():
    assert offer("use", "co", names("corp", "lab")).begun == ["corp:"]
    assert offer("use", "la", names("corp", "lab")).begun == ["lab:"]
    assert offer("use", "paym", names("corp", "lab", chosen="corp")).whole[0] == "payments/Admin"
    assert offer("use --session corp", "paym", names("corp", "lab")).whole[0] == "payments/Admin"


def test_profiles_of_other_tools_are_offered_unless_a_session_is_given():
    assert offer("use").whole == ["pay-admin", "theirs"]
    assert offer("use --session corp").whole == ["pay-admin"]
    assert offer("use --session lab").whole == []


def test_a_name_that_begins_with_a_dash_is_offered_only_behind_two_dashes():
    assert "-odd" not in offer("use").whole
    assert "-odd" in offer("use --").whole


def test_what_is_on_the_line_is_not_offered_again():
    assert offer("use pay-admin").whole == ["theirs"]
    assert "--yes" not in offer("use --yes", "--").whole
    assert "--yes" in offer("use", "--").whole


@pytest.mark.parametrize(
    ("line", "word", "whole"),
    [
        ("login", "", ["corp"]),
        ("profile sync --default-region", "", ["eu-west-1"]),
        ("profile sync --default-region", "west", ["eu-west-1"]),
        ("profile sync", "--form=p", ["--form=process"]),
        # An account's name as text, not as a pattern.
        ("profile sync --account", "", ["payments", "dev[[]1][*]"]),
        ("profile sync --account", "!p", ["!payments"]),
        ("profile sync --account", "!00", ["!000000000001", "!000000000002"]),
        ("profile sync --role", "", ["Admin", "ReadOnly"]),
        ("profile sync --role", "!", ["!Admin", "!ReadOnly"]),
        ("list", "", ["payments", "dev[1]*", "Admin", "ReadOnly"]),
        ("config set", "sessions.corp.b", ["sessions.corp.browser"]),
        ("profile sync --name-template", "", []),
    ],
)
def test_each_kind_of_value_has_candidates_of_its_own(line, word, whole):
    assert offer(line, word).whole == whole


def test_short_options_are_offered_once_a_letter_is_typed():
    assert "-v" not in offer("login", "-").whole
    assert offer("login", "-v").whole == ["-v"]
    found = offer("login", "--for")
    assert found.whole == ["--force"]
    assert found.helps["--force"].startswith("Sign in even if")


def test_a_command_is_completed_by_the_shell():
    assert offer("exec job --", "l") == Offers("command", [], [], {})
