"""Each kind of answer that is not AWS's, by itself: the torture run's own row, whole."""

import pytest

from tests.torture.proxies import KINDS, taken_by


def test_there_are_as_many_kinds_as_are_promised() -> None:
    assert len(KINDS) == 12


@pytest.mark.parametrize("kind", KINDS)
def test_a_proxy_takes_no_good_credentials_away(kind: str) -> None:
    assert taken_by(kind) is None
