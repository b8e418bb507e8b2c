"""The file of the company's policy is believed only when no user but root can have written it."""

import os
import sys
from pathlib import Path

import pytest

from ssohelper.core.company_policy import NO_POLICY
from ssohelper.errors import ConfigInvalid
from ssohelper.stores import company_policy_file
from ssohelper.stores.company_policy_file import read_company_policy

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no policy file")
OVERFLOW = 65534
US = os.geteuid()


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    folder = tmp_path / "etc"
    folder.mkdir(mode=0o755)
    path = folder / "policy.toml"
    path.write_text("device_code = false\n")
    path.chmod(0o644)
    return path


def test_a_trusted_file_is_read_and_no_file_is_no_policy(policy):
    assert read_company_policy(policy, US).device_code is False
    with pytest.raises(ConfigInvalid, match="another user"):
        read_company_policy(policy, US + 1)
    policy.unlink()
    assert read_company_policy(policy, US) is NO_POLICY
    policy.parent.rmdir()
    assert read_company_policy(policy, US) is NO_POLICY


def spoil(policy: Path, how: str) -> None:
    if how in ("file for all", "file for a group"):
        policy.chmod(0o646 if how == "file for all" else 0o664)
        if US == 0:
            os.chown(policy, -1, 1)
    elif how == "folder for all":
        policy.parent.chmod(0o777)
    elif how == "too large":
        policy.write_text("#" * ((1 << 20) + 1))
    elif how == "no TOML":
        policy.write_text("device_code = maybe")
    else:
        policy.unlink()
        {
            "FIFO": lambda: os.mkfifo(policy),
            "folder": policy.mkdir,
            "link to nothing": lambda: policy.symlink_to(policy.parent / "gone"),
            "link to itself": lambda: policy.symlink_to(policy),
        }[how]()


@pytest.mark.parametrize(
    "how",
    [
        *("file for all", "file for a group", "folder for all", "too large", "no TOML"),
        *("FIFO", "folder", "link to nothing", "link to itself"),
    ],
)
def test_what_cannot_be_trusted_or_understood_is_refused(policy: Path, how: str):
    if how == "file for a group" and US != 0 and os.getegid() == 0:
        pytest.skip("the group 0 is root's")
    spoil(policy, how)
    with pytest.raises(ConfigInvalid, match="policy"):
        read_company_policy(policy, US)


def test_a_namespace_without_root_shows_its_files_as_the_overflow_users(policy, monkeypatch):
    monkeypatch.setattr(company_policy_file, "_read_overflow_uid", lambda: US)
    monkeypatch.setattr(company_policy_file, "_has_root", lambda: False)
    assert read_company_policy(policy).device_code is False
    if US != 0:
        monkeypatch.setattr(company_policy_file, "_has_root", lambda: True)
        with pytest.raises(ConfigInvalid):
            read_company_policy(policy)


@pytest.mark.parametrize(
    ("uid", "owner", "uid_map", "is_trusted"),
    [
        (OVERFLOW, 0, "      1000       1000          1\n", True),
        (OVERFLOW, 0, "         0          0 4294967295\n", False),
        (OVERFLOW, 0, None, False),
        (OVERFLOW, 1000, "      1000       1000          1\n", False),
        (OVERFLOW + 1, 0, "      1000       1000          1\n", False),
        (0, 0, None, True),
    ],
)
def test_the_overflow_user_is_root_only_where_root_is_not_mapped(
    monkeypatch, uid, owner, uid_map, is_trusted
):
    def read_text(path: Path, **_: object) -> str:
        assert str(path) == "/proc/self/uid_map"
        if uid_map is None:
            raise FileNotFoundError(path)
        return uid_map

    monkeypatch.setattr(company_policy_file, "_read_overflow_uid", lambda: OVERFLOW)
    monkeypatch.setattr(Path, "read_text", read_text)
    found = os.stat_result((0o100644, 0, 0, 1, uid, 0, 0, 0, 0, 0))
    assert company_policy_file._is_owned_by(found, owner) == is_trusted
