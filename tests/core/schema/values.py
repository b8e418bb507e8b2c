"""Values that no record may hold, and the check of a limit."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from ssohelper.core.schema.fields import Damaged

NOON = 1_767_268_800
LATEST = 8_589_934_592  # epoch seconds of a day in 2242
DAY = 86_400
KEY = ["corp", "001234567890", "ReadOnlyAccess"]
# Values that the program accepts as no number, no text and no list.
NONSENSE: tuple[Any, ...] = (
    None, True, 10**18, -(10**18), -1, 1.5, math.nan, math.inf, "", "a\0b", "a\nb", "\x1b[2J",
    "\u202e", "\ud800", "x" * 20_000, [], {}, [[]], {"a": 1},
)  # fmt: skip


def check_limit(read: Callable[[Any], Any], largest: Any, too_large: Any) -> None:
    """Fail unless `read` accepts the first value and says of the second that it is damaged."""
    read(largest)
    with pytest.raises(Damaged):
        read(too_large)
