"""`<runtime>/audit-….end`: the number and the hash of the journal's last line.

The name contains a hash of the state folder's path: several may share one runtime folder.

In the runtime folder, which on most systems is memory: it is gone after a power failure, which
may lose the last lines. It is read and written under the journal's lock.
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
# Of one length: it is replaced by one write, and never truncated.
_CONTENT = re.compile(rb"([0-9]{16}) ([0-9a-f]{64})\n")


class LastLineFile:
    """Without the file, or with a damaged one, changes at the journal's end are not found."""

    def __init__(self, runtime: Path, state: Path) -> None:
        self._runtime = runtime
        digest = sha256(os.fsencode(os.path.abspath(state))).hexdigest()[:16]
        self._path = os.fspath(runtime / f"audit-{digest}.end")

    def load(self) -> LastLine | None:
        """Return what was saved last; None when it is missing, damaged or cannot be read."""
        try:
            content = files.read_own_file(self._path, limit=200)
        except LocalState as failure:
            _log.info("the journal's last line is not compared: %s", failure.message)
            return None
        found = _CONTENT.fullmatch(content or b"")
        return LastLine(int(found[1]), found[2].decode()) if found else None

    def save(self, last: LastLine) -> None:
        """Save it. A disk that does not take it does not matter: an older one is ignored."""
        content = b"%016d %b\n" % (last.seq, last.hash.encode())
        with contextlib.suppress(LocalState, OSError):
            # Each time: another user may own what stands there now.
            files.ensure_private_folder(self._runtime)
            self._write(content)

    def _write(self, content: bytes) -> None:
        descriptor, _ = open_own_file(self._path, os.O_WRONLY | os.O_CREAT)
        try:
            os.write(descriptor, content)
        finally:
            os.close(descriptor)
