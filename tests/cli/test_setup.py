"""setup as on the first day: a start URL, one command, and the AWS CLI works."""

import configparser
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pexpect
import pytest

from ssohelper.cli import COMMANDS
from ssohelper.emulator.server import Emulator
from ssohelper.emulator.world import START_URL, World, demo_world
from tests.conftest import RUN_SECONDS, SCRIPT, Home, Run
from tests.programs import need

# Nothing here may ask the real AWS.
pytestmark = pytest.mark.usefixtures("emulator")

SECOND_URL = "https://second.awsapps.com/start"
ONLY_DEV = ("--account", "payments-dev")
DEV = "000040000001"


def profiles(home: Home) -> dict[str, dict[str, str]]:
    """Return the profiles of the config, in its order, as an ini reader that is not ours sees it."""
    parser = configparser.RawConfigParser()
    parser.read_string(home.config_file.read_text() if home.config_file.exists() else "")
    return {
        header.removeprefix("profile "): dict(parser[header])
        for header in parser.sections()
        if not header.startswith("sso-session ")
    }


def session_keys(home: Home, name: str) -> dict[str, str]:
    parser = configparser.RawConfigParser()
    parser.read(home.config_file)
    return dict(parser[f"sso-session {name}"])


def person_of(home: Home, run: Run, emulator: Emulator, profile: str) -> tuple[str, str, str]:
    """Return (person, account id, role) of the credentials that the profile's command gives."""
    command = profiles(home)[profile]["credential_process"]
    given = subprocess.run(
        shlex.split(command), env=home.env, capture_output=True, text=True, timeout=60
    )
    assert given.returncode == 0, given.stderr
    issued = emulator.identity_of(given.stdout.split('"AccessKeyId":"')[1].split('"')[0])
    assert issued is not None
    return issued.person, issued.account_id, issued.role_name


def ok(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 0, done.stderr
    return done.stderr


@pytest.fixture
def terminal(home: Home) -> Any:
    """Start a command on a terminal of its own; it is closed at the end."""
    started: list[Any] = []

    def start(*argv: str) -> Any:
        child = pexpect.spawn(
            SCRIPT,
            list(argv),
            env={**home.env, "TERM": "xterm"},
            cwd=str(home.path),
            encoding="utf-8",
            timeout=RUN_SECONDS,
            dimensions=(50, 200),
        )
        started.append(child)
        return child

    yield start
    for child in started:
        child.close(force=True)


Terminal = Callable[..., Any]


def ended(child: Any) -> tuple[int, str]:
    """Wait for the end; return the exit code and what was printed since the last expectation."""
    child.expect(pexpect.EOF)
    child.close()
    return child.exitstatus, child.before


class TestOffATerminal:
    def test_pkce_from_the_url_to_the_aws_cli(
        self, run: Run, home: Home, emulator: Emulator
    ) -> None:
        opened = home.browser()
        said = ok(run("setup", START_URL, "--region", "us-east-1", "--yes"))
        assert len(opened.read_text().split()) == 1
        assert f"{emulator.url}/authorize?" in said
        assert emulator.counters["authorize"] == 1
        assert emulator.counters["StartDeviceAuthorization"] == 0
        assert "20 profiles added" in said
        assert "+[profile payments-dev.ReadOnlyAccess]" in said
        assert session_keys(home, "d-0000000000") == {
            "sso_start_url": START_URL,
            "sso_region": "us-east-1",
            "sso_registration_scopes": "sso:account:access",
        }
        assert len(profiles(home)) == 20
        assert home.config_file.stat().st_mode & 0o777 == 0o600
        assert emulator.canary not in said

    @pytest.mark.network_client
    @pytest.mark.parametrize("form", ["process", "sso"])
    def test_the_line_that_it_prints_works(self, run: Run, home: Home, form: str) -> None:
        aws = need("aws")
        home.browser()
        said = ok(
            run("setup", START_URL, "--region", "us-east-1", "--form", form, *ONLY_DEV, "--yes")
        )
        [line] = [one for one in said.splitlines() if one.startswith("try it: ")]
        words = shlex.split(line.removeprefix("try it: "))
        assert words[0] == "aws"
        answer = subprocess.run(
            [aws, *words[1:]], env=home.env, capture_output=True, text=True, timeout=60
        )
        assert "AWSReservedSSO_ReadOnlyAccess_" in ok_out(answer)
        [more] = [one for one in said.splitlines() if one.startswith("more: ssohelper ")]
        assert "payments-dev" in run(*shlex.split(more)[2:]).stdout
        # Every line that names a command names one that is there.
        assert set(re.findall(r"ssohelper ([a-z-]+)", said)) <= set(COMMANDS)

    def test_without_the_aws_cli_it_names_a_command_of_ours(self, run: Run, home: Home) -> None:
        home.browser()
        home.env["PATH"] = "/nowhere"
        said = ok(run("setup", START_URL, "--region", "us-east-1", *ONLY_DEV, "--yes"))
        assert "try it: ssohelper whoami payments-dev.ReadOnlyAccess" in said

    def test_the_line_names_no_profile_whose_role_is_gone(
        self, run: Run, home: Home, emulator: Emulator
    ) -> None:
        home.browser()
        ok(run("setup", START_URL, "--region", "us-east-1", *ONLY_DEV, "--yes"))
        emulator.world.unassign("everyone", "ReadOnlyAccess", "Workloads")
        said = ok(run("setup", START_URL, "--yes"))
        assert "try it: aws sts get-caller-identity --profile payments-dev.D" in said
        assert "1 profile left whose role is gone" in said
        assert "payments-dev.ReadOnlyAccess" in profiles(home)

    def test_a_device_code_on_request(self, run: Run, home: Home, emulator: Emulator) -> None:
        opened = home.browser(visits=False)
        setup = ("setup", START_URL, "--region", "us-east-1", "--device-code", "--no-browser")
        said = ok(run(*setup, "--yes"))
        assert f"{emulator.url}/device?user_code=" in said
        assert emulator.counters["authorize"] == 0
        assert emulator.counters["CreateToken.device_code"] >= 1
        assert not opened.exists()
        assert len(profiles(home)) == 20

    def test_without_yes_nobody_is_signed_in_and_nothing_is_written(
        self, run: Run, home: Home, emulator: Emulator
    ) -> None:
        opened = home.browser()
        done = run("setup", START_URL, "--region", "us-east-1", input="y\n")
        assert (done.returncode, done.stdout) == (2, "")
        assert "--yes" in done.stderr
        assert emulator.counters.total() == 0
        assert not opened.exists()
        assert not (home.path / ".aws").exists()

    @pytest.mark.parametrize("more", [(), ("--form", "sso")])
    def test_a_throw_away_installation_writes_nothing(
        self, run: Run, home: Home, emulator: Emulator, more: tuple[str, ...]
    ) -> None:
        home.browser()
        setup = ("setup", START_URL, "--region", "us-east-1", "--yes", *more)
        done = run(*setup, env={"UV_CACHE_DIR": sys.prefix})
        assert done.returncode == 2
        assert "uv tool install ssohelper" in done.stderr
        assert emulator.counters.total() == 0
        assert not (home.path / ".aws").exists()

    def test_nobody_is_told_to_try_what_is_not_assigned(
        self, run: Run, home: Home, emulator: Emulator
    ) -> None:
        home.browser()
        emulator.world.add_person("new")
        emulator.auto_approve = "new"
        said = ok(run("setup", START_URL, "--region", "us-east-1", "--yes"))
        assert "no account is assigned to you yet" in said
        assert "try it" not in said
        assert session_keys(home, "d-0000000000")["sso_start_url"] == START_URL


def ok_out(done: "subprocess.CompletedProcess[str]") -> str:
    ok(done)
    return done.stdout


class TestAgain:
    @pytest.fixture(autouse=True)
    def _set_up(self, run: Run, home: Home, emulator: Emulator) -> None:
        home.browser()
        ok(run("setup", START_URL, "--region", "us-east-1", "--session", "corp", "--yes"))
        emulator.reset_counters()

    def test_a_second_run_changes_no_byte(self, run: Run, home: Home, emulator: Emulator) -> None:
        before, stat = home.config_file.read_bytes(), home.config_file.stat()
        said = ok(run("setup", f"{START_URL}/", "--yes"))
        assert "nothing to change" in said
        assert home.config_file.read_bytes() == before
        assert home.config_file.stat().st_mtime_ns == stat.st_mtime_ns
        assert emulator.counters["authorize"] == 0  # still signed in

    def test_what_is_missing_is_restored_and_the_rest_is_kept(self, run: Run, home: Home) -> None:
        text = home.config_file.read_text() + "# mine\n"
        head, _, rest = text.partition("[profile payments-dev.Developer]\n")
        tail = rest[rest.index("[profile ") :]
        home.config_file.write_text(head + tail)
        assert "payments-dev.Developer" not in profiles(home)
        said = ok(run("setup", "--session", "corp", "--yes"))
        assert "1 profile added" in said
        assert "payments-dev.Developer" in profiles(home)
        assert len(profiles(home)) == 20
        kept = home.config_file.read_text()
        assert kept.startswith(head)
        assert tail.strip() in kept

    def test_a_lost_session_section_is_restored(self, run: Run, home: Home) -> None:
        text = home.config_file.read_text()
        home.config_file.write_text(text[text.index("[profile ") :])
        ok(run("setup", START_URL, "--region", "us-east-1", "--session", "corp", "--yes"))
        assert session_keys(home, "corp")["sso_start_url"] == START_URL
        assert len(profiles(home)) == 20

    def test_what_profile_rm_removed_stays_away(self, run: Run, home: Home) -> None:
        ok(run("profile", "rm", "payments-dev.Developer", "--yes"))
        before = home.config_file.read_bytes()
        assert 'skipped "payments-dev.Developer"' in ok(run("setup", START_URL, "--yes"))
        assert home.config_file.read_bytes() == before

    def test_another_url_under_this_session_name_is_refused(
        self, run: Run, home: Home, emulator: Emulator
    ) -> None:
        before = home.config_file.read_bytes()
        given = ("setup", SECOND_URL, "--session", "corp", "--region", "us-east-1", "--yes")
        done = run(*given)
        assert done.returncode == 3
        assert f'"corp" already has another start URL: {START_URL}' in done.stderr
        assert (home.config_file.read_bytes(), emulator.counters.total()) == (before, 0)

    def test_another_person_at_this_portal_is_another_session(
        self, run: Run, home: Home, emulator: Emulator
    ) -> None:
        first = profiles(home)
        emulator.auto_approve = "ben"
        ok(run("setup", START_URL, "--region", "us-east-1", "--session", "ben", "--yes"))
        both = profiles(home)
        assert {name: both[name] for name in first} == first
        new = set(both) - set(first)
        assert {"ben.payments-dev.Developer", "sandbox-ben.SandboxAdmin"} <= new
        assert person_of(home, run, emulator, "payments-dev.Developer") == ("ana", DEV, "Developer")
        theirs = person_of(home, run, emulator, "ben.payments-dev.Developer")
        assert theirs == ("ben", DEV, "Developer")
        again = run("setup", START_URL, "--yes")
        assert (again.returncode, '"corp", "ben"' in again.stderr) == (2, True)

    def test_a_second_organization_moves_no_name_of_the_first(
        self, run: Run, home: Home, emulator: Emulator
    ) -> None:
        second = demo_world()
        second.start_url, second.name = SECOND_URL, "Second"
        emulator.add_organization(second)
        before, first = home.config_file.read_bytes(), profiles(home)
        given = ("setup", SECOND_URL, "--region", "us-east-1", *ONLY_DEV, "--yes")
        ok(run(*given))
        assert home.config_file.read_bytes().startswith(before)
        new = set(profiles(home)) - set(first)
        assert new == {
            f"second.payments-dev.{r}" for r in ("DatabaseAdmin", "Developer", "ReadOnlyAccess")
        }
        # Each asks its own organization: the first one's is revoked, the second one's still works.
        second.unassign("developers", "Developer", "Workloads/Development")
        assert person_of(home, run, emulator, "payments-dev.Developer")[1] == DEV
        refused = run("credential-process", "--profile", "second.payments-dev.Developer")
        assert (refused.returncode, refused.stdout) == (5, "")
        # And one more look at either changes nothing.
        text = home.config_file.read_bytes()
        for url in (START_URL, SECOND_URL):
            ok(run("setup", url, "--yes"))
        assert home.config_file.read_bytes() == text

    def test_another_region_said_now_is_written(self, run: Run, home: Home) -> None:
        ok(run("setup", START_URL, "--region", "eu-west-1", "--yes"))
        assert session_keys(home, "corp")["sso_region"] == "eu-west-1"


def test_filters_template_and_form_are_remembered(run: Run, home: Home, emulator: Emulator) -> None:
    home.browser()
    said = ("--account", "*-dev", "--role", "Read*", "--form", "sso", "--name-template")
    given = ("setup", START_URL, "--region", "us-east-1", "--yes", *said)
    ok(run(*given, "{role_name}_{account_id}"))
    assert set(profiles(home)) == {f"ReadOnlyAccess_00004000000{n}" for n in (1, 2, 3)}
    emulator.world.add_account("000040000009", "new-dev", ou="Workloads/Development")
    emulator.world.add_account("000040000008", "other", ou="Workloads/Development")
    assert "1 profile added" in ok(run("profile", "sync", "--refresh", "--yes"))
    new = profiles(home)["ReadOnlyAccess_000040000009"]
    assert (new["sso_session"], "credential_process" in new) == ("d-0000000000", False)
    ok(run("setup", "--yes"))
    assert len(profiles(home)) == 4


def test_the_session_that_has_this_url_is_used(run: Run, home: Home) -> None:
    home.browser()
    home.add_session("work", START_URL)
    before = home.config_file.read_text()
    ok(run("setup", START_URL, *ONLY_DEV, "--yes"))
    assert home.config_file.read_text().startswith(before)
    assert home.config_file.read_text().count("[sso-session ") == 1
    assert "--session work " in profiles(home)["payments-dev.Developer"]["credential_process"]


class TestRegion:
    def test_off_a_terminal_it_must_be_known(
        self, run: Run, home: Home, emulator: Emulator
    ) -> None:
        done = run("setup", START_URL, "--yes")
        assert (done.returncode, "--region" in done.stderr) == (2, True)
        bad = run("setup", START_URL, "--region", "us-east-1;id", "--yes")
        assert bad.returncode in (2, 3)
        assert emulator.counters.total() == 0
        assert not (home.path / ".aws").exists()

    def test_another_person_at_a_known_portal_has_it_too(self, run: Run, home: Home) -> None:
        home.browser()
        ok(run("setup", START_URL, "--region", "us-east-1", "--session", "mine", "--yes"))
        ok(run("setup", START_URL, "--session", "theirs", "--yes"))
        assert session_keys(home, "theirs")["sso_region"] == "us-east-1"

    @pytest.mark.parametrize("way", [(), ("--device-code",)])
    def test_a_portal_that_is_not_there_says_how_to_mend_it(
        self, run: Run, home: Home, way: tuple[str, ...]
    ) -> None:
        home.browser()
        url = "https://elsewhere.awsapps.com/start"
        done = run("setup", url, "--session", "corp", "--region", "us-west-2", "--yes", *way)
        assert done.returncode == 6
        said, hint = done.stderr.splitlines()
        assert said.startswith("ssohelper: error: the sign-in service in us-west-2 refuses ")
        right = f"ssohelper setup {url} --session corp --region REGION"
        assert hint == f"ssohelper: hint: are address and region right? {right}"
        again = run(*right.replace("REGION", "us-east-1").split()[1:])
        assert (again.returncode, "go ahead with: ssohelper setup" in again.stderr) == (2, True)

    def test_an_address_out_of_a_browser_is_the_portals_own(self, run: Run, home: Home) -> None:
        home.browser()
        ok(run("setup", f"{START_URL}/#/?tab=accounts", "--region", "us-east-1", "--yes"))
        assert session_keys(home, "d-0000000000")["sso_start_url"] == f"{START_URL}/"

    def test_it_is_read_from_the_host(self, run: Run, home: Home, emulator: Emulator) -> None:
        home.browser()
        url = "https://ssoins-1234.portal.eu-central-1.app.aws"
        world = World(url, "eu-central-1", "By host")
        world.add_account(DEV, "dev")
        world.add_person("ana")
        world.add_permission_set("Read")
        world.assign("ana", "Read", DEV)
        emulator.add_organization(world)
        ok(run("setup", url, "--yes"))
        assert session_keys(home, "ssoins-1234")["sso_region"] == "eu-central-1"
        assert profiles(home)["dev.Read"]["region"] == "eu-central-1"

    def test_it_is_asked_from_the_person(self, terminal: Terminal, home: Home) -> None:
        home.browser()
        child = terminal("setup", START_URL, *ONLY_DEV)
        child.expect("the region of .* is not known")
        child.sendline("us-east-1")
        child.expect(r"\[y/N\]")
        child.sendline("y")
        assert ended(child)[0] == 0
        assert session_keys(home, "d-0000000000")["sso_region"] == "us-east-1"


class TestOnATerminal:
    def test_no_writes_nothing_and_yes_writes(self, terminal: Terminal, home: Home) -> None:
        home.browser()
        given = ("setup", START_URL, "--region", "us-east-1", *ONLY_DEV)
        child = terminal(*given)
        child.expect_exact("+[profile payments-dev.ReadOnlyAccess]")
        child.expect_exact(f"3 profiles to add — write {home.config_file}? [y/N]")
        child.sendline("n")
        code, rest = ended(child)
        assert (code, "nothing was written" in rest, "try it" in rest) == (0, True, False)
        assert not home.config_file.exists()
        child = terminal(*given)
        child.expect_exact("[y/N]")
        child.sendline("y")
        code, rest = ended(child)
        assert (code, "3 profiles added" in rest, "try it: " in rest) == (0, True, True)
        assert len(profiles(home)) == 3

    def test_an_interrupted_question_writes_nothing(self, terminal: Terminal, home: Home) -> None:
        home.browser()
        child = terminal("setup", START_URL, "--region", "us-east-1", *ONLY_DEV)
        child.expect_exact("[y/N]")
        child.sendintr()
        code, rest = ended(child)
        assert (code, "Traceback" in rest) == (130, False)
        assert not home.config_file.exists()

    def test_portals_found_are_offered(self, terminal: Terminal, home: Home) -> None:
        home.browser()
        home.add_session("other", SECOND_URL)
        legacy = (
            f"[profile old]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n"
            f"sso_account_id = {DEV}\nsso_role_name = Developer\n"
        )
        home.write_config(home.config_file.read_text() + legacy)
        before = home.config_file.read_text()
        child = terminal("setup", *ONLY_DEV)
        child.expect_exact(f"1  {SECOND_URL}  (other)")
        child.expect_exact(f"2  {START_URL}")
        child.expect_exact("which one")
        child.sendline("2")
        child.expect_exact("[y/N]")
        child.sendline("y")
        assert ended(child)[0] == 0
        assert home.config_file.read_text().startswith(before)
        # The legacy profile points at Developer already.
        names = ["old", "payments-dev.DatabaseAdmin", "payments-dev.ReadOnlyAccess"]
        assert list(profiles(home)) == names


class TestWithoutAUrl:
    def test_the_only_portal_is_taken(self, run: Run, home: Home) -> None:
        home.browser()
        home.add_session("corp", START_URL)
        ok(run("setup", *ONLY_DEV, "--yes"))
        assert len(profiles(home)) == 3

    def test_of_none_and_of_two_none_is_taken(
        self, run: Run, home: Home, emulator: Emulator
    ) -> None:
        none = run("setup", "--yes")
        assert (none.returncode, "ssohelper setup START_URL" in none.stderr) == (2, True)
        home.add_session("one", START_URL)
        home.add_session("two", SECOND_URL)
        before = home.config_file.read_bytes()
        two = run("setup", "--yes")
        assert two.returncode == 2
        assert START_URL in two.stderr
        assert SECOND_URL in two.stderr
        assert (home.config_file.read_bytes(), emulator.counters.total()) == (before, 0)


@pytest.mark.parametrize(
    "url",
    [
        "http://d-0000000000.awsapps.com/start",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "corp",
        "https://awsapps.com.evil.net/start",
        "https://x.awsapps.com@evil.net/start",
        "https://x.awsapps.com:8443/",
        "https://[::1]/",
        "https://127.0.0.1/start",
        "https://x.awsapps.com/start\nX",
        "https://x.awsapps.com/\x1b]8;;https://evil.net\x07",
        "https://\u0430.awsapps.com/start",
        "\\\\evil\\share",
        "",
    ],
)
def test_a_bad_start_url_reaches_nobody(run: Run, home: Home, emulator: Emulator, url: str) -> None:
    opened = home.browser()
    done = run("setup", "--region", "us-east-1", "--yes", "--", url)
    assert (done.returncode, done.stdout) == (3, "")
    error, hint = done.stderr.splitlines()
    assert error.startswith("ssohelper: error: ")
    assert hint.startswith("ssohelper: hint: ")
    assert done.stderr.replace("\n", "").isprintable()
    assert emulator.counters.total() == 0
    assert not opened.exists()
    assert not (home.path / ".aws").exists()


@pytest.mark.parametrize("name", ["-x", "../x", "a\nb", "x" * 65])
def test_a_bad_session_name_is_refused(run: Run, home: Home, emulator: Emulator, name: str) -> None:
    done = run("setup", START_URL, "--region", "us-east-1", "--yes", f"--session={name}")
    assert done.returncode in (2, 3)
    assert "Traceback" not in done.stderr
    assert emulator.counters.total() == 0
    assert not (home.path / ".aws").exists()
