"""Gets the key that encrypts sign-ins from the desktop's keyring, through a child process.

The child (`keyring_process`) can be killed if the keyring hangs. It answers with the key, or that
there is none, or an error. Only a caller that knows that there is none may make a new key: data
encrypted with an older key is lost then.
"""

import contextlib
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping

from ssohelper.core.model import Secret
from ssohelper.errors import KeyringUnavailable
from ssohelper.fastpath import KEYRING_PROCESS, spawn

# Keyrings usually answer in 15 ms. A command must fail within 4 s, including its own start and the
# start of a broker.
ANSWER_SECONDS = 1.5
# A busy machine slows keyring and child alike, so the keyring may take this many times as long as
# the child's start, which takes 0.2 s on an idle machine.
_STARTS = 3
_LONGEST_ANSWER_SECONDS = 6.0
_START_SECONDS = 8.0
# How long the child may take to save a new or removed key, after its answer.
_WRITE_SECONDS = 12.0
# How long the last answer is used again, so that a broker with 100 waiting callers asks once;
# shorter after a failure, because the user may unlock the keyring.
_KEY_HOLDS_SECONDS = 3.0
_FAILURE_HOLDS_SECONDS = 1.0
# Prefixes of variables by which the package `keyring` would load code or change its backends.
_REMOVED = ("PYTHON_KEYRING_BACKEND", "KEYRING_")
_KEEP_IN_FILES = "ssohelper config set storage file"

SERVICE = "ssohelper"

ASKING = "asking"
WRITING = "writing"
FOUND = "found"
MISSING = "missing"
LOCKED = "locked"
UNAVAILABLE = "unavailable"


class OsKeyring:
    """Keeps the key in memory; threads may share this object. `name` is the item in the keyring."""

    def __init__(
        self,
        name: str,
        lock_file: str,
        environ: Mapping[str, str],
        *,
        is_required: Callable[[], bool] = lambda: False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`is_required`: whether the company's policy forbids sign-ins in files."""
        self._name = name
        self._lock_file = lock_file
        self._environ = environ
        self._is_required = is_required
        self._monotonic = monotonic
        self._mutex = threading.Lock()
        self._key: Secret | None = None
        self._failure: KeyringUnavailable | None = None
        self._asked_at = -_KEY_HOLDS_SECONDS
        self._early: _KeyringChild | None = None

    def start_asking_for_key(self) -> None:
        with self._mutex:
            if self._key is None and self._early is None:
                with contextlib.suppress(OSError, RuntimeError):
                    self._early = self._start_keyring_child("find")

    def find(self, *, again: bool = False) -> Secret | None:
        """Return the key; None if the keyring answers that it has none. Raises: KeyringUnavailable.

        With `again`, asks even if the key is known, unless the keyring was asked in the last 3 s.
        """
        with self._mutex:
            if self._key is not None and not again:
                return self._key
            if not self._was_keyring_asked_recently():
                self._key = self._ask_keyring("find")
            elif self._failure is not None:
                raise KeyringUnavailable(self._failure.message, hint=self._failure.hint)
            return self._key

    def create(self) -> Secret:
        """Return the key; make one if the keyring answers that it has none. Raises:
        KeyringUnavailable.

        Asks even if the key is known: the user may have removed it from the keyring.
        """
        with self._mutex:
            if self._key is None or not self._was_keyring_asked_recently():
                self._key = self._ask_keyring("create")
            if self._key is None:
                raise self._make_error("the keyring did not save the new key")
            return self._key

    def delete(self) -> None:
        with self._mutex:
            self._ask_keyring("delete")
            self._key = None

    def _was_keyring_asked_recently(self) -> bool:
        holds = _FAILURE_HOLDS_SECONDS if self._key is None else _KEY_HOLDS_SECONDS
        return self._monotonic() - self._asked_at < holds

    def _ask_keyring(self, verb: str) -> Secret | None:
        self._failure, failed = None, None
        try:
            child, self._early = self._early if verb == "find" else None, None
            word, _, rest = (child or self._start_keyring_child(verb)).wait().partition(" ")
        except (OSError, RuntimeError) as cause:
            failed = cause
            word, rest = UNAVAILABLE, f"the keyring could not be asked: {str(cause).lower()}"
        finally:
            self._asked_at = self._monotonic()
        if word == FOUND and rest:
            return Secret(rest)
        if word == MISSING:
            return None
        reason = rest if word == UNAVAILABLE else "the keyring does not answer"
        self._failure = self._make_error(None if word == LOCKED else reason)
        raise self._failure from failed

    def _start_keyring_child(self, verb: str) -> "_KeyringChild":
        return _KeyringChild(
            [verb, self._name, self._lock_file], keyring_child_environment(self._environ)
        )

    def _make_error(self, reason: str | None) -> KeyringUnavailable:
        """Return the error for a keyring that is unavailable for `reason`; None means locked."""
        what, cure = f"not available: {reason}", "start or unlock the desktop's keyring"
        if reason is None:
            what, cure = "locked", "unlock the keyring"
        way_out = f", or keep sign-ins in files: {_KEEP_IN_FILES}"
        if self._is_required():
            way_out = "; the company's policy requires sign-ins in the keyring"
        return KeyringUnavailable(f"the keyring is {what}", hint=f"{cure} and try again{way_out}")


class _KeyringChild:
    """A child process that asks the keyring once, and is killed if it takes too long."""

    def __init__(self, argv: list[str], environ: Mapping[str, str]) -> None:
        self._lines: queue.SimpleQueue[tuple[str, float]] = queue.SimpleQueue()
        self._began_at = time.monotonic()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "ssohelper", KEYRING_PROCESS, *argv],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=dict(environ),
            # Ctrl-C ends the caller, which then kills the child.
            start_new_session=sys.platform != "win32",
        )
        try:
            # On Windows only a thread can wait for a pipe with a time limit.
            threading.Thread(target=self._read_lines, daemon=True).start()
        except BaseException:
            self._end_child()
            raise

    def wait(self) -> str:
        try:
            word, asked_at = self._lines.get(timeout=_START_SECONDS)
            if word != ASKING:
                return ""
            seconds = min(_LONGEST_ANSWER_SECONDS, _STARTS * (asked_at - self._began_at))
            left = asked_at + max(ANSWER_SECONDS, seconds) - time.monotonic()
            answer = self._lines.get(timeout=max(0.01, left))[0]
            return self._lines.get(timeout=_WRITE_SECONDS)[0] if answer == WRITING else answer
        except queue.Empty:
            return ""
        finally:
            self._end_child()

    def _read_lines(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                text = line.decode("utf-8", "replace").rstrip("\n")
                self._lines.put((text, time.monotonic()))
        self._lines.put(("", time.monotonic()))

    def _end_child(self) -> None:
        with contextlib.suppress(OSError):
            self._process.kill()
        self._process.wait()


def keyring_child_environment(environ: Mapping[str, str]) -> dict[str, str]:
    changed = {
        name: value
        for name, value in spawn.environment_without_credentials(environ).items()
        if not name.startswith(_REMOVED)
    }
    if not changed.get("DBUS_SESSION_BUS_ADDRESS") and sys.platform != "win32":
        # Under cron and ssh, D-Bus is found by its socket's fixed path: no variable has its
        # address.
        folders = (changed.get("XDG_RUNTIME_DIR"), f"/run/user/{os.getuid()}")
        bus = next((f"{one}/bus" for one in folders if one and os.path.exists(f"{one}/bus")), None)
        if bus is not None:
            changed["DBUS_SESSION_BUS_ADDRESS"] = f"unix:path={bus}"
    return changed
