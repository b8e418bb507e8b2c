"""TAB in a real bash, zsh and fish: the completed word says exactly the name, and nothing runs."""

import shlex
from collections.abc import Iterator

import pytest

from tests.completion.test_entry import ROLE, save_listing
from tests.conftest import Home
from tests.hostile import account_names, role_names
from tests.shell import hostile
from tests.shell.tab import Typist, pwned

SHELLS = ["bash", "zsh", "fish"]
SESSION = (
    "[sso-session corp]\nsso_start_url = https://x.awsapps.com/start\nsso_region = us-east-1\n\n"
)


@pytest.fixture(params=SHELLS)
def typist(request: pytest.FixtureRequest, home: Home) -> Iterator[Typist]:
    typist = Typist(request.param, home)
    yield typist
    typist.close()


def have_profiles(home: Home, *names: str) -> None:
    sections = [f"[profile {shlex.quote(name)}]\n{ROLE}\n" for name in names]
    home.write_config(SESSION + "".join(sections))


def test_200_hostile_names_come_out_as_they_are(home: Home, typist: Typist) -> None:
    names = [*hostile.names(100), *account_names(100)]
    wrong = []
    for number, (name, role) in enumerate(zip(names, role_names(200), strict=True)):
        if number % 2 or not name.isascii():
            have_profiles(home, name)
            expected = name
        else:
            have_profiles(home)
            save_listing(home, "corp", {"000000000001": (name, (role,))})
            expected = f"{name}/{role}"
        # A word that begins with a dash is an option; behind "--" it is none.
        before = ["use", "--"] if name.startswith("-") else ["use"]
        words = typist.words_after(f"ssohelper {' '.join(before)} \t\r")
        # fish leaves a "~" that begins a word unquoted, so such a name is not offered there.
        is_offered = not (typist.shell == "fish" and name.startswith("~"))
        if words != [*before, expected][: len(before) + is_offered]:
            wrong.append((expected, words))
    assert (wrong, pwned(home)) == ([], [])


# What means something within quotes, or would end them; the first of them at once.
QUOTED = [
    "'",
    '"',
    "it's",
    'say "x"',
    "$(touch pwned)",
    "`touch pwned`",
    "a!b",
    "!!",
    "\\",
    "a\\'b",
    "a'",
    'a"',
]


@pytest.mark.parametrize("quote", ["'", '"'])
def test_within_open_quotes(home: Home, typist: Typist, quote: str) -> None:
    wrong = []
    for name in QUOTED:
        have_profiles(home, name)
        words = typist.words_after(f"ssohelper use {quote}\t\r")
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
    # One TAB inserts what both have in common, and no half of a quotation.
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


def test_a_line_with_several_tabs(home: Home, typist: Typist) -> None:
    have_profiles(home, "pay.Admin", "prod:alpha", "prod:beta", "my own", "my $other")
    accounts = {
        "000000000001": ("ledger", ("Admin", "ReadOnly")),
        "000000000002": ("legal affairs", ("Audit", "Buy")),
    }
    save_listing(home, "corp", accounts)
    found = [typist.words_after(f"ssohelper {keys}\r") for keys, _words in LINES]
    assert found == [words for _keys, words in LINES]


def test_a_session_goes_on_with_its_accounts(home: Home, typist: Typist) -> None:
    home.write_config(SESSION + SESSION.replace("corp", "other"))
    accounts = {
        "000000000001": ("ledger", ("Admin", "ReadOnly")),
        "000000000002": ("legal affairs", ("Audit", "Buy")),
    }
    save_listing(home, "corp", accounts)
    words = typist.words_after("ssohelper use co\tleg\tA\t\r")
    assert words == ["use", "corp:legal affairs/Audit"]


def test_zsh_matches_as_the_person_has_set_it(home: Home) -> None:
    """Any case, and from the middle: what oh-my-zsh sets for everybody."""
    have_profiles(home, "pay.Admin", "orders-prod.ReadOnly")
    typist = Typist("zsh", home)
    try:
        matchers = "'' 'm:{a-zA-Z}={A-Za-z}' 'r:|=*' 'l:|=* r:|=*'"
        typist.child.send(f"zstyle ':completion:*' matcher-list {matchers}\r")
        typist.child.send("zstyle ':completion:*:descriptions' format '<%d>'\r")
        assert typist.words_after("ssohelper use PAY\t\r") == ["use", "pay.Admin"]
        assert typist.words_after("ssohelper use prod\t\r") == ["use", "orders-prod.ReadOnly"]
        assert typist.words_after("ssohelper STAT\t\r") == ["status"]
        typist.settle()
        typist.child.send("ssohelper use \t")
        typist.child.expect_exact("<profile>")
    finally:
        typist.close()
