"""One schedule: everything that happens is drawn from the seed; then all heals and is checked."""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import traceback
from collections.abc import Callable
from typing import NamedTuple

from ssohelper.core.model import RoleKey
from tests.simulator import foreign
from tests.simulator.callers import Caller
from tests.simulator.network import WEATHERS, Fate
from tests.simulator.scheduler import Stuck
from tests.simulator.world import World

PEOPLE = ("ana", "bob")
# A refused renewal of another session looks for another tool's token for 3 s, a damaged file is
# looked at for 1 s.
_RECOVERED_SECONDS = 4.5
_ROLES = ("Admin", "Dev", "Read")


class Outcome(NamedTuple):
    """What one schedule came to."""

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
    for name, error in world.scheduler.errors:
        text = "".join(traceback.format_exception(error)[-3:])
        world.judge.fail(f"{name} died of {error!r}\n{text}")
    return Outcome(seed, world.judge.violations, lines or [])


def clean_up() -> None:
    """Remove this process's folder."""
    shutil.rmtree(_folder(), ignore_errors=True)


def _folder() -> str:
    base = "/dev/shm" if os.path.isdir("/dev/shm") else tempfile.gettempdir()  # noqa: S108
    # The process that runs it, which may be a fork: another one's folder is not to be removed.
    return f"{base}/ssohelper-simulator-{os.getuid()}-{os.getpid()}"


class Schedule:
    """Draws events from the world's generator and lets them happen."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = world.rng
        self.keys: list[RoleKey] = []
        self.environments = 1
        self.has_broker = True

    # -- the beginning -----------------------------------------------------------------------

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
        self._pass(8.0)
        if rng.random() < 0.6:
            for key in self.keys:
                self._call(key)
            self._pass(rng.choice((3.0, 30.0)))
        life = rng.choice((world.aws.token_life, world.aws.role_life))
        self._pass(life * rng.choice((0, 0, 0.3, 0.55, 0.7, 0.8, 0.95, 1.01, 1.2)))
        for _ in range(rng.choice((0, 0, 0, 1, 2))):
            kind = rng.choice(("renewal", "renewal", "broker", "login", "logout", "alone"))
            ordinal = sum(1 for process in world.processes if process.name == kind) + 1
            most = rng.choice((30, 150, 400))
            world.kills[kind, ordinal + rng.randrange(2)] = rng.randrange(1, most)

    def disturb(self) -> None:
        """Let a dozen events happen."""
        rng = self.rng
        events = list(_EVENTS)
        # Few kinds of events in one schedule: their combinations are what is looked for.
        chosen = rng.sample(events, rng.choice((2, 3, 4, 6)))
        for _ in range(rng.choice((3, 6, 12))):
            self._pass(_gap(rng.random(), rng.random()))
            event = rng.choice(chosen) if rng.random() < 0.6 else Schedule.call
            event(self)
        self._pass(rng.choice((0.0, 1.0, 10.0, 70.0)))

    # -- events ------------------------------------------------------------------------------

    def call(self) -> None:
        self._call(self.rng.choice(self.keys))

    def burst(self) -> None:
        """Many callers at once, of which some are killed soon."""
        self.world.judge.is_crowded = True
        for _ in range(self.rng.choice((3, 6, 12))):
            caller = self._call(self.rng.choice(self.keys))
            if self.rng.random() < 0.3:
                self.world.scheduler.after(self.rng.choice((0.0, 0.05, 2.0)), caller.withdraw)

    def crowd(self) -> None:
        """More roles than AWS allows calls in a second."""
        self.world.judge.is_crowded = True
        name = self.rng.choice(list(self.world.sessions))
        for number in range(self.rng.choice((5, 25))):
            self._call(RoleKey(name, f"{number:012d}", "Read"))

    def withdraw(self) -> None:
        for caller in self.world.callers:
            if not caller.is_over and self.rng.random() < 0.5:
                caller.withdraw()

    def change_weather(self) -> None:
        kinds = self.rng.choice((("token",), ("role",), ("token", "role")))
        weather = self.rng.choice((*WEATHERS, *WEATHERS, "good", "good", "good"))
        self.world.trace(f"AWS becomes {weather} for {' and '.join(kinds)} requests")
        for kind in kinds:
            self.world.network.weather[kind] = weather
        if weather != "good":
            seconds = self.rng.choice((0.5, 3.0, 5.0, 30.0, 100.0))
            self.world.scheduler.after(seconds, self._clear_weather)

    def plan_fate(self) -> None:
        """One request with a fate of its own."""
        kind = self.rng.choice(("token", "role"))
        fate = self.rng.choice(
            (
                Fate(6.0),
                Fate(20.0),
                Fate(59.0),
                Fate(70.0),
                Fate(0.05, is_lost=True),
                Fate(0.05, status=500),
                Fate(0.05, status=429, retry_after=2.0),
            )
        )
        self.world.network.planned[kind].append(fate)

    def foreign_sign_in(self) -> None:
        foreign.sign_in(self.world, self._session(), self.rng.choice(PEOPLE))

    def foreign_sign_out(self) -> None:
        foreign.sign_out(self.world, self._session())

    def foreign_refresh(self) -> None:
        foreign.refresh(self.world, self._session())

    def change_portal(self) -> None:
        foreign.change_portal(self.world, self._session())

    def log_in(self) -> None:
        self.world.log_in(self._session(), self.rng.choice(PEOPLE))

    def log_out(self) -> None:
        self.world.log_out(self._session())

    def kill_broker(self) -> None:
        for broker in list(self.world.brokers.values()):
            self.world.scheduler.kill(broker.process)

    def signal_renewals(self) -> None:
        """SIGTERM or SIGKILL for what renews now."""
        world = self.world
        for process in world.processes:
            if process.name == "renewal" and world.scheduler.is_running(process):
                is_kill = self.rng.random() < 0.5
                world.trace(f"{'SIGKILL' if is_kill else 'SIGTERM'} for {process}")
                (world.scheduler.kill if is_kill else world.scheduler.terminate)(process)

    def set_clock(self) -> None:
        jump = self.rng.choice((-4000, -300, -10, 10, 300, 4000, 90000))
        self.world.trace(f"this machine's clock is set by {jump} s")
        self.world.wall_offset += jump
        self.world.judge.clock_set_at = self.world.scheduler.now

    def fill_disk(self) -> None:
        world, rng = self.world, self.rng
        number = rng.choice((errno.ENOSPC, errno.EROFS, errno.EIO))
        folder = rng.choice(
            (f"{world.home}/.aws/sso/cache/", f"{world.root}/own/run/", f"{world.root}/")
        )
        world.trace(f"{errno.errorcode[number]} in {folder}")
        world.disk.faults[folder] = number
        note = [world.scheduler.now, float("inf")]
        world.judge.disk_faults.append(note)

        def clear() -> None:
            world.trace("the disk is well again")
            world.disk.faults.pop(folder, None)
            note[1] = world.scheduler.now

        world.scheduler.after(rng.choice((0.02, 0.5, 5.0, 60.0)), clear)

    def assign(self) -> None:
        """Take a role away from a person, or give it back."""
        world, key = self.world, self.rng.choice(self.keys)
        person = self.rng.choice(PEOPLE)
        entry = (person, key.account_id, key.role_name)
        place = (key.account_id, key.role_name)
        now = world.scheduler.now
        if entry in world.aws.unassigned:
            world.aws.unassigned.discard(entry)
        else:
            world.aws.unassigned.add(entry)
        world.trace(f"{entry} is unassigned: {entry in world.aws.unassigned}")
        intervals = world.judge.unassigned.setdefault(place, [])
        for interval in intervals:
            interval[1] = min(interval[1], now)
        if any(found[1:] == place for found in world.aws.unassigned):
            intervals.append([now, float("inf")])

    def end_sign_in(self) -> None:
        """The sign-in ends at AWS, by time or by an administrator."""
        present = self.world.judge.presents[self._session()][-1].sign_in
        if present is not None:
            self.world.trace(f"{present} ends at AWS")
            self.world.aws.end(present)

    def strike_renewal(self) -> None:
        """Something happens while AWS takes its time to answer a renewal."""
        self._pass(self.world.aws.token_life * 1.01)
        seconds = self.rng.choice((0.5, 3.0, 12.0))
        self.world.network.planned["token"].append(Fate(seconds))
        self._call(self.rng.choice(self.keys))
        self._strike_within(seconds + 0.5)

    def strike_call(self) -> None:
        """Something happens while AWS takes its time to answer a role call."""
        seconds = self.rng.choice((0.2, 1.0, 3.0))
        self.world.network.planned["role"].append(Fate(seconds))
        self._call(self.rng.choice(self.keys), least_share=2.0)
        self._strike_within(seconds)

    def _strike_within(self, seconds: float) -> None:
        self._pass(seconds * self.rng.random())
        self.rng.choice(_STRIKES)(self)
        self._pass(self.rng.choice((0.0, seconds)))

    def let_time_pass(self) -> None:
        life = self.rng.choice((self.world.aws.token_life, self.world.aws.role_life))
        self._pass(life * self.rng.choice((0.3, 0.51, 0.8, 1.01)))

    # -- the end -----------------------------------------------------------------------------

    def heal(self) -> None:
        """End all faults, and wait until every caller and process is done."""
        world = self.world
        world.trace("all heals")
        self._clear_weather()
        world.kills.clear()
        world.network.planned = {"token": [], "role": []}
        world.disk.faults.clear()
        for note in world.judge.disk_faults:
            note[1] = min(note[1], world.scheduler.now)
        world.scheduler.run_until(lambda: all(one.is_over for one in world.callers), 120.0)
        for caller in world.callers:
            if not caller.is_over:
                world.judge.fail(f"{caller} never got a reply")
        brokers = {broker.process for broker in world.all_brokers}
        world.scheduler.run_until(
            lambda: not any(
                world.scheduler.is_running(process)
                for process in world.processes
                if process not in brokers
            ),
            400.0,
        )

    def check_recovery(self) -> None:
        """10 s after the last failure every caller is answered at once, and by AWS."""
        world = self.world
        if world.rate or not self.has_broker:
            return
        # The broker stays, with what it knows; the first caller of a role may be served the cached
        # credentials while AWS is probed.
        for key in (*self.keys, *self.keys, *self.keys)[:12]:
            self._pass(2.0)
            self._call(key, least_share=2.0, seconds=18.0)
        self._pass(1.0)
        now = world.scheduler.now
        if any(end > now - 11.0 for _, end in world.judge.aws_faults):
            return  # a request of before is still unanswered
        callers = [self._call(key, least_share=2.0, seconds=18.0) for key in self.keys]
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
        if self.rng.random() < 0.4:
            self.check_recovery()
        self._pass(32.0)
        if self.rng.random() < 0.5:
            self._pass(world.aws.token_life + 10.0)
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
        for path in world.disk.left_temporary():
            world.judge.fail(f"a temporary file is left: {path}")

    def _check_fresh_caller(self, key: RoleKey) -> None:
        world = self.world
        caller = self._call(key, least_share=2.0, seconds=18.0)
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
            is_assigned = (sign_in.person, *key[1:]) not in world.aws.unassigned
            expected = {0} if is_assigned else {5}
            if world.judge.excuse(sign_in):
                expected.add(4)
        is_old = expected == {0} and self._has_old_answer(caller)
        if caller.code not in expected or is_old:
            world.judge.fail(
                f"a fresh {caller} got exit {caller.code} ({caller.error}), not {expected}; "
                f"{sign_in}, excuse: {world.judge.excuse(sign_in) if sign_in else None}"
            )

    # -- pieces ------------------------------------------------------------------------------

    def _has_old_answer(self, caller: Caller) -> bool:
        """Return whether the caller got cached credentials where it asked for new ones."""
        if caller.code != 0:
            return False
        issued_at = self.world.aws.keys[caller.access_key].issued_at
        asked_at = self.world.aws.now() - self.world.scheduler.now + caller.asked_at
        return issued_at < asked_at - 0.5  # an answer on its way serves all who ask meanwhile

    def _pass(self, seconds: float) -> None:
        self.world.scheduler.run_until(lambda: False, seconds)

    def _session(self) -> str:
        return self.rng.choice(list(self.world.sessions))

    def _call(
        self, key: RoleKey, *, least_share: float | None = None, seconds: float | None = None
    ) -> Caller:
        rng = self.rng
        share = rng.choice((0.0, 0.0, 0.0, 0.9, 2.0)) if least_share is None else least_share
        limit = rng.choice((18.0, 18.0, 18.0, 4.0, 60.0)) if seconds is None else seconds
        world = self.world
        if self.has_broker:
            return world.call(
                rng.randrange(self.environments), key, seconds=limit, least_share=share
            )
        return world.call_alone(key, seconds=limit, least_share=share)

    def _clear_weather(self) -> None:
        self.world.network.weather.clear()


def _gap(kind: float, place: float) -> float:
    """Return seconds until the next event: often at once, seldom long."""
    limits = (0.0, 0.001, 0.1, 3.0, 40.0)
    return limits[int(kind * len(limits))] * place


_EVENTS: tuple[Callable[[Schedule], None], ...] = (
    Schedule.burst,
    Schedule.crowd,
    Schedule.withdraw,
    Schedule.change_weather,
    Schedule.change_weather,
    Schedule.plan_fate,
    Schedule.plan_fate,
    Schedule.foreign_sign_in,
    Schedule.foreign_sign_out,
    Schedule.foreign_refresh,
    Schedule.change_portal,
    Schedule.log_in,
    Schedule.log_out,
    Schedule.kill_broker,
    Schedule.signal_renewals,
    Schedule.set_clock,
    Schedule.fill_disk,
    Schedule.assign,
    Schedule.end_sign_in,
    Schedule.let_time_pass,
    Schedule.strike_renewal,
    Schedule.strike_renewal,
    Schedule.strike_renewal,
    Schedule.strike_call,
    Schedule.strike_call,
)
# What may come between a request and its answer.
_STRIKES: tuple[Callable[[Schedule], None], ...] = (
    Schedule.foreign_sign_in,
    Schedule.foreign_sign_out,
    Schedule.foreign_refresh,
    Schedule.change_portal,
    Schedule.log_in,
    Schedule.log_out,
    Schedule.kill_broker,
    Schedule.signal_renewals,
    Schedule.set_clock,
    Schedule.fill_disk,
    Schedule.end_sign_in,
    Schedule.burst,
    Schedule.withdraw,
)
