"""Runs the demo: real ssohelper commands against the emulator, in a temporary home folder.

Each printed line that starts with $ is run exactly as printed, in a separate process.
"""

import os
import re
import secrets
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from ssohelper.cli import output
from ssohelper.emulator.server import Emulator
from ssohelper.fastpath import own_process
from ssohelper.fastpath.python_environment import environment_without_foreign_code
from ssohelper.system.browser import can_user_see_a_browser_here
from ssohelper.system.installation import find_ssohelper_command

START_URL = "https://d-0000000000.awsapps.com/start"
PROFILE = "payments-dev.ReadOnlyAccess"
_REMOVAL_SECONDS = 5.0
_URL = re.compile(r"http://127\.0\.0\.1:\d+/\S+")
_SETUP = ["setup", START_URL, "--region", "us-east-1", "--session", "demo"]
# Variables that the demo's commands do not get. With the variables of uv and pipx, ssohelper could
# refuse to write profiles that run a throw-away installation. The demo's profiles may run one,
# because the demo's home is removed before that installation. With HISTFILE and ZDOTDIR, the demo's
# shell would use files of the user.
_LEFT_OUT = frozenset({"UV_CACHE_DIR", "PIPX_HOME", "PIPX_VENV_CACHEDIR", "HISTFILE", "ZDOTDIR"})
# The rc files in the demo's home: the lines of `ssohelper install`, and the prompt. Without a
# .zshrc, zsh would ask the user to make one.
_RC_FILES = {
    ".bashrc": """eval "$(ssohelper-credentials shell-init bash)"
eval "$(ssohelper-credentials completion bash)"
ssohelper_prompt_on
""",
    ".zshrc": """autoload -Uz compinit && compinit -D -u
eval "$(ssohelper-credentials shell-init zsh)"
eval "$(ssohelper-credentials completion zsh)"
ssohelper_prompt_on
""",
    ".config/fish/config.fish": """ssohelper-credentials shell-init fish | source
ssohelper-credentials completion fish | source
ssohelper_prompt_on
""",
}
_TRY = (
    ("ssohelper", "search all accounts and roles"),
    (f"ssohelper use {PROFILE}", "switch this shell; its prompt shows the time left"),
    ("ssohelper whoami", "the account and role of this shell"),
    ("ssohelper status", "how long sign-in, token and role credentials last"),
)
_BOTO3 = (
    'import boto3; sts = boto3.Session(profile_name="{profile}").client("sts"); '
    'print(sts.get_caller_identity()["Arn"])'
)


def run_narrated_demo() -> int:
    """Run the main commands with an explanation of each; return 0 when all succeeded."""
    with _run_emulator_in_temporary_home() as (emulator, environ):
        emulator.auto_approve = "ana"
        output.echo('An emulated IAM Identity Center runs on this machine. Its user is "ana".')
        done = (
            _run_demo_step(
                "First day: one command signs in, lists the roles and writes profiles.",
                environ,
                [*_SETUP, "--no-browser", "--yes"],
            )
            and _run_demo_step("Ana's roles that match a word:", environ, ["list", "payments"])
            and _run_demo_step(
                "A second sync changes nothing:", environ, ["profile", "sync", "--yes"]
            )
            and _run_boto3_example(environ)
            and _run_demo_step(
                "How long sign-in, token and role credentials last:", environ, ["status"]
            )
        )
    if not done:
        output.say("the demo stopped: the last line above says why")
        return 1
    output.echo("\nThe temporary home was removed; your own ~/.aws was not changed.")
    output.echo("For your organization: ssohelper setup https://YOUR-PORTAL.awsapps.com/start")
    return 0


def run_demo_with_shell() -> int:
    """Sign in with the user's browser, write profiles, and run a shell; return the exit code."""
    with _run_emulator_in_temporary_home() as (emulator, environ):
        how = "Sign in there as ana."
        if not can_user_see_a_browser_here(environ):
            # The page is at 127.0.0.1, which the user's browser does not reach over SSH.
            emulator.auto_approve = "ana"
            how = "It signs in ana by itself, as this terminal has no browser."
        output.say(f"An emulated IAM Identity Center runs on this machine. {how}")
        output.say(f"$ ssohelper {shlex.join(_SETUP)}")
        code = subprocess.call(
            [find_ssohelper_command(os.environ), *_SETUP],
            env=environment_without_foreign_code(environ),
        )
        if code:
            return code
        if sys.platform == "win32":
            shell = environ.get("COMSPEC", "cmd.exe")
        else:
            shell = environ.get("SHELL") or shutil.which("bash") or "/bin/sh"
        output.say("\nThis shell uses the demo's temporary home. Try:")
        if f"[profile {PROFILE}]" not in _read_config(environ):
            # The commands below need the profiles, which the user declined.
            output.say(f"  ssohelper {shlex.join(_SETUP)}\n{'':<52}write the profiles first")
        for command, what in _TRY:
            output.say(f"  {command:<48}  {what}")
        output.say("Leave with: exit (the demo's home is then removed)")
        with own_process.use_original_core_limit():
            subprocess.call([shell], env=environ)
    return 0


def _read_config(environ: dict[str, str]) -> str:
    path = Path(environ["HOME"], ".aws", "config")
    return path.read_text("utf-8") if path.exists() else ""


def _run_demo_step(explanation: str, environ: dict[str, str], arguments: list[str]) -> bool:
    output.echo(f"\n# {explanation}")
    return _run_and_print_command(arguments, environ) == 0


@contextmanager
def _run_emulator_in_temporary_home() -> Iterator[tuple[Emulator, dict[str, str]]]:
    with _exit_on_first_signal():
        # The path of the demo's home is chosen before the folder is made, because a signal can come
        # in between and the folder must still be removed.
        home = Path(tempfile.gettempdir()) / f"ssohelper-demo-{secrets.token_hex(8)}"
        try:
            try:
                home.mkdir(0o700)
                with Emulator() as emulator:
                    yield emulator, _make_demo_environment(home, emulator.environment())
            finally:
                _remove_demo_home(home)
        finally:
            # The first signal may have stopped the removal above. Later signals raise no exception,
            # so nothing stops this second removal.
            _remove_demo_home(home)


def _remove_demo_home(home: Path) -> None:
    """Remove the demo's home; repeat this while an ending process of the demo writes to it."""
    ends_at = time.monotonic() + _REMOVAL_SECONDS
    shutil.rmtree(home, ignore_errors=True)
    while home.exists() and time.monotonic() < ends_at:
        time.sleep(0.02)
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _exit_on_first_signal() -> Iterator[None]:
    """Raise an exception on the first SIGINT, SIGTERM or SIGHUP, so that the demo cleans up.

    Later signals do nothing, because a terminal that closes sends several. The handler stays set,
    since Python prints a traceback for a pending signal whose handler becomes SIG_IGN.
    """
    is_ending = False
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    numbers = [int(getattr(signal, name)) for name in names]

    def raise_exit(number: int, _frame: FrameType | None) -> None:
        """Raise KeyboardInterrupt for SIGINT, else SystemExit with 128 + the signal's number."""
        nonlocal is_ending
        if is_ending:
            return
        is_ending = True
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, raise_exit) for number in numbers}
    try:
        yield
    finally:
        if not is_ending:  # after a signal, the process is ending with its code
            for number, handler in before.items():
                signal.signal(number, handler)


def _make_demo_environment(home: Path, endpoints: dict[str, str]) -> dict[str, str]:
    """Write the rc files of the demo's home; return the environment for the demo's commands.

    This is the user's environment without the variables that name files outside the demo's home.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "SSOHELPER_", "XDG_")) and name not in _LEFT_OUT
    }
    (home / "run").mkdir(mode=0o700)
    for name, text in _RC_FILES.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    scripts = str(Path(find_ssohelper_command(os.environ)).parent)
    return (
        kept
        | endpoints
        | {
            "HOME": str(home),
            # USERPROFILE names the home folder on Windows.
            "USERPROFILE": str(home),
            "LOCALAPPDATA": str(home / "AppData"),
            "XDG_RUNTIME_DIR": str(home / "run"),
            "PATH": scripts + os.pathsep + os.environ.get("PATH", os.defpath),
            "AWS_PAGER": "",
        }
    )


def _run_and_print_command(arguments: list[str], environ: dict[str, str]) -> int:
    """Run an ssohelper command, print its output, and visit any sign-in page that it prints."""
    output.echo(f"$ ssohelper {shlex.join(arguments)}")
    sys.stdout.flush()
    child = subprocess.Popen(
        [find_ssohelper_command(os.environ), *arguments],
        env=environment_without_foreign_code(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="backslashreplace",
    )
    assert child.stdout is not None
    opened = False
    try:
        for line in child.stdout:
            output.echo("  " + line.rstrip("\n"))
            match = _URL.search(line)
            if match and not opened:
                opened = True
                threading.Thread(
                    target=_visit_sign_in_page, args=(match.group(),), daemon=True
                ).start()
        return child.wait()
    finally:
        child.kill()
        child.wait()


def _visit_sign_in_page(url: str) -> None:
    """Request the sign-in page as a browser would: the emulator then signs in its user "ana"."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=10) as page:
            page.read()
    except OSError as error:
        click.echo(f"  the sign-in page did not answer: {error}", err=True)


def _run_boto3_example(environ: dict[str, str]) -> bool:
    output.echo("\n# Any SDK now gets credentials from a profile, such as boto3, unchanged:")
    code = _BOTO3.format(profile=PROFILE)
    output.echo(f"$ python -c {shlex.quote(code)}")
    sys.stdout.flush()
    finished = subprocess.run(
        [sys.executable, "-I", "-c", code],
        env=environ | {"AWS_DEFAULT_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = (finished.stdout or finished.stderr).strip().splitlines()
    output.echo("  " + (lines[-1] if lines else "boto3 printed nothing"))
    return finished.returncode == 0
