"""Gathers facts for `doctor` about files, this installation and the user's shell."""

from __future__ import annotations

import os
import shlex
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from ssohelper.actions import install as installing
from ssohelper.core import rc_text
from ssohelper.core.doctor.facts import Failure, FileFact, MachineFacts, ShellFact, Use
from ssohelper.errors import ConfigInvalid, LocalState, SsoHelperError
from ssohelper.fastpath import open_file
from ssohelper.system import installation, shell_texts

if TYPE_CHECKING:
    from ssohelper.app import App

if sys.platform != "win32":
    import pwd

_T = TypeVar("_T")
_MOST_FILES = 2000
# The files in which users save the completion script of their shell, by shell.
_COMPLETIONS = {
    "bash": (".local/share/bash-completion/completions/ssohelper",),
    "zsh": (".local/share/zsh/site-functions/_ssohelper", ".zfunc/_ssohelper"),
    "fish": (".config/fish/completions/ssohelper.fish",),
}


# -- reading owners and modes of files -----------------------------------------------------------


def list_file_facts(app: App) -> list[FileFact]:
    """Return owner and mode of AWS's and ssohelper's files. Does not read the files."""
    if sys.platform == "win32":
        return []
    locations = app.locations
    aws_folder, tokens = locations.aws_config_file.parent, locations.token_folder
    places: list[tuple[Path, Use]] = [
        (aws_folder, "aws folder"),
        (locations.aws_config_file, "config"),
        (locations.aws_credentials_file, "credentials"),
        (tokens, "token folder"),
        *(
            (tokens / name, "token")
            for name in _list_file_names(app, tokens)
            if name.endswith(".json")
        ),
    ]
    for folder in (locations.state_folder, locations.runtime_folder):
        places.append((folder, "own folder"))
        for name in _list_file_names(app, folder):
            is_folder = os.path.isdir(folder / name)
            places.append((folder / name, "own folder" if is_folder else "own file"))
    found = [_make_file_fact(path, use) for path, use in dict.fromkeys(places)]
    return [fact for fact in found if fact is not None]


def _list_file_names(app: App, folder: Path) -> list[str]:
    return app.makers.make_examined_files().list_names_in_folder(os.fspath(folder))[:_MOST_FILES]


def _make_file_fact(path: Path, use: Use) -> FileFact | None:
    # Links to AWS's files are followed, because many users link their dotfiles.
    is_followed = use in ("aws folder", "config", "credentials", "token folder")
    try:
        found = os.stat(path) if is_followed else os.lstat(path)
    except OSError:
        return None
    if stat.S_ISSOCK(found.st_mode) or stat.S_ISCHR(found.st_mode):
        return None
    owner = ""
    # A file of root is not reported: on some systems root owns home folders, and root may do
    # anything anyway.
    if not open_file.is_owned_by_us(found) and found.st_uid != 0:
        owner = _user_name(found.st_uid)
    is_link = stat.S_ISLNK(found.st_mode)
    mode, others = stat.S_IMODE(found.st_mode), open_file.may_others_write(found)
    return FileFact(os.fspath(path), use, mode, owner, others, is_link)


def _user_name(uid: int) -> str:
    if sys.platform != "win32":
        with suppress(KeyError):
            return pwd.getpwuid(uid).pw_name
    return str(uid)


def find_leftover_temporary_files(app: App) -> tuple[str, ...]:
    """Return the paths of ssohelper's temporary files that killed processes have left."""
    locations = app.locations
    folders = (
        *(locations.aws_config_file.parent, locations.token_folder),
        *(locations.state_folder, locations.runtime_folder),
    )
    found = [
        path
        for one in folders
        for path in app.makers.make_examined_files().list_temporary_files(os.fspath(one))
    ]
    return tuple(dict.fromkeys(found))


# -- facts on this installation, the storage of sign-ins and the shell -------------------------


def examine_machine(app: App) -> MachineFacts:
    """Return the facts about this machine and this installation of ssohelper."""
    command, failure = _value_or_failure(lambda: installation.find_profile_command(app.environ))
    storage, storage_failure = _value_or_failure(
        lambda: _apply_storage_setting_and_ask_keyring(app)
    )
    clear, _ = _value_or_failure(
        lambda: app.storage.find_clear_files(app.config.read().sso_sessions())
    )
    _, settings_failure = _value_or_failure(lambda: app.settings)
    _, state_failure = _value_or_failure(lambda: _check_state_folder(app))
    _, write_failure = _value_or_failure(app.config.check_writable)
    runtime = os.fspath(app.locations.runtime_folder)
    may_publish, _ = _value_or_failure(lambda: app.storage.may_publish)
    return MachineFacts(
        command=command,
        failure=failure,
        commands=tuple(installation.find_all_ssohelpers_on_path(app.environ)),
        apart_seconds=app.clock.now() - app.clock.aws_now(),
        runtime_folder=runtime,
        is_runtime_in_memory=may_publish is not False,
        runtime_refused=_find_refused_runtime_folder(app, runtime),
        storage=storage or "file",
        storage_failure=storage_failure,
        clear_files=tuple(clear or ()),
        settings_failure=settings_failure,
        state_failure=state_failure,
        config_write_failure=write_failure,
        shell=_examine_shell(app),
        leftovers=find_leftover_temporary_files(app),
    )


def _value_or_failure(get: Callable[[], _T]) -> tuple[_T | None, Failure | None]:
    try:
        return get(), None
    except SsoHelperError as error:
        return None, Failure.of_error(error)


def _apply_storage_setting_and_ask_keyring(app: App) -> str:
    """Return the name of the storage of sign-ins. Raises: KeyringUnavailable."""
    name = app.storage.apply_setting()
    if name == "keyring":
        app.storage.keyring.find()
    return name


def _check_state_folder(app: App) -> None:
    """Raise LocalState if our state folder cannot be written."""
    folder = os.fspath(app.locations.state_folder)
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise LocalState(
            f'"{folder}" cannot be written: neither sign-ins nor lists of roles are saved',
            hint=f"see: ls -ld {shlex.quote(folder)}",
        )
    records = os.path.join(folder, "signed-in")
    if os.path.lexists(records) and not os.path.isdir(records):
        old = f"{records}.old"
        raise LocalState(
            f'"{records}" is not a folder: the records of sign-ins are not found',
            hint=f"move it away, then sign in again: mv {shlex.quote(records)} {shlex.quote(old)}",
        )
    if sys.platform != "win32" and os.statvfs(folder).f_bavail == 0:
        raise LocalState(f'the disk of "{folder}" is full', hint="free some space")


def _find_refused_runtime_folder(app: App, runtime: str) -> str:
    wanted = app.environ.get("XDG_RUNTIME_DIR", "")
    if app.environ.get("SSOHELPER_HOME") or not os.path.isdir(wanted):
        return ""
    return "" if runtime.startswith(wanted.rstrip("/") + "/") else wanted


def _examine_shell(app: App) -> ShellFact | None:
    shell = os.path.basename(app.environ.get("SHELL", ""))
    if shell not in installing.SHELLS or sys.platform == "win32":
        return None
    completions = tuple(_find_stale_completion_scripts(app, shell))
    try:
        edit = installing.plan_rc_file_install(app, shell)
        rc_file = os.fspath(edit.path)
        if edit.by_hand or not edit.has_changes:
            return ShellFact(shell, rc_file, "current", None, completions)
        is_stale = rc_text.has_our_lines(edit.before or b"", rc_file)
        return ShellFact(shell, rc_file, "stale" if is_stale else "missing", None, completions)
    except ConfigInvalid as error:
        # The two marker lines around ssohelper's lines in the rc file are not one pair.
        rc_file = os.fspath(installing.find_rc_file(app, shell))
        return ShellFact(shell, rc_file, "unknown", Failure.of_error(error), completions)
    except SsoHelperError:
        return None  # the installation is temporary, or the rc file is unreadable


def _find_stale_completion_scripts(app: App, shell: str) -> list[str]:
    home, present = app.environ.get("HOME", ""), shell_texts.completion_script_of(shell)
    if not os.path.isabs(home) or present is None:
        return []
    found = []
    for name in _COMPLETIONS.get(shell, ()):
        path = Path(home, name)
        try:
            content = app.makers.make_user_file(path).read()
        except LocalState:
            continue
        if content.mark is not None and content.data != present:
            found.append(os.fspath(path))
    return found
