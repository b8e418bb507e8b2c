"""Each kind of answer that does not come from AWS, once: the torture run's own row, whole."""

from concurrent.futures import ThreadPoolExecutor

from tests.torture.proxies import KINDS, taken_by


def test_no_answer_of_a_proxy_takes_good_credentials_away() -> None:
    assert len(KINDS) == 12
    # All at once: each kind waits some seconds for an AWS that does not answer.
    with ThreadPoolExecutor(len(KINDS)) as pool:
        assert dict(zip(KINDS, pool.map(taken_by, KINDS), strict=True)) == dict.fromkeys(KINDS)
