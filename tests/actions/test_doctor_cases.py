"""What goes wrong for people with IAM Identity Center, against the emulator: each is named."""

import json
import time
from collections.abc import Iterator

import pytest

from ssohelper.actions import (
    credentials,
    directory,
    doctor,
    foreign_credentials,
    missing_sessions,
    selection,
)
from ssohelper.actions.doctor_facts import Setup
from ssohelper.app import App
from ssohelper.core import profile_region
from ssohelper.core.findings import Finding, profiles_text
from ssohelper.core.foreign import ForeignCredentials, ForeignProfile
from ssohelper.core.listing import Listing
from ssohelper.core.model import Role, Secret
from ssohelper.core.policy import Way
from ssohelper.emulator.server import Emulator
from ssohelper.errors import RoleNotAssigned, UsageProblem
from tests.actions import broken_homes
from tests.actions.broken_homes import REGION, add_profile, make_healthy, make_world
from tests.conftest import Home
from tests.saved_listing import PAY, URL, listed_account


@pytest.fixture
def emulator(home) -> Iterator[Emulator]:
    with Emulator(make_world()) as running:
        home.env.update(running.environment())
        make_healthy(home)
        home.write_token(running.issue_token("ana"))
        yield running


def find(home: Home, chosen: str | None = None) -> dict[str, Finding]:
    return {one.id: one for one in doctor.run_checks(Setup(App(home.env), chosen))}


def refresh_list(home: Home) -> None:
    app = App(home.env)
    [session] = app.config.read().sso_sessions()
    directory.fetch_listing(app, session, refresh=True)


def test_a_role_that_is_not_assigned_names_the_nearest_one_and_the_age_of_the_list(home, emulator):
    add_profile(
        home, "mine", "sso_session = corp", f"sso_account_id = {PAY}", "sso_role_name = Reed"
    )
    refresh_list(home)
    found = find(home, "mine")["role-lost"]
    assert " offers Admin, Read" in found.message
    assert "AWS's list of 20" in found.message
    assert 'did you mean "Read"' in found.fix


@pytest.mark.parametrize(
    ("name", "proposal"),
    [("Reed", 'did you mean "Read"? see '), ("Xy", "the account offers Admin, Read; see ")],
)
def test_a_role_that_aws_refuses_is_answered_with_what_the_account_offers(
    home, emulator, name, proposal
):
    refresh_list(home)
    app = App(home.env)
    profile = selection.resolve_profile(app, f"pay/{name}", None)
    with pytest.raises(RoleNotAssigned) as caught:
        credentials.release_credentials(
            app, profile.session, profile.role, Way.CREDENTIAL_PROCESS, app.clock.deadline(60)
        )
    assert caught.value.hint is not None
    assert caught.value.hint.startswith(proposal)


def test_an_assignment_that_ended_is_seen_after_the_list_is_refreshed(home, emulator):
    emulator.world.unassign("ana", "Read", PAY)
    assert find(home) == {}
    refresh_list(home)
    found = find(home)["role-lost"]
    assert found.subject == 'profile "pay.Read"'
    assert "ssohelper profile sync --prune --session corp" in found.fix


def test_the_iam_roles_name_is_answered_with_the_permission_set(home, emulator):
    name = "AWSReservedSSO_Read_0123456789abcdef"
    add_profile(
        home, "mine", "sso_session = corp", f"sso_account_id = {PAY}", f"sso_role_name = {name}"
    )
    assert "write the permission set's name: Read" in find(home, "mine")["iam-role-name"].fix
    with pytest.raises(UsageProblem) as caught:
        selection.resolve_profile(App(home.env), f"pay/{name}", None)
    assert caught.value.hint == "this is an IAM role; write the permission set's name: Read"


def test_a_new_permission_is_not_in_old_role_credentials(home, emulator):
    app = App(home.env)
    [session] = app.config.read().sso_sessions()
    role = Role(PAY, "Read")
    credentials.release_credentials(
        app, session, role, Way.CREDENTIAL_PROCESS, app.clock.deadline(60)
    )
    assert "cached-credentials" not in find(home, "pay.Read")
    setup = Setup(App(home.env), "pay.Read")
    setup.now += 3600
    found = {one.id: one for one in doctor.run_checks(setup)}["cached-credentials"]
    assert (found.id, found.fix) == ("cached-credentials", "ssohelper cache clear")
    assert "issued 1h ago" in found.message


def test_a_job_that_dies_after_an_hour_has_fixed_keys(home, emulator):
    home.env.update(AWS_PROFILE="pay.Read", AWS_DEFAULT_PROFILE="dev.Read")
    assert 'boto3 takes AWS_DEFAULT_PROFILE ("dev.Read")' in find(home)["two-profiles"].message
    del home.env["AWS_PROFILE"], home.env["AWS_DEFAULT_PROFILE"]
    home.env.update(broken_homes.KEYS, AWS_CREDENTIAL_EXPIRATION="2026-11-28T18:00:00Z")
    found = find(home)["keys-in-environment"]
    assert "the key expires at 2026-11-28T18:00:00Z, and nothing renews it" in found.message
    assert "ssohelper exec --server" in found.fix
    assert found.severity == "note"


def test_asked_to_sign_in_again_names_the_clock_that_ended(home, emulator):
    home.write_token({**emulator.issue_token("ana"), "expiresAt": "2026-01-01T00:00:00Z"})
    path = next(home.token_folder.glob("*.json"))
    path.write_text(path.read_text().replace('"refreshToken"', '"gone"'))
    assert find(home)["signed-out"].message == "the access token has expired and cannot be renewed"


def test_profiles_of_a_session_that_is_gone_name_the_command_that_makes_it_again(home, emulator):
    refresh_list(home)
    broken_homes.lose_session(home)
    for chosen, subject in (
        (None, 'profiles "pay.Admin", "pay.Read" and "dev.Read"'),
        ("pay.Read", 'profile "pay.Read"'),
    ):
        [found] = find(home, chosen).values()
        assert (found.id, found.severity, found.subject) == ("session-missing", "problem", subject)
        assert found.fix == f"ssohelper setup {URL} --session corp --region eu-west-1"


def test_a_missing_program_of_another_tool_is_adopted_first(home, emulator):
    line = f"/opt/gone/aws-sso -u https://x process --arn arn:aws:iam::{PAY}:role/Read"
    add_profile(home, "tax/Read", f"credential_process = {line}")
    found = find(home)["program-missing"]
    assert found.fix.startswith("ssohelper profile sync --adopt tax/Read, or install it again")
    add_profile(home, "keys", "credential_process = /opt/gone/keys")
    assert "--adopt" not in find(home, "keys")["program-missing"].fix
    broken_homes.lose_session(home)
    fix = find(home, "tax/Read")["program-missing"].fix
    assert fix.startswith("ssohelper setup START_URL --adopt tax/Read, or ")


def test_settings_that_cannot_be_read_are_one_finding(home, emulator):
    broken_homes.settings("a = [\n")(home)
    [found] = doctor.examine_setup(App(home.env), None, run=False).findings
    assert (found.id, found.fix) == ("settings", "correct that line in an editor")


def test_a_source_that_is_gone_is_an_error_of_every_sdk(home, emulator):
    arn = "arn:aws:iam::999999999999:role/ci"
    add_profile(home, "mine", f"role_arn = {arn}", "source_profile = gone")
    sdks = doctor.examine_setup(App(home.env), "mine", run=False).sdks
    assert {one.source for one in sdks} == {"error"}
    assert all('source_profile "gone" does not exist' in one.detail for one in sdks)


@pytest.mark.parametrize(
    "lines",
    [
        ("sso_session = gone",),  # a profile for tokens only, without a role
        ("sso_session = gone", f"sso_account_id = {PAY}", "sso_role_name = Read"),
        (
            f"credential_process = ssohelper credential-process --session gone "
            f"--account-id {PAY} --role-name Read",
        ),
    ],
)
def test_doctor_and_the_other_commands_agree_which_session_is_missing(home, emulator, lines):
    add_profile(home, "mine", *lines)
    add_profile(home, "by-name", "credential_process = ssohelper credential-process --profile mine")
    [missing] = missing_sessions.list_missing_sessions(App(home.env))
    found = find(home)["session-missing"]
    assert (missing.name, missing.profiles[0]) == ("gone", "mine")
    assert found.subject == profiles_text(missing.profiles)
    assert found.fix == missing_sessions.restore_session_command("gone", None)
    if "--session gone" in lines[0]:
        # A name that no session can have is to be corrected.
        broken_homes.replace(home, "--session gone", "--session a%b")
        assert missing_sessions.list_missing_sessions(App(home.env)) == []
        assert find(home)["session-missing"].fix == "correct its name in an editor"
        broken_homes.replace(home, "--session a%b", "--session gone")
    if len(lines[0].split()) > 3 or len(lines) > 1:
        assert missing.profiles == ("mine", "by-name")
        assert find(home, "by-name")["session-missing"].subject == 'profile "by-name"'


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        ((), ', so most calls stop with "You must specify a region"'),
        (("AWS_DEFAULT_REGION",), "; only AWS_DEFAULT_REGION of this shell gives one"),
        (
            ("AWS_REGION",),
            "; only AWS_REGION of this shell gives one, and boto3 reads AWS_DEFAULT_REGION alone",
        ),
        (
            ("AWS_REGION", "AWS_DEFAULT_REGION"),
            "; only AWS_REGION and AWS_DEFAULT_REGION of this shell give one",
        ),
    ],
)
def test_a_region_that_only_this_shell_has_is_named(home, emulator, variables, message):
    lines = ("sso_session = corp", f"sso_account_id = {PAY}", "sso_role_name = Read")
    add_profile(home, "mine", *lines, region=None)
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        home.env.pop(name, None)
    home.env.update(dict.fromkeys(variables, "eu-west-1"))
    app = App(home.env)
    assert find(home)["no-region"].message == f"has no region{message}"
    entry = app.config.read().profile("mine")
    assert profile_region.lacks_region(entry.keys, home.env) is (not variables)


@pytest.mark.parametrize(("year", "ids"), [("2020", ["no-credentials"]), ("2099", [])])
def test_keys_that_have_expired_are_no_credentials(home, emulator, year, ids):
    program = home.path / "keys"
    answer = {"Version": 1, "AccessKeyId": "AKIA", "SecretAccessKey": "CNRYSAK"}
    answer["Expiration"] = f"{year}-01-01T00:00:00Z"
    program.write_text(f"#!/bin/sh\necho '{json.dumps(answer)}'\n")
    program.chmod(0o700)
    add_profile(home, "tool", f"credential_process = {program}")
    report = doctor.examine_setup(App(home.env), "tool", run=True)
    assert [one.id for one in report.findings] == ids
    assert report.proven == (() if ids else ("tool",))
    assert all("expired at 2020-01-01T00:00:00Z" in one.message for one in report.findings)


def test_the_end_of_a_setup_names_a_clock_that_differs_from_awss(home):
    with Emulator(make_world(), clock=lambda: time.time() + 1500) as running:
        home.env.update(running.environment())
        make_healthy(home)
        home.write_token({**running.issue_token("ana"), "expiresAt": broken_homes.instant(5400)})
        refresh_list(home)
        app = App({**home.env, "SHELL": "/bin/bash"})
        [session] = app.config.read().sso_sessions()
        report = doctor.prove_session(app, session)
        assert not report.has_shell_lines
        found = {one.id: one for one in report.findings}
        assert "behind AWS's" in found["clock"].message
        assert {one.severity for one in found.values()} == {"problem"}
        assert app.warnings == []


@pytest.mark.parametrize("line", [f"sso_region = {REGION}", f"sso_start_url = {URL}"])
def test_a_line_that_a_session_lacks_is_named_by_its_record(home, emulator, line):
    broken_homes.replace(home, f"{line}\n", "")
    [found] = find(home).values()
    assert (found.id, found.fix) == ("session-unusable", f"write in an editor: {line}")


def test_each_legacy_profile_without_a_token_is_adopted(home, emulator):
    keys = (f"sso_account_id = {PAY}", "sso_role_name = Read", f"sso_region = {REGION}")
    for name in ("old one", "two"):
        add_profile(home, f'"{name}"', f"sso_start_url = {URL}/", *keys)
    fix = find(home)["legacy-token"].fix
    assert "profile sync --adopt 'old one' --adopt two, or sign in with: aws sso login" in fix


def test_keys_that_are_not_ours_are_not_in_our_cache(home, emulator):
    lines = ("aws_access_key_id = AKIA", "aws_secret_access_key = CNRYSAK-x")
    add_profile(home, "static", *lines)
    keys = ForeignCredentials("AKIA", Secret("CNRYSAK-x"), Secret(""), None)
    found = ForeignProfile("static", "static keys", profiles=("static",))
    with pytest.raises(RoleNotAssigned) as caught:
        foreign_credentials.confirm_identity_of(App(home.env), found, keys)
    assert caught.value.hint is not None
    assert caught.value.hint.endswith("renew them where they come from (static keys)")


def test_a_role_that_one_session_alone_lists_needs_no_session(home, emulator):
    refresh_list(home)
    app = App(home.env)
    home.add_session("other", "https://other.awsapps.com/start", REGION)
    with pytest.raises(selection.NoSessionNamed) as question:  # the other one may have it too
        selection.resolve_profile(app, "pay/Read", None)
    assert [one.name for one in question.value.sessions] == ["corp", "other"]
    [_, other] = app.config.read().sso_sessions()
    account = listed_account(PAY, "pay", "Admin", "Write")
    saved = Listing(other.start_url, other.region, int(time.time()), (account,))
    app.directory.save("other", saved)
    for text, name in (("pay/Read", "corp"), (f"{PAY}/Write", "other")):
        assert selection.resolve_profile(app, text, None).session.name == name
    with pytest.raises(selection.NoSessionNamed):
        selection.resolve_profile(app, "pay/Admin", None)
