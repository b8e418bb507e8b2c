"""Profiles with `sso_start_url` have a sign-in of their own, until they are adopted."""

import hashlib
import json
from pathlib import Path

import pytest

from ssohelper.actions import adopting
from ssohelper.actions.doctor_facts import Setup
from ssohelper.actions.doctor_profiles import check_legacy_profiles
from ssohelper.actions.profile_checks import ProfileChecker
from ssohelper.core.instants import to_iso
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from tests.actions.world import HOUR, NOW, SESSION, WorldApp
from tests.cli.test_profile_commands_sync import ok

URL = "https://d-0000000000.awsapps.com/start"
SPELLINGS = (URL, f"{URL}/", f"{URL}#/", URL.upper().replace("HTTPS", "https"))
LEGACY = "".join(
    f"[profile old{number}]\nsso_start_url = {url}\nsso_region = us-east-1\n"
    "sso_account_id = 000040000001\nsso_role_name = ReadOnlyAccess\nregion = us-east-1\n\n"
    for number, url in enumerate(SPELLINGS)
)


def write_token(folder: Path, url: str, value: str, ends: int = NOW + HOUR, **more: str) -> Path:
    """Write the file that SDKs read for this spelling of a URL, as `aws sso login` does."""
    path = folder / f"{hashlib.sha1(url.encode()).hexdigest()}.json"
    document = {"startUrl": url, "accessToken": value, "expiresAt": to_iso(ends), **more}
    path.write_text(json.dumps(document))
    return path


def test_a_sign_in_writes_no_such_file_and_a_sign_out_removes_that_of_an_earlier_version(
    home, run, emulator
):
    home.browser()
    home.add_session("corp", URL, "us-east-1")
    home.write_config(home.config_file.read_text() + LEGACY)
    ok(run("login", "corp"))
    [own] = [one for one in home.token_folder.glob("*.json") if "accessToken" in one.read_text()]
    ours = json.loads(own.read_text())["accessToken"]
    earlier = write_token(home.token_folder, URL, ours)
    others = [
        write_token(home.token_folder, SPELLINGS[1], "theirs"),
        write_token(home.token_folder, SPELLINGS[2], ours, refreshToken="r", clientId="c"),
    ]
    assert str(earlier) not in run("cache", "list", "--json").stdout
    ok(run("logout", "corp"))
    assert not own.exists()
    assert not earlier.exists()
    assert all(one.exists() for one in others)


@pytest.fixture
def world(tmp_path) -> WorldApp:
    app = WorldApp(tmp_path)
    config = app.locations.aws_config_file
    config.write_text(config.read_text() + "\n" + LEGACY)
    return app


@pytest.mark.parametrize(("ends", "count"), [(None, 4), (NOW, 4), (NOW + 1, 0)])
def test_doctor_names_those_without_a_sign_in(world, ends, count):
    world.sign_in()
    if ends is not None:
        for url in SPELLINGS:
            write_token(world.locations.token_folder, url, "theirs", ends)
    found = Setup(world).find(check_legacy_profiles)
    assert ["has no valid sign-in" in one.message for one in found] == [True] * count
    for at, one in enumerate(found):
        assert f"--adopt old{at}, or sign in with: aws sso login --profile old{at}" in one.fix
        assert ProfileChecker(world, world.config.read()).find_problem(f"old{at}") is not None


def test_a_profile_that_cannot_be_adopted_is_signed_in_by_the_aws_cli(world):
    config = world.locations.aws_config_file
    other = LEGACY.partition("\n\n")[0].replace("d-0000000000", "d-1111111111")
    config.write_text(f"{config.read_text().partition('[profile')[0]}{other}\nlogin_session = x\n")
    [found] = check_legacy_profiles(Setup(world))
    assert found.fix == "sign in with: aws sso login --profile old0"


def test_they_are_offered_and_do_not_count_even_while_they_work(world):
    world.sign_in()
    write_token(world.locations.token_folder, URL, "theirs")
    account = ListedAccount(Account("000040000001", "lab", ""), ("ReadOnlyAccess",))
    listing = Listing(SESSION.start_url, SESSION.region, 0, (account,))
    found = adopting.list_other_profiles(world, SESSION, listing)
    names = {f"old{at}" for at in range(4)}
    assert [bool(one.problem) for one in found] == [False, True, True, True]
    assert adopting.choose_needing(found) == names
    assert {one.name for one in found if one.is_unusable} == names
    role = found[0].candidate.role
    assert role is not None
    assert adopting.find_unfit_profiles(world, [role]) == names
