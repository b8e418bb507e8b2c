"""The commands demo and emulator serve, with an emulated Identity Center on this machine.

The demo runs real ssohelper commands in a temporary home folder. Each printed line that starts with
$ is run exactly as printed, in a process of its own.
"""

import os
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from ssohelper.actions.run import find_own_shell
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.emulator import server
from ssohelper.emulator.listener import EmulatorError
from ssohelper.emulator.server import Emulator
from ssohelper.errors import ConfigInvalid, LocalState, UsageProblem
from ssohelper.fastpath import own_process
from ssohelper.fastpath.spawn import environment_without_foreign_code
from ssohelper.system.browser import find_opener
from ssohelper.system.installation import find_ssohelper_command
from ssohelper.system.signals import handle_signals

START_URL = "https://d-0000000000.awsapps.com/start"
PROFILE = "payments-dev.ReadOnlyAccess"
_SETUP = ("setup", START_URL, "--region", "us-east-1", "--session", "demo")
# How long to try to remove the demo's home, in which an ending process of the demo may write.
_REMOVAL_SECONDS = 5.0
# With the variables of uv and pipx, ssohelper could refuse to write profiles that run a throw-away
# installation, which outlives the demo's home. HISTFILE and ZDOTDIR name files of the user.
_LEFT_OUT = frozenset({"UV_CACHE_DIR", "PIPX_HOME", "PIPX_VENV_CACHEDIR", "HISTFILE", "ZDOTDIR"})
_TRY = (
    ("ssohelper", "search all accounts and roles"),
    (f"ssohelper use {PROFILE}", "switch this shell; its prompt shows the time left"),
    ("ssohelper whoami", "the account and role of this shell"),
    ("ssohelper status", "how long sign-in, token and role credentials last"),
)
_BOTO3 = (
    f'import boto3; sts = boto3.Session(profile_name="{PROFILE}").client("sts", "us-east-1"); '
    'print(sts.get_caller_identity()["Arn"])'
)
# The steps of the narrated demo: an explanation, and a command of ssohelper or python.
_STEPS: tuple[tuple[str, Sequence[str]], ...] = (
    (
        "First day: one command signs in, lists the roles and writes profiles.",
        ("ssohelper", *_SETUP, "--device-code", "--yes"),
    ),
    ("Ana's roles that match a word:", ("ssohelper", "list", "payments")),
    ("A second sync changes nothing:", ("ssohelper", "profile", "sync", "--yes")),
    (
        "Any SDK now gets credentials from a profile, such as boto3, unchanged:",
        ("python", "-c", _BOTO3),
    ),
    ("How long sign-in, token and role credentials last:", ("ssohelper", "status")),
)


@click.command("demo", cls=output.Command)
def run_demo(_app: App) -> int:
    """Try everything on a local Identity Center; no AWS account needed.

    \b
    Examples:
      ssohelper demo                 sign in with your browser, then a shell to try things in
      ssohelper demo < /dev/null | cat      the main commands, run and explained

    It runs in a temporary home folder; your own ~/.aws is not changed.
    """
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    with _make_home() as home, Emulator() as emulator:
        environ = _make_environment(home, emulator.environment())
        code = (_run_shell if on_terminal else _run_steps)(emulator, environ)
    if not on_terminal and not code:
        output.echo("\nThe temporary home was removed; your own ~/.aws was not changed.")
        output.echo("For your organization: ssohelper setup https://YOUR-PORTAL.awsapps.com/start")
    return code


def _run_steps(emulator: Emulator, environ: dict[str, str]) -> int:
    emulator.auto_approve = "ana"
    output.echo('An emulated IAM Identity Center runs on this machine. Its user is "ana".')
    for explanation, command in _STEPS:
        output.echo(f"\n# {explanation}\n$ {shlex.join(command)}")
        if _run_and_print(command, environment_without_foreign_code(environ)):
            output.say("the demo stopped: the last line above says why")
            return 1
    return 0


def _run_shell(emulator: Emulator, environ: dict[str, str]) -> int:
    how = "Sign in there as ana."
    if find_opener(environ) is None:
        # The page is at 127.0.0.1, which the user's browser does not reach over SSH.
        emulator.auto_approve = "ana"
        how = "It signs in ana by itself, as this terminal has no browser."
    output.say(f"An emulated IAM Identity Center runs on this machine. {how}")
    output.say(f"$ ssohelper {shlex.join(_SETUP)}")
    command = [find_ssohelper_command(os.environ), *_SETUP]
    code = subprocess.call(command, env=environment_without_foreign_code(environ))
    if code:
        return code
    output.say("\nThis shell uses the demo's temporary home. Try:")
    for typed, what in _TRY:
        output.say(f"  {typed:<48}  {what}")
    output.say("Leave with: exit (the demo's home is then removed)")
    with own_process.use_original_core_limit():
        subprocess.call([find_own_shell(environ)], env=environ)
    return 0


@contextmanager
def _make_home() -> Iterator[Path]:
    is_ending = False

    def end(number: int, _frame: object) -> None:
        nonlocal is_ending
        if not is_ending:
            is_ending = True
            raise KeyboardInterrupt if number == signal.SIGINT else SystemExit(128 + number)

    # The path is chosen before the folder is made: a signal in between still removes the folder.
    home = Path(tempfile.gettempdir()) / f"ssohelper-demo-{secrets.token_hex(8)}"
    with handle_signals(("SIGINT", "SIGTERM", "SIGHUP"), end):
        try:
            home.mkdir(0o700)
            yield home
        finally:
            is_ending = True
            ends_at = time.monotonic() + _REMOVAL_SECONDS
            shutil.rmtree(home, ignore_errors=True)
            while home.exists() and time.monotonic() < ends_at:
                time.sleep(0.02)
                shutil.rmtree(home, ignore_errors=True)


def _make_environment(home: Path, endpoints: dict[str, str]) -> dict[str, str]:
    """Return the user's environment without the variables that name files outside the demo's home."""
    (home / "run").mkdir(mode=0o700)
    (home / ".zshrc").touch()  # without it, zsh would ask the user to make one
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "SSOHELPER_", "XDG_")) and name not in _LEFT_OUT
    }
    scripts = os.path.dirname(find_ssohelper_command(os.environ))
    return {
        **own,
        **endpoints,
        "HOME": str(home),
        "USERPROFILE": str(home),  # the home folder on Windows
        "LOCALAPPDATA": str(home / "AppData"),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "PATH": scripts + os.pathsep + os.environ.get("PATH", os.defpath),
        "AWS_PAGER": "",
    }


def _run_and_print(command: Sequence[str], environ: dict[str, str]) -> int:
    program, *arguments = command
    ours = [find_ssohelper_command(os.environ)]
    child = subprocess.Popen(
        [*(ours if program == "ssohelper" else [sys.executable, "-I"]), *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="backslashreplace",
    )
    assert child.stdout is not None
    try:
        for line in child.stdout:
            output.echo("  " + line.rstrip("\n"))
        return child.wait()
    finally:
        child.kill()
        child.wait()


@click.group("emulator", cls=output.Group)
def emulator_command_group() -> None:
    """Run the demo's Identity Center alone.

    \b
    Examples:
      ssohelper emulator serve
    """


@emulator_command_group.command("serve")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="PORT",
    help="0, the default, means any free port.",
)
@click.option(
    "--world",
    "world_file",
    type=click.Path(path_type=Path),
    help="A JSON or TOML file with the users, accounts and roles to serve.",
)
@click.option(
    "--ready-file", type=click.Path(path_type=Path), help="A file to write once the server listens."
)
def serve_emulator(_app: App, port: int, world_file: Path | None, ready_file: Path | None) -> None:
    """Serve an emulated Identity Center until Ctrl-C.

    \b
    Examples:
      ssohelper emulator serve
      ssohelper emulator serve --port 8765 --world world.json --ready-file ready.json

    Listens on 127.0.0.1 only, and prints the commands that make another shell use it. The ready
    file gets the same settings as JSON.
    """
    if world_file is not None and not world_file.exists():
        hint = "without --world, the demo's users, accounts and roles are served"
        raise UsageProblem(f'there is no world file "{world_file}"', hint=hint)
    try:
        server.serve_until_signal(port, world_file, ready_file)
    except ValueError as cause:
        raise ConfigInvalid(str(cause)) from cause
    except EmulatorError as cause:
        raise UsageProblem(str(cause)) from cause
    except OSError as cause:
        # An OSError of the socket names no file. With a file name, the error is about the ready
        # file, the only one that the server writes.
        what = f"port {port} cannot be used" if cause.filename is None else f'"{ready_file}"'
        raise LocalState(f"{what}: {cause.strerror or cause}") from cause
