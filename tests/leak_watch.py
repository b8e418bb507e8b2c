"""Watches all processes that a test run starts: for its secrets, and for those that do not end.

Every secret of the emulator begins with a canary. None may ever stand in an argv, which every
user of the machine can read; in an environment only where `ssohelper exec`, or a shell that was
given keys, put it there for its children, all of a role's keys under AWS's own names. A process
that another command of ours started (an opener, a renewal) may have none. exec becomes its child:
where the machine was too slow for us to see it before, the child's whole set of keys speaks for it.

A process of its own (`python -m tests.leak_watch PID FOLDER [CANARY]`): a thread would make every
os.fork of a test a warning. It ends when its stdin does, and then prints what it saw as JSON.
"""

import json
import os
import re
import select
import sys
import time
from collections.abc import Iterator
from typing import NamedTuple

CANARY = rb"CNRY(-[A-Z]+-|SAK)[A-Za-z0-9]{6}"
# What a child of exec gets; "use --keys" and eval of "env" export the same.
_KEY_VARIABLES = frozenset({b"AWS_SECRET_ACCESS_KEY", b"AWS_SESSION_TOKEN", b"AWS_SECURITY_TOKEN"})
_WHOLE_SET = frozenset({b"AWS_ACCESS_KEY_ID", b"AWS_SECRET_ACCESS_KEY", b"AWS_SESSION_TOKEN"})
_SHELLS = frozenset({b"bash", b"zsh", b"fish", b"sh", b"dash", b"pwsh", b"tmux", b"env"})
_GIVES_KEYS = frozenset({b"exec", b"use", b"env"})
_TICK_SECONDS = 0.05
# At most this part of a core, also while a test runs 500 processes at once.
_LONGEST_SHARE = 0.2
_MOST_FINDINGS = 20
# How long the processes of a run may take to end after it. A broker without callers ends after 8 s.
_END_SECONDS = 20


class Finding(NamedTuple):
    """`where` is "argv", a variable's name or "not ended"; `command` has its secrets taken out."""

    where: str
    command: str
    folder: str


class _Process:
    def __init__(self, parent: int, started: bytes, ours: bool) -> None:
        self.parent = parent
        self.started = started
        self.ours = ours
        self.looks = 0
        self.last_read: tuple[bytes, bytes] | None = None
        self.gives_keys = False
        self.gives_none = False


class LeakWatch:
    """Looks at the processes below `root`, and at those whose environment names `folder`."""

    def __init__(self, root: int, folder: str | bytes, canary: bytes = CANARY) -> None:
        self._root = root
        self._folder = os.fsencode(folder)
        self._canary = re.compile(canary)
        self._seen: dict[int, _Process] = {}
        self.findings: set[Finding] = set()
        self.ticks = 0
        self.watched = 0

    def look(self) -> None:
        """Look once at every process of this run."""
        self.ticks += 1
        alive = {int(name) for name in os.listdir("/proc") if name.isdigit()}
        for pid in sorted(alive):  # parents come before their children
            process = self._seen.get(pid)
            if process is None or (not process.ours and process.looks < 3):
                process = self._meet(pid, process)
            process.looks += 1
            if process.ours:
                self._look_at(pid, process)
        for pid in self._seen.keys() - alive:
            # Kept where it explains a child's environment, forgotten where it is not ours.
            if not self._seen[pid].ours:
                del self._seen[pid]

    def look_until_all_have_ended(self, seconds: float) -> None:
        """Wait until only the run's root process is left; report all others after `seconds`."""
        ends_at = time.monotonic() + seconds
        self.look()
        while (left := list(filter(self._is_left, self._seen))) and time.monotonic() < ends_at:
            time.sleep(_TICK_SECONDS)
            self.look()
        for pid in left:
            self._found("not ended", pid, _read_proc_file(pid, "cmdline").split(b"\0"))

    def _is_left(self, pid: int) -> bool:
        process = self._seen[pid]
        if pid in (self._root, os.getpid()) or not process.ours:
            return False
        # A process that has ended has no command line. Another one may have its id then.
        is_there = bool(_read_proc_file(pid, "cmdline"))
        return is_there and _start_time_of(pid) == process.started

    def _meet(self, pid: int, before: _Process | None) -> _Process:
        # A child whose parent ended at once belongs to init: then its environment tells.
        parent = int(_field_of_stat(pid, 1) or 0)
        known = self._seen.get(parent)
        ours = pid == self._root or (known is not None and known.ours)
        ours = ours or self._folder in _read_proc_file(pid, "environ")
        process = before or self._seen.setdefault(pid, _Process(parent, _start_time_of(pid), ours))
        process.ours = ours
        self.watched += ours
        return process

    def _look_at(self, pid: int, process: _Process) -> None:
        line, environ = _read_proc_file(pid, "cmdline"), _read_proc_file(pid, "environ")
        if (line, environ) == process.last_read:
            return
        process.last_read = (line, environ)
        words = line.split(b"\0")
        process.gives_keys |= _gives_keys(words)
        process.gives_none |= _is_our_command(words) and not _gives_keys(words)
        if any(self._canary.search(word) for word in words):
            self._found("argv", pid, words)
        variables = [pair.partition(b"=") for pair in environ.split(b"\0")]
        names = {name for name, _, _ in variables}
        for name, _, value in variables:
            if not self._canary.search(name + b"=" + value):
                continue
            if name not in _KEY_VARIABLES or not self._was_given_keys(process, names):
                self._found(f"{name.decode(errors='replace')} in environ", pid, words)

    def _was_given_keys(self, process: _Process, names: set[bytes]) -> bool:
        ancestor: _Process | None = process
        for _generation in range(20):
            if ancestor is None or ancestor.gives_keys:
                break
            ancestor = self._seen.get(ancestor.parent)
        parent = self._seen.get(process.parent)
        by_another_command = parent is not None and parent.gives_none
        return (ancestor is not None and ancestor.gives_keys) or (
            names >= _WHOLE_SET and not by_another_command
        )

    def _found(self, where: str, pid: int, words: list[bytes]) -> None:
        if len(self.findings) < _MOST_FINDINGS:
            hidden = self._canary.sub(b"(canary)", b" ".join(words))[:400]
            try:
                folder = os.readlink(f"/proc/{pid}/cwd")
            except OSError:
                folder = "?"
            self.findings.add(Finding(where, hidden.decode(errors="replace"), folder))


def _gives_keys(words: list[bytes]) -> bool:
    """Tell whether this is `ssohelper exec|use|env …`, or a shell: both give keys to children."""
    if os.path.basename(words[0]).lstrip(b"-") in _SHELLS:
        return True
    return _is_our_command(words) and not _GIVES_KEYS.isdisjoint(words)


def _is_our_command(words: list[bytes]) -> bool:
    """Tell whether this is `ssohelper …`: Python with our script, options of its own before it."""
    return b"ssohelper" in [os.path.basename(word) for word in words[:4]]


def _start_time_of(pid: int) -> bytes:
    """Return when the process started, in ticks since the boot; b"" for none of this id."""
    return _field_of_stat(pid, 19)


def _field_of_stat(pid: int, number: int) -> bytes:
    # pid (name, which may hold anything) state ppid …
    fields = _read_proc_file(pid, "stat").rpartition(b")")[2].split()
    return fields[number] if fields else b""


def _read_proc_file(pid: int, name: str) -> bytes:
    try:
        descriptor = os.open(f"/proc/{pid}/{name}", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""  # it has ended, or is not ours to read
    try:
        # A run in a fork (tests/fork_server.py) fills the rest of its space with zeros.
        return os.read(descriptor, 1 << 20).rstrip(b"\0")
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def _ticks() -> Iterator[None]:
    """Yield every 50 ms, or less often when looking takes long, until stdin ends."""
    began = time.monotonic()
    while True:
        yield
        spent = time.monotonic() - began
        ready, _, _ = select.select([0], [], [], max(_TICK_SECONDS, spent / _LONGEST_SHARE - spent))
        if ready and not os.read(0, 1024):
            return
        began = time.monotonic()


def main() -> None:
    watch = LeakWatch(int(sys.argv[1]), *map(os.fsencode, sys.argv[2:]))
    for _ in _ticks():
        watch.look()
    watch.look_until_all_have_ended(_END_SECONDS)
    told = {"ticks": watch.ticks, "processes": watch.watched, "findings": sorted(watch.findings)}
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    main()
