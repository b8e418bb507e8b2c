"""Changes ssohelper's settings file, if allow-list and company policy permit, and moves sign-ins to
where the setting `storage` says.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from ssohelper.actions import agents
from ssohelper.core import journal
from ssohelper.core.choices import NATIVE
from ssohelper.core.shell_text import word_as_typed
from ssohelper.core.text import show
from ssohelper.errors import KeyringUnavailable, LoginRequired, Refused, SsoHelperError
from ssohelper.settings import split_key

if TYPE_CHECKING:
    from ssohelper.app import App


# The tables of the settings file that decide which roles are guarded.
GUARDING_TABLES = ("guard", "tags")
FILE, KEYRING = "file", "keyring"
_IN_KEYRING = (
    "sign-ins are now encrypted, with a key in the keyring: the AWS CLI and other tools no longer "
    "share them"
)
_IN_FILES = "sign-ins are now in ~/.aws/sso/cache, where the AWS CLI and other tools share them"
_ON_DISK = (
    "the runtime folder is not in memory, so no published responses are kept there: each call "
    "asks a broker, which takes longer"
)


def check_change(app: App, key: str, value: Any) -> None:
    words = value if isinstance(value, tuple | list) else [str(value)]
    typed = "--default" if value is None else " ".join(map(word_as_typed, words))
    agents.refuse_if_limited(app, "change settings", f"ssohelper config set {key} {typed}")
    policy = app.company_policy
    if key == "storage" and policy.storage not in (None, value):
        raise Refused(
            f'the company\'s policy sets storage to "{policy.storage}"',
            hint="see: ssohelper config list",
        )


def remove_session_settings(app: App, name: str) -> None:
    agents.refuse_if_limited(app, "change settings", f"ssohelper config set sessions.{name}")
    if app.settings_store.set(("sessions", name), None, app.clock.deadline()):
        app.forget_settings()


def change_setting(app: App, key: str, value: Any, command: str = "config set") -> None:
    """Set the setting, or remove it if `value` is None. The journal names `command`."""
    check_change(app, key, value)
    was_there, parts = key in app.settings.values, split_key(key)
    if not app.settings_store.set(parts, value, app.clock.deadline()):
        return
    if parts[0] in GUARDING_TABLES:
        with suppress(SsoHelperError):
            app.vault.remember_guard_rules()
    is_set = value is not None
    entry = journal.make_entry(
        "config-write",
        command=command,
        file=str(app.locations.settings_file),
        added=int(is_set and not was_there),
        changed=int(is_set and was_there),
        removed=int(not is_set),
    )
    app.journal.try_append(entry)


def find_loosening(app: App, new_storage: str) -> str | None:
    """Return what the user must confirm before sign-ins are moved out of the keyring.

    Raises: KeyringUnavailable before sign-ins move into a keyring that does not answer.
    """
    if new_storage == KEYRING:
        app.storage.keyring.find()
    if new_storage == KEYRING or app.protections.load_storage().storage == FILE:
        return None
    notice = f"the sign-ins will be in clear in {app.locations.token_folder}"
    tokens, lost = app.storage.get_token_store(KEYRING), []
    listed = app.config.read().sso_sessions()
    for session in (*listed, *tokens.find_unlisted_sessions(listed)):
        try:
            tokens.load(session)
        except (KeyringUnavailable, LoginRequired):
            lost.append(session.name)
    return (
        f"{notice}; these cannot be read, and end: {', '.join(map(show, lost))}" if lost else notice
    )


def move_sign_ins(app: App, new_storage: str) -> list[str]:
    """Move all sign-ins, as the user has confirmed; return lines that explain the consequences.

    After an error, a second call continues the move.
    """
    before = app.protections.load_storage().storage
    if before == KEYRING != new_storage:
        app.journal.append(
            journal.make_entry("loosened", what="storage", before=before, after=new_storage)
        )
    lost = app.storage.move_sign_ins(new_storage, is_confirmed=True)
    if before == new_storage:
        return []
    for name in lost:
        app.warn(f'the sign-in to "{name}" could not be read; sign in with: ssohelper login {name}')
    if new_storage == FILE:
        return [_IN_FILES]
    config = app.config.read()
    targets = [(entry, config.target_or_none(entry)) for entry in config.profiles()]
    # SDKs read these profiles without ssohelper, so they have no sign-in any more.
    native = [entry.managed for entry, found in targets if found and found.form == NATIVE]
    lines = [_IN_KEYRING, *([] if app.storage.may_publish else [_ON_DISK])]
    if ours := native.count(True):
        lines.append(
            f"{ours} managed profiles of the form sso need AWS's own sign-in; "
            "convert them with: ssohelper profile sync"
        )
    if others := native.count(False):
        lines.append(
            f"{others} profiles that ssohelper did not write need their own sign-in: aws sso login"
        )
    return lines
