"""The process that asks the desktop's keyring for the wrapping key, and answers on its stdout.

Another process kills it when the keyring does not answer. It writes a line when its imports are
done and the keyring is asked, one when the keyring has answered and is written to, and then its
answer: `found KEY`, `missing`, `locked`, or `unavailable REASON`. Only a keyring that answered
makes it say `missing`.

The backends of the package `keyring` are named here. Its own choice is never asked, because
PYTHON_KEYRING_BACKEND, keyringrc.cfg and entry points can make it load any code, and it may fall
back to a file in plain text.
"""

import base64
import importlib
import os
import signal
import sys

from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from ssohelper.core.text import show
from ssohelper.fastpath import open_file
from ssohelper.fastpath.keyring_words import (
    ASKING,
    FOUND,
    LOCKED,
    MISSING,
    SERVICE,
    UNAVAILABLE,
    WRITING,
)

if sys.platform != "win32":
    import fcntl

# Class paths, the preferred one first. KWallet answers as a Secret Service too, if it is recent.
_BACKENDS = {
    "darwin": ("keyring.backends.macOS:Keyring",),
    "win32": ("keyring.backends.Windows:WinVaultKeyring",),
    "linux": (
        "keyring.backends.SecretService:Keyring",
        "keyring.backends.kwallet:DBusKeyring",
        "keyring.backends.kwallet:DBusKeyringKWallet4",
    ),
}
_LEAST_PRIORITY = 1
_KEY_BYTES = 32
# This process ends by itself if the process that would kill it was killed.
_LONGEST_LIFE_SECONDS = 40


def run(argv: list[str]) -> int:
    """Run `keyring-process find|create|delete NAME LOCK_FILE`; the answer is on stdout."""
    if len(argv) != 3 or argv[0] not in _VERBS:
        return 2
    if sys.platform != "win32":
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_LONGEST_LIFE_SECONDS)
    _write(ASKING)
    try:
        answer = _VERBS[argv[0]](_choose_backend(), argv[1], argv[2])
    except KeyringLocked:
        answer = LOCKED
    except Exception as cause:
        # Backends raise errors of their own libraries. None of them means that the key is missing.
        answer = f"{UNAVAILABLE} {_reason_of(cause)}"
    _write(answer)
    return 0


def _find(backend: KeyringBackend, name: str, _lock_file: str) -> str:
    found = backend.get_password(SERVICE, name)
    return MISSING if found is None else f"{FOUND} {found}"


def _create(backend: KeyringBackend, name: str, lock_file: str) -> str:
    """Return the key; make one first if the keyring answers that it has none."""
    # Two processes that make a key at once would each encrypt with a key of its own, of which the
    # keyring keeps one. The lock ends with this process, even if that is killed.
    _wait_for_lock(lock_file)
    if backend.get_password(SERVICE, name) is None:
        _write(WRITING)
        fresh = base64.b64encode(os.urandom(_KEY_BYTES)).decode("ascii")
        backend.set_password(SERVICE, name, fresh)
    # What is read back is the answer: a keyring may accept a key and not keep it.
    return _find(backend, name, lock_file)


def _delete(backend: KeyringBackend, name: str, _lock_file: str) -> str:
    if backend.get_password(SERVICE, name) is not None:
        _write(WRITING)
        backend.delete_password(SERVICE, name)
    return MISSING


_VERBS = {"find": _find, "create": _create, "delete": _delete}


def _choose_backend() -> KeyringBackend:
    """Return the first backend that can work here. Raises: RuntimeError with the first reason."""
    reasons: list[str] = []
    for path in _BACKENDS.get(sys.platform, _BACKENDS["linux"]):
        module, _, name = path.partition(":")
        try:
            backend = getattr(importlib.import_module(module), name)
            if backend.priority >= _LEAST_PRIORITY:
                found: KeyringBackend = backend()
                return found
        except Exception as cause:
            reasons.append(_reason_of(cause))
    raise RuntimeError(reasons[0] if reasons else "there is none on this system")


def _wait_for_lock(path: str) -> None:
    if sys.platform != "win32":
        descriptor, _ = open_file.open_own_file(path, os.O_RDWR | os.O_CREAT)
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # kept until this process ends


def _reason_of(cause: BaseException) -> str:
    text = " ".join(str(cause).split()) or type(cause).__name__
    return show(text, 160)


def _write(line: str) -> None:
    os.write(1, line.encode("utf-8", "backslashreplace") + b"\n")
