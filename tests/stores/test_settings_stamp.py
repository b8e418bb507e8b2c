"""No published response outlives the settings under which it was published."""

import os
import threading
import time
from pathlib import Path

import pytest

from ssohelper.core.model import RoleKey
from ssohelper.stores.credential_cache import CredentialCache
from ssohelper.stores.credential_writer import CredentialWriter
from ssohelper.stores.stamps import SettingsStamp
from tests.published import permit_publishing

DOCUMENT = b'{"Version":1,"x":1}\n'
KEYS = [RoleKey("corp", "001234567890", name) for name in ("Admin", "ReadOnly")]
LONG_AGO = 1_700_000_000 * 10**9 + 123_456_789


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    return tmp_path / "run"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    return tmp_path / "config.toml"


def changed(settings: Path, text: str, at: int = LONG_AGO) -> None:
    settings.write_text(text)
    os.utime(settings, ns=(at, at))


def publish(runtime: Path, settings: Path, key: RoleKey = KEYS[0]) -> None:
    """Publish as one process does: it records the settings' time first, then publishes."""
    publish_with(take_stamp(runtime, settings), runtime, key)


def take_stamp(runtime: Path, settings: Path) -> SettingsStamp:
    return SettingsStamp(runtime, settings, runtime.parent / "policy.toml")


def publish_with(stamp: SettingsStamp, runtime: Path, key: RoleKey = KEYS[0]) -> None:
    writer = CredentialWriter(runtime, stamp)
    writer.publish(permit_publishing(key), DOCUMENT, int(time.time()) + 600)


def has_response(runtime: Path, settings: Path) -> bool:
    cache = CredentialCache(runtime, take_stamp(runtime, settings))
    return cache.load_response_expiry(KEYS[0]) > time.time()


def published(runtime: Path) -> set[str]:
    return {path.parent.name for path in runtime.glob("credentials/*/*/*/response")}


def test_without_settings_the_stamp_is_empty(runtime: Path, settings: Path) -> None:
    publish(runtime, settings)
    assert (runtime / "settings").read_bytes() == b""
    assert (runtime / "now").exists()
    assert (runtime / "settings").stat().st_mode & 0o777 == 0o600


def test_responses_of_the_same_settings_stay(runtime, settings):
    changed(settings, "form = 'sso'\n")
    for key in KEYS:
        publish(runtime, settings, key)
    assert published(runtime) == {"Admin", "ReadOnly"}
    assert (runtime / "settings").stat().st_mtime_ns == LONG_AGO
    assert (runtime / "settings").stat().st_size > 0


@pytest.mark.parametrize("name", ["config.toml", "policy.toml"])
@pytest.mark.parametrize("later", [LONG_AGO - 10**9, LONG_AGO + 1, None])
def test_responses_of_other_settings_or_another_policy_are_removed(runtime, settings, later, name):
    file = settings.with_name(name)
    changed(file, "form = 'sso'\n")
    publish(runtime, settings, KEYS[0])
    stamp = runtime / ("settings" if file == settings else "policy")
    assert stamp.stat().st_mtime_ns == LONG_AGO
    if later is None:
        file.unlink()
    else:
        changed(file, "form = 'process'\n", later)
    publish(runtime, settings, KEYS[1])
    assert published(runtime) == {"ReadOnly"}


@pytest.mark.parametrize("is_renamed", [True, False])
def test_responses_of_other_settings_with_the_same_time_and_size_are_removed(
    runtime: Path, settings: Path, is_renamed: bool
) -> None:
    """After `tar -x`, or with dotfiles that link to a store, two versions may have one time."""
    changed(settings, "form = 'aaa'\n")
    publish(runtime, settings, KEYS[0])
    if is_renamed:
        changed(settings.with_name("new"), "form = 'bbb'\n")
        settings.with_name("new").rename(settings)
    else:
        changed(settings, "form = 'bbb'\n")
    publish(runtime, settings, KEYS[1])
    assert published(runtime) == {"ReadOnly"}


def test_a_process_that_read_older_settings_publishes_nothing(runtime, settings):
    changed(settings, "form = 'sso'\n")
    stamp = take_stamp(runtime, settings)
    changed(settings, "form = 'process'\n", LONG_AGO + 10**9)
    publish_with(stamp, runtime)
    assert published(runtime) == set()
    settings.unlink()
    settings.symlink_to(settings)  # a link to itself: its status cannot be read
    publish(runtime, settings)
    assert published(runtime) == set()
    assert not (runtime / "settings").exists()


def test_settings_changed_within_this_second_get_no_stamp_yet(runtime, settings):
    settings.write_text("form = 'sso'\n")
    publish(runtime, settings)
    assert published(runtime) == {"Admin"}
    assert not (runtime / "settings").exists()


def test_a_stamp_whose_writer_was_killed_and_the_launchers_file_are_written_again(
    runtime, settings
):
    changed(settings, "form = 'sso'\n")
    publish(runtime, settings)
    os.utime(runtime / "settings")
    (runtime / "now").unlink()
    publish(runtime, settings)
    assert (runtime / "settings").stat().st_mtime_ns == LONG_AGO
    assert (runtime / "now").exists()


def test_concurrent_processes_can_all_publish_after_a_change(runtime: Path, settings: Path) -> None:
    publish(runtime, settings)
    changed(settings, "form = 'sso'\n")
    keys = [RoleKey("corp", "001234567890", f"Role{number}") for number in range(12)]
    threads = [threading.Thread(target=publish, args=(runtime, settings, key)) for key in keys]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert published(runtime) == {key.role_name for key in keys}


def test_a_response_of_other_settings_counts_as_not_published(runtime, settings):
    publish(runtime, settings)
    assert has_response(runtime, settings)
    settings.write_text("form = 'sso'\n")
    # Settings changed just now do not make every caller renew.
    assert has_response(runtime, settings)
    changed(settings, "form = 'sso'\n")
    assert not has_response(runtime, settings)


def test_a_policy_that_is_put_back_allows_no_response_made_without_it(runtime, settings):
    policy = runtime.parent / "policy.toml"
    changed(policy, "[guard]\nrules = ['*/Admin']\n")
    publish(runtime, settings, KEYS[1])
    policy.rename(policy.with_suffix(".away"))
    publish(runtime, settings, KEYS[0])
    policy.with_suffix(".away").rename(policy)
    assert (runtime / "policy").read_bytes() == b""
    publish(runtime, settings, KEYS[1])
    assert published(runtime) == {"ReadOnly"}


def test_a_stamp_begins_with_the_inode_of_the_settings_and_without_them_with_none(
    runtime: Path, settings: Path
) -> None:
    changed(settings, "form = 'sso'\n")
    publish(runtime, settings)
    with settings.open() as file, open(f"/proc/self/fdinfo/{file.fileno()}") as info:
        inode = next((line.split()[1] for line in info if line.startswith("ino:")), "")
    assert (runtime / "settings").read_text().partition("\n")[0] == inode
