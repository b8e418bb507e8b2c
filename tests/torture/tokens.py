"""A refresh token is sent once while its answer may still come, and only where a new one fits."""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from tests.torture.ground import Ground, ground, helper, wait_for, wrong_in
from tests.torture.rows import LONGEST_SECONDS, Answer, Dice, Row, Skipped

_REFRESH = "CreateToken.refresh_token"
DELAYS_SECONDS = (6, 20, 59)
# So long may an answer still come, and no second use may be made of the token.
PATIENT_SECONDS = 60
# A new caller comes so often while /token is slow, as SDKs do that try again.
_PAUSE_SECONDS = 4.0
# Short enough to wait for its end, long enough for one call of ours before it.
_TOKEN_SECONDS = 15
_TMPFS_BYTES = 64 * 1024


def slow_token(dice: Dice) -> list[Row]:
    """/token answers after 6, 20 and 59 s, and never; strict rotation"""
    delays = DELAYS_SECONDS if dice.scale > 0.3 else DELAYS_SECONDS[:1]
    with ThreadPoolExecutor(len(delays) + 1) as pool:
        slow = [pool.submit(_answered_late, delay, dice) for delay in delays]
        never = [pool.submit(_never_answered, dice)] if dice.scale > 0.3 else []
        return [row.result() for row in (*slow, *never)]


def _answered_late(delay: int, dice: Dice) -> Row:
    with ground() as place:
        faults = place.emulator.faults
        faults.set(rotation="strict", strict_revokes_session=True)
        place.sign_in(expires_in=-60)
        faults.script(_REFRESH, delay_seconds=delay)
        answers = _call_for(place, delay + 1.0)
        fresh = place.run(*helper())
        sends = place.emulator.counters[_REFRESH]
        wrong = wrong_in(place, fresh, helper())
    dice.note("slow_token", *answers, fresh)
    is_lost = fresh.code == 4
    longest = max(answer.seconds for answer in answers)
    odd = [answer for answer in answers if answer.code not in (0, 6)]
    return Row(
        f"/token answers after {delay} s, strict rotation, a caller every {_PAUSE_SECONDS:.0f} s",
        f"{sends} sends, {'lost' if is_lost else 'not lost'}; the caller after it: exit "
        f"{fresh.code}{_said(fresh)}; {len(answers)} callers, {len(odd)} ended with neither 0 nor "
        f"6, the longest {longest:.1f} s",
        "1 send, not lost, exit 0; 0, ≤ 20 s",
        sends == 1 and fresh.code == 0 and not wrong and not odd and longest <= LONGEST_SECONDS,
    )


def _call_for(place: Ground, seconds: float, account: int = 0) -> list[Answer]:
    """Start a caller every few seconds for so long; return all answers."""
    ends_at = time.monotonic() + seconds
    started = []
    with ThreadPoolExecutor(32) as pool:
        while time.monotonic() < ends_at:
            started.append(pool.submit(place.run, *helper(account)))
            time.sleep(min(_PAUSE_SECONDS, max(0.0, ends_at - time.monotonic())))
    return [answer.result() for answer in started]


def _never_answered(dice: Dice) -> Row:
    """Let the token expire while /token is silent: one of two roles has cached credentials."""
    with ground() as place:
        first = _expire_naturally(place, lambda: place.emulator.faults.hang(_REFRESH, times=1000))
        served = place.run(*helper())
        wait_for(lambda: place.emulator.counters[_REFRESH])
        answers = _call_for(place, PATIENT_SECONDS - served.seconds - 2, account=1)
        again = place.run(*helper())
        sends = place.emulator.counters[_REFRESH]
    dice.note("slow_token", served, again, *answers)
    good = [first.code, served.code, again.code]
    longest = max(answer.seconds for answer in (served, again, *answers))
    others = [answer for answer in answers if answer.code != 6]
    return Row(
        f"/token never answers, {len(answers)} callers in {PATIENT_SECONDS} s",
        f"{sends} sends; cached credentials: exits {good}; nothing cached: {len(others)} without "
        f"exit 6{_said(others[0]) if others else ''}; the longest {longest:.1f} s",
        "≤ 1 send, exits 0, 0, ≤ 20 s",
        sends <= 1 and good == [0, 0, 0] and not others and longest <= LONGEST_SECONDS,
    )


def _expire_naturally(place: Ground, break_it) -> Answer:  # type: ignore[no-untyped-def]
    """Cache account 0's credentials, break something, and wait for the token's own end.

    The token file stays as it is: a rewritten one would make the cached credentials doubtful.
    """
    place.emulator.faults.set(
        rotation="strict", strict_revokes_session=True, token_seconds=_TOKEN_SECONDS
    )
    place.sign_in()
    # A token of unknown life that ends so soon is renewed first: that is one send.
    first = place.run(*helper())
    expires_at = time.monotonic() + _TOKEN_SECONDS + 1
    place.emulator.reset_counters()
    break_it()
    time.sleep(max(0.0, expires_at - time.monotonic()))
    return first


# -- a token folder in which nothing can be written ------------------------------------------------


def nothing_spent(dice: Dice) -> list[Row]:
    """the token folder is read-only, and full, while the token expires"""
    try:
        _mount("true")
    except (OSError, subprocess.CalledProcessError) as error:
        raise Skipped("mounting needs root, or sudo without a password") from error
    with ThreadPoolExecutor(2) as pool:
        read_only = pool.submit(_in_folder, "read-only", _lock, ("read-only",), dice)
        full = pool.submit(_in_folder, "full", _fill, ("no space", "full"), dice)
        return [read_only.result(), full.result()]


def _in_folder(kind: str, break_it, words: tuple[str, ...], dice: Dice) -> Row:  # type: ignore[no-untyped-def]
    with ground() as place, _own_file_system(place):
        first = _expire_naturally(place, lambda: break_it(place))
        before = place.token_file.read_bytes()
        served = [place.run(*helper()) for _ in range(2)]
        refused = [place.run(*helper(1)) for _ in range(2)]
        time.sleep(1)  # for what a call may have left in the background
        sends = place.emulator.counters[_REFRESH]
        is_changed = place.token_file.read_bytes() != before
    dice.note("nothing_spent", *served, *refused)
    codes = [answer.code for answer in (first, *served)]
    untold = [a for a in refused if not any(word in a.err.lower() for word in words)]
    return Row(
        f"the token folder is {kind}, the token has expired",
        f"{sends} refresh tokens sent, the token file is {'changed' if is_changed else 'as it was'}"
        f"; cached credentials: exits {codes}; nothing cached: exits "
        f"{[answer.code for answer in refused]}{_said(refused[0])}",
        f"0, as it was; exits 0; exits 7 and {words[0]!r} in the message",
        not sends
        and not is_changed
        and codes == [0, 0, 0]
        and all(answer.code == 7 for answer in refused)
        and not untold,
    )


@contextmanager
def _own_file_system(place: Ground) -> Iterator[None]:
    """Mount a small file system over the token folder."""
    owner = f"size={_TMPFS_BYTES},mode=0700,uid={os.getuid()},gid={os.getgid()}"
    _mount("mount", "-t", "tmpfs", "-o", owner, "none", str(place.tokens))
    try:
        yield
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            _mount("umount", "--lazy", str(place.tokens))


def _lock(place: Ground) -> None:
    _mount("mount", "-o", "remount,ro", str(place.tokens))


def _fill(place: Ground) -> None:
    """Write until nothing more fits."""
    with contextlib.suppress(OSError), (place.tokens / "filler").open("wb", buffering=0) as filler:
        while filler.write(b"x" * 1024):
            pass


def _mount(*command: str) -> None:
    prefix = [] if os.getuid() == 0 else ["sudo", "-n"]
    subprocess.run([*prefix, *command], check=True, capture_output=True)


def _said(answer: Answer) -> str:
    return f" {answer.err.strip()[:160]!r}" if answer.code else ""
