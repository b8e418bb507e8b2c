"""Checks of `doctor`: the config as a file, files' modes, this installation, storage and the shell."""

from __future__ import annotations

import contextlib
import os
import shlex
import stat
import sys
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ssohelper.actions import install as installing
from ssohelper.actions import missing_sessions
from ssohelper.actions.doctor_facts import Setup, error_of
from ssohelper.actions.doctor_profiles import unreadable_file
from ssohelper.core import rc_text, refused_values, resolver
from ssohelper.core.clock_text import CLEAR_SIGN_IN
from ssohelper.core.config_text import REMOVE_QUOTES
from ssohelper.core.findings import Finding, finding
from ssohelper.core.instants import duration_text
from ssohelper.core.profile_origin import MARKERS, find_marked_blocks
from ssohelper.core.section_headers import find_misread_headers
from ssohelper.core.text import shortened_name_list, show
from ssohelper.errors import ConfigInvalid, LocalState, SsoHelperError
from ssohelper.fastpath import open_file
from ssohelper.system import installation

if sys.platform != "win32":
    import pwd

if TYPE_CHECKING:
    from ssohelper.app import App

# AWS refuses signed requests whose time is wrong by 5 min.
_CLOCK_SECONDS = 240
_MACHINE = "this machine"
_MOST_FILES = 2000
# Other users must not write any file, and must not read files with these uses: they hold secrets.
_SECRET = ("credentials", "token", "own file", "own folder")
# `--fix` changes the mode of files with these uses; for other files, the finding names a command.
_REPAIRED = ("token", "token folder", "own file", "own folder")


# -- the config ----------------------------------------------------------------------------------


def check_config(setup: Setup) -> Iterator[Finding]:
    """Find a config that AWS tools refuse, or do not find, and sections that they misread."""
    app, locations = setup.app, setup.app.locations
    path = show(os.fspath(locations.aws_config_file), 200)
    data = _read(app, locations.aws_config_file)
    is_link = data is None and os.path.islink(locations.aws_config_file)
    if is_link:
        what = f'a link to "{show(os.readlink(locations.aws_config_file), 200)}"'
        message = f"the config is {what}, and there is no such file: no profile works"
        fix = "restore the link's target, or remove the link"
        yield finding("config-missing", path, message, fix)
    elif data is None and app.environ.get("AWS_CONFIG_FILE"):
        message = f'AWS_CONFIG_FILE is "{path}", and there is no such file'
        yield finding("config-missing", refused_values.SHELL, message)
    if setup.config_error is not None:
        found = unreadable_file(path, setup.config_error)
        yield found
        if found.id == "section-twice" and MARKERS[0].encode() in (data or b""):
            message = "aws-sso-cli has written the sections between its marks again, beside others"
            fix = f"remove the lines from {MARKERS[0]} to {MARKERS[1]}"
            yield finding("rewritten-by-another-tool", path, f"{message} of the same name", fix)
        return
    config, blocks = setup.config, find_marked_blocks(setup.config)
    if not config.session_names() and not config.profiles() and not is_link:
        yield finding("nothing-set-up", path, "there is no sso-session and no profile yet")
    for warning in config.warnings():
        id = "session-twice" if ": the session " in warning else "profile-twice"
        yield finding("default-section" if "[DEFAULT]" in warning else id, path, warning)
    managed = [
        entry.name
        for entry in config.profiles()
        if entry.managed and any(one.begin < entry.line - 1 < one.end for one in blocks)
    ]
    if managed:
        what = "managed by ssohelper and between the marks of aws-sso-cli, which rewrites"
        others = [name for one in blocks for name in one.names]
        remove = "remove the lines BEGIN_AWS_SSO_CLI and END_AWS_SSO_CLI, or the profiles"
        adopt = setup.adopt_command(others)
        fix = f"{adopt}, which also removes both marks, or {remove}" if adopt else remove
        yield finding("rewritten-by-another-tool", managed, f"{what} everything between them", fix)
    for name, one in setup.unusable_sessions.items():
        recorded = missing_sessions.find_recorded_session(setup.app, name)
        fix = one.hint
        if recorded is not None and not one.hint.startswith(REMOVE_QUOTES):
            known = {"sso_region": recorded.region, "sso_start_url": recorded.start_url}
            lines = (f"{key} = {show(known[key], 200)}" for key in known if key in one.reason)
            fix = next((f"write in an editor: {line}" for line in lines), fix)
        yield finding("session-unusable", f'session "{show(name, 64)}"', one.reason, fix)
    if setup.chosen is None:
        yield from find_misread_headers(config)


def _read(app: App, path: Path) -> bytes | None:
    try:
        content = app.make_user_file(path).read()
    except LocalState:
        return b""
    return content.data if content.mark is not None else None


# -- the shell's variables -----------------------------------------------------------------------


def check_variables(setup: Setup) -> Iterator[Finding]:
    """Find variables that AWS tools refuse, or prefer to the profile in use, and keys in [default]."""
    environ = setup.app.environ
    yield from refused_values.check_environ(environ, setup.chosen)
    for variable in resolver.PROFILE_VARIABLES:
        name = environ.get(variable)
        if name and setup.config_error is None and not setup.resolver.has_profile(name):
            message = f'{variable} is "{show(name, 80)}", and there is no such profile'
            what = f"{message}: every AWS command fails"
            yield finding("no-such-profile", refused_values.SHELL, what, f"unset {variable}")
    profile = environ.get("AWS_PROFILE") or setup.chosen
    both = resolver.WEB_IDENTITY_VARIABLES
    file, role = map(environ.get, both)
    if file and role and not profile and not os.path.exists(file):
        message = f"{' and '.join(both)} are set, and there is no such file: AWS tools without a "
        message += "profile stop with an error"
        fix = f"unset {' '.join(both)}"
        yield finding("web-identity-missing", refused_values.SHELL, message, fix)
    named = [one for one in resolver.CONTAINER_VARIABLES if environ.get(one)]
    if named and not profile and setup.resolver.resolve("default").source != "nothing":
        message = f"{named[0]} is set, and the profile [default] has credentials: AWS tools take it"
        fix = f"remove the credentials from [default], or: unset {named[0]}"
        yield finding("default-before-container", refused_values.SHELL, message, fix)
    default, locations = setup.config.profile("default"), setup.app.locations
    in_config = default is not None and "aws_access_key_id" in default.keys
    path = locations.aws_config_file if in_config else locations.aws_credentials_file
    has_keys = in_config or "aws_access_key_id" in setup.credentials.get("default", ())
    if has_keys and setup.chosen in (None, "default"):
        what = f"it has fixed keys in {show(os.fspath(path), 200)}"
        message = f"{what}, which commands without a profile use"
        yield finding("keys-in-default", "profile [default]", message)


# -- modes and owners of files -------------------------------------------------------------------


def check_files(setup: Setup) -> Iterator[Finding]:
    """Find files that other users own, may read or write, and links in place of ssohelper's files.

    Reads no file: reading one of ours sets its mode.
    """
    if sys.platform == "win32":
        return
    app, grouped = setup.app, defaultdict[tuple[str, str], list[tuple[str, int]]](list)
    for path, use in dict.fromkeys(_list_examined_files(app)):
        # Links to AWS's files are followed, because many users link their dotfiles.
        is_followed = use in ("aws folder", "config", "credentials", "token folder")
        try:
            found = os.stat(path) if is_followed else os.lstat(path)
        except OSError:
            continue
        shown, mode = show(path, 200), stat.S_IMODE(found.st_mode)
        if stat.S_ISSOCK(found.st_mode) or stat.S_ISCHR(found.st_mode):
            continue  # AWS_CONFIG_FILE=/dev/null is common, and anyone may write to that device
        # On some systems root owns home folders, and root may do anything anyway.
        if not open_file.is_owned_by_us(found) and found.st_uid != 0:
            trust = "; AWS tools trust that user" if use == "config" else ""
            message = f"belongs to the user {show(_user_name(found.st_uid), 40)}{trust}"
            yield finding("owner", shown, message, f"sudo chown -h $(id -un) {shown}")
        elif stat.S_ISLNK(found.st_mode):
            message = "ssohelper does not follow this symbolic link"
            message += ": another program may have made it"
            fix = f"ls -l {shown}; replace the link by its target, or remove it"
            yield finding("link-in-place-of-a-file", shown, message, fix)
        else:
            if use in _SECRET and mode & 0o077:
                grouped[use, "readable-by-others"].append((path, mode))
            elif open_file.may_others_write(found):
                grouped[use, "writable-by-others"].append((path, mode))
    for (use, id), files in grouped.items():
        yield _make_mode_finding(app, use, id, files)


def _list_examined_files(app: App) -> Iterator[tuple[str, str]]:
    locations, examined = app.locations, app.make_examined_files()
    tokens = os.fspath(locations.token_folder)
    yield os.fspath(locations.aws_config_file.parent), "aws folder"
    yield os.fspath(locations.aws_config_file), "config"
    yield os.fspath(locations.aws_credentials_file), "credentials"
    yield tokens, "token folder"
    for name in examined.list_names_in_folder(tokens)[:_MOST_FILES]:
        if name.endswith(".json"):
            yield os.path.join(tokens, name), "token"
    for folder in map(os.fspath, (locations.state_folder, locations.runtime_folder)):
        yield folder, "own folder"
        for name in examined.list_names_in_folder(folder)[:_MOST_FILES]:
            path = os.path.join(folder, name)
            yield path, "own folder" if os.path.isdir(path) else "own file"


def _user_name(uid: int) -> str:
    if sys.platform != "win32":
        with contextlib.suppress(KeyError):
            return pwd.getpwuid(uid).pw_name
    return str(uid)


def _make_mode_finding(app: App, use: str, id: str, files: list[tuple[str, int]]) -> Finding:
    path, mode = files[0]
    subject = shortened_name_list([show(path, 200) for path, _ in files], 1)
    verb, wanted = "read", "700" if use.endswith("folder") else "600"
    if id == "writable-by-others":
        verb, wanted = "write", "go-w"
    message = f"other users may {verb} it (mode {mode & 0o777:04o})"
    if use == "config":
        message += ": it names programs that every SDK runs as you"
    fix = f"chmod {wanted} {shlex.quote(show(path, 200))}"
    if use not in _REPAIRED:
        return finding(id, subject, message, fix)

    def remove_access() -> None:
        for one, _ in files:
            app.make_examined_files().remove_access_of_others(one)

    fix = f"ssohelper doctor --fix sets the mode ({wanted})"
    return finding(id, subject, message, fix, repair=remove_access)


def check_leftovers(setup: Setup) -> Iterator[Finding]:
    locations, examined = setup.app.locations, setup.app.make_examined_files()
    folders = (locations.aws_config_file.parent, locations.token_folder)
    every = (*folders, locations.state_folder, locations.runtime_folder)
    listed = (examined.list_temporary_files(os.fspath(one)) for one in every)
    paths = list(dict.fromkeys(path for each in listed for path in each))

    def remove_leftovers() -> None:
        for path in paths:
            examined.remove_temporary_file(path)

    if paths:
        message = "a temporary file over an hour old, which a killed ssohelper left"
        shown = shortened_name_list([show(path, 200) for path in paths], 1)
        yield finding("leftovers", shown, message, repair=remove_leftovers)


# -- this installation and its storage -----------------------------------------------------------


def check_storage(setup: Setup) -> Iterator[Finding]:
    """Find a keyring that does not answer, tokens in clear beside it, unreadable settings."""
    app = setup.app
    failed = {"settings": setup.settings_error, "state-folder": setup.state_error}
    try:
        if app.storage.apply_setting() == "keyring":
            app.storage.keyring.find()
    except SsoHelperError as error:
        # If settings or state folder cannot be read, we do not know which storage is in use.
        if not any(failed.values()):
            yield finding("keyring", _MACHINE, error.message, error.hint)
    for id, failure in failed.items():
        subject = "settings" if id == "settings" else _MACHINE
        if failure is not None:
            yield finding(id, subject, failure.message, failure.hint)
    with contextlib.suppress(SsoHelperError):
        for path in app.storage.find_clear_files(setup.config.sso_sessions()):
            yield finding("clear-sign-in", show(path, 200), CLEAR_SIGN_IN)


def check_installation(setup: Setup) -> Iterator[Finding]:
    """Find an installation that profiles cannot run, several on PATH, and a wrong clock."""
    app = setup.app
    error = error_of(lambda: installation.find_profile_command(app.environ))
    if error is not None:
        yield finding("installation", _MACHINE, error.message, error.hint)
    commands = installation.list_ssohelpers(app.environ)
    if len(commands) > 1:
        shown = ", ".join(show(path, 120) for path in commands[:4])
        what = f"PATH has {len(commands)} installations of ssohelper"
        yield finding("several-installations", _MACHINE, f"{what}: {shown}; the first one runs")
    # If AWS's hosts do not answer now, its last answer tells the time.
    apart = max(setup.apart_seconds or [app.clock.now() - app.clock.aws_now()], key=abs)
    if abs(apart) > _CLOCK_SECONDS:
        side = "ahead of" if apart > 0 else "behind"
        message = f"the clock is {duration_text(int(abs(apart)))} {side} AWS's: AWS refuses signed "
        message += "requests, and SDKs misjudge when credentials end"
        yield finding("clock", _MACHINE, message)


def check_shell(setup: Setup) -> Iterator[Finding]:
    """Find lines in the shell's rc file, or completion scripts, that are not up to date."""
    app, shell = setup.app, os.path.basename(setup.app.environ.get("SHELL", ""))
    if setup.chosen is not None or shell not in installing.SHELLS or sys.platform == "win32":
        return
    # Errors come from a temporary installation or an unreadable rc file.
    with contextlib.suppress(SsoHelperError):
        rc_file = show(os.fspath(installing.find_rc_file(app, shell)), 200)
        try:
            edit = installing.plan_rc_file_install(app, shell)
        # the marks around ssohelper's lines are not one opening and one closing mark
        except ConfigInvalid as error:
            yield finding("shell-marks", rc_file, error.message, error.hint)
            return
        setup.has_shell_lines = bool(edit.by_hand) or not edit.has_changes
        if not setup.has_shell_lines and rc_text.has_our_lines(edit.before or b"", rc_file):
            message = "the lines that `install` wrote are of another version or name another path"
            write = partial(installing.write_file_edit, app, edit)
            yield finding("shell-stale", rc_file, message, repair=write)
        elif not setup.has_shell_lines:
            message = "`use`, the prompt and TAB completion are not set up"
            yield finding("shell-missing", rc_file, message)
