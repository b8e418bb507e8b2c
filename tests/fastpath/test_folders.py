"""Our folders are those of platformdirs, and cron uses the same ones as a login shell."""

import os
import pwd
import subprocess
import sys
from pathlib import Path

import platformdirs
import pytest
from platformdirs.macos import MacOS

from ssohelper.app import App
from ssohelper.errors import LocalState
from ssohelper.fastpath import folders, spawn

_ASK_PLATFORMDIRS = """
import platformdirs as p
for ask in (p.user_cache_dir, p.user_state_dir, p.user_config_dir):
    print(ask('ssohelper', appauthor=False))
"""
_RULES = (folders.cache_folder, folders.state_folder, folders.config_folder)


@pytest.mark.skipif(sys.platform != "linux", reason="asks platformdirs of this system")
@pytest.mark.parametrize("base", [None, "/var/tmp/own", "", "  ", "relative"])
@pytest.mark.parametrize("home", ["", "/elsewhere"])
def test_the_folders_of_linux_are_those_of_platformdirs(base, home, tmp_path, monkeypatch):
    environ = {"PATH": os.environ["PATH"], "HOME": home or str(tmp_path)}
    if base is not None:
        environ |= dict.fromkeys(("XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"), base)
    asked = [sys.executable, "-c", _ASK_PLATFORMDIRS]
    found = subprocess.check_output(asked, env=environ, text=True).splitlines()
    monkeypatch.setattr(os, "environ", environ)
    assert [rule(environ) for rule in _RULES] == found


@pytest.mark.parametrize(
    ("moved", "cache", "config"),
    [
        ({}, "/Users/ana/Library/Caches", "/Users/ana/Library/Application Support"),
        ({"XDG_CACHE_HOME": "/c", "XDG_CONFIG_HOME": "/d e"}, "/c", "/d e"),
    ],
)
def test_the_folders_of_macos_are_those_of_platformdirs(moved, cache, config, monkeypatch):
    environ = {"HOME": "/Users/ana", **moved}
    monkeypatch.setattr(os, "environ", environ)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(platformdirs, "PlatformDirs", MacOS)
    assert folders.cache_folder(environ) == f"{cache}/ssohelper"
    assert folders.state_folder(environ) == "/Users/ana/Library/Application Support/ssohelper"
    assert folders.settings_file(environ) == f"{config}/ssohelper/config.toml"


class TestRuntimeFolder:
    @pytest.fixture(autouse=True)
    def _no_run_user(self, monkeypatch):
        monkeypatch.setattr(folders, "_default_runtime_base", lambda: None)

    def test_ssohelper_home_comes_first_then_a_folder_of_ours(self, tmp_path, monkeypatch):
        environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
        assert folders.runtime_folder({"SSOHELPER_HOME": "/h", **environ}) == "/h/run"
        assert folders.runtime_folder(environ) == f"{tmp_path}/ssohelper"
        # cron uses the folder of the login shell
        monkeypatch.setattr(folders, "_default_runtime_base", lambda: str(tmp_path))
        assert folders.runtime_folder({}) == f"{tmp_path}/ssohelper"

    @pytest.mark.parametrize("base", ["relative", "", "/nowhere-at-all", "/etc/passwd"])
    def test_a_folder_that_is_not_ours_is_skipped(self, base, tmp_path):
        environ = {"XDG_RUNTIME_DIR": base, "XDG_CACHE_HOME": str(tmp_path)}
        assert folders.runtime_folder(environ) == f"{tmp_path}/ssohelper"

    def test_app_has_the_same_folders(self, tmp_path):
        environ = {"SSOHELPER_HOME": str(tmp_path)}
        app = App(environ)
        assert app.locations.runtime_folder == Path(folders.runtime_folder(environ))
        assert app.locations.settings_file == tmp_path / "config.toml"


@pytest.mark.parametrize("home", ["", "relative", "~root", "/home/a\nb", "/home/\x1b[31m"])
def test_a_home_that_is_no_absolute_path_raises_local_state(home):
    for folder in ("token_folder", "state_folder", "settings_file", "aws_config_file"):
        with pytest.raises(LocalState, match="HOME is"):
            getattr(App({"HOME": home}).locations, folder)


def test_aws_files_are_where_the_sdks_read_them(tmp_path):
    files = {"AWS_CONFIG_FILE": "~/c", "AWS_SHARED_CREDENTIALS_FILE": "/x"}
    locations = App({"HOME": str(tmp_path), **files}).locations
    assert locations.aws_files == (tmp_path / "c", Path("/x"))
    assert locations.token_folder == tmp_path / ".aws" / "sso" / "cache"


@pytest.mark.parametrize("colon", ["", ":"])
def test_below_exec_ssohelper_reads_the_users_own_files_and_not_the_copies(tmp_path, colon):
    own = [tmp_path / f"own{colon}" / name for name in ("config", "credentials")]
    environ = {"HOME": str(tmp_path)} | folders.config_copy_variables("/run/copies", *own)
    found, copies = App(environ).locations.aws_files, (environ[one] for one in folders.AWS_FILES)
    assert list(found) == ([Path(one) for one in copies] if colon else own)
    # So do the processes that it detaches, which concern other callers too.
    detached = spawn.detached_environment(environ)
    assert [detached[one] for one in folders.AWS_FILES] == list(map(str, found))
    # A command may set a variable itself; with an earlier version's value there is one original.
    given = {**environ, "AWS_CONFIG_FILE": "/mine"}
    assert App(given).locations.aws_config_file == Path("/mine")
    earlier = {**environ, "SSOHELPER_CONFIG_COPY": "/run/copies/config:/own/config"}
    own_config, copy = App(earlier).locations.aws_files
    assert (str(own_config), str(copy)) == ("/own/config", "/run/copies/credentials")


class TestAnotherUsersHome:
    """HOME is that of another user, who owns what is in it: `sudo -E`, a shared container."""

    ANOTHER = 4242

    @pytest.fixture
    def environ(self, tmp_path, monkeypatch):
        monkeypatch.setenv("HOME", str(tmp_path))
        monkeypatch.setattr(folders, "_find_nearest_owner", lambda _folder: self.ANOTHER)
        return {"HOME": str(tmp_path)}

    def test_its_files_are_the_other_users(self, environ, tmp_path):
        path = str(tmp_path / "x")
        assert folders.find_other_home_owner(path, environ) == self.ANOTHER
        assert folders.find_other_home_owner("/elsewhere/x", environ) is None
        assert folders.find_other_home_owner(path, {"HOME": "relative"}) is None
        link = tmp_path.with_name(f"{tmp_path.name}-link")
        link.symlink_to(tmp_path)
        assert folders.find_other_home_owner(path, {"HOME": str(link)}) == self.ANOTHER

    @pytest.mark.parametrize(("us", "owner", "found"), [(1, 0, None), (0, 1, 1), (1, 1, None)])
    def test_a_folder_of_roots_is_not_foreign(self, environ, monkeypatch, us, owner, found):
        monkeypatch.setattr(os, "geteuid", lambda: us)
        monkeypatch.setattr(folders, "_find_nearest_owner", lambda _folder: owner)
        assert folders.find_other_home_owner(environ["HOME"] + "/x", environ) == found

    def test_our_cache_is_in_our_own_home(self, environ, monkeypatch):
        monkeypatch.setattr(folders, "_load_own_home", lambda: "/home/us")
        assert folders.cache_folder(environ) == "/home/us/.cache/ssohelper"
        monkeypatch.setattr(folders, "_load_own_home", lambda: None)
        assert folders.cache_folder(environ) == f"{environ['HOME']}/.cache/ssohelper"


def test_our_own_home_is_that_of_the_user_database(monkeypatch):
    assert folders._load_own_home() == pwd.getpwuid(os.geteuid()).pw_dir
    monkeypatch.setattr(os, "geteuid", lambda: 2**31 - 7)
    assert folders._load_own_home() is None


def test_the_owner_of_a_missing_folder_is_that_of_the_nearest_one_above(tmp_path):
    owner = os.stat(tmp_path).st_uid
    assert folders._find_nearest_owner(str(tmp_path / "a" / "b")) == owner
    assert folders._find_nearest_owner("relative") == 0


@pytest.mark.parametrize(
    ("mode", "is_ours", "is_alone"),
    [
        *((mode, True, True) for mode in (0o040700, 0o040755)),
        *((mode, True, False) for mode in (0o040770, 0o040702, 0o100600, 0o120777)),
        (0o040700, False, False),
    ],
)
def test_a_folder_is_ours_alone_if_no_other_user_can_write_it(mode, is_ours, is_alone):
    owner = os.geteuid() + (not is_ours)
    found = os.stat_result((mode, 0, 0, 1, owner, 0, 0, 0, 0, 0))
    assert folders.is_private_folder(found) is is_alone
