"""Stores in `<runtime>/aws-clock` the time that the last Date header of AWS showed."""

from contextlib import suppress
from pathlib import Path

from ssohelper.core.instants import ClockReading, aws_now
from ssohelper.core.schema import state_records as schema
from ssohelper.errors import LocalState
from ssohelper.stores.cache_folder import CacheFolder
from ssohelper.system.clock import measure_uptime, read_boot_id

# Clocks this close agree: a Date header has whole seconds and arrives late.
_SAME_SECONDS = 3.0


class ClockFile:
    def __init__(self, runtime: Path) -> None:
        self._cache, self._path = CacheFolder(runtime), runtime / "aws-clock"
        self._boot = read_boot_id()
        self._reading = self._cache.read_record(self._path, schema.parse_clock_reading)

    def now_at_aws(self, wall: float) -> float:
        """Return AWS's present time; `wall`, this machine's time, if no reading is saved."""
        return aws_now(self._reading, wall, measure_uptime(), self._boot)

    def save_reading(self, aws_at: float, wall: float) -> None:
        """Save both clocks' times, unless the last reading predicts `aws_at` correctly."""
        known = self._reading is not None and self._reading.boot == self._boot
        if known and abs(self.now_at_aws(wall) - aws_at) <= _SAME_SECONDS:
            return
        # A Date header is rounded down. By it, botocore (which uses this machine's clock) would
        # take credentials for expired, for up to 1 s, and call us at each request.
        agreed = wall if abs(wall - aws_at) <= _SAME_SECONDS else aws_at
        self._reading = ClockReading(agreed, wall, measure_uptime(), self._boot)
        with suppress(LocalState):  # the next process learns the time from AWS's next answer
            self._cache.write_json(self._path, self._reading._asdict())
