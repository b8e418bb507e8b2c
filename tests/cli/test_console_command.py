"""console: opens the right page in the right browser, with no secret that others can read."""

import json
import re
import shlex
import signal
import sys
import urllib.error
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qs

import pytest

from ssohelper.actions import console, selection
from ssohelper.app import App
from ssohelper.emulator.server import Emulator
from ssohelper.errors import LocalState
from ssohelper.system import browser
from tests.conftest import RUN_SECONDS, SCRIPT, Home, Run
from tests.endpoint.world import Program, wait_for
from tests.programs import require_program

PROFILE = "payments-dev.Developer"
CONFIG = """
[profile payments-dev.Developer]
credential_process = {script}-credentials --session corp --account-id 000040000001 --role-name Developer
region = eu-west-1
"""
LINK = "https://d-0000000000.awsapps.com/start/#/console?"


@pytest.fixture
def shell(home, emulator) -> Home:
    """ana is signed in and has one profile."""
    home.add_session("corp")
    home.write_config(home.config_file.read_text() + CONFIG.format(script=SCRIPT))
    home.write_token(emulator.issue_token("ana"))
    return home


class TestLink:
    def test_print_gives_the_portals_link_without_a_sign_in_or_a_network(
        self, shell, emulator, run
    ):
        emulator.end_sign_ins("ana")
        emulator.stop()
        shell.browser()
        done = run("console", PROFILE, "--print", "--service", "logs")
        assert (done.returncode, done.stderr) == (0, "")
        link = done.stdout.strip()
        assert link.startswith(LINK)
        query = parse_qs(link.partition("?")[2])
        assert query == {
            "account_id": ["000040000001"],
            "role_name": ["Developer"],
            "destination": [
                "https://eu-west-1.console.aws.amazon.com/cloudwatch/home"
                "?region=eu-west-1#logsV2:log-groups"
            ],
        }

    def test_the_link_of_a_role_without_a_profile_that_is_not_listed_comes_with_a_warning(
        self, shell, run
    ):
        assert run("list").returncode == 0
        done = run("console", "000030000001/ReadOnlyAccess", "--print")
        assert (done.returncode, done.stderr) == (0, "")
        # The session's region, as there is no profile.
        assert "console.aws.amazon.com%2Fconsole%2Fhome%3Fregion%3Dus-east-1" in done.stdout
        done = run("console", "000030000001/NoSuchRole", "--print")
        assert (done.returncode, done.stdout[: len(LINK)]) == (0, LINK)
        assert 'warning: the role "NoSuchRole" in 000030000001 is not in the list' in done.stderr

    def test_on_a_host_without_a_browser_the_link_is_printed(self, shell, emulator, run):
        done = run.ok("console", PROFILE, env={"CI": "1", "DISPLAY": ":0"})
        assert done.stdout.startswith(LINK)
        assert "no browser can be started on this host: open this link" in done.stderr
        assert emulator.counters["GetRoleCredentials"] == 0

    def test_a_configured_browser_that_does_not_exist_is_a_warning(self, shell, run):
        done = run("console", PROFILE, env={"BROWSER": "firefx %s"})
        assert done.stdout.startswith(LINK)
        assert (
            'warning: the browser command in BROWSER cannot be started here: "firefx %s"'
            in done.stderr
        )
        run("config", "set", "sessions.corp.browser", "chromum %s")
        done = run("console", PROFILE)
        assert (
            'the browser command in sessions.corp.browser cannot be started here: "chrom'
            in done.stderr
        )


def test_the_documented_browser_commands_get_the_url(tmp_path):
    page = Path(__file__).parents[2] / "docs" / "how-to" / "console.md"
    lines = re.findall(r"^\$ (ssohelper config set sessions\..*)$", page.read_text(), re.M)
    lines += [f"x x x x '{said}'" for said in re.findall(r"On macOS: `(.*)`", page.read_text())]
    assert len(lines) == 5
    for name in ("google-chrome", "firefox", "open"):
        (tmp_path / name).symlink_to("/bin/true")
    url = "http://127.0.0.1:40123/abc"
    for line in lines:
        said = shlex.split(line)[4]
        opener = browser.find_opener({"PATH": str(tmp_path)}, said)
        assert opener is not None, said
        last = browser.command_to_open_url(opener, url)[-1]
        assert last in (url, "ext+container:name=corp&url=http%3A%2F%2F127.0.0.1%3A40123%2Fabc")


class TestBadInput:
    def test_an_unknown_service_or_region_and_one_of_another_partition_are_refused(
        self, shell, run
    ):
        done = run("console", PROFILE, "--service", "lamda")
        assert (done.returncode, done.stdout) == (2, "")
        first, second = done.stderr.splitlines()
        assert first == 'ssohelper: error: no console page is known for a service named "lamda"'
        assert second.startswith('ssohelper: hint: did you mean "lambda"? ')
        for region in ("moon-1", "cn-north-1"):
            done = run("console", PROFILE, "--print", "--region", region)
            assert (done.returncode, done.stdout) == (2, "")
        # An empty --region counts as left out.
        assert run("console", PROFILE, "--print", "--region", "").returncode == 0
        text = shell.config_file.read_text()
        shell.write_config(text.replace("region = eu-west-1", "region = cn-north-1"))
        done = run("console", PROFILE, "--print")
        assert (done.returncode, done.stdout) == (3, "")
        assert "--region" in done.stderr

    def test_a_federation_endpoint_that_is_not_loopback_gets_no_keys(self, shell, emulator, run):
        opened = shell.browser()
        endpoint = {"AWS_ENDPOINT_URL_SIGNIN": "https://signin.aws.amazon.com.evil.example"}
        done = run("console", PROFILE, env=endpoint)
        assert (done.returncode, done.stdout) == (3, "")
        assert "unset AWS_ENDPOINT_URL_SIGNIN" in done.stderr
        assert emulator.counters["GetRoleCredentials"] == 0
        assert not opened.exists()

    def test_not_signed_in(self, shell, emulator, run):
        opened = shell.browser()
        emulator.end_sign_ins("ana")
        done = run("console", PROFILE)
        assert (done.returncode, done.stdout) == (4, "")
        assert "ssohelper login corp" in done.stderr
        assert not opened.exists()

    @pytest.mark.parametrize(
        ("status", "body", "code"),
        [(503, "", 6), (200, "<html>", 6), (400, "", 5)],
    )
    def test_wrong_answers_of_the_federation_endpoint_are_exit_6(
        self, shell, emulator, run, status, body, code
    ):
        opened = shell.browser()
        emulator.faults.script(
            "federation.getSigninToken", status, {"Location": "https://evil.example"}, body, times=3
        )
        done = run("console", PROFILE, "-vv")
        assert (done.returncode, done.stdout) == (code, "")
        assert "CNRY" not in done.stderr
        assert "Traceback" not in done.stderr
        assert not opened.exists()


def wait_for_console_login(emulator: Emulator) -> None:
    """Wait until the browser has opened AWS's page, to which our local server redirects it."""
    wait_for(lambda: emulator.counters["federation.login"])
    assert emulator.counters["federation.login"] == 1


class TestOpening:
    def test_the_opener_gets_a_one_time_url_that_leads_to_the_page(self, shell, emulator, run):
        opened = shell.browser()
        done = run("console", PROFILE, "--service", "ec2", "-vv")
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        assert "POST" in done.stderr
        assert emulator.canary not in done.stderr
        assert 'console in eu-west-1: account 000040000001, role "Developer"' in done.stderr
        [lasts] = re.findall(r"the console session lasts until \S+Z \((.*)\)\n", done.stderr)
        assert re.fullmatch(r"(\d+h ?)?(\d+m)?", lasts), lasts
        [address] = opened.read_text().split()
        assert address.startswith("http://127.0.0.1:")
        wait_for_console_login(emulator)
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(address, timeout=10)

    def test_keys_past_half_of_their_life_are_renewed_first(self, shell, emulator, run):
        """The console session ends with the keys: they must have at least half of their life left."""
        shell.browser()
        for _ in range(2):
            assert run("console", PROFILE).returncode == 0
        assert emulator.counters["GetRoleCredentials"] == 1
        [path] = shell.runtime.glob("credentials/corp/000040000001/Developer/cached.json")
        kept = json.loads(path.read_text())
        for instant in ("received_at", "expires_at"):
            kept[instant] -= 5 * 3600  # 5 of the credentials' 8 hours have passed
        path.write_text(json.dumps(kept))
        assert run("console", PROFILE).returncode == 0
        assert emulator.counters["GetRoleCredentials"] == 2
        # When AWS does not answer, keys that are still valid are used.
        path.write_text(json.dumps(kept))
        emulator.faults.script("GetRoleCredentials", 503, times=9)
        assert run("console", PROFILE).returncode == 0

    def test_the_sessions_own_browser_is_used(self, shell, emulator, run):
        """Firefox containers take the URL as a part of another one, percent-encoded."""
        notes = shell.browser(visits=False)
        program = Path(shell.env.pop("BROWSER"))
        visit = shell.path / "firefox"
        visit.write_text(
            f"#!{sys.executable}\nimport subprocess, sys, urllib.parse, urllib.request\n"
            f"subprocess.run([{str(program)!r}, *sys.argv[1:]], check=True)\n"
            "url = urllib.parse.parse_qs(sys.argv[1].partition(':')[2])['url'][0]\n"
            "urllib.request.urlopen(url, timeout=20).read()\n"
        )
        visit.chmod(0o755)
        said = f"{visit} 'ext+container:name=corp&url=%s'"
        assert run("config", "set", "sessions.corp.browser", said).returncode == 0
        run.ok("console", PROFILE)
        assert notes.read_text().startswith("ext+container:name=corp&url=http%3A%2F%2F127.0.0.1%3A")
        wait_for_console_login(emulator)

    def test_json_has_the_end_of_the_console_session_and_a_use_is_counted(self, shell, run, app):
        shell.browser()
        assert run("console", PROFILE, "--print").returncode == 0
        assert app.usage.load_all() == {}
        answer = json.loads(run("console", PROFILE, "--json").stdout)
        assert (answer["warnings"], answer["data"]["opened"]) == ([], True)
        assert answer["data"]["console_session_ends_at"].endswith("Z")
        [(key, used)] = app.usage.load_all().items()
        assert (key.role_name, used.uses) == ("Developer", 1)

    def test_an_opener_that_fails_ends_the_wait_soon(self, shell, run):
        done = run("console", PROFILE, env={"BROWSER": "/bin/false"})
        assert (done.returncode, done.stdout) == (7, "")
        assert "the browser's command failed" in done.stderr
        assert "--print" in done.stderr

    def test_an_interrupt_ends_it(self, shell, emulator):
        opened = shell.browser(visits=False)
        with Program([SCRIPT, "console", PROFILE], shell) as waiting:
            wait_for(opened.exists)
            assert waiting.ends(signal.SIGINT, seconds=RUN_SECONDS) == 130
        assert "Traceback" not in "".join(waiting.err)
        assert emulator.counters["federation.login"] == 0

    @pytest.mark.parametrize("outcome", ["served", "refused", None])
    def test_a_browser_whose_command_fails_may_still_open_the_address_later(self, app, outcome):
        answers = [None, outcome]
        redirect = SimpleNamespace(wait_for_visit=lambda _seconds: answers.pop(0))
        found = console._wait_for_browser_request(app, redirect, lambda: True)  # type: ignore[arg-type]
        assert (found, answers) == (outcome, [])

    @pytest.mark.parametrize("opener", [("/bin/true",), ("/no/such",)])
    def test_without_a_request_of_a_browser_it_is_exit_7(
        self, shell, app: App, opener, monkeypatch
    ):
        monkeypatch.setattr(console, "BROWSER_SECONDS", 0.05)
        profile = selection.resolve_profile(app, PROFILE, None)
        page = console.choose_console_page(app, profile, None, None)
        with pytest.raises(LocalState, match="browser") as caught:
            console.open_console_in_browser(app, profile, page, opener)
        assert "--print" in (caught.value.hint or "")
        assert "config set sessions.corp.browser" in (caught.value.hint or "")


@pytest.mark.long
@pytest.mark.browser
class TestChromium:
    """A real browser, started by the opener with the one-time URL."""

    @pytest.fixture
    def dom(self, shell) -> Path:
        """The session's browser is a separate Chromium, which writes the text of its last page."""
        program, page = shell.path / "chromium", shell.path / "page.html"
        flags = "--headless --no-sandbox --disable-gpu --no-first-run --disable-sync"
        flags += " --disable-background-networking --disable-component-update --disable-quic"
        program.write_text(
            f"#!/bin/sh\n{require_program('chromium')} {flags} --user-data-dir={shell.path}/chromium-data"
            f' --dump-dom "$1" >{page}.part 2>/dev/null && mv {page}.part {page}\n'
        )
        program.chmod(0o755)
        shell.env["BROWSER"] = str(program)
        return page

    def opened(self, run: Run, page: Path, profile: str) -> str:
        page.unlink(missing_ok=True)
        done = run("console", profile, "--service", "s3")
        assert (done.returncode, done.stdout) == (0, ""), done.stderr
        wait_for(page.exists)
        return page.read_text()

    def test_chromium_shows_the_right_page_of_the_right_account(self, shell, emulator, run, dom):
        text = self.opened(run, dom, PROFILE)
        assert "payments-dev 000040000001" in text
        assert "Developer" in text
        assert "https://eu-west-1.console.aws.amazon.com/s3/home?region=eu-west-1" in text
        # The same browser, another role.
        assert "payments-prod 000030000001" in self.opened(run, dom, "000030000001/ReadOnlyAccess")
