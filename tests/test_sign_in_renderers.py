"""Ten parts of the program show when a sign-in is needed: none may contradict another.

For each state, real files are written, and each renderer runs in this process on a fixed clock. Its
text is parsed: is an interactive sign-in needed now, in how many seconds, or is that unknown?
The tenth part is Enter on a role: it offers the sign-in, or leaves with `ssohelper use`.
"""

import io
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from typing import Any, NamedTuple, NoReturn

import pytest

from ssohelper import cli, prompt_entry
from ssohelper.actions import console as consoles
from ssohelper.actions import directory, fixed_keys, login, notices, run, run_child
from ssohelper.actions.doctor_sessions import SOON_SECONDS
from ssohelper.app import App
from ssohelper.cli import output, serve_command
from ssohelper.core.clock_text import Notice
from ssohelper.core.instants import parse_duration, to_iso
from ssohelper.core.model import Profile, SignInFacts, SsoSession
from ssohelper.core.policy import Way
from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from ssohelper.endpoint.serving import Endpoint, EndpointApp
from ssohelper.errors import AwsUnreachable
from ssohelper.stores import token_cache
from ssohelper.tui.screens.accounts import AccountsScreen
from ssohelper.tui.screens.sessions import SessionsScreen
from ssohelper.tui.screens.sign_in import SignInScreen
from tests.conftest import Home
from tests.in_process import renew_in_process
from tests.long_rows import long_after
from tests.tui.driving import User, run_scenario
from tests.tui.world import until

MINUTE, HOUR = 60, 3600
LONG = 300 * 24 * HOUR
ACCOUNT, ROLE = "000000000001", "Role00"


class State(NamedTuple):
    """One state of a session's files. All times are seconds from now; None: not recorded.

    `needed_in` is what every renderer must show: 0 for now, None for "unknown".
    """

    needed_in: int | None
    token: int | None = HOUR
    began: int | None = None
    hours: float | None = None
    observed: int | None = None
    refreshed: int | None = None
    refused: int | None = None
    renewable: bool = True
    client: int = LONG
    damaged: bool = False


STATES = {
    "signed out": State(0, token=None),
    "signed out, with a configured end ahead": State(0, token=None, began=-HOUR, hours=8),
    "half a token file": State(0, damaged=True),
    "another tool's sign-in": State(None),
    "another tool's sign-in, with a configured length": State(None, hours=8),
    "another tool's sign-in, its token expired": State(None, token=-HOUR),
    "assumed": State(None, began=-HOUR),
    "assumed, ending soon": State(None, began=-8 * HOUR + 5 * MINUTE),
    "assumed, passed": State(None, began=-9 * HOUR),
    "assumed, disproved by a renewal": State(None, began=-9 * HOUR, refreshed=-MINUTE),
    "assumed, its token expired": State(None, token=-HOUR, began=-2 * HOUR),
    "configured": State(7 * HOUR, began=-HOUR, hours=8),
    "configured, of 90 days": State(2159 * HOUR, began=-HOUR, hours=2160),
    "configured, in 50 min": State(50 * MINUTE, began=-8 * HOUR + 50 * MINUTE, hours=8),
    "configured, sooner than the token": State(600, began=-8 * HOUR + 600, hours=8),
    "configured, with the token": State(40 * MINUTE, 40 * MINUTE, -8 * HOUR + 40 * MINUTE, 8),
    "configured, passed, the last token works": State(0, 40 * MINUTE, -9 * HOUR, 8),
    "configured, passed, renewed after it": State(0, began=-9 * HOUR, hours=8, refreshed=-MINUTE),
    "configured, passed, the token expired": State(0, -MINUTE, -9 * HOUR, 8),
    "configured, ahead, the token expired": State(6 * HOUR, -MINUTE, -2 * HOUR, 8),
    "observed": State(3 * HOUR, began=-HOUR, observed=4 * HOUR),
    "observed, sooner than the token": State(240, began=-4 * HOUR + 240, observed=4 * HOUR),
    "observed, passed": State(0, began=-5 * HOUR, observed=4 * HOUR),
    "observed, disproved by a renewal": State(
        None, began=-5 * HOUR, observed=4 * HOUR, refreshed=-MINUTE
    ),
    "observed and configured": State(11 * HOUR, began=-HOUR, observed=4 * HOUR, hours=12),
    "no refresh token": State(40 * MINUTE, token=40 * MINUTE, renewable=False),
    "no refresh token, an assumed end sooner": State(
        40 * MINUTE, token=40 * MINUTE, began=-8 * HOUR + 600, renewable=False
    ),
    "no refresh token, a configured end later": State(
        HOUR, began=-HOUR, hours=8, renewable=False
    ),
    "no refresh token, a configured end sooner": State(
        600, began=-8 * HOUR + 600, hours=8, renewable=False
    ),
    "no refresh token, expired": State(0, token=-MINUTE, renewable=False),
    "the client registration has ended": State(40 * MINUTE, token=40 * MINUTE, client=-MINUTE),
    "AWS refused, the last token works": State(0, 40 * MINUTE, -2 * HOUR, refused=-MINUTE),
    "AWS refused, the token expired": State(0, -MINUTE, -2 * HOUR, refused=-MINUTE),
    "AWS refused, a configured end ahead": State(0, 40 * MINUTE, -2 * HOUR, 8, refused=-MINUTE),
}  # fmt: skip
# Before a role is used, the sign-in is offered in these states, and in no other.
OFFERED = {
    "signed out", "signed out, with a configured end ahead", "half a token file",
    "configured, passed, the token expired", "no refresh token, expired",
    "AWS refused, the last token works", "AWS refused, the token expired",
    "AWS refused, a configured end ahead",
}  # fmt: skip


class Desk:
    """A home whose session gets one state after another, and the program that runs in this home."""

    def __init__(self, home: Home, emulator: Emulator, now: int, patch: pytest.MonkeyPatch) -> None:
        self.home, self.emulator, self.now, self.patch = home, emulator, now, patch
        self.needed_in: int | None = None

    def app_class(self, parent: type[App]) -> Any:
        """Return a subclass of `parent` on the fixed clock, which renews tokens in this process."""
        now = float(self.now)

        class DeskApp(parent):  # type: ignore[valid-type, misc]
            def __init__(self, *_: object, warn: Callable[[str], None] | None = None) -> None:
                slept = [0.0]
                super().__init__(
                    clock=lambda: now,
                    monotonic=lambda: time.monotonic() + slept[0],
                    sleep=lambda seconds: slept.append(slept.pop() + seconds),
                    warn=warn,
                )
                renew_in_process(self)

        return DeskApp

    def app(self) -> App:
        return self.app_class(App)()

    def session(self) -> SsoSession:
        return self.app().config.read().sso_session("corp")

    def put(self, state: State) -> None:
        """Write the state's token file, facts and settings; remove the state before it."""
        self.needed_in = state.needed_in
        app, session = self.app(), self.session()
        app.tokens.forget(session)
        app.credentials.remove_session("corp")
        app.tokens.forget_facts("corp")
        token_id, expires_at = (), None
        if state.token is not None:
            content = self.emulator.issue_token("ana", start_url=session.start_url)
            expires_at = self.now + state.token
            content["expiresAt"] = to_iso(expires_at)
            content["registrationExpiresAt"] = to_iso(self.now + state.client)
            if not state.renewable:
                del content["refreshToken"]
            path = self.home.write_token(content)
            token_id = (app.tokens.load(session).id,)
            if state.damaged:
                path.write_text(path.read_text()[:40])
        if state.refused is not None:
            self.emulator.end_sign_ins("ana")
        app.tokens.save_facts("corp", SignInFacts(
            signed_in_at=self._at(state.began), ended_at=self._at(state.refused),
            observed_hours_seconds=state.observed, refreshed_at=self._at(state.refreshed),
            token_expires_at=expires_at, token_ids=token_id, issuer="loopback",
        ))  # fmt: skip
        self.patch.delenv("SSOHELPER_SESSION_HOURS", raising=False)
        if state.hours is not None:
            self.patch.setenv("SSOHELPER_SESSION_HOURS", str(state.hours))

    def run(self, *argv: str) -> tuple[int, str, str]:
        """Run a command line in this process; return exit code, stdout and stderr."""
        out, err = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(err):
            code = cli.run(list(argv))
        return code, out.getvalue(), err.getvalue()

    def _at(self, seconds: int | None) -> int | None:
        return None if seconds is None else self.now + seconds


@pytest.fixture
def desk(home, monkeypatch) -> Iterator[Desk]:
    now = int(time.time())
    with Emulator(World.of_size(2, 1), clock=lambda: float(now)) as emulator:
        url = emulator.world.start_url
        home.write_config(
            f"[sso-session corp]\nsso_start_url = {url}\nsso_region = us-east-1\n"
            "sso_registration_scopes = sso:account:access\n\n"
            f"[profile job]\nsso_session = corp\nsso_account_id = {ACCOUNT}\n"
            f"sso_role_name = {ROLE}\nregion = eu-west-1\n"
        )
        for name, value in {**home.env, **emulator.environment(), "AWS_PROFILE": "job"}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(token_cache, "_TORN_SECONDS", 0.0)
        # The client calculates a token's expiry from time.time().
        monkeypatch.setattr(time, "time", lambda: float(now))
        made = Desk(home, emulator, now, monkeypatch)
        monkeypatch.setattr(output, "App", made.app_class(App))
        yield made


# -- the renderers: each returns the seconds that it shows until a sign-in is needed ---------------


def by_status(desk: Desk) -> int | None:
    code, out, _ = desk.run("status", "corp")
    assert code == 0
    row = out.splitlines()[0].split("\t")
    return 0 if row[2] == "signed out" else _seconds_in(row[4])


def by_status_check(desk: Desk) -> int | None:
    def is_needed_within(seconds: int) -> bool:
        code = desk.run("status", "corp", "--check", "--min", f"{seconds}s")[0]
        assert code in (0, 4)
        return code == 4

    if is_needed_within(1):
        return 0
    if not is_needed_within(LONG):
        return None
    # Tried first, because the search runs 24 commands.
    expected = desk.needed_in or LONG
    if is_needed_within(expected) and not is_needed_within(expected - 1):
        return expected
    least, most = 1, LONG
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (least, middle) if is_needed_within(middle) else (middle, most)
    return least


def by_prompt(desk: Desk) -> int | None:
    text = prompt_entry.make_prompt_line(desk.app(), None).split(" ", 1)[1].strip()
    if "?" in text or text == "ok":
        return None
    return 0 if "signed out" in text else _duration(text.strip("="))


def by_use(desk: Desk) -> int | None:
    desk.patch.setenv("_SSOHELPER_SHELL", "bash")
    code, _, err = desk.run("use", "job")
    if code == 4 or re.search(r"the sign-in has (probably )?ended", err):
        return 0
    assert code == 0, err
    if "(assumed)" in err or "may have ended" in err or "is renewed automatically" in err:
        return None
    return _duration(err, r": ([0-9dhms ]+) of the sign-in left")


def by_doctor(desk: Desk) -> int | None:
    findings = json.loads(desk.run("doctor", "--json")[1])["data"]["findings"]
    told = {one["id"]: one["message"] for one in findings}
    if "signed-out" in told or "sign-in-unreadable" in told:
        return 0
    if "sign-in-ends" in told:
        return _duration(told["sign-in-ends"], r"a new sign-in is needed in ([0-9dhms ]+)$")
    # `doctor` is silent about a later end.
    return desk.needed_in if (desk.needed_in or 0) >= SOON_SECONDS else None


def by_notices(desk: Desk) -> int | None:
    app = desk.app()
    told: list[Notice] = []
    app.__dict__["start_notice"] = told.append
    settings = app.locations.settings_file
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('notify = ["true"]\n')
    notices.give_due_notice(app, desk.session(), desk.now + LONG, even_signed_out=True)
    settings.unlink()
    return _seconds_in_notice(told[0].message) if told else None


RENDERERS: dict[str, Callable[[Desk], int | None]] = {
    "status": by_status,
    "status --check": by_status_check,
    "prompt": by_prompt,
    "use": by_use,
    "exec --server": lambda desk: _served(desk, "exec", "--server", "job", "--", "true"),
    "serve": lambda desk: _served(desk, "serve", "job"),
    "doctor": by_doctor,
    "notices": by_notices,
}


SOME = dict([*STATES.items()][::2])
_SOME_AND_ALL = pytest.mark.parametrize(
    "states", long_after(1, [SOME, STATES]), ids=["some", "all"]
)


@_SOME_AND_ALL
def test_all_renderers_agree_when_a_sign_in_is_needed(desk, states):
    disagreements = []
    on_screen = by_full_screen(desk, states)
    offered = find_states_in_which_enter_offers_a_sign_in(desk, states)
    for name, state in states.items():
        found = {"full screen": on_screen[name]}
        for renderer, read in RENDERERS.items():
            desk.put(state)
            found[renderer] = read(desk)
        found["Enter"] = 0 if name in offered else found["use"]
        disagreements += [
            f"{name}: {renderer} says {said}, not {state.needed_in}"
            for renderer, said in found.items()
            if not _is_as_said(said, state.needed_in)
        ]
    assert len(RENDERERS) + 2 == 10
    assert disagreements == []
    assert offered == OFFERED & states.keys()


@pytest.mark.parametrize(
    "argv",
    [("use", "job"), ("use", "--keys", "job"), ("exec", "job", "--", "true"), ("console", "job")],
    ids=" ".join,
)
@_SOME_AND_ALL
def test_a_command_on_a_terminal_offers_the_sign_in_that_enter_offers(desk, argv, states):
    asked, offered = list[str](), set()
    let_commands_run_on_a_terminal(desk, asked)
    for name, state in states.items():
        desk.put(state)
        asked.clear()
        desk.run(*argv)
        assert asked in ([], ["sign in now?"])
        if asked:
            offered.add(name)
    assert offered == OFFERED & states.keys()


# -- reading the time left from what each part of the program shows ----------------------------


def by_full_screen(desk: Desk, states: dict[str, State]) -> dict[str, int | None]:
    """Return what the full screen's sessions screen shows in each state; it is started once."""
    shown: dict[str, int | None] = {}

    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_screen(SessionsScreen)
        screen: Any = user.app.screen
        await until(lambda: screen.has_read_clocks)
        for name, state in states.items():
            desk.put(state)
            user.app.services = desk.app()
            before = screen._snapshot
            screen.read_clocks()
            await until(lambda before=before: screen._snapshot is not before)
            await user.pilot.pause()
            shown[name] = _seconds_on_screen(user.screen)

    run_scenario(desk.app(), scenario)
    return shown


def find_states_in_which_enter_offers_a_sign_in(desk: Desk, states: dict[str, State]) -> set[str]:
    """Return the names of the states in which Enter on a role shows the sign-in dialog.

    In the other states it leaves with `ssohelper use`. The full screen is started once.
    """
    offered: set[str] = set()
    # On the fixed clock a sign-in would ask the emulator without a pause, and take 20 s.
    desk.patch.setattr(login, "log_in", _fail_to_sign_in)
    # With a fresh list of roles, no refresh changes a state.
    desk.put(STATES["assumed"])
    directory.fetch_listing(desk.app(), desk.session())

    async def scenario(user: User) -> None:
        left: list[str | None] = []
        user.app.leave = lambda command=None, chosen=None: left.append(command)  # type: ignore[method-assign]
        await user.wait_for_text("Role00")
        await user.press(*"00001", "down")
        for name, state in states.items():
            desk.put(state)
            user.app.services = desk.app()
            await user.press("enter")
            await until(lambda: left or isinstance(user.app.screen, SignInScreen))
            if not left:
                offered.add(name)
                await user.wait_for_screen(SignInScreen)
                await user.press("escape")
                await user.wait_for_screen(AccountsScreen)
                await until(lambda: not user.app.busy.is_running)
            else:
                assert left == ["ssohelper use job"]
            left.clear()

    run_scenario(desk.app(), scenario)
    return offered


def _fail_to_sign_in(*_: object, **_more: object) -> NoReturn:
    raise AwsUnreachable("this test signs in to nothing")


def let_commands_run_on_a_terminal(desk: Desk, asked: list[str]) -> None:
    """Let commands ask, note their questions in `asked`, and answer each with "no".

    The programs that they start are left out: the user's command and the browser.
    """

    def confirm(question: str, **_: object) -> bool:
        asked.append(question)
        return False

    def open_console(app: App, chosen: Profile, *_: object) -> int:
        return fixed_keys.release_fixed_keys(app, chosen, Way.CONSOLE).expires_at

    desk.patch.setattr(output, "can_ask_user", lambda: True)
    desk.patch.setattr(output, "confirm", confirm)
    desk.patch.setattr(run, "replace_process", lambda *_: 0)
    desk.patch.setattr(consoles, "open_console_in_browser", open_console)
    desk.patch.setenv("_SSOHELPER_SHELL", "bash")
    desk.patch.setenv("BROWSER", "true")


def _seconds_on_screen(text: str) -> int | None:
    if re.search(r"The sign-in has (probably )?ended\.|You are signed out\.", text):
        assert "Press n to sign in" in text
        return 0
    [line] = re.findall(r"^ +sign-in +.*$", text, re.M)
    assert "Press n to sign in" not in text
    assert "assumed" in line or ("ended" not in line and "may have ended" not in text)
    return None if "AWS does not report a sign-in's end" in line else _seconds_in(line)


def _served(desk: Desk, *argv: str) -> int | None:
    """Run an endpoint for its first round of work; return the seconds that it has printed."""

    class OurEndpoint(Endpoint):
        def start(self) -> None:
            self.background.do_one_round()

    class OurApp(desk.app_class(EndpointApp)):  # type: ignore[misc]
        def start_notice(self, notice: Notice) -> None:
            pass  # the test reads only the notice that the endpoint prints

    def make_endpoint(*words: Any, **more: Any) -> Endpoint:
        return OurEndpoint(*words, **more, make_app=OurApp)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serve_command, "Endpoint", make_endpoint)
        patch.setattr(serve_command, "_print_in_thread", output.say)
        patch.setattr(serve_command, "_block_signals", set)
        patch.setattr(serve_command.signal, "sigwait", lambda _ending: 15)
        patch.setattr(run_child, "block_signals", lambda: None)
        patch.setattr(run_child, "run_program_to_end", lambda *_: run_child.ChildExit(0, False))
        code, _, err = desk.run(*argv)
    if code == 4:
        return 0
    assert code in (0, 128 + 15), err
    notice = [line for line in err.splitlines() if line.startswith("ssohelper: notice: ")]
    assert len(notice) <= 1
    # One of the two tells the user.
    assert bool(notice) is not ("AWS does not report its length" in err)
    return _seconds_in_notice(notice[0]) if notice else None


def _seconds_in_notice(message: str) -> int:
    if re.search(r"has (probably )?ended|is over|is signed out", message):
        return 0
    return _duration(message, r"\(in ([0-9dhms ]+)\)")


def _seconds_in(text: str) -> int | None:
    """Return the seconds in a text such as `2h 13m left (configured)`."""
    if text == "-" or "assumed" in text:
        return None
    if "ended " in text:
        return 0
    return _duration(text, r"([0-9dhms ]+) left")


def _duration(text: str, pattern: str = "(.*)") -> int:
    found = re.search(pattern, text)
    assert found, text
    seconds = parse_duration(found[1].strip())
    assert seconds is not None, text
    return seconds


def _is_as_said(found: int | None, expected: int | None) -> bool:
    """Return whether two durations agree. Texts leave out seconds, and minutes above a day."""
    if found is None or expected is None or not expected:
        return found == expected
    unit = HOUR if expected >= 24 * HOUR else MINUTE
    return expected - unit < found <= expected
