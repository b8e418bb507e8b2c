"""The launcher in every sh: it prints a published response unchanged, else it runs Python."""

import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

import pytest

from ssohelper.fastpath import folders
from ssohelper.stores.stamps import SettingsStamp
from tests.conftest import SCRIPT
from tests.programs import require_program, run_program

SOURCE = Path(__file__).parents[2] / "shell" / "ssohelper-credentials"
SHELLS = {
    "dash": ["dash"],
    "bash": ["bash"],
    "posix-bash": ["bash", "--posix"],
    "busybox": ["busybox", "sh"],
    "zsh": ["zsh", "--emulate", "sh"],
}
KEY = ("--session", "corp", "--account-id", "001234567890", "--role-name", "Admin")
RESPONSE = (
    b'{"Version":1,"AccessKeyId":"ASIAEXAMPLE","SecretAccessKey":"s\\n%s/+=","SessionToken":"'
    + b"t\\/+=" * 230
    + b'","Expiration":"2099-01-01T00:00:00Z","AccountId":"001234567890"}\n'
)
PASSED_ON = "passed on\n"
NOBODY = 65534
_FDINFO = Path("/proc/self/fdinfo/0")
FDINFO = _FDINFO.read_bytes() if _FDINFO.exists() else b""
OTHER_OWNER = pytest.param("other owner", marks=pytest.mark.needs_root)


@pytest.fixture(params=SHELLS)
def shell(request) -> list[str]:
    program, *options = SHELLS[request.param]
    return [require_program(program), *options]


class Place(NamedTuple):
    """A launcher beside a program that prints its arguments, and a home."""

    bin: Path
    home: Path

    @property
    def runtime(self) -> Path:
        return self.home / "run"

    @property
    def env(self) -> dict[str, str]:
        return {"SSOHELPER_HOME": str(self.home), "HOME": str(self.home), "PATH": "/usr/bin:/bin"}

    @property
    def login_env(self) -> dict[str, str]:
        """Return a login shell's variables: the runtime folder is `ssohelper` in the home."""
        return {"XDG_RUNTIME_DIR": str(self.home), "HOME": str(self.home), "PATH": "/usr/bin:/bin"}

    def publish(self, *key: str, content: bytes = RESPONSE, ahead: float = 3600) -> Path:
        """Write a published response, with the stamps of a config, a sign-in and no settings."""
        _, session, _, account, _, role = key or KEY
        response = self.runtime / "credentials" / session / account / role / "response"
        response.parent.mkdir(parents=True, exist_ok=True)
        self.runtime.chmod(0o700)
        response.write_bytes(content)
        at = int(time.time() + ahead)
        os.utime(response, (at, at))
        for name in ("settings", "policy", "now"):
            (self.runtime / name).touch()
        self.stamp("config", self.home / ".aws" / "config", session)
        self.stamp("token", self.home / ".aws" / "sso" / "cache" / "0.json", session)
        return response

    def stamp(self, what: str, file: Path, session: str = KEY[1]) -> None:
        """Make link and stamp that say: the session's responses were made with this file."""
        if not file.exists():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text("x")
            at = time.time_ns() - 60 * 10**9
            os.utime(file, ns=(at, at))
        folder = self.runtime / "credentials" / session
        folder.mkdir(parents=True, exist_ok=True)
        link, stamp = folder / what, folder / f"{what}-seen"
        link.unlink(missing_ok=True)
        link.symlink_to(file)
        if what == "token":
            (folder / "tokens").unlink(missing_ok=True)
            (folder / "tokens").symlink_to(file.parent)
        stamp.write_text("seen\n")
        at = file.stat().st_mtime_ns
        os.utime(stamp, ns=(at, at))

    def stamp_settings(self, policy: Path) -> None:
        """Note the settings and the policy as they are, as the program does when it publishes."""
        stamp = SettingsStamp(self.runtime, self.home / "config.toml", policy)
        assert stamp.prepare_publishing(lambda: None)

    @property
    def response(self) -> Path:
        """The published response of KEY."""
        return self.runtime / "credentials" / KEY[1] / KEY[3] / KEY[5] / "response"

    def append_validity(self, validity: str) -> None:
        """Append this validity in uptime seconds to the response that `publish` has written."""
        at = self.response.stat().st_mtime_ns
        self.response.write_bytes(RESPONSE + validity.encode())
        os.utime(self.response, ns=(at, at))

    def run(self, shell: list[str], *argv: str, env=None) -> "subprocess.CompletedProcess[bytes]":
        command = [*shell, str(self.bin / "ssohelper-credentials"), *(argv or KEY)]
        env = self.env if env is None else env
        return subprocess.run(command, env=env, capture_output=True, timeout=60)

    def has_hit(self, shell: list[str], *argv: str, env: dict[str, str] | None = None) -> bool:
        """Return whether it printed the response; False if it ran Python, else the test fails."""
        answer = self.run(shell, *argv, env=env)
        assert (answer.returncode, answer.stderr) == (0, b"")
        if answer.stdout == RESPONSE:
            return True
        words = "".join(f"[{word}]" for word in ("credential-process", *(argv or KEY)))
        assert answer.stdout.decode() == words + PASSED_ON
        return False


@pytest.fixture
def place(tmp_path) -> Place:
    made = Place(tmp_path / "bin", tmp_path / "home")
    made.bin.mkdir()
    made.home.mkdir(mode=0o700)
    shutil.copy(SOURCE, made.bin)
    program = made.bin / "ssohelper"
    program.write_text("#!/bin/sh\nprintf '[%s]' \"$@\"\necho passed on\n")
    program.chmod(0o755)
    return made


@pytest.fixture
def at_login(place) -> Place:
    """A published response in a login shell's runtime folder."""
    place.publish()
    place.runtime.rename(place.home / "ssohelper")
    return place


class TestHit:
    def test_prints_the_published_response_unchanged(self, place, shell):
        assert not place.has_hit(shell)  # nothing is published yet
        assert list(place.home.iterdir()) == []
        # Names have every allowed character.
        for key in (KEY, ("--session", "a.B-9_", *KEY[2:4], "--role-name", "x=,+@.-_Z")):
            place.publish(*key)
            assert place.has_hit(shell, *key)

    def test_starts_no_process(self, place, shell, tmp_path):
        place.publish()
        trace = tmp_path / "trace"
        strace = f"-f -qq -o {trace} -e trace=process,clone3".split()
        assert place.has_hit([require_program("strace"), *strace, *shell])
        calls = re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.MULTILINE)
        assert [call for call in calls if "fork" in call or "clone" in call] == []
        assert [call for call in calls if call.startswith("execve")] == ["execve"]

    def test_switches_core_dumps_off_before_it_reads(self, place, shell, tmp_path):
        place.publish()
        trace = tmp_path / "trace"
        # Raised before: zsh does not set a limit to the value that it has.
        raised = ["sh", "-c", 'ulimit -S -c unlimited; exec "$@"', "sh", require_program("strace")]
        strace = f"-qq -o {trace} -e trace=prlimit64,setrlimit,openat".split()
        assert place.has_hit([*raised, *strace, *shell])
        text = trace.read_text()
        lowered_at = text.index("RLIMIT_CORE, {rlim_cur=0, ")
        assert lowered_at < text.rindex(f"/credentials/{KEY[1]}/")

    def test_the_runtime_folder_in_xdg_runtime_dir(self, at_login, shell):
        place, env = at_login, at_login.login_env
        assert place.has_hit(shell, env=env)
        for missing in ("HOME", "XDG_RUNTIME_DIR"):
            assert not place.has_hit(shell, env={**env, missing: ""})
            assert not place.has_hit(shell, env={k: v for k, v in env.items() if k != missing})
        # An unusual XDG_CONFIG_HOME is left to Python.
        for folder in ("relative", f"{place.home}/blank ", " "):
            assert not place.has_hit(shell, env={**env, "XDG_CONFIG_HOME": folder})
        assert place.has_hit(shell, env={**env, "XDG_CONFIG_HOME": f"{place.home}/c d"})

    def test_shell_options_of_the_caller_change_nothing(self, place):
        place.publish()
        assert place.has_hit([])  # the kernel runs it by its first line
        options = "allexport:errexit:noclobber:noglob:nounset:verbose:xtrace"
        bash = [require_program("bash"), "--posix"]
        answer = place.run(bash, env={**place.env, "SHELLOPTS": options})
        assert answer.stdout == RESPONSE
        assert b"ASIAEXAMPLE" not in answer.stderr


class TestRunsPython:
    @pytest.mark.parametrize(
        "published",
        [
            *({"ahead": ahead} for ahead in (0, -1, -3600)),
            *({"content": text} for text in (b"", RESPONSE[:-1], RESPONSE[:500], b"{}\n")),
            *({"content": text} for text in (b"x" * 20 + RESPONSE, RESPONSE[:500] + b"\n")),
            *({"content": RESPONSE[:9] + c + RESPONSE[9:]} for c in (b"\x07", b"\x1b[2J", b"\x7f")),
        ],
    )
    def test_when_the_response_must_be_checked_or_is_damaged(self, place, shell, published):
        place.publish(**published)
        assert not place.has_hit(shell)

    @pytest.mark.parametrize(
        "argv",
        [
            *(("--profile", "x"), (*KEY, "-v"), (*KEY[2:], *KEY[:2]), KEY[:4]),
            *((*KEY[:4], "--role-name", ""), (*KEY[:4], "--role-name", "../001234567890/Admin")),
            ("--session", "corp/x", *KEY[2:]),
        ],
        ids=repr,
    )
    def test_other_arguments_are_passed_on_unchanged(self, place, shell, argv):
        place.publish()
        assert not place.has_hit(shell, *argv)

    @pytest.mark.parametrize(
        ("session", "role"),
        [
            *(("corp", r) for r in ("two words", "Ädmin", "new\nline", ".hidden", "sub/Admin")),
            *((".corp", "Admin"), ("", "Admin")),
        ],
    )
    def test_impossible_names_although_a_file_exists(self, place, shell, session, role):
        key = ("--session", session, "--account-id", KEY[3], "--role-name", role)
        place.publish(*key)
        assert not place.has_hit(shell, *key)

    def test_a_relative_base_of_the_runtime_folder(self, at_login, shell, monkeypatch):
        monkeypatch.chdir(at_login.home)
        assert not at_login.has_hit(shell, env={**at_login.login_env, "XDG_RUNTIME_DIR": "."})
        assert at_login.has_hit(shell, env=at_login.login_env)

    @pytest.mark.needs_root
    def test_another_users_base_of_the_runtime_folder(self, at_login, shell):
        assert at_login.has_hit(shell, env=at_login.login_env)
        os.chown(at_login.home, NOBODY, NOBODY)
        assert not at_login.has_hit(shell, env=at_login.login_env)

    @pytest.mark.parametrize("which", ["response", "now", "runtime"])
    @pytest.mark.parametrize("what", ["link", "fifo", "folder", OTHER_OWNER])
    def test_a_file_that_is_not_a_regular_file_of_ours(self, place, shell, which, what):
        response = place.publish()
        paths = {"response": response, "now": place.runtime / "now", "runtime": place.runtime}
        self._replace(paths[which], what)
        assert not place.has_hit(shell)

    @staticmethod
    def _replace(path: Path, what: str) -> None:
        if what == "other owner":
            os.chown(path, NOBODY, NOBODY)
            return
        other = path.with_name("elsewhere")
        path.rename(other)
        if what == "link":
            path.symlink_to(other)
        elif what == "fifo":
            os.mkfifo(path)
        else:
            path.mkdir()

    def test_a_runtime_folder_that_cannot_be_written(self, place, shell):
        place.publish()
        place.home.chmod(0o755)
        as_other = []
        if not os.geteuid():
            ids = [f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
            as_other = [require_program("setpriv"), *ids]
            for path in (place.home, *place.home.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
            for folder in itertools.takewhile(lambda p: p != Path("/tmp"), place.home.parents):
                folder.chmod(folder.stat().st_mode | 0o055)
        assert place.has_hit([*as_other, *shell])
        (place.runtime / "now").chmod(0o400)
        assert not place.has_hit([*as_other, *shell])
        (place.runtime / "now").unlink()
        place.runtime.chmod(0o500)
        assert not place.has_hit([*as_other, *shell])

    def test_a_closed_or_full_stdout(self, place, shell):
        place.publish()
        notes = place.home / "notes"
        (place.bin / "ssohelper").write_text(f'#!/bin/sh\necho "$#" >>{notes}\nexit 7\n')
        launcher = [*shell, str(place.bin / "ssohelper-credentials"), *KEY]
        closed = ["sh", "-c", 'exec "$@" >&-', "sh", *launcher]
        full = ["sh", "-c", 'exec "$@" >/dev/full', "sh", *launcher]
        for command in (closed, full):
            answer = subprocess.run(command, env=place.env, stderr=subprocess.PIPE)
            assert (answer.returncode, answer.stderr) == (7, b"")
        reading, writing = os.pipe()
        os.close(reading)
        answer = subprocess.run(launcher, env=place.env, stdout=writing, stderr=subprocess.PIPE)
        os.close(writing)
        assert (answer.returncode, answer.stderr) == (7, b"")
        assert notes.read_text() == "7\n" * 3


# The beginnings of `ssohelper` as installers write them, and whether its Python's path has a space.
PROGRAMS = {
    "first line": ("#!{python}\n", False),
    "pip, a long path": ("#!/bin/sh\n'''exec' {python} \"$0\" \"$@\"\n' '''\n", False),
    "pip, a space": ("#!/bin/sh\n'''exec' \"{python}\" \"$0\" \"$@\"\n' '''\n", True),
    "uv, a space": ("#!/bin/sh\n'''exec' '{python}' \"$0\" \"$@\"\n' '''\n", True),
    "relocatable": (
        '#!/bin/sh\n\'\'\'exec\' "$(dirname -- "$(realpath -- "$0")")"/\'my python\' "$0" "$@"\n',
        True,
    ),
    "env": ("#!/usr/bin/env -S {python}\n", False),
    "a wrapper": ('#!/bin/sh\nexec \'{python}\' "$0" "$@"\n', True),
}


class TestPythonGone:
    @pytest.mark.parametrize("name", PROGRAMS)
    def test_it_says_so_once_and_runs_a_python_that_is_there(self, place, shell, name):
        text, has_space = PROGRAMS[name]
        python = place.bin / ("my python" if has_space else "python")
        (place.bin / "ssohelper").write_text(text.format(python=python))
        python.write_text("#!/bin/sh\nshift\nprintf '[%s]' \"$@\"\necho passed on\n")
        python.chmod(0o755)
        assert not place.has_hit(shell)
        python.unlink()
        answer = place.run(shell)
        if name in ("relocatable", "env", "a wrapper"):  # the shell or env says what is missing
            assert answer.returncode in (126, 127)
            return
        line = f"ssohelper: error: {python}, the Python of ssohelper, is gone: install ssohelper"
        assert answer.stderr.decode() == f"{line} again (docs/how-to/install.md)\n"
        assert (answer.returncode, answer.stdout) == (7, b"")
        (place.bin / "ssohelper").unlink()
        answer = place.run(shell)
        gone = b"ssohelper: error: %b/ssohelper is gone" % bytes(place.bin)
        assert (answer.returncode, answer.stderr.startswith(gone)) == (7, True)
        place.publish()
        assert place.has_hit(shell)


class TestSettings:
    @pytest.fixture
    def stamped(self, place) -> tuple[Place, Path]:
        """Settings of an hour ago, and a response that was published with them."""
        place.publish()
        settings = place.home / "config.toml"
        settings.write_text("renew_ahead = true\n")
        at = time.time_ns() - 3600 * 10**9 + 123_456_789
        os.utime(settings, ns=(at, at))
        place.stamp_settings(policy=place.home / "policy.toml")
        return place, settings

    @pytest.mark.parametrize("seconds", [-3600, -1, 0, 1, 3600])
    def test_newer_and_older_settings_are_left_to_python(self, stamped, shell, seconds):
        place, settings = stamped
        at = settings.stat().st_mtime_ns + seconds * 10**9
        os.utime(settings, ns=(at, at))
        assert place.has_hit(shell) is (seconds == 0)

    @pytest.mark.skipif(
        b"ino:" not in FDINFO, reason="this system tells no inode number of an open file"
    )
    def test_another_file_with_the_same_time_is_left_to_python(self, stamped, shell):
        place, settings = stamped
        other = settings.with_name("other")
        shutil.copy2(settings, other)
        other.rename(settings)
        assert not place.has_hit(shell)
        place.stamp_settings(policy=place.home / "policy.toml")
        assert place.has_hit(shell)

    def test_where_the_system_tells_no_inode_number_the_time_is_compared(self, stamped, shell):
        place, settings = stamped
        launcher = place.bin / "ssohelper-credentials"
        launcher.write_text(launcher.read_text().replace("/proc/self/fdinfo", "/no/such"))
        assert not place.has_hit(shell)  # the launcher cannot compare the number in the stamp
        stamp = place.runtime / "settings"
        at = stamp.stat().st_mtime_ns
        stamp.write_bytes(b"\n" + stamp.read_bytes().partition(b"\n")[2])
        os.utime(stamp, ns=(at, at))
        assert place.has_hit(shell)
        os.utime(settings, ns=(at + 10**9, at + 10**9))
        assert not place.has_hit(shell)

    def test_removed_and_new_settings_are_left_to_python(self, stamped, shell):
        place, settings = stamped
        settings.unlink()
        assert not place.has_hit(shell)
        (place.runtime / "settings").write_text("")
        assert place.has_hit(shell)
        settings.write_text("")
        assert not place.has_hit(shell)
        settings.unlink()
        (place.runtime / "settings").unlink()
        assert not place.has_hit(shell)


class TestPolicy:
    """A hit needs the company's policy as it was when the response was published."""

    @pytest.fixture
    def policy(self, place) -> Path:
        """The policy's path in a launcher that looks for it in a folder of this test."""
        launcher = place.bin / "ssohelper-credentials"
        text = launcher.read_text()
        assert folders.COMPANY_POLICY in text
        folder = place.home / "etc"
        folder.mkdir()
        launcher.write_text(text.replace("/etc/ssohelper", str(folder)))
        place.publish()
        return folder / "policy.toml"

    @pytest.mark.parametrize("seconds", [-3600, -1, 0, 1, 3600])
    def test_another_policy_is_left_to_python(self, place, policy, shell, seconds):
        policy.write_text("device_code = false\n")
        at = time.time_ns() - 3600 * 10**9
        os.utime(policy, ns=(at, at))
        place.stamp_settings(policy)
        os.utime(policy, ns=(at + seconds * 10**9,) * 2)
        assert place.has_hit(shell) is (seconds == 0)
        policy.unlink()
        assert not place.has_hit(shell)

    def test_a_new_policy_or_one_that_cannot_be_seen_is_left_to_python(self, place, policy, shell):
        assert place.has_hit(shell)
        policy.write_text("")
        assert not place.has_hit(shell)
        if os.geteuid() == 0:
            pytest.skip("root enters each folder")
        policy.parent.chmod(0)
        assert not place.has_hit(shell)
        policy.parent.chmod(0o700)


class TestSignIn:
    """A hit needs config and token file as they were when the response was published."""

    @pytest.fixture(params=["config", "token"])
    def which(self, request):
        return request.param

    @staticmethod
    def file(place: Place, which: str) -> Path:
        return (place.runtime / "credentials" / "corp" / which).readlink()

    @pytest.mark.parametrize("seconds", [-3600, -1, 1, 3600])
    def test_a_newer_or_older_file(self, place, shell, which, seconds):
        place.publish()
        assert place.has_hit(shell)
        file = self.file(place, which)
        at = file.stat().st_mtime_ns
        os.utime(file, ns=(at, at + seconds * 10**9))
        assert not place.has_hit(shell)
        os.utime(file, ns=(at, at))
        assert place.has_hit(shell)

    @pytest.mark.parametrize("writes", ["in place", "by rename", "never again"])
    def test_a_file_that_was_written_or_removed(self, place, shell, which, writes):
        place.publish()
        file = self.file(place, which)
        if writes == "in place":
            file.write_text("y")
        elif writes == "by rename":
            file.with_name("new").write_text("y")
            file.with_name("new").rename(file)
        else:
            file.unlink()
        assert not place.has_hit(shell)

    @pytest.mark.parametrize("name", ["{}", "{}-seen"])
    def test_a_missing_or_empty_stamp(self, place, shell, which, name):
        place.publish()
        path = place.runtime / "credentials" / "corp" / name.format(which)
        path.unlink()
        assert not place.has_hit(shell)
        path.touch()
        at = self.file(place, which).stat().st_mtime_ns if name != "{}" else 0
        os.utime(path, ns=(at, at))
        assert not place.has_hit(shell)

    def test_each_session_has_its_own_stamps(self, place, shell):
        place.publish()
        other = ("--session", "corq", *KEY[2:])
        response = place.runtime / "credentials" / "corq" / KEY[3] / KEY[5] / "response"
        response.parent.mkdir(parents=True)
        shutil.copy2(place.response, response)
        assert not place.has_hit(shell, *other)
        place.publish(*other)
        assert place.has_hit(shell, *other)

    def test_another_config_file_of_the_caller(self, place, shell, monkeypatch):
        """Another config with the same time is no hit; the published one is a hit by any path."""
        place.publish()
        config = self.file(place, "config")
        other = place.home / "other"
        shutil.copy2(config, other)
        link = place.home / "link"
        link.symlink_to(config)
        monkeypatch.chdir(place.home)
        hits = ("", str(config), "~/.aws/config", ".aws/config", str(link))
        misses = (str(other), "~/other", "other", "$HOME/.aws/config", "~root/.aws/config", "/gone")
        for value in (*hits, *misses):
            env = {**place.env, "AWS_CONFIG_FILE": value}
            assert place.has_hit(shell, env=env) is (value in hits), value
        link.unlink()
        link.symlink_to(other)
        assert not place.has_hit(shell, env={**place.env, "AWS_CONFIG_FILE": str(link)})
        for home in ("", "/nonexistent", str(place.home.parent)):  # they have no config
            assert not place.has_hit(shell, env={**place.env, "HOME": home})


def test_python_and_the_launcher_use_the_same_paths(tmp_path):
    """In each kind of home: the launcher prints what Python has published."""
    runtime, config, home = (tmp_path / name for name in ("xdg-run", "config", "home"))
    for folder in (runtime, config, home):
        folder.mkdir(mode=0o700)
    base = {"HOME": str(home), "PATH": "/usr/bin:/bin"}
    launcher = str(Path(sys.executable).with_name("ssohelper-credentials"))
    trace = tmp_path / "trace"
    strace = [require_program("strace"), "-f", "-qq", "-o", str(trace), "-e", "trace=execve"]
    at_login = {"XDG_RUNTIME_DIR": str(runtime)}
    for settings, env in (
        (home / "own" / "config.toml", {"SSOHELPER_HOME": str(home / "own")}),
        (home / ".config" / "ssohelper" / "config.toml", at_login),
        (config / "ssohelper" / "config.toml", {**at_login, "XDG_CONFIG_HOME": str(config)}),
    ):
        for content in (None, "renew_ahead = true\n", "renew_ahead = false\n"):
            if content is not None:
                settings.parent.mkdir(parents=True, exist_ok=True)
                settings.write_text(content)
                an_hour_ago = time.time() - 3600 - len(content)
                os.utime(settings, (an_hour_ago, an_hour_ago))
            environ = {**base, **env}
            with_tests = {**environ, "TESTS": str(SOURCE.parents[1])}
            published = run_program([sys.executable, "-c", _PUBLISH, *KEY[1::2]], with_tests)
            assert (published.returncode, published.stderr) == (0, "")
            by_python = run_program([SCRIPT, "credential-process", *KEY], environ)
            by_sh = run_program([*strace, launcher, *KEY], environ)
            assert by_sh.stdout == by_python.stdout == published.stdout
            assert json.loads(by_sh.stdout)["AccessKeyId"] == "ASIA0"
            assert trace.read_text().count("execve(") == 1, (env, content)


_PUBLISH = """
import os, sys, time
from ssohelper.actions import issuing
from ssohelper.core.model import RoleCredentials, RoleKey, Secret
sys.path.append(os.environ["TESTS"])
from tests.published import publish_response
now = int(time.time())
key = RoleKey(*sys.argv[1:])
keys = RoleCredentials("ASIA0", Secret("s"), Secret("t" * 900), now + 3600)
document = issuing.credential_document(keys, key.account_id)
publish_response(os.environ, key, document, now + 1800)
sys.stdout.write(document.decode())
"""


class TestClock:
    def test_a_clock_that_was_set_back(self, place, shell):
        place.publish()
        cached = place.response.with_name("cached.json")
        cached.touch()
        past, ahead = time.time() - 60, time.time() + 600
        os.utime(cached, (past, past))
        assert place.has_hit(shell)
        os.utime(cached, (ahead, ahead))  # written "in the future": the clock was set back
        assert not place.has_hit(shell)

    def test_another_home_with_the_same_config(self, place, shell, tmp_path):
        """Two users may share a runtime folder and AWS_CONFIG_FILE (sudo -E)."""
        place.publish()
        shared = {**place.env, "AWS_CONFIG_FILE": str(place.home / ".aws" / "config")}
        assert place.has_hit(shell, env=shared)
        (tmp_path / "other" / ".aws" / "sso" / "cache").mkdir(parents=True)
        assert not place.has_hit(shell, env={**shared, "HOME": str(tmp_path / "other")})

    @pytest.mark.parametrize(
        ("since", "lasts", "has_hit"),
        [(0, 600, True), (-3600, 1800, False), (60, 600, False), (-5, 0, False)],
        ids=["within", "over", "before the machine's restart", "just over"],
    )
    def test_the_validity_of_a_response_in_uptime(self, place, shell, since, lasts, has_hit):
        """The validity counts, even if the clock was set back and the file's time is far ahead."""
        place.publish(ahead=8 * 3600)
        up = int(float(Path("/proc/uptime").read_text().split()[0]))
        place.append_validity(f"{up + since} {up + since + lasts}\n")
        assert place.has_hit(shell) is has_hit
        # With a validity, the time of the cached credentials does not count.
        cached = place.response.with_name("cached.json")
        cached.touch()
        os.utime(cached, (time.time() + 600,) * 2)
        assert place.has_hit(shell) is has_hit
        for malformed in ("", "1\n", "1", "x y\n", "0 99999999999 3\n", "0 1e9\n"):
            place.append_validity(malformed)
            assert not place.has_hit(shell), malformed


class TestWithoutRunUser:
    """macOS, and containers without a login manager: the runtime folder is the cache folder."""

    @pytest.fixture
    def elsewhere(self, place) -> Place:
        launcher = place.bin / "ssohelper-credentials"
        text = launcher.read_text()
        for path in ("/run/user", "/System/Library"):
            assert text.count(f"{path} ]") == 1
            text = text.replace(f"{path} ]", f"{place.home}{path} ]")
        launcher.write_text(text)
        place.publish()
        return place

    @pytest.mark.parametrize("system", ["Linux", "Darwin"])
    def test_the_runtime_folder_is_the_cache_folder(self, elsewhere, shell, system):
        place = elsewhere
        env = {"HOME": str(place.home), "PATH": "/usr/bin:/bin"}
        caches, configs = ".cache", ".config"
        if system == "Darwin":
            (place.home / "System" / "Library").mkdir(parents=True)
            caches, configs = "Library/Caches", "Library/Application Support"
        runtime = place.home / caches / "ssohelper"
        runtime.parent.mkdir(parents=True)
        place.runtime.rename(runtime)
        assert place.has_hit(shell, env=env)
        assert not place.has_hit(shell, env={**env, "HOME": "relative"})
        assert not place.has_hit(shell, env={**env, "XDG_CACHE_HOME": str(place.home / "other")})
        runtime.rename(place.home / "ssohelper")
        assert place.has_hit(shell, env={**env, "XDG_CACHE_HOME": str(place.home)})
        # New settings, for which there is no stamp, in the folder that this system has for them.
        settings = place.home / configs / "ssohelper" / "config.toml"
        settings.parent.mkdir(parents=True)
        settings.write_text("")
        assert not place.has_hit(shell, env={**env, "XDG_CACHE_HOME": str(place.home)})

    def test_with_run_user_it_is_left_to_python(self, elsewhere, shell):
        place = elsewhere
        place.runtime.rename(place.home / "ssohelper")
        env = {"HOME": str(place.home), "XDG_CACHE_HOME": str(place.home), "PATH": "/usr/bin:/bin"}
        assert place.has_hit(shell, env=env)
        (place.home / "run" / "user").mkdir(parents=True)
        assert not place.has_hit(shell, env=env)
