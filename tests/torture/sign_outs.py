"""Sign-outs and sign-ins by either tool, edited portals and renewals, while callers ask without pause.

After each of them nothing may be handed out that belongs to the sign-in before. Callers are the
launcher, a launcher that has nothing beside it (what it prints is a hit), Python's entry point and
`exec`. One that began before an event ended may have what was right before it.
"""

import json
import os
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ssohelper.emulator.organization import World
from tests.published import date_back
from tests.torture.ground import (
    AWS_CLI,
    LAUNCHER,
    SSOHELPER,
    START_URL,
    Ground,
    ground,
    helper,
    key_of,
)
from tests.torture.rows import Answer, Dice, Row, Skipped, judge

EVENTS = 200
OTHER_URL = "https://d-9999999999.awsapps.com/start"
_ACCOUNT, _ROLE = key_of()[3], key_of()[5]
# So that tokens and credentials are renewed between two events, and hits are there meanwhile.
_TOKEN_SECONDS, _ROLE_SECONDS = (15, 60, 3600), (20, 60, 900)
_LONGEST_PAUSE_SECONDS = 3.0


class Right(NamedTuple):
    """Whose keys may be handed out: nobody's where `arn` is None."""

    arn: str | None
    since: float


class Period(NamedTuple):
    """From when (its event began) to when (the next one's ended) something is right."""

    right: Right
    begins: float
    ends: float
    event: str


def sign_outs(dice: Dice) -> list[Row]:
    """keys handed out after a sign-out by either tool, a changed portal or another person"""
    if not os.access(AWS_CLI, os.X_OK):
        raise Skipped("AWS CLI v2 is not installed")
    number = dice.count(EVENTS, 12)
    with ground() as place:
        run = _Run(place, dice.of("sign outs"))
        callers = _Callers(place)
        with callers:
            for _ in range(number):
                run.next_event()
        wrongs = _wrongs(place, run.periods(), callers.answers)
        renewals = place.emulator.counters["CreateToken.refresh_token"]
    hits = sum(caller == "hit" and not answer.code for caller, answer in callers.answers)
    answers = sum(not answer.code for _, answer in callers.answers)
    return [
        Row(
            f"keys handed out after a sign-out by either tool, a changed portal or another person: "
            f"{number} events, {renewals} renewals, {answers} answers, {hits} of them hits",
            f"{len(wrongs)}" + (f"; such as: {_kinds(wrongs)}" if wrongs else ""),
            "0",
            judge(not wrongs, hits > number and answers > hits and renewals > 0),
        )
    ]


class _Run:
    """The events, and what is right after each."""

    def __init__(self, place: Ground, chance: random.Random) -> None:
        self._place = place
        self._chance = chance
        self._worlds = {START_URL: place.emulator.world, OTHER_URL: World.of_size(2, 1)}
        self._worlds[OTHER_URL].start_url = OTHER_URL
        place.emulator.add_organization(self._worlds[OTHER_URL])
        for world in self._worlds.values():
            world.add_person("ben", display_name="Ben")
            world.assign("ben", _ROLE, "Workloads")
        self._url = START_URL
        self._token: tuple[str, str, float] | None = None  # start URL, person, time of the sign-in
        self._events: list[tuple[str, float, float, Right]] = []
        # A program that visits the page: the emulator approves at once.
        program = place.home / "browser"
        program.write_text('#!/bin/sh\ncurl -sSL --max-time 20 "$1" </dev/null >/dev/null 2>&1 &\n')
        program.chmod(0o755)
        place.env["BROWSER"] = str(program)

    def next_event(self) -> None:
        """Run one random event, then let time pass: make files older, or sleep for seconds."""
        chance, faults = self._chance, self._place.emulator.faults
        faults.token_seconds = chance.choice(_TOKEN_SECONDS)
        faults.role_credentials_seconds = chance.choice(_ROLE_SECONDS)
        login = [SSOHELPER, "login", "corp", "--force", "--yes"]
        aws_login = [AWS_CLI, "sso", "login", "--sso-session", "corp"]
        now = time.time()
        signs_in: dict[str, Callable[[], None]] = {
            "sign_in_by_us": lambda: self._sign_in(login),
            "sign_in_by_cli": lambda: self._sign_in(aws_login),
        }
        events = [*signs_in.items()] * 2
        if self._token is not None:
            events += [
                ("sign_out_by_us", lambda: self._sign_out([SSOHELPER, "logout", "corp"])),
                ("sign_out_by_cli", lambda: self._sign_out([AWS_CLI, "sso", "logout"])),
                ("change_portal", self._change_portal),
                ("edit_config", lambda: self._rewrite(lambda text: f"{text}# {now}\n")),
            ]
            # With a token of the other portal it would write that as one of this portal.
            if self._token[0] == self._url:
                events.append(("renew_by_cli", self._renew_by_cli))
        name, event = chance.choice(events)
        began = time.time()
        event()
        self._events.append((name, began, time.time(), self._right()))
        if chance.random() < 0.6:
            for file in (self._place.config, self._place.token_file):
                if file.exists():
                    date_back(file)
            time.sleep(chance.uniform(0.3, 1.2))
        else:
            time.sleep(chance.uniform(0, _LONGEST_PAUSE_SECONDS))

    def periods(self) -> list[Period]:
        """Return what is right when; each overlaps its neighbours while an event is under way."""
        ends = [ended for _, _, ended, _ in self._events[1:]] + [time.time() + 3600]
        return [
            Period(right, began, end, name)
            for (name, began, _, right), end in zip(self._events, ends, strict=True)
        ]

    def _right(self) -> Right:
        if self._token is None or self._token[0] != self._url:
            return Right(None, 0)
        url, person, since = self._token
        return Right(self._worlds[url].session_arn(_ACCOUNT, _ROLE, person), since)

    # -- signing in and out, and editing the config, at random -----------------------------------

    def _sign_in(self, command: list[str]) -> None:
        person = self._chance.choice(("ana", "ben"))
        self._place.emulator.auto_approve = person
        since = time.time()
        self._do(command)
        self._token = (self._url, person, since)

    def _sign_out(self, command: list[str]) -> None:
        self._do(command)
        is_of_portal = self._token is not None and self._token[0] == self._url
        if command[0] == AWS_CLI or is_of_portal or not self._place.token_file.exists():
            self._token = None

    def _renew_by_cli(self) -> None:
        """The AWS CLI with a profile in its own form renews the token when it is due."""
        role = f"sso_account_id = {_ACCOUNT}\nsso_role_name = {_ROLE}\n"
        if "[profile native]" not in self._place.config.read_text():
            self._place.add_profile("native", f"sso_session = corp\n{role}")
        self._place.run(AWS_CLI, "sts", "get-caller-identity", "--profile", "native")

    def _change_portal(self) -> None:
        before, self._url = self._url, OTHER_URL if self._url == START_URL else START_URL
        self._rewrite(lambda text: text.replace(before, self._url))

    def _rewrite(self, change: Callable[[str], str]) -> None:
        config = self._place.config
        text = change(config.read_text())
        if self._chance.random() < 0.5:
            config.write_text(text)
        else:
            config.with_name("new").write_text(text)
            config.with_name("new").rename(config)

    def _do(self, command: list[str]) -> None:
        answer = self._place.run(*command)
        if answer.code:
            raise RuntimeError(f"{command} failed: {answer.err[-300:]}")


class _Callers:
    """Threads that ask without pause, each in its own way."""

    def __init__(self, place: Ground) -> None:
        self._place = place
        self.answers: list[tuple[str, Answer]] = []
        self._is_over = threading.Event()
        alone = place.home / "alone"
        alone.mkdir()
        copy = alone / "ssohelper-credentials"
        copy.write_bytes(Path(LAUNCHER).read_bytes())
        copy.chmod(0o755)
        show = 'printf \'{"AccessKeyId":"%s"}\' "$AWS_ACCESS_KEY_ID"'
        role = f"corp:{_ACCOUNT}/{_ROLE}"
        commands = {
            "hit": [str(copy), *key_of()],
            "launcher": helper(),
            "python": helper(program=SSOHELPER),
            "exec": [SSOHELPER, "exec", role, "--", "sh", "-c", show],
        }
        self._threads = [
            threading.Thread(target=self._ask, args=one, daemon=True) for one in commands.items()
        ]

    def __enter__(self) -> None:
        for thread in self._threads:
            thread.start()

    def __exit__(self, *_cause: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join(60)

    def _ask(self, name: str, command: list[str]) -> None:
        pause = 0.02 if name == "hit" else 0.3
        while not self._is_over.wait(pause):
            self.answers.append((name, self._place.run(*command)))


def _kinds(wrongs: list[str]) -> str:
    """Return the first one of each chain of events."""
    return "; ".join({wrong.rpartition(": ")[2]: wrong for wrong in reversed(wrongs)}.values())


def _wrongs(place: Ground, periods: list[Period], answers: list[tuple[str, Answer]]) -> list[str]:
    found = []
    for caller, answer in answers:
        if answer.code or answer.ended < periods[0].ends:
            continue
        issued = place.emulator.issued.get(json.loads(answer.out)["AccessKeyId"])
        meant = [one for one in periods if one.begins <= answer.ended and answer.began <= one.ends]
        if issued is None:
            found.append(f"{caller}: keys that were never issued")
        elif not any(
            one.right.arn == issued.arn and issued.issued_at >= one.right.since for one in meant
        ):
            events = ", ".join(one.event for one in meant)
            late = answer.began - meant[0].begins
            found.append(
                f"{caller}: keys of {issued.person} {late:.2f} s after the begin of: {events}"
            )
    return found
