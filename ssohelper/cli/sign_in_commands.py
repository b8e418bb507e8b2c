"""The commands login, logout and status; the sign-in on the terminal."""

import contextlib
import os
import select
import sys
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import click

from ssohelper.actions import (
    clocks,
    foreign_profiles,
    missing_sessions,
    protected_sign_ins,
    regions,
    selection,
    tokens,
)
from ssohelper.actions import login as sign_in
from ssohelper.actions.clocks import SessionClock, UnusableSession
from ssohelper.app import App
from ssohelper.cli import choosing, colors, output
from ssohelper.cli.table import Cell
from ssohelper.cli.terminal_dialogue import say_first_lines
from ssohelper.core import clock_text
from ssohelper.core.device_flow import DeviceAuthorization
from ssohelper.core.instants import duration_text, parse_duration, to_iso
from ssohelper.core.model import CachedCredentials, RoleKey, SsoSession
from ssohelper.core.service_hosts import is_loopback_url
from ssohelper.core.text import show
from ssohelper.errors import AwsUnreachable, LocalState, LoginRequired, SsoHelperError, UsageProblem
from ssohelper.system import browser

_USUAL = sign_in.LoginOptions()
# The longest line that Linux's terminals take.
_LONGEST_LINE = 4096


class Duration(click.ParamType[int]):
    name = "duration"

    def convert(self, value: Any, param: Any, ctx: Any) -> int:
        seconds = value if isinstance(value, int) else parse_duration(str(value))
        if seconds is None:
            said = f'"{show(str(value), 40)}" is not a duration such as 20m, 1h30m, 90s'
            self.fail(said, param, ctx)
        return seconds


class TerminalSignIn:
    """With `yes`, another user than last time, and another portal, are accepted."""

    def __init__(
        self,
        app: App,
        session: SsoSession,
        opener: browser.Opener | None,
        qr: bool = False,
        yes: bool = False,
    ) -> None:
        self._app, self._session, self._opener = app, session, opener
        self._qr, self._yes = qr, yes
        self._reads_lines = opener is None and self.can_ask() and sys.platform != "win32"

    def show_page(self, url: str, port: int) -> None:
        name = show(self._session.name)
        where = "a browser on this machine"
        if self._opener is not None:
            where = "the browser that opens now; if none does, open this page on this machine"
        output.say(f'sign in to "{name}" in {where}:')
        output.say(f"\n    {show(url)}\n")
        environ = self._app.environ
        # sshd sets this to the client's address and port, and this machine's.
        connection = environ.get("SSH_CONNECTION", "").split()
        if len(connection) == 4:
            host = f"{environ.get('LOGNAME') or environ.get('USER') or 'USER'}@{connection[2]}"
            output.say("for a browser on your own machine, run there first:")
            output.say(f"\n    ssh -L {port}:127.0.0.1:{port} {show(host)}\n")
        if self._reads_lines:
            output.say("or paste the address of the page that the browser cannot reach at the end")
        if self._qr:
            # This sign-in redirects to a port of this machine, which a phone cannot reach.
            output.say(f"to sign in with a phone: ssohelper login {name} --device-code --qr")

    def read_line(self) -> str | None:
        # On Windows, select takes sockets only.
        if not self._reads_lines or not select.select([sys.stdin], [], [], 0)[0]:
            return None
        return os.read(sys.stdin.fileno(), _LONGEST_LINE).decode("utf-8", "replace").strip() or None

    def show_code(self, authorization: DeviceAuthorization) -> None:
        output.say(
            f'you are signing in to "{show(self._session.name)}". '
            "Go on only if you started this yourself, and if the page shows this very code:"
        )
        output.say(f"\n    {show(authorization.user_code)}\n")
        # The demo's pages are on this machine.
        is_local = is_loopback_url(authorization.verification_uri)
        where = "a browser on this machine" if is_local else "any browser, on any machine"
        output.say(f"open this page in {where}:")
        output.say(f"\n    {show(authorization.verification_uri_complete)}\n")
        if self._qr:
            from ssohelper.cli import qr_code

            encoding = getattr(sys.stderr, "encoding", None) or "utf-8"
            output.say(qr_code.qr_text(authorization.verification_uri_complete, encoding))
        if authorization.verification_uri != authorization.verification_uri_complete:
            output.say(f"or type the code at {show(authorization.verification_uri)}")

    def open_browser(self, make_address: Callable[[], str]) -> bool:
        if self._opener is None:
            return False
        started = browser.start_opener(self._opener, make_address(), self._app.environ)
        if started is None:
            output.say(f'"{show(self._opener[0])}" could not be started: open the page yourself')
        return started is not None

    def report_waiting(self) -> None:
        output.say(
            f'another login of "{show(self._session.name)}" is running: waiting for its result'
        )

    def report_further_region(self, region: str) -> None:
        output.say(f"now sign in in the region {show(region)} too, as the same user")

    def confirm(self, question: str) -> bool:
        what = "another user's sign-in"
        return output.confirm(say_first_lines(question), yes=self._yes, what=what)

    def can_ask(self) -> bool:
        return output.can_ask_user()

    def is_cancelled(self) -> bool:
        return False


def sign_in_on_terminal(
    app: App,
    session: SsoSession,
    options: sign_in.LoginOptions = _USUAL,
    *,
    no_browser: bool = False,
    qr: bool = False,
    yes: bool = False,
) -> sign_in.LoginOutcome:
    """Sign in if that is needed; print the result and return it.

    Uses a device code if no browser can run on this host. With `yes`, another user than last time
    is accepted.
    """
    command = app.settings.get("browser", session=session.name)
    opener = browser.find_opener(app.environ, command)
    ui = TerminalSignIn(app, session, None if no_browser else opener, qr, yes)
    options = sign_in.choose_method(app, options, has_browser=opener is not None)
    outcome = sign_in.log_in(app, session, ui, options)
    outlook, now = clocks.outlook_of_token(app, session, outcome.token), app.clock.now()
    output.say(clock_text.login_result_text(session.name, outcome.how, outlook, now, outcome.user))
    return outcome


@click.command(cls=output.Command)
@click.argument("session_name", metavar="[SESSION]", required=False)
@click.option("--device-code", is_flag=True, help="Confirm a code in a browser on any machine.")
@click.option("--no-browser", is_flag=True, help="Print the page's address, open no browser.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Let the browser return to this port of 127.0.0.1, as ssh -L may forward.",
)
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
def login(
    app: App,
    session_name: str | None,
    device_code: bool,
    port: int | None,
    force: bool,
    min_seconds: int,
    **how: bool,
) -> None:
    """Sign in to a session and save its token where all AWS tools find it.

    \b
    Examples:
      ssohelper login                    the only session, or AWS_PROFILE's
      ssohelper login corp --min 4h      only if it does not last four hours more
      ssohelper login --device-code      the browser is on another machine
      ssohelper login --port 8400        the same, through: ssh -L 8400:127.0.0.1:8400 HOST
    """
    if device_code and port:
        raise UsageProblem("a sign-in by device code returns to no port; leave out --port")
    session = choosing.choose_session(_chosen_session_name(session_name))
    options = sign_in.LoginOptions(device_code, port or 0, force, min_seconds)
    outcome = sign_in_on_terminal(app, session, options, **how)
    data = {
        "session": session.name,
        "result": outcome.how.replace(" ", "_"),
        "user": outcome.user,
        "token_expires_at": to_iso(outcome.token.expires_at),
    }
    output.print_if_json(data)


@click.command(cls=output.Command)
@click.argument("session_name", metavar="[SESSION]", required=False)
@click.option("--all", "everywhere", is_flag=True, help="Sign out of every session.")
def logout(app: App, session_name: str | None, everywhere: bool) -> None:
    """Sign out of a session: end it at AWS, remove its token and role credentials here.

    \b
    Examples:
      ssohelper logout corp
      ssohelper logout --all
    """
    chosen = _chosen_session_name(session_name)
    if everywhere and chosen:
        raise UsageProblem(f'give "{chosen}" or --all, not both')
    sessions = selection.list_sessions(app) if everywhere else _find_signed_in_sessions(app, chosen)
    errors: list[SsoHelperError] = []
    results: list[dict[str, Any]] = []
    for session in sessions:
        was_signed_in = False
        try:
            was_signed_in = sign_in.log_out(app, session)
            output.say(clock_text.logout_result_text(session.name, was_signed_in))
        except (AwsUnreachable, LocalState) as error:
            errors.append(error)
        results.append({"session": session.name, "revoked": was_signed_in})
    if everywhere:
        protected_sign_ins.forget_stale_records(app)
        if not sessions:
            output.say("there is no sso-session to sign out of")
    output.print_if_json(results)
    for earlier in errors[:-1]:
        output.report_error(earlier)
    if errors:
        raise errors[-1]
    if everywhere:
        protected_sign_ins.check_records_readable(app)


@click.command("status", cls=output.Command)
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
def print_status(app: App, session_name: str | None, check: bool, min_seconds: int) -> None:
    """Show how long each session's sign-in, access token and role credentials last.

    \b
    Examples:
      ssohelper status
      ssohelper status corp --json
      ssohelper status --check --min 2h || ssohelper login --min 2h
    """
    chosen = _chosen_session_name(session_name)
    sessions = app.config.read().sso_sessions()
    unlisted = [one for one in selection.find_unlisted_sessions(app) if chosen in (None, one.name)]
    protected_sign_ins.warn_of_damaged_records(app)
    if chosen:
        is_known = chosen in {session.name for session in sessions}
        sessions = [] if unlisted and not is_known else [selection.resolve_session(app, chosen)]
    elif check and not sessions:
        selection.resolve_session(app, None)  # raises an error that says why no session can be used
    unusable = [] if chosen else clocks.list_unusable_sessions(app)
    needing = [
        one
        for one in (sessions or (unlisted if chosen else []))
        if check and tokens.is_sign_in_needed(app, one, min_seconds)
    ]
    for session in (*unlisted, *sessions):
        # Prompts may not show another tool's sign-in or sign-out yet.
        clocks.refresh_prompts(app, session)
    sessions += unlisted
    for path in app.storage.find_clear_files(sessions):
        app.warn(f'"{show(path)}": {clock_text.CLEAR_SIGN_IN}; end it with: ssohelper logout --all')
    seen = [
        clocks.load_session_clock(app, one, regions.list_portals_to_ask(app, one)[0].region)
        for one in sessions
    ]
    status = Status(seen, unlisted, unusable, clocks.load_cached_credentials(app, sessions))
    print_found = _print_status_json if output.options().json else _print_status_tables
    print_found(app, status)
    if needing:
        names = ", ".join(f'"{session.name}"' for session in needing)
        raise LoginRequired(
            f"an interactive sign-in to {names} is needed within {duration_text(min_seconds)}",
            # `login` alone does nothing if the sign-in lasts 20 minutes more.
            hint=f"sign in with: ssohelper login {needing[0].name} --force",
        )


# -- session names -------------------------------------------------------------


def _chosen_session_name(argument: str | None) -> str | None:
    option = output.options().session
    if output.checked_session_name(argument) and option and argument != option:
        raise UsageProblem(f'two sessions are named: "{argument}" and "{option}"')
    return argument or option


def _find_signed_in_sessions(app: App, chosen: str | None) -> list[SsoSession]:
    found = selection.find_unlisted_session(app, chosen)
    if found is not None:
        return [found]
    names = app.config.read().session_names()
    if chosen and chosen not in names and protected_sign_ins.forget_stale_records(app, chosen):
        output.say(clock_text.logout_result_text(chosen, was_signed_in=False))
        return []
    return [choosing.choose_session(chosen)]


# -- what status prints ------------------------------------------------------------------------


class Status(NamedTuple):
    """`unlisted` are the sessions in `seen` that are not in the config."""

    seen: list[SessionClock]
    unlisted: list[SsoSession]
    unusable: list[UnusableSession]
    credentials: list[tuple[RoleKey, CachedCredentials]]


def _print_status_json(app: App, status: Status) -> None:
    def row(one: SsoSession | UnusableSession, clock: Mapping[str, Any], **others: Any) -> Any:
        shown = {name: clock[name] for name in SessionClock._field_defaults}
        del shown["token_life_seconds"]
        times = {name: to_iso(at) for name, at in shown.items() if name.endswith("_at") and at}
        named = {"name": one.name, "start_url": one.start_url, "region": one.region}
        return {**named, "reason": None, "in_config": True, **shown, **times, **others}

    sessions = [
        row(one.session, one._asdict(), in_config=one.session not in status.unlisted)
        for one in status.seen
    ]
    for one in status.unusable:
        sessions.append(row(one, SessionClock._field_defaults, state="unusable", reason=one.reason))
    data = {
        "storage": app.storage.apply_setting(),
        "sessions": sessions,
        "credentials": [
            {
                **key.json_fields,
                **({"chain": key.text} if key.chain else {}),
                "expires_at": to_iso(cached.credentials.expires_at),
                "session_duration_seconds": cached.life_seconds,
            }
            for key, cached in status.credentials
        ],
    }
    output.print_json(data)


def _print_status_tables(app: App, status: Status) -> None:
    seen, unlisted, unusable, credentials = status
    now, aws_now = app.clock.now(), app.clock.aws_now()
    rows = [_clock_row(clock, now, in_config=clock.session not in unlisted) for clock in seen]
    for session in unusable:
        rows.append([session.name, "-", colors.state_cell("unusable"), "-", session.reason])
    if rows:
        output.print_rows(["session", "user", "state", "access token", "sign-in"], rows)
    else:
        missing = missing_sessions.list_missing_sessions(app)
        for one in missing:
            output.say(missing_sessions.describe_missing_session(one))
        if not missing:
            output.say("there is no sso-session yet; onboard with: ssohelper setup START_URL")
    if credentials:
        if sys.stdout.isatty():
            output.echo()
        rows = []
        for key, cached in credentials:
            left = _time_left_cell(cached.credentials.expires_at, aws_now)
            rows.append([key.session_name, key.account_id, show(key.role_label), left])
        output.print_rows(["session", "account", "role", "role credentials"], rows)
    with contextlib.suppress(SsoHelperError):
        found = foreign_profiles.find_foreign_profile(app, None)
        if found is not None:
            output.say(found.description)
    if app.storage.apply_setting() == "keyring":
        output.say("sign-ins are encrypted, with a key in the keyring")


def _clock_row(clock: SessionClock, now: int, *, in_config: bool) -> list[str | Cell]:
    lasts: str | Cell = "-"
    if clock.token_expires_at is not None:
        lasts = _time_left_cell(clock.token_expires_at, now)
        if clock.refreshable:  # the expiry of a renewable token does not matter
            lasts = f"{lasts.text}, renewed automatically"
    ends: str | Cell = clock_text.sign_in_end_text(clock.outlook, now)
    if clock.outlook.at is not None and clock.outlook.reason != "assumed":
        ends = colors.time_cell(str(ends), clock.outlook.at - now)
    state = text = clock.state.replace("_", " ")
    if clock.answering_region not in (None, clock.session.region):
        text += f", {clock.answering_region} answers"
    if not in_config:
        text += f", {clock_text.NOT_IN_CONFIG}"
    return [clock.session.name, clock.user or "-", colors.state_cell(state, text), lasts, ends]


def _time_left_cell(at: int, now: int) -> Cell:
    return colors.time_cell(clock_text.time_left_text(at, now), at - now)
