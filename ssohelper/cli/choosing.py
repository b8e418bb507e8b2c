"""Chooses the profile or session that a command uses. The user picks one if none is named.

actions.selection decides which profile or session an argument names. A picker needs a terminal on
which it can be drawn; without such a terminal, the error of actions.selection is raised (exit code
2).
"""

from ssohelper.actions import doctor_profiles, foreign_profiles, roles, selection
from ssohelper.actions.roles import KnownRoles
from ssohelper.actions.selection import NoProfileNamed, NoSessionNamed
from ssohelper.app import App
from ssohelper.cli import listing_progress, output
from ssohelper.core import guard_rules
from ssohelper.core.foreign import ForeignProfile
from ssohelper.core.model import Profile, SsoSession
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid, Interrupted, LoginRequired, SsoHelperError, UsageProblem


def choose_profile(
    text: str | None, session: str | None = None, *, ask_always: bool = False
) -> Profile:
    """Return the profile that `text` or else AWS_PROFILE names, else one that the user picks.

    With `ask_always`, AWS_PROFILE is ignored. Also warns as `warn_about_config` does.
    Raises: Interrupted (130) when the user picks none; the errors of selection.resolve_profile.
    """
    session = session or output.options().session
    found = _resolve_named_or_pick_profile(
        text, session, ask_always=ask_always, with_foreign_profiles=False
    )
    assert isinstance(found, Profile)  # no profile of another tool was offered
    warn_about_config(output.get_app(), found.name)
    return found


def choose_profile_of_any_tool(
    text: str | None, *, ask_always: bool = False
) -> Profile | ForeignProfile:
    """Return what `choose_profile` does, or a profile whose credentials another tool provides.

    Such a profile, too, is named by `text` or AWS_PROFILE, or picked by the user.
    """
    is_named = text is not None or not ask_always
    named = _find_foreign_profile(output.get_app(), text) if is_named else None
    found = named or _resolve_named_or_pick_profile(
        text, output.options().session, ask_always=ask_always, with_foreign_profiles=True
    )
    if isinstance(found, Profile):
        warn_about_config(output.get_app(), found.name)
    return found


def warn_about_config(app: App, profile_name: str | None = None) -> None:
    """Warn of parts of ~/.aws/config that other tools read differently, or ssohelper ignores."""
    config = app.config.read()
    ignored = config.ignored_keys_warning(profile_name) if profile_name is not None else None
    for warning in (*config.warnings(), *((ignored,) if ignored else ())):
        app.warn(warning)


def _find_foreign_profile(app: App, text: str | None) -> ForeignProfile | None:
    try:
        return foreign_profiles.find_foreign_profile(app, text)
    except ConfigInvalid as error:
        raise _explain_error_of_profile(app, text, error) from error


def _explain_error_of_profile(app: App, text: str | None, error: SsoHelperError) -> SsoHelperError:
    """Return the error with the reason and fix that `doctor` gives for this profile, if any.

    `text` is what the user named, None for the profile of AWS_PROFILE.
    """
    name = text if text is not None else app.environ.get("AWS_PROFILE")
    return doctor_profiles.explain_error(app, name, error) if name else error


def _resolve_named_or_pick_profile(
    text: str | None, session: str | None, *, ask_always: bool, with_foreign_profiles: bool
) -> Profile | ForeignProfile:
    app = output.get_app()
    if text is None and ask_always:
        if not output.can_draw_picker():
            raise NoProfileNamed(
                "which profile?", hint="name a profile; see: ssohelper profile list"
            )
        return _pick_role(app, session, with_foreign_profiles)
    try:
        return selection.resolve_profile(app, text, session)
    except ConfigInvalid as error:
        raise _explain_error_of_profile(app, text, error) from error
    except NoProfileNamed:
        if not output.can_draw_picker():
            raise
        return _pick_role(app, session, with_foreign_profiles)
    except NoSessionNamed as question:
        return selection.resolve_profile(app, text, _pick_session(app, question).name)


def choose_session(text: str | None) -> SsoSession:
    """Return the session that `text` names, else the only possible one, else one the user picks.

    Raises: Interrupted (130) when the user picks none; the errors of selection.resolve_session.
    """
    app = output.get_app()
    try:
        return selection.resolve_session(app, text)
    except NoSessionNamed as question:
        return _pick_session(app, question)


def find_sessions_to_list(app: App, name: str | None) -> list[SsoSession]:
    """Return the session of this name; without a name all sessions in the config that can be used.

    Raises: the errors of `selection.resolve_session`, but not NoSessionNamed.
    """
    sessions = [] if name else app.config.read().sso_sessions()
    return sessions if len(sessions) > 1 else [selection.resolve_session(app, name)]


# -- asking the user with a picker -------------------------------------------------------------


def _pick_role(
    app: App, session_name: str | None, with_foreign_profiles: bool
) -> Profile | ForeignProfile:
    """Let the user pick a role. Raises: Interrupted (130) when none was picked.

    `with_foreign_profiles` is True for commands that hand out credentials: these also ask before a
    guarded role is used. Other commands only change settings or records of a role.
    """
    choice = read_known_roles(app, session_name, with_foreign_profiles=with_foreign_profiles)
    return pick_role_from(app, choice, asks_if_guarded=with_foreign_profiles)


def pick_role_from(
    app: App, choice: KnownRoles, typed: str = "", *, asks_if_guarded: bool = True
) -> Profile | ForeignProfile:
    """Let the user pick a role or profile from the list. The picker's search begins with `typed`.

    Raises: Interrupted (130) when none was picked, or the user says no to a guarded role.
    """
    from ssohelper.cli import pickers

    row = pickers.pick_role(app, choice, typed)
    if row is None:
        raise Interrupted("nothing was chosen")
    if asks_if_guarded and is_role_of_row_guarded(app, row):
        output.say(f"chosen: {describe_role_of_row(choice, row)}")
        confirm_use_of_row(app, row)
    return resolve_profile_of_row(app, row)


def is_role_of_row_guarded(app: App, row: RoleRow) -> bool:
    """Return whether a guard rule matches the role of this row. Raises: LocalState."""
    rules = app.vault.policy.rules
    return guard_rules.is_guarded(rules, row.session_name, row.account, row.role_name)


def confirm_use_of_row(app: App, row: RoleRow, action: str | None = None) -> None:
    """Ask before a guarded role is used, and before `action`, such as "run the command".

    Raises: Interrupted (130) when the user says no.
    """
    question = action
    if is_role_of_row_guarded(app, row):
        question = f"this role is guarded; {action or 'use it'}"
    if question and not output.confirm(f"{question}?", yes=False, what="this choice"):
        raise Interrupted("nothing was done")


def describe_role_of_row(choice: KnownRoles, row: RoleRow) -> str:
    """Return a text that names the row's role, and its session if the list has several sessions."""
    if row.provider:
        return f'profile "{show(row.role_name)}", whose credentials another tool gives'
    account = row.account.id
    if row.account.name:
        account = f'"{show(row.account.name)}" ({account})'
    session = f", session {row.session_name}" if len(choice.sessions) > 1 else ""
    return f'account {account}, role "{show(row.role_name)}"{session}'


def resolve_profile_of_row(app: App, row: RoleRow) -> Profile | ForeignProfile:
    """Return the role that a list's row shows, or the profile of another tool.

    Raises: the errors of selection.resolve_chosen_role and
    foreign_profiles.find_foreign_profile_of_row.
    """
    if row.provider:
        return foreign_profiles.find_foreign_profile_of_row(app, row)
    return selection.resolve_chosen_role(app, row.key, row.profiles)


def read_known_roles(
    app: App, session_name: str | None, *, with_foreign_profiles: bool = False
) -> KnownRoles:
    """Return the roles to choose from. Asks AWS for the roles of sessions without a saved list.

    With `with_foreign_profiles`, profiles whose credentials another tool provides are among them.

    Raises: UsageProblem for an unknown session or without any role; the error of AWS.
    """
    if session_name is not None:
        selection.resolve_session(app, session_name)  # raises UsageProblem for an unknown session
    choice = roles.read_roles(app, session_name, with_foreign_profiles=with_foreign_profiles)
    if choice.sessions_without_listing and _fetch_missing_lists(app, choice):
        choice = roles.read_roles(app, session_name, with_foreign_profiles=with_foreign_profiles)
    if not choice.rows:
        if not choice.sessions:
            selection.resolve_session(app, None)  # raises UsageProblem: no session
        raise UsageProblem(
            "there is no role to choose from",
            hint="get the list from AWS with: ssohelper list --refresh",
        )
    return choice


def _fetch_missing_lists(app: App, choice: KnownRoles) -> bool:
    """Get the missing lists of roles from AWS; return whether AWS answered for any session.

    Raises: the first error, when no session has a role to choose from.
    """
    first_error: SsoHelperError | None = None
    is_any_listed = False
    for unlisted in choice.sessions_without_listing:
        try:
            listing_progress.fetch_listing(app, unlisted)
            is_any_listed = True
        except SsoHelperError as error:
            first_error = first_error or error
            if not isinstance(error, LoginRequired):
                app.warn(f'the roles of "{unlisted.name}" could not be listed: {error.message}')
    if first_error and not is_any_listed and not choice.has_role:
        raise first_error
    return is_any_listed


def _pick_session(app: App, question: NoSessionNamed) -> SsoSession:
    """Let the user pick a session. Raises: Interrupted (130) when none was picked."""
    if not output.can_draw_picker():
        raise question
    from ssohelper.cli import pickers

    session = pickers.pick_session(app, question.sessions)
    if session is None:
        raise Interrupted("nothing was chosen")
    return session
