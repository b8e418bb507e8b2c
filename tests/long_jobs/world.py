"""A session whose notices are written to a file, and jobs that use its profile."""

import subprocess
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from ssohelper.core.model import SignInFacts, SsoSession
from ssohelper.emulator.server import Emulator
from ssohelper.stores.token_cache import TokenFiles
from tests.conftest import SCRIPT, Home

ACCOUNT, ROLE = "000000000001", "Role00"
START_URL = "https://d-0000000000.awsapps.com/start"
HOUR = 3600

# A typical job: one client, and a call now and then until one fails.
JOB = """
import sys, time, boto3
client = boto3.Session(profile_name="job").client("sts")
while True:
    print(client.get_caller_identity()["Arn"], flush=True)
    time.sleep(0.2)
"""


class ReceivedNotice(NamedTuple):
    """The values that the user's `notify` command got."""

    session: str
    at: str
    command: str
    message: str


class Job:
    """A home with the session `corp`, the profile `job` and a `notify` command."""

    def __init__(self, home: Home, emulator: Emulator) -> None:
        self.home = home
        self.emulator = emulator
        self.notices = home.path / "notices"
        home.env.update(emulator.environment())
        home.write_config(
            f"[sso-session corp]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n"
            "sso_registration_scopes = sso:account:access\n\n[profile job]\n"
            f"credential_process = {SCRIPT} credential-process {' '.join(arguments())}\n"
            "region = eu-west-1\n"
        )
        program = home.path / "note"
        program.write_text(
            "#!/bin/sh\nprintf '%s|%s|%s|%s\\n' \"$SSOHELPER_NOTICE_SESSION\" "
            f'"$SSOHELPER_NOTICE_AT" "$SSOHELPER_NOTICE_COMMAND" "$1" >> {self.notices}\n'
        )
        program.chmod(0o755)
        self._settings: dict[str, str] = {}
        self.set_notice_command(str(program))

    def set_notice_command(self, program: str) -> None:
        """Set the setting `notify`."""
        self.change_settings(notify=f'["{program}"]')

    def change_settings(self, **values: str) -> None:
        """Set these keys in the settings file; values are TOML."""
        self._settings.update(values)
        path = self.home.path / ".config/ssohelper/config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{key} = {value}\n" for key, value in self._settings.items()))

    def write_token(self) -> None:
        """Sign in as ana, with a token file as the AWS CLI writes it."""
        self.home.write_token(self.emulator.issue_token("ana", start_url=START_URL))

    def sign_in(self, *, ends_in: int | None = None) -> int:
        """Sign in as ana; return the configured or assumed end of the sign-in.

        Without `ends_in` (seconds) the sign-in began 7 h 55 min ago, so that its assumed end is
        near.
        """
        self.write_token()
        return self.begin_sign_in(ends_in=ends_in)

    def begin_sign_in(self, *, ends_in: int | None = None) -> int:
        """Record when the present sign-in began, as `login` does."""
        ends_at = int(time.time()) + (ends_in if ends_in is not None else 300)
        if ends_in is not None:
            self.change_settings(session_hours="8")
        self._tokens().save_facts("corp", SignInFacts(signed_in_at=ends_at - 8 * HOUR))
        return ends_at

    def log_in(self) -> None:
        """Sign in with `ssohelper login`, as a user does in another shell."""
        self.home.browser()
        self.output(SCRIPT, "login", "corp", "--force")

    def age_token(self, seconds: int) -> None:
        """Make the present token expire `seconds` earlier, as if time had passed."""
        store, session = self._tokens(), SsoSession("corp", START_URL, "us-east-1", ())
        token = store.load(session)
        assert token
        aged = token._replace(expires_at=token.expires_at - seconds)
        store.save(session, aged)
        facts = store.load_facts("corp")
        store.save_facts("corp", facts._replace(token_ids=(*facts.token_ids, aged.id)))

    def ask(self, account: str = ACCOUNT, **env: str) -> "subprocess.CompletedProcess[str]":
        """Run the credential process once."""
        return subprocess.run(
            [SCRIPT, "credential-process", *arguments(account)],
            env={**self.home.env, **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            cwd=self.home.path,
        )

    def start(self, *argv: str, **env: str) -> "subprocess.Popen[str]":
        """Start a program in this home; without arguments the boto3 job."""
        return subprocess.Popen(
            argv or (sys.executable, "-c", JOB),
            env={**self.home.env, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=self.home.path,
        )

    def output(self, *argv: str, **env: str) -> str:
        """Run a program to its end; return its stdout."""
        program = self.start(*argv, **env)
        out, err = program.communicate(timeout=60)
        assert program.returncode == 0, err
        return out

    def has_record(self) -> bool:
        """Return whether a notice was recorded, which happens before the caller gets its answer."""
        return self._tokens().load_facts("corp").notice_stage is not None

    def received_notices(self) -> list[ReceivedNotice]:
        """Return the notices that the command has received so far."""
        if not self.notices.exists():
            return []
        return [
            ReceivedNotice(*line.split("|", 3)) for line in self.notices.read_text().splitlines()
        ]

    def _tokens(self) -> TokenFiles:
        return TokenFiles(
            self.home.token_folder,
            state=self.home.path / ".local/state/ssohelper",
            runtime=self.home.runtime,
        )


def arguments(account: str = ACCOUNT) -> tuple[str, ...]:
    """Return the arguments in the profile of this account's role."""
    return ("--session", "corp", "--account-id", account, "--role-name", ROLE)


def wait_for(holds: Callable[[], object], seconds: float = 60) -> None:
    """Wait until another process has made `holds` true; fail after `seconds`."""
    ends_at = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends_at, "it never came"
        time.sleep(0.02)
