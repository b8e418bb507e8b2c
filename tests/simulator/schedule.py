"""One schedule: everything that happens is drawn from the seed; then all heals and is checked."""

from __future__ import annotations

import os
import shutil
import tempfile
import traceback
from typing import NamedTuple

from ssohelper.core.model import RoleKey
from tests.simulator import foreign
from tests.simulator.callers import Caller
from tests.simulator.events import Events
from tests.simulator.scheduler import Stuck
from tests.simulator.world import World

# A refused renewal of another session looks for another tool's token for 3 s, a damaged file is
# looked at for 1 s.
_RECOVERED_SECONDS = 4.5
_ROLES = ("Admin", "Dev", "Read")


class Outcome(NamedTuple):
    """What one schedule did: its violations of the rules, and a trace of its steps."""

    seed: int
    violations: list[str]
    trace: list[str]


def run(seed: int, *, is_traced: bool = False) -> Outcome:
    """Run the schedule of this seed."""
    root = f"{_folder()}/{seed}"
    shutil.rmtree(root, ignore_errors=True)
    os.makedirs(f"{root}/home/.aws/sso/cache", 0o700)
    lines: list[str] | None = [] if is_traced else None
    world = World(seed, root, lines)
    try:
        schedule = Schedule(world)
        schedule.set_up()
        schedule.disturb()
        schedule.heal()
        schedule.check_end()
    except Stuck as error:
        world.judge.fail(str(error))
    finally:
        world.end()
    for name, cause in world.scheduler.errors:
        text = "".join(traceback.format_exception(cause)[-3:])
        world.judge.fail(f"{name} died of {cause!r}\n{text}")
    return Outcome(seed, world.judge.violations, lines or [])


def clean_up() -> None:
    """Remove this process's folder."""
    shutil.rmtree(_folder(), ignore_errors=True)


def _folder() -> str:
    base = "/dev/shm" if os.path.isdir("/dev/shm") else tempfile.gettempdir()
    # The process that runs it, which may be a fork: another one's folder is not to be removed.
    return f"{base}/ssohelper-simulator-{os.getuid()}-{os.getpid()}"


class Schedule(Events):
    """The beginning and the end of a schedule; what lies between are events."""

    # -- preparing a schedule, before its events ---------------------------------------------

    def set_up(self) -> None:
        """Draw lives, sessions, roles, kills; sign in; perhaps warm the caches; let time pass."""
        world, rng = self.world, self.rng
        world.scheduler.switch_chance = rng.choice((0.0, 0.02, 0.1, 0.4))
        world.aws.token_life = rng.choice((3600, 3600, 900, 300))
        world.aws.role_life = rng.choice((3600, 3600, 900, 43200))
        world.rate = rng.choice((None, None, None, 3.0))
        world.wall_offset += rng.choice((0, 0, 0, -2, 30, -4000))
        self.environments = rng.choice((1, 1, 2))
        self.has_broker = rng.random() < 0.92
        for name in ("corp", "lab")[: rng.choice((1, 1, 2))]:
            world.add_session(name, f"https://{name}.awsapps.com/start")
            world.judge.note_present(name, None)
            for number in range(rng.choice((1, 2, 3))):
                self.keys.append(RoleKey(name, f"{number + 1}" * 12, _ROLES[number]))
        for name in world.sessions:
            how = rng.random()
            if how < 0.45:
                foreign.sign_in(world, name, "ana")
            elif how < 0.93:
                world.log_in(name, "ana")
        self.let_pass(8.0)
        if rng.random() < 0.6:
            for key in self.keys:
                self.ask(key)
            self.let_pass(rng.choice((3.0, 30.0)))
        life = rng.choice((world.aws.token_life, world.aws.role_life))
        self.let_pass(life * rng.choice((0, 0, 0.3, 0.55, 0.7, 0.8, 0.95, 1.01, 1.2)))
        for _ in range(rng.choice((0, 0, 0, 1, 2))):
            kinds = ("renewal", "renewal", "broker", "login", "logout", "alone")
            world.kills[self._coming(kinds)] = rng.randrange(1, rng.choice((30, 150, 400)))
        if rng.random() < 0.15:
            # Single threads: a stopped broker is the torture run's.
            process = self._coming(("renewal", "login", "logout"))
            seconds = rng.choice((1.0, 4.0, 8.0, 30.0))
            world.stops[process] = rng.randrange(1, rng.choice((30, 150))), seconds

    def _coming(self, kinds: tuple[str, ...]) -> tuple[str, int]:
        """Return one of the next processes of one of these kinds."""
        kind = self.rng.choice(kinds)
        count = sum(1 for process in self.world.processes if process.name == kind)
        return kind, count + 1 + self.rng.randrange(2)

    # -- ending a schedule, and checking what is left ----------------------------------------

    def heal(self) -> None:
        """End all faults, and wait until every caller and process is done."""
        world = self.world
        world.trace("all heals")
        self.clear_weather()
        world.kills.clear()
        world.stops.clear()
        world.network.planned = {"token": [], "role": []}
        world.disk.faults.clear()
        for note in world.judge.disk_faults:
            note[1] = min(note[1], world.scheduler.now)
        world.scheduler.run_until(lambda: all(one.is_over for one in world.callers), 120.0)
        for caller in world.callers:
            if not caller.is_over:
                world.judge.fail(f"{caller} never got a reply")
        brokers = {broker.process for broker in world.all_brokers}

        def is_quiet() -> bool:
            others = (process for process in world.processes if process not in brokers)
            return not any(map(world.scheduler.is_running, others))

        world.scheduler.run_until(is_quiet, 400.0)

    def check_recovery(self) -> None:
        """10 s after the last failure every caller is answered at once, and by AWS."""
        world = self.world
        if world.rate or not self.has_broker:
            return
        # The broker stays, with what it knows; the first caller of a role may be served the cached
        # credentials while AWS is probed.
        for key in (*self.keys, *self.keys, *self.keys)[:12]:
            self.let_pass(2.0)
            self.ask(key, least_share=2.0, seconds=18.0)
        self.let_pass(1.0)
        now = world.scheduler.now
        if any(end > now - 11.0 for _, end in world.judge.aws_faults):
            return  # a request of before is still unanswered
        callers = [self.ask(key, least_share=2.0, seconds=18.0) for key in self.keys]
        world.scheduler.run_until(lambda: all(one.is_over for one in callers), 30.0)
        for caller in callers:
            is_late = caller.ended_at - now > _RECOVERED_SECONDS
            if world.judge.may_need_sign_in(caller, world.scheduler.now):
                continue
            if caller.code == 6 or is_late or self._has_old_answer(caller):
                world.judge.fail(
                    f"{caller} got no answer of AWS's soon after it was back: exit {caller.code}"
                )

    def check_end(self) -> None:
        """A fresh caller gets what AWS would give; then everything ends and nothing is left."""
        world = self.world
        has_failed = any(end > world.scheduler.now - 60.0 for _, end in world.judge.aws_faults)
        if has_failed or self.rng.random() < 0.2:
            self.check_recovery()
        self.let_pass(32.0)
        if self.rng.random() < 0.5:
            self.let_pass(world.aws.token_life + 10.0)
        # A moment alone for each: what is asked here is the state, not the pace.
        for name in world.sessions:
            key = next(key for key in self.keys if key.session_name == name)
            self._check_fresh_caller(key)
        world.scheduler.run_until(
            lambda: not any(world.scheduler.is_running(one) for one in world.processes), 400.0
        )
        for broker in world.all_brokers:
            if world.scheduler.is_running(broker.process):
                world.judge.fail(f"{broker.process} does not end")
            elif broker.loop and not broker.process.is_dead and not broker.loop.core.is_done:
                world.judge.fail(f"{broker.process} ended with jobs")
        for path in world.disk.temporary_files_left_by_living_processes():
            world.judge.fail(f"a temporary file is left: {path}")

    def _check_fresh_caller(self, key: RoleKey) -> None:
        world = self.world
        caller = self.ask(key, least_share=2.0, seconds=18.0)
        world.scheduler.run_until(lambda: caller.is_over, 60.0)
        present = world.judge.presents[key.session_name][-1]
        sign_in = present.sign_in
        if present.is_damaged:
            expected = {0, 4}  # it tells of no sign-out, so what is cached may be served
        elif sign_in is None or sign_in.portal != world.sessions[key[0]]:
            expected = {4}
        elif not world.aws.lives(sign_in):
            expected = {0, 4}  # cached credentials outlive their sign-in
            if not world.judge.excuse(sign_in) and sign_in.was_revoked:
                world.judge.fail(f"the {sign_in} was revoked: a refresh token was used twice")
        else:
            is_assigned = (sign_in.person, *key[1:3]) not in world.aws.unassigned
            expected = {0} if is_assigned else {5}
            if world.judge.excuse(sign_in):
                expected.add(4)
        is_old = expected == {0} and self._has_old_answer(caller)
        if caller.code not in expected or is_old:
            world.judge.fail(
                f"a fresh {caller} got exit {caller.code} ({caller.error}), not {expected}; "
                f"{sign_in}, excuse: {world.judge.excuse(sign_in) if sign_in else None}"
            )

    # -- comparing an answer with the time of its request ------------------------------------

    def _has_old_answer(self, caller: Caller) -> bool:
        """Return whether the caller got cached credentials where it asked for new ones."""
        if caller.code != 0:
            return False
        issued_at = self.world.aws.keys[caller.access_key].issued_at
        asked_at = self.world.aws.now() - self.world.scheduler.now + caller.asked_at
        return issued_at < asked_at - 0.5  # an answer on its way serves all who ask meanwhile
