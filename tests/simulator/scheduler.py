"""Virtual time and threads of which exactly one runs at any moment.

Every choice comes from one random generator, so a seed repeats a schedule exactly. A process can
be killed at each `point`: from then on nothing that it does has an effect.
"""

from __future__ import annotations

import heapq
import random
import threading
from collections.abc import Callable
from itertools import count

# What one operation on the disk or the network costs in virtual seconds.
OPERATION_SECONDS = 20e-6
_MOST_STEPS = 200_000


class Killed(BaseException):
    """Ends a thread of a killed process. No `except Exception` of the engine stops it."""


class Stuck(Exception):
    """A schedule that does not end."""


class Process:
    """What is killed as a whole: threads, open files, connections."""

    def __init__(self, pid: int, name: str) -> None:
        self.pid = pid
        self.name = name
        self.is_dead = False
        # A signal waits while these are held (own_process.delay_signals), kill -9 does not.
        self.signals_held = 0
        self.is_terminated = False
        self.points = 0
        self.kill_at_point = 0
        self.stop_at_point = 0
        self.stop_seconds = 0.0
        self.stopped_at = float("-inf")
        self.descriptors: dict[int, str] = {}
        self.swept: set[str] = set()
        self.at_death: list[Callable[[], None]] = []
        self.threads: list[Thread] = []

    def __repr__(self) -> str:
        return f"{self.name}#{self.pid}"


class Thread:
    """One thread of a process. It runs only while the scheduler has handed control to it."""

    def __init__(self, process: Process, name: str, work: Callable[[], None]) -> None:
        self.process = process
        self.name = name
        self.work = work
        self.wake_count = 0
        self.was_signalled = False
        self.worker: _Worker | None = None


class Signal:
    """What threads wait for."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._waiting: list[tuple[Thread, int]] = []

    def fire(self) -> None:
        """Wake all that wait now."""
        waiting, self._waiting = self._waiting, []
        for thread, wake_count in waiting:
            self._scheduler.wake(thread, wake_count, signalled=True)

    def wait(self, seconds: float | None = None) -> bool:
        """Wait for `fire`; return False when the time passed first."""
        scheduler = self._scheduler
        thread = scheduler.current
        assert thread is not None
        self._waiting.append((thread, thread.wake_count))
        if seconds is not None:
            scheduler.wake_after(seconds, thread)
        scheduler.hand_over()
        return thread.was_signalled


class _Worker(threading.Thread):
    """A system thread that is used again: starting one costs 50 us."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.gate = threading.Lock()
        self.gate.acquire()
        self.job: Callable[[], None] | None = None
        self.start()

    def run(self) -> None:
        while True:
            self.gate.acquire()
            assert self.job is not None
            self.job()


_idle_workers: list[_Worker] = []


class Scheduler:
    """Runs threads and timers in virtual time."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.now = 10_000.0
        self.current: Thread | None = None
        self.switch_chance = 0.05
        self.on_stop: Callable[[Process], None] = lambda _: None
        self.errors: list[tuple[str, BaseException]] = []
        self._main_gate = threading.Lock()
        self._main_gate.acquire()
        self._ready: list[Thread] = []
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._serial = count()
        self._pids = count(100)
        self.processes: dict[int, Process] = {}
        self._alive: set[Thread] = set()
        self._is_over: Callable[[], bool] = lambda: False
        self._ends_at = 0.0
        self._steps = 0
        self._failure: BaseException | None = None

    # -- starting and killing processes and threads ------------------------------------------

    def process(self, name: str) -> Process:
        process = Process(next(self._pids), name)
        self.processes[process.pid] = process
        return process

    def spawn(self, process: Process, name: str, work: Callable[[], None]) -> Thread:
        """Start a thread of the process."""
        thread = Thread(process, name, work)
        process.threads.append(thread)
        self._alive.add(thread)
        self._ready.append(thread)
        return thread

    def kill(self, process: Process) -> None:
        """Kill -9: no further operation of the process has an effect."""
        if process.is_dead:
            return
        process.is_dead = True
        for what in process.at_death:
            what()
        for thread in process.threads:
            if thread in self._alive and thread is not self.current:
                self.wake(thread, thread.wake_count)

    def terminate(self, process: Process) -> None:
        """SIGTERM: the default action, once the process holds no signals."""
        process.is_terminated = True
        if not process.signals_held:
            self.kill(process)

    def is_running(self, process: Process) -> bool:
        return any(thread in self._alive for thread in process.threads)

    # -- what a simulated thread calls to let others run -------------------------------------

    def point(self) -> None:
        """A place where another thread may run, and where this process may be killed."""
        self.now += OPERATION_SECONDS
        thread = self.current
        if thread is None:
            return
        process = thread.process
        if process.is_dead:
            raise Killed
        process.points += 1
        if process.points == process.kill_at_point:
            self.kill(process)
            raise Killed
        if process.points == process.stop_at_point:
            self.on_stop(process)
            self.sleep(process.stop_seconds)
        if self.switch_chance and self.rng.random() < self.switch_chance:
            self._ready.append(thread)
            self.hand_over()

    def sleep(self, seconds: float) -> None:
        thread = self.current
        if thread is None:  # the scheduler's own thread never waits
            self.now += seconds
            return
        self.wake_after(seconds, thread)
        self.hand_over()

    def hand_over(self) -> None:
        """Let the scheduler run something else until this thread is woken."""
        thread = self.current
        assert thread is not None
        assert thread.worker is not None
        if thread.process.is_dead:
            raise Killed
        self.current = None
        following = self._choose()
        if following is thread:
            self.current = thread
        else:
            self._give(following)
            thread.worker.gate.acquire()
        if thread.process.is_dead:
            raise Killed

    # -- calling functions and waking threads at a virtual time ------------------------------

    def after(self, seconds: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._timers, (self.now + max(0.0, seconds), next(self._serial), what))

    def wake_after(self, seconds: float, thread: Thread) -> None:
        wake_count = thread.wake_count
        self.after(seconds, lambda: self.wake(thread, wake_count))

    def wake(self, thread: Thread, wake_count: int, *, signalled: bool = False) -> None:
        """Make a waiting thread ready, unless something else has woken it."""
        if thread in self._alive and thread.wake_count == wake_count:
            thread.wake_count += 1
            thread.was_signalled = signalled
            self._ready.append(thread)

    # -- running the threads in a random order -----------------------------------------------

    def run_until(self, is_over: Callable[[], bool], seconds: float) -> bool:
        """Run until `is_over()`, for at most `seconds` of virtual time; return whether it is over."""
        self._is_over, self._ends_at = is_over, self.now + seconds
        self._steps = 0
        self._run()
        return is_over()

    def end(self) -> None:
        """Kill what still runs; each system thread becomes idle."""
        self._timers.clear()
        self._is_over, self._steps, self._failure = lambda: False, 0, None
        # Sorted: a set of objects has another order in each run.
        for thread in sorted(self._alive, key=lambda thread: thread.process.pid):
            self.kill(thread.process)
        self._run()

    def _run(self) -> None:
        following = self._choose()
        if following is not None:
            self._give(following)
            self._main_gate.acquire()
        if self._failure is not None:
            raise self._failure

    def _choose(self) -> Thread | None:
        """Return the thread that runs next; None: the main thread goes on.

        Called by whichever thread has just stopped: handing control from one to the next costs one
        switch of system threads, and none where a thread only waits for the clock.
        """
        try:
            return self._next()
        except BaseException as error:
            self._failure = error
            return None

    def _next(self) -> Thread | None:
        while True:
            self._steps += 1
            if self._steps > _MOST_STEPS:
                raise Stuck(f"more than {_MOST_STEPS} steps")
            while self._timers and self._timers[0][0] <= self.now:
                heapq.heappop(self._timers)[2]()
            if self._ready:
                place = int(self.rng.random() * len(self._ready)) if len(self._ready) > 1 else 0
                thread = self._ready.pop(place)
                if thread in self._alive:
                    return thread
                continue
            if self._is_over():
                return None
            if not self._timers or self._timers[0][0] > self._ends_at:
                self.now = max(self.now, self._ends_at)
                return None
            self.now = max(self.now, self._timers[0][0])

    def _give(self, thread: Thread | None) -> None:
        """Hand control to the thread; None: to the main thread."""
        self.current = thread
        if thread is None:
            self._main_gate.release()
            return
        if thread.worker is None:
            thread.worker = _idle_workers.pop() if _idle_workers else _Worker()
            thread.worker.job = lambda: self._work(thread)
        thread.worker.gate.release()

    def _work(self, thread: Thread) -> None:
        try:
            if not thread.process.is_dead:
                thread.work()
        except Killed:
            pass
        except BaseException as error:
            self.errors.append((f"{thread.process} {thread.name}", error))
        self._alive.discard(thread)
        assert thread.worker is not None
        _idle_workers.append(thread.worker)
        self.current = None
        self._give(self._choose())
