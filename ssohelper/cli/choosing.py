"""Which profile, which session, on the command line: named, AWS_PROFILE's, else a picker.

The rule itself is actions.selection's; this adds the person who may be asked. Off a terminal,
and where the terminal can show no picker, it stays an error with exit code 2.
"""

from ssohelper.actions import directory, roles, selection
from ssohelper.actions.roles import Choice
from ssohelper.actions.selection import WhichProfile, WhichSession
from ssohelper.app import App
from ssohelper.cli import listing_progress, output
from ssohelper.core.model import Profile, SsoSession
from ssohelper.errors import Interrupted, LoginRequired, SsoHelperError, UsageProblem


def profile(text: str | None, session: str | None = None, *, ask_always: bool = False) -> Profile:
    """Return the profile that was named, else AWS_PROFILE's, else the one that is picked.

    With `ask_always` AWS_PROFILE's does not count: nothing named means the picker.
    Raises: Interrupted (130) when the person leaves; what actions.selection raises.
    """
    found = _profile(text, session or output.talk().session, ask_always=ask_always)
    warn_of_config(output.app(), found.name)
    return found


def warn_of_config(app: App, profile_name: str | None = None) -> None:
    """Warn of what the config says that other tools read otherwise, or that is ignored."""
    config = app.config.read()
    ignored = config.ignored_keys_warning(profile_name) if profile_name is not None else None
    for warning in (*config.warnings(), *((ignored,) if ignored else ())):
        app.warn(warning)


def _profile(text: str | None, session: str | None, *, ask_always: bool) -> Profile:
    app = output.app()
    if text is None and ask_always:
        if not output.can_draw():
            raise WhichProfile("which profile?", hint="name one; see: ssohelper profile list")
        text = _picked_role(app, session)
    try:
        return selection.profile_of(app, text, session)
    except WhichProfile:
        if not output.can_draw():
            raise
        return selection.profile_of(app, _picked_role(app, session), session)
    except WhichSession as question:
        return selection.profile_of(app, text, _picked_session(app, question).name)


def session(text: str | None) -> SsoSession:
    """Return the session that was named, else AWS_PROFILE's, the only one, or the one picked."""
    app = output.app()
    try:
        return selection.session_of(app, text)
    except WhichSession as question:
        return _picked_session(app, question)


# -- pieces ------------------------------------------------------------------------------------


def _picked_role(app: App, session_name: str | None) -> str:
    if session_name is not None:
        selection.session_of(app, session_name)  # an unknown one is said, with the nearest
    choice = roles.to_choose(app, session_name)
    if choice.unlisted and _listed(app, choice):
        choice = roles.to_choose(app, session_name)
    if not choice.rows:
        raise UsageProblem(
            "there is no role to choose from", hint="ask AWS with: ssohelper list --refresh"
        )
    from ssohelper.cli import pickers

    picked = pickers.role(app, choice)
    if picked is None:
        raise Interrupted("nothing was chosen")
    return picked


def _listed(app: App, choice: Choice) -> bool:
    """List the sessions that have no saved list, as far as they are signed in; tell if any was.

    Raises: what stands in the way, when there is nothing else to choose from.
    """
    trouble: SsoHelperError | None = None
    done = False
    for unlisted in choice.unlisted:
        try:
            with listing_progress.listing_progress() as progress:
                directory.listing(app, unlisted, progress=progress)
            done = True
        except SsoHelperError as error:
            trouble = trouble or error
            if not isinstance(error, LoginRequired):
                app.warn(f'the roles of "{unlisted.name}" could not be listed: {error.message}')
    if trouble and not done and not choice.rows:
        raise trouble
    return done


def _picked_session(app: App, question: WhichSession) -> SsoSession:
    if not output.can_draw():
        raise question
    from ssohelper.cli import pickers

    name = pickers.session(app, question.sessions)
    for session in question.sessions:
        if session.name == name:
            return session
    raise Interrupted("nothing was chosen")
