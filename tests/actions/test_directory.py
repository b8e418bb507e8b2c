"""Listings that are saved, refreshed, interrupted or refused, against the emulator."""

import json
import time
from functools import cached_property, partial

import pytest

from ssohelper.actions import directory
from ssohelper.app import App
from ssohelper.collaborators.aws_clients import AwsClients
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from ssohelper.errors import AwsUnreachable, BadAnswer, LoginRequired, Refused
from ssohelper.wire.portal import Pacing, Portal
from tests.fake_clients import clients_made_by
from tests.in_process import renew_in_process
from tests.wire.test_portal import quick_pacing

DAY = 24 * 3600
BOTH = ("Role00", "Role01")


class QuickApp(App):
    """An App whose portal paces requests on a clock of its own, which does not really wait."""

    pacing: Pacing

    @cached_property
    def aws(self) -> AwsClients:
        return clients_made_by(self)

    def portal(self, session):
        facts = partial(self.tokens.load_facts, session.name)
        return Portal(session, self.environ, facts=facts, pacing=self.pacing)


@pytest.fixture
def emulator():
    with Emulator(World.of_size(30, 2)) as running:
        yield running


@pytest.fixture
def clock():
    return [time.time()]


@pytest.fixture
def app(home, emulator, clock):
    return app_in(home, emulator, clock)


@pytest.fixture
def session(app):
    return app.config.read().sso_session("corp")


def app_in(home, emulator, clock):
    """Return an app that is signed in to the emulator's portal as ana."""
    home.env.update(SSOHELPER_HOME=str(home.path / "own"), **emulator.environment())
    made = QuickApp(home.env, clock=lambda: clock[0])
    made.pacing = quick_pacing()
    renew_in_process(made)
    home.add_session("corp", emulator.world.start_url, emulator.world.region)
    home.write_token(emulator.issue_token("ana"))
    return made


def ids_with_roles(listing):
    return {listed.account.id: listed.roles for listed in listing.accounts}


def damage_answers(emulator, times=1):
    emulator.faults.script("ListAccountRoles", 200, body=b"{", times=times)


def asked(emulator):
    """Return how many accounts AWS was asked about since the last call."""
    calls = emulator.counters["ListAccountRoles"]
    emulator.reset_counters()
    return calls


class TestSavedList:
    def test_the_first_listing_asks_aws_and_the_next_only_a_refresh(self, app, session, emulator):
        first = directory.fetch_listing(app, session)
        assert ids_with_roles(first) == {f"0000{n:08d}": BOTH for n in range(30)}
        assert directory.fetch_listing(app, session) == first
        assert asked(emulator) == 30
        emulator.world.add_account("000099999999", "new", ou="Workloads")
        assert "000099999999" not in ids_with_roles(directory.fetch_listing(app, session))
        assert "000099999999" in ids_with_roles(directory.fetch_listing(app, session, refresh=True))

    def test_a_saved_list_needs_neither_aws_nor_a_sign_in(self, app, session, emulator):
        first = directory.fetch_listing(app, session)
        emulator.stop()
        app.tokens.forget(session)
        assert directory.fetch_listing(app, session) == first

    @pytest.mark.parametrize(("age", "calls"), [(DAY - 60, 0), (DAY + 60, 30), (-3600, 30)])
    def test_a_list_older_than_a_day_is_refreshed(self, app, session, emulator, clock, age, calls):
        saved = directory.fetch_listing(app, session)
        assert asked(emulator) == 30
        app.directory.save(session.name, saved._replace(listed_at=int(clock[0] - age)))
        directory.fetch_listing(app, session)
        assert asked(emulator) == calls

    @pytest.mark.parametrize("other", [{"region": "eu-west-1"}, {"name": "other"}], ids=str)
    def test_another_portal_and_another_session_have_other_lists(self, app, session, other):
        directory.fetch_listing(app, session)
        assert directory.load_listing(app, session._replace(**other)) is None

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
        damage_answers(emulator)
        with pytest.raises(AwsUnreachable, match="1 of 30 accounts are not listed yet") as caught:
            directory.fetch_listing(app, session, refresh=True)
        assert caught.value.exit_code == 6
        assert directory.fetch_listing(app, session) == before

    def test_the_next_refresh_continues_an_interrupted_one(self, app, session, emulator):
        damage_answers(emulator, times=2)
        with pytest.raises(AwsUnreachable):
            directory.fetch_listing(app, session)
        assert directory.load_listing(app, session) is None
        asked(emulator)
        found = directory.fetch_listing(app, session)
        assert asked(emulator) == 2
        assert ids_with_roles(found) == {f"0000{n:08d}": BOTH for n in range(30)}
        directory.fetch_listing(app, session, refresh=True)
        assert asked(emulator) == 30

    def test_a_continued_listing_has_the_accounts_of_now(self, app, session, emulator):
        damage_answers(emulator)
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

    def test_an_old_unfinished_listing_or_that_of_another_portal_is_not_continued(
        self, app, session, emulator, clock, home
    ):
        stranger = Listing("https://other.awsapps.com/start", session.region, app.clock.now())
        app.directory.save_unfinished_listing(session.name, stranger)
        damage_answers(emulator)
        with pytest.raises(AwsUnreachable):
            directory.fetch_listing(app, session)
        assert asked(emulator) == 30
        clock[0] += 2 * DAY
        home.write_token({**emulator.issue_token("ana"), "expiresAt": "2099-01-01T00:00:00Z"})
        directory.fetch_listing(app, session)
        assert asked(emulator) == 30

    def test_a_short_listing_reports_each_answer_and_saves_few(self, app, session, monkeypatch):
        saved, steps = [], []
        monkeypatch.setattr(
            app.directory, "save_unfinished_listing", lambda *one: saved.append(one)
        )
        directory.fetch_listing(app, session, progress=lambda *step: steps.append(step))
        assert steps == [(n, 30) for n in range(31)]
        assert len(saved) < 5

    def test_the_answers_of_a_long_listing_are_saved_every_two_seconds(
        self, app, session, monkeypatch
    ):
        seconds, saved = [0.0], []
        accounts = [ListedAccount(Account(f"{at:012}", "a", ""), ("R",)) for at in range(7)]

        def wait(answered, _all):
            seconds[0] += 1.0

        def answer(waiting, answers):
            answers.put(ListedAccount(waiting.get(), ("R",)))

        refresh = directory._ListingRefresh(app, session, None, wait)
        monkeypatch.setattr(app.clock, "monotonic", lambda: seconds[0])
        monkeypatch.setattr(refresh, "_ask_in_thread", answer)
        monkeypatch.setattr(refresh, "_save", lambda **_: saved.append(seconds[0]))
        refresh._ask_for_roles(accounts)
        assert saved == [2.0, 4.0, 6.0]

    def test_awss_time_is_learned_without_a_warning(self, app, session, monkeypatch):
        learned = []

        def learn(_clock, at, *, may_warn=True):
            learned.append((at, may_warn))

        monkeypatch.setattr(type(app.clock), "learn_aws_time", learn)
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

    def test_when_aws_is_down_not_every_account_is_tried(self, app, session, emulator):
        app.pacing = Pacing(6)  # five failures within the first burst end the listing
        damage_answers(emulator, times=1000)
        with pytest.raises(AwsUnreachable):
            directory.fetch_listing(app, session)
        assert asked(emulator) < 30

    @pytest.mark.parametrize(
        ("pacing", "headers", "message"),
        [
            (None, {}, "of 30 accounts are not listed yet"),
            # Without a limit on the wait, each of eight threads would try six times.
            (Pacing(50, patience_seconds=2.5), {"Retry-After": "1"}, "throttling"),
        ],
    )
    def test_endless_throttling_is_exit_6_and_the_answers_are_saved(
        self, app, session, emulator, pacing, headers, message
    ):
        app.pacing = pacing or app.pacing
        throttle = partial(emulator.faults.script, "ListAccountRoles", 429, headers, times=10_000)
        emulator.faults.run_before("ListAccountRoles", throttle, 11)
        with pytest.raises(AwsUnreachable, match=message) as caught:
            directory.fetch_listing(app, session)
        assert "ssohelper list --refresh --session corp" in caught.value.hint
        unfinished = app.directory.load_unfinished_listing(session.name)
        assert sum(listed.answered for listed in unfinished.accounts) >= 3
        assert directory.load_listing(app, session) is None
        assert pacing is None or asked(emulator) < 30

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
        damage = partial(emulator.faults.script, "ListAccounts", 200, body=b"{")
        emulator.faults.run_before("ListAccounts", damage, 3)
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


def test_a_refused_account_is_warned_of_and_has_its_earlier_roles(
    app, session, emulator, monkeypatch
):
    true_handle, refused_id, before = emulator.handle, "000000000007", []

    def handle(request):
        asks_for = request.query.get("account_id")
        if request.path == "/assignment/roles" and asks_for == refused_id:
            emulator.faults.fail("ListAccountRoles", "ForbiddenException", "No access")
        return true_handle(request)

    # One thread: the scripted answers are for certain accounts, in order.
    monkeypatch.setattr(directory, "_THREADS", 1)
    for roles in ((), BOTH):  # first without an earlier list
        monkeypatch.setattr(emulator, "handle", handle)
        found = directory.fetch_listing(app, session, refresh=True)
        (refused,) = (listed for listed in found.accounts if listed.refused)
        assert refused == (before[0] if before else refused)._replace(roles=roles)
        assert (refused.account.id, refused.answered) == (refused_id, True)
        assert found.is_complete
        assert directory.load_listing(app, session) == found
        assert '"account-00007" (000000000007)' in app.warnings[0]
        monkeypatch.setattr(emulator, "handle", true_handle)
        before = [refused]
        directory.fetch_listing(app, session, refresh=True)


class TestSignIn:
    def test_without_a_sign_in_it_raises_login_required(self, app, session):
        app.tokens.forget(session)
        with pytest.raises(LoginRequired):
            directory.fetch_listing(app, session)

    def test_a_401_renews_the_token_once_for_all_threads(self, app, session, emulator):
        token = app.tokens.load(session)
        revoke = partial(emulator.tokens.pop, token.value.reveal())
        emulator.faults.run_before("ListAccountRoles", revoke, 5)
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
        self, app, session, emulator, home
    ):
        emulator.faults.run_before("ListAccountRoles", emulator.end_sign_ins, 12)
        with pytest.raises(LoginRequired):
            directory.fetch_listing(app, session)
        assert emulator.counters["CreateToken.refresh_token"] <= 1
        home.write_token(emulator.issue_token("ana"))
        asked(emulator)
        assert len(directory.fetch_listing(app, session).accounts) == 30
        assert 0 < asked(emulator) < 30


@pytest.mark.parametrize(
    ("accounts", "limits", "most_refused"),
    [(60, {"rate_limit": 20}, 12), (20, {"rate_limit": 10, "rate_burst": 1}, 20 * 6)],
)
def test_a_rate_limit_is_respected_without_an_error(home, clock, accounts, limits, most_refused):
    """Our pace causes few 429s, and no account is lost, even if the limit is used up already."""
    with Emulator(World.of_size(accounts, 1)) as emulator:
        app = app_in(home, emulator, clock)
        app.pacing = Pacing()
        emulator.faults.set(**limits)
        found = directory.fetch_listing(app, app.config.read().sso_session("corp"))
        assert (found.is_complete, len(found.accounts)) == (True, accounts)
        refused = [call for call in emulator.calls if call.status == 429]
        assert len(refused) <= most_refused


def test_saved_listings_hold_no_secret(app, session, emulator, home):
    directory.fetch_listing(app, session)
    damage_answers(emulator)
    with pytest.raises(AwsUnreachable):
        directory.fetch_listing(app, session, refresh=True)
    kept = [path for path in (home.path / "own" / "state").rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        assert emulator.canary not in path.read_text()
        assert json.loads(path.read_text())
