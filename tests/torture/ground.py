"""What the rows stand on: a home with a signed-in session, the real program, checked answers."""

import contextlib
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ssohelper.core.instants import to_iso
from ssohelper.emulator.organization import World
from ssohelper.emulator.server import UNSET_VARIABLES, Emulator
from tests.conftest import SCRIPT, Home, make_home
from tests.published import date_back
from tests.torture.rows import Answer

SSOHELPER = SCRIPT
LAUNCHER = f"{SSOHELPER}-credentials"
AWS_CLI = "/usr/bin/aws"
START_URL = "https://d-0000000000.awsapps.com/start"
# The process id tells this run's homes, and what was started in them, from another run's.
HOME_PREFIX = f"ssohelper-torture-{os.getpid()}-"
# A command of ours ends within 20 s; this is for a machine that stands still.
PATIENCE_SECONDS = 180


class Ground:
    """One home, leading to one emulator."""

    def __init__(self, files: Home, emulator: Emulator) -> None:
        self._files = files
        self.home = files.path
        self.emulator = emulator
        self.config = files.config_file
        self.tokens = files.token_folder
        self.token_file = files.token_file()
        self.runtime = files.runtime
        self.env = {**files.env, "PYTHONHASHSEED": "0", **emulator.environment()}
        self.tokens.mkdir(parents=True)
        files.add_session(start_url=START_URL)

    def sign_in(self, *, expires_in: int | None = None) -> None:
        """Write the token of a sign-in as the AWS CLI does; `expires_in` is what its file says."""
        token = self.emulator.issue_token("ana", start_url=START_URL)
        if expires_in is not None:
            token["expiresAt"] = to_iso(int(time.time()) + expires_in)
        self._files.write_token(token)

    def kept(self, account: int = 0, role: int = 0) -> Path:
        """Return the file of the role's cached credentials."""
        return self.document(account, role).with_name("cached.json")

    def document(self, account: int = 0, role: int = 0) -> Path:
        """Return the role's published response."""
        folder = self.runtime / "credentials" / "corp" / f"0000{account:08d}"
        return folder / f"Role{role:02d}" / "response"

    def add_profile(self, name: str, lines: str) -> None:
        with self.config.open("a") as config:
            config.write(f"[profile {name}]\n{lines}region = us-east-1\n\n")
        date_back(self.config)

    def run(self, *argv: str, **more: str) -> Answer:
        """Run a command to its end; stdin is empty."""
        began = time.time()
        how = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "cwd": self.home}
        done = subprocess.run(argv, env={**self.env, **more}, timeout=PATIENCE_SECONDS, **how)
        return Answer(done.returncode, done.stdout, done.stderr, began, time.time())

    def start(self, command: list[str], **more: Any) -> "subprocess.Popen[Any]":
        """Start a command; a stream that is not given is empty."""
        streams = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.DEVNULL)
        return subprocess.Popen(command, env=self.env, **{**streams, **more})

    def at_once(self, commands: list[list[str]]) -> list[Answer]:
        """Start all of them as fast as possible; return the answers in order."""
        with tempfile.TemporaryDirectory() as folder:
            running = []
            for number, command in enumerate(commands):
                # Files, not pipes: 500 processes would need 1,000 descriptors here.
                with (
                    open(f"{folder}/{number}.out", "w") as out,
                    open(f"{folder}/{number}.err", "w") as err,
                ):
                    process = self.start(command, stdout=out, stderr=err)
                running.append((time.time(), process))
            answers = []
            for number, (began, process) in enumerate(running):
                code = process.wait(PATIENCE_SECONDS)
                printed, errors = (
                    Path(f"{folder}/{number}.{what}").read_text() for what in ("out", "err")
                )
                answers.append(Answer(code, printed, errors, began, time.time()))
            return answers


def key_of(account: int = 0, role: int = 0) -> list[str]:
    account_id = f"0000{account:08d}"
    return ["--session", "corp", "--account-id", account_id, "--role-name", f"Role{role:02d}"]


def native(account: int = 0) -> str:
    """Return a profile's lines in AWS's own form."""
    return f"sso_session = corp\nsso_account_id = 0000{account:08d}\nsso_role_name = Role00\n"


def helper(account: int = 0, role: int = 0, program: str = LAUNCHER) -> list[str]:
    """Return the command of a profile: the launcher, or with SSOHELPER the Python program."""
    middle = [] if program == LAUNCHER else ["credential-process"]
    return [program, *middle, *key_of(account, role)]


@contextmanager
def ground(
    *, accounts: int = 2, roles: int = 1, clock: Callable[[], float] = time.time
) -> Iterator[Ground]:
    """A new home and a new Identity Center, on this clock, in which ana may use every role."""
    with (
        tempfile.TemporaryDirectory(prefix=HOME_PREFIX, ignore_cleanup_errors=True) as home,
        Emulator(World.of_size(accounts, roles), clock=clock) as emulator,
    ):
        emulator.auto_approve = "ana"
        yield Ground(make_home(Path(home)), emulator)


def wrong_in(ground: Ground, answer: Answer, command: list[str]) -> str | None:
    """Return what is wrong with a credential-process answer, by the emulator's own books.

    A refusal is right when it is one line, prints nothing and has an exit code of the contract.
    """
    if answer.code:
        if answer.out or answer.code not in (4, 5, 6, 7) or answer.err.count("\n") != 1:
            return f"exit {answer.code}, stdout {len(answer.out)} B, stderr {answer.err[-300:]!r}"
        return None
    try:
        document = json.loads(answer.out)
        issued = ground.emulator.issued.get(document["AccessKeyId"])
    except (ValueError, KeyError) as error:
        return f"exit 0, no document: {error}"
    if issued is None:
        return "keys that were never issued"
    given = (document["SecretAccessKey"], document["SessionToken"], document["AccountId"])
    if given != (issued.secret_access_key, issued.session_token, issued.account_id):
        return "keys that do not belong together"
    if (issued.account_id, issued.role_name) != (command[-3], command[-1]):
        return f"keys of {issued.account_id}/{issued.role_name} for {command[-3]}/{command[-1]}"
    # From the decision to the end of the process a second may pass on a busy machine.
    late = ground.emulator.now() - (time.time() - answer.ended) - issued.expires_at
    return f"keys that expired {late:.1f} s ago" if late >= 1 else None


def wait_for(holds: Callable[[], object], seconds: float = 60, pause_seconds: float = 0.02) -> bool:
    """Wait for what another process does; False when it never came."""
    ends_at = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > ends_at:
            return False
        time.sleep(pause_seconds)
    return True


def programs_of_rows() -> Iterator[tuple[int, list[bytes]]]:
    """Yield id and words of each process whose environment names a home of this run."""
    homes = os.path.join(tempfile.gettempdir(), HOME_PREFIX).encode()
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if homes in (entry / "environ").read_bytes():
                yield int(entry.name), (entry / "cmdline").read_bytes().split(b"\0")


def clean_environment() -> None:
    """Nothing of the person's own may lead a client past the emulator."""
    for variable in (*UNSET_VARIABLES, "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        os.environ.pop(variable, None)
