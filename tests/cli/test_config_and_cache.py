"""config, cache, -v and crashes, as a terminal sees them."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ssohelper.app import App
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import (
    AccessToken,
    Account,
    CachedCredentials,
    ClientRegistration,
    RoleCredentials,
    RoleKey,
    Secret,
    SsoSession,
)

URL = "https://d-0000000000.awsapps.com/start"
SESSION = SsoSession("corp", URL, "us-east-1", ("sso:account:access",))


@pytest.fixture
def settings_file(run) -> Path:
    return Path(run("config", "path").stdout.strip())


@pytest.fixture
def kept(home) -> App:
    """A token, a role's credentials and a listing of the session "corp", and of "other"."""
    now = int(time.time())
    app = App(home.env)
    for name in ("corp", "other"):
        home.add_session(name)
        session = SESSION._replace(name=name)
        client = ClientRegistration("c", Secret("CNRY-CS-1"), now + 9000)
        token = AccessToken(Secret("CNRY-AT-1"), now + 3600, Secret("CNRY-RT-1"), client)
        app.tokens.save(session, token)
        keys = RoleCredentials(
            "ASIACNRYKEYID0000000", Secret("CNRYSAK"), Secret("CNRY-ST"), now + 60
        )
        key = RoleKey(name, "001234567890", "Admin")
        app.credentials.save(key, session, CachedCredentials(keys, now - 3540))
        app.credentials.publish(key, b'{"Version":1,"x":"CNRY"}\n', now + 30)
        account = ListedAccount(Account("001234567890", "prod", ""), ("Admin",), False, True)
        app.directory.save(name, Listing(URL, "us-east-1", now, (account,)))
    return app


class TestConfig:
    def test_set_get_and_take_back(self, run, settings_file):
        assert run("config", "get", "form").stdout == "process\n"
        assert run("config", "set", "form", "sso").returncode == 0
        assert settings_file.read_text() == 'form = "sso"\n'
        assert run("config", "get", "form").stdout == "sso\n"
        found = json.loads(run("config", "get", "form", "--json").stdout)
        assert found["version"] == 1
        assert found["data"]["value"] == "sso"
        assert found["data"]["origin"] == "file"
        assert found["data"]["place"] == f"{settings_file}:1"
        assert run("config", "set", "form", "--default").returncode == 0
        assert run("config", "get", "form").stdout == "process\n"

    def test_the_list_names_every_origin(self, run, home):
        run("config", "set", "sessions.my.corp.session_hours", "12")
        env = {**home.env, "SSOHELPER_FORM": "sso"}
        found = json.loads(run("config", "list", "--json", env=env).stdout)["data"]
        origins = {row["key"]: row["origin"] for row in found}
        assert origins["form"] == "environment"
        assert origins["sessions.my.corp.session_hours"] == "file"
        assert origins["renew_ahead"] == "default"
        rows = [line.split("\t") for line in run("config", "list").stdout.splitlines()]
        assert ["renew_ahead", "true", "default"] in [row[:3] for row in rows]

    def test_a_variable_that_wins_over_the_file_is_said(self, run, home):
        env = {**home.env, "SSOHELPER_FORM": "process"}
        found = run("config", "set", "form", "sso", env=env)
        assert found.returncode == 0
        assert "SSOHELPER_FORM is set and wins over the file" in found.stderr

    def test_a_session_that_is_not_there_is_said_with_the_nearest(self, run, home):
        home.add_session("corp")
        done = run("config", "set", "sessions.crop.session_hours", "12")
        said = 'ssohelper: warning: there is no sso-session "crop" yet; did you mean "corp"?\n'
        assert (done.returncode, done.stderr) == (0, said)
        assert run("config", "set", "sessions.crop.session_hours", "--default").stderr == ""
        assert run("config", "set", "sessions.corp.session_hours", "12").stderr == ""

    def test_a_list_takes_several_values_also_with_dashes(self, run):
        assert run("config", "set", "notify", "notify-send", "-u", "low", "%s").returncode == 0
        assert run("config", "get", "notify").stdout == '["notify-send", "-u", "low", "%s"]\n'

    @pytest.mark.parametrize(
        ("arguments", "says"),
        [
            (["get", "frm"], 'no setting named "frm"'),
            (["set", "frm", "x"], 'no setting named "frm"'),
            (["set", "form", "x"], '"form" must be "process" or "sso"'),
            (["set", "form"], "needs either a value or --default"),
            (["set", "form", "sso", "--default"], "needs either a value or --default"),
            (["get", "a\x1b[31m"], "\\x1b[31m"),
        ],
    )
    def test_what_cannot_be_is_usage(self, run, settings_file, arguments, says):
        found = run("config", *arguments)
        assert (found.returncode, found.stdout) == (2, "")
        assert says in found.stderr
        assert not settings_file.exists()

    def test_a_broken_file_is_named_with_its_line_by_every_command(self, run, settings_file):
        settings_file.parent.mkdir(parents=True, exist_ok=True)
        settings_file.write_text('form = "sso"\nfrm = 1\n')
        for arguments in (["list"], ["get", "form"], ["set", "form", "process"]):
            found = run("config", *arguments)
            assert (found.returncode, found.stdout) == (3, "")
            assert f'"{settings_file}" line 2: no setting named "frm"' in found.stderr
            assert 'did you mean "form"?' in found.stderr
        assert settings_file.read_text() == 'form = "sso"\nfrm = 1\n'


class TestCache:
    def test_the_list_says_where_and_until_when_and_no_secret(self, run, kept):
        found = run("cache", "list", "--json")
        assert found.returncode == 0
        rows = json.loads(found.stdout)["data"]
        assert {(row["kind"], row["session"]) for row in rows} == {
            (kind, name)
            for kind in ("sign_in", "role_credentials", "listing")
            for name in ("corp", "other")
        }
        assert all(os.path.exists(row["path"]) for row in rows)
        (role,) = (r for r in rows if (r["kind"], r["session"]) == ("role_credentials", "corp"))
        assert (role["account_id"], role["role_name"]) == ("001234567890", "Admin")
        assert role["expires_at"].endswith("Z")
        said = found.stdout + run("cache", "list").stdout + run("-vv", "cache", "list").stderr
        assert "CNRY" not in said

    def test_one_session_can_be_listed(self, run, kept):
        rows = json.loads(run("cache", "list", "--session", "corp", "--json").stdout)["data"]
        assert {row["session"] for row in rows} == {"corp"}

    def test_without_yes_nothing_is_removed(self, run, kept):
        before = run("cache", "list").stdout
        found = run("cache", "clear")
        assert found.returncode == 2
        assert "--yes" in found.stderr
        assert run("cache", "list").stdout.count("\n") == before.count("\n")

    def test_clearing_one_session_keeps_the_other_and_every_sign_in(self, run, kept):
        found = run("cache", "clear", "--session", "corp", "--yes", "--json")
        assert json.loads(found.stdout)["data"] == {"removed": 3}
        rows = json.loads(run("cache", "list", "--json").stdout)["data"]
        left = {(row["kind"], row["session"]) for row in rows}
        assert left == {
            ("sign_in", "corp"),
            ("sign_in", "other"),
            ("role_credentials", "other"),
            ("listing", "other"),
        }
        assert not os.path.exists(kept.runtime_folder / "credentials" / "corp")

    def test_clearing_all_leaves_no_role_credentials(self, run, kept):
        assert run("cache", "clear", "--yes").returncode == 0
        assert run("cache", "clear", "--yes").returncode == 0
        left = [path for path in kept.runtime_folder.rglob("*") if path.is_file()]
        assert [path for path in left if b"CNRY" in path.read_bytes()] == []
        assert kept.tokens.load(SESSION)


class TestCrash:
    CODE = """
import sys
from ssohelper import crash
def fail(secret):
    raise {kind}("the message holds " + secret)
try:
    fail("CNRY-secret")
except BaseException as error:
    sys.exit(crash.report(error, sys.exc_info()[2]))
"""

    def crash(self, home, kind: str = "ValueError") -> "subprocess.CompletedProcess[str]":
        code = self.CODE.format(kind=kind)
        return subprocess.run(
            [sys.executable, "-c", code], env=home.env, capture_output=True, text=True, check=False
        )

    def test_one_line_and_a_log_of_places_that_holds_no_value(self, home):
        found = self.crash(home)
        assert (found.returncode, found.stdout) == (1, "")
        assert found.stderr.count("\n") == 1
        assert found.stderr.startswith("ssohelper: error: internal error (ValueError) — log: /")
        log = Path(found.stderr.strip().partition("log: ")[2])
        assert log.stat().st_mode & 0o777 == 0o600
        text = log.read_text()
        assert "builtins.ValueError" in text
        assert "<string>:5:fail" in text
        assert "CNRY" not in text + found.stderr
        assert "holds" not in text + found.stderr

    def test_at_most_twenty_are_kept(self, home):
        folder = App(home.env).state_folder / "crashes"
        folder.mkdir(parents=True)
        for number in range(30):
            (folder / f"20200101T0000{number}Z-1.log").write_text("")
        self.crash(home)
        assert len(os.listdir(folder)) == 20

    def test_a_state_folder_that_cannot_be_is_said(self, home):
        state = App(home.env).state_folder
        state.parent.mkdir(parents=True, exist_ok=True)
        state.write_text("in the way")
        found = self.crash(home)
        assert found.returncode == 1
        assert found.stderr.count("\n") == 1
        assert "log: none" in found.stderr
