"""What a shell's prompt reads without starting a program: small files under `<runtime>/prompt/`.

`sessions/<session>` and, after a failed renewal, `roles/<session>/<account>/<role>` hold one line,
`EPOCH KIND` (kinds: core.sign_in_clock), and have EPOCH as their modification time: fish tells
time left from that, bash and zsh from the line. `seen/<session>` is empty and has the
modification time of the token file that the clock was made from: a newer token file is a sign-in
of another tool. Everything here may vanish at any time; nothing here is secret.
"""

import os
import re
from pathlib import Path

from ssohelper.core.model import RoleKey
from ssohelper.core.sign_in_clock import PROMPT_KINDS, PromptClock
from ssohelper.errors import LocalState
from ssohelper.stores import files, places

_LINE = re.compile(rb"([0-9]{1,11}) ([a-z]{1,10})\n")


class PromptState:
    """The clocks of sessions and roles, as files. A damaged one counts as missing."""

    def __init__(self, runtime: Path) -> None:
        self._runtime = runtime

    def session(self, name: str) -> PromptClock | None:
        return _read(self.session_file(name))

    def role(self, key: RoleKey) -> PromptClock | None:
        return _read(self.role_file(key))

    def put_session(self, name: str, clock: PromptClock, token_file: str) -> None:
        """Put the session's clock; `token_file` is what it was made from, "" where there is none.

        Writes only what is news. Raises: LocalState.
        """
        path = self.session_file(name)
        if _read(path) != clock:
            self._write(path, clock)
        self._note_seen(name, token_file)

    def put_role(self, key: RoleKey, clock: PromptClock) -> None:
        self._write(self.role_file(key), clock)

    def drop_role(self, key: RoleKey) -> None:
        files.remove(self.role_file(key))

    def drop_roles(self, session_name: str) -> None:
        files.remove_tree(self._folder / "roles" / places.session_part(session_name))

    def session_file(self, name: str) -> Path:
        return self._folder / "sessions" / places.session_part(name)

    def seen_file(self, name: str) -> Path:
        return self._folder / "seen" / places.session_part(name)

    def role_file(self, key: RoleKey) -> Path:
        return self._folder.joinpath("roles", *places.role_parts(key))

    @property
    def _folder(self) -> Path:
        return self._runtime / "prompt"

    def _write(self, path: Path, clock: PromptClock) -> None:
        files.private_folder(self._runtime)
        files.private_folder(path.parent)
        files.write_atomically(path, f"{clock.at} {clock.kind}\n".encode(), mtime=clock.at)

    def _note_seen(self, name: str, token_file: str) -> None:
        path, changed_at = self.seen_file(name), _changed_at(token_file)
        if _changed_at(path) == changed_at:
            return
        files.private_folder(path.parent)
        if not os.path.lexists(path):
            files.write_atomically(path, b"")
        try:
            os.utime(path, ns=(changed_at, changed_at))
        except OSError as cause:
            raise LocalState(f'"{path}" cannot be dated') from cause


def _read(path: Path) -> PromptClock | None:
    try:
        content = files.read_checked(path, limit=64)
    except LocalState:
        return None
    found = _LINE.fullmatch(content or b"")
    kind = found and next((kind for kind in PROMPT_KINDS if kind.encode() == found[2]), None)
    return PromptClock(int(found[1]), kind) if found and kind else None


def _changed_at(path: Path | str) -> int:
    """Return the file's modification time in nanoseconds; 0 without one."""
    try:
        return os.lstat(path).st_mtime_ns
    except OSError:
        return 0
