"""Carries out `config set storage`: moves sign-ins between files and keyring, with a word to type."""

from ssohelper.actions import storage_move
from ssohelper.app import App
from ssohelper.cli import guarding, output
from ssohelper.core.text import show

_IN_KEYRING = (
    "sign-ins are now encrypted, with a key in the keyring: the AWS CLI and other tools no longer "
    "share them"
)
_IN_FILES = "sign-ins are now in ~/.aws/sso/cache, where the AWS CLI and other tools share them"
_ON_DISK = (
    "the runtime folder is not in memory, so no published responses are kept there: each call "
    "asks a broker, which takes longer"
)


def confirm_storage_move(app: App, new_storage: str) -> None:
    """Let the user type a word before sign-ins leave the keyring.

    Raises: KeyringUnavailable if sign-ins are to be moved into a keyring that does not answer;
    Refused for another word, UsageProblem without a terminal.
    """
    if new_storage == storage_move.KEYRING:
        app.storage.keyring.find()
    elif storage_move.takes_sign_ins_out_of_keyring(app, new_storage):
        notice = f"the sign-ins will be in clear in {app.locations.token_folder}"
        lost = storage_move.find_unreadable_sign_ins(app)
        if lost:
            notice += f"; these cannot be read, and end: {', '.join(map(show, lost))}"
        guarding.confirm_loosening(app, "storage", notice)


def move_sign_ins(app: App, new_storage: str) -> None:
    """Move the sign-ins to the storage `new_storage`; print the consequences for the user.

    Raises: KeyringUnavailable, LocalState.
    """
    moved = storage_move.move_sign_ins(app, new_storage)
    if not moved.is_new:
        return
    output.say(_IN_KEYRING if new_storage == storage_move.KEYRING else _IN_FILES)
    for name in moved.lost:
        app.warn(f'the sign-in to "{name}" could not be read; sign in with: ssohelper login {name}')
    if new_storage != storage_move.KEYRING:
        return
    if not moved.may_publish:
        output.say(_ON_DISK)
    if moved.managed_native:
        output.say(
            f"{len(moved.managed_native)} managed profiles of the form sso need AWS's own sign-in; "
            "convert them with: ssohelper profile sync"
        )
    if moved.unmanaged_native:
        output.say(
            f"{len(moved.unmanaged_native)} profiles that ssohelper did not write need their own sign-in: aws sso login"
        )
