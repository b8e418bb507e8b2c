"""Changes a session for the Sessions screen, after a question: sign-out, removal, cache."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ssohelper.actions import cache_contents, login, selection, session_edit
from ssohelper.actions.session_edit import SessionPlan
from ssohelper.core import clock_text, plan_text
from ssohelper.core.model import SsoSession
from ssohelper.core.text import count_text
from ssohelper.errors import SsoHelperError
from ssohelper.tui import background
from ssohelper.tui.running_sign_ins import STOPPED_TOO
from ssohelper.tui.screens.confirm import ConfirmScreen
from ssohelper.tui.screens.proposal import NOTHING_CHANGED
from ssohelper.tui.widgets.lines import Line, diff_lines

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.tui.dialog_app import DialogApp


async def sign_out(app: DialogApp, session: SsoSession, show_busy: Callable[[], object]) -> bool:
    """Sign out of the session, after a question. Return whether that succeeded here and at AWS."""
    services, name = app.services, session.name

    command, question = f"ssohelper logout {name}", f'Sign out of "{name}", here and at AWS?'
    if not await _ask_about_session(app, session, ConfirmScreen(question, command=command)):
        return False
    try:
        was_signing_in = app.stop_sign_in(name)
        show_busy()
        was = await background.run(app, lambda: login.log_out(services, session))
        done = clock_text.logout_result_text(name, was)
        app.show_done(done + STOPPED_TOO * was_signing_in, command)
    except SsoHelperError as error:
        app.show_error(error)
        return False
    return True


async def delete_cached_data(app: DialogApp, session: SsoSession) -> None:
    """Delete the session's cached credentials and its list of roles, after a question."""
    services, name = app.services, session.name
    command = f"ssohelper cache clear --session {name} --yes"
    question = (
        f'Delete the cached credentials and the list of roles of "{name}"? You stay signed in.'
    )
    if not await _ask_about_session(app, session, ConfirmScreen(question, command=command)):
        return
    try:
        removed = await background.run(app, lambda: cache_contents.clear_cache(services, name))
        files = count_text(removed, "file")
        app.show_done(f"cached credentials and list of roles: {files} removed", command)
    except SsoHelperError as error:
        app.show_error(error)


async def remove_session(app: DialogApp, session: SsoSession) -> bool:
    """Sign out and remove the session with its managed profiles, after a question.

    Return whether it was removed.
    """
    services, name = app.services, session.name
    if not await _check_changeable(app, session):
        return False
    return await _confirm_and_change_session(
        app,
        lambda: session_edit.plan_session_removal(services, session),
        lambda count: f'Sign out of "{name}", and remove it{f" with {count}" if count else ""}?',
        f'removed the session "{name}"',
        f"ssohelper session rm {name}",
    )


async def _ask_about_session(app: DialogApp, session: SsoSession, question: ConfirmScreen) -> bool:
    """Ask. Return whether the user says yes and the name still means this session."""
    return (
        await _check_name(app, session)
        and await app.push_screen_wait(question)
        and await _check_name(app, session)
    )


async def _check_changeable(app: DialogApp, session: SsoSession) -> bool:
    return await _check_name(app, session, selection.check_session_in_config)


async def _check_name(
    app: DialogApp,
    session: SsoSession,
    check_first: Callable[[App, SsoSession], object] = lambda _app, _session: None,
) -> bool:
    """Return whether the name still means this session, which `check_first` accepts; else show why."""
    services = app.services

    def check_session() -> None:
        check_first(services, session)
        session_edit.check_name(services, session)

    try:
        await background.run(app, check_session)
    except SsoHelperError as error:
        app.show_error(error)
        app.typing_pause.begin()  # letters meant for the dialog would run commands of the screen
        return False
    return True


async def _confirm_and_change_session(
    app: DialogApp,
    make_plan: Callable[[], SessionPlan],
    question: Callable[[str], str],
    done: str,
    command: str,
) -> bool:
    """Show the diff, ask, and make the change.

    Return whether it was made.

    `question` gets the number of changed profiles as text, or "" if none changes.
    """
    services = app.services

    def plan_and_diff() -> tuple[SessionPlan, list[Line]]:
        plan = make_plan()
        return plan, diff_lines(session_edit.diff_session_plan(services, plan))

    try:
        plan, lines = await background.run(app, plan_and_diff)
        count = len(plan.changes) - 1
        text = question(plan_text.profile_count_text(count) if count else "")
        if not await app.push_screen_wait(ConfirmScreen(text, lines=lines, command=command)):
            app.show_done(NOTHING_CHANGED)
            return False
        await background.run(app, lambda: session_edit.check_session_plan(services, plan))
        was_signing_in = app.stop_sign_in(plan.session.name)
        await background.run(app, lambda: session_edit.apply_session_plan(services, plan))
        app.show_done(done + STOPPED_TOO * was_signing_in, command)
    except SsoHelperError as error:
        app.show_error(error)
        return False
    return True
