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

_ASK_PLATFORMDIRS = (
    "import platformdirs as p\n"
    "for ask in (p.user_cache_dir, p.user_state_dir, p.user_config_dir):\n"
    "    print(ask('ssohelper', appauthor=False))"
)
_RULES = (folders.cache_folder, folders.state_folder, folders.config_folder)


@pytest.mark.skipif(sys.platform != "linux", reason="asks platformdirs of this system")
@pytest.mark.parametrize("base", [None, "/var/tmp/own", "", "  ", "relative"])
@pytest.mark.parametrize("home", ["", "/elsewhere"])
def test_the_folders_of_linux_are_those_of_platformdirs(base, home, tmp_path, monkeypatch):
    environ = {"PATH": os.environ["PATH"], "HOME": home or str(tmp_path)}
    if base is not None:
        environ |= dict.fromkeys(("XDG_CACHE_HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME"), base)
    found = subprocess.run(
        [sys.executable, "-c", _ASK_PLATFORMDIRS],
        env=environ,
        capture_output=True,
        text=True,
        check=True,
    )
    monkeypatch.setattr(os, "environ", environ)
    assert [rule(environ) for rule in _RULES] == found.stdout.splitlines()


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

    def test_ssohelper_home_comes_first(self, tmp_path):
        environ = {"SSOHELPER_HOME": "/h", "XDG_RUNTIME_DIR": str(tmp_path)}
        assert folders.runtime_folder(environ) == "/h/run"

    def test_the_users_runtime_folder_is_used_when_it_is_ours(self, tmp_path):
        environ = {"XDG_RUNTIME_DIR": str(tmp_path)}
        assert folders.runtime_folder(environ) == f"{tmp_path}/ssohelper"

    @pytest.mark.parametrize("base", ["relative", "", "/nowhere-at-all", "/etc/passwd"])
    def test_a_folder_that_is_not_ours_is_skipped(self, base, tmp_path):
        environ = {"XDG_RUNTIME_DIR": base, "XDG_CACHE_HOME": str(tmp_path)}
        assert folders.runtime_folder(environ) == f"{tmp_path}/ssohelper"

    def test_cron_uses_the_folder_of_the_login_shell(self, tmp_path, monkeypatch):
        monkeypatch.setattr(folders, "_default_runtime_base", lambda: str(tmp_path))
        in_a_shell = folders.runtime_folder({"XDG_RUNTIME_DIR": str(tmp_path)})
        assert folders.runtime_folder({}) == in_a_shell

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
    app = App(
        {"HOME": str(tmp_path), "AWS_CONFIG_FILE": "~/c", "AWS_SHARED_CREDENTIALS_FILE": "/x"}
    )
    assert app.locations.aws_config_file == tmp_path / "c"
    assert app.locations.aws_credentials_file == Path("/x")
    assert app.locations.token_folder == tmp_path / ".aws" / "sso" / "cache"


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
    assert App(earlier).locations.aws_files == (
        Path("/own/config"),
        Path("/run/copies/credentials"),
    )


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

    def test_a_link_to_the_home_is_followed(self, environ, tmp_path):
        link = tmp_path.with_name(f"{tmp_path.name}-link")
        link.symlink_to(tmp_path)
        found = folders.find_other_home_owner(str(tmp_path / "x"), {"HOME": str(link)})
        assert found == self.ANOTHER

    @pytest.mark.parametrize(
        ("us", "owner", "is_foreign"), [(1, 0, False), (0, 1, True), (1, 1, False)]
    )
    def test_a_folder_of_roots_is_not_foreign_for_others(
        self, environ, tmp_path, monkeypatch, us, owner, is_foreign
    ):
        monkeypatch.setattr(os, "geteuid", lambda: us)
        monkeypatch.setattr(folders, "_find_nearest_owner", lambda _folder: owner)
        found = folders.find_other_home_owner(str(tmp_path / "x"), environ)
        assert found == (owner if is_foreign else None)

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
        (0o040700, True, True),
        (0o040755, True, True),
        (0o040770, True, False),
        (0o040702, True, False),
        (0o100600, True, False),
        (0o120777, True, False),
        (0o040700, False, False),
    ],
)
def test_a_folder_is_ours_alone_if_no_other_user_can_write_it(mode, is_ours, is_alone):
    owner = os.geteuid() + (not is_ours)
    found = os.stat_result((mode, 0, 0, 1, owner, 0, 0, 0, 0, 0))
    assert folders.is_private_folder(found) is is_alone
