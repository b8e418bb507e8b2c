"""Runs the process that gets the key for encrypted sign-ins from the desktop's keyring.

It writes a line before it asks the keyring, one before it changes it, and its answer: `found KEY`,
`missing` (only if the keyring has answered), `locked`, or `unavailable REASON`. Only the backends
named here are used: PYTHON_KEYRING_BACKEND, keyringrc.cfg and entry points could load any code or a
plain-text file.
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
from ssohelper.system import os_keyring

if sys.platform != "win32":
    import fcntl

# In order of preference. A recent KWallet also offers the Secret Service.
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
# This process then ends by itself, in case the process that should kill it was killed.
_LONGEST_LIFE_SECONDS = 40


def run_keyring_process(argv: list[str]) -> int:
    """Run `keyring-process find|create|delete NAME LOCK_FILE`; the answer is on stdout."""
    if len(argv) != 3 or argv[0] not in _VERBS:
        return 2
    if sys.platform != "win32":
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.alarm(_LONGEST_LIFE_SECONDS)
    _write_answer_line(os_keyring.ASKING)
    try:
        answer = _VERBS[argv[0]](_choose_keyring_backend(), argv[1], argv[2])
    except KeyringLocked:
        answer = os_keyring.LOCKED
    except Exception as cause:
        # Backends raise their libraries' errors. None of them means that the key is missing.
        answer = f"{os_keyring.UNAVAILABLE} {_one_line_reason_of(cause)}"
    _write_answer_line(answer)
    return 0


def _find_key(backend: KeyringBackend, name: str, _lock_file: str) -> str:
    found = backend.get_password(os_keyring.SERVICE, name)
    return os_keyring.MISSING if found is None else f"{os_keyring.FOUND} {found}"


def _create_key(backend: KeyringBackend, name: str, lock_file: str) -> str:
    # Two processes that make a key at once would encrypt with two keys, of which the keyring keeps
    # one. The end of this process frees the lock.
    _hold_creation_lock(lock_file)
    if backend.get_password(os_keyring.SERVICE, name) is None:
        _write_answer_line(os_keyring.WRITING)
        fresh = base64.b64encode(os.urandom(_KEY_BYTES)).decode("ascii")
        backend.set_password(os_keyring.SERVICE, name, fresh)
    # The key is read back: a keyring may accept a key and not store it.
    return _find_key(backend, name, lock_file)


def _delete_key(backend: KeyringBackend, name: str, _lock_file: str) -> str:
    if backend.get_password(os_keyring.SERVICE, name) is not None:
        _write_answer_line(os_keyring.WRITING)
        backend.delete_password(os_keyring.SERVICE, name)
    return os_keyring.MISSING


_VERBS = {"find": _find_key, "create": _create_key, "delete": _delete_key}


def _choose_keyring_backend() -> KeyringBackend:
    """Return the first backend that works. Raises: RuntimeError with the first reason."""
    reasons: list[str] = []
    for path in _BACKENDS.get(sys.platform, _BACKENDS["linux"]):
        module, _, name = path.partition(":")
        try:
            backend = getattr(importlib.import_module(module), name)
            if backend.priority >= _LEAST_PRIORITY:
                found: KeyringBackend = backend()
                return found
        except Exception as cause:
            reasons.append(_one_line_reason_of(cause))
    raise RuntimeError(reasons[0] if reasons else "there is no keyring on this system")


def _hold_creation_lock(path: str) -> None:
    if sys.platform != "win32":
        descriptor, _ = open_file.open_own_file(path, os.O_RDWR | os.O_CREAT)
        fcntl.flock(descriptor, fcntl.LOCK_EX)  # the lock is held until this process ends


def _one_line_reason_of(cause: BaseException) -> str:
    text = " ".join(str(cause).split()) or type(cause).__name__
    return show(text, 160)


def _write_answer_line(line: str) -> None:
    os.write(1, line.encode("utf-8", "backslashreplace") + b"\n")
