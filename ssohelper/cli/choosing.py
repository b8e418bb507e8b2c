"""Which profile, which session, on the command line: named, AWS_PROFILE's, else a picker.

The rule itself is actions.selection's; this adds the person who may be asked. Off a terminal,
and where the terminal can show no picker, it stays an error with exit code 2.
"""

from ssohelper.actions import directory, roles, selection
from ssohelper.actions.roles import KnownRoles
from ssohelper.actions.selection import NoProfileNamed, NoSessionNamed
from ssohelper.app import App
from ssohelper.cli import listing_progress, output
from ssohelper.core.model import Profile, SsoSession
from ssohelper.errors import Interrupted, LoginRequired, SsoHelperError, UsageProblem


def choose_profile(
    text: str | None, session: str | None = None, *, ask_always: bool = False
) -> Profile:
    """Return the profile that was named, else AWS_PROFILE's, else the one that is picked.

    With `ask_always` AWS_PROFILE's does not count: nothing named means the picker.
    Raises: Interrupted (130) when the person leaves; what actions.selection raises.
    """
    found = _profile(text, session or output.options().session, ask_always=ask_always)
    warn_about_config(output.get_app(), found.name)
    return found


def warn_about_config(app: App, profile_name: str | None = None) -> None:
    """Warn of what the config says that other tools read otherwise, or that is ignored."""
    config = app.config.read()
    ignored = config.ignored_keys_warning(profile_name) if profile_name is not None else None
    for warning in (*config.warnings(), *((ignored,) if ignored else ())):
        app.warn(warning)


def _profile(text: str | None, session: str | None, *, ask_always: bool) -> Profile:
    app = output.get_app()
    if text is None and ask_always:
        if not output.can_draw():
            raise NoProfileNamed("which profile?", hint="name one; see: ssohelper profile list")
        return _pick_role(app, session)
    try:
        return selection.resolve_profile(app, text, session)
    except NoProfileNamed:
        if not output.can_draw():
            raise
        return _pick_role(app, session)
    except NoSessionNamed as question:
        return selection.resolve_profile(app, text, _pick_session(app, question).name)


def choose_session(text: str | None) -> SsoSession:
    """Return the session that was named, else AWS_PROFILE's, the only one, or the one picked."""
    app = output.get_app()
    try:
        return selection.resolve_session(app, text)
    except NoSessionNamed as question:
        return _pick_session(app, question)


# -- pieces ------------------------------------------------------------------------------------


def _pick_role(app: App, session_name: str | None) -> Profile:
    """Let the user pick a role. Raises: Interrupted (130) when none was picked."""
    if session_name is not None:
        selection.resolve_session(app, session_name)  # an unknown one is said, with the nearest
    choice = roles.read_roles(app, session_name)
    if choice.unlisted and _listed(app, choice):
        choice = roles.read_roles(app, session_name)
    if not choice.rows:
        raise UsageProblem(
            "there is no role to choose from", hint="ask AWS with: ssohelper list --refresh"
        )
    from ssohelper.cli import pickers

    row = pickers.pick_role(app, choice)
    if row is None:
        raise Interrupted("nothing was chosen")
    return selection.resolve_chosen_role(app, row.key, row.profiles)


def _listed(app: App, choice: KnownRoles) -> bool:
    """List the sessions that have no saved list, as far as they are signed in; tell if any was.

    Raises: what stands in the way, when there is nothing else to choose from.
    """
    trouble: SsoHelperError | None = None
    done = False
    for unlisted in choice.unlisted:
        try:
            with listing_progress.show_listing_progress() as progress:
                directory.fetch_listing(app, unlisted, progress=progress)
            done = True
        except SsoHelperError as error:
            trouble = trouble or error
            if not isinstance(error, LoginRequired):
                app.warn(f'the roles of "{unlisted.name}" could not be listed: {error.message}')
    if trouble and not done and not choice.rows:
        raise trouble
    return done


def _pick_session(app: App, question: NoSessionNamed) -> SsoSession:
    """Let the user pick a session. Raises: Interrupted (130) when none was picked."""
    if not output.can_draw():
        raise question
    from ssohelper.cli import pickers

    session = pickers.pick_session(app, question.sessions)
    if session is None:
        raise Interrupted("nothing was chosen")
    return session
