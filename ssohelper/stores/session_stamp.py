"""Records the sign-in and the config under which a session's responses were published.

A response must not be printed after a sign-out by any tool, after a sign-in (perhaps of another
user), or after a change of the session's portal. A hit and the launcher read neither the token nor
the config. In `<runtime>/credentials/<session>/` there are a link to each of the two files, and for
each a stamp: a file with that file's modification time. A hit compares the times. Where one
differs, it is a miss, never a hit with old credentials:

* Responses are withdrawn before a stamp for another sign-in is written, and published after it. A
  process that is killed in between leaves responses without a matching stamp.
* Each file's time is read before the file is read, and again before its stamp is written.
* A file that was written less than 2 s ago gets no stamp: a second write in the same second may
  leave the same time. Our own writes of the token file are dated back (stores/token_cache.py).

The caller holds the session's state lock while it writes.
"""

import contextlib
import os
import sys
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from ssohelper.core.model import SsoSession
from ssohelper.errors import LocalState
from ssohelper.fastpath import folders
from ssohelper.stores import files

# Some shells and file systems compare whole seconds: a second write in the same one would go
# unnoticed.
_SETTLED_AFTER_SECONDS = 2
_LIMIT_BYTES = 8192


class SessionStamp:
    """Reads the times of config and token file when it is made: make it before those are read."""

    def __init__(
        self, runtime: Path, session: SsoSession, config_file: str, token_file: str
    ) -> None:
        """`token_file` is "" for a token store without a file that other tools could write."""
        self._runtime = runtime
        name = files.session_file_name(session.name)
        self._portal = f"{session.start_url}\n{session.region}\n".encode()
        self._config = _Part(
            config_file and os.path.realpath(config_file),
            folders.config_link(str(runtime), name),
            folders.config_stamp(str(runtime), name),
        )
        # Two home folders may share runtime folder and config (AWS_CONFIG_FILE), but no sign-in.
        self._token_folder = os.path.dirname(os.path.abspath(token_file)) if token_file else ""
        self._folder_link = folders.token_folder_link(str(runtime), name)
        self._token = _Part(
            token_file and os.path.abspath(token_file),
            folders.token_link(str(runtime), name),
            folders.token_stamp(str(runtime), name),
        )

    @property
    def is_due(self) -> bool:
        """Whether the stamps must be written first: the responses may be of another sign-in."""
        return self._is_settled and not self._matches

    @property
    def is_of_other_portal(self) -> bool:
        """Whether the session's cached credentials belong to another start URL or region."""
        known = self._known_portal
        return known is not None and known != self._portal

    def prepare(self, withdraw: Callable[[], object]) -> bool:
        """Write both stamps where they differ; return False when nothing may be published now.

        `withdraw` is called to remove the session's responses when they may be of another sign-in.
        Raises: LocalState.
        """
        if not self._is_settled:
            return False
        if self._matches:
            return True
        is_same_home = os.path.realpath(self._folder_link) == os.path.realpath(self._token_folder)
        is_same_sign_in = (
            is_same_home and self._token.matches(b"") and self._known_portal == self._portal
        )
        if not is_same_sign_in:
            withdraw()
        files.ensure_private_folder(self._runtime)
        files.ensure_private_folder(os.path.dirname(self._token.stamp))
        files.write_link(self._folder_link, self._token_folder)
        self._config.write(self._portal)
        self._token.write(b"")
        return True

    def follow_renewal(self) -> None:
        """Write the token file's new time after a renewal of ours, if the stamp matched before it.

        So published responses stay valid. Raises: LocalState.
        """
        if self._token.matches(b""):
            self._token.read_time()
            self._token.write(b"")

    @property
    def _is_settled(self) -> bool:
        return self._config.is_settled() and self._token.is_settled()

    @property
    def _matches(self) -> bool:
        with contextlib.suppress(OSError):
            is_this_home = os.path.samefile(self._folder_link, self._token_folder)
            matches = self._config.matches(self._portal) and self._token.matches(b"")
            return is_this_home and matches
        return False

    @property
    def _known_portal(self) -> bytes | None:
        content = self._config.content
        return content.partition(b"\n")[2] if content else None


class _Part:
    """One file, the link to it, and its stamp: the file's time, and a further text to compare."""

    def __init__(self, path: str, link: str, stamp: str) -> None:
        self._path = path
        self._link = link
        self.stamp = stamp
        self.read_time()

    def read_time(self) -> None:
        """Read the file's modification time, to compare and to write it later."""
        self._read_at = time.time()
        self._modified = _read_mtime_ns(self._path)

    def is_settled(self) -> bool:
        """Return whether the file exists, has not changed, and was last written over 2 s ago."""
        if sys.platform == "win32":
            return False  # Windows has no launcher, and making a link takes a privilege there
        if self._modified is None or _read_mtime_ns(self._path) != self._modified:
            return False
        return abs(self._read_at - self._modified / 1e9) >= _SETTLED_AFTER_SECONDS

    @cached_property
    def content(self) -> bytes | None:
        """The stamp's content; None without one."""
        with contextlib.suppress(LocalState):
            return files.read_own_file(self.stamp, _LIMIT_BYTES)
        return None

    def matches(self, more: bytes) -> bool:
        """Return whether stamp and link are those of the file as it is, with this further text."""
        if self._modified is None or self.content != b"%d\n%b" % (self._modified, more):
            return False
        try:
            return os.readlink(self._link) == self._path
        except OSError:
            return False

    def write(self, more: bytes) -> None:
        """Write stamp and link where they do not match. Raises: LocalState."""
        if self._modified is None or self.matches(more):
            return
        content = b"%d\n%b" % (self._modified, more)
        files.write_atomically(self.stamp, content, mtime_ns=self._modified, durable=False)
        files.write_link(self._link, self._path)


def _read_mtime_ns(path: str) -> int | None:
    """Return nanoseconds; None for a missing file, or when its status cannot be read."""
    try:
        return os.stat(path).st_mtime_ns if path else None
    except (OSError, ValueError):
        return None
