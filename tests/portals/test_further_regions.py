"""One instance of Identity Center with portals in two regions: sign-in, failing over, sign-out."""

import hashlib
import json
import os
from pathlib import Path

import pytest

from ssohelper.app import App
from ssohelper.emulator.faults import Faults
from ssohelper.emulator.server import Emulator
from ssohelper.tui.screens.sign_in import SignInScreen
from tests.cli.test_profile_commands_sync import ok
from tests.conftest import Home
from tests.long_rows import long_after
from tests.published import date_back
from tests.tui.driving import User, run_scenario
from tests.tui.screens.test_set_up import typed
from tests.two_regions import (
    FIRST,
    HERE,
    INSTANCE,
    SECOND,
    THERE,
    add_second_region,
    further_token_file,
    sign_in_to_both,
)

ROLES = (("000030000001", "ReadOnlyAccess"), ("000040000001", "Developer"))
FAULTS = {"black hole": -1, "refusing": 0, "broken": 503, "throttling": 429}


@pytest.fixture
def two(aws, home) -> Emulator:
    """An instance with two regions, and a session at the first one, which names the second."""
    add_second_region(aws)
    home.add_session("corp", start_url=HERE, region=FIRST)
    return aws


@pytest.fixture
def signed_in(two, home) -> Emulator:
    """Return an emulator after one login, which signs in to both regions."""
    sign_in_to_both(home.path, two)
    date_back(home.config_file)
    return two


def token_file(home: Home) -> Path:
    return home.token_folder / f"{hashlib.sha1(b'corp').hexdigest()}.json"


def further_files(home: Home) -> list[str]:
    return sorted(path.name for path in home.path.rglob("regions/corp@*"))


def issued_in(emulator: Emulator) -> list[str]:
    """Return the region of each answered or unanswered role call, oldest first."""
    return [
        visit.host.split(".")[2]
        for visit in emulator.internet.visits()
        if visit.path == "/federation/credentials"
    ]


def ask(run, role):
    options = ("--session", "corp", "--account-id", role[0], "--role-name", role[1])
    return run("credential-process", *options)


def credentials_of(run, role):
    done = ask(run, role)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def break_first(emulator: Emulator, status: int) -> Faults:
    faults = emulator.faults_in(FIRST)
    faults.set(down={"*": status})
    return faults


def check_no_secret_crossed(emulator: Emulator) -> None:
    """Check that tokens, refresh tokens and client secrets went to their own region's hosts only."""
    state = emulator
    homes = {value: one.sign_in.world.region for value, one in state.tokens.items()}
    homes |= {value: one.sign_in.world.region for value, one in state.refresh_tokens.items()}
    for client in state.clients.values():
        if client.issuer_url:
            homes[client.secret] = SECOND if SECOND in client.issuer_url else FIRST
    assert set(homes.values()) == {FIRST, SECOND}
    for visit in emulator.internet.visits():
        region = SECOND if f".{SECOND}." in visit.host else FIRST
        text = f"{dict(visit.headers)} {visit.query} {visit.body!r}"
        for secret, own_region in homes.items():
            assert own_region == region or secret not in text, visit.host


# -- signing in and out ------------------------------------------------------------------------


@pytest.mark.long
def test_one_login_signs_in_at_both_and_logout_ends_both(run, home, two):
    assert run("config", "set", "sessions.corp.regions", f"{SECOND}={THERE}").returncode == 0
    said = ok(run("login", "corp"))
    assert f"now sign in in the region {SECOND} too, as the same user" in said
    assert "warning" not in said
    assert further_files(home) == [f"corp@{SECOND}+client.json", f"corp@{SECOND}.json"]
    assert len([one for one in two.sign_ins if not one.revoked]) == 2
    run.ok("login", "corp")
    assert len(two.sign_ins) == 2
    ok(run("logout", "corp"))
    assert [one.revoked for one in two.sign_ins] == [True, True]
    assert further_files(home) == []
    check_no_secret_crossed(two)


def test_tokens_of_removed_portals_are_revoked_too(run, home, signed_in):
    assert run("config", "set", "sessions.corp.regions", "--default").returncode == 0
    assert run("logout", "corp").returncode == 0
    assert [one.revoked for one in signed_in.sign_ins] == [True, True]
    assert f"corp@{SECOND}.json" not in further_files(home)


def test_a_second_region_that_fails_to_sign_in_is_a_warning(run, home, two):
    assert run("config", "set", "sessions.corp.regions", f"{SECOND}={THERE}").returncode == 0
    two.faults_in(SECOND).set(down={"RegisterClient": 500})
    assert f'warning: "corp" is not signed in in {SECOND}: ' in run.ok("login", "corp").stderr
    assert token_file(home).exists()
    assert "sign in there too with: ssohelper login corp --force" in run.ok("login", "corp").stderr
    assert run("status", "corp").returncode == 0


def test_another_person_in_the_second_region_is_refused(run, home, two):
    assert run("config", "set", "sessions.corp.regions", f"{SECOND}={THERE}").returncode == 0
    there = two.faults_in(SECOND)
    there.run_before("RegisterClient", lambda: setattr(two, "auto_approve", "ben"))
    done = run("login", "corp", "--yes")
    assert done.returncode == 2, done.stderr
    assert f'"ben" signed in to "corp" in {SECOND}, and "ana" in {FIRST}' in done.stderr
    assert f"corp@{SECOND}.json" not in further_files(home)
    assert [(one.person, one.revoked) for one in two.sign_ins] == [("ana", False), ("ben", True)]
    assert ask(run, ROLES[0]).returncode == 0


@pytest.mark.long
def test_setup_with_the_second_url_adds_it_to_the_session(run, home, two):
    assert run("setup", HERE, "--yes", "--role", "ReadOnlyAccess").returncode == 0
    before = home.config_file.read_text()
    assert f'{SECOND} is a further region of "corp" from now on' in ok(run("setup", THERE, "--yes"))
    assert home.config_file.read_text() == before
    shown = run("config", "get", "sessions.corp.regions")
    assert shown.stdout.strip() == json.dumps([f"{SECOND}={THERE}"])
    written = run.data("audit", "--event", "config-write")
    assert {row["command"] for row in written} == {"setup"}
    assert [one.world.region for one in two.sign_ins] == [FIRST, SECOND]
    assert "from now on" not in run.ok("setup", THERE, "--yes").stderr
    assert len(two.sign_ins) == 2


def test_the_full_screens_set_up_adds_it_to_the_session_too(home, two):
    async def scenario(user: User) -> None:
        await user.press("f3")
        await user.wait_for_text("corp")
        await user.press("S")
        await user.wait_for_text("Set up another session")
        typed(user, "start_url", THERE)
        await user.press("enter")
        await user.wait_for_message(f'{SECOND} is a further region of "corp" from now on')
        await user.wait_for_screen(SignInScreen)

    run_scenario(App(home.env), scenario)
    app = App(home.env)
    assert list(app.settings.get("regions", session="corp")) == [f"{SECOND}={THERE}"]
    assert app.config.read().session_names() == ["corp"]


# -- which portals are taken -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "options", "code", "what"),
    [
        # The instance is known of one of both only.
        (THERE, ("--session", "old"), 2, f"config set sessions.old.regions {SECOND}={THERE}"),
        # It claims the same instance on the hosts of the other variant.
        (f"https://{INSTANCE}.portal.{SECOND}.app.aws", (), 2, "but on other hosts"),
        (f"https://{INSTANCE}.eusc-de-east-1.portal.amazonaws.eu", (), 3, "in another partition"),
        (f"https://{INSTANCE}.portal.{FIRST}.app.aws", (), 3, 'the region of the session "corp"'),
        (
            "https://ssoins-9999.eu-central-1.portal.amazonaws.com",
            ("--session", "corp"),
            3,
            "already has another start URL",
        ),
    ],
)
def test_setup_refuses_or_asks_about_portals_that_it_cannot_know(
    run, home, two, url, options, code, what
):
    home.add_session("old", region=FIRST)
    before = home.config_file.read_bytes()
    done = run("setup", url, *options, "--yes")
    assert done.returncode == code, done.stderr
    assert what in done.stderr
    assert home.config_file.read_bytes() == before
    assert run("config", "get", "sessions.corp.regions").stdout.strip() == "[]"
    assert two.sign_ins == []


@pytest.mark.parametrize(
    ("value", "code", "what"),
    [
        (THERE, 2, "no REGION=START_URL"),
        (f"{FIRST}={THERE}", 2, f"is in {SECOND}, not in {FIRST}"),
        ("x=https://evil.example.com", 2, "is no AWS region"),
        (f"{SECOND}=https://{SECOND}.example.com", 2, "is not on a host of the AWS access portal"),
        (f"{FIRST}={HERE}", 3, 'the region of the session "corp" itself'),
        (f"{SECOND}=https://ssoins-9999.{SECOND}.portal.amazonaws.com", 3, "another instance"),
    ],
)
def test_the_setting_takes_no_other_portal(run, two, value, code, what):
    done = run("config", "set", "sessions.corp.regions", value)
    assert done.returncode == code, done.stderr
    assert what in done.stderr
    assert run("config", "get", "sessions.corp.regions").stdout.strip() == "[]"


def test_a_portal_of_another_instance_in_the_file_is_not_asked(run, home, two):
    other = f"https://ssoins-9999.{SECOND}.portal.amazonaws.com"
    path = Path(run("config", "path").stdout.strip())
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'[sessions.corp]\nregions = ["{SECOND}={other}"]\n')
    done = run.ok("login", "corp")
    assert (
        'another instance of Identity Center than the session "corp"; this portal is not'
        in done.stderr
    )
    assert len(two.sign_ins) == 1


# -- using the second region while the first does not answer -----------------------------------


@pytest.mark.parametrize("fault", long_after(2, list(FAULTS)))
def test_the_second_region_answers_while_the_first_does_not(run, signed_in, fault):
    break_first(signed_in, FAULTS[fault])
    found = credentials_of(run, ROLES[0])
    assert signed_in.issued.get(found["AccessKeyId"]) is not None
    assert issued_in(signed_in)[-2:] == [FIRST, SECOND]
    credentials_of(run, ROLES[1])
    assert issued_in(signed_in)[-3:] == [FIRST, SECOND, SECOND]
    assert credentials_of(run, ROLES[0]) == found  # cached as any
    assert len(issued_in(signed_in)) == 3
    status = run.data("status", "corp")
    assert status["sessions"][0]["answering_region"] == SECOND
    assert f"valid, {SECOND} answers" in run("status", "corp").stdout
    check_no_secret_crossed(signed_in)


@pytest.mark.parametrize("fault", long_after(1, ["broken", "black hole"]))
def test_expired_tokens_are_renewed_in_the_region_that_answers(run, home, signed_in, fault):
    for path in (token_file(home), further_token_file(home.path)):
        document = json.loads(path.read_text()) | {"expiresAt": "2020-01-01T00:00:00Z"}
        path.write_text(json.dumps(document))
        date_back(path)
    break_first(signed_in, FAULTS[fault])
    credentials_of(run, ROLES[0])
    assert issued_in(signed_in)[-1] == SECOND
    refreshed = [v.host for v in signed_in.internet.visits() if b"refresh_token" in v.body]
    assert f"oidc.{SECOND}.amazonaws.com" in refreshed
    check_no_secret_crossed(signed_in)


@pytest.mark.parametrize(("is_signed_out", "code"), [(False, 6), (True, 4)])
def test_after_another_tool_signed_in_or_out_the_second_region_is_not_used(
    run, home, signed_in, is_signed_out, code
):
    if is_signed_out:
        credentials_of(run, ROLES[0])
        os.unlink(token_file(home))
    else:
        home.write_token(signed_in.issue_token("ben", start_url=HERE), issuer=None)
        break_first(signed_in, 503)
    done = ask(run, ROLES[0])
    assert (done.returncode, done.stdout) == (code, "")
    assert SECOND not in issued_in(signed_in)


def test_renewals_keep_both_sign_ins_together(run, home, signed_in):
    document = json.loads(token_file(home).read_text()) | {"expiresAt": "2020-01-01T00:00:00Z"}
    token_file(home).write_text(json.dumps(document))
    date_back(token_file(home))
    credentials_of(run, ROLES[0])
    assert signed_in.counters["CreateToken.refresh_token"] == 1
    # A long sign-in outlives the list of tokens that its facts have.
    facts = home.path / ".local" / "state" / "ssohelper" / "sign-ins"
    own = json.loads((facts / "corp.json").read_text())
    further = json.loads((facts / f"corp@{SECOND}.json").read_text())
    assert further["of_token_id"] == own["token_ids"][-1]
    break_first(signed_in, 503)
    credentials_of(run, ROLES[1])
    assert issued_in(signed_in)[-1] == SECOND
