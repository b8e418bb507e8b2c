"""The shell function in real shells at a terminal: it changes the environment exactly."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ssohelper.emulator.server import Emulator
from ssohelper.emulator.world import demo_world
from tests.cli.listing_world import Shell
from tests.long_rows import long_after
from tests.programs import require_program, run_program
from tests.shell.at_a_terminal import INSTALL, Terminal, plain_text

DEV, PROD = "payments-dev.ReadOnlyAccess", "payments-prod.ReadOnlyAccess"
# Variables that a user may have set before; SDKs would use each instead of a profile.
OWN = {
    "AWS_PROFILE": "mine",
    "AWS_REGION": "eu-north-1",
    "AWS_ACCESS_KEY_ID": "AKIA0000000000000000",
    "AWS_SECRET_ACCESS_KEY": 'it\'s \\ $(touch pwned) "x"',
    "AWS_SESSION_TOKEN": "two\nlines ",
    "AWS_SECURITY_TOKEN": "",
    "AWS_VAULT": "vault",
    "AWSUME_PROFILE": "awsume",
    "AWS_SSO_PROFILE": "sso",
    "AWS_DEFAULT_PROFILE": "default",
    "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z",
    "AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere",
    "AWS_ROLE_ARN": "arn:aws:iam::000000000000:role/x",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9/",
    "UNTOUCHED": "stays 'so'",
}


class Place(Shell):
    """A home in which `profile sync` has run. PATH begins with our program's folder."""

    def env(self, **more: str) -> dict[str, str]:
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        return {**self.environ, "PATH": path, **more}

    def at(self, shell: str, **more: str) -> Terminal:
        """Start a shell that has the function."""
        terminal = Terminal(shell, self.env(**more), self.home)
        assert terminal.run(INSTALL[shell]).code == 0
        return terminal


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Iterator[Place]:
    with Emulator(demo_world()) as emulator:
        made = Place(tmp_path_factory.mktemp("home"), emulator)
        assert made.run("profile", "sync", "--yes").returncode == 0
        yield made


def after_use(before: dict[bytes, bytes], profile: str) -> dict[bytes, bytes]:
    """Return the expected environment: three variables are set, all of OWN that override it unset."""
    gone = {name.encode() for name in OWN if name != "UNTOUCHED"}
    kept = {name: value for name, value in before.items() if name not in gone}
    region = dict.fromkeys((b"AWS_REGION", b"AWS_DEFAULT_REGION"), b"us-east-1")
    return {**kept, **region, b"AWS_PROFILE": profile.encode()}


@pytest.mark.parametrize(
    ("shell", "own"),
    long_after(3, [("bash", {}), ("zsh", OWN), ("fish", OWN), ("bash", OWN)]),
    ids=["bash-bare", "zsh-crowded", "fish-crowded", "bash-crowded"],
)
def test_use_and_clear_set_and_restore_the_environment_byte_for_byte(place, shell, own):
    with place.at(shell, **own) as terminal:
        before = terminal.environ()
        ran = terminal.run(f"ssohelper use {DEV}")
        assert ran.code == 0
        shown = plain_text(ran.output)
        assert 'account "payments-dev" (000040000001), role "ReadOnlyAccess": ' in shown
        assert re.search(r": .*\d[hm].*(lasts|left|renewed)", shown)
        assert terminal.environ() == after_use(before, DEV)
        for typed, profile in ((PROD, PROD), ("-", DEV), ("-", PROD)):
            assert terminal.run(f"ssohelper use {typed}").code == 0
            assert terminal.environ() == after_use(before, profile)
        failed = terminal.run("ssohelper use payments-prd.ReadOnlyAcces")
        assert failed.code == 2
        assert f'did you mean "{PROD}"' in plain_text(failed.output)
        # The error offers the three most similar names.
        assert plain_text(failed.output).count('" or "') == 2
        assert terminal.environ() == after_use(before, PROD)
        assert terminal.run("ssohelper clear").code == 0
        assert terminal.environ() == before
        assert "nothing to clear" in plain_text(terminal.run("ssohelper clear").output) or own
        assert terminal.run("ssohelper use -").code == 0
        assert terminal.environ() == after_use(before, PROD)
        assert not (place.home / "pwned").exists()


@pytest.mark.parametrize("shell", long_after(1, ["bash", "zsh", "fish"]))
def test_keys_are_exported_with_their_expiry_and_cleared(place, shell):
    with place.at(shell, **OWN) as terminal:
        before = terminal.environ()
        ran = terminal.run(f"ssohelper use --keys {DEV}")
        assert ran.code == 0
        assert "these keys end in" in ran.output
        found = terminal.environ()
        issued = place.emulator.issued.get(found[b"AWS_ACCESS_KEY_ID"].decode())
        assert issued is not None
        assert found[b"AWS_ACCOUNT_ID"] == issued.account_id.encode() == b"000040000001"
        end = found[b"AWS_CREDENTIAL_EXPIRATION"]
        assert re.fullmatch(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", end)
        assert found[b"AWS_SESSION_EXPIRATION"] == end
        for name in ("AWS_PROFILE", "AWS_SECURITY_TOKEN", "AWS_VAULT", "AWS_ROLE_ARN"):
            assert name.encode() not in found
        assert place.emulator.canary not in ran.output
        assert terminal.run(f"ssohelper use {DEV}").code == 0
        assert terminal.environ() == after_use(before, DEV)
        assert terminal.run("ssohelper use -").code == 0
        assert b"AWS_SECRET_ACCESS_KEY" in terminal.environ()
        assert terminal.run("ssohelper clear").code == 0
        assert terminal.environ() == before
        # The function can have another name.
        named = INSTALL[shell].replace(f"init {shell}", f"init {shell} --cmd sso")
        assert terminal.run(named).code == 0
        assert terminal.run(f"sso use {DEV}").code == 0
        assert terminal.environ()[b"AWS_PROFILE"] == DEV.encode()


@pytest.mark.long
@pytest.mark.parametrize("how", ["use", "use --keys"])
def test_the_aws_cli_then_has_that_role(place, how):
    stale = {name: value for name, value in OWN.items() if name != "AWS_REGION"}
    identity = f"{require_program('aws')} sts get-caller-identity --query Arn --output text"
    with place.at("bash", **stale) as terminal:
        assert terminal.run(f"ssohelper {how} {PROD}").code == 0
        ran = terminal.run(identity)
        assert ran.code == 0, ran.output
        assert ":000030000001:assumed-role/AWSReservedSSO_ReadOnlyAccess_" in ran.output


@pytest.mark.long
@pytest.mark.parametrize("shell", ["zsh", "bash", "fish"])
def test_other_commands_run_as_they_are(place, shell):
    with place.at(shell) as terminal:
        before = terminal.environ()
        for line, code, says in (
            ("ssohelper --version", 0, "ssohelper "),
            ("ssohelper --version use", 0, "ssohelper "),
            ("ssohelper use --help", 0, "Switch this shell"),
            ("ssohelper clear x", 2, "unexpected extra argument"),
            ("ssohelper use --json x", 2, "use does not take --json"),
            ("ssohelper use --nonsense", 2, "no such option"),
            ("ssohelper use -", 2, "nothing to go back to"),
            (f"ssohelper exec {DEV} -- sh -c 'exit 7'", 7, "these keys end in"),
            ("ssohelper clear -h", 0, "Undo"),
        ):
            ran = terminal.run(line)
            assert (ran.code, says in plain_text(ran.output)) == (code, True), (line, ran)
            assert terminal.environ() == before
        assert terminal.run(f"ssohelper --session corp -v use {DEV}").code == 0
        assert terminal.environ()[b"AWS_PROFILE"] == DEV.encode()


@pytest.mark.long
@pytest.mark.parametrize("shell", ["fish", "bash", "zsh"])
def test_a_child_shell_clears_what_it_inherited(place, shell):
    with place.at(shell, UNTOUCHED="x") as outer:
        before = outer.environ()
        assert outer.run(f"ssohelper use {DEV}").code == 0
        with place.at(shell, **{n.decode(): v.decode() for n, v in outer.environ().items()}) as it:
            assert it.run("ssohelper use -").code == 2
            assert it.run("ssohelper clear").code == 0
            left = {name for name in it.environ() if name.startswith(b"AWS_")}
            assert left == {name for name in before if name.startswith(b"AWS_")}
            assert it.run(f"ssohelper use --keys {PROD}").code == 0
            keys = {n.decode(): v.decode() for n, v in it.environ().items()}
            assert it.run("ssohelper clear").code == 0
        with place.at(shell, **keys) as it:
            assert it.run("ssohelper clear").code == 0
            left = {name for name in it.environ() if name.startswith(b"AWS_")}
            assert left == {name for name in before if name.startswith(b"AWS_")}
        assert outer.environ() == after_use(before, DEV)


OPTIONS = {
    "zsh": [
        *("setopt err_exit nounset", "setopt rc_quotes sh_word_split ksh_arrays glob_subst"),
        *("setopt all_export", "emulate ksh", "emulate sh"),
    ],
    "bash": ["set -eu", "set -o posix", "set -a", "set -f", "IFS=a"],
}


@pytest.mark.long
@pytest.mark.parametrize(
    ("shell", "options"), [(shell, line) for shell, lines in OPTIONS.items() for line in lines]
)
def test_shell_options_of_the_user_change_nothing(place, shell, options):
    """In a script, which `set -e` would end at a failed line."""
    script = (
        f"{options}\n{INSTALL[shell]}\n"
        "env -0 > 0\n"
        f"ssohelper use {DEV}\nenv -0 > 1\n"
        "if ssohelper use nothing; then exit 50; fi\nenv -0 > 2\n"
        "ssohelper clear\nenv -0 > 3\n"
        f"ssohelper use '$(touch pwned)' || ssohelper use {PROD}\n"
        "ssohelper env nothing || ! ssohelper whoami nothing\n"
        "ssohelper use nothing\n"
        f"exit 51\n"
    )
    argv = {"bash": ["bash", "-O", "expand_aliases"], "zsh": ["zsh", "-f", "-o", "aliases"]}[shell]
    shell_argv = [require_program(argv[0]), *argv[1:], "-s"]
    done = run_program(shell_argv, place.env(**OWN), input=script, cwd=place.home)
    stops = "-e" in options or "err_exit" in options
    assert done.returncode == (2 if stops else 51), done.stderr
    found = [
        dict(e.split(b"=", 1) for e in (place.home / str(n)).read_bytes().split(b"\0") if e)
        for n in range(4)
    ]
    assert found[1] == found[2] == after_use(found[0], DEV)
    assert found[3] == found[0]
    assert not (place.home / "pwned").exists()


@pytest.mark.parametrize(
    ("shell", "name"),
    long_after(
        1,
        [
            *(("zsh", "AWS_REGION"), ("bash", "AWS_PROFILE"), ("bash", "AWS_VAULT")),
            *(("zsh", "AWS_PROFILE"), ("bash", "AWS_REGION"), ("zsh", "AWS_VAULT")),
        ],
    ),
)
def test_with_a_read_only_variable_nothing_is_changed(place, shell, name):
    with place.at(shell) as terminal:
        assert terminal.run(f"export {name}=fixed; readonly {name}").code == 0
        before = terminal.environ()
        ran = terminal.run(f"ssohelper use {DEV}")
        assert (ran.code, "read-only" in ran.output) == (7, True)
        assert terminal.environ() == before
        assert terminal.run("echo alive").code == 0


@pytest.mark.long
def test_with_a_universal_fish_variable_nothing_is_changed(place):
    script = (
        f"{INSTALL['fish']}; set -Ux AWS_VAULT x; env | sort >before\n"
        f"ssohelper use {DEV}; echo $status; env | sort | diff before -\n"
        f"set -eU AWS_VAULT; ssohelper use {DEV}; echo $status"
    )
    env = place.env(XDG_CONFIG_HOME=str(place.home / "fish-home"))
    done = run_program([require_program("fish"), "-c", script], env, cwd=place.home)
    assert done.stdout.splitlines() == ["7", "0"]
    assert "AWS_VAULT is a universal variable" in done.stderr


@pytest.mark.parametrize(
    ("shell", "trace"),
    long_after(
        3,
        [
            *(("bash", "set -x"), ("zsh", "setopt xtrace verbose")),
            *(("fish", "set -g fish_trace 1"), ("bash", "set -v")),
        ],
    ),
)
def test_a_trace_shows_no_key_and_stays_on(place, shell, trace):
    no_rc = {"bash": "--norc", "zsh": "-f", "fish": "--no-config"}[shell]
    script = f"{INSTALL[shell]}\n{trace}\nssohelper use --keys {DEV}\necho be''hind\n"
    (place.home / "traced").write_text(script)
    argv = [require_program(shell), no_rc, str(place.home / "traced")]
    done = run_program(argv, place.env(), cwd=place.home)
    assert "these keys end in" in done.stderr
    assert place.emulator.canary not in done.stdout + done.stderr
    assert "echo be" in done.stderr
