"""Ends a command whose profile was edited since the user chose it, such as during a question."""

from ssohelper.actions import selection
from ssohelper.app import App
from ssohelper.core.model import Profile
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError, UsageProblem


def require_unchanged_profile(app: App, chosen: Profile) -> None:
    """Read the config again. Raises: UsageProblem if the profile means another role by now.

    Call this after the last question, before the role is granted or handed out by its profile's name.
    """
    if chosen.name == chosen.key.text and chosen.assumed is None:
        return  # named by account and role, not by a profile
    try:
        now = selection.resolve_profile(app, chosen.name, chosen.session.name)
    except SsoHelperError:
        raise make_edited_profile_error(chosen.name, chosen.key.text, "") from None
    if (now.key, now.assumed, now.session) != (chosen.key, chosen.assumed, chosen.session):
        raise make_edited_profile_error(chosen.name, chosen.key.text, now.key.text)


def make_edited_profile_error(name: str, before: str, now: str) -> UsageProblem:
    """Return the error for a profile that was edited; `now` is "" if it names no role any more."""
    is_now = f"it was {show(before)}, and is {show(now)} now" if now not in ("", before) else ""
    return UsageProblem(
        f'the profile "{show(name)}" has been edited: {is_now or f"it was {show(before)}"}',
        hint="choose again",
    )
