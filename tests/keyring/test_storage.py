"""`storage = "keyring"` as a user sees it: moves, exit 8, what is served meanwhile, profiles."""

import json
import os
import tempfile
import time
from pathlib import Path

import pytest

from ssohelper.stores.files import is_folder_in_memory
from tests.endpoint.world import wait_for
from tests.keyring.world import ACCOUNT, OTHER_ACCOUNT, ROLE
from tests.long_rows import long_after
from tests.published import date_back
from tests.two_regions import SECOND, THERE, further_token_file


def wait_for_response(world) -> Path:
    """Get credentials until they are published: not within 2 s of a change of the settings."""
    path = world.runtime / "credentials" / "corp" / ACCOUNT / ROLE / "response"
    ends_at = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < ends_at, "it was never published"
        done = world.launch()
        assert done.returncode == 0, done.stderr
    return path


def sign_in(world) -> None:
    world.emulator.auto_approve = "ana"
    world.home.browser()
    assert world.run("login", "corp", "--force").returncode == 0


def test_a_move_takes_the_sign_in_along_and_leaves_nothing(world):
    before = world.status()["sessions"]
    assert "encrypted" not in world.run("status").stderr
    done = world.use_keyring()
    assert "sign-ins are encrypted" in world.run("status").stderr
    assert "the AWS CLI and other tools no longer share them" in done.stderr
    assert world.find_plain() == []
    assert not list(world.home.token_folder.glob("*.json"))
    status = world.status()
    assert (status["storage"], status["sessions"]) == ("keyring", before)
    assert world.launch().returncode == 0
    kinds = {row["kind"] for row in json.loads(world.run("cache", "list", "--json").stdout)["data"]}
    assert {"sign_in", "role_credentials"} <= kinds
    assert "other tools share them" in world.move_to_files()
    assert not list(world.home.token_folder.glob("*.sealed"))
    status = world.status()
    assert (status["storage"], status["sessions"]) == ("file", before)


@pytest.mark.long
def test_a_move_takes_a_sign_in_along_whose_session_is_not_in_the_config(world):
    sign_in(world)
    world.home.write_config("")
    world.use_keyring()
    assert list(world.home.token_folder.glob("*.json")) == []
    [one] = world.status()["sessions"]
    assert (one["name"], one["state"], one["in_config"]) == ("corp", "valid", False)
    assert world.run("logout", "--all").returncode == 0
    assert list(world.home.token_folder.glob("*.sealed")) == []


@pytest.mark.long
def test_a_move_takes_the_sign_ins_of_further_regions_along(world):
    world.emulator.add_region(THERE, SECOND)
    world.emulator.auto_approve = "ana"
    world.home.browser()
    assert world.run("config", "set", "sessions.corp.regions", f"{SECOND}={THERE}").returncode == 0
    assert world.run("login", "corp", "--force").returncode == 0
    folder = further_token_file(world.home.path).parent
    assert len(list(folder.glob("*.json"))) == 2
    world.use_keyring()
    assert world.find_plain() == []
    assert (len(list(folder.glob("*.sealed"))), len(list(folder.glob("*.json")))) == (2, 0)
    world.move_to_files()
    assert (len(list(folder.glob("*.sealed"))), len(list(folder.glob("*.json")))) == (0, 2)
    world.use_keyring()
    signed_in = [one for one in world.emulator.sign_ins if one.world.region == SECOND]
    assert world.run("logout", "corp").returncode == 0
    assert [one.revoked for one in signed_in] == [True]
    assert [path for path in folder.iterdir() if path.suffix != ".lock"] == []


def test_only_published_responses_in_memory_are_in_clear(world):
    world.use_keyring()
    response = wait_for_response(world)
    assert world.find_plain() == [str(response)]
    document = world.launch()
    assert json.loads(document.stdout)["AccountId"] == ACCOUNT
    assert document.stdout == response.read_text().partition("\n")[0] + "\n"


@pytest.fixture
def folder_on_a_disk():
    for base in ("/var/tmp", "/tmp", Path(__file__).parents[2] / ".cache"):
        if os.path.isdir(base) and not is_folder_in_memory(base):
            with tempfile.TemporaryDirectory(dir=base, prefix="ssohelper-test-") as made:
                yield Path(made)
            return
    pytest.skip("there is no folder on a disk")


def test_on_a_disk_nothing_is_published(folder_on_a_disk, world):
    runtime = folder_on_a_disk
    world.home.env["XDG_RUNTIME_DIR"] = str(runtime)
    assert "not in memory" in world.use_keyring().stderr
    for _ in range(2):
        assert world.launch().returncode == 0
    assert world.find_plain() == []
    assert list(runtime.rglob("cached.json"))
    assert not list(runtime.rglob("response"))


@pytest.mark.parametrize("how", long_after(1, ["stopped", "locked", "killed"]))
def test_without_the_keyring_it_is_exit_8_and_good_answers_are_served(world, how):
    world.use_keyring()
    response = wait_for_response(world)
    # The next caller must ask a broker: the response is past the time of hits.
    good = response.read_text().partition("\n")[0] + "\n"
    world.end_brokers()
    os.utime(response, (1, 1))
    {
        "stopped": world.desktop.stop,
        "locked": lambda: world.desktop.restart(unlock=False),
        "killed": world.desktop.kill,
    }[how]()
    served = world.launch()
    assert (served.returncode, served.stdout) == (0, good)
    refused = world.launch(OTHER_ACCOUNT)
    assert (refused.returncode, refused.stdout) == (8, "")
    assert "the keyring is" in refused.stderr
    assert "ssohelper config set storage file" in refused.stderr
    for argv in (["status"], ["login", "corp"], ["config", "set", "storage", "keyring"]):
        done = world.run(*argv)
        assert done.returncode == 8, (argv, done.stderr)
    rows = json.loads(world.run("config", "list", "--json").stdout)["data"]
    assert [row["value"] for row in rows if row["key"] == "storage"] == ["keyring"]
    assert world.find_plain() == [str(response)]
    if how == "stopped":
        world.desktop.go_on()
    else:
        world.desktop.restart()
    # The broker that could not ask the keyring repeats that for 1 s.
    wait_for(lambda: world.launch(OTHER_ACCOUNT).returncode == 0)


def test_after_a_sign_out_nothing_is_served_without_the_keyring(world):
    world.use_keyring()
    wait_for_response(world)
    world.end_brokers()
    world.desktop.kill()
    [path] = world.home.token_folder.glob("ee0*.sealed")
    path.unlink()  # as `rm -rf ~/.aws/sso/cache` does
    done = world.launch()
    assert (done.returncode, done.stdout) == (4, "")


def test_a_broker_that_knows_the_key_answers_while_the_keyring_is_stopped(world):
    world.use_keyring()
    assert world.launch().returncode == 0
    world.desktop.stop()
    assert world.launch(OTHER_ACCOUNT).returncode == 0
    world.desktop.go_on()


def test_on_a_new_laptop_with_copied_dotfiles_login_makes_a_key(world, home):
    world.use_keyring()
    world.end_brokers()
    from tests.system.test_os_keyring import make

    make(home, os.path.realpath(home.token_folder)).delete()
    for argv in (["whoami", f"{ACCOUNT}/{ROLE}"], ["status"], ["list", "--refresh"]):
        done = world.run(*argv)
        assert (done.returncode, "make one with: ssohelper login" in done.stderr) == (8, True), argv
    assert world.launch().returncode == 8
    world.emulator.auto_approve = "ana"
    world.home.browser()
    done = world.run("login")
    assert done.returncode == 0, done.stderr
    wait_for(lambda: world.launch().returncode == 0)
    assert list(world.home.token_folder.glob("*.json")) == []


@pytest.mark.long
@pytest.mark.parametrize("code", [0, 8])
def test_logout_removes_the_encrypted_files_and_says_what_it_could_not_do(world, code):
    world.use_keyring()
    assert world.launch().returncode == 0
    if code:
        world.desktop.kill()
    done = world.run("logout", "corp")
    assert (done.returncode, "on this machine only" in done.stderr) == (code, code == 8)
    assert world.launch().returncode == 4
    assert not list(world.home.token_folder.glob("ee0*"))
    assert not list(world.runtime.rglob("cached.json"))


def test_back_to_files_without_the_keyring_names_what_is_lost(world):
    world.use_keyring()
    world.desktop.kill()
    done = world.move_to_files()
    assert "these cannot be read, and end: corp" in done
    assert "ssohelper login corp" in done
    assert not list(world.home.token_folder.glob("*.sealed"))
    assert world.status()["storage"] == "file"


@pytest.mark.long
def test_a_renewal_keeps_the_token_encrypted(world):
    world.use_keyring()
    world.emulator.world.token_seconds = 600
    done = world.run("login", "corp", "--min", "50m")
    assert done.returncode in (0, 4, 6), done.stderr
    assert world.find_plain() == []


def test_profiles_run_ssohelper_and_an_explicit_native_form_is_refused(world):
    filters = ("--account", "payments-*", "--role", ROLE)
    done = world.run("profile", "sync", *filters, "--form", "sso", "--yes")
    assert done.returncode == 0, done.stderr
    assert "sso_session = corp" in world.home.config_file.read_text()
    assert "convert them with: ssohelper profile sync" in world.use_keyring().stderr
    refused = world.run("profile", "sync", "--form", "sso", "--yes")
    assert refused.returncode == 3
    assert "keyring" in refused.stderr
    done = world.run("profile", "sync", "--yes")
    assert done.returncode == 0, done.stderr
    assert "changed to the form that runs ssohelper" in done.stderr
    text = world.home.config_file.read_text()
    assert "sso_session = corp" not in text
    assert "credential_process = " in text


def test_the_settings_file_alone_moves_the_sign_in_too(world):
    settings = world.home.path / ".config" / "ssohelper" / "config.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text('storage = "keyring"\n')
    date_back(settings)
    done = world.launch()
    assert done.returncode == 0, done.stderr
    assert not list(world.home.token_folder.glob("*.json"))
