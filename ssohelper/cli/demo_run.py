"""The demo: real commands of ours against the emulator, in a home that is thrown away.

Nothing here is played: each line that starts with $ is run as it stands, as another process.
"""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import click

from ssohelper.cli import output
from ssohelper.emulator.server import Emulator
from ssohelper.fastpath import own_process
from ssohelper.fastpath.python_environment import sanitised
from ssohelper.system.installation import command_path

START_URL = "https://d-0000000000.awsapps.com/start"
PROFILE = "payments-dev.ReadOnlyAccess"
_URL = re.compile(r"http://127\.0\.0\.1:\d+/\S+")
_SETUP = ["setup", START_URL, "--region", "us-east-1", "--session", "demo"]
# uv's and pipx's: they would make the demo's profiles those of a throw-away installation, and
# these profiles may name a passing path, since their home passes sooner. The others would let
# the demo's shell read or write files of the person's.
_LEFT_OUT = frozenset({"UV_CACHE_DIR", "PIPX_HOME", "PIPX_VENV_CACHEDIR", "HISTFILE", "ZDOTDIR"})
# What `ssohelper install` sets up, and the prompt. zsh begins with a questionnaire without a file.
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
    ("ssohelper", "every account and role, found as you type"),
    (f"ssohelper use {PROFILE}", "switch this shell; its prompt tells the time left"),
    ("ssohelper whoami", "who this shell is to AWS"),
    ("ssohelper status", "the three clocks"),
)
_BOTO3 = (
    'import boto3; sts = boto3.Session(profile_name="{profile}").client("sts"); '
    'print(sts.get_caller_identity()["Arn"])'
)


def narrated() -> int:
    """Run the main job with a word on each step; exit code 0 when every step worked."""
    with _identity_center() as (emulator, environ):
        emulator.auto_approve = "ana"
        output.echo("An emulated IAM Identity Center runs on this machine; ana works there.")
        done = (
            _step(
                "First day: one command signs in, lists and writes profiles.",
                environ,
                [*_SETUP, "--no-browser", "--yes"],
            )
            and _step("What ana may use, narrowed down by words:", environ, ["list", "payments"])
            and _step("A second sync changes nothing:", environ, ["profile", "sync", "--yes"])
            and _boto3(environ)
            and _step("The three clocks: sign-in, token, role credentials.", environ, ["status"])
        )
    if not done:
        output.say("the demo stopped: the line above says why")
        return 1
    output.echo("\nThat home is gone again, and your own ~/.aws was not touched.")
    output.echo("For your organization: ssohelper setup https://YOUR-PORTAL.awsapps.com/start")
    return 0


def with_a_shell() -> int:
    """Sign in with the person's browser, write the profiles, then a shell to try things in."""
    with _identity_center() as (_emulator, environ):
        output.say("An emulated IAM Identity Center runs on this machine. Sign in there as ana.")
        output.say(f"$ ssohelper {shlex.join(_SETUP)}")
        code = subprocess.call([command_path(os.environ), *_SETUP], env=sanitised(environ))
        if code:
            return code
        if sys.platform == "win32":
            shell = environ.get("COMSPEC", "cmd.exe")
        else:
            shell = environ.get("SHELL") or shutil.which("sh") or "/bin/sh"
        output.say("\nA shell in the demo's home. Try:")
        for command, what in _TRY:
            output.say(f"  {command:<48}  {what}")
        output.say("Leave with: exit (then all of it is gone)")
        with own_process.original_core_limit():
            subprocess.call([shell], env=environ)
    return 0


def _step(words: str, environ: dict[str, str], arguments: list[str]) -> bool:
    output.echo(f"\n# {words}")
    return _run(arguments, environ) == 0


@contextmanager
def _identity_center() -> Iterator[tuple[Emulator, dict[str, str]]]:
    with _ending_by_signal():
        home = Path(tempfile.mkdtemp(prefix="ssohelper-demo-"))
        try:
            with Emulator() as emulator:
                yield emulator, _environment(home, emulator.environment())
        finally:
            _remove(home)


def _remove(home: Path) -> None:
    """Remove the home whatever comes: who closes a terminal often sends a second signal."""
    names = [name for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), signal.SIG_IGN) for name in names}
    try:
        shutil.rmtree(home, ignore_errors=True)
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


@contextmanager
def _ending_by_signal() -> Iterator[None]:
    """Let a signal that ends us end what we started, and clean up, before we are gone."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    names = [name for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {name: signal.signal(getattr(signal, name), end) for name in names}
    try:
        yield
    finally:
        for name, handler in before.items():
            signal.signal(getattr(signal, name), handler)


def _environment(home: Path, endpoints: dict[str, str]) -> dict[str, str]:
    """Return the person's environment, less what would lead out of the throw-away home."""
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
    scripts = str(Path(command_path(os.environ)).parent)
    return (
        kept
        | endpoints
        | {
            "HOME": str(home),
            # Windows' own words for it.
            "USERPROFILE": str(home),
            "LOCALAPPDATA": str(home / "AppData"),
            "XDG_RUNTIME_DIR": str(home / "run"),
            "PATH": scripts + os.pathsep + os.environ.get("PATH", os.defpath),
            "AWS_PAGER": "",
        }
    )


def _run(arguments: list[str], environ: dict[str, str]) -> int:
    """Run a command of ours, show what it says, and open the sign-in page when it names one."""
    output.echo(f"$ ssohelper {shlex.join(arguments)}")
    sys.stdout.flush()
    process = subprocess.Popen(
        [command_path(os.environ), *arguments],
        env=sanitised(environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="backslashreplace",
    )
    assert process.stdout is not None
    opened = False
    try:
        for line in process.stdout:
            output.echo("  " + line.rstrip("\n"))
            found = _URL.search(line)
            if found and not opened:
                opened = True
                threading.Thread(target=_visit, args=(found.group(),), daemon=True).start()
        return process.wait()
    finally:
        process.kill()
        process.wait()


def _visit(url: str) -> None:
    """Be the browser: the emulator signs ana in, and its redirect ends at our listener."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=10) as page:
            page.read()
    except OSError as error:
        click.echo(f"  the sign-in page did not answer: {error}", err=True)


def _boto3(environ: dict[str, str]) -> bool:
    output.echo("\n# Any SDK now has credentials through a profile; boto3, unchanged:")
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
    said = (finished.stdout or finished.stderr).strip().splitlines()
    output.echo("  " + (said[-1] if said else "boto3 said nothing"))
    return finished.returncode == 0
