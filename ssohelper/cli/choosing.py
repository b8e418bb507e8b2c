"""Chooses the profile or session that a command uses. The user picks one if none is named.

Without a terminal for a picker, the error of actions.selection is raised. Off a terminal, a search
chooses no role: a script with a mistyped profile must never run as another role.
"""

from collections.abc import Sequence

from ssohelper.actions import doctor_profiles, foreign_profiles, guards, roles, selection
from ssohelper.actions.roles import KnownRoles
from ssohelper.actions.selection import NoProfileNamed, NoSessionNamed, UnknownProfile
from ssohelper.app import App
from ssohelper.cli import listing_progress, output
from ssohelper.core import role_rows
from ssohelper.core.foreign import ForeignProfile
from ssohelper.core.model import Profile, SsoSession
from ssohelper.core.query import parse_query
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.text import SOME_NAMES, role_text, shortened_name_list, show, show_message
from ssohelper.errors import ConfigInvalid, Interrupted, LoginRequired, SsoHelperError, UsageProblem


def choose_profile(text: str | None) -> Profile:
    """Return the profile that `text` or else AWS_PROFILE names, else one that the user picks.

    Raises: Interrupted (130) when the user picks none; the errors of selection.resolve_profile.
    """
    found = choose_any_profile(text, any_tool=False)
    assert isinstance(found, Profile)  # no profile of another tool was offered
    return found


def choose_any_profile(
    text: str | None, *, ask_always: bool = False, any_tool: bool = True
) -> Profile | ForeignProfile:
    """Also takes a profile of another tool. With `ask_always`, AWS_PROFILE is ignored."""
    app, session = output.get_app(), output.options().session
    found: Profile | ForeignProfile | None = None
    try:
        if text is None and ask_always:
            hint = "name a profile; see: ssohelper profile list"
            raise NoProfileNamed("which profile?", hint=hint)
        if any_tool:
            found = foreign_profiles.find_foreign_profile(app, text)
        found = found or selection.resolve_profile(app, text, session)
    except ConfigInvalid as error:
        # The error gets the reason and fix that `doctor` gives for this profile.
        name = text if text is not None else app.environ.get("AWS_PROFILE")
        raise (doctor_profiles.explain_error(app, name, error) if name else error) from error
    except NoProfileNamed:
        if not output.can_draw_picker():
            raise
        # Commands that only change settings or records do not ask if the role is guarded.
        choice = read_known_roles(app, session, any_tool=any_tool)
        found = pick_role_from(app, choice, asks_if_guarded=any_tool)
    except NoSessionNamed as question:
        found = selection.resolve_profile(app, text, _pick_session(app, question).name)
    if isinstance(found, Profile):
        warn_about_config(app, found.name)
    return found


def choose_by_words(
    words: Sequence[str], *, ask_always: bool = False, confirm: str | None = None
) -> Profile | ForeignProfile:
    """Return the profile that the words name, or the role that a search for the words finds.

    The only role that matches all words is taken; else a picker opens with the words that find
    roles. The user is asked before a guarded role is taken, and before any with `confirm`. Raises:
    UsageProblem off a terminal, with the roles found; Interrupted (130).
    """
    unknown = UnknownProfile(
        f'"{" ".join(words)}" is no profile\'s name',
        hint="list them with: ssohelper profile list",
    )
    if len(words) < 2:
        try:
            return choose_any_profile(words[0] if words else None, ask_always=ask_always)
        except UnknownProfile as error:
            if not words[0].strip():
                raise  # an empty name is an unset variable in a script
            unknown = error
    app, session = output.get_app(), output.options().session
    if not output.can_draw_picker():
        raise _make_error_with_roles(app, words, session, unknown)
    choice = read_known_roles(app, session, any_tool=True)
    index = role_rows.make_role_index(choice.rows)
    # Words that only exclude roles choose none.
    only_excluded = all(term.is_excluded for term in parse_query(words))
    matching = [] if only_excluded else index.search(words)
    if len(matching) == 1:
        row = choice.rows[matching[0]]
        output.say(f"the only match: {describe_row(choice, row)}")
        confirm_use_of_row(app, row, confirm)
        found = resolve_row(app, row)
    else:
        typed = " ".join(words)
        if not index.search(words, fuzzy=True):
            output.say(f"ssohelper: {show_message(unknown.message)}")
            output.say(f"ssohelper: hint: {show_message(unknown.hint or '')}")
            useful: list[str] = []
            for part in typed.replace(".", " ").split():
                useful += [part] if index.search([*useful, part], fuzzy=True) else []
            typed = " ".join(useful or [*unknown.offered[:1]] or words)
        found = pick_role_from(app, choice, typed)
    if isinstance(found, Profile):
        warn_about_config(app, found.name)
    return found


def _make_error_with_roles(
    app: App, words: Sequence[str], session: str | None, unknown: UnknownProfile
) -> UsageProblem:
    """Return the error off a terminal; its hint names roles that match all words."""
    if session is not None:
        selection.resolve_session(app, session)  # raises UsageProblem for an unknown session
    rows = roles.read_roles(app, session, with_foreign_profiles=True).rows
    index = role_rows.make_role_index(rows)
    found = index.search(words) or index.search(" ".join(words).replace(".", " "))
    if not found:
        return unknown
    names = [show(rows[number].profile_argument) for number in found]
    shown = shortened_name_list(names, SOME_NAMES)
    return UsageProblem(unknown.message, hint=f"name one of the roles with these words: {shown}")


def warn_about_config(app: App, profile_name: str | None = None) -> None:
    """Warn of parts of the config that other tools read differently, or ssohelper ignores."""
    for warning in app.config.read().warnings(profile_name):
        app.warn(warning)


def choose_session(text: str | None) -> SsoSession:
    """Return the session that `text` names, else the only one, else one that the user picks.

    Raises: Interrupted (130); the errors of selection.resolve_session.
    """
    app = output.get_app()
    try:
        return selection.resolve_session(app, text)
    except NoSessionNamed as question:
        return _pick_session(app, question)


def find_sessions_to_list(app: App, name: str | None) -> list[SsoSession]:
    """Without a name, return all sessions in the config that can be used."""
    sessions = [] if name else app.config.read().sso_sessions()
    return sessions if len(sessions) > 1 else [selection.resolve_session(app, name)]


def pick_role_from(
    app: App, choice: KnownRoles, typed: str = "", *, asks_if_guarded: bool = True
) -> Profile | ForeignProfile:
    """Raises: Interrupted (130) when none was picked, or the user says no to a guarded role."""
    from ssohelper.cli import pickers

    row = pickers.pick_role(app, choice, typed)
    if row is None:
        raise Interrupted("nothing was chosen")
    if asks_if_guarded and guards.is_row_guarded(app, row):
        output.say(f"chosen: {describe_row(choice, row)}")
        confirm_use_of_row(app, row)
    return resolve_row(app, row)


def confirm_use_of_row(app: App, row: RoleRow, action: str | None = None) -> None:
    """Ask before a guarded role is used, and before `action`. Raises: Interrupted (130)."""
    question = action
    if guards.is_row_guarded(app, row):
        question = f"this role is guarded; {action or 'use it'}"
    if question and not output.confirm(f"{question}?", yes=False, what="this choice"):
        raise Interrupted("nothing was done")


def describe_row(choice: KnownRoles, row: RoleRow) -> str:
    if row.provider:
        return f'profile "{show(row.role_name)}", whose credentials another tool gives'
    session = f", session {row.session_name}" if len(choice.sessions) > 1 else ""
    return role_text(row.account.id, row.account.name, row.role_name) + session


def resolve_row(app: App, row: RoleRow) -> Profile | ForeignProfile:
    if row.provider:
        return foreign_profiles.find_foreign_row(app, row)
    return selection.resolve_chosen_role(app, row.key, row.profiles)


def read_known_roles(app: App, session_name: str | None, *, any_tool: bool = False) -> KnownRoles:
    """Return the roles to choose from, after listing those of sessions without a saved list.

    Raises: UsageProblem for an unknown session or without any role; the error of AWS.
    """
    if session_name is not None:
        selection.resolve_session(app, session_name)  # raises UsageProblem for an unknown session
    choice = roles.read_roles(app, session_name, with_foreign_profiles=any_tool)
    if choice.sessions_without_listing and _fetch_missing_lists(app, choice):
        choice = roles.read_roles(app, session_name, with_foreign_profiles=any_tool)
    if not choice.rows:
        if not choice.sessions:
            selection.resolve_session(app, None)  # raises UsageProblem: no session
        raise UsageProblem(
            "there is no role to choose from",
            hint="get the list from AWS with: ssohelper list --refresh",
        )
    return choice


def _fetch_missing_lists(app: App, choice: KnownRoles) -> bool:
    """Return whether AWS listed any. Raises: the first error, when there is no role."""
    errors = list[SsoHelperError]()
    for unlisted in choice.sessions_without_listing:
        try:
            listing_progress.fetch_listing(app, unlisted)
        except SsoHelperError as error:
            errors.append(error)
            if not isinstance(error, LoginRequired):
                app.warn(f'the roles of "{unlisted.name}" could not be listed: {error.message}')
    is_any_listed = len(errors) < len(choice.sessions_without_listing)
    if errors and not is_any_listed and not choice.has_role:
        raise errors[0]
    return is_any_listed


def _pick_session(app: App, question: NoSessionNamed) -> SsoSession:
    if not output.can_draw_picker():
        raise question
    from ssohelper.cli import pickers

    session = pickers.pick_session(app, question.sessions)
    if session is None:
        raise Interrupted("nothing was chosen")
    return session
