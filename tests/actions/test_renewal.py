"""How a token is renewed: one request, sent once, and only where the new token can be saved."""

import errno
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ssohelper.actions import clocks, renewal, tokens
from ssohelper.actions.renewal import renew_token
from ssohelper.core import prompt_text
from ssohelper.core.model import SignInFacts
from ssohelper.core.sign_in_outlook import PromptClock, PromptKind
from ssohelper.errors import (
    AnswerLost,
    AwsUnreachable,
    LocalState,
    LockNotObtained,
    LoginRequired,
    RegistrationRejected,
    Throttled,
)
from ssohelper.stores import files
from tests.actions.world import HOUR, KEY, NOW, SESSION, WorldApp, token

EXPIRED = 'the session "corp" expired'


@pytest.fixture
def app(tmp_path) -> WorldApp:
    return WorldApp(tmp_path, sleeps=True)


def renew(app: WorldApp, seen: str = "first") -> None:
    renew_token(app, SESSION, token(seen).id)


def refuse(app: WorldApp, message: str, seen: str = "first") -> LoginRequired:
    """Let AWS refuse the refresh token; return the error, which has this message."""
    app.renewal = app.renewal if isinstance(app.renewal, LoginRequired) else LoginRequired("no")
    with pytest.raises(LoginRequired, match=message) as refused:
        renew(app, seen)
    return refused.value


def is_locked(app: WorldApp, lock: str = "lock_token", of: Any = SESSION) -> bool:
    try:
        with getattr(app.tokens, lock)(of, app.clock.deadline(0)) as is_held:
            return is_held is False
    except LockNotObtained:
        return True


def before_locking(app: WorldApp, monkeypatch, act: Callable[[Any], object]) -> None:
    """Call `act` with the deadline before the lock for renewals is taken."""
    really_lock = app.tokens.lock_token

    def lock(session: Any, deadline: Any) -> Any:
        act(deadline)
        return really_lock(session, deadline)

    monkeypatch.setattr(app.tokens, "lock_token", lock)


def let_a_shell_ask(app: WorldApp) -> None:
    """Write the prompt file that a shell reads from then on."""
    app.prompt_state.write(KEY, "as before")


def prompt_rows(app: WorldApp) -> str:
    return app.prompt_state.prompt_file(KEY).read_text().strip()


def rows_of(at: int, kind: PromptKind) -> str:
    return prompt_text.prompt_rows_to_line(prompt_text.prompt_rows(PromptClock(at, kind)))


def token_folder_refuses(monkeypatch: pytest.MonkeyPatch, app: WorldApp, call: str, number: int):
    """Make writes to the token folder fail: as root, file modes do not prevent them."""
    really = getattr(os, call)

    def refuse(target: Any, *words: Any, **more: Any) -> Any:
        place = os.readlink(f"/proc/self/fd/{target}") if call == "write" else os.fspath(target)
        creates = call == "write" or (words and words[0] & os.O_CREAT)
        if creates and str(app.locations.token_folder) in str(place):
            raise OSError(number, os.strerror(number))
        return really(target, *words, **more)

    monkeypatch.setattr(os, call, refuse)


def let_disk_take_no_lock(app: WorldApp, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Make the next `times` lock files of the token folder fail as on a read-only disk."""
    really_open, left = files.open_file.open_own_file, [times]

    def open_file(path: str, flags: int = os.O_RDONLY, **more: Any) -> Any:
        is_lock = flags & os.O_CREAT and path.startswith(str(app.locations.token_folder))
        if is_lock and left[0]:
            left[0] -= 1
            raise OSError(errno.EROFS, "read-only")
        return really_open(path, flags, **more)

    monkeypatch.setattr(files.open_file, "open_own_file", open_file)


class TestOneRequest:
    def test_a_renewal_writes_the_new_token(self, app):
        app.sign_in(0)
        renew(app)
        assert (app.stands(), app.used) == ("renewed-1", ["first"])
        assert app.tokens.load(SESSION).refresh_token
        assert app.waited == [renewal.ANSWER_SECONDS] == [60.0]

    def test_nothing_is_sent_when_signed_out_or_without_refresh_token(self, app):
        with pytest.raises(LoginRequired) as refused:
            renew(app)
        assert refused.value.message == 'the session "corp" is signed out'
        assert refused.value.hint == "sign in with: ssohelper login corp"
        for how in ({"refresh": None}, {"client_until": NOW}):
            app.sign_in(0, **how)
            with pytest.raises(LoginRequired, match=EXPIRED):
                renew(app)
        assert (app.used, app.slept) == ([], 0)
        assert app.facts() == SignInFacts(), "nothing has ended that we saw"

    @pytest.mark.parametrize(
        "error", [AwsUnreachable("down"), Throttled("429"), LocalState("x"), AnswerLost("x")]
    )
    def test_a_failed_renewal_leaves_the_token_and_is_not_repeated(self, app, error):
        app.sign_in(0)
        app.renewal = error
        signals = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        with pytest.raises(type(error)):
            renew(app)
        assert (app.stands(), app.used, app.slept) == ("first", ["first"], 0)
        assert app.facts().ended_at is None
        assert list(app.locations.token_folder.glob(".ssohelper*")) == []  # the reserved space
        assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == signals


class TestReservedSpace:
    """A refresh token is sent only where the new token can be saved."""

    @pytest.mark.parametrize(
        ("call", "number"),
        [("write", errno.ENOSPC), ("write", errno.EDQUOT), ("open", errno.EROFS)],
        ids=["full", "quota", "read-only"],
    )
    def test_nothing_is_sent_when_the_token_folder_cannot_be_written(
        self, app, monkeypatch, call, number
    ):
        app.sign_in(0)
        before = app.tokens.read_token_file_fingerprint(SESSION)
        token_folder_refuses(monkeypatch, app, call, number)
        with pytest.raises(LocalState, match="cannot be written"):
            renew(app)
        assert app.used == []
        assert app.tokens.read_token_file_fingerprint(SESSION) == before

    def test_space_is_reserved_during_the_request_only(self, app):
        app.sign_in(0)
        folder, found = app.locations.token_folder, list[int]()
        app.while_renewed = lambda: found.extend(
            path.stat().st_size for path in folder.glob(".ssohelper*")
        )
        renew(app)
        [size] = found
        assert size >= 2 * Path(app.tokens.token_file(SESSION)).stat().st_size
        assert list(folder.glob(".ssohelper*")) == []

    def test_a_disk_that_fills_up_during_the_request_loses_no_token(self, app, monkeypatch):
        """The space was reserved before: rewriting the file needs no more."""
        app.sign_in(0)
        app.while_renewed = lambda: token_folder_refuses(monkeypatch, app, "open", errno.ENOSPC)
        renew(app)
        assert app.stands() == "renewed-1"

    def test_when_the_facts_cannot_be_saved_the_token_is(self, app, monkeypatch):
        app.sign_in(0)

        def refuse(*_: object) -> None:
            raise LocalState("disk full")

        monkeypatch.setattr(app.tokens, "save_facts", refuse)
        renew(app)
        assert app.stands() == "renewed-1"


class TestSignals:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_signals_wait_from_the_request_until_the_file_is_written(self, app, number):
        app.sign_in(0)
        stood: list[str | None] = []
        before = signal.signal(number, lambda *_: stood.append(app.stands()))
        app.while_renewed = lambda: signal.pthread_kill(threading.get_ident(), number)
        try:
            renew(app)
        finally:
            signal.signal(number, before)
        assert stood == ["renewed-1"]


class TestOtherTools:
    @pytest.mark.parametrize("ends_later", [60, 99 * HOUR])
    def test_another_tools_token_that_appears_meanwhile_is_not_overwritten(self, app, ends_later):
        """Whichever expires later: it may be of another user's sign-in."""
        app.sign_in(0)
        app.while_renewed = lambda: app.sign_in(ends_later, "theirs")
        renew(app)
        assert app.stands() == "theirs"
        assert app.facts().refreshed_at is None

    def test_a_sign_out_meanwhile_is_final(self, app, tmp_path):
        app.sign_in(0)
        other_process = WorldApp(tmp_path)
        app.while_renewed = lambda: other_process.tokens.forget(SESSION)
        with pytest.raises(LoginRequired, match="signed out meanwhile"):
            renew(app)
        assert app.stands() is None

    @pytest.mark.parametrize(("after", "is_found"), [(0.0, True), (2.9, True), (3.5, False)])
    def test_after_invalid_grant_it_waits_up_to_3_s_for_another_tools_token(
        self, app, after, is_found
    ):
        app.sign_in(0)
        app.renewal = LoginRequired("invalid_grant")

        def write() -> None:
            if app.slept >= after:
                app.sign_in(100, "theirs")

        app.while_renewed = app.while_asleep = write
        if is_found:
            renew(app)
            assert app.facts().ended_at is None
        else:
            with pytest.raises(LoginRequired, match="expired"):
                renew(app)
        assert app.slept <= 3.0

    @pytest.mark.parametrize(("value", "left"), [("first", 100), ("theirs", 0)])
    def test_a_refused_or_expired_token_is_not_waited_for(self, app, value, left):
        app.sign_in(0)
        app.while_renewed = lambda: app.sign_in(left, value)
        refuse(app, "expired")

    def test_a_renewal_does_not_wait_for_another_tools_token_while_aws_is_down_or_after_a_sign_out(
        self, app
    ):
        app.sign_in(0)
        app.renewal = AwsUnreachable("down")
        with pytest.raises(AwsUnreachable):
            renew(app)
        app.while_renewed = lambda: app.tokens.forget(SESSION)
        refuse(app, EXPIRED)
        assert app.slept == 0

    def test_another_tools_token_updates_the_prompt(self, app):
        app.sign_in(0)
        app.renewal = LoginRequired("invalid_grant")
        app.while_renewed = lambda: app.sign_in(100, "theirs", refresh=None)
        let_a_shell_ask(app)
        renew(app)
        assert prompt_rows(app) == rows_of(NOW + 100, "known")


class TestLostAnswer:
    LOST = 'the sign-in to "corp" was lost: AWS renewed it, but its answer never arrived'

    def lose(self, app: WorldApp) -> None:
        app.sign_in(0)
        app.renewal = AnswerLost("the connection was closed")
        with pytest.raises(AnswerLost):
            renew(app)

    def test_a_lost_answer_is_reported_when_aws_refuses_the_token_next_time(self, app):
        self.lose(app)
        assert app.stands() == "first"
        assert refuse(app, f"^{self.LOST}").hint == "sign in with: ssohelper login corp"
        assert app.facts().sent_id is None

    def test_the_request_is_recorded_before_it_is_sent_so_that_a_kill_counts(self, app):
        app.sign_in(0)
        noted: list[str | None] = []
        app.while_renewed = lambda: noted.append(app.facts().sent_id)
        renew(app)
        assert noted[0]
        assert "r" not in noted, "the file names the refresh token, it does not show it"
        assert app.facts().sent_id is None

    def test_after_a_successful_renewal_no_lost_answer_is_reported(self, app):
        self.lose(app)
        app.renewal = None
        renew(app)
        assert app.stands() == "renewed-2"
        app.at += 2 * HOUR
        refuse(app, EXPIRED, "renewed-2")

    @pytest.mark.parametrize("error", [AwsUnreachable("down"), Throttled("429")])
    def test_no_answer_is_lost_when_aws_answered_or_was_not_reached(self, app, error):
        app.sign_in(0)
        app.renewal = error
        with pytest.raises(type(error)):
            renew(app)
        refuse(app, EXPIRED)

    def test_an_unknown_client_is_not_reported_as_a_lost_answer(self, app):
        self.lose(app)
        app.renewal = RegistrationRejected("invalid_client")
        refuse(app, EXPIRED)

    def test_a_lost_answer_is_not_reported_for_another_tools_sign_in(self, app):
        self.lose(app)
        app.sign_in(0, "second", refresh="r2")
        refuse(app, EXPIRED, "second")


class TestLock:
    def test_the_lock_is_in_the_token_folder_and_held_during_the_request(self, app, tmp_path):
        app.sign_in(0)
        # Another host or container: the same home, another runtime folder.
        elsewhere = WorldApp(tmp_path)
        elsewhere.__dict__["runtime_folder"] = tmp_path / "elsewhere"
        held: list[bool] = []
        app.while_renewed = lambda: held.append(is_locked(elsewhere))
        renew(app)
        assert (held, is_locked(elsewhere)) == ([True], False)

    def test_a_renewal_waits_for_the_lock_longer_than_another_renewal_takes(self, app, monkeypatch):
        app.sign_in(0)
        seconds: list[float] = []
        before_locking(app, monkeypatch, lambda deadline: seconds.append(deadline.seconds_left()))
        renew(app)
        assert seconds == [75.0]
        assert seconds[0] > renewal.ANSWER_SECONDS

    @pytest.mark.parametrize(("left", "used"), [(1, []), (0, ["theirs"])])
    def test_after_waiting_it_uses_the_token_of_the_previous_renewal(
        self, app, monkeypatch, left, used
    ):
        app.sign_in(100)
        before_locking(app, monkeypatch, lambda _: app.sign_in(left, "theirs"))
        renew(app)
        assert app.used == used

    @pytest.mark.parametrize("moments", [1, 2])
    def test_a_disk_that_takes_no_lock_for_a_moment_lets_no_renewal_send_without_it(
        self, app, monkeypatch, moments
    ):
        app.sign_in(0)
        held: list[bool] = []
        let_disk_take_no_lock(app, monkeypatch, moments)
        app.while_renewed = lambda: held.append(is_locked(app))
        renew(app)
        assert (app.used, held) == (["first"], [True])

    def test_a_disk_that_takes_no_lock_but_tokens_sends_nothing(self, app, monkeypatch):
        app.sign_in(0)
        let_disk_take_no_lock(app, monkeypatch, 100)
        with pytest.raises(LocalState, match="full or read-only from time to time"):
            renew(app)
        assert (app.used, app.stands()) == ([], "first")

    def test_after_waiting_for_a_sign_out_it_is_signed_out(self, app, monkeypatch):
        app.sign_in(0)
        before_locking(app, monkeypatch, lambda _: app.tokens.forget(SESSION))
        with pytest.raises(LoginRequired, match="is signed out"):
            renew(app)
        assert app.used == []

    def test_a_sign_in_does_not_wait_for_a_renewal(self, app, tmp_path):
        """A renewal may take a minute: the lock for changes to the token is held during no request."""
        app.sign_in(0)
        other_process, held = WorldApp(tmp_path), list[bool]()
        app.while_renewed = lambda: held.append(is_locked(other_process, "lock_state", "corp"))
        renew(app)
        assert held == [False]


class TestFacts:
    def test_the_facts_after_a_renewal(self, app):
        app.sign_in(100)
        facts = SignInFacts(NOW - 50, None, 8 * HOUR, None, "ana", NOW + 100, HOUR)
        app.tokens.save_facts("corp", facts)
        renew(app)
        assert app.facts() == facts._replace(
            refreshed_at=NOW,
            token_expires_at=NOW + HOUR,
            token_life_seconds=HOUR,
            token_ids=(token("first").id, token("renewed-1").id),
            issuer="aws/eu-west-1",
        )

    def test_the_facts_after_a_refusal(self, app):
        app.sign_in(0)
        facts = SignInFacts(NOW - 8 * HOUR, None, None, NOW - HOUR, "ana", NOW, HOUR)
        app.tokens.save_facts("corp", facts)
        let_a_shell_ask(app)
        for _ in range(3):
            refuse(app, EXPIRED)
            app.at += 31
        assert app.used == ["first"] * 3
        assert app.facts() == facts._replace(
            ended_at=NOW, observed_hours_seconds=8 * HOUR, token_life_seconds=None
        )
        assert tokens.load_token_renewal_time(app, SESSION) is None
        assert list(app.locations.token_folder.glob(".ssohelper*")) == []  # the reserved space
        assert prompt_rows(app) == rows_of(NOW, "ended")

    @pytest.mark.parametrize("seconds_left", [100, 0])
    def test_the_facts_after_aws_has_rejected_a_token_that_cannot_be_renewed(
        self, app, seconds_left
    ):
        app.sign_in(seconds_left, refresh=None)
        app.tokens.save_facts("corp", SignInFacts(signed_in_at=NOW - HOUR))
        with pytest.raises(LoginRequired, match=EXPIRED):
            renew(app)
        assert app.used == []
        # Without this record, `login` would keep the token, whose file says that it still lasts.
        assert app.facts().ended_at == (NOW if seconds_left else None)
        outlook = clocks.load_outlook(app, SESSION)
        assert outlook.should_offer_sign_in(NOW)
        assert outlook.is_sign_in_needed(NOW)

    def test_a_prompt_shows_the_new_end_of_the_sign_in(self, app):
        app.sign_in(100)
        app.tokens.save_facts("corp", SignInFacts(signed_in_at=NOW - HOUR))
        let_a_shell_ask(app)
        renew(app)
        assert prompt_rows(app) == rows_of(NOW + 7 * HOUR, "assumed")
