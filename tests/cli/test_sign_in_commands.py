"""login, logout and status: the real console script against the emulator."""

import json
import re
import signal
import subprocess
import time
from urllib.request import urlopen

import pytest

from ssohelper.app import App
from ssohelper.cli.sign_in_commands import TerminalUi
from ssohelper.core.instants import from_iso
from tests.conftest import SCRIPT, Home, Run
from tests.core.test_service_hosts import HOSTILE
from tests.people import redirect_target_of


@pytest.fixture(autouse=True)
def _a_session(home, emulator):
    home.add_session("corp", emulator.world.start_url, emulator.world.region)


def token_file(home: Home) -> dict[str, str]:
    import hashlib

    name = hashlib.sha1(b"corp").hexdigest()
    found: dict[str, str] = json.loads((home.token_folder / f"{name}.json").read_text())
    return found


def status(run: Run, *more: str) -> dict[str, object]:
    result = run("status", "--json", *more)
    assert result.returncode == 0, result.stderr
    found: dict[str, object] = json.loads(result.stdout)["data"]["sessions"][0]
    return found


class TestLogin:
    def test_pkce_opens_one_page_and_saves_the_token(self, run, home, emulator):
        opened = home.browser()
        result = run("login")
        assert result.returncode == 0, result.stderr
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
        kept = token_file(home)
        assert kept["startUrl"] == emulator.world.start_url
        assert set(kept) == {
            "startUrl",
            "region",
            "accessToken",
            "expiresAt",
            "clientId",
            "clientSecret",
            "registrationExpiresAt",
            "refreshToken",
        }
        assert {p.stat().st_mode & 0o777 for p in home.token_folder.iterdir()} == {0o600}
        assert emulator.canary not in result.stderr

    def test_a_device_code_is_shown_and_polled_for(self, run, home, emulator):
        opened = home.browser(visits=False)
        result = run("login", "--device-code", "--no-browser", "--qr")
        assert result.returncode == 0, result.stderr
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
        result = run("login", "--qr")
        assert result.returncode == 0, result.stderr
        [way] = [
            said
            for said in result.stderr.splitlines()
            if said.startswith("to sign in with a phone: ")
        ]
        assert run(*way.split("ssohelper ")[1].split(), "--force").returncode == 0

    def test_where_no_browser_can_run_a_device_code_is_used(self, run, emulator):
        assert run("login", env={"SSH_CONNECTION": "true", "DISPLAY": ":0"}).returncode == 0
        assert emulator.counters["StartDeviceAuthorization"] == 1

    def test_a_second_login_has_nothing_to_do(self, run, home, emulator):
        home.browser()
        run("login")
        emulator.reset_counters()
        result = run("login", "--json")
        assert result.returncode == 0
        assert "already signed in" in result.stderr
        assert json.loads(result.stdout)["data"]["result"] == "kept"
        assert not emulator.counters

    def test_force_signs_in_anyway_and_removes_role_credentials(self, run, home, emulator):
        home.browser()
        run("login")
        role = ("--account-id", "000030000001", "--role-name", "ReadOnlyAccess")
        first = run("credential-process", "--session", "corp", *role)
        assert first.returncode == 0, first.stderr
        folder = home.runtime / "credentials" / "corp" / "000030000001" / "ReadOnlyAccess"
        document = folder / "response"
        assert document.exists()
        assert run("login", "--force").returncode == 0
        assert not document.exists()
        second = run("credential-process", "--session", "corp", *role)
        before, after = json.loads(first.stdout), json.loads(second.stdout)
        assert before["AccessKeyId"] != after["AccessKeyId"]

    def test_min_counts_only_a_known_end(self, run, home, emulator):
        home.browser()
        run("login")
        done = run("login", "--min", "20h")
        assert "renewed" in done.stderr
        assert 'the sign-in to "corp" may end within 20h: AWS does not report' in done.stderr
        assert "may end" not in run("login", "--min", "7h").stderr
        assert emulator.counters["CreateToken.authorization_code"] == 1
        config = {"SSOHELPER_SESSION_HOURS": "8"}
        emulator.reset_counters()
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
        TerminalUi(app, session, None if no_browser else ("/bin/true",)).show_page("http://x")
        said = capsys.readouterr().err
        assert said == f'sign in to "corp" in {where}:\n\n    http://x\n\n'

    def test_the_browser_setting_of_the_session_is_used(self, run, home):
        opened = home.browser()
        program = home.env.pop("BROWSER")
        made = run("config", "set", "sessions.corp.browser", f"{program} %s")
        assert made.returncode == 0, made.stderr
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
        first = _start("login", home=home)
        _wait(opened.exists)
        second = _start("login", home=home)
        assert second.stderr is not None
        assert "is running: waiting" in second.stderr.readline()
        emulator.auto_approve = "ana"
        urlopen(opened.read_text().strip(), timeout=30).close()
        assert (first.wait(60), second.wait(60)) == (0, 0)
        assert "another login command signed in" in second.stderr.read()
        assert len(opened.read_text().split()) == 1
        assert emulator.counters["CreateToken.authorization_code"] == 1
        _close(first, second)

    def test_bad_callbacks_do_not_end_a_login(self, home, emulator):
        emulator.auto_approve = None
        opened = home.browser(visits=False)
        login = _start("login", home=home)
        _wait(opened.exists)
        page = redirect_target_of(opened.read_text().strip())
        for query in ("error=x", "code=evil&state=wrong", "", "code=evil"):
            _call_back(page, query, keep_state=False)
        assert login.poll() is None
        emulator.auto_approve = "ana"
        urlopen(page, timeout=30).close()
        assert login.wait(60) == 0
        _close(login)

    def test_ctrl_c_exits_with_130_and_releases_the_lock(self, home, run):
        opened = home.browser(visits=False)
        login = _start("login", home=home)
        _wait(opened.exists)
        login.send_signal(signal.SIGINT)
        assert login.wait(60) == 130
        assert login.stderr is not None
        assert "Traceback" not in login.stderr.read()
        home.browser()
        assert run("login").returncode == 0
        _close(login)

    def test_the_general_endpoint_is_ignored_with_one_warning(self, run, home, emulator):
        home.browser()
        result = run("login", env={"AWS_ENDPOINT_URL": "http://127.0.0.1:9"})
        assert result.returncode == 0
        assert result.stderr.count("AWS_ENDPOINT_URL is ignored") == 1
        refused = run("login", "--force", env={"AWS_ENDPOINT_URL_SSO_OIDC": "https://evil.net"})
        assert refused.returncode == 3

    def test_the_log_names_the_calls_and_contains_no_secret(self, run, home, emulator):
        # A sign-in, since a renewal runs in its own process without a stderr.
        login = ("login", "--device-code", "--no-browser", "-vv")
        result = run(*login, env={"SSOHELPER_LOG": "debug"})
        assert f"POST 127.0.0.1:{emulator.port}/token" in result.stderr
        assert "CNRY" not in result.stderr
        assert emulator.canary not in result.stderr

    @pytest.mark.parametrize(
        ("argv", "code"),
        [
            (("login", "nope"), 2),
            (("login", "corp", "--session", "other"), 2),
            (("login", "--min", "soon"), 2),
            (("login", "--min", "-1"), 2),
            (("login", "../../etc/x"), 2),
            (("login", "\x1b[2J"), 2),
            (("logout", "corp", "--all"), 2),
            (("status", "nope"), 2),
        ],
    )
    def test_usage_errors_are_one_line_each(self, run, argv, code):
        result = run(*argv)
        assert result.returncode in (code, 3)
        assert result.stdout == ""
        assert result.stderr.startswith("ssohelper: error: ")
        assert "Traceback" not in result.stderr
        assert "\x1b" not in result.stderr


class TestLogout:
    def test_it_revokes_the_sign_in_and_removes_its_files(self, run, home, emulator):
        home.browser()
        run("login")
        secret = token_file(home)["accessToken"]
        run(
            *("credential-process", "--session", "corp"),
            *("--account-id", "000030000001", "--role-name", "ReadOnlyAccess"),
        )
        result = run("logout")
        assert result.returncode == 0
        assert emulator.counters["Logout"] == 1
        assert status(run)["state"] == "signed_out"
        assert secret[:8] == "CNRY-AT-"
        held = [p for p in home.path.rglob("*") if p.is_file() and b"CNRY" in p.read_bytes()]
        assert held == []

    def test_files_are_removed_even_when_aws_cannot_be_reached(self, run, home, emulator):
        home.browser()
        run("login")
        emulator.stop()
        result = run("logout", "--json")
        assert result.returncode == 6
        assert json.loads(result.stdout)["data"] == [{"session": "corp", "revoked": False}]
        assert "on this machine only" in result.stderr
        assert status(run)["state"] == "signed_out"

    def test_all_ends_each_sign_in_here_and_at_aws(self, run, home, emulator):
        home.add_session("other", emulator.world.start_url, emulator.world.region)
        home.write_token(emulator.issue_token("ana"), "corp")
        home.write_token(emulator.issue_token("ben"), "other")
        result = run("logout", "--all", "--json")
        assert result.returncode == 0, result.stderr
        assert json.loads(result.stdout)["data"] == [
            {"session": "corp", "revoked": True},
            {"session": "other", "revoked": True},
        ]
        assert emulator.counters["Logout"] == 2
        states = json.loads(run("status", "--json").stdout)["data"]["sessions"]
        assert {s["name"]: s["state"] for s in states} == dict.fromkeys(
            ("corp", "other"), "signed_out"
        )


class TestStatus:
    def test_the_three_clocks(self, run, home, emulator):
        home.browser()
        run("login")
        run(
            *("credential-process", "--session", "corp"),
            *("--account-id", "000030000001", "--role-name", "ReadOnlyAccess"),
        )
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

    def test_off_a_terminal_it_is_tab_separated(self, run, home):
        line = run("status").stdout.splitlines()[0]
        assert line.split("\t")[0] == "corp"

    def test_check_exits_4_when_a_known_end_is_near(self, run, home, emulator):
        assert run("status", "--check").returncode == 4
        home.browser()
        run("login")
        assert run("status", "--check").returncode == 0
        # An assumed end causes no exit 4; a configured one does.
        unsure = run("status", "--check", "--min", "9h")
        assert unsure.returncode == 0
        assert "sessions.corp.session_hours HOURS" in unsure.stderr
        configured = {"SSOHELPER_SESSION_HOURS": "8"}
        short = run("status", "--check", "--min", "9h", env=configured)
        assert (short.returncode, "login corp --force" in short.stderr) == (4, True)
        enough = run("status", "--check", "--min", "7h", env=configured)
        assert (enough.returncode, enough.stderr) == (0, "")


def _start(*argv: str, home: Home) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [SCRIPT, *argv],
        env=home.env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        bufsize=1,
    )


def _close(*processes: "subprocess.Popen[str]") -> None:
    for process in processes:
        if process.stderr:
            process.stderr.close()


def _call_back(page: str, query: str, *, keep_state: bool = True) -> None:
    """Call the local callback address with this query, as any web page could."""
    from urllib.error import HTTPError
    from urllib.parse import parse_qs, urlsplit

    said = parse_qs(urlsplit(page).query)
    state = f"&state={said['state'][0]}" if keep_state else ""
    try:
        urlopen(f"{said['redirect_uri'][0]}?{query}{state}", timeout=30).close()
    except HTTPError as refused:
        refused.close()


def _wait(condition: object, seconds: float = 60) -> None:
    assert callable(condition)
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at, "it did not happen"
        time.sleep(0.02)
