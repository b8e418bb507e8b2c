"""Many at once: one asks AWS, everybody gets its answer, and its failures too."""

import time

from tests.torture.ground import Ground, ground, helper, wrong_in
from tests.torture.rows import Dice, Row, first_of, judge

FULL, LEAST = 500, 40
SECONDS_TARGET = 45


def one_role(dice: Dice) -> Row:
    """500 processes, one role, expired token, strict rotation"""
    number = dice.count(FULL, LEAST)
    with ground() as place:
        return _stampede(place, [helper()] * number, roles=1)


def many_roles(dice: Dice) -> Row:
    """500 processes over 50 roles, expired token, strict rotation"""
    number = dice.count(FULL, LEAST)
    roles = min(50, max(10, number // 10))
    with ground(accounts=roles) as place:
        commands = [helper(account % roles) for account in range(number)]
        dice.of("many roles").shuffle(commands)
        return _stampede(place, commands, roles=roles)


def _stampede(place: Ground, commands: list[list[str]], roles: int) -> Row:
    place.emulator.faults.set(rotation="strict", strict_revokes_session=True)
    place.sign_in(expires_in=-60)
    place.emulator.reset_counters()
    began = time.monotonic()
    answers = place.at_once(commands)
    took = time.monotonic() - began
    counters = place.emulator.counters
    failed = [a for a, c in zip(answers, commands, strict=True) if a.code or wrong_in(place, a, c)]
    given = {answer.out for answer in answers}
    refreshes, calls = counters["CreateToken.refresh_token"], counters["GetRoleCredentials"]
    met = (refreshes, calls, len(failed), len(given)) == (1, roles, 0, roles)
    return Row(
        f"{len(commands)} processes, {roles} role{'s' * (roles > 1)}, expired token, strict rotation",
        f"{refreshes} refresh, {calls} role calls, {len(failed)} failures, {len(given)} answers, "
        f"{took:.1f} s{first_of(failed)}",
        f"1, {roles}, 0, {roles}, ≤ {SECONDS_TARGET} s",
        met and took <= SECONDS_TARGET,
    )


def revoked(dice: Dice) -> Row:
    """500 processes, the session revoked at AWS"""
    number = dice.count(FULL, LEAST)
    with ground() as place:
        place.sign_in(expires_in=-60)
        place.emulator.end_sign_ins("ana")
        place.emulator.reset_counters()
        began = time.monotonic()
        answers = place.at_once([helper()] * number)
        took = time.monotonic() - began
        refreshes = place.emulator.counters["CreateToken"]
        others = [answer for answer in answers if answer.code != 4 or answer.out]
        return Row(
            f"{number} processes, the session revoked",
            f"{refreshes} CreateToken, {len(others)} without exit 4, {took:.1f} s{first_of(others)}",
            f"≤ 1, 0, ≤ {SECONDS_TARGET} s",
            refreshes <= 1 and not others and took <= SECONDS_TARGET,
        )


def shared_refusals(dice: Dice) -> list[Row]:
    """a definite refusal is shared for 30 s, a throttle between one call a second"""
    return [
        _shared("no access to the role (403)", 5, "ForbiddenException", calls=1, dice=dice),
        _shared("throttled (429)", 6, "TooManyRequestsException", calls=None, dice=dice),
    ]


def _shared(what: str, code: int, refusal: str, calls: int | None, dice: Dice) -> Row:
    """Play a refusal that lasts; `calls` None: at most one a second, and two for the start."""
    number = dice.count(40, 10)
    with ground() as place:
        place.sign_in()
        place.emulator.faults.fail("GetRoleCredentials", refusal, times=10_000)
        place.emulator.reset_counters()
        began = time.monotonic()
        answers = place.at_once([helper()] * number)
        later = [place.run(*helper()) for _ in range(2)]
        dice.note("shared_refusals", *answers, *later)
        took = time.monotonic() - began
        is_within = took < 29 or calls is None
        most = 2 + round(took) if calls is None else calls
        asked = place.emulator.counters["GetRoleCredentials"]
        others = [answer for answer in (*answers, *later) if answer.code != code]
        figure = f"{asked} role calls, {len(others)} without exit {code}{first_of(others)}"
        if not is_within:
            figure += " (this machine took longer than the 30 s)"
        return Row(
            f"{number} at once and 2 later, {what}", figure, f"≤ {most}, 0",
            judge(not others and (asked <= most or not is_within), asked <= most),
        )  # fmt: skip
