"""The question and messages of `config set storage`, which moves sign-ins elsewhere."""

from ssohelper.actions import storage_move
from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.core.text import show
from ssohelper.errors import UsageProblem

_IN_KEYRING = (
    "sign-ins are now encrypted, with a key in the keyring: the AWS CLI and other tools no longer "
    "share them"
)
_IN_FILES = "sign-ins are now in ~/.aws/sso/cache, where the AWS CLI and other tools share them"
_ON_DISK = (
    "the runtime folder is not in memory, so no response is published there: each call asks a "
    "broker, which takes longer"
)


def confirm_storage_move(app: App, new_storage: str, *, yes: bool) -> None:
    """Ask the user before a change of the storage that would lose sign-ins which cannot be read.

    Raises: KeyringUnavailable if sign-ins are to be moved into a keyring that does not answer;
    UsageProblem if the user declines or cannot be asked.
    """
    lost = storage_move.find_unreadable_sign_ins(app, new_storage)
    if not lost:
        return
    names = ", ".join(show(name) for name in lost)
    output.say(f"the keyring does not give the sign-in to: {names}")
    if not output.confirm(
        "drop the sign-ins that cannot be read, and sign in again later?",
        yes=yes,
        what="a sign-in that would be dropped",
    ):
        raise UsageProblem(output.NOTHING_CHANGED, hint="unlock the keyring and try again")


def move_sign_ins(app: App, new_storage: str) -> None:
    """Move the sign-ins to the storage `new_storage`, and say what that changes for the user.

    Raises: KeyringUnavailable, LocalState.
    """
    moved = storage_move.move_sign_ins(app, new_storage, drop_unreadable=True)
    if not moved.is_new:
        return
    output.say(_IN_KEYRING if new_storage == storage_move.KEYRING else _IN_FILES)
    for name in moved.lost:
        app.warn(f'the sign-in to "{name}" could not be read; sign in with: ssohelper login {name}')
    if new_storage != storage_move.KEYRING:
        return
    if not moved.may_publish:
        output.say(_ON_DISK)
    if moved.native:
        output.say(
            f"{len(moved.native)} managed profiles of the form sso need AWS's own sign-in; "
            "convert them with: ssohelper profile sync"
        )
    if moved.foreign:
        output.say(
            f"{len(moved.foreign)} profiles of your own need a sign-in of their own: aws sso login"
        )
