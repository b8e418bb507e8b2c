"""Values that no record may hold."""

import math
from typing import Any

NOON = 1_767_268_800
LATEST = 8_589_934_592  # epoch seconds of a day in 2242
DAY = 86_400
KEY = ["corp", "001234567890", "ReadOnlyAccess"]
# Values that the program accepts as no number, no text and no list.
NONSENSE: tuple[Any, ...] = (
    None, True, 10**18, -(10**18), -1, 1.5, math.nan, math.inf, "", "a\0b", "a\nb", "\x1b[2J",
    "\u202e", "\ud800", "x" * 20_000, [], {}, [[]], {"a": 1},
)  # fmt: skip
