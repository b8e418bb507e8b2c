"""A session whose notices are written to a file, and jobs that use its profile."""

import subprocess
import sys
import time
from typing import NamedTuple

from ssohelper.core.model import SignInFacts, SsoSession
from ssohelper.emulator.server import Emulator
from ssohelper.stores.token_cache import TokenFiles
from tests.conftest import SCRIPT, Home
from tests.programs import run_program

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
        self.change_settings(notify=f'["{program}"]')

    def change_settings(self, **values: str) -> None:
        """Set these keys in the settings file; values are TOML."""
        self._settings.update(values)
        path = self.home.path / ".config/ssohelper/config.toml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{key} = {value}\n" for key, value in self._settings.items()))

    def sign_in(self, *, ends_in: int | None = None) -> int:
        """Sign in as ana; return the configured or assumed end of the sign-in.

        Without `ends_in` (seconds) the sign-in began 7 h 55 min ago, so that its assumed end is
        near.
        """
        self.home.write_token(self.emulator.issue_token("ana", start_url=START_URL))
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
        words = [SCRIPT, "credential-process", *arguments(account)]
        return run_program(words, {**self.home.env, **env}, cwd=self.home.path)

    def start(self, *argv: str, **env: str) -> "subprocess.Popen[str]":
        """Start a program in this home; without arguments the boto3 job."""
        argv, pipe = argv or (sys.executable, "-c", JOB), subprocess.PIPE
        streams = {"stdin": subprocess.DEVNULL, "stdout": pipe, "stderr": pipe, "text": True}
        return subprocess.Popen(argv, env={**self.home.env, **env}, cwd=self.home.path, **streams)

    def output(self, *argv: str, **env: str) -> str:
        """Run a program to its end; return its stdout."""
        done = run_program(argv, {**self.home.env, **env}, cwd=self.home.path)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def has_record(self) -> bool:
        """Return whether a notice was recorded, which happens before the caller gets its answer."""
        return self._tokens().load_facts("corp").notice_stage is not None

    def received_notices(self) -> list[ReceivedNotice]:
        """Return the notices that the command has received so far."""
        if not self.notices.exists():
            return []
        lines = self.notices.read_text().splitlines()
        return [ReceivedNotice(*line.split("|", 3)) for line in lines]

    def _tokens(self) -> TokenFiles:
        state = self.home.path / ".local/state/ssohelper"
        return TokenFiles(self.home.token_folder, state=state, runtime=self.home.runtime)


def arguments(account: str = ACCOUNT) -> tuple[str, ...]:
    """Return the arguments in the profile of this account's role."""
    return ("--session", "corp", "--account-id", account, "--role-name", ROLE)
