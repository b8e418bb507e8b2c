"""Each kind of answer that does not come from AWS, once: the torture run's own row."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.long_rows import long_after
from tests.torture.proxies import KINDS, taken_by


@pytest.mark.parametrize("kinds", long_after(1, [[*KINDS][::6], [*KINDS]]), ids=["few", "all"])
def test_no_answer_of_a_proxy_takes_good_credentials_away(kinds):
    assert len(KINDS) == 12
    # All at once: each kind waits some seconds for an AWS that does not answer.
    with ThreadPoolExecutor(len(kinds)) as pool:
        assert dict(zip(kinds, pool.map(taken_by, kinds), strict=True)) == dict.fromkeys(kinds)
