"""Changes where sign-ins are kept: in files, or encrypted with a key in the desktop's keyring."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ssohelper.core import journal
from ssohelper.core.choices import NATIVE
from ssohelper.errors import KeyringUnavailable, LoginRequired

if TYPE_CHECKING:
    from ssohelper.app import App

FILE, KEYRING = "file", "keyring"


class MovedSignIns(NamedTuple):
    """The effects of moving sign-ins to another storage.

    `is_new` says that the storage changed. `lost` are the sessions whose sign-in could not be read.
    `managed_native` and `unmanaged_native` are the names of profiles that SDKs read without
    ssohelper, written by ssohelper or by others: with keyring storage these profiles have no
    sign-in.
    """

    is_new: bool
    lost: tuple[str, ...]
    managed_native: tuple[str, ...]
    unmanaged_native: tuple[str, ...]
    may_publish: bool


def takes_sign_ins_out_of_keyring(app: App, new_storage: str) -> bool:
    return new_storage == FILE and app.storage.find_present_storage() == KEYRING


def find_unreadable_sign_ins(app: App) -> list[str]:
    """Return the sessions whose sign-in the keyring does not give: a move to files loses these."""
    tokens = app.storage.get_token_store(KEYRING)
    found = []
    listed = app.config.read().sso_sessions()
    for session in (*listed, *tokens.find_unlisted_sessions(listed)):
        try:
            tokens.load(session)
        except (KeyringUnavailable, LoginRequired):
            found.append(session.name)
    return found


def move_sign_ins(app: App, new_storage: str) -> MovedSignIns:
    """Move all sign-ins to the storage `new_storage`, as the user has confirmed.

    Raises: KeyringUnavailable, LockNotObtained; LocalState, also if the journal cannot be written.
    After an error, a second call continues the move.
    """
    before = app.storage.find_present_storage()
    is_new = before != new_storage
    if takes_sign_ins_out_of_keyring(app, new_storage):
        app.journal.append(
            journal.make_entry("loosened", what="storage", before=before, after=new_storage)
        )
    lost = app.storage.move_sign_ins(new_storage, is_confirmed=True)
    config = app.config.read()
    targets = [(entry, config.target_or_none(entry)) for entry in config.profiles()]
    native = [entry for entry, target in targets if target is not None and target.form == NATIVE]
    return MovedSignIns(
        is_new,
        tuple(lost),
        tuple(entry.name for entry in native if entry.managed),
        tuple(entry.name for entry in native if not entry.managed),
        app.storage.may_publish,
    )
