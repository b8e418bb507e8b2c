"""login, logout and status: the real console script against the emulator."""

import hashlib
import json
import re
import signal
import socket
from contextlib import suppress
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import pytest

from ssohelper.app import App
from ssohelper.cli.sign_in_commands import TerminalSignIn
from ssohelper.core.instants import from_iso
from tests.conftest import SCRIPT
from tests.core.test_service_hosts import HOSTILE
from tests.endpoint.world import Program, wait_for
from tests.people import redirect_target_of
from tests.terminal import Conversation
from tests.visit import find_redirect

LOGIN = [SCRIPT, "login"]


@pytest.fixture(autouse=True)
def _a_session(home, emulator):
    home.add_session("corp", emulator.world.start_url, emulator.world.region)


@pytest.fixture
def used(run, home):
    """Sign in and use a role, whose credentials are then published; return how it was used."""
    home.browser()
    assert run("login").returncode == 0
    role = ("--account-id", "000030000001", "--role-name", "ReadOnlyAccess")
    argv = ("credential-process", "--session", "corp", *role)
    found = run.ok(*argv)
    return argv, json.loads(found.stdout)


class TestLogin:
    def test_pkce_opens_one_page_and_saves_the_token(self, run, home, emulator):
        opened = home.browser()
        result = run.ok("login")
        assert result.stdout == ""
        # The arguments of the browser's command, which every user of the machine can read.
        [address] = opened.read_text().split()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/[\w-]{43}", address)
        assert address not in result.stderr
        [url] = [line.strip() for line in result.stderr.splitlines() if "/authorize?" in line]
        assert url.startswith(f"{emulator.url}/authorize?response_type=code&client_id=")
        assert "code_challenge_method=S256&scopes=sso%3Aaccount%3Aaccess" in url
        counters = emulator.counters
        assert counters["CreateToken.authorization_code"] == 1
        assert counters["StartDeviceAuthorization"] == 0
        kept = json.loads(
            (home.token_folder / f"{hashlib.sha1(b'corp').hexdigest()}.json").read_text()
        )
        assert kept["startUrl"] == emulator.world.start_url
        assert " ".join(sorted(kept)) == (
            "accessToken clientId clientSecret expiresAt refreshToken region registrationExpiresAt "
            "startUrl"
        )
        assert {p.stat().st_mode & 0o777 for p in home.token_folder.iterdir()} == {0o600}
        assert emulator.canary not in result.stderr

    def test_a_device_code_is_shown_and_polled_for(self, run, home, emulator):
        opened = home.browser(visits=False)
        argv = ("login", "--device-code", "--no-browser", "--qr", "-vv")
        result = run.ok(*argv, env={"SSOHELPER_LOG": "debug"})
        # The log names the calls and contains no secret. A renewal's process has no stderr.
        assert f"POST 127.0.0.1:{emulator.port}/token" in result.stderr
        assert "CNRY" not in result.stderr
        assert emulator.canary not in result.stderr
        assert f"{emulator.url}/device?user_code=" in result.stderr
        assert f"or type the code at {emulator.url}/device\n" in result.stderr
        code = result.stderr.split("user_code=")[1][:9]
        assert f"\n    {code}\n" in result.stderr
        assert "\u2588" in result.stderr
        assert not opened.exists()
        assert "with a phone" not in result.stderr
        assert emulator.counters["CreateToken.device_code"] == 2
        assert emulator.counters["authorize"] == 0

    def test_the_qr_code_of_a_page_for_this_machine_names_the_command_for_a_phone(self, run, home):
        home.browser()
        result = run.ok("login", "--qr")
        [way] = re.findall("^to sign in with a phone: (.*)", result.stderr, re.M)
        assert run(*way.split("ssohelper ")[1].split(), "--force").returncode == 0

    def test_where_no_browser_can_run_a_device_code_is_used(self, run, emulator):
        assert run("login", env={"SSH_CONNECTION": "true", "DISPLAY": ":0"}).returncode == 0
        assert emulator.counters["StartDeviceAuthorization"] == 1

    def test_force_signs_in_anyway_and_removes_role_credentials(self, run, home, used):
        argv, before = used
        folder = home.runtime / "credentials" / "corp" / "000030000001" / "ReadOnlyAccess"
        document = folder / "response"
        assert document.exists()
        assert run("login", "--force").returncode == 0
        assert not document.exists()
        assert json.loads(run(*argv).stdout)["AccessKeyId"] != before["AccessKeyId"]

    def test_a_second_login_has_nothing_to_do_and_min_counts_only_a_known_end(
        self, run, home, emulator
    ):
        home.browser()
        run("login")
        emulator.reset_counters()
        result = run("login", "--json")
        assert (result.returncode, json.loads(result.stdout)["data"]["result"]) == (0, "kept")
        assert "already signed in" in result.stderr
        assert not emulator.counters
        done = run("login", "--min", "20h")
        assert "renewed" in done.stderr
        assert 'the sign-in to "corp" may end within 20h: AWS does not report' in done.stderr
        assert "may end" not in run("login", "--min", "7h").stderr
        assert emulator.counters["CreateToken.authorization_code"] == 0
        config = {"SSOHELPER_SESSION_HOURS": "8"}
        assert run("login", "--min", "9h", env=config).returncode == 0
        assert emulator.counters["CreateToken.authorization_code"] == 1

    @pytest.mark.parametrize(
        ("no_browser", "where"),
        [
            (True, "a browser on this machine"),
            (False, "the browser that opens now; if none does, open this page on this machine"),
        ],
    )
    def test_it_says_whether_a_browser_opens(self, home, capsys, no_browser, where):
        home.browser()
        app = App(home.env)
        session = app.config.read().sso_sessions()[0]
        TerminalSignIn(app, session, None if no_browser else ("/bin/true",)).show_page(
            "http://x", 1
        )
        assert capsys.readouterr().err == f'sign in to "corp" in {where}:\n\n    http://x\n\n'

    def test_the_browser_setting_of_the_session_is_used(self, run, home):
        opened = home.browser()
        program = home.env.pop("BROWSER")
        run.ok("config", "set", "sessions.corp.browser", f"{program} %s")
        assert run("login", env={"BROWSER": "/bin/false"}).returncode == 0
        assert len(opened.read_text().split()) == 1

    @pytest.mark.parametrize("url", [u for u in HOSTILE if u and "us-east-1" not in u][:1])
    def test_a_hostile_address_is_not_opened(self, run, home, emulator, url):
        opened = home.browser(visits=False)
        emulator.faults.verification_uri_complete = url
        result = run("login", "--device-code")
        assert result.returncode == 6
        assert "unexpected sign-in address" in result.stderr
        assert "\x1b" not in result.stderr
        assert not opened.exists()

    def test_two_logins_open_one_page(self, home, emulator):
        emulator.auto_approve = None
        opened = home.browser(visits=False)
        with Program(LOGIN, home) as first:
            wait_for(opened.exists)
            with Program(LOGIN, home) as second:
                second.says("is running: waiting")
                emulator.auto_approve = "ana"
                urlopen(opened.read_text().strip(), timeout=30).close()
                assert (first.ends(), second.ends()) == (0, 0)
                wait_for(lambda: "another login command signed in" in "".join(second.err))
        assert len(opened.read_text().split()) == 1
        assert emulator.counters["CreateToken.authorization_code"] == 1

    def test_bad_callbacks_do_not_end_a_login(self, home, emulator):
        emulator.auto_approve = None
        opened = home.browser(visits=False)
        with Program(LOGIN, home) as login:
            wait_for(opened.exists)
            page = redirect_target_of(opened.read_text().strip())
            [address] = parse_qs(urlsplit(page).query)["redirect_uri"]
            for query in ("error=x", "code=evil&state=wrong", "", "code=evil"):
                with suppress(HTTPError), urlopen(f"{address}?{query}", timeout=30):
                    pass
            assert login.process.poll() is None
            emulator.auto_approve = "ana"
            urlopen(page, timeout=30).close()
            assert login.ends() == 0

    def test_the_address_that_the_browser_cannot_reach_is_taken_from_a_paste(self, home, emulator):
        opened = home.browser(visits=False)
        emulator.auto_approve = "ana"
        argv = [*LOGIN, "--no-browser"]
        with Conversation(argv, home.env, size=(50, 1000)) as login:
            login.talk('sign in to "corp"')
            login.expect("(http://[^ ]*/authorize[^ ]*)\r\n")
            page = login.match[1]
            login.talk(("paste the address", "http://127.0.0.1:1/oauth/callback?code=x&state=y"))
            login.talk("that is not the address to which this sign-in leads")
            login.sendline(find_redirect(page))
            code, rest = login.ended()
        assert (code, opened.exists()) == (0, False)
        assert 'signed in to "corp"' in rest

    @pytest.mark.parametrize("by_setting", [False, True])
    def test_over_ssh_a_fixed_port_is_named_with_its_ssh_line(
        self, home, run, emulator, by_setting
    ):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            argv = () if by_setting else ("--port", str(port))
            found = run(
                "login", *argv, env={"SSOHELPER_LOGIN_PORT": str(port)} if by_setting else {}
            )
            assert (found.returncode, f"port {port} cannot be used" in found.stderr) == (7, True)
        if by_setting:
            run.ok("config", "set", "login_port", str(port))
        env = {"SSH_CONNECTION": "192.0.2.1 50000 192.0.2.2 22", "LOGNAME": "ana"}
        home.env.update(env)
        with Program([*LOGIN, *argv], home) as login:
            wait_for(lambda: "/authorize?" in "".join(login.err))
            [page] = re.findall("http://.*/authorize.*", "".join(login.err))
            assert parse_qs(urlsplit(page).query)["redirect_uri"] == [
                f"http://127.0.0.1:{port}/oauth/callback"
            ]
            emulator.auto_approve = "ana"
            urlopen(page, timeout=30).close()
            assert login.ends() == 0
        assert f"    ssh -L {port}:127.0.0.1:{port} ana@192.0.2.2\n" in "".join(login.err)

    def test_a_device_code_has_no_port(self, run):
        found = run("login", "--device-code", "--port", "8400")
        assert (found.returncode, "returns to no port" in found.stderr) == (2, True)

    def test_ctrl_c_exits_with_130_and_releases_the_lock(self, home, run):
        opened = home.browser(visits=False)
        with Program(LOGIN, home) as login:
            wait_for(opened.exists)
            assert login.ends(signal.SIGINT) == 130
        assert "Traceback" not in "".join(login.err)
        home.browser()
        assert run("login").returncode == 0

    def test_the_general_endpoint_is_ignored_with_one_warning(self, run, home, emulator):
        home.browser()
        result = run.ok("login", env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
        assert result.stderr.count("AWS_ENDPOINT_URL is ignored") == 1
        refused = run("login", "--force", env={"AWS_ENDPOINT_URL_SSO_OIDC": "https://evil.net"})
        assert refused.returncode == 3

    @pytest.mark.parametrize(
        "argv",
        [
            ("login", "nope"),
            ("login", "corp", "--session", "other"),
            ("login", "--min", "soon"),
            ("login", "--min", "-1"),
            ("login", "../../etc/x"),
            ("login", "\x1b[2J"),
            ("logout", "corp", "--all"),
            ("status", "nope"),
        ],
    )
    def test_usage_errors_are_one_line_each(self, run, argv):
        result = run(*argv)
        assert result.returncode in (2, 3)
        assert result.stdout == ""
        assert result.stderr.startswith("ssohelper: error: ")
        assert "Traceback" not in result.stderr
        assert "\x1b" not in result.stderr


class TestLogout:
    def test_it_revokes_the_sign_in_and_removes_its_files(self, run, home, emulator, used):
        def find_secrets():
            files = [path for path in home.path.rglob("*") if path.is_file()]
            return [path for path in files if b"CNRY" in path.read_bytes()]

        assert find_secrets()
        run.ok("logout")
        assert emulator.counters["Logout"] == 1
        assert run.data("status")["sessions"][0]["state"] == "signed_out"
        assert find_secrets() == []

    def test_files_are_removed_even_when_aws_cannot_be_reached(self, run, home, emulator):
        home.browser()
        run("login")
        emulator.stop()
        result = run("logout", "--json")
        assert result.returncode == 6
        assert json.loads(result.stdout)["data"] == [{"session": "corp", "revoked": False}]
        assert "on this machine only" in result.stderr
        assert run.data("status")["sessions"][0]["state"] == "signed_out"

    def test_all_ends_each_sign_in_here_and_at_aws(self, run, home, emulator):
        home.add_session("other", emulator.world.start_url, emulator.world.region)
        home.write_token(emulator.issue_token("ana"), "corp")
        home.write_token(emulator.issue_token("ben"), "other")
        result = run.ok("logout", "--all", "--json")
        assert json.loads(result.stdout)["data"] == [
            {"session": "corp", "revoked": True},
            {"session": "other", "revoked": True},
        ]
        assert emulator.counters["Logout"] == 2
        states = run.data("status")["sessions"]
        assert [(one["name"], one["state"]) for one in states] == [
            ("corp", "signed_out"),
            ("other", "signed_out"),
        ]


class TestStatus:
    def test_the_three_clocks(self, run, used):
        assert run("status").stdout.split("\t")[0] == "corp"  # off a terminal
        result = run("status", "--json")
        document = json.loads(result.stdout)
        assert document["version"] == 1
        [session] = document["data"]["sessions"]
        began = from_iso(session["signed_in_at"])
        assert began is not None
        assert session["state"] == "valid"
        assert session["refreshable"] is True
        assert from_iso(session["token_expires_at"]) == pytest.approx(began + 3600, abs=30)
        assert from_iso(session["sign_in_ends_at"]) == began + 8 * 3600
        assert session["sign_in_ends_source"] == "assumed"
        [kept] = document["data"]["credentials"]
        assert (kept["account_id"], kept["role_name"]) == ("000030000001", "ReadOnlyAccess")
        assert kept["session_duration_seconds"] == pytest.approx(8 * 3600, abs=30)
        assert "CNRY" not in result.stdout

    def test_check_exits_4_when_a_known_end_is_near(self, run, home, emulator):
        assert run("status", "--check").returncode == 4
        home.browser()
        run("login")
        assert run("status", "--check").returncode == 0
        # An assumed end causes no exit 4; a configured one does.
        unsure = run.ok("status", "--check", "--min", "9h")
        assert "sessions.corp.session_hours HOURS" in unsure.stderr
        configured = {"SSOHELPER_SESSION_HOURS": "8"}
        short = run("status", "--check", "--min", "9h", env=configured)
        assert (short.returncode, "login corp --force" in short.stderr) == (4, True)
        enough = run("status", "--check", "--min", "7h", env=configured)
        assert (enough.returncode, enough.stderr) == (0, "")


class TestUnusableSessions:
    CONFIG = (
        "[sso-session corp]\nsso_start_url = https://d-0000000000.awsapps.com/start\n"
        "sso_region = us-east-1\n\n"
        "[sso-session nowhere]\nsso_start_url = https://d-1111111111.awsapps.com/start\n"
        "sso_region = mars-north-1\n\n[sso-session half]\nsso_region = us-east-1\n"
    )

    def test_status_lists_them_with_the_reason(self, run, home):
        home.write_config(self.CONFIG)
        done = run.ok("status", "--json")
        usable, nowhere, half = json.loads(done.stdout)["data"]["sessions"]
        assert (usable["name"], usable["state"], usable["reason"]) == ("corp", "signed_out", None)
        assert nowhere["state"] == half["state"] == "unusable"
        assert nowhere["region"] == "mars-north-1"
        assert nowhere["reason"].startswith(f"{home.config_file}:7: ")
        assert '"mars-north-1" is no AWS region' in nowhere["reason"]
        assert (half["start_url"], half["region"]) == (None, "us-east-1")
        assert 'has no "sso_start_url"' in half["reason"]
        assert set(usable) == set(nowhere) == set(half)

    def test_commands_of_unusable_sessions_are_exit_3_with_their_line(self, run, home):
        home.write_config(self.CONFIG)
        for argv in (("status", "nowhere"), ("login", "nowhere")):
            done = run(*argv)
            assert done.returncode == 3
            assert f"{home.config_file}:7: " in done.stderr
        home.write_config(self.CONFIG.partition("\n\n")[2])
        assert run("status").returncode == 0
        assert run("status", "--check").returncode == 3
