"""Chooses a profile and signs in, for the commands use, exec, console and serve."""

import shlex
from collections.abc import Callable, Sequence
from typing import TypeVar

from ssohelper.actions import (
    credentials,
    directory,
    fixed_keys,
    identity,
    notices,
    tokens,
)
from ssohelper.actions.environment import Environment
from ssohelper.actions.profile_checks import ProfileChecker
from ssohelper.app import App
from ssohelper.cli import choosing, output
from ssohelper.cli.sign_in_commands import sign_in_on_terminal
from ssohelper.core import profile_region, refused_values
from ssohelper.core.foreign import ForeignProfile
from ssohelper.core.instants import duration_text, to_iso
from ssohelper.core.model import Profile, SsoSession
from ssohelper.core.policy import Way
from ssohelper.core.text import role_text, show
from ssohelper.errors import LocalState, LoginRequired

_T = TypeVar("_T")


def run_with_sign_in(
    app: App,
    profile: Profile,
    action: Callable[[], _T],
    *,
    way: Way | None = None,
    hold_seconds: int = 0,
) -> _T:
    """Return the action's result. If the action needs a sign-in, offer one and repeat the action.

    `way` is how the action hands out the role's credentials, or None if it does not. Without a
    terminal, waits up to `hold_seconds` for a sign-in in another shell instead.
    """
    if hold_seconds and not output.can_ask_user():
        return notices.retry_after_sign_in(
            app, profile.session, hold_seconds, action, say=_print_notice
        )
    known = _find_sign_in_reason(app, profile, way) if output.can_ask_user() else None
    if known is None:
        return repeat_after_sign_in(app, action, lambda: profile.session)
    offer_sign_in(app, known, lambda: profile.session)
    return action()  # without a sign-in, the access token may still be valid


def repeat_after_sign_in(
    app: App, action: Callable[[], _T], find_session: Callable[[], SsoSession]
) -> _T:
    """Return the action's result, if needed after a sign-in, which the user must want."""
    try:
        return action()
    except LoginRequired as error:
        if not offer_sign_in(app, error, find_session):
            raise
    return action()


def offer_sign_in(app: App, why: LoginRequired, find_session: Callable[[], SsoSession]) -> bool:
    """Return whether the user has signed in. Off a terminal, nothing is asked."""
    if not output.can_ask_user():
        return False
    output.say(f"ssohelper: {show(why.message)}")
    is_wanted = output.confirm("sign in now?", yes=False, what="a sign-in")
    if is_wanted:
        sign_in_on_terminal(app, find_session())
    return is_wanted


def choose_profile(
    profile_words: Sequence[str], *, ask_always: bool = False, confirm: str | None = None
) -> Profile | ForeignProfile:
    """As choosing.choose_by_words. Offers the sign-in that a picker without a saved list needs."""
    return repeat_after_sign_in(
        output.get_app(),
        lambda: choosing.choose_by_words(profile_words, ask_always=ask_always, confirm=confirm),
        lambda: choosing.choose_session(output.options().session),
    )


def _find_sign_in_reason(app: App, profile: Profile, way: Way | None) -> LoginRequired | None:
    """Return the error for which a sign-in is offered before an action, or None. Raises: Refused."""
    if way is not None:
        # A sign-in would be useless for a refused role, and with cached credentials.
        app.vault.check_release(profile.key, way)
        if credentials.has_cached_credentials(app, profile.key):
            return None
    try:
        token = app.tokens.load(profile.session)
    except (LoginRequired, LocalState):
        return None
    return tokens.reason_to_sign_in(app, profile.session, token) if token else None


def _print_notice(message: str) -> None:
    output.say(f"ssohelper: notice: {show(message)}")


def describe_role(app: App, profile: Profile) -> str:
    """Return a text such as `account "payments-prod" (001234567890), role "ReadOnlyAccess"`."""
    account = identity.look_up_identity(app, profile).account
    return role_text(account.id, account.name, profile.shown_role.name)


def warn_about_lost_role(app: App, profile: Profile) -> None:
    name, role = profile.session.name, profile.role
    listing = directory.load_listing(app, profile.session)
    if listing is not None and listing.lacks_role(role):
        app.warn(
            f'the role "{show(role.name)}" in {role.account_id} is not in the list of roles that AWS gave at '
            f"{to_iso(listing.listed_at)}, so AWS may refuse it; {listing.hint_about_listed_roles(role)}refresh "
            f"the list: ssohelper list --refresh --session {name}"
        )


def warn_of_problem(app: App, name: str, *, in_new_shell: bool = False) -> None:
    """For a shell that gets the profile, a missing sign-in and refused variables count too."""
    # The command `use` sets the region itself.
    environ = {key: one for key, one in app.environ.items() if key not in profile_region.VARIABLES}
    for refused in refused_values.find_refused_variables(environ) if in_new_shell else ():
        app.warn(f"{refused.message}; {refused.fix}")
    problem = ProfileChecker(app).find_problem(name, with_sign_in=in_new_shell)
    if problem is not None:
        app.warn(
            f'AWS tools cannot use the profile "{show(name)}" now: {problem.message}; '
            f"see: ssohelper doctor {shlex.quote(show(name))}"
        )


def get_fixed_keys(
    app: App, profile: Profile, way: Way, hold_seconds: int = 0
) -> tuple[Environment, str]:
    """Return the variables with fixed keys, and the text that names the role and their end."""
    keys = run_with_sign_in(
        app,
        profile,
        lambda: fixed_keys.release_fixed_keys(app, profile, way),
        way=way,
        hold_seconds=hold_seconds,
    )
    left = duration_text(keys.expires_at - app.clock.aws_now())
    text = f"these keys end in {left}, at {to_iso(keys.expires_at)}"
    variables = fixed_keys.build_environment(app, profile, keys)
    return variables, f"{describe_role(app, profile)}: {text}"
