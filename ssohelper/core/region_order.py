"""Decides in which order to ask the regions of one Identity Center instance. No other module does.

A region that failed is skipped for a while, so that calls do not wait for it again. After that time
it is asked again at its place in the order, but for a short time only. A skipped region is asked if
all others fail.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

# How long one region may take to answer while another region can be asked. A usual answer comes
# within 1 s. The time for renewing a token includes the start of a process.
CALL_SECONDS, RENEWAL_SECONDS = 4.0, 5.0
# How long a region that failed before may take to answer. All calls shall end within 2 s.
_PROBE_SECONDS = 1.2
# How long a region is skipped after its first failure, its second in a row, and so on.
_SKIPPED_SECONDS = (60, 120, 300, 600)
# How long a region is skipped that refuses too many requests (429), since it answers again soon.
_THROTTLED_SECONDS = 10
# How many seconds a region's failure is remembered.
_REMEMBERED_SECONDS = 1800


class RegionFailure(NamedTuple):
    """How often a region failed in a row, and until when (epoch seconds) it is skipped."""

    times: int
    skipped_until: int


class Try(NamedTuple):
    """A region to ask. `share` is its part of a call's usual time, None all time that is left."""

    region: str
    share: float | None


def region_failure_after(
    before: RegionFailure | None, now: int, *, is_throttled: bool
) -> RegionFailure:
    """Return the record of a region's failures after one more failure."""
    times = before.times if before else 0
    if is_throttled:
        return RegionFailure(max(times, 1), now + _THROTTLED_SECONDS)
    seconds = _SKIPPED_SECONDS[min(times, len(_SKIPPED_SECONDS) - 1)]
    return RegionFailure(times + 1, now + seconds)


def is_region_failing(failure: RegionFailure | None, now: int) -> bool:
    """Return whether the region's last answer was a failure that still counts."""
    return (
        failure is not None
        and -_SKIPPED_SECONDS[-1] <= (now - failure.skipped_until) <= _REMEMBERED_SECONDS
    )


def plan_region_tries(
    regions: Sequence[str], failures: Mapping[str, RegionFailure], now: int
) -> list[Try]:
    """Return the regions in the order in which to ask them, each once."""
    first, last = list[Try](), list[Try]()
    for region in regions:
        failure = failures.get(region)
        if failure is None or not is_region_failing(failure, now):
            first.append(Try(region, 1.0))
        elif now >= failure.skipped_until:
            first.append(Try(region, _PROBE_SECONDS / CALL_SECONDS))
        else:
            last.append(Try(region, 1.0))
    tries = [*first, *last]
    return [*tries[:-1], tries[-1]._replace(share=None)] if tries else []


def find_answering_region(
    regions: Sequence[str], failures: Mapping[str, RegionFailure], now: int
) -> str:
    """Return the first region that has not failed recently, which will probably answer."""
    working = [region for region in regions if not is_region_failing(failures.get(region), now)]
    return (working or list(regions))[0]
