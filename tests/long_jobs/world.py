"""A session whose notices end in a file, and jobs that run on its profiles."""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from ssohelper.core.model import SignInFacts
from ssohelper.emulator.server import Emulator
from ssohelper.stores.token_cache import TokenFiles
from tests.conftest import SCRIPT, Home

ACCOUNT, ROLE = "000000000001", "Role00"
ARGUMENTS = ("--session", "corp", "--account-id", ACCOUNT, "--role-name", ROLE)
START_URL = "https://d-0000000000.awsapps.com/start"
HOUR = 3600

# A job as people write it: one client, a call now and then, until a call fails.
JOB = """
import sys, time, boto3
client = boto3.Session(profile_name="job").client("sts")
while True:
    print(client.get_caller_identity()["Arn"], flush=True)
    time.sleep(0.2)
"""


class Told(NamedTuple):
    """What the user's `notify` command got."""

    session: str
    at: str
    command: str
    message: str


class Job:
    """A world with a signed-in session, the profile `job` and a `notify` command."""

    def __init__(self, home: Home, emulator: Emulator) -> None:
        self.home = home
        self.emulator = emulator
        self.notices = home.path / "notices"
        home.env.update(emulator.environment())
        home.write_config(
            f"[sso-session corp]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n"
            "sso_registration_scopes = sso:account:access\n\n[profile job]\n"
            f"credential_process = {SCRIPT} credential-process {' '.join(ARGUMENTS)}\n"
            "region = eu-west-1\n"
        )
        program = home.path / "note"
        program.write_text(
            "#!/bin/sh\nprintf '%s|%s|%s|%s\\n' \"$SSOHELPER_NOTICE_SESSION\" "
            f'"$SSOHELPER_NOTICE_AT" "$SSOHELPER_NOTICE_COMMAND" "$1" >> {self.notices}\n'
        )
        program.chmod(0o755)
        self.settings(f'notify = ["{program}"]\n')

    def settings(self, text: str) -> None:
        """Add lines to the settings file."""
        path = self.home.path / ".config/ssohelper/config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text((path.read_text() if path.exists() else "") + text)

    def sign_in(self, *, ends_in: float | None = None, **more: float) -> None:
        """Sign ana in; `ends_in` seconds the sign-in ends, as the settings say of it."""
        self.home.write_token(self.emulator.token_for("ana", start_url=START_URL))
        began = int(time.time())
        if ends_in is not None:
            began = int(time.time() + ends_in - HOUR)
            self.settings("session_hours = 1\n")
        TokenFiles(
            self.home.token_folder,
            state=self.home.path / ".local/state/ssohelper",
            runtime=self.home.runtime,
        ).save_facts("corp", SignInFacts(signed_in_at=began))

    def ask(self, **env: str) -> "subprocess.CompletedProcess[str]":
        """Run the credential process once."""
        return subprocess.run(
            [SCRIPT, "credential-process", *ARGUMENTS],
            env={**self.home.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.home.path,
        )

    def start(self, *argv: str, **env: str) -> "subprocess.Popen[str]":
        """Start a program in this home; with no words the boto3 job."""
        return subprocess.Popen(
            argv or (sys.executable, "-c", JOB),
            env={**self.home.env, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.home.path,
        )

    def told(self) -> list[Told]:
        """Return all notices so far."""
        if not self.notices.exists():
            return []
        return [Told(*line.split("|", 3)) for line in self.notices.read_text().splitlines()]


def wait_for(holds: Callable[[], object], seconds: float = 60) -> None:
    """Wait for what another process does; fail when it never comes."""
    ends_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends_at, "it never came"
        time.sleep(0.02)
