"""Records of the use of roles and of the console."""

import pytest

from ssohelper.core.model import RoleKey, Usage
from ssohelper.core.schema.fields import Damaged
from ssohelper.core.schema.use_records import parse_console_pages, parse_usages
from tests.core.schema.values import KEY, LATEST, NOON


@pytest.mark.parametrize(
    "record",
    [None, [], ["corp"] * 6, ["corp", "001234567890", "R", 10**18, 1, False],
     ["corp", "001234567890", "R", NOON, -1, False], ["corp", "001234567890", "R", NOON, 1, 0],
     ["../x", "001234567890", "R", NOON, 1, False], ["corp", "001234567890", "R", NOON, 10**30, True],
     ["corp", 1234567890, "R", 1, 1, True], [*KEY, "x", 1, True], [*KEY, 1, True, True], [*KEY, 1, 1],
     [*KEY[:2], "../R", 1, 1, True], [*KEY, 1, (1 << 40) + 1, True], [*KEY, LATEST + 1, 0, True], [*KEY, None, 0, True, 1]],
)  # fmt: skip
def test_an_invalid_record_of_usage_is_left_out_and_counted(record):
    valid = [[*KEY, LATEST, 1 << 40, True], [*KEY[:2], "Other", None, 0, False]]
    found = parse_usages({"version": 1, "roles": [valid[0], record, valid[1]]})
    assert list(found[0].values()) == [Usage(LATEST, 1 << 40, True), Usage(None, 0, False)]
    assert list(found[0]) == [RoleKey(*KEY), RoleKey(KEY[0], KEY[1], "Other")]
    assert found[1] == ["roles"]


@pytest.mark.parametrize(("parse", "most"), [(parse_usages, 200_000), (parse_console_pages, 500)])
def test_a_file_with_too_many_records_or_of_another_version_is_damaged(parse, most):
    assert parse({"version": 1, "roles": [None] * most}) == ({}, ["roles"] * most)
    for document in ({"version": 1, "roles": [None] * (most + 1)}, {"version": 2, "roles": []}, {}):
        with pytest.raises(Damaged):
            parse(document)
