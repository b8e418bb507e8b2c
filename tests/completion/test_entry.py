"""The candidates of TAB, and the answer to each shell."""

import json
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from ssohelper.stores.directory_cache import DirectoryCache
from ssohelper.system.shell_texts import SHELLS
from tests.conftest import RUN_SECONDS, SCRIPT, Home
from tests.long_rows import long_after
from tests.programs import run_program
from tests.published import date_back
from tests.runs import RUNS

FOLDER = Path(__file__).resolve().parents[2] / "completions"
FILES = {
    "bash": "ssohelper.bash",
    "zsh": "_ssohelper",
    "fish": "ssohelper.fish",
    "pwsh": "ssohelper.ps1",
}
BREAKS = " \t\n\"'><=;|&(:"
# What a TAB with a valid index must not load: the commands, and the parser of the config.
TOO_HEAVY = {"click", "botocore", "rich", "textual", "platformdirs", "ssohelper.cli"}
PARSER = {"ssohelper.core.config_file"}


def save_listing(home: Home, session: str, accounts: dict[str, tuple[str, Any]]) -> None:
    """Save a listing: {account id: (name, roles)}."""
    listed = tuple(
        ListedAccount(Account(number, name, "a@example.com"), roles, False, True)
        for number, (name, roles) in accounts.items()
    )
    state = DirectoryCache(home.path / ".local" / "state" / "ssohelper")
    state.save(session, Listing("https://x/start", "us-east-1", int(time.time()), listed))


ROLE = "sso_account_id = 000000000001\nsso_role_name = Admin\n"
KEYS = "aws_access_key_id = x\naws_secret_access_key = y\n"


def add_profile(home: Home, header: str, body: str = ROLE) -> None:
    with home.config_file.open("a") as file:
        file.write(f"[{header}]\n{body}\n")


@pytest.fixture
def corp(home) -> Home:
    """One session with a managed profile, two others, and two accounts in its saved listing."""
    home.add_session("corp")
    add_profile(home, "profile pay.Admin", f"{ROLE}ssohelper_managed = true\n")
    add_profile(home, "profile 'my own'")
    add_profile(home, "profile keys", KEYS)
    accounts = {
        "000000000001": ("ledger", ("Admin", "ReadOnly")),
        "000000000002": ("legal: a/b", ("Audit",)),
    }
    save_listing(home, "corp", accounts)
    return home


def candidates(home: Home, *words: str, env: dict[str, str] | None = None) -> list[str]:
    """Return the candidates for the last word, as zsh gets them."""
    *earlier, word = words
    argv = [SCRIPT, "completion", "--answer", "zsh", word, "ssohelper", *earlier]
    answer = RUNS.run(argv, {**home.env, **(env or {})}, home.path, None, RUN_SECONDS)
    assert answer.returncode == 0
    head, *lines = answer.stdout.splitlines()
    if not head.startswith("words"):
        return [head]
    whole, begun = map(int, head.split()[1:3])
    return lines[: whole + begun]


def bash_reply(home: Home, line: str, completion_type: str = "9") -> list[str]:
    """Return the answer for bash to this line, with the cursor at its end."""
    asked = [SCRIPT, "completion", "--answer", "bash", line, BREAKS, completion_type]
    answer = RUNS.run(asked, home.env, home.path, None, RUN_SECONDS)
    assert answer.returncode == 0
    return answer.stdout.splitlines()


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_prints_the_shipped_script(shell, run):
    answer = run("completion", shell)
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout == (FOLDER / FILES[shell]).read_text()


@pytest.mark.parametrize("shell", SHELLS)
def test_shell_init_registers_the_completion_for_the_functions_name(shell, run):
    own, text = (FOLDER / FILES[shell]).read_text(), run("shell-init", shell).stdout
    assert "ssohelper_prompt_on" in text
    assert text.endswith(own)
    answer = run("shell-init", shell, "--cmd", "sso").stdout
    registers = {
        "bash": "complete -F _ssohelper sso\n",
        "zsh": "compdef _ssohelper sso\n",
        "fish": "complete -c sso -f ",
        "pwsh": "-CommandName sso ",
    }
    assert registers[shell] in answer
    assert registers[shell].replace(" sso", " ssohelper") not in answer


def test_an_unknown_shell_is_a_usage_error(run):
    answer = run("completion", "tcsh")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "'tcsh' is not one of 'bash'" in answer.stderr


def test_a_tab_imports_nothing_heavy(corp):
    run_and_name = """
import sys; from ssohelper.__main__ import main
sys.argv[1:] = ["completion", "--answer", "zsh", "", "ssohelper", "use"]; main()
sys.stderr.write(" ".join(sys.modules))
"""
    date_back(corp.config_file)
    # The first completion builds the index of names.
    for too_heavy in (TOO_HEAVY, TOO_HEAVY | PARSER):
        answer = run_program([sys.executable, "-c", run_and_name], corp.env)
        assert "pay.Admin" in answer.stdout
        assert set(answer.stderr.split()) & too_heavy == set()


class TestCandidates:
    @pytest.mark.parametrize(
        ("words", "expected"),
        [
            (["who"], ["whoami"]),
            (["use", ""], ["pay.Admin", "my own", "keys"]),
            (["--json", "--session", "corp", "use", "p"], ["pay.Admin"]),
            (["--session", "corp", "use", "k"], []),
            (["exec", "k"], ["keys"]),
            (["profile", "add", "x", "--via", "k"], []),
            (["clear", "-v", "--json", "-"], ["--verbose", "--session", "--help"]),
            (["clear", "-"], ["--verbose", "--json", "--session", "--help"]),
            (["profile", "show", "k"], ["keys"]),
            (["profile", "rm", ""], ["pay.Admin"]),
            (["profile", "rm", "pay.Admin", ""], []),
            (["session", "rm", ""], ["corp"]),
            (["list", "--session=c"], ["--session=corp"]),
            (["use", "le"], ["ledger/", "legal: a/b/"]),
            (["use", "legal: a/b/"], ["legal: a/b/Audit"]),
            (["profile", "add", "le"], ["ledger/", "legal: a/b/"]),
            (["profile", "sync", "--role", "A"], ["Admin", "Audit"]),
            (["emulator", "serve", "--world", ""], ["files"]),
            (["console", "--region", ""], ["us-east-1"]),
            (["no-such-command", ""], []),
        ],
    )
    def test_for_words_of_a_command(self, corp, words, expected):
        assert candidates(corp, *words) == expected

    def test_a_profile_with_keys_in_the_credentials_file_is_offered(self, corp):
        add_profile(corp, "profile plain", "region = eu-west-1\n")
        date_back(corp.config_file)
        assert candidates(corp, "use", "pl") == []
        (corp.path / ".aws" / "credentials").write_text(f"[plain]\n{KEYS}")
        assert candidates(corp, "use", "pl") == ["plain"]

    def test_a_profile_that_only_the_credentials_file_has_is_offered(self, corp):
        credentials = corp.path / ".aws" / "credentials"
        credentials.write_text(f"[plain]\n{KEYS}[plague]\nregion = eu-west-1\n")
        date_back(corp.config_file)
        date_back(credentials)
        assert candidates(corp, "use", "pl") == ["plain"]
        assert candidates(corp, "profile", "show", "pl") == []
        credentials.write_text(f"[plane]\n{KEYS}[pl\x1b[2J]\n{KEYS}")
        assert candidates(corp, "use", "pl") == ["plane"]
        assert candidates(corp, "--session", "corp", "use", "plan") == []

    def test_a_credentials_file_that_cannot_be_looked_at_hides_no_profile(self, corp):
        add_profile(corp, "profile o", f"{ROLE}sso_session = corp\n")
        too_long = {"AWS_SHARED_CREDENTIALS_FILE": f"/{'a' * 300}"}
        assert "o" in candidates(corp, "use", "o", env=too_long)

    def test_with_two_sessions_an_address_begins_with_one(self, corp):
        corp.add_session("other")
        assert candidates(corp, "use", "co") == ["corp:"]
        assert candidates(corp, "--session", "corp", "use", "led")[0] == "ledger/Admin"
        add_profile(corp, "profile o", f"{ROLE}sso_session = corp\n")
        assert "o" in candidates(corp, "--session", "corp", "use", "")
        assert "o" not in candidates(corp, "--session", "other", "use", "")
        assert candidates(corp, "use", "led", env={"AWS_PROFILE": "o"})[0] == "ledger/Admin"

    def test_a_name_that_several_accounts_have_is_offered_by_id(self, corp):
        twins = {f"00000000000{n}": ("twin", ("Admin",)) for n in (1, 2)}
        save_listing(corp, "corp", twins)
        assert candidates(corp, "use", "0") == ["000000000001/", "000000000002/"]
        assert candidates(corp, "use", "twin") == []

    def test_a_name_that_could_rewrite_the_terminal_is_not_offered(self, corp):
        add_profile(corp, "profile 'pay\x1b[2J'")
        save_listing(corp, "corp", {"000000000007": ("a\nb\x1b]0;x\x07", ("Admin", "R\nx"))})
        assert candidates(corp, "use", "pay") == ["pay.Admin"]
        assert candidates(corp, "use", "0") == ["000000000007/Admin"]

    def test_indented_headers_are_read_as_botocore_reads_them(self, corp):
        add_profile(corp, "profile nested", "s3 =\n  [profile no] = 1\n")
        assert candidates(corp, "profile", "show", "ne") == ["nested"]
        assert candidates(corp, "profile", "show", "no") == []
        corp.write_config("  [profile a]\n  sso_account_id = 1\n  [profile b]\n   [profile c]\n")
        assert candidates(corp, "profile", "show", "") == ["a", "b", "c"]

    @pytest.mark.parametrize(
        "damage", long_after(2, ["not there", "damaged", "no config", "folder", "not UTF-8"])
    )
    def test_an_unreadable_file_prints_no_message(self, corp, damage):
        listing = corp.path / ".local/state/ssohelper/listings/corp/listing.json"
        if damage == "not there":
            corp.config_file.unlink()
        elif damage == "folder":
            corp.config_file.unlink()
            corp.config_file.mkdir()
        elif damage == "no config":
            corp.config_file.write_bytes(b"\x00\xff[[[[]]\n[profile\n[profile 'x]\n]")
        elif damage == "not UTF-8":
            corp.config_file.write_bytes(b"[profile a\xff]\nsso_account_id=1\n")
        else:
            listing.write_text(json.dumps({"accounts": [{"id": 3}]}))
        for command, word in (("use", "led"), ("login", "c"), ("list", "x")):
            argv = [SCRIPT, "completion", "--answer", "zsh", word, "ssohelper", command]
            assert run_program(argv, corp.env).stderr == ""

    def test_a_closed_stdout_prints_no_message(self, corp):
        script = f"{SCRIPT} completion --answer zsh '' ssohelper use >&-"
        answer = run_program(["/bin/sh", "-c", script], corp.env)
        assert (answer.returncode, answer.stderr) == (1, "")


class TestBashLine:
    """readline replaces the text after the last break character: answers begin with that text."""

    @pytest.mark.parametrize(
        ("line", "reply"),
        [
            ("ssohelper use pay", ["words", "pay.Admin"]),
            ("ssohelper use my", ["words", "my\\ own"]),
            ("ssohelper use my\\ o", ["words", "my\\ own"]),
            ("ssohelper use 'my", ["words", "my own'"]),
            ('ssohelper use "my o', ["words", 'my own"']),
            ("AWS_PROFILE=x ssohelper use pay", ["words", "pay.Admin"]),
            ("ssohelper use led", ["words", "ledger/Admin", "ledger/ReadOnly"]),
            ("ssohelper use corp:led", ["words", "ledger/Admin", "ledger/ReadOnly"]),
            ("ssohelper list --session=c", ["words", "corp"]),
            ("ssohelper list > fi", ["files"]),
            ("ssohelper use $(touch x)", ["words"]),
        ],
    )
    def test_gets_the_rest_of_the_name(self, corp, line, reply):
        assert bash_reply(corp, line) == reply

    def test_names_that_differ_within_a_quotation_insert_no_part_of_it(self, corp):
        add_profile(corp, "profile 'q $x'")
        add_profile(corp, "profile 'q ;y'")
        assert bash_reply(corp, "ssohelper use q") == ["words nospace", "q\\ "]
        assert bash_reply(corp, "ssohelper use q\\ ") == ["list", "q $x", "q ;y"]
        # menu-complete inserts each candidate.
        assert bash_reply(corp, "ssohelper use q\\ ", "37") == ["words", "q\\ \\$x", "q\\ \\;y"]
