"""Listings that are saved, refreshed, interrupted or refused, against the emulator."""

import json
import os
import time
from functools import cached_property, partial

import pytest

from ssohelper.actions import directory
from ssohelper.app import App
from ssohelper.collaborators.aws_clients import AwsClients
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import AccessToken, Account, ClientRegistration, Secret, SsoSession
from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from ssohelper.errors import AwsUnreachable, BadAnswer, LoginRequired, Refused, Throttled
from ssohelper.wire.portal import Pacing, Portal
from tests.fake_clients import clients_made_by
from tests.in_process import renew_in_process
from tests.wire.quick import quick_pacing

SCOPES = ("sso:account:access",)
DAY = 24 * 3600


class QuickApp(App):
    """An App whose portal paces requests on a clock of its own, which does not really wait."""

    pacing: Pacing

    @cached_property
    def aws(self) -> AwsClients:
        return clients_made_by(self)

    def portal(self, session):
        return Portal(
            session,
            self.environ,
            facts=partial(self.tokens.load_facts, session.name),
            pacing=self.pacing,
        )


@pytest.fixture
def emulator():
    with Emulator(World.of_size(30, 2)) as running:
        yield running


@pytest.fixture
def session(emulator):
    return SsoSession("corp", emulator.world.start_url, emulator.world.region, SCOPES)


@pytest.fixture
def clock():
    return [time.time()]


@pytest.fixture
def app(tmp_path, emulator, session, clock):
    made = app_in(tmp_path, emulator, clock)
    sign_in(made, emulator, session)
    return made


def app_in(folder, emulator, clock):
    environ = {
        "HOME": str(folder),
        "SSOHELPER_HOME": str(folder / "own"),
        "PATH": os.environ["PATH"],
        **emulator.environment(),
    }
    made = QuickApp(environ, clock=lambda: clock[0])
    made.pacing = quick_pacing()
    renew_in_process(made)
    config = folder / ".aws" / "config"
    config.parent.mkdir(exist_ok=True)
    world = emulator.world
    config.write_text(
        f"[sso-session corp]\nsso_start_url = {world.start_url}\nsso_region = {world.region}\n"
        f"sso_registration_scopes = {SCOPES[0]}\n"
    )
    return made


def sign_in(app, emulator, session, person="ana"):
    found = emulator.issue_token(person, start_url=session.start_url)
    client = ClientRegistration(
        found["clientId"], Secret(found["clientSecret"]), 2**31, ("refresh_token",), SCOPES
    )
    token = AccessToken(
        Secret(found["accessToken"]),
        int(app.clock.now() + 3600),
        Secret(found["refreshToken"]),
        client,
    )
    app.tokens.save(session, token)
    facts = app.tokens.load_facts(session.name)
    app.tokens.save_facts(session.name, facts._replace(token_ids=(token.id,), issuer="loopback"))


def ids_with_roles(listing):
    return {listed.account.id: listed.roles for listed in listing.accounts}


BOTH = ("Role00", "Role01")


class TestSavedList:
    def test_the_first_listing_asks_aws_and_the_second_does_not(self, app, session, emulator):
        first = directory.fetch_listing(app, session)
        assert ids_with_roles(first) == {f"0000{n:08d}": BOTH for n in range(30)}
        assert emulator.counters["ListAccountRoles"] == 30
        assert directory.fetch_listing(app, session) == first
        assert emulator.counters["ListAccountRoles"] == 30

    def test_a_saved_list_needs_neither_aws_nor_a_sign_in(self, app, session, emulator):
        first = directory.fetch_listing(app, session)
        emulator.stop()
        app.tokens.forget(session)
        assert directory.fetch_listing(app, session) == first

    def test_refresh_asks_aws(self, app, session, emulator):
        directory.fetch_listing(app, session)
        emulator.world.add_account("000099999999", "new", ou="Workloads")
        assert "000099999999" not in ids_with_roles(directory.fetch_listing(app, session))
        assert "000099999999" in ids_with_roles(directory.fetch_listing(app, session, refresh=True))

    @pytest.mark.parametrize(("age", "calls"), [(DAY - 60, 30), (DAY + 60, 60), (-3600, 60)])
    def test_a_list_older_than_a_day_is_refreshed(self, app, session, emulator, clock, age, calls):
        saved = directory.fetch_listing(app, session)
        app.directory.save(session.name, saved._replace(listed_at=int(clock[0] - age)))
        directory.fetch_listing(app, session)
        assert emulator.counters["ListAccountRoles"] == calls

    def test_another_portal_under_the_same_name_has_another_list(self, app, session, emulator):
        directory.fetch_listing(app, session)
        moved = session._replace(region="eu-west-1")
        assert directory.load_listing(app, moved) is None

    def test_two_sessions_never_mix(self, app, session, emulator):
        directory.fetch_listing(app, session)
        assert directory.load_listing(app, session._replace(name="other")) is None

    def test_accounts_and_roles_are_sorted_by_name(self, app, session, emulator):
        emulator.faults.account_names = {"000000000029": "Aardvark", "000000000003": "zebra"}
        found = directory.fetch_listing(app, session)
        names = [listed.account.name for listed in found.accounts]
        assert (names[0], names[-1]) == ("Aardvark", "zebra")


class TestFailures:
    def test_after_a_failed_account_the_saved_list_stays_and_the_answers_are_saved_apart(
        self, app, session, emulator
    ):
        before = directory.fetch_listing(app, session)
        emulator.world.remove_permission_set("Role01")
        emulator.faults.script("ListAccountRoles", 200, body=b"{")
        with pytest.raises(AwsUnreachable, match="1 of 30 accounts are not listed yet") as caught:
            directory.fetch_listing(app, session, refresh=True)
        assert caught.value.exit_code == 6
        assert directory.load_listing(app, session) == before
        assert directory.fetch_listing(app, session) == before

    def test_the_next_refresh_continues_an_interrupted_one(self, app, session, emulator):
        emulator.faults.script("ListAccountRoles", 200, body=b"{", times=2)
        with pytest.raises(AwsUnreachable):
            directory.fetch_listing(app, session)
        assert directory.load_listing(app, session) is None
        emulator.reset_counters()
        found = directory.fetch_listing(app, session)
        assert emulator.counters["ListAccountRoles"] == 2
        assert ids_with_roles(found) == {f"0000{n:08d}": BOTH for n in range(30)}
        emulator.reset_counters()
        directory.fetch_listing(app, session, refresh=True)
        assert emulator.counters["ListAccountRoles"] == 30

    def test_a_continued_listing_has_the_accounts_of_now(self, app, session, emulator):
        emulator.faults.script("ListAccountRoles", 200, body=b"{")
        with pytest.raises(AwsUnreachable):
            directory.fetch_listing(app, session)
        emulator.world.remove_account("000000000004")
        emulator.world.rename_account("000000000005", "renamed")
        emulator.world.add_account("000000000099", "new", ou="Workloads")
        found = directory.fetch_listing(app, session)
        assert set(ids_with_roles(found)) == (
            {f"0000{n:08d}" for n in range(30)} - {"000000000004"} | {"000000000099"}
        )
        assert "renamed" in {listed.account.name for listed in found.accounts}

    def test_an_unfinished_listing_older_than_a_day_is_not_continued(
        self, app, session, emulator, clock
    ):
        emulator.faults.script("ListAccountRoles", 200, body=b"{")
        with pytest.raises(AwsUnreachable):
            directory.fetch_listing(app, session)
        clock[0] += 2 * DAY
        sign_in(app, emulator, session)
        emulator.reset_counters()
        directory.fetch_listing(app, session)
        assert emulator.counters["ListAccountRoles"] == 30

    def test_an_unfinished_listing_of_another_portal_is_not_continued(self, app, session, emulator):
        stranger = Listing("https://other.awsapps.com/start", session.region, app.clock.now())
        app.directory.save_unfinished_listing(session.name, stranger)
        assert len(directory.fetch_listing(app, session).accounts) == 30

    def test_a_short_listing_is_not_saved_after_each_answer(
        self, app, session, emulator, monkeypatch
    ):
        saved = []
        monkeypatch.setattr(
            app.directory, "save_unfinished_listing", lambda *one: saved.append(one)
        )
        directory.fetch_listing(app, session)
        assert len(saved) < 5  # the listing has 30 accounts

    def test_the_answers_of_a_long_listing_are_saved_every_two_seconds(
        self, app, session, monkeypatch
    ):
        seconds, saved = [0.0], []
        accounts = [ListedAccount(Account(f"{at:012}", "a", ""), ("R",)) for at in range(7)]

        def wait(answered, _all):
            seconds[0] += 1.0

        refresh = directory._ListingRefresh(app, session, None, wait)
        monkeypatch.setattr(app.clock, "monotonic", lambda: seconds[0])
        monkeypatch.setattr(
            refresh,
            "_ask_in_thread",
            lambda waiting, answers: answers.put(ListedAccount(waiting.get(), ("R",))),
        )
        monkeypatch.setattr(refresh, "_save", lambda **_: saved.append(seconds[0]))
        refresh._ask_for_roles(accounts)
        assert saved == [2.0, 4.0, 6.0]

    def test_awss_time_is_learned_without_a_warning(self, app, session, emulator, monkeypatch):
        learned = []
        monkeypatch.setattr(
            type(app.clock),
            "learn_aws_time",
            lambda _clock, at, *, may_warn=True: learned.append((at, may_warn)),
        )
        directory.fetch_listing(app, session)
        assert [may_warn for at, may_warn in learned if at] == [False]

    def test_a_portal_that_the_company_does_not_allow_is_not_asked(
        self, app, session, emulator, monkeypatch
    ):
        def refuse(_policy, refused):
            raise Refused(f"{refused.start_url} is not allowed")

        monkeypatch.setattr(type(app.company_policy), "check_portal", refuse)
        with pytest.raises(Refused):
            directory.fetch_listing(app, session)
        assert emulator.counters["ListAccounts"] == 0

    def test_a_listing_stops_at_an_error_that_each_account_would_give(self, app, session):
        refresh = directory._ListingRefresh(app, session, None, None)
        assert refresh._must_stop_after(LoginRequired("signed out"))
        assert refresh._must_stop_after(Throttled("slow down"))
        down = AwsUnreachable("down")
        assert not refresh._must_stop_after(down)
        refresh._failures += [down] * directory._MOST_FAILURES
        assert refresh._must_stop_after(down)

    def test_when_aws_is_down_not_every_account_is_tried(self, app, session, emulator):
        app.pacing = Pacing(6)  # five failures within the first burst end the listing
        emulator.faults.script("ListAccountRoles", 200, body=b"{", times=1000)
        with pytest.raises(AwsUnreachable):
            directory.fetch_listing(app, session)
        assert emulator.counters["ListAccountRoles"] < 30

    def test_endless_throttling_is_exit_6_and_the_answers_are_saved(self, app, session, emulator):
        emulator.faults.run_before(
            "ListAccountRoles",
            lambda: emulator.faults.throttle("ListAccountRoles", times=10_000),
            11,
        )
        with pytest.raises(AwsUnreachable, match="of 30 accounts are not listed yet"):
            directory.fetch_listing(app, session)
        unfinished = app.directory.load_unfinished_listing(session.name)
        assert sum(listed.answered for listed in unfinished.accounts) >= 3
        assert directory.load_listing(app, session) is None

    def test_repeated_retry_after_answers_end_the_listing(self, app, session, emulator):
        # Without a limit on the wait, each of eight threads would try six times, one after another.
        app.pacing = Pacing(50, patience_seconds=2.5)
        asked = {"Retry-After": "1"}
        emulator.faults.run_before(
            "ListAccountRoles",
            lambda: emulator.faults.script("ListAccountRoles", 429, asked, times=10_000),
            11,
        )
        with pytest.raises(AwsUnreachable, match="throttling") as caught:
            directory.fetch_listing(app, session)
        assert "ssohelper list --refresh --session corp" in caught.value.hint
        assert emulator.counters["ListAccountRoles"] < 30
        assert (
            sum(a.answered for a in app.directory.load_unfinished_listing(session.name).accounts)
            >= 3
        )

    @pytest.mark.parametrize("operation", ["ListAccounts", "ListAccountRoles"])
    def test_an_aws_that_stops_answering_ends_the_listing(self, app, session, emulator, operation):
        # Without a limit on the wait there would be three tries of 10 s each.
        app.pacing = Pacing(50, patience_seconds=1.5)
        began = time.monotonic()
        emulator.faults.hang(operation, times=10_000)
        with pytest.raises(AwsUnreachable, match="no answer in time"):
            directory.fetch_listing(app, session)
        assert time.monotonic() - began < 15

    @pytest.mark.parametrize("retry_after", ["0", "-1", "soon", "86400", "1e9", ""])
    def test_odd_retry_after_delays_nothing(self, app, session, emulator, retry_after):
        emulator.faults.script("ListAccountRoles", 429, {"Retry-After": retry_after}, times=3)
        assert len(directory.fetch_listing(app, session).accounts) == 30
        assert emulator.counters["ListAccountRoles"] == 33

    def test_a_list_that_fails_on_page_3_writes_nothing(self, app, session, emulator):
        before = directory.fetch_listing(app, session)
        emulator.faults.page_size = 10
        emulator.faults.run_before(
            "ListAccounts",
            lambda: emulator.faults.script("ListAccounts", 200, body=b"{"),
            3,
        )
        with pytest.raises(BadAnswer):
            directory.fetch_listing(app, session, refresh=True)
        assert directory.load_listing(app, session) == before
        assert app.directory.load_unfinished_listing(session.name) is None

    def test_ctrl_c_saves_the_answers_so_far(self, app, session, emulator):
        def interrupt(answered, total):
            if answered == 12:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            directory.fetch_listing(app, session, progress=interrupt)
        assert directory.load_listing(app, session) is None
        emulator.reset_counters()
        assert len(directory.fetch_listing(app, session).accounts) == 30
        # Up to eight requests of the first listing may still be running.
        assert emulator.counters["ListAccountRoles"] <= 30 - 12 + 8

    def test_progress_counts_from_zero_to_all_accounts(self, app, session):
        steps = []
        directory.fetch_listing(app, session, progress=lambda *step: steps.append(step))
        assert steps == [(n, 30) for n in range(31)]


class TestRefusedAccounts:
    REFUSED = "000000000007"

    @pytest.fixture(autouse=True)
    def _emulator_that_refuses(self, emulator, monkeypatch):
        self.refuses = False
        true_handle = emulator.handle

        def handle(request):
            asks_for = request.query.get("account_id")
            if self.refuses and request.path == "/assignment/roles" and asks_for == self.REFUSED:
                emulator.faults.fail("ListAccountRoles", "ForbiddenException", "No access")
            return true_handle(request)

        monkeypatch.setattr(emulator, "handle", handle)

    def refused_of(self, found):
        return [listed for listed in found.accounts if listed.refused]

    def test_a_refused_account_is_warned_of_and_has_its_earlier_roles(self, app, session, emulator):
        directory.fetch_listing(app, session)
        self.refuses = True
        # One thread: the scripted answers are for certain accounts, in order.
        directory._THREADS, threads = 1, directory._THREADS
        try:
            found = directory.fetch_listing(app, session, refresh=True)
        finally:
            directory._THREADS = threads
        (refused,) = self.refused_of(found)
        assert refused.account.id == self.REFUSED
        assert (refused.roles, refused.answered) == (BOTH, True)
        assert found.is_complete
        assert directory.load_listing(app, session) == found
        (warning,) = app.warnings
        assert '"account-00007" (000000000007)' in warning

    def test_a_refused_account_that_was_never_listed_has_no_roles(self, app, session):
        self.refuses = True
        directory._THREADS, threads = 1, directory._THREADS
        try:
            (refused,) = self.refused_of(directory.fetch_listing(app, session))
        finally:
            directory._THREADS = threads
        assert refused.roles == ()


class TestSignIn:
    def test_without_a_sign_in_it_raises_login_required(self, app, session):
        app.tokens.forget(session)
        with pytest.raises(LoginRequired):
            directory.fetch_listing(app, session)

    def test_a_401_renews_the_token_once_for_all_threads(self, app, session, emulator):
        token = app.tokens.load(session)
        emulator.faults.run_before(
            "ListAccountRoles",
            lambda: emulator.tokens.pop(token.value.reveal()),
            5,
        )
        assert len(directory.fetch_listing(app, session).accounts) == 30
        assert emulator.counters["CreateToken.refresh_token"] == 1
        assert app.tokens.load(session).value != token.value

    def test_a_renewed_token_that_is_rejected_too_needs_a_sign_in(self, app, session, emulator):
        for operation in ("ListAccounts", "ListAccountRoles"):
            emulator.faults.run_before(operation, emulator.tokens.clear, 1)
        with pytest.raises(LoginRequired):
            directory.fetch_listing(app, session)
        assert emulator.counters["CreateToken.refresh_token"] == 1

    def test_a_sign_in_that_ends_during_a_listing_is_exit_4_and_the_next_sign_in_continues_it(
        self, app, session, emulator
    ):
        emulator.faults.run_before("ListAccountRoles", emulator.end_sign_ins, 12)
        with pytest.raises(LoginRequired):
            directory.fetch_listing(app, session)
        assert emulator.counters["CreateToken.refresh_token"] <= 1
        sign_in(app, emulator, session)
        emulator.reset_counters()
        assert len(directory.fetch_listing(app, session).accounts) == 30
        assert 0 < emulator.counters["ListAccountRoles"] < 30


class TestPace:
    def test_a_limit_of_20_a_second_is_respected_without_an_error(self, tmp_path, session, clock):
        """60 accounts and a limit of 20 requests: our pace causes few 429s, and no account is lost."""
        with Emulator(World.of_size(60, 1)) as emulator:
            app = app_in(tmp_path, emulator, clock)
            app.pacing = Pacing()
            sign_in(app, emulator, session)
            emulator.faults.rate_limit = 20
            found = directory.fetch_listing(app, session)
            assert found.is_complete
            assert len(found.accounts) == 60
            refused = [call for call in emulator.calls if call.status == 429]
            assert len(refused) <= 12

    def test_a_listing_waits_when_the_rate_limit_is_used_up_already(self, tmp_path, session, clock):
        with Emulator(World.of_size(20, 1)) as emulator:
            app = app_in(tmp_path, emulator, clock)
            app.pacing = Pacing()
            sign_in(app, emulator, session)
            emulator.faults.set(rate_limit=10, rate_burst=1)
            assert directory.fetch_listing(app, session).is_complete


def test_saved_listings_hold_no_secret(app, session, emulator, tmp_path):
    directory.fetch_listing(app, session)
    emulator.faults.script("ListAccountRoles", 200, body=b"{")
    with pytest.raises(AwsUnreachable):
        directory.fetch_listing(app, session, refresh=True)
    kept = [path for path in (tmp_path / "own" / "state").rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        assert emulator.canary not in path.read_text()
        assert json.loads(path.read_text())
