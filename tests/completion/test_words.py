"""Which kind of value is expected at the cursor, by the words before it."""

import pytest

from ssohelper.completion.words import find_command, parse_completion_request
from tests import completion_tree


def at(line: str, word: str = ""):
    return parse_completion_request(["ssohelper", *line.split()], word)


@pytest.mark.parametrize(
    ("line", "word", "kind"),
    [
        ("", "", "subcommand"),
        ("", "lo", "subcommand"),
        ("profile", "", "subcommand"),
        ("login", "", "session"),
        ("use", "", "usable_profile"),
        ("use one two", "", "usable_profile"),  # any number of them
        ("login corp", "", "option"),  # nothing more is expected
        ("login", "-", "option"),
        ("login", "--fo", "option"),
        ("login --min", "", "text"),
        ("login --min 1h", "", "session"),
        ("login --min=1h", "", "session"),
        ("login --force", "", "session"),
        ("profile sync --form", "", "words:process,sso"),
        ("ls", "", "query"),  # `ls` is an alias of `list`
        ("nonsense", "", "option"),
        ("use --", "-x", "usable_profile"),
        ("exec job --", "", "command"),
        ("exec job --", "-x", "command"),
        ("exec job", "--", "option"),
    ],
)
def test_the_kind_of_the_value_at_the_cursor(line, word, kind):
    found = at(line, word)
    assert (found.kind, found.word, found.prefix) == (kind, word, "")


def test_a_value_behind_an_equals_sign_is_completed_without_its_option():
    found = at("profile sync", "--form=pr")
    assert (found.kind, found.word, found.prefix) == ("words:process,sso", "pr", "--form=")
    unknown = at("profile sync", "--nonsense=pr")
    assert (unknown.kind, unknown.word, unknown.prefix) == ("option", "--nonsense=pr", "")


@pytest.mark.parametrize(
    ("line", "session"),
    [
        ("use", None),
        ("use --session corp", "corp"),
        ("use --session=corp", "corp"),
        ("use --session corp --session lab", "lab"),
        ("login --min corp", None),
    ],
)
def test_the_session_on_the_line_decides_whose_names_are_offered(line, session):
    assert at(line).session == session


def test_what_is_on_the_line_is_used_but_for_options_that_repeat():
    assert at("use one --yes two -").used == ("one", "two", "-", "--yes")
    assert at("profile sync --account a --prune").used == ("--prune",)
    assert "-h" in at("use --help").used  # --help and its short name -h


@pytest.mark.parametrize(
    ("line", "word", "may"),
    [
        ("use", "x", False),
        ("use", "-", True),
        ("login --min", "", True),
        ("profile sync", "--form=", True),
        ("use --", "", True),
    ],
)
def test_a_word_with_a_dash_is_offered_only_where_it_is_no_option(line, word, may):
    assert at(line, word).may_begin_with_dash is may


def test_a_command_of_the_tree_has_its_help_its_options_and_its_subcommands():
    sync = find_command("profile sync")
    assert sync.help.startswith("Write a profile for each role")
    [form] = [one for one in sync.options if "--form" in one.names]
    assert (form.kind, form.repeats) == ("words:process,sso", False)
    [verbose] = [one for one in sync.options if "--verbose" in one.names]
    assert (verbose.names, verbose.repeats) == (("-v", "--verbose"), True)
    group = find_command("profile").subcommands
    assert {"sync", "undo"} <= set(group)
    every = find_command("").subcommands
    assert not any(" " in name for name in (*group, *every))
    assert every["login"].startswith("Sign in")
    assert find_command("nonsense") == ("nonsense", "", (), (), {})


def test_the_generated_tree_is_up_to_date():
    made = completion_tree.tree_text()
    assert completion_tree.PLACE.read_text() == made, "run: make generated"
