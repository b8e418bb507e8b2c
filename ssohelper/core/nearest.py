"""What a person may have meant by a name that is not there. The only place that says so."""

import difflib
from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.4) -> str:
    """Return `did you mean "a" or "b"? ` with the nearest three, "" when none is near."""
    near = difflib.get_close_matches(name, list(known), n=3, cutoff=cutoff)
    return "did you mean " + " or ".join(f'"{item}"' for item in near) + "? " if near else ""
