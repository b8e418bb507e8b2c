"""200 hostile names of accounts, roles and profiles, through use, env and exec, in every shell.

No shell runs a part of a name, every value arrives unchanged, no control character is printed.
"""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssohelper.core import shell_text
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account, CachedCredentials, RoleCredentials, RoleKey, Secret
from ssohelper.emulator.server import Emulator
from tests.cli.listing_world import Shell
from tests.hostile import account_names, role_names
from tests.long_rows import long_after
from tests.programs import require_program, run_program
from tests.shell.at_a_terminal import INSTALL, SHELLS

ROOT = Path(__file__).resolve().parents[2]
# Names that AWS's APIs refuse, but that a hostile portal could answer.
UNPRINTABLE = ["\x1b]0;pwned\x07", "\x1b[2J", "a\rb", "a\nb", "\x9b31m", "\u202egnp", "\x08\x7f"]
ACCOUNTS = [*account_names(), *UNPRINTABLE]
ROLES = role_names(len(ACCOUNTS))


def account_id(number: int) -> str:
    return f"{number:012}"


def key_id(number: int) -> str:
    return f"ASIA{number:016}"


# Names that a [profile …] header can hold in quotes.
PROFILES = {
    name: number
    for number, name in enumerate(ACCOUNTS)
    if not re.search(r"[\"'\\\]\x00-\x1f\x7f-\x9f\u202e]", name)
    and name.strip() == name
    and name != "-"  # `use -` would go back to the previous profile
}


class Names(Shell):
    """A home with a profile of every hostile name that a config can hold."""

    def __init__(self, home: Path, emulator: Emulator) -> None:
        super().__init__(home, emulator)
        sections = (
            f'\n[profile "{name}"]\nsso_session = corp\nsso_account_id = {account_id(number)}\n'
            f"sso_role_name = {ROLES[number]}\nregion = eu-west-1\n"
            for name, number in PROFILES.items()
        )
        self.write_config("".join(sections))
        self.environ["PATH"] = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        self.work = home / "work"
        self.work.mkdir()

    def run_jobs(self, jobs: list[tuple[list[str], dict[str, str], str]]) -> list[int]:
        """Run the program for each job; its streams are in work/NAME.out and .err."""
        file = self.home / "jobs.json"
        streams = [(str(self.work / f"{n}.out"), str(self.work / f"{n}.err")) for _, _, n in jobs]
        listed = [[a, e, *s] for (a, e, _), s in zip(jobs, streams, strict=True)]
        file.write_text(json.dumps(listed))
        argv = [sys.executable, "-m", "tests.shell.many_runs", str(file)]
        done = run_program(argv, {**self.environ, "PYTHONPATH": str(ROOT)})
        assert done.returncode == 0, done.stderr
        return [int(code) for code in json.loads(done.stdout)]

    def has_run_nothing(self) -> bool:
        return not list(self.home.rglob("pwned*"))

    def output(self, name: str) -> str:
        return (self.work / f"{name}.err").read_text()


@pytest.fixture(scope="module")
def names(tmp_path_factory) -> Iterator[Names]:
    """Listing and credentials are saved beforehand: AWS's rate of 20/s would take 10 s."""
    with Emulator() as emulator:
        made = Names(tmp_path_factory.mktemp("home"), emulator)
        now = made.app.clock.now()
        offered = tuple(
            ListedAccount(Account(account_id(number), account, ""), (ROLES[number],))
            for number, account in enumerate(ACCOUNTS)
        )
        portal = made.session.start_url, made.session.region
        made.app.directory.save("corp", Listing(*portal, now, offered))
        token = made.app.tokens.load(made.session)
        assert token
        for number, role in enumerate(ROLES):
            keys = RoleCredentials(key_id(number), Secret(f"s{number}"), Secret("t"), now + 3600)
            key = RoleKey("corp", account_id(number), role)
            made.app.vault.save(key, made.session, CachedCredentials(keys, now, token.id))
        yield made


def evaluate(names: Names, shell: str, files: list[str], how: str, show: str) -> list[str]:
    """Return what `show` prints after one process of the shell has evaluated each of the files."""
    got = names.home / "got"
    got.unlink(missing_ok=True)
    lines = [INSTALL[shell]]
    for file in files:
        lines += [how.replace("FILE", f"{names.work}/{file}.out"), f"{show} >>{got}"]
    done = run_lines(names, shell, lines)
    assert (done.returncode, done.stderr) == (0, b"")
    return got.read_text().split("\0")[:-1]


def run_lines(
    names: Names, shell: str, lines: list[str], **more: str
) -> "subprocess.CompletedProcess[bytes]":
    no_rc = {"bash": [], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    argv, env = [require_program(shell), *no_rc], {**names.environ, **more}
    text = "\n".join(lines).encode()
    return subprocess.run(argv, input=text, env=env, cwd=names.work, capture_output=True)


def is_harmless(text: str) -> bool:
    return not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)


def test_there_are_enough_names_of_each_kind():
    assert len(set(ACCOUNTS)) == len(ACCOUNTS) >= 200
    assert len(set(ROLES)) == len(ROLES) >= 200
    assert len(PROFILES) >= 100


@pytest.mark.parametrize("shell", long_after(1, SHELLS))
def test_use(names, shell):
    files = {name: f"use-{shell}-{number}" for name, number in PROFILES.items()}
    asked = {"_SSOHELPER_SHELL": shell}
    codes = names.run_jobs([(["use", "--", name], asked, files[name]) for name in PROFILES])
    assert dict(zip(PROFILES, codes, strict=True)) == dict.fromkeys(PROFILES, 0)
    for name, file in files.items():
        assert f'role "{ROLES[PROFILES[name]]}"' in names.output(file)
        assert is_harmless(names.output(file))
    apply = "__ssohelper_apply " + ("(cat FILE)" if shell == "fish" else '"$(cat FILE)"')
    show = r"""printf '%s\0' "$AWS_PROFILE" "$AWS_REGION" """
    got = evaluate(names, shell, list(files.values()), apply, show)
    assert got == [value for name in PROFILES for value in (name, "eu-west-1")]
    assert names.has_run_nothing()


@pytest.mark.long
@pytest.mark.parametrize("shell", SHELLS)
def test_env(names, shell):
    """By [SESSION:]ACCOUNT/ROLE, with the names of accounts and roles."""
    typed = {
        number: f"corp:{account}/{ROLES[number]}"
        for number, account in enumerate(ACCOUNTS)
        if is_harmless(account) and "\n" not in account
    }
    files = {number: f"env-{shell}-{number}" for number in typed}
    argv = ["env", "--shell", shell, "--"]
    codes = names.run_jobs([([*argv, typed[n]], {}, files[n]) for n in typed])
    assert dict(zip(typed, codes, strict=True)) == dict.fromkeys(typed, 0)
    assert "".join(names.output(file) for file in files.values()) == ""
    take = "source FILE" if shell == "fish" else 'eval "$(cat FILE)"'
    show = r"""printf '%s\0' "$AWS_ACCOUNT_ID" "$AWS_ACCESS_KEY_ID" """
    got = evaluate(names, shell, list(files.values()), take, show)
    assert got == [value for n in typed for value in (account_id(n), key_id(n))]
    assert names.has_run_nothing()


@pytest.mark.long
def test_exec(names):
    """The program's arguments and environment arrive unchanged."""
    show = r"""printf '%s\0' "$AWS_ACCOUNT_ID" "$@" """
    jobs = []
    for number, (account, role) in enumerate(zip(ACCOUNTS, ROLES, strict=True)):
        argv = ["exec", f"corp:{account_id(number)}/{role}", "--", "sh", "-c", show, "sh"]
        jobs.append(([*argv, account, role], {}, f"exec-{number}"))
    assert set(names.run_jobs(jobs)) == {0}
    for number, (account, role) in enumerate(zip(ACCOUNTS, ROLES, strict=True)):
        out = (names.work / f"exec-{number}.out").read_bytes().decode()
        assert out.split("\0")[:-1] == [account_id(number), account, role]
        output = names.output(f"exec-{number}")
        assert f'({account_id(number)}), role "{role}": these keys end in' in output
        assert is_harmless(output)
        assert len(output.splitlines()) == 1
    assert names.has_run_nothing()


@pytest.mark.long
@pytest.mark.parametrize("shell", SHELLS)
def test_the_function_passes_every_argument_on(names, shell):
    """A program in place of ssohelper records its arguments; its output is not evaluated."""
    bin, got = names.home / f"bin-{shell}", names.home / f"words-{shell}"
    bin.mkdir()
    stub = bin / "ssohelper"
    stub.write_text(
        '#!/bin/sh\n[ "$1" = shell-init ] && exec "$REAL" "$@"\n'
        f"printf '%s\\0' \"$@\" >>{got}\necho 'touch pwned'\n[ \"$1\" != use ]\n"
    )
    stub.chmod(0o755)
    typed = [name for name in (*ACCOUNTS, *ROLES) if name not in ("-h", "--help", "--version")]
    lines = [INSTALL[shell]]
    for name in typed:
        word = shell_text.quoted_variable_value(shell, name)
        lines += [f"ssohelper use {word} || true", f"ssohelper exec {word} -- {word} >/dev/null"]
    path = f"{bin}:{names.environ['PATH']}"
    real = str(Path(sys.executable).with_name("ssohelper"))
    assert run_lines(names, shell, lines, PATH=path, REAL=real).stderr == b""
    wanted = [word for name in typed for word in ("use", name, "exec", name, "--", name)]
    assert got.read_bytes().decode().split("\0")[:-1] == wanted
    assert names.has_run_nothing()
