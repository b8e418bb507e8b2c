"""What happens in a schedule: each method of Events draws the details of one kind of event."""

from __future__ import annotations

import errno
from collections.abc import Callable

from ssohelper.core.model import RoleKey
from tests.simulator import foreign
from tests.simulator.callers import Caller
from tests.simulator.network import WEATHERS, Fate
from tests.simulator.world import World

PEOPLE = ("ana", "bob")


class Events:
    """Lets events happen in a world."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.rng = world.rng
        self.keys: list[RoleKey] = []
        self.environments = 1
        self.has_broker = True

    def disturb(self) -> None:
        """Let a dozen events happen."""
        rng = self.rng
        events = list(_EVENTS)
        # Few kinds of events in one schedule: their combinations are what is looked for.
        chosen = rng.sample(events, rng.choice((2, 3, 4, 6)))
        for _ in range(rng.choice((3, 6, 12))):
            # The seconds until the next event: often none, seldom many.
            limits = (0.0, 0.001, 0.1, 3.0, 40.0)
            self.let_pass(limits[int(rng.random() * len(limits))] * rng.random())
            event = rng.choice(chosen) if rng.random() < 0.6 else Events.call
            event(self)
        self.let_pass(rng.choice((0.0, 1.0, 10.0, 70.0)))

    # -- the random events of a schedule -----------------------------------------------------

    def call(self) -> None:
        self.ask(self.rng.choice(self.keys))

    def burst(self) -> None:
        """Many callers at once, of which some are killed soon."""
        self.world.judge.is_crowded = True
        for _ in range(self.rng.choice((3, 6, 12))):
            caller = self.ask(self.rng.choice(self.keys))
            if self.rng.random() < 0.3:
                self.world.scheduler.after(self.rng.choice((0.0, 0.05, 2.0)), caller.withdraw)

    def crowd(self) -> None:
        """More roles than AWS allows calls in a second."""
        self.world.judge.is_crowded = True
        name = self.rng.choice(list(self.world.sessions))
        for number in range(self.rng.choice((5, 25))):
            self.ask(RoleKey(name, f"{number:012d}", "Read"))

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
            self.world.scheduler.after(seconds, self.clear_weather)

    def plan_fate(self) -> None:
        """One request with a fate of its own."""
        kind = self.rng.choice(("token", "role"))
        refused = Fate(0.05, status=500), Fate(0.05, status=429, retry_after=2.0)
        late = (Fate(seconds) for seconds in (6.0, 20.0, 59.0, 70.0))
        fate = self.rng.choice((*late, Fate(0.05, is_lost=True), *refused))
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
        place = (key.account_id, key.role_name)
        entry = (person, *place)
        now = world.scheduler.now
        world.aws.unassigned ^= {entry}
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
        self.let_pass(self.world.aws.token_life * 1.01)
        seconds = self.rng.choice((0.5, 3.0, 12.0))
        self.world.network.planned["token"].append(Fate(seconds))
        self.ask(self.rng.choice(self.keys))
        self._strike_within(seconds + 0.5)

    def strike_call(self) -> None:
        """Something happens while AWS takes its time to answer a role call."""
        seconds = self.rng.choice((0.2, 1.0, 3.0))
        self.world.network.planned["role"].append(Fate(seconds))
        self.ask(self.rng.choice(self.keys), least_share=2.0)
        self._strike_within(seconds)

    def _strike_within(self, seconds: float) -> None:
        self.let_pass(seconds * self.rng.random())
        self.rng.choice(_STRIKES)(self)
        self.let_pass(self.rng.choice((0.0, seconds)))

    def let_time_pass(self) -> None:
        life = self.rng.choice((self.world.aws.token_life, self.world.aws.role_life))
        self.let_pass(life * self.rng.choice((0.3, 0.51, 0.8, 1.01)))

    # -- what several events do: wait, ask, end the faults -----------------------------------

    def let_pass(self, seconds: float) -> None:
        self.world.scheduler.run_until(lambda: False, seconds)

    def _session(self) -> str:
        return self.rng.choice(list(self.world.sessions))

    def ask(
        self, key: RoleKey, *, least_share: float | None = None, seconds: float | None = None
    ) -> Caller:
        rng = self.rng
        share = rng.choice((0.0, 0.0, 0.0, 0.9, 2.0)) if least_share is None else least_share
        limit = rng.choice((18.0, 18.0, 18.0, 4.0, 60.0)) if seconds is None else seconds
        world = self.world
        environment = rng.randrange(self.environments) if self.has_broker else None
        return world.call(environment, key, seconds=limit, least_share=share)

    def clear_weather(self) -> None:
        self.world.network.weather.clear()


_EVENTS: tuple[Callable[[Events], None], ...] = (
    Events.burst, Events.crowd, Events.withdraw, Events.change_weather, Events.change_weather,
    Events.plan_fate, Events.plan_fate, Events.foreign_sign_in, Events.foreign_sign_out,
    Events.foreign_refresh, Events.change_portal, Events.log_in, Events.log_out,
    Events.kill_broker, Events.signal_renewals, Events.set_clock, Events.fill_disk, Events.assign,
    Events.end_sign_in, Events.let_time_pass, Events.strike_renewal, Events.strike_renewal,
    Events.strike_renewal, Events.strike_call, Events.strike_call,
)  # fmt: skip
# What may come between a request and its answer.
_STRIKES: tuple[Callable[[Events], None], ...] = (
    Events.foreign_sign_in, Events.foreign_sign_out, Events.foreign_refresh, Events.change_portal,
    Events.log_in, Events.log_out, Events.kill_broker, Events.signal_renewals, Events.set_clock,
    Events.fill_disk, Events.end_sign_in, Events.burst, Events.withdraw,
)  # fmt: skip
