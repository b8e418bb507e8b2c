"""The last reading of AWS's clock: `<runtime>/aws-clock`."""

import sys
import time
from pathlib import Path

from ssohelper.core.aws_clock import Reading, aws_now
from ssohelper.core.schema import state_records as schema
from ssohelper.errors import LocalState
from ssohelper.stores import files

# A Date header has whole seconds and arrives late: a smaller difference is no difference.
_SAME_SECONDS = 3.0


class ClockFile:
    """AWS's time now, calculated from the last Date header of AWS's that was saved."""

    def __init__(self, runtime: Path) -> None:
        self._runtime = runtime
        self._boot = _boot()
        self._reading = self._load()

    def now(self, wall: float) -> float:
        """Return AWS's time; the wall clock's without a saved reading."""
        return aws_now(self._reading, wall, _uptime(), self._boot)

    def learn(self, aws_at: float, wall: float) -> None:
        """Save a new reading, `aws_at` at wall clock `wall`, unless it agrees with the present one.

        Raises: LocalState.
        """
        known = self._reading is not None and self._reading.boot == self._boot
        if known and abs(self.now(wall) - aws_at) <= _SAME_SECONDS:
            return
        # Where both clocks agree this far, this machine's is used. A Date is rounded down, so with
        # AWS's we would still serve credentials for up to a second in which botocore, by this
        # machine's clock, asks again for each request.
        agreed = wall if abs(wall - aws_at) <= _SAME_SECONDS else aws_at
        self._reading = Reading(agreed, wall, _uptime(), self._boot)
        files.ensure_private_folder(self._runtime)
        files.write_json(self._path, self._reading._asdict())

    @property
    def _path(self) -> Path:
        return self._runtime / "aws-clock"

    def _load(self) -> Reading | None:
        try:
            return files.read_record(self._path, schema.reading)
        except LocalState:
            return None


def _uptime() -> float:
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def _boot() -> str:
    """Return the id of this boot; "" where the system has none."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
