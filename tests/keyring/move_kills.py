"""Kills a move between storages at each of its steps, and checks what the next process finds.

Run as a program with a folder: it prints one JSON line. Each attempt is a fork, killed with SIGKILL
before its n-th call that changes a file; the next fork is not killed. The key is in memory, as if
the keyring always answered.
"""

import base64
import json
import os
import shutil
import signal
import sys
from pathlib import Path
from typing import Any

from ssohelper.app import App
from ssohelper.core.model import (
    AccessToken,
    CachedCredentials,
    ClientRegistration,
    RoleCredentials,
    RoleKey,
    Secret,
    SsoSession,
)
from ssohelper.stores import sealed_codec  # noqa: F401 (imported before the calls are counted)

_CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.chmod", "os.utime", "os.symlink")
CANARY = "CNRY-MOVE"
NAMES = ("corp", "other")
_FAR = 4_000_000_000
_URL = "https://d-0000000000.awsapps.com/start"


class KnownKeyring:
    """Stands for OsKeyring: the key is known, and can be deleted."""

    key: Secret | None = Secret(base64.b64encode(bytes(range(32))).decode())

    def find(self, *, again: bool = False) -> Secret | None:
        return self.key

    def create(self) -> Secret:
        assert self.key is not None
        return self.key

    def delete(self) -> None:
        pass


def make_app(home: Path) -> App:
    """Return the App of a new process in this home."""
    app = App({"HOME": str(home), "SSOHELPER_HOME": str(home / "own")})
    app.storage.__dict__["keyring"] = KnownKeyring()
    return app


def prepare(home: Path, storage: str) -> None:
    """Make a home with two sign-ins in this storage, and cached credentials."""
    (home / ".aws").mkdir(parents=True)
    sections = [
        f"[sso-session {name}]\nsso_start_url = {_URL}\nsso_region = us-east-1\n" for name in NAMES
    ]
    (home / ".aws" / "config").write_text("\n".join(sections))
    write_setting(home, storage)
    app = make_app(home)
    client = ClientRegistration("client", Secret(f"{CANARY}-CS"), _FAR)
    for session in app.config.read().sso_sessions():
        token = AccessToken(
            Secret(f"{CANARY}-AT-{session.name}"), _FAR, Secret(f"{CANARY}-RT"), client
        )
        app.tokens.save(session, token)
        app.tokens.save_registration(session, client)
        save_credentials(app, session)


def save_credentials(app: App, session: SsoSession) -> None:
    keys = RoleCredentials("AKIA", Secret(f"{CANARY}-SAK"), Secret(f"{CANARY}-ST"), _FAR)
    key = RoleKey(session.name, "001234567890", "Admin")
    app.vault.save(key, session, CachedCredentials(keys, _FAR - 3600))


def write_setting(home: Path, storage: str) -> None:
    (home / "own").mkdir(exist_ok=True)
    (home / "own" / "config.toml").write_text(f'storage = "{storage}"\n')


def move(home: Path, wanted: str = "keyring") -> None:
    """Do what each command does that needs a token; to files, what `config set storage file` does."""
    app = make_app(home)
    if wanted == "file":
        app.storage.move_sign_ins("file", is_confirmed=True)
    _ = app.tokens


def move_and_be_killed(home: Path, wanted: str, at: int) -> bool:
    """Move in a fork that is killed before its call number `at`; return whether it was."""
    pid = os.fork()
    if pid == 0:
        count = 0

        def kill(event: str, args: tuple[Any, ...]) -> None:
            nonlocal count
            writes = event == "open" and isinstance(args[2], int) and args[2] & os.O_CREAT
            if event in _CHANGES or writes:
                count += 1
                if count == at:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(kill)
        move(home, wanted)
        os._exit(0)
    return os.waitpid(pid, 0)[1] == signal.SIGKILL


def find_plain(home: Path) -> list[str]:
    """Return the files that have a secret in clear."""
    return [
        str(path.relative_to(home))
        for path in home.rglob("*")
        if path.is_file() and CANARY.encode() in path.read_bytes()
    ]


def find_lost(app: App) -> list[str]:
    """Return the sign-ins that a command does not find."""
    tokens = {one.name: app.tokens.load(one) for one in app.config.read().sso_sessions()}
    return [
        f"the sign-in to {name} is lost"
        for name, token in tokens.items()
        if token is None or token.value.reveal() != f"{CANARY}-AT-{name}"
    ]


def check(home: Path, before: str, wanted: str, at: int) -> list[str]:
    """Return what is wrong after the process that follows a killed one."""
    pid = os.fork()
    if pid == 0:
        problems = find_lost(make_app(home))
        move(home, wanted)
        app = make_app(home)
        problems += find_lost(app)
        for session in app.config.read().sso_sessions():
            if app.tokens.load_registration(session, "device_code") is None:
                problems.append(f"the registration of {session.name} is lost")
        suffixes = {".json": "file", ".sealed": "keyring"}
        cache = home / ".aws" / "sso" / "cache"
        kept = {suffixes[path.suffix] for path in cache.iterdir() if path.suffix in suffixes}
        if kept != {wanted}:
            problems.append(f"files of these storages are there: {sorted(kept)}")
        if wanted == "keyring" and find_plain(home):
            problems.append(f"in clear: {find_plain(home)}")
        (home / "problems").write_text(json.dumps(problems))
        os._exit(0)
    status = os.waitpid(pid, 0)[1]
    if status:
        return [f"{before} to {wanted}, killed at {at}: the next process ended with {status}"]
    found: list[str] = json.loads((home / "problems").read_text())
    return [f"{before} to {wanted}, killed at {at}: {problem}" for problem in found]


def main(folder: Path) -> dict[str, Any]:
    """Kill a move in each direction at each of its steps."""
    problems: list[str] = []
    steps: dict[str, int] = {}
    for before, wanted in (("file", "keyring"), ("keyring", "file")):
        template = folder / before
        prepare(template, before)
        at = 0
        is_killed = True
        while is_killed:
            at += 1
            home = folder / f"{before}-{at}"
            shutil.copytree(template, home, symlinks=True)
            write_setting(home, wanted)
            is_killed = move_and_be_killed(home, wanted, at)
            problems += check(home, before, wanted, at)
            shutil.rmtree(home)
        steps[wanted] = at
    return {"problems": problems, "steps": steps}


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]))))
