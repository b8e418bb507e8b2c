"""Names, makes, lists and removes ssohelper's own folders. Creates nothing in another user's home.

Our folders belong to our user and have mode 0700, so that no other user can replace a file in
them. Our files have mode 0600.
"""

import contextlib
import os
import stat
import sys
from pathlib import Path

from ssohelper.core.model import ACCOUNT_ID, CHAIN, ROLE_NAME, SIGN_IN_NAME, RoleKey
from ssohelper.core.text import show
from ssohelper.errors import AnotherUsersHome, ConfigInvalid, LocalState
from ssohelper.fastpath import folders
from ssohelper.fastpath.open_file import absolute_path, is_owned_by_us
from ssohelper.stores.disk_errors import os_error_text, warn_once

# -- names from outside that become parts of paths -------------------------------------------------


def session_file_name(name: str) -> str:
    """Return the name of a session or further sign-in unchanged, if it can be a file's name.

    Raises: ConfigInvalid if it cannot be a file's name.
    """
    if not SIGN_IN_NAME.fullmatch(name):
        raise ConfigInvalid(
            f'"{show(name, 80)}" cannot be a session\'s name',
            hint="use letters, digits, dot, dash and underscore: at most 64, "
            "beginning with a letter or digit",
        )
    return name


def role_folder_names(key: RoleKey) -> tuple[str, str, str]:
    """Return the names of a role's nested folders: session, account id, role with its chain.

    Raises: ConfigInvalid if one of them cannot name a file.
    """
    if not ACCOUNT_ID.fullmatch(key.account_id):
        raise ConfigInvalid(f'"{show(key.account_id, 80)}" is no account id: it has 12 digits')
    if not ROLE_NAME.fullmatch(key.role_name):
        raise ConfigInvalid(f'"{show(key.role_name, 80)}" is no role name')
    if key.chain and not CHAIN.fullmatch(key.chain):
        raise ConfigInvalid(f'"{show(key.text, 80)}" is too long a name for a chain of roles')
    return session_file_name(key.session_name), key.account_id, key.role_part


# -- making folders, and limiting who can enter them -----------------------------------------------


def ensure_private_folder(path: Path | str) -> Path:
    """Make the folder, and missing folders above it, with mode 0700.

    If the folder exists and other users can enter it, its mode is set to 0700, with one warning.
    Raises: LocalState when it belongs to another user or is not a folder.
    """
    refuse_another_users_home(path)
    ensure_folder(path)
    try:
        for found in (os.lstat(path), os.stat(path)):
            if not is_owned_by_us(found):
                raise LocalState(f'"{os.fspath(path)}" belongs to another user')
        if not stat.S_ISDIR(found.st_mode):
            raise LocalState(f'"{os.fspath(path)}" is not a folder')
        # Stricter than `folders.is_private_folder`: in our own folders others may not read.
        if sys.platform != "win32" and found.st_mode & 0o077:
            os.chmod(path, 0o700)
            warn_once(f'"{os.fspath(path)}" was open to other users: now it is not')
    except OSError as cause:
        raise LocalState(f'"{os.fspath(path)}" cannot be used: {os_error_text(cause)}') from cause
    return Path(path)


def ensure_folder(path: Path | str) -> None:
    """Make the folder and the folders above it, with mode 0700, as far as they are missing."""
    text = os.fspath(path)
    if not os.path.isdir(text):
        refuse_another_users_home(text)
    try:
        try:
            os.mkdir(text, 0o700)
        except FileNotFoundError:
            parent = os.path.dirname(text.rstrip("/"))
            if not parent:
                raise
            ensure_folder(parent)
            os.mkdir(text, 0o700)
    except FileExistsError:
        pass
    except (OSError, ValueError) as cause:
        raise LocalState(f'the folder "{text}" cannot be made: {os_error_text(cause)}') from cause


def restrict_mode_to_user(descriptor: int, found: os.stat_result, path: str) -> None:
    """Set the mode of an open file of ours to 0600 when other users may read or write it."""
    if sys.platform != "win32" and found.st_mode & 0o077:
        os.fchmod(descriptor, 0o600)
        warn_once(f'"{path}" was open to other users: now it is not')


# -- refusing paths in another user's home ---------------------------------------------------------


def is_in_another_users_home(path: Path | str) -> bool:
    """Return whether the path is in another user's home, where we create nothing.

    `folders.find_other_home_owner` decides that.
    """
    return folders.find_other_home_owner(absolute_path(os.fspath(path)), os.environ) is not None


def refuse_another_users_home(path: Path | str) -> None:
    """Raise AnotherUsersHome for a path in another user's home, with a hint what to do."""
    text = absolute_path(os.fspath(path))
    owner = folders.find_other_home_owner(text, os.environ)
    if owner is None:
        return
    whose = f"user {_load_user_name(owner)}"
    hint = f"run it as {whose}, or with HOME set to a folder of yours"
    if sys.platform != "win32" and os.geteuid() == 0:
        hint = f"run it without sudo, as {whose}, or for root with: sudo -H ssohelper"
    raise AnotherUsersHome(f'"{text}" is not written: that folder belongs to {whose}', hint=hint)


def _load_user_name(uid: int) -> str:
    """Return the name of this user id from the user database; the user id if it has no name."""
    if sys.platform != "win32":
        import pwd

        with contextlib.suppress(KeyError):
            return pwd.getpwuid(uid).pw_name
    return str(uid)


# -- removing files and listing folders ------------------------------------------------------------


def remove_file(path: Path | str) -> bool:
    """Remove the file, or the link but not its target. Return False if there was no file."""
    if is_in_another_users_home(path) and os.path.lexists(path):
        refuse_another_users_home(path)
    try:
        os.unlink(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as cause:
        raise LocalState(
            f'"{os.fspath(path)}" cannot be removed: {os_error_text(cause)}'
        ) from cause
    return True


def remove_tree(path: Path | str) -> int:
    """Remove the folder of ours with its content; return how many files it had.

    Follows no links. Other users' folders stay.
    """
    removed = 0
    try:
        status = os.lstat(path)
        if not (stat.S_ISDIR(status.st_mode) and is_owned_by_us(status)):
            return 0
        os.chmod(path, 0o700)  # otherwise a folder that we may not read could not be removed
        with os.scandir(path) as found:
            entries = list(found)
    except (FileNotFoundError, NotADirectoryError):
        return 0
    except OSError as cause:
        raise LocalState(f'"{os.fspath(path)}" cannot be read: {os_error_text(cause)}') from cause
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            removed += remove_tree(entry.path)
        else:
            removed += remove_file(entry.path)
    # Another process may have added a file meanwhile, which the next call will remove.
    with contextlib.suppress(OSError):
        os.rmdir(path)
    return removed


def list_names_in_folder(path: Path | str) -> list[str]:
    """Return the sorted names in a folder, without hidden ones; an empty list without a folder."""
    try:
        return sorted(name for name in os.listdir(path) if name[0] != ".")
    except OSError:
        return []
