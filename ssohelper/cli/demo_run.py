"""The demo: real commands of ours against the emulator, in a home that is thrown away.

Nothing here is played: each line that starts with $ is run as it stands, as another process.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ssohelper.cli import output
from ssohelper.emulator.server import Emulator
from ssohelper.installation import scripts_command

START_URL = "https://d-0000000000.awsapps.com/start"
PROFILE = "payments-dev.ReadOnlyAccess"
_URL = re.compile(r"http://127\.0\.0\.1:\d+/\S+")
_BOTO3 = (
    "import boto3; c = boto3.Session(profile_name={profile!r}).client('sts').get_caller_identity();"
    "print('boto3 says:', c['Arn'])"
)


def narrated() -> int:
    """Run the main job with a word on each step; exit code 0 when every step worked."""
    with _identity_center() as (emulator, environ):
        emulator.auto_approve = "ana"
        output.echo("An emulated IAM Identity Center runs on this machine; ana works there.")
        steps = [
            ("First day: one command signs in, lists and writes profiles.",
             ["setup", START_URL, "--region", "us-east-1", "--session", "demo", "--no-browser", "--yes"]),
            ("What ana may use (the first rows; terms narrow it down):", ["list", "payments"]),
            ("What a second sync would change: nothing.", ["profile", "sync", "--dry-run"]),
            ("The three clocks: sign-in, access token, role credentials.", None),
        ]
        for words, arguments in steps[:3]:
            output.echo(f"\n# {words}")
            if arguments and _run(arguments, environ):
                return 1
        output.echo("\n# Any SDK now has credentials through the profile; boto3, unchanged:")
        if _boto3(environ):
            return 1
        output.echo(f"\n# {steps[3][0]}")
        if _run(["status"], environ):
            return 1
    output.echo("\nThat home is gone again, and your own ~/.aws was not touched.")
    output.echo("For your organization: ssohelper setup https://YOUR-PORTAL.awsapps.com/start")
    return 0


def with_a_shell() -> int:
    """Sign in with the person's browser, write the profiles, then a shell to try things in."""
    with _identity_center() as (_emulator, environ):
        output.say("An emulated IAM Identity Center runs on this machine. Sign in there as ana.")
        command = ["setup", START_URL, "--region", "us-east-1", "--session", "demo"]
        output.say(f"$ ssohelper {shlex.join(command)}")
        code = subprocess.call([scripts_command(), *command], env=environ)
        if code:
            return code
        shell = environ.get("SHELL") or shutil.which("sh") or "/bin/sh"
        output.say("\nTry: ssohelper list · ssohelper status · ssohelper whoami " + PROFILE)
        output.say("Leave with: exit (then all of it is gone)")
        subprocess.call([shell], env=environ)
    return 0


@contextmanager
def _identity_center() -> Iterator[tuple[Emulator, dict[str, str]]]:
    home = Path(tempfile.mkdtemp(prefix="ssohelper-demo-"))
    try:
        with Emulator() as emulator:
            yield emulator, _environment(home, emulator.environment())
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _environment(home: Path, endpoints: dict[str, str]) -> dict[str, str]:
    """Return the person's environment, less what would lead out of the throw-away home."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "SSOHELPER_", "XDG_"))
    }
    (home / "run").mkdir(mode=0o700)
    scripts = str(Path(scripts_command()).parent)
    return kept | endpoints | {
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home / "run"),
        "PATH": scripts + os.pathsep + os.environ.get("PATH", os.defpath),
        "AWS_PAGER": "",
    }


def _run(arguments: list[str], environ: dict[str, str]) -> int:
    """Run a command of ours, show what it says, and open the sign-in page when it names one."""
    output.echo(f"$ ssohelper {shlex.join(arguments)}")
    sys.stdout.flush()
    process = subprocess.Popen(
        [scripts_command(), *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="backslashreplace",
    )
    assert process.stdout is not None
    opened = False
    for line in process.stdout:
        output.echo("  " + line.rstrip("\n"))
        found = _URL.search(line)
        if found and not opened:
            opened = True
            threading.Thread(target=_visit, args=(found.group(),), daemon=True).start()
    return process.wait()


def _visit(url: str) -> None:
    """Be the browser: the emulator signs ana in, and its redirect ends at our listener."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=10) as page:
            page.read()
    except OSError as error:
        click.echo(f"  the sign-in page did not answer: {error}", err=True)


def _boto3(environ: dict[str, str]) -> int:
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
    output.echo("  " + (finished.stdout or finished.stderr).strip().splitlines()[-1])
    return finished.returncode
