"""TAB in a real bash, zsh and fish: the completed word is exactly the name, and no name is run."""

import shlex
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.completion.test_entry import ROLE, save_listing
from tests.conftest import Home
from tests.hostile import account_names, profile_names, role_names
from tests.long_rows import long_after
from tests.shell.answers import Answers
from tests.shell.tab import Typist, pwned

SHELLS = ["bash", "zsh", "fish"]
SESSION = (
    "[sso-session corp]\nsso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\n\n"
)


@pytest.fixture(params=SHELLS)
def user(request, home) -> Iterator[Typist]:
    user = Typist(request.param, home)
    yield user
    user.close()


def write_profiles(home: Home, *names: str) -> None:
    sections = [f"[profile {shlex.quote(name)}]\n{ROLE}\n" for name in names]
    home.write_config(SESSION + "".join(sections))


@pytest.mark.long
@pytest.mark.parametrize("shell", SHELLS)
def test_200_hostile_names_are_completed_unchanged(home, shell):
    with closing(Answers(home)) as answers, closing(Typist(shell, home, answers=answers)) as user:
        complete_200_hostile_names(home, user)
        assert answers.given == 200


def complete_200_hostile_names(home: Home, user: Typist) -> None:
    names = [*profile_names(100), *account_names(100)]
    wrong = []
    for number, (name, role) in enumerate(zip(names, role_names(200), strict=True)):
        if number % 2 or not name.isascii():
            write_profiles(home, name)
            expected = name
        else:
            write_profiles(home)
            save_listing(home, "corp", {"000000000001": (name, (role,))})
            expected = f"{name}/{role}"
        # A word that begins with a dash is an option, except after "--".
        before = ["use", "--"] if name.startswith("-") else ["use"]
        words = user.words_after(f"ssohelper {' '.join(before)} \t\r")
        # fish does not quote a "~" at a word's start, so such a name is not offered there.
        is_offered = not (user.shell == "fish" and name.startswith("~"))
        if words != [*before, expected][: len(before) + is_offered]:
            wrong.append((expected, words))
    assert (wrong, pwned(home)) == ([], [])


# Names with characters that have a meaning within quotes or end them.
QUOTED = [
    *("'", '"', "it's", 'say "x"', "$(touch pwned)", "`touch pwned`"),
    *("a!b", "!!", "\\", "a\\'b", "a'", 'a"'),
]
ACCOUNTS = {
    "000000000001": ("ledger", ("Admin", "ReadOnly")),
    "000000000002": ("legal affairs", ("Audit", "Buy")),
}


@pytest.mark.long
@pytest.mark.parametrize("user", ["fish", "bash", "zsh"], indirect=True)
@pytest.mark.parametrize("quote", ["'", '"'])
def test_within_open_quotes(home, user, quote):
    wrong = []
    for name in QUOTED:
        write_profiles(home, name)
        words = user.words_after(f"ssohelper use {quote}\t\r")
        if words != ["use", name]:
            wrong.append((name, words))
    assert (wrong, pwned(home)) == ([], [])


LINES = [
    ("stat\t", ["status"]),
    ("profile sh\tpa\t", ["profile", "show", "pay.Admin"]),
    ("use pay.\t", ["use", "pay.Admin"]),
    ("use prod:a\t", ["use", "prod:alpha"]),
    ("use corp:led\tA\t", ["use", "corp:ledger/Admin"]),
    ("use leg\tA\t", ["use", "legal affairs/Audit"]),
    # One TAB inserts the common start of both names, and no part of a quotation.
    ("use my\to\t", ["use", "my own"]),
    ("use --ses\tco\tpay\t", ["use", "--session", "corp", "pay.Admin"]),
    ("list --session=co\t", ["list", "--session=corp"]),
    ("profile sync --account '!leg\t", ["profile", "sync", "--account", "!legal affairs"]),
    ("emulator serve --world not\t", ["emulator", "serve", "--world", "notes"]),
    (
        "exec pay\t-- ssohelper-cred\tnot\t",
        ["exec", "pay.Admin", "--", "ssohelper-credentials", "notes"],
    ),
]


def test_a_line_with_several_tabs(home, user):
    write_profiles(home, "pay.Admin", "prod:alpha", "prod:beta", "my own", "my $other")
    save_listing(home, "corp", ACCOUNTS)
    found = [user.words_after(f"ssohelper {keys}\r") for keys, _words in LINES]
    assert found == [words for _keys, words in LINES]


@pytest.mark.parametrize("user", long_after(1, ["zsh", "bash", "fish"]), indirect=True)
def test_a_session_is_followed_by_its_accounts(home, user):
    home.write_config(SESSION + SESSION.replace("corp", "other"))
    save_listing(home, "corp", ACCOUNTS)
    words = user.words_after("ssohelper use co\tleg\tA\t\r")
    assert words == ["use", "corp:legal affairs/Audit"]


@pytest.mark.long
def test_zsh_uses_the_matchers_of_the_user(home):
    """In any case and from the middle of a name, as oh-my-zsh sets it."""
    write_profiles(home, "pay.Admin", "orders-prod.ReadOnly")
    user = Typist("zsh", home)
    try:
        matchers = "'' 'm:{a-zA-Z}={A-Za-z}' 'r:|=*' 'l:|=* r:|=*'"
        user.child.send(f"zstyle ':completion:*' matcher-list {matchers}\r")
        user.child.send("zstyle ':completion:*:descriptions' format '<%d>'\r")
        assert user.words_after("ssohelper use PAY\t\r") == ["use", "pay.Admin"]
        assert user.words_after("ssohelper use prod\t\r") == ["use", "orders-prod.ReadOnly"]
        assert user.words_after("ssohelper STAT\t\r") == ["status"]
        user.settle()
        user.child.send("ssohelper use \t")
        user.child.expect_exact("<profile>")
    finally:
        user.close()
