"""Each fault by itself, a black hole, an outage, and a broker that is stopped."""

import json
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.processes import broker_ids
from tests.torture.ground import Ground, ground, helper, wrong_in
from tests.torture.rows import LONGEST_SECONDS, Answer, Dice, Row, first_of

_KEPT = "good credentials are kept"
# A scripted answer of AWS's -> exit codes when nothing is kept.
_FAULTS: dict[str, tuple[dict[str, Any], set[int]]] = {
    **{f"status {code}": ({"status": code}, {6}) for code in (408, 500, 502, 503, 504, 301)},
    **{
        f"429, Retry-After {a!r}": (
            {"status": 429, "headers": {"Retry-After": a}, "body": "{}"},
            {6},
        )
        for a in ("1", "60", "86400", "-1", "soon", "Fri, 31 Dec 2100 23:59:59 GMT")
    },
    **{
        f"a 200 with {what}": ({"status": 200, "body": body}, {6})
        for what, body in {
            "nothing": "",
            "half a JSON": '{"roleCredentials":{"accessKeyId":"A',
            "another JSON": "[]",
            "a number of 5,000 digits": "9" * 5000,
            "no UTF-8": b"\xff\xfe{}",
            "10 MB": b" " * 10_000_000,
        }.items()
    },
    "closed in the middle": ({"close_after": 60}, {6}),
    "reset": ({"reset": True}, {6}),
    "a byte a second": ({"seconds_per_byte": 1.0}, {6}),
    "never an answer": ({"never": True}, {6}),
    "an answer after 4 s": ({"delay_seconds": 4.0}, {0}),
}


def each_fault(dice: Dice) -> list[Row]:
    """every fault of AWS by itself: with good credentials, without, and on the token"""
    cases = [(fault, operation, kept) for fault in _FAULTS for operation, kept in _CASES]
    cases = dice.of("each").sample(cases, dice.count(len(cases), 6))
    with ThreadPoolExecutor(8) as pool:
        said = list(pool.map(lambda case: _one_fault(*case), cases))
    dice.note("each_fault", *(answer for answer, _ in said))
    wrong = [
        f"{fault} to {operation}{f', {_KEPT}' * kept}: {why}"
        for (fault, operation, kept), (_, why) in zip(cases, said, strict=True)
        if why
    ]
    longest = max(answer.seconds for answer, _ in said)
    return [
        Row(
            f"{len(cases)} cases of one fault each, for role calls and refreshes",
            f"{len(wrong)} went wrong, the longest {longest:.1f} s{first_of(wrong)}",
            "0, ≤ 20 s",
            not wrong and longest <= LONGEST_SECONDS,
        )
    ]


_CASES = (
    ("GetRoleCredentials", False),
    ("GetRoleCredentials", True),
    ("CreateToken.refresh_token", False),
)


def _one_fault(fault: str, operation: str, kept: bool) -> tuple[Answer, str | None]:
    script, codes = _FAULTS[fault]
    with ground() as place:
        place.sign_in(expires_in=-60 if operation.startswith("CreateToken") else None)
        if kept:
            place.run(*helper())
            # In the last 16 min of an hour: AWS is asked first, and its failure must not matter.
            make_old(place, left=600, life=3600)
        place.emulator.faults.script(operation, **script, times=1000)
        answer = place.run(*helper())
        if answer.code not in ({0} if kept else codes):
            return answer, str(answer)
        return answer, wrong_in(place, answer, helper())


def black_hole(dice: Dice) -> list[Row]:
    """AWS accepts and never answers: with good credentials, and without any"""
    with ThreadPoolExecutor(3) as pool:
        kept = pool.submit(_hole_kept)
        none, expired = pool.submit(_hole, None), pool.submit(_hole, -60)
        is_served, served = kept.result()
        refused = [none.result(), expired.result()]
    dice.note("black_hole", served, *refused)
    return [
        Row(
            "AWS never answers, good credentials are kept",
            f"{'served' if is_served else 'not served'} after {served.seconds:.1f} s",
            "served, ≤ 8 s",
            is_served and served.seconds <= 8,
        ),
        Row(
            "AWS never answers, nothing is kept; token good, token expired",
            ", ".join(f"exit {answer.code} after {answer.seconds:.1f} s" for answer in refused),
            "exit 6, ≤ 20 s",
            all(answer.code == 6 and answer.seconds <= LONGEST_SECONDS for answer in refused),
        ),
    ]


def _hole_kept() -> tuple[bool, Answer]:
    with ground() as place:
        place.sign_in()
        first = place.run(*helper())
        make_old(place, left=600, life=3600)
        _open_hole(place)
        served = place.run(*helper())
    return first.code == served.code == 0 and _key_id(served) == _key_id(first), served


def _hole(expires_in: int | None) -> Answer:
    with ground() as place:
        place.sign_in(expires_in=expires_in)
        _open_hole(place)
        return place.run(*helper())


def _open_hole(place: Ground) -> None:
    for operation in ("GetRoleCredentials", "CreateToken"):
        place.emulator.faults.hang(operation, times=1000)


def outage(dice: Dice) -> Row:
    """2 h outage with 50 min of good credentials, minute by minute by dating files back"""
    with ground() as place:
        place.sign_in()
        first = place.run(*helper())
        place.emulator.stop()
        wrong: list[str] = []
        step = 1 if dice.scale > 0.3 else 10
        for minute in range(0, 120, step):
            left = 50 * 60 - minute * 60
            make_old(place, left=left, life=3600)
            answer = place.run(*helper())
            dice.note("outage", answer)
            expected = 0 if left > 60 else 6
            if answer.code != expected or (expected == 0 and _key_id(answer) != _key_id(first)):
                wrong.append(f"minute {minute}: {answer}")
        place.emulator.start()
        back = place.run(*helper())
        if back.code or wrong_in(place, back, helper()):
            wrong.append(f"after its return: {back}")
    return Row(
        f"2 h outage, 50 min of good credentials, a call every {step} min",
        f"{len(wrong)} calls went wrong{first_of(wrong)}",
        "0",
        not wrong,
    )


def stopped_broker(dice: Dice) -> list[Row]:
    """the broker is stopped, then killed"""
    with ground() as place:
        place.sign_in()
        place.run(*helper())
        [broker] = broker_ids(place.home)
        make_old(place, left=800, life=3600)  # to be renewed first, and still good
        os.kill(broker, signal.SIGSTOP)
        answers = place.at_once([helper(), helper(1)])
        os.kill(broker, signal.SIGKILL)
        freed = place.run(*helper(1))
    dice.note("stopped_broker", *answers, freed)
    codes, longest = [a.code for a in answers], max(a.seconds for a in answers)
    return [
        Row(
            "the broker is stopped: cached credentials, nothing cached",
            f"exits {codes} after {longest:.1f} s",
            "exits 0 and 6, ≤ 20 s",
            codes == [0, 6] and longest <= LONGEST_SECONDS,
        ),
        Row(
            "the broker is killed: the next caller",
            f"exit {freed.code} after {freed.seconds:.1f} s",
            "exit 0, ≤ 4 s",
            freed.code == 0 and freed.seconds <= 4,
        ),
    ]


def make_old(place: Ground, *, left: int, life: int) -> None:
    """Date what is kept back, as if time had passed: `left` seconds of a life remain."""
    now = int(time.time())
    kept = place.kept()
    content = json.loads(kept.read_text())
    content["expires_at"], content["received_at"] = now + left, now + left - life
    kept.write_text(json.dumps(content))
    document = place.document()
    if document.exists():
        os.utime(document, (now - 1, now - 1))


def _key_id(answer: Answer) -> str:
    return str(json.loads(answer.out)["AccessKeyId"])
