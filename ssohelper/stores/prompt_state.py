"""What a shell's prompt reads without starting a program: small files under `<runtime>/prompt/`.

`sessions/<session>` and, after a failed renewal, `roles/<session>/<account>/<role>` hold one line,
`EPOCH KIND` (kinds: core.sign_in_clock), and have EPOCH as their modification time: fish tells
time left from that, bash and zsh from the line. `seen/<session>` is empty and has the
modification time of the token file that the clock was made from: a newer token file is a sign-in
of another tool. `dated/<NS>` are empty too, and have NS, nanoseconds, as their modification time:
what a shell compares the config and the settings with that it was told of. Everything here may
vanish at any time; nothing here is secret.
"""

import os
from pathlib import Path

from ssohelper.core.model import RoleKey
from ssohelper.core.schema import state as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.core.sign_in_clock import PromptClock
from ssohelper.errors import LocalState
from ssohelper.stores import files

# So many configs are hardly in use at once; and one that is gone is made anew by who misses it.
_MOST_DATED = 50


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
        files.remove_tree(self._folder / "roles" / files.session_file_name(session_name))

    def dated_as(self, path: str) -> str:
        """Return a file of ours that is as old as this one (1970 for none): newer means changed.

        "" where there can be none, such as on a file system that keeps less of a date.
        """
        changed_at = _changed_at(path, follow=True)
        file = self._folder / "dated" / str(changed_at)
        try:
            files.ensure_private_folder(self._runtime)
            files.ensure_private_folder(file.parent)
            if not os.path.lexists(file):
                self._sweep_dated(file.parent)
                files.write_atomically(file, b"")
            os.utime(file, ns=(changed_at, changed_at))
        except (LocalState, OSError):
            return ""
        return str(file) if _changed_at(file) == changed_at else ""

    def session_file(self, name: str) -> Path:
        return self._folder / "sessions" / files.session_file_name(name)

    def seen_file(self, name: str) -> Path:
        return self._folder / "seen" / files.session_file_name(name)

    def role_file(self, key: RoleKey) -> Path:
        return self._folder.joinpath("roles", *files.role_file_names(key))

    @property
    def _folder(self) -> Path:
        return self._runtime / "prompt"

    def _write(self, path: Path, clock: PromptClock) -> None:
        files.ensure_private_folder(self._runtime)
        files.ensure_private_folder(path.parent)
        files.write_atomically(path, f"{clock.at} {clock.kind}\n".encode(), mtime=clock.at)

    def _sweep_dated(self, folder: Path) -> None:
        """Remove what was told longest ago; the change time tells when."""
        with os.scandir(folder) as entries:
            told = sorted(
                (entry.stat(follow_symlinks=False).st_ctime_ns, entry.path) for entry in entries
            )
        for _, path in told[: max(0, len(told) + 1 - _MOST_DATED)]:
            files.remove(path)

    def _note_seen(self, name: str, token_file: str) -> None:
        path, changed_at = self.seen_file(name), _changed_at(token_file)
        if _changed_at(path) == changed_at:
            return
        files.ensure_private_folder(path.parent)
        if not os.path.lexists(path):
            files.write_atomically(path, b"")
        try:
            os.utime(path, ns=(changed_at, changed_at))
        except OSError as cause:
            raise LocalState(f'"{path}" cannot be dated') from cause


def _read(path: Path) -> PromptClock | None:
    try:
        content = files.read_own_file(path, limit=64)
        return None if content is None else schema.prompt_clock(content)
    except LocalState:
        return None
    except Damaged as damage:
        files.report_damage(path, damage)
        return None


def _changed_at(path: Path | str, *, follow: bool = False) -> int:
    """Return the file's modification time in nanoseconds; 0 without one."""
    try:
        return os.stat(path, follow_symlinks=follow).st_mtime_ns
    except OSError:
        return 0
