"""Records with which sign-in and config a session's published responses were written.

A published response must not be printed after any tool has signed the user out, after a sign-in
(perhaps of another user), or after a change of the session's portal. The launcher reads neither the
token file nor the config to find that out, since it would take too long.
`<runtime>/credentials/<session>/` holds a link to each of these two files, and a stamp for each: a
file with the same modification time. The launcher compares the times, and prints a published
response only if they agree. Three rules make sure that no old credentials are printed:

* Before the stamp of a new sign-in is written, the published responses are deleted; new ones are
  published afterwards. If the process is killed in between, no response has a matching stamp.
* The modification time of token file or config is read before that file is read, and again before
  its stamp is written.
* A file that was written less than 2 s ago gets no stamp, because a second write in the same second
  may leave the same time. Token files that we write get a modification time 2 s ago
  (stores/token_cache.py).

The caller holds the session's state lock while it writes stamps.
"""

import contextlib
import os
import sys
import time
from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from ssohelper.core.model import SsoSession
from ssohelper.fastpath import folders
from ssohelper.stores import files
from ssohelper.stores.cache_folder import CacheFolder

# Config and token file get a stamp only when their last write is this long ago. Some shells and
# file systems have times in whole seconds, so that a second write within the same second would go
# unnoticed.
_SETTLED_AFTER_SECONDS = 2
_LIMIT_BYTES = 8192


class SessionStamp:
    """The stamp files of one session, which have the modification times of config and token file.

    Create this object before config and token file are read: it records their modification times.
    """

    def __init__(
        self, runtime: Path, session: SsoSession, config_file: str, token_file: str
    ) -> None:
        self._cache = CacheFolder(runtime)
        name = files.session_file_name(session.name)
        self._portal = f"{session.start_url}\n{session.region}\n".encode()
        self._config = _StampedFile(
            self._cache,
            config_file and os.path.realpath(config_file),
            folders.aws_config_link_path(str(runtime), name),
            folders.config_stamp_path(str(runtime), name),
        )
        # Two home folders may share a runtime folder and a config (AWS_CONFIG_FILE), but each has
        # sign-ins of its own. So the stamps also record the folder of the token file.
        self._token_folder = os.path.dirname(os.path.abspath(token_file)) if token_file else ""
        self._folder_link = folders.token_folder_link_path(str(runtime), name)
        self._token = _StampedFile(
            self._cache,
            token_file and os.path.abspath(token_file),
            folders.token_file_link_path(str(runtime), name),
            folders.token_stamp_path(str(runtime), name),
        )

    @property
    def is_stale(self) -> bool:
        """Whether the published responses may be of another sign-in and must not be used."""
        return self._are_files_old_enough_for_stamps and not self._are_files_as_their_stamps_say

    @property
    def is_current(self) -> bool:
        """Whether all published responses are certainly of the present sign-in."""
        return self._are_files_old_enough_for_stamps and self._are_files_as_their_stamps_say

    @property
    def is_of_other_portal(self) -> bool:
        """Whether the session's cached credentials belong to another start URL or region."""
        known = self._read_portal_of_cached_credentials
        return known is not None and known != self._portal

    def prepare_publishing(self, delete_responses: Callable[[], object]) -> bool:
        """Write the stamps of config and token file; return False if it is too early to publish.

        If the session's published responses may be of another sign-in, calls `delete_responses`.
        Raises: LocalState.
        """
        if not self._are_files_old_enough_for_stamps:
            return False
        if self._are_files_as_their_stamps_say:
            return True
        is_same_home = os.path.realpath(self._folder_link) == os.path.realpath(self._token_folder)
        is_same_sign_in = (
            is_same_home
            and self._token.is_as_stamp_says(b"")
            and self._read_portal_of_cached_credentials == self._portal
        )
        if not is_same_sign_in:
            delete_responses()
        self._cache.write_link(Path(self._folder_link), self._token_folder)
        self._config.write_stamp(self._portal)
        self._token.write_stamp(b"")
        return True

    def renew_token_stamp(self) -> None:
        """Update the token file's stamp after we renewed the token, so that responses stay valid.

        Does so only if the stamp matched before the renewal. Raises: LocalState.
        """
        if self._token.is_as_stamp_says(b""):
            self._token.read_time()
            self._token.write_stamp(b"")

    @property
    def _are_files_old_enough_for_stamps(self) -> bool:
        return self._config.is_old_enough_for_stamp() and self._token.is_old_enough_for_stamp()

    @property
    def _are_files_as_their_stamps_say(self) -> bool:
        with contextlib.suppress(OSError):
            is_this_home = os.path.samefile(self._folder_link, self._token_folder)
            matches = self._config.is_as_stamp_says(self._portal) and self._token.is_as_stamp_says(
                b""
            )
            return is_this_home and matches
        return False

    @property
    def _read_portal_of_cached_credentials(self) -> bytes | None:
        content = self._config.text_of_stamp_file
        return content.partition(b"\n")[2] if content else None


class _StampedFile:
    """A file that published responses depend on, with a stamp file of the same modification time.

    The launcher finds the file by a link, and compares the two times.
    """

    def __init__(self, cache: CacheFolder, path: str, link: str, stamp: str) -> None:
        self._cache = cache
        self._path = path
        self._link = link
        self._stamp = Path(stamp)
        self.read_time()

    def read_time(self) -> None:
        """Read the file's modification time, which is compared with the stamp's or copied to it."""
        self._read_at = time.time()
        self._modified = _read_mtime_ns(self._path)

    def is_old_enough_for_stamp(self) -> bool:
        """Return whether the file exists, has not changed, and was last written over 2 s ago."""
        if sys.platform == "win32":
            return False  # Windows has no launcher, and making a link takes a privilege there
        if self._modified is None or _read_mtime_ns(self._path) != self._modified:
            return False
        return abs(self._read_at - self._modified / 1e9) >= _SETTLED_AFTER_SECONDS

    @cached_property
    def text_of_stamp_file(self) -> bytes | None:
        """The content of the stamp file; None when that file is missing or cannot be read."""
        return self._cache.read(self._stamp, _LIMIT_BYTES)

    def is_as_stamp_says(self, stamp_text: bytes) -> bool:
        """Return whether stamp and link match the file now, and the stamp has this text."""
        if self._modified is None or self.text_of_stamp_file != b"%d\n%b" % (
            self._modified,
            stamp_text,
        ):
            return False
        try:
            return os.readlink(self._link) == self._path
        except OSError:
            return False

    def write_stamp(self, stamp_text: bytes) -> None:
        """Write the file's stamp and link, unless they match the file now. Raises: LocalState."""
        if self._modified is None or self.is_as_stamp_says(stamp_text):
            return
        content = b"%d\n%b" % (self._modified, stamp_text)
        self._cache.write(self._stamp, content, mtime_ns=self._modified)
        self._cache.write_link(Path(self._link), self._path)


def _read_mtime_ns(path: str) -> int | None:
    """Return the file's modification time in nanoseconds; None if missing or not readable."""
    try:
        return os.stat(path).st_mtime_ns if path else None
    except (OSError, ValueError):
        return None
