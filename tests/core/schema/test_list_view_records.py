"""The record of the role list's view, and of the saved views."""

from collections.abc import Callable
from typing import Any

import pytest

from ssohelper.core.role_tree import MOST_EXCEPTIONS
from ssohelper.core.schema import (
    list_view_records,
)
from tests.core.schema.values import KEY, check_limit

VIEW = {
    "version": 1,
    "flat": True,
    "sort": "use",
    "all_folded": True,
    "exceptions": [],
    "only_session": None,
    "only_favourites": False,
}


@pytest.mark.parametrize(
    ("read", "largest", "too_large"),
    [
        (
            lambda value: list_view_records.parse_list_view(VIEW | {"exceptions": value}),
            [KEY[:2]] * MOST_EXCEPTIONS,
            [KEY[:2]] * (MOST_EXCEPTIONS + 1),
        ),
        (lambda value: list_view_records.parse_list_view(VIEW | {"sort": value}), "id", "ID"),
        (lambda value: list_view_records.parse_list_view(VIEW | {"flat": value}), True, 1),
        (
            lambda value: list_view_records.parse_list_view(VIEW | {"only_favourites": value}),
            True,
            1,
        ),
        (
            lambda value: list_view_records.parse_list_view(VIEW | {"only_session": value}),
            "corp",
            "a\x1b",
        ),
        (
            lambda value: list_view_records.parse_saved_view(
                {"name": "n", "query": value, "view": VIEW}
            ),
            "x" * 200,
            "x" * 201,
        ),
    ],
)
def test_the_largest_value_is_accepted_and_the_next_one_is_damaged(
    read: Callable[[Any], Any], largest: Any, too_large: Any
) -> None:
    check_limit(read, largest, too_large)
