"""The stamp beside a session's published responses: under which sign-in and config they were made.

A response must not be served after a sign-out by any tool, a sign-in of perhaps another person, or
a change of the session's portal. The hit path and the launcher read neither token nor config; in
`<runtime>/sessions/<session>/` they compare both files, which are linked there, with the
modification times of two stamps. A stamp that does not fit is a miss, never a wrong hit:

* Responses are withdrawn before a stamp is written that they were not made under, and published
  after it. A process that is killed in between leaves responses without a stamp that fits.
* Each file is looked at before it is read, and again before its stamp is written.
* What was written less than 2 s ago gets no stamp: a second write in the same second may leave the
  same time. Our own writes of the token file are dated back for that (stores/token_cache.py).

The caller holds the session's state lock where it writes.
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
_SURE_AFTER_SECONDS = 2
_LIMIT_BYTES = 8192


class SessionStamp:
    """Notes the times of config and token file when it is made: make it before they are read."""

    def __init__(
        self, runtime: Path, session: SsoSession, config_file: str, token_file: str
    ) -> None:
        """`token_file` is "" where there is none that other tools could change."""
        self._runtime = runtime
        name = files.session_file_name(session.name)
        self._portal = f"{session.start_url}\n{session.region}\n".encode()
        self._config = _Part(
            config_file and os.path.realpath(config_file),
            folders.config_link(str(runtime), name),
            folders.config_stamp(str(runtime), name),
        )
        # Two homes may share a runtime folder and a config (AWS_CONFIG_FILE), and no sign-in.
        self._token_folder = os.path.dirname(os.path.abspath(token_file)) if token_file else ""
        self._folder_link = folders.token_folder_link(str(runtime), name)
        self._token = _Part(
            token_file and os.path.abspath(token_file),
            folders.token_link(str(runtime), name),
            folders.token_stamp(str(runtime), name),
        )

    @property
    def is_due(self) -> bool:
        """Whether `prepare` would write: published responses may be of another sign-in."""
        return self._is_sure and not self._says_these

    @property
    def is_of_other_portal(self) -> bool:
        """Whether what is cached of the session belongs to another start URL or region."""
        known = self._known_portal
        return known is not None and known != self._portal

    def prepare(self, withdraw: Callable[[], object]) -> bool:
        """Write both stamps with the times noted; return False when nothing may be published now.

        `withdraw` takes away the session's responses where they may be of another sign-in.
        Raises: LocalState.
        """
        if not self._is_sure:
            return False
        if self._says_these:
            return True
        is_same_home = os.path.realpath(self._folder_link) == os.path.realpath(self._token_folder)
        is_same_sign_in = (
            is_same_home and self._token.is_said(b"") and self._known_portal == self._portal
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
        """Update the token file's stamp after a renewal of ours, if the stamp was valid before it.

        Published responses stay valid. Raises: LocalState.
        """
        if self._token.is_said(b""):
            self._token.note()
            self._token.write(b"")

    @property
    def _is_sure(self) -> bool:
        return self._config.is_sure() and self._token.is_sure()

    @property
    def _says_these(self) -> bool:
        with contextlib.suppress(OSError):
            is_this_home = os.path.samefile(self._folder_link, self._token_folder)
            is_said = self._config.is_said(self._portal) and self._token.is_said(b"")
            return is_this_home and is_said
        return False

    @property
    def _known_portal(self) -> bytes | None:
        content = self._config.content
        return content.partition(b"\n")[2] if content else None


class _Part:
    """One file, its link and its stamp, which says the file's time, and more that depends on it."""

    def __init__(self, path: str, link: str, stamp: str) -> None:
        self._path = path
        self._link = link
        self.stamp = stamp
        self.note()

    def note(self) -> None:
        self._noted_at = time.time()
        self._noted = _modified_at(self._path)

    def is_sure(self) -> bool:
        """Return whether the file is there, unchanged, and not written so lately."""
        if sys.platform == "win32":
            return False  # it has no launcher, and links take a right of their own
        if self._noted is None or _modified_at(self._path) != self._noted:
            return False
        return abs(self._noted_at - self._noted / 1e9) >= _SURE_AFTER_SECONDS

    @cached_property
    def content(self) -> bytes | None:
        """What the stamp says; None without one."""
        with contextlib.suppress(LocalState):
            return files.read_own_file(self.stamp, _LIMIT_BYTES)
        return None

    def is_said(self, more: bytes) -> bool:
        if self._noted is None or self.content != b"%d\n%b" % (self._noted, more):
            return False
        try:
            return os.readlink(self._link) == self._path
        except OSError:
            return False

    def write(self, more: bytes) -> None:
        if self._noted is None or self.is_said(more):
            return
        content = b"%d\n%b" % (self._noted, more)
        files.write_atomically(self.stamp, content, mtime_ns=self._noted, durable=False)
        files.write_link(self._link, self._path)


def _modified_at(path: str) -> int | None:
    """Return nanoseconds; None for no file, or where that cannot be told."""
    try:
        return os.stat(path).st_mtime_ns if path else None
    except (OSError, ValueError):
        return None
