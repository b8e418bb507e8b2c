"""Reads the company's policy from a file that belongs to root and that only root may write."""

import os
import stat
import sys
from pathlib import Path

from ssohelper.core import company_policy
from ssohelper.core.company_policy import NO_POLICY, CompanyPolicy
from ssohelper.errors import ConfigInvalid
from ssohelper.stores.disk_errors import os_error_text

_LIMIT_BYTES = 1 << 20
_ROOT = 0


def read_company_policy(path: Path, owner: int = _ROOT) -> CompanyPolicy:
    """Return the policy in the file; NO_POLICY when there is no file, as on Windows.

    `owner`: the user id that the file and its folder must have.
    Raises: ConfigInvalid for a file that cannot be read, trusted or parsed.
    """
    if sys.platform == "win32":
        return NO_POLICY
    try:
        # Without O_NONBLOCK, opening a FIFO would wait.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (FileNotFoundError, NotADirectoryError):
        if os.path.islink(path):
            raise _untrusted_policy_error(f'"{path}" is a link to nothing') from None
        return NO_POLICY
    except OSError as cause:
        raise _untrusted_policy_error(f'"{path}" cannot be read: {os_error_text(cause)}') from cause
    try:
        _check_trusted(path, os.fstat(descriptor), owner)
        with open(descriptor, "rb", closefd=False) as file:
            content = file.read(_LIMIT_BYTES + 1)
    except OSError as cause:
        raise _untrusted_policy_error(f'"{path}" cannot be read: {os_error_text(cause)}') from cause
    finally:
        os.close(descriptor)
    if len(content) > _LIMIT_BYTES:
        raise _untrusted_policy_error(f'"{path}" is larger than 1 MiB')
    return company_policy.parse_company_policy(content, os.fspath(path))


def _check_trusted(path: Path, found: os.stat_result, owner: int) -> None:
    if not stat.S_ISREG(found.st_mode):
        raise _untrusted_policy_error(f'"{path}" is not a regular file')
    # Other users could replace the file in a folder that they may write.
    for checked, status in ((path, found), (path.parent, os.stat(path.parent))):
        if not _is_owned_by(status, owner):
            raise _untrusted_policy_error(f'"{checked}" belongs to another user than root')
        if status.st_mode & 0o002 or (status.st_mode & 0o020 and status.st_gid != 0):
            raise _untrusted_policy_error(f'"{checked}" may be written by other users than root')


def _is_owned_by(status: os.stat_result, owner: int) -> bool:
    if status.st_uid == owner:
        return True
    # A user namespace (bubblewrap, a rootless container) may show root's files as the overflow
    # user's.
    return owner == _ROOT and not _has_root() and status.st_uid == _read_overflow_uid()


def _has_root() -> bool:
    try:
        lines = Path("/proc/self/uid_map").read_text(encoding="ascii").splitlines()
    except OSError:
        return True
    return any(line.split()[:1] == ["0"] for line in lines)


def _read_overflow_uid() -> int | None:
    try:
        return int(Path("/proc/sys/kernel/overflowuid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def _untrusted_policy_error(reason: str) -> ConfigInvalid:
    return ConfigInvalid(
        f"the company's policy is unknown, so nothing is allowed: {reason}",
        hint=company_policy.HINT,
    )
