"""How a token is renewed: one request, sent once, and only where the new token can be kept."""

import errno
import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest

from ssohelper.actions import renewal, tokens
from ssohelper.actions.renewal import renew_token
from ssohelper.core import prompt_text
from ssohelper.core.model import SignInFacts
from ssohelper.core.sign_in_clock import PromptClock, PromptKind
from ssohelper.errors import (
    AnswerLost,
    AwsUnreachable,
    LocalState,
    LockNotObtained,
    LoginRequired,
    RegistrationRejected,
    Throttled,
)
from tests.actions.world import HOUR, KEY, NOW, SESSION, WorldApp, token


@pytest.fixture
def app(tmp_path: Path) -> WorldApp:
    return WorldApp(tmp_path, sleeps=True)


def renew(app: WorldApp, seen: str = "first") -> None:
    renew_token(app, SESSION, token(seen).id)


def let_a_shell_ask(app: WorldApp) -> None:
    """Make the file that a shell reads from then on."""
    app.prompt_state.write(KEY, "as before")


def prompt_rows(app: WorldApp) -> str:
    return app.prompt_state.role_file(KEY).read_text().strip()


def rows_of(at: int, kind: PromptKind) -> str:
    return prompt_text.to_line(prompt_text.rows(PromptClock(at, kind)))


def token_folder_refuses(monkeypatch: pytest.MonkeyPatch, app: WorldApp, call: str, number: int):
    """Let the disk refuse in the token folder: root writes where modes say that it may not."""
    really = getattr(os, call)

    def refuse(target: Any, *words: Any, **more: Any) -> Any:
        place = os.readlink(f"/proc/self/fd/{target}") if call == "write" else os.fspath(target)
        creates = call == "write" or (words and words[0] & os.O_CREAT)
        if creates and str(app.token_folder) in str(place):
            raise OSError(number, os.strerror(number))
        return really(target, *words, **more)

    monkeypatch.setattr(os, call, refuse)


class TestOneRequest:
    def test_puts_a_new_token_in_the_file(self, app):
        app.sign_in(0)
        renew(app)
        assert (app.stands(), app.used) == ("renewed-1", ["first"])
        assert app.tokens.load(SESSION).refresh_token

    def test_waits_for_the_answer_for_a_minute(self, app):
        app.sign_in(0)
        renew(app)
        assert app.waited == [renewal.ANSWER_SECONDS] == [60.0]

    @pytest.mark.parametrize(("left", "used"), [(1, []), (0, ["second"])])
    def test_is_not_made_when_another_token_works_already(self, app, left, used):
        app.sign_in(left, "second")
        renew(app, seen="first")
        assert app.used == used

    def test_is_made_for_a_token_that_was_seen_whatever_its_file_says_of_its_end(self, app):
        app.sign_in(99 * HOUR)
        renew(app)
        assert app.used == ["first"]

    def test_is_not_made_when_signed_out_or_not_refreshable(self, app):
        with pytest.raises(LoginRequired) as refused:
            renew(app)
        assert refused.value.message == 'the session "corp" is signed out'
        assert refused.value.hint == "sign in with: ssohelper login corp"
        for how in ({"refresh": None}, {"client_until": NOW}):
            app.sign_in(0, **how)
            with pytest.raises(LoginRequired, match='the session "corp" expired'):
                renew(app)
        assert (app.used, app.slept) == ([], 0)
        assert app.facts() == SignInFacts(), "nothing has ended that we saw"

    @pytest.mark.parametrize("error", [AwsUnreachable("down"), Throttled("429"), LocalState("x")])
    def test_that_fails_leaves_the_token_and_is_not_repeated(self, app, error):
        app.sign_in(0)
        app.renewal = error
        with pytest.raises(type(error)):
            renew(app)
        assert (app.stands(), app.used, app.slept) == ("first", ["first"], 0)
        assert app.facts().ended_at is None


class TestRoomFirst:
    """A refresh token is spent only where the new token can be kept."""

    @pytest.mark.parametrize(
        ("call", "number"),
        [("write", errno.ENOSPC), ("write", errno.EDQUOT), ("open", errno.EROFS)],
        ids=["full", "quota", "read-only"],
    )
    def test_nothing_is_asked_where_the_token_folder_takes_no_file(
        self, app, monkeypatch, call, number
    ):
        app.sign_in(0)
        before = app.tokens.read_fingerprint(SESSION)
        token_folder_refuses(monkeypatch, app, call, number)
        with pytest.raises(LocalState, match="cannot be written"):
            renew(app)
        assert app.used == []
        assert app.tokens.read_fingerprint(SESSION) == before

    def test_the_room_is_there_while_aws_is_asked_and_gone_after(self, app):
        app.sign_in(0)
        found: list[int] = []

        def look() -> None:
            sizes = [path.stat().st_size for path in app.token_folder.glob(".ssohelper*")]
            found.extend(sizes)

        app.while_renewed = look
        renew(app)
        assert len(found) == 1
        assert found[0] >= 2 * Path(app.tokens.token_file(SESSION)).stat().st_size
        assert list(app.token_folder.glob(".ssohelper*")) == []

    @pytest.mark.parametrize(
        "error", [AwsUnreachable("down"), LoginRequired("no"), AnswerLost("x")]
    )
    def test_the_room_is_given_back_after_a_failure(self, app, error):
        app.sign_in(0)
        app.renewal = error
        with pytest.raises(type(error)):
            renew(app)
        assert list(app.token_folder.glob(".ssohelper*")) == []

    def test_a_disk_that_is_full_after_the_request_loses_no_token(self, app, monkeypatch):
        """The room was taken before: rewriting it needs none."""
        app.sign_in(0)
        app.while_renewed = lambda: token_folder_refuses(monkeypatch, app, "open", errno.ENOSPC)
        renew(app)
        assert app.stands() == "renewed-1"

    def test_facts_that_cannot_be_kept_cost_no_token(self, app, monkeypatch):
        app.sign_in(0)

        def refuse(*_: object) -> None:
            raise LocalState("disk full")

        monkeypatch.setattr(app.tokens, "save_facts", refuse)
        renew(app)
        assert app.stands() == "renewed-1"


class TestSignals:
    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_wait_from_the_request_to_the_new_file(self, app, number):
        app.sign_in(0)
        stood: list[str | None] = []
        before = signal.signal(number, lambda *_: stood.append(app.stands()))
        app.while_renewed = lambda: signal.pthread_kill(threading.get_ident(), number)
        try:
            renew(app)
        finally:
            signal.signal(number, before)
        assert stood == ["renewed-1"]

    def test_come_through_again_after_a_failure(self, app):
        app.sign_in(0)
        app.renewal = AwsUnreachable("down")
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        with pytest.raises(AwsUnreachable):
            renew(app)
        assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == before


class TestOtherTools:
    @pytest.mark.parametrize("ends_later", [60, 99 * HOUR])
    def test_a_token_that_appears_meanwhile_wins(self, app, ends_later):
        """Whichever ends later: another person may have signed in with it."""
        app.sign_in(0)
        app.while_renewed = lambda: app.sign_in(ends_later, "theirs")
        renew(app)
        assert app.stands() == "theirs"
        assert app.facts().refreshed_at is None

    def test_a_sign_out_meanwhile_wins(self, app, tmp_path):
        app.sign_in(0)
        other_process = WorldApp(tmp_path)
        app.while_renewed = lambda: other_process.tokens.forget(SESSION)
        with pytest.raises(LoginRequired, match="signed out meanwhile"):
            renew(app)
        assert app.stands() is None

    @pytest.mark.parametrize(("after", "is_found"), [(0.0, True), (2.9, True), (3.5, False)])
    def test_after_invalid_grant_their_token_is_waited_for_up_to_3_s(self, app, after, is_found):
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
    def test_but_none_that_was_refused_or_has_ended(self, app, value, left):
        app.sign_in(0)
        app.renewal = LoginRequired("invalid_grant")
        app.while_renewed = lambda: app.sign_in(left, value)
        with pytest.raises(LoginRequired):
            renew(app)

    def test_nothing_is_waited_for_while_aws_is_down_or_after_a_sign_out(self, app):
        app.sign_in(0)
        app.renewal = AwsUnreachable("down")
        with pytest.raises(AwsUnreachable):
            renew(app)
        app.renewal = LoginRequired("invalid_grant")
        app.while_renewed = lambda: app.tokens.forget(SESSION)
        with pytest.raises(LoginRequired):
            renew(app)
        assert app.slept == 0

    def test_their_token_is_a_prompts_clock_too(self, app):
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

    def test_is_noted_and_told_when_aws_refuses_the_token_next_time(self, app):
        self.lose(app)
        assert app.stands() == "first"
        app.renewal = LoginRequired("invalid_grant")
        with pytest.raises(LoginRequired) as refused:
            renew(app)
        assert refused.value.message.startswith(self.LOST)
        assert refused.value.hint == "sign in with: ssohelper login corp"
        assert app.facts().sent_id is None

    def test_is_noted_before_the_request_so_that_a_kill_is_told_too(self, app):
        app.sign_in(0)
        noted: list[str | None] = []
        app.while_renewed = lambda: noted.append(app.facts().sent_id)
        renew(app)
        assert noted[0]
        assert "r" not in noted, "the file names the refresh token, it does not show it"
        assert app.facts().sent_id is None

    def test_is_no_longer_told_after_a_renewal_that_works(self, app):
        self.lose(app)
        app.renewal = None
        renew(app)
        assert app.stands() == "renewed-2"
        app.at += 2 * HOUR
        app.renewal = LoginRequired("invalid_grant")
        with pytest.raises(LoginRequired, match='the session "corp" expired'):
            renew(app, "renewed-2")

    @pytest.mark.parametrize("error", [AwsUnreachable("down"), Throttled("429")])
    def test_is_none_when_aws_answered_or_was_not_reached(self, app, error):
        app.sign_in(0)
        app.renewal = error
        with pytest.raises(type(error)):
            renew(app)
        app.renewal = LoginRequired("invalid_grant")
        with pytest.raises(LoginRequired, match='the session "corp" expired'):
            renew(app)

    def test_is_not_the_cause_when_aws_does_not_know_the_client(self, app):
        self.lose(app)
        app.renewal = RegistrationRejected("invalid_client")
        with pytest.raises(LoginRequired, match='the session "corp" expired'):
            renew(app)

    def test_says_nothing_of_another_tools_sign_in(self, app):
        self.lose(app)
        app.sign_in(0, "second", refresh="r2")
        app.renewal = LoginRequired("invalid_grant")
        with pytest.raises(LoginRequired, match='the session "corp" expired'):
            renew(app, "second")


class TestLock:
    def test_stands_beside_the_token_and_is_held_while_aws_is_asked(self, app, tmp_path):
        app.sign_in(0)
        # Another host or container: the same home, another runtime folder.
        elsewhere = WorldApp(tmp_path)
        elsewhere.__dict__["runtime_folder"] = tmp_path / "elsewhere"
        held: list[bool] = []

        def look() -> None:
            try:
                with elsewhere.tokens.lock_token("corp", elsewhere.deadline(0)):
                    held.append(False)
            except LockNotObtained:
                held.append(True)

        app.while_renewed = look
        renew(app)
        assert held == [True]
        look()
        assert held == [True, False]

    def test_is_waited_for_longer_than_another_renewal_takes(self, app, monkeypatch):
        app.sign_in(0)
        seconds: list[float] = []
        really_lock = app.tokens.lock_token

        def lock(name: str, deadline: Any) -> Any:
            seconds.append(deadline.left())
            return really_lock(name, deadline)

        monkeypatch.setattr(app.tokens, "lock_token", lock)
        renew(app)
        assert seconds == [75.0]
        assert seconds[0] > renewal.ANSWER_SECONDS

    @pytest.mark.parametrize(("left", "used"), [(1, []), (0, ["theirs"])])
    def test_whoever_waited_takes_the_token_of_the_renewal_before(
        self, app, monkeypatch, left, used
    ):
        app.sign_in(100)
        really_lock = app.tokens.lock_token

        def lock(*words: Any) -> Any:
            app.sign_in(left, "theirs")  # the one before us has renewed when we have its lock
            return really_lock(*words)

        monkeypatch.setattr(app.tokens, "lock_token", lock)
        renew(app)
        assert app.used == used

    def test_whoever_waited_for_a_sign_out_is_told_so(self, app, monkeypatch):
        app.sign_in(0)
        really_lock = app.tokens.lock_token

        def lock(*words: Any) -> Any:
            app.tokens.forget(SESSION)
            return really_lock(*words)

        monkeypatch.setattr(app.tokens, "lock_token", lock)
        with pytest.raises(LoginRequired, match="is signed out"):
            renew(app)
        assert app.used == []

    def test_a_sign_in_does_not_wait_for_a_renewal(self, app, tmp_path):
        """A renewal may take a minute: the lock under which tokens change is held for no request."""
        app.sign_in(0)
        other_process = WorldApp(tmp_path)
        free: list[bool] = []

        def look() -> None:
            with other_process.tokens.lock_state("corp", other_process.deadline(0)):
                free.append(True)

        app.while_renewed = look
        renew(app)
        assert free == [True]


class TestFacts:
    def test_what_is_known_after_a_renewal(self, app):
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

    def test_what_is_known_after_a_refusal(self, app):
        app.sign_in(0)
        facts = SignInFacts(NOW - 8 * HOUR, None, None, NOW - HOUR, "ana", NOW, HOUR)
        app.tokens.save_facts("corp", facts)
        app.renewal = LoginRequired("invalid_grant")
        let_a_shell_ask(app)
        for _ in range(3):  # no answer was lost: the third refusal says so too
            with pytest.raises(LoginRequired, match='the session "corp" expired'):
                renew(app)
            app.at += 31
        assert app.used == ["first"] * 3
        assert app.facts() == facts._replace(
            ended_at=NOW, observed_hours_seconds=8 * HOUR, token_life_seconds=None
        )
        assert tokens.renewal_due_at(app, SESSION) is None
        assert prompt_rows(app) == rows_of(NOW, "ended")

    def test_a_prompt_counts_down_the_new_sign_in_clock(self, app):
        app.sign_in(100)
        app.tokens.save_facts("corp", SignInFacts(signed_in_at=NOW - HOUR))
        let_a_shell_ask(app)
        renew(app)
        assert prompt_rows(app) == rows_of(NOW + 7 * HOUR, "assumed")
