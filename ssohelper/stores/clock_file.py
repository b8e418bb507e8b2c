"""Stores the last reading of AWS's clock, from a Date header, in `<runtime>/aws-clock`."""

from pathlib import Path

from ssohelper.core.instants import ClockReading, aws_now
from ssohelper.core.schema import state_records as schema
from ssohelper.errors import LocalState
from ssohelper.stores import files
from ssohelper.system.clock import measure_uptime, read_boot_id

# A smaller difference between AWS's clock and ours is ignored: a Date header has whole seconds and
# arrives late.
_SAME_SECONDS = 3.0


class ClockFile:
    """Calculates AWS's present time from the last Date header of AWS that was saved."""

    def __init__(self, runtime: Path) -> None:
        self._runtime = runtime
        self._boot = read_boot_id()
        self._reading = self._load()

    def now_at_aws(self, wall: float) -> float:
        """Return AWS's present time; without a saved reading, `wall`, this machine's time."""
        return aws_now(self._reading, wall, measure_uptime(), self._boot)

    def save_reading(self, aws_at: float, wall: float) -> None:
        """Save that AWS's clock showed `aws_at` when this machine's clock showed `wall`.

        Saves nothing when AWS's time by the last reading agrees with `aws_at`. Raises: LocalState.
        """
        known = self._reading is not None and self._reading.boot == self._boot
        if known and abs(self.now_at_aws(wall) - aws_at) <= _SAME_SECONDS:
            return
        # When AWS's clock and this machine's agree this closely, this machine's time is used. A
        # Date header is rounded down, so AWS's time would be up to 1 s late. For that second we
        # would serve credentials that botocore, which uses this machine's clock, asks us for again
        # at each request.
        agreed = wall if abs(wall - aws_at) <= _SAME_SECONDS else aws_at
        self._reading = ClockReading(agreed, wall, measure_uptime(), self._boot)
        files.ensure_private_folder(self._runtime)
        files.write_json(self._path, self._reading._asdict())

    @property
    def _path(self) -> Path:
        return self._runtime / "aws-clock"

    def _load(self) -> ClockReading | None:
        try:
            return files.read_record(self._path, schema.parse_clock_reading)
        except LocalState:
            return None
