"""Records with which sign-in and config a session's published responses were written.

A response must not be printed after any tool has signed the user out, after a sign-in (perhaps of
another user), or after a change of the session's portal, and the launcher cannot read token file and
config. So `<runtime>/credentials/<session>/` holds a link to each of them, and a stamp: a file with
the same modification time, which the launcher compares. No old credentials are printed, because

* published responses are deleted before the stamp of a new sign-in is written;
* the modification time of token file or config is read before that file is read, and again before
  its stamp is written;
* a file that was written less than 2 s ago gets no stamp: some shells and file systems have times in
  whole seconds. Token files that we write get a time 2 s ago (stores/token_cache.py).

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

_SETTLED_AFTER_SECONDS = 2
_LIMIT_BYTES = 8192


class SessionStamp:
    """The stamp files of one session, which have the modification times of config and token file.

    Create this object before config and token file are read. `token_file` is "" if tokens are in no
    file that other tools could write.
    """

    def __init__(
        self, runtime: Path, session: SsoSession, config_file: str, token_file: str
    ) -> None:
        self._cache = CacheFolder(runtime)
        folder = folders.session_folder(str(runtime), files.session_file_name(session.name))
        self._portal = f"{session.start_url}\n{session.region}\n".encode()
        config, token = (
            config_file and os.path.realpath(config_file),
            token_file and os.path.abspath(token_file),
        )
        self._config = _StampedFile(
            self._cache, config, folder, (folders.CONFIG_LINK, folders.CONFIG_STAMP), self._portal
        )
        self._token = _StampedFile(
            self._cache, token, folder, (folders.TOKEN_LINK, folders.TOKEN_STAMP), b""
        )
        # Two home folders may share a runtime folder and a config (AWS_CONFIG_FILE), but each has
        # sign-ins of its own. So the stamps also record the folder of the token file.
        self._token_folder = os.path.dirname(token)
        self._folder_link = Path(folder, folders.TOKEN_FOLDER_LINK)

    @property
    def is_stale(self) -> bool:
        """Whether the published responses may be of another sign-in and must not be used."""
        return self._is_settled and not self._matches

    @property
    def is_current(self) -> bool:
        """Whether all published responses are certainly of the present sign-in."""
        return self._is_settled and self._matches

    @property
    def is_of_other_portal(self) -> bool:
        """Whether the session's cached credentials belong to another start URL or region."""
        return self._config.kept_text not in (None, self._portal)

    def prepare_publishing(self, delete_responses: Callable[[], object]) -> bool:
        """Write the stamps; return False if it is too early to publish. Raises: LocalState.

        Calls `delete_responses` if the published responses may be of another sign-in.
        """
        if not self._is_settled:
            return False
        if self._matches:
            return True
        is_same_home = os.path.realpath(self._folder_link) == os.path.realpath(self._token_folder)
        is_same_portal = self._config.kept_text == self._portal
        if not (is_same_home and self._token.matches and is_same_portal):
            delete_responses()
        self._cache.write_link(self._folder_link, self._token_folder)
        self._config.write_stamp()
        self._token.write_stamp()
        return True

    def renew_token_stamp(self) -> None:
        """Update the token file's stamp after we renewed the token, so that responses stay valid.

        Does so only if the stamp matched before the renewal. Raises: LocalState.
        """
        if self._token.matches:
            self._token.read_time()
            self._token.write_stamp()

    @property
    def _is_settled(self) -> bool:
        return self._config.is_settled and self._token.is_settled

    @property
    def _matches(self) -> bool:
        with contextlib.suppress(OSError):
            is_this_home = os.path.samefile(self._folder_link, self._token_folder)
            return is_this_home and self._config.matches and self._token.matches
        return False


class _StampedFile:
    """A file that published responses depend on, with its link and its stamp.

    A stamp consists of the file's modification time and `text`.
    """

    def __init__(
        self, cache: CacheFolder, path: str, folder: str, names: tuple[str, str], text: bytes
    ) -> None:
        self._cache = cache
        self._path = path
        self._link, self._stamp = (Path(folder, name) for name in names)
        self._text = text
        self.read_time()

    def read_time(self) -> None:
        self._read_at = time.time()
        self._modified = _read_mtime_ns(self._path)

    @property
    def is_settled(self) -> bool:
        """Whether the file exists, has not changed, and was last written over 2 s ago."""
        if sys.platform == "win32":
            return False  # Windows has no launcher, and making a link takes a privilege there
        if self._modified is None or _read_mtime_ns(self._path) != self._modified:
            return False
        return abs(self._read_at - self._modified / 1e9) >= _SETTLED_AFTER_SECONDS

    @cached_property
    def _content(self) -> bytes | None:
        return self._cache.read(self._stamp, _LIMIT_BYTES)

    @property
    def kept_text(self) -> bytes | None:
        """The text in the stamp file; None without a stamp."""
        return self._content.partition(b"\n")[2] if self._content else None

    @property
    def matches(self) -> bool:
        """Whether stamp and link match the file and the text now."""
        if self._modified is None or self._content != b"%d\n%b" % (self._modified, self._text):
            return False
        with contextlib.suppress(OSError):
            return os.readlink(self._link) == self._path
        return False

    def write_stamp(self) -> None:
        if self._modified is not None and not self.matches:
            content = b"%d\n%b" % (self._modified, self._text)
            self._cache.write(self._stamp, content, mtime_ns=self._modified)
            self._cache.write_link(self._link, self._path)


def _read_mtime_ns(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns if path else None
    except (OSError, ValueError):
        return None
