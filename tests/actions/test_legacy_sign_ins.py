"""Profiles with `sso_start_url` work by our sign-in, as long as ssohelper renews it."""

import hashlib
import json
import stat
from pathlib import Path

import pytest

from ssohelper.actions import adopting, doctor, doctor_proofs, legacy_sign_ins, renewal
from ssohelper.app import App
from ssohelper.core.doctor.facts import Facts, TokenFact
from ssohelper.core.doctor.sign_ins_and_lists import check_legacy_tokens
from ssohelper.core.listing import Listing
from ssohelper.emulator.server import Emulator
from tests.actions.world import HOUR, NOW, SESSION, WorldApp, token
from tests.cli.test_profile_commands_sync import identity, ok
from tests.conftest import Home, Run

URL = "https://d-0000000000.awsapps.com/start"
SPELLINGS = (URL, f"{URL}/", f"{URL}#/", URL.upper().replace("HTTPS", "https"))


def legacy(name: str, url: str) -> str:
    return (
        f"[profile {name}]\nsso_start_url = {url}\nsso_region = us-east-1\n"
        "sso_account_id = 000040000001\nsso_role_name = ReadOnlyAccess\nregion = us-east-1\n\n"
    )


LEGACY = "".join(legacy(f"old{number}", url) for number, url in enumerate(SPELLINGS))


def file_of(folder: Path, url: str) -> Path:
    return folder / f"{hashlib.sha1(url.encode()).hexdigest()}.json"


def test_a_sign_in_serves_each_spelling_and_a_sign_out_ends_it(
    home: Home, run: Run, emulator: Emulator
) -> None:
    home.browser()
    home.add_session("corp", URL, "us-east-1")
    home.write_config(home.config_file.read_text() + LEGACY)
    ok(run("login", "corp"))
    own = file_of(home.token_folder, "corp")
    for url in SPELLINGS:
        path = file_of(home.token_folder, url)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        found = json.loads(path.read_bytes())
        assert found.keys() == {"startUrl", "region", "accessToken", "expiresAt"}
        assert found["accessToken"] == json.loads(own.read_bytes())["accessToken"]
    listed = run("cache", "list", "--json").stdout
    assert all(str(file_of(home.token_folder, url)) in listed for url in SPELLINGS)
    assert identity(home, "old1")[0] == "000040000001"
    # A spelling that the config no longer has is removed too, another tool's file is not.
    home.write_config(home.config_file.read_text().replace(legacy("old1", SPELLINGS[1]), ""))
    other = file_of(home.token_folder, "https://other.awsapps.com/start")
    other.write_text(json.dumps({**found, "accessToken": "another"}))
    ok(run("logout", "corp"))
    assert sorted(home.token_folder.glob("*.json")) == [other] or not own.exists()
    assert not any(file_of(home.token_folder, url).exists() for url in SPELLINGS)
    assert other.exists()


@pytest.fixture
def world(tmp_path: Path) -> WorldApp:
    app = WorldApp(tmp_path)
    config = app.locations.aws_config_file
    config.write_text(config.read_text() + "\n" + LEGACY)
    return app


def saved(app: WorldApp, url: str = URL) -> str | None:
    found = app.storage.legacy_tokens.load(url)
    return found.value.reveal() if found else None


def write(app: WorldApp) -> None:
    present = app.tokens.load(SESSION)
    assert present is not None
    legacy_sign_ins.write_legacy_tokens_if_present(app, SESSION, present)


def test_a_renewal_writes_them_again(world: WorldApp) -> None:
    world.sign_in(left=HOUR // 10)
    write(world)
    present = world.tokens.load(SESSION)
    assert present is not None
    assert saved(world) == "first"
    renewal.renew_token(world, SESSION, present.id)
    assert {saved(world, url) for url in SPELLINGS} == {"renewed-1"}


@pytest.mark.parametrize("left", [2 * HOUR, HOUR // 2])
def test_a_token_of_another_tool_that_still_works_stays(world: WorldApp, left: int) -> None:
    world.sign_in(left=HOUR)
    world.storage.legacy_tokens.save(URL, "us-east-1", token("theirs", NOW + left))
    world.storage.legacy_tokens.save(f"{URL}/", "us-east-1", token("theirs", NOW - 1))
    write(world)
    # What has ended and cannot be renewed is of no use any more.
    assert (saved(world), saved(world, f"{URL}/")) == ("theirs", "first")


def test_a_long_lived_token_that_aws_refuses_is_said_and_replaced(world: WorldApp) -> None:
    world.sign_in(left=HOUR)
    for url, value in ((URL, "dead"), (f"{URL}/", "theirs")):
        world.storage.legacy_tokens.save(url, "us-east-1", token(value, NOW + 9 * HOUR))
    world.refused = ("dead",)
    facts = doctor.gather_facts(world)
    assert [one.is_refused for one in facts.tokens[:2]] == [False, False]
    asked = doctor_proofs.ask_about_legacy_tokens(world, facts)
    assert sorted(world.checked) == ["dead", "theirs"]  # AWS is asked once about each token file
    [found, *_] = check_legacy_tokens(facts._replace(tokens=tuple(asked)))
    assert "has a sign-in that AWS refuses" in found.message
    assert "ssohelper login corp" in found.fix
    assert adopting.find_profile_problem(world, "old0")
    assert not adopting.find_profile_problem(world, "old1")
    write(world)
    assert (saved(world), saved(world, f"{URL}/")) == ("first", "theirs")


def test_a_token_of_another_region_is_not_sent(world: WorldApp) -> None:
    world.sign_in(left=HOUR)
    config = world.locations.aws_config_file
    config.write_text(
        config.read_text().replace("sso_region = us-east-1", "sso_region = eu-west-9")
    )
    world.storage.legacy_tokens.save(URL, "eu-west-9", token("theirs", NOW + 9 * HOUR))
    write(world)
    assert not world.checked


def test_without_a_session_the_fix_is_a_setup_with_the_profiles_url() -> None:
    facts = Facts(tokens=(TokenFact(URL, ("old",), None),))
    [found] = check_legacy_tokens(facts)
    assert found.fix.startswith(f"ssohelper setup {URL},")


@pytest.mark.parametrize(
    "content",
    [
        '{"accessToken": "x", "expiresAt": "2020-01-01T00:00:00Z", "refreshToken": "theirs"}',
        '{"some": "json"}',
        "notes of mine",
    ],
)
def test_a_file_that_is_not_a_dead_token_is_neither_replaced_nor_removed(
    world: WorldApp, content: str
) -> None:
    world.sign_in(left=HOUR)
    world.storage.legacy_tokens.save(URL, "us-east-1", token("theirs", NOW))
    [path] = [
        one for one in world.locations.token_folder.glob("*.json") if "theirs" in one.read_text()
    ]
    path.write_text(content)
    write(world)
    legacy_sign_ins.remove_legacy_tokens(
        world, SESSION, legacy_sign_ins.find_own_token_ids(world, SESSION)
    )
    assert path.read_text() == content


SECOND = f"[sso-session second]\nsso_start_url = {URL}\nsso_region = us-east-1\n\n"


def test_a_second_session_of_the_portal_changes_nothing_for_them(world: WorldApp) -> None:
    config = world.locations.aws_config_file
    text = config.read_text()
    config.write_text(text + SECOND)
    world.sign_in()
    write(world)
    assert saved(world) == world.tokens.load(SESSION).value.reveal()  # type: ignore[union-attr]


def test_a_later_session_of_the_portal_does_not_serve_them(world: WorldApp) -> None:
    config = world.locations.aws_config_file
    config.write_text(SECOND + config.read_text())
    world.sign_in()
    write(world)
    assert saved(world) is None


def test_who_adds_a_second_session_is_told_which_one_serves_them(home: Home, run: Run) -> None:
    home.add_session("corp", URL, "us-east-1")
    home.write_config(home.config_file.read_text() + LEGACY)
    said = ok(run("session", "add", "second", URL, "--region", "us-east-1", "--yes"))
    assert (
        'profiles with sso_start_url (old0, old1, old2, old3) keep using the sign-in to "corp"'
        in said
    )
    assert "ssohelper profile sync --session corp --adopt NAME" in said


def test_with_keyring_storage_none_is_written(world: WorldApp) -> None:
    world.sign_in()
    present = world.tokens.load(SESSION)
    assert present is not None
    world.storage.__class__ = type(
        "Keyring", (world.storage.__class__,), {"apply_setting": lambda _storage: "keyring"}
    )
    legacy_sign_ins.write_legacy_tokens(world, SESSION, present)
    assert saved(world) is None


def test_a_disk_that_takes_no_file_does_not_fail_the_renewal(world: WorldApp) -> None:
    world.sign_in(left=HOUR // 10)
    file_of(world.locations.token_folder, URL).mkdir()
    present = world.tokens.load(SESSION)
    assert present is not None
    renewal.renew_token(world, SESSION, present.id)
    assert world.tokens.load(SESSION) != present


def test_a_link_in_place_of_one_file_keeps_no_other_from_being_written(world: WorldApp) -> None:
    world.sign_in()
    mine = world.locations.token_folder / "mine"
    mine.write_text("{}")
    file_of(world.locations.token_folder, SPELLINGS[0]).symlink_to(mine)
    write(world)
    assert mine.read_text() == "{}"
    assert {saved(world, url) for url in SPELLINGS[1:]} == {"first"}
    [warning] = world.warnings
    assert f"no token for profiles with sso_start_url = {SPELLINGS[0]}: " in warning


def test_such_profiles_work_and_still_need_us(world: WorldApp) -> None:
    world.sign_in()
    write(world)
    found = adopting.list_profiles_of_other_tools(
        world, SESSION, Listing(SESSION.start_url, SESSION.region, 0)
    )
    assert [(one.problem, one.needs_ssohelper) for one in found[:2]] == [
        ("the role is not in your list", False)
    ] * 2
    assert adopting.find_unusable_profiles_of_other_tools(world) == frozenset()
    world.storage.legacy_tokens.save(URL, "us-east-1", token("theirs", NOW + HOUR))
    assert isinstance(world, App)
