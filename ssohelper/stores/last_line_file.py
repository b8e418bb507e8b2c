"""Stores the number and hash of the journal's last line, in `<runtime>/audit-….end`.

The file's name contains a hash of the state folder's path, since several state folders may share
one runtime folder.

The runtime folder is in memory on most systems. So the file is lost in a power failure, in which
the journal's last lines may be lost too. The file is read and written under the journal's lock.
"""

import contextlib
import logging
import os
import re
from hashlib import sha256
from pathlib import Path

from ssohelper.core.journal_lines import LastLine
from ssohelper.errors import LocalState
from ssohelper.fastpath.open_file import open_own_file
from ssohelper.stores import files

_log = logging.getLogger(__name__)
# The file's content always has this length, so one write replaces it and the file is never
# truncated.
_CONTENT = re.compile(rb"([0-9]{16}) ([0-9a-f]{64})\n")


class LastLineFile:
    """Stores number and hash of the journal's last line, to detect that lines were removed."""

    def __init__(self, runtime: Path, state: Path) -> None:
        self._runtime = runtime
        digest = sha256(os.fsencode(os.path.abspath(state))).hexdigest()[:16]
        self._path = os.fspath(runtime / f"audit-{digest}.end")

    def load(self) -> LastLine | None:
        """Return the last line that was saved; None if the file is missing or damaged."""
        try:
            content = files.read_own_file(self._path, limit=200)
        except LocalState as failure:
            _log.info("the journal's last line is not compared: %s", failure.message)
            return None
        found = _CONTENT.fullmatch(content or b"")
        return LastLine(int(found[1]), found[2].decode()) if found else None

    def save(self, last: LastLine) -> None:
        """Save the journal's last line. Errors are ignored: an older saved line does no harm."""
        content = b"%016d %b\n" % (last.seq, last.hash.encode())
        with contextlib.suppress(LocalState, OSError):
            # The runtime folder is checked at each write, since another user may have replaced it.
            files.ensure_private_folder(self._runtime)
            self._write(content)

    def _write(self, content: bytes) -> None:
        descriptor, _ = open_own_file(self._path, os.O_WRONLY | os.O_CREAT)
        try:
            os.write(descriptor, content)
        finally:
            os.close(descriptor)
