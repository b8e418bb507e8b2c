"""The commands login, logout and status."""

from typing import Any

import click

from ssohelper.actions import clocks, prompt_notes, protected_sign_ins, regions, tokens
from ssohelper.actions import login as sign_in
from ssohelper.actions.login import LoginOptions, LoginOutcome, Move
from ssohelper.actions.selection import (
    find_session_not_in_config,
    find_sessions_not_in_config,
    list_sessions,
    resolve_session,
)
from ssohelper.app import App
from ssohelper.cli import choosing, output, status_output
from ssohelper.cli.status_output import Status
from ssohelper.cli.terminal_ui import TerminalUi
from ssohelper.core import clock_text
from ssohelper.core.instants import duration_text, parse_duration, to_iso
from ssohelper.core.model import SsoSession
from ssohelper.core.text import show
from ssohelper.errors import AwsUnreachable, LocalState, LoginRequired, SsoHelperError, UsageProblem
from ssohelper.system import browser


class Duration(click.ParamType[int]):
    """A click type for a duration such as 20m, 1h30m or 90. Its value is in whole seconds."""

    name = "duration"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        seconds = value if isinstance(value, int) else parse_duration(str(value))
        if seconds is None:
            self.fail(
                f'"{show(str(value), 40)}" is not a duration such as 20m, 1h30m, 90s', param, ctx
            )
        return seconds


def sign_in_on_terminal(
    app: App,
    session: SsoSession,
    *,
    device_code: bool = False,
    no_browser: bool = False,
    qr: bool = False,
    force: bool = False,
    yes: bool = False,
    min_seconds: int = sign_in.DEFAULT_MIN_SECONDS,
    completes: bool = False,
    move: Move | None = None,
) -> LoginOutcome:
    """Sign in to the session if that is needed; print the result and return it.

    Uses a device code with `device_code`, or if no browser can run on this host. With `yes`, keeps
    the sign-in of a different user than last time without asking. With `completes`, also signs in
    at further portals that have no sign-in, if the present sign-in is kept. `move`: see LoginOptions.
    """
    ui = TerminalUi(app, session, no_browser=no_browser, qr=qr, yes=yes)
    setting = sign_in.browser_command_setting(app, session)
    device_code = device_code or browser.find_opener(app.environ, setting) is None
    options = LoginOptions(device_code, force, min_seconds, completes, move)
    outcome = sign_in.log_in(app, session, ui, options)
    outlook = clocks.outlook_of_token(app, session, outcome.token)
    output.say(
        clock_text.login_result_text(
            session.name, outcome.how, outlook, app.clock.now(), outcome.user
        )
    )
    return outcome


@click.command()
@click.argument("session_name", metavar="[SESSION]", required=False)
@click.option("--device-code", is_flag=True, help="Confirm a code in a browser on any machine.")
@click.option("--no-browser", is_flag=True, help="Print the page's address, open no browser.")
@click.option("--qr", is_flag=True, help="Show the page's address as a QR code too.")
@click.option("--force", is_flag=True, help="Sign in even if the present sign-in is still valid.")
@click.option(
    "--yes", is_flag=True, help="Do not ask when another user than last time has signed in."
)
@click.option(
    "--min",
    "min_seconds",
    type=Duration(),
    default="20m",
    show_default=True,
    help="Sign in only if the present sign-in is known to end within this time. Of a sign-in whose "
    "end is not known, warn that it may end sooner.",
)
@output.common_options
def login(
    session_name: str | None,
    **how: Any,
) -> None:
    """Sign in to a session and save its token where all AWS tools find it.

    \b
    Examples:
      ssohelper login                    the only session, or AWS_PROFILE's
      ssohelper login corp --min 4h      only if it does not last four hours more
      ssohelper login --device-code      the browser is on another machine
    """
    app = output.get_app()
    session = choosing.choose_session(_chosen_session_name(session_name))
    outcome = sign_in_on_terminal(app, session, **how)
    if output.options().json:
        data = {
            "session": session.name,
            "result": outcome.how.replace(" ", "_"),
            "user": outcome.user,
            "token_expires_at": to_iso(outcome.token.expires_at),
        }
        output.print_json(data, app.warnings)


@click.command()
@click.argument("session_name", metavar="[SESSION]", required=False)
@click.option("--all", "everywhere", is_flag=True, help="Sign out of every session.")
@output.common_options
def logout(session_name: str | None, everywhere: bool) -> None:
    """Sign out of a session: end it at AWS, remove its token and role credentials here.

    \b
    Examples:
      ssohelper logout corp
      ssohelper logout --all
    """
    app = output.get_app()
    chosen = _chosen_session_name(session_name)
    if everywhere and chosen:
        raise UsageProblem(f'give "{chosen}" or --all, not both')
    sessions = list_sessions(app) if everywhere else _find_signed_in_sessions(app, chosen)
    errors: list[SsoHelperError] = []
    results: list[dict[str, Any]] = []
    for session in sessions:
        try:
            was_signed_in = sign_in.log_out(app, session)
        except (AwsUnreachable, LocalState) as error:
            errors.append(error)
            results.append({"session": session.name, "revoked": False})
            continue
        results.append({"session": session.name, "revoked": was_signed_in})
        output.say(clock_text.logout_result_text(session.name, was_signed_in))
    if everywhere:
        protected_sign_ins.forget_records_of_ended_sign_ins(app)
        if not sessions:
            output.say("there is no sso-session to sign out of")
    if output.options().json:
        output.print_json(results, app.warnings)
    for earlier in errors[:-1]:
        output.report_error(earlier)
    if errors:
        raise errors[-1]
    if everywhere:
        protected_sign_ins.check_sign_in_records_readable(app)


@click.command("status")
@click.argument("session_name", metavar="[SESSION]", required=False)
@click.option("--check", is_flag=True, help="Exit 4 when a sign-in will be needed soon.")
@click.option(
    "--min",
    "min_seconds",
    type=Duration(),
    default="30m",
    show_default=True,
    help="With --check: exit 4 if a sign-in is needed within this time.",
)
@output.common_options
def print_status(session_name: str | None, check: bool, min_seconds: int) -> None:
    """Show how long each session's sign-in, access token and role credentials last.

    \b
    Examples:
      ssohelper status
      ssohelper status corp --json
      ssohelper status --check --min 2h || ssohelper login --min 2h
    """
    app = output.get_app()
    chosen = _chosen_session_name(session_name)
    sessions = app.config.read().sso_sessions()
    unlisted = [one for one in find_sessions_not_in_config(app) if chosen in (None, one.name)]
    protected_sign_ins.warn_of_damaged_sign_in_records(app)
    if chosen:
        is_known = chosen in {session.name for session in sessions}
        sessions = [] if unlisted and not is_known else [resolve_session(app, chosen)]
    elif check and not sessions:
        resolve_session(app, None)  # raises an error that says why no session can be used
    unusable = [] if chosen else clocks.list_unusable_sessions(app)
    needing = [
        one
        for one in (sessions or (unlisted if chosen else []))
        if check and tokens.is_sign_in_needed(app, one, min_seconds)
    ]
    for session in (*unlisted, *sessions):
        prompt_notes.refresh_prompts(
            app, session
        )  # prompts may not show another tool's sign-in or sign-out yet
    sessions += unlisted
    for path in app.storage.find_clear_files(sessions):
        app.warn(f'"{show(path)}": {clock_text.CLEAR_SIGN_IN}; end it with: ssohelper logout --all')
    status = Status(
        [
            clocks.load_session_clock(app, one, regions.find_answering_region(app, one))
            for one in sessions
        ],
        unlisted,
        unusable,
        clocks.load_cached_credentials(app, sessions),
    )
    if output.options().json:
        status_output.print_status_json(app, status)
    else:
        status_output.print_status_tables(app, status)
    if needing:
        names = ", ".join(f'"{session.name}"' for session in needing)
        raise LoginRequired(
            f"an interactive sign-in to {names} is needed within {duration_text(min_seconds)}",
            # With --force, because `login` alone does nothing if the sign-in lasts 20 minutes more.
            hint=f"sign in with: ssohelper login {needing[0].name} --force",
        )


# -- session names, texts and JSON -------------------------------------------------------------


def _chosen_session_name(argument: str | None) -> str | None:
    option = output.options().session
    if output.checked_session_name(argument) and option and argument != option:
        raise UsageProblem(f'two sessions are named: "{argument}" and "{option}"')
    return argument or option


def _find_signed_in_sessions(app: App, chosen: str | None) -> list[SsoSession]:
    found = find_session_not_in_config(app, chosen)
    if found is not None:
        return [found]
    names = app.config.read().session_names()
    if (
        chosen
        and chosen not in names
        and protected_sign_ins.forget_records_of_ended_sign_ins(app, chosen)
    ):
        output.say(clock_text.logout_result_text(chosen, was_signed_in=False))
        return []
    return [choosing.choose_session(chosen)]
