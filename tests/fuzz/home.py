"""The home that each run begins with: signed in, listed, synced, with everything that we keep."""

import json
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from tests.conftest import make_home
from tests.torture.ground import LAUNCHER, START_URL, Ground, key_of

_REFRESH_SECONDS = 600
_MINE = """\
# my own notes
[profile mine]
region = eu-central-1
s3 =
    max_concurrent_requests = 20

[profile legacy]
sso_start_url = https://d-0000000000.awsapps.com/start
sso_region = us-east-1
sso_account_id = 000000000001
sso_role_name = Role01
region = us-east-1
"""
_KEYS = "aws_access_key_id = AKIAFUZZFUZZFUZZFUZZ\naws_secret_access_key = s\n"
_CREDENTIALS = f"# theirs\n[static]\n{_KEYS}"
_SETTINGS = 'form = "process"\nsession_hours = 12\n[sessions.corp]\nsession_hours = 10\n'


class FuzzHome:
    """One home on one emulator, restored before each run. `must` runs a command that succeeds."""

    def __init__(self, base: Path, must: Callable[..., None]) -> None:
        self._run = must
        self.emulator = Emulator(World.of_size(3, 2)).start()
        self.emulator.auto_approve = "ana"
        self.path = base / "home"
        self._template = base / "template"
        self._made_at = 0.0
        self.path.mkdir()
        self.ground = Ground(make_home(self.path), self.emulator)
        browser = base / "browser"
        browser.write_text('#!/bin/sh\nexec curl -sL --max-time 10 "$1"\n')
        browser.chmod(0o755)
        self.env = {**self.ground.env, "BROWSER": str(browser), "AWS_EC2_METADATA_DISABLED": "true"}

    def close(self) -> None:
        self.emulator.stop()

    def restore(self) -> None:
        """Put the home back as the template has it, which is made again before its keys end."""
        self.emulator.faults.clear()
        self.emulator.auto_approve = "ana"
        if time.time() - self._made_at > _REFRESH_SECONDS:
            self._make_template()
        _remove(self.path)
        shutil.copytree(self._template, self.path, symlinks=True)

    def files(self) -> list[Path]:
        """Return every plain file that a command may read, in a fixed order."""
        return sorted(one for one in self.path.rglob("*") if one.is_file() and one.suffix != ".log")

    @property
    def crashes(self) -> Path:
        return self.path / ".local/state/ssohelper/crashes"

    def _make_template(self) -> None:
        _remove(self.path)
        for folder in (
            self.ground.tokens,
            self.ground.runtime.parent,
            self.path / ".config/ssohelper",
        ):
            folder.mkdir(parents=True, mode=0o700)
        # Settings younger than 2 s publish nothing.
        settings = self.path / ".config/ssohelper/config.toml"
        settings.write_text(_SETTINGS)
        settings.chmod(0o600)
        os.utime(settings, (time.time() - 100, time.time() - 100))
        self.ground.config.write_text(
            f"[sso-session corp]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n"
            "sso_registration_scopes = sso:account:access\n\n" + _MINE
        )
        (self.path / ".aws/credentials").write_text(_CREDENTIALS)
        self._must("login", "corp", "--device-code", "--force", "--no-browser")
        self._must("list", "--refresh")
        for number in range(2):
            self._must("credential-process", *key_of(0, number))
        self._must("profile", "sync", "--yes", "--account", "*", "--role", "*")
        self._must("profile", "rm", "account-00002.Role01", "--yes")
        self._must("profile", "undo", "--yes")
        self._must("favourite", "add", "corp:000000000001/Role00")
        self._must("whoami", "account-00000.Role00")
        self._must("prompt", "--state", AWS_PROFILE="account-00000.Role00")
        self._run(tuple(key_of(0, 0)), self.env, LAUNCHER)
        _remove(self._template)
        shutil.copytree(self.path, self._template, symlinks=True, ignore=_sockets)
        self._made_at = time.time()

    def _must(self, *argv: str, **more: str) -> None:
        self._run(argv, {**self.env, **more}, None)


def parses(content: bytes) -> bool:
    """Return whether botocore reads this as a config."""
    import configparser

    parser = configparser.RawConfigParser(default_section=None)
    try:
        parser.read_string(content.decode("utf-8"))
    except (configparser.Error, UnicodeDecodeError, ValueError, AttributeError):
        return False
    return True


def is_token(content: bytes | None) -> bool:
    """Return whether this is a whole token file."""
    try:
        found = json.loads(content or b"")
    except ValueError:
        return False
    return isinstance(found, dict) and isinstance(found.get("accessToken"), str)


def _sockets(folder: str, names: list[str]) -> list[str]:
    paths = {name: f"{folder}/{name}" for name in names}
    return [one for one, path in paths.items() if not (os.path.isfile(path) or os.path.isdir(path))]


def _remove(path: Path) -> None:
    """Remove the tree whatever is in it."""
    if not os.path.lexists(path):
        return
    for folder, _names, _files in os.walk(path):
        os.chmod(folder, 0o700)
    shutil.rmtree(path)
