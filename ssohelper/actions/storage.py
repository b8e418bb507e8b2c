"""Changes where sign-ins are kept: in files, or encrypted with a key in the desktop's keyring."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ssohelper.core.choices import NATIVE
from ssohelper.errors import KeyringUnavailable, LoginRequired

if TYPE_CHECKING:
    from ssohelper.app import App

KEYRING = "keyring"


class Moved(NamedTuple):
    """What a move changed for the user. `lost` are the sessions whose sign-in was not readable.

    `native` and `foreign` are the profiles in native form, of ssohelper and of the user's own:
    with keyring storage they are without a sign-in.
    """

    is_new: bool
    lost: tuple[str, ...]
    native: tuple[str, ...]
    foreign: tuple[str, ...]
    may_publish: bool


def find_unreadable(app: App, wanted: str) -> list[str]:
    """Return the sessions whose sign-in would be lost by a move to `wanted`. Changes nothing.

    Raises: KeyringUnavailable if sign-ins are to be moved into a keyring that does not answer.
    """
    if wanted == KEYRING:
        app.storage.keyring.find()
        return []
    if app.storage.find_present() != KEYRING:
        return []
    tokens = app.storage.store_of(KEYRING)
    found = []
    listed = app.config.read().sso_sessions()
    for session in (*listed, *tokens.find_unlisted(listed)):
        try:
            tokens.load(session)
        except (KeyringUnavailable, LoginRequired):
            found.append(session.name)
    return found


def move(app: App, wanted: str, *, drop_unreadable: bool) -> Moved:
    """Move the sign-ins to the wanted storage.

    Raises: KeyringUnavailable, LockNotObtained, LocalState. Run again, it goes on.
    """
    is_new = app.storage.find_present() != wanted
    lost = app.storage.move_sign_ins(wanted, drop_unreadable=drop_unreadable)
    config = app.config.read()
    targets = [(entry, config.target_or_none(entry)) for entry in config.profiles()]
    native = [entry for entry, target in targets if target is not None and target.form == NATIVE]
    return Moved(
        is_new,
        tuple(lost),
        tuple(entry.name for entry in native if entry.managed),
        tuple(entry.name for entry in native if not entry.managed),
        app.storage.may_publish,
    )
