"""How a role is used: what ranks it when a search does not."""

from typing import NamedTuple


class Usage(NamedTuple):
    """When a role was last used (epoch seconds), how often, and whether it is a favourite."""

    last_used_at: int | None = None
    uses: int = 0
    favourite: bool = False

    def used(self, now: int) -> "Usage":
        return self._replace(last_used_at=now, uses=self.uses + 1)


NEVER = Usage()


def rank(usage: Usage) -> tuple[bool, int, int]:
    """Return what sorts roles, smallest first: favourites, then the last used, then the most."""
    return not usage.favourite, -(usage.last_used_at or 0), -usage.uses
