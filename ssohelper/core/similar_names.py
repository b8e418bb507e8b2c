"""Finds the names that are nearest to a mistyped name, for the hints of errors."""

from collections.abc import Iterable


def did_you_mean(name: str, known: Iterable[str], cutoff: float = 0.4) -> str:
    """Return `did you mean "a" or "b"? ` with at most three similar known names, or ""."""
    near = similar_names(name, known, cutoff)
    return "did you mean " + " or ".join(f'"{item}"' for item in near) + "? " if near else ""


def similar_names(name: str, known: Iterable[str], cutoff: float = 0.4) -> list[str]:
    """Return at most three known names, most similar first."""
    from difflib import get_close_matches

    return get_close_matches(name, list(known), n=3, cutoff=cutoff)
