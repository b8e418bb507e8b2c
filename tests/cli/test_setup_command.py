"""`setup` as the real program: a start URL, one command, and then the AWS CLI works."""

import configparser
import json
import re
import shlex
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ssohelper.app import App
from ssohelper.cli import COMMANDS
from ssohelper.emulator.organization import START_URL, World
from ssohelper.emulator.server import Emulator
from ssohelper.system import own_source
from tests.cli.test_profile_commands_sync import ok
from tests.conftest import Home, Run
from tests.long_rows import long_after
from tests.processes import wait_until_asleep
from tests.programs import require_program

# No test here may send a request to the real AWS.
pytestmark = pytest.mark.usefixtures("emulator")


@pytest.fixture(autouse=True)
def opened(home) -> Path:
    """The notes of a browser that visits each page."""
    return home.browser()


SETUP = ("setup", START_URL, "--region", "us-east-1")
SECOND_URL = "https://second.awsapps.com/start"
ONLY_DEV = ("--account", "payments-dev")
DEV = "000040000001"


def profiles(home: Home) -> dict[str, dict[str, str]]:
    """Return the profiles of the config, in its order, as configparser reads them."""
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


def identity_of(run: Run, emulator: Emulator, profile: str) -> tuple[str, str, str]:
    """Return (user, account id, role) of the credentials that the profile gives."""
    given = json.loads(run("credential-process", "--profile", profile).stdout)
    issued = emulator.issued.get(given["AccessKeyId"])
    assert issued is not None
    return issued.person, issued.account_id, issued.role_name


def assert_signed_out(home: Home, emulator: Emulator) -> None:
    """The sign-in of a setup that wrote nothing was given back to AWS, and is not on the disk."""
    assert emulator.counters["Logout"] == 1
    assert not list(home.token_folder.glob("*.json"))
    assert not list((home.path / ".local/state/ssohelper").glob("listings/*"))
    assert not list((home.path / ".local/state/ssohelper").glob("sign-ins/*"))


class TestOffATerminal:
    def test_pkce_from_the_url_to_the_aws_cli(self, run, home, emulator, opened):
        printed = ok(run(*SETUP, "--yes"))
        assert len(opened.read_text().split()) == 1
        assert f"{emulator.url}/authorize?" in printed
        assert emulator.counters["authorize"] == 1
        assert emulator.counters["StartDeviceAuthorization"] == 0
        assert "20 profiles added" in printed
        assert "+[profile payments-dev.ReadOnlyAccess]" in printed
        assert session_keys(home, "d-0000000000") == {
            "sso_start_url": START_URL,
            "sso_region": "us-east-1",
            "sso_registration_scopes": "sso:account:access",
        }
        assert len(profiles(home)) == 20
        assert home.config_file.stat().st_mode & 0o777 == 0o600
        assert emulator.canary not in printed

    @pytest.mark.long
    @pytest.mark.network_client
    @pytest.mark.parametrize("form", ["process", "sso"])
    def test_the_printed_commands_work(self, run, home, form):
        aws = require_program("aws")
        printed = ok(run(*SETUP, "--form", form, *ONLY_DEV, "--yes"))
        [line] = [one for one in printed.splitlines() if one.startswith("try it: ")]
        words = shlex.split(line.removeprefix("try it: "))
        assert words[0] == "aws"
        answer = subprocess.run(
            [aws, *words[1:]], env=home.env, capture_output=True, text=True, timeout=60
        )
        assert "AWSReservedSSO_ReadOnlyAccess_" in answer.stdout, answer.stderr
        [more] = [
            one for one in printed.splitlines() if one.startswith("for all your roles: ssohelper ")
        ]
        assert "payments-dev" in run(*shlex.split(more.partition(": ssohelper ")[2])).stdout
        assert "TAB completion in your shell: ssohelper install" in printed
        # Every command that the message names exists.
        assert set(re.findall(r"ssohelper ([a-z-]+)", printed)) <= set(COMMANDS)

    def test_it_proposes_nothing_that_was_not_seen_to_work(self, run, home, emulator):
        emulator.faults.script("GetRoleCredentials", 403, body='{"message": "No access"}', times=99)
        printed = ok(run(*SETUP, *ONLY_DEV, "--yes"))
        assert "try it" not in printed
        assert (
            'problem: profile "payments-dev.ReadOnlyAccess": the profile\'s program was run'
            in printed
        )

    def test_the_printed_command_names_no_profile_whose_role_is_gone(self, run, home, emulator):
        ok(run(*SETUP, *ONLY_DEV, "--yes"))
        emulator.world.unassign("everyone", "ReadOnlyAccess", "Workloads")
        printed = ok(run("setup", START_URL, "--yes"))
        assert "try it: aws sts get-caller-identity --profile payments-dev.D" in printed
        assert "1 profile left whose role is gone" in printed
        assert "payments-dev.ReadOnlyAccess" in profiles(home)

    def test_after_an_unconfirmed_sign_in_the_hint_repeats_setup(self, run, home, emulator):
        emulator.auto_approve = None
        emulator.faults.expires_in = 1
        setup = (*SETUP, "--device-code", "--yes")
        done = run(*setup)
        assert done.returncode == 4
        # The code's end is noticed here, or AWS reports it: the hints begin differently.
        assert done.stderr.endswith(f" with: ssohelper {' '.join(setup)}\n")
        home.add_session("d-0000000000")  # with this section, `login` knows the session
        again = run(*setup)
        assert again.stderr.endswith(" with: ssohelper login d-0000000000\n")

    @pytest.mark.parametrize(
        ("options", "env", "said"),
        [
            ((), {}, "--yes"),
            (("--yes",), {"UV_CACHE_DIR": sys.prefix}, own_source.install_hint()),
            (("--yes", "--form", "sso"), {"UV_CACHE_DIR": sys.prefix}, own_source.install_hint()),
        ],
        ids=["without --yes", "throw-away installation", "native form"],
    )
    def test_where_it_cannot_end_it_does_not_begin(
        self, run, home, emulator, options, env, said, opened
    ):
        setup = (*SETUP, *options)
        done = run(*setup, env=env, input="y\n")
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
        assert emulator.counters.total() == 0
        assert not opened.exists()
        assert not (home.path / ".aws").exists()

    def test_without_an_assigned_account_it_prints_no_command_to_try(self, run, home, emulator):
        emulator.world.add_person("new")
        emulator.auto_approve = "new"
        printed = ok(run(*SETUP, "--yes"))
        assert "no account is assigned to you yet" in printed
        assert "try it" not in printed
        assert session_keys(home, "d-0000000000")["sso_start_url"] == START_URL


class TestSecondRun:
    @pytest.fixture(autouse=True)
    def _set_up(self, run, home, emulator):
        ok(run(*SETUP, "--session", "corp", "--yes"))
        emulator.reset_counters()

    def test_it_changes_no_byte_or_restores_a_missing_profile(self, run, home, emulator):
        before, stat = home.config_file.read_bytes(), home.config_file.stat()
        assert "nothing to change" in ok(run("setup", f"{START_URL}/", "--yes"))
        assert home.config_file.read_bytes() == before
        assert home.config_file.stat().st_mtime_ns == stat.st_mtime_ns
        assert emulator.counters["authorize"] == 0  # the user is still signed in: no new sign-in
        text = home.config_file.read_text() + "# mine\n"
        head, _, rest = text.partition("[profile payments-dev.Developer]\n")
        tail = rest[rest.index("[profile ") :]
        home.config_file.write_text(head + tail)
        assert "payments-dev.Developer" not in profiles(home)
        assert "1 profile added" in ok(run("setup", "--session", "corp", "--yes"))
        assert "payments-dev.Developer" in profiles(home)
        assert len(profiles(home)) == 20
        left = home.config_file.read_text()
        assert left.startswith(head)
        assert tail.strip() in left

    @pytest.mark.long
    def test_a_second_user_of_the_portal_has_a_session_of_their_own(self, run, home, emulator):
        first = profiles(home)
        emulator.auto_approve = "ben"
        ok(run(*SETUP, "--session", "ben", "--yes"))
        both = profiles(home)
        assert {name: both[name] for name in first} == first
        new = set(both) - set(first)
        assert {"ben.payments-dev.Developer", "sandbox-ben.SandboxAdmin"} <= new
        assert identity_of(run, emulator, "payments-dev.Developer") == ("ana", DEV, "Developer")
        theirs = identity_of(run, emulator, "ben.payments-dev.Developer")
        assert theirs == ("ben", DEV, "Developer")
        again = run("setup", START_URL, "--yes")
        assert (again.returncode, '"corp", "ben"' in again.stderr) == (2, True)


def test_filters_template_and_form_are_remembered(run, home, emulator):
    choices = ("--account", "*-dev", "--role", "Read*", "--form", "sso", "--name-template")
    given = (*SETUP, "--yes", *choices)
    ok(run(*given, "{role_name}_{account_id}"))
    assert set(profiles(home)) == {f"ReadOnlyAccess_00004000000{n}" for n in (1, 2, 3)}
    emulator.world.add_account("000040000009", "new-dev", ou="Workloads/Development")
    emulator.world.add_account("000040000008", "other", ou="Workloads/Development")
    assert "1 profile added" in ok(run("profile", "sync", "--refresh", "--yes"))
    new = profiles(home)["ReadOnlyAccess_000040000009"]
    assert (new["sso_session"], "credential_process" in new) == ("d-0000000000", False)
    ok(run("setup", "--yes"))
    assert len(profiles(home)) == 4


class TestRegion:
    @pytest.mark.parametrize("way", [(), ("--device-code",)])
    def test_the_wrong_region_is_exit_6_with_the_command_to_correct_it(self, run, home, way):
        url = "https://elsewhere.awsapps.com/start"
        done = run("setup", url, "--session", "corp", "--region", "us-west-2", "--yes", *way)
        assert done.returncode == 6
        error, hint = done.stderr.splitlines()
        assert error.startswith("ssohelper: error: the sign-in service in us-west-2 refuses ")
        right = f"ssohelper setup {url} --session corp --region REGION"
        assert hint == f"ssohelper: hint: are start URL and region right? {right}"
        again = run(*right.replace("REGION", "us-east-1").split()[1:])
        assert (again.returncode, "go ahead with: ssohelper setup" in again.stderr) == (2, True)

    def test_the_region_is_read_from_the_host_name(self, run, home, emulator):
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


class TestDefaultRegion:
    GIVEN = (*SETUP, "--account", "payments-dev")

    @pytest.mark.parametrize(
        ("default", "variables", "proposed"),
        long_after(
            1,
            [
                ("[default]\nregion = eu-west-3\n", {"AWS_REGION": "eu-north-1"}, "eu-west-3"),
                ("", {}, "us-east-1"),
                ("", {"AWS_REGION": "no-region", "AWS_DEFAULT_REGION": "eu-north-1"}, "eu-north-1"),
            ],
        ),
    )
    def test_it_is_said_before_the_question(self, terminal, home, default, variables, proposed):
        home.env.update(variables)
        if default:
            home.write_config(default)
        child = terminal(*self.GIVEN)
        child.talk(f"get the region {proposed}", ("[Y/n/d/c]", ""), "3 profiles added")
        assert child.ended()[0] == 0
        assert profiles(home)["payments-dev.ReadOnlyAccess"]["region"] == proposed

    def test_with_yes_it_is_the_proposed_one_and_that_is_said(self, run, home):
        home.write_config("[default]\nregion = eu-west-3\n")
        printed = ok(run(*self.GIVEN, "--yes"))
        assert "get the region eu-west-3, that of [default]" in printed
        assert profiles(home)["payments-dev.ReadOnlyAccess"]["region"] == "eu-west-3"


class TestOnATerminal:
    def test_no_writes_nothing_and_the_next_setup_goes_on(self, terminal, home, emulator):
        given = (*SETUP, *ONLY_DEV)
        child = terminal(*given)
        child.talk(
            "20 roles in 9 accounts",
            "3 profiles to add — write ~/.aws/config, ",
            ("c leaves parts out) [Y/n/d/c]", "d"),
            "+[profile payments-dev.ReadOnlyAccess]",
            "(END)",
        )
        child.send("q")  # leaves the pager
        child.talk(("[Y/n/d/c]", "n"), "nothing was changed")
        code, rest = child.ended()
        said = f'you stay signed in to "d-0000000000"; go on with: ssohelper setup {START_URL}'
        assert (code, said in " ".join(rest.split()), "try it" in rest) == (0, True, False)
        assert not home.config_file.exists()
        emulator.reset_counters()
        child = terminal(*given)
        child.talk(("[Y/n/d/c]", ""))
        assert emulator.counters["authorize"] == 0
        code, rest = child.ended()
        assert (code, "3 profiles added" in rest, "try it: " in rest) == (0, True, True)
        assert len(profiles(home)) == 3

    @pytest.mark.parametrize("number", long_after(1, [signal.SIGTERM, signal.SIGHUP]))
    def test_a_signal_at_the_question_leaves_no_sign_in(self, terminal, home, emulator, number):
        child = terminal(*SETUP, *ONLY_DEV)
        child.expect_exact("[Y/n/d/c]: ")
        wait_until_asleep(child.pid)  # a signal between the last letter and the read would be lost
        child.kill(number)
        assert child.ended()[0] == 130
        assert_signed_out(home, emulator)

    @pytest.mark.long
    def test_the_portals_in_the_config_are_offered(self, terminal, home):
        home.add_session("other", SECOND_URL)
        legacy = (
            f"[profile old]\nsso_start_url = {START_URL}\nsso_region = us-east-1\n"
            f"sso_account_id = {DEV}\nsso_role_name = Developer\n"
        )
        home.write_config(home.config_file.read_text() + legacy)
        before = home.config_file.read_text()
        child = terminal("setup", *ONLY_DEV)
        child.talk(
            f"1  {SECOND_URL} (other)",
            f"2  {START_URL}",
            ("which one", "2"),
            "1 adopt 1 profile, names unch",
            ("[Y/n/d/c]", "c"),
            ("leave out (numbers", "7"),
            '"7" is neither a number above nor a listed account',
            ("leave out (numbers", "1"),
            ("[Y/n/d/c]", ""),
        )
        assert child.ended()[0] == 0
        assert home.config_file.read_text().startswith(before)
        # The legacy profile needs a sign-in of its own, so Developer gets another profile.
        names = ("DatabaseAdmin", "Developer", "ReadOnlyAccess")
        assert list(profiles(home)) == ["old", *(f"payments-dev.{name}" for name in names)]

    @pytest.mark.long
    def test_the_question_which_portal_can_be_left(self, terminal, home):
        home.add_session("corp", START_URL)
        home.add_session("other", SECOND_URL)
        child = terminal("setup")
        child.talk(
            ("which one (1-2, ctrl+c to leave) [1]:", "y"),
            "'y' is not a valid integer range",
            ("which one", "3"),
            "3 is not in the range",
            "which one",
        )
        child.send("\x03")
        assert child.ended()[0] == 130


class TestGuards:
    """A first setup guards dangerous roles, unless they are left out."""

    GIVEN = (*SETUP, *ONLY_DEV)
    RULES = ("*/AdministratorAccess", "*/*BreakGlass*", "*/*Owner*")

    @staticmethod
    def rules(home: Home) -> tuple[str, ...]:
        return App(home.env).vault.policy.rules

    @pytest.fixture(autouse=True)
    def dangerous(self, emulator):
        emulator.world.add_permission_set("AdministratorAccess")
        emulator.world.assign("ana", "AdministratorAccess", DEV)

    def test_a_yes_guards_and_installs_and_one_undo_takes_all_back(self, terminal, home):
        rc = home.path / ".bashrc"
        rc.write_text("# mine\n")
        home.env["SHELL"] = "/bin/bash"
        child = terminal(*self.GIVEN)
        child.talk(
            "1 guard roles, so that each use needs a typed reason: ",
            "2 add to ~/.bashrc: the command `use`",
            ("4 profiles to add — write ~/.aws/config, ", ""),
            "4 profiles added",
        )
        code, rest = child.ended()
        last_line = "new shells know `ssohelper use`; this one after: source ~/.bashrc"
        assert (code, rest.split("\r\n")[-2]) == (0, last_line)
        assert self.rules(home) == self.RULES
        assert "shell-init bash" in rc.read_text()
        fields = [line.fields for line in App(home.env).journal.read().lines]
        written = [Path(one["file"]).name for one in fields if one.get("command") == "setup"]
        assert written == ["config", "config.toml"]
        child = terminal("undo")
        child.talk(("[y/N]", "y"), ("type loosen to go on: ", "loosen"))
        assert child.ended()[0] == 0
        assert (self.rules(home), home.config_file.exists()) == ((), False)
        assert rc.read_text() == "# mine\n"

    def test_parts_and_accounts_can_be_left_out(self, terminal, home):
        child = terminal(*SETUP)
        child.talk(("[Y/n/d/c]", "c"), ("leave out (numbers", "1, *-prod"), ("[Y/n/d/c]", ""))
        code, rest = child.ended()
        assert (code, "guard administrators' roles with: ssohelper config set" in rest) == (0, True)
        assert self.rules(home) == ()
        assert len(profiles(home)) == 15
        assert App(home.env).choices.load("d-0000000000").accounts == ("!*-prod",)

    def test_a_dry_run_prints_the_screen_and_writes_nothing(self, run, home):
        home.env["SHELL"] = "/bin/bash"
        done = run(*self.GIVEN, "--dry-run")
        said = ok(done)
        assert "+[profile payments-dev.AdministratorAccess]" in done.stdout
        assert "1 guard roles" in said
        assert "2 add to ~/.bashrc" in said
        assert 'you stay signed in to "d-0000000000"' in said
        assert not home.config_file.exists()
        assert not (home.path / ".bashrc").exists()

    def test_with_yes_none_is_added_and_the_command_is_named(self, run, home):
        home.env["SHELL"] = "/bin/bash"
        said = ok(run(*self.GIVEN, "--yes"))
        assert "guard administrators' roles with: ssohelper config set guard.rules" in said
        assert self.rules(home) == ()
        assert not (home.path / ".bashrc").exists()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_new_shell_starts_at_the_end_and_has_the_command_use(terminal, home, shell):
    home.env["SHELL"] = require_program(shell)
    child = terminal(*SETUP, *ONLY_DEV, "--new-shell")
    child.talk(
        ("[Y/n/d/c]", ""),
        (f"this is a new shell in your shell, {home.env['SHELL']}: exit ends it", ""),
        ("", "ssohelper use payments-dev.ReadOnlyAccess && echo NOW=$AWS_PROFILE; exit 5"),
        "NOW=payments-dev.ReadOnlyAccess",
    )
    assert child.ended()[0] == 5


@pytest.mark.parametrize("option", ["--yes", "--dry-run", "--json"])
def test_no_new_shell_starts_where_none_answers(run, emulator, option):
    done = run(*SETUP, "--new-shell", option)
    assert (done.returncode, emulator.counters.total()) == (2, 0)
    assert "--new-shell goes without --yes, --dry-run and --json" in done.stderr


def test_without_a_url_it_uses_the_only_portal_or_that_of_the_given_session(run, home, emulator):
    none = run("setup", "--yes")
    assert (none.returncode, "ssohelper setup START_URL" in none.stderr) == (2, True)
    home.add_session("corp", START_URL)
    ok(run("setup", *ONLY_DEV, "--yes"))
    assert len(profiles(home)) == 3
    home.config_file.unlink()
    home.add_session("other", SECOND_URL)
    home.add_session("corp", START_URL)
    before, _ = home.config_file.read_bytes(), emulator.reset_counters()
    two = run("setup", "--yes")
    assert two.returncode == 2
    assert f"{SECOND_URL} (other), {START_URL} (corp)" in two.stderr
    assert "hint: name one, such as: ssohelper setup --session other\n" in two.stderr
    assert (home.config_file.read_bytes(), emulator.counters.total()) == (before, 0)
    ok(run("setup", "--session", "corp", *ONLY_DEV, "--portable", "--yes"))
    commands = [keys["credential_process"] for keys in profiles(home).values()]
    assert len(commands) == 3
    assert all(one.startswith("ssohelper-credentials --session corp ") for one in commands)


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("http://d-0000000000.awsapps.com/start", "us-east-1"),
        ("https://x.net/\x1b]8;", "us-east-1"),
        (START_URL, "us-east-1;id"),
    ],
)
def test_an_invalid_start_url_or_region_causes_no_request(run, home, emulator, opened, url, region):
    done = run("setup", "--region", region, "--yes", "--", url)
    assert (done.returncode, done.stdout) == (3, "")
    error, hint = done.stderr.splitlines()
    assert error.startswith("ssohelper: error: ")
    assert hint.startswith("ssohelper: hint: ")
    assert done.stderr.replace("\n", "").isprintable()
    assert emulator.counters.total() == 0
    assert not opened.exists()
    assert not (home.path / ".aws").exists()


def _link_to_read_only_file(home: Home) -> str:
    target = home.path / "dotfiles"
    target.write_text("[profile mine]\nregion = x\n")
    target.chmod(0o444)
    home.config_file.parent.mkdir()
    home.config_file.symlink_to(target)
    return f'"{home.config_file}" is read-only: not touched'


def _put_file_for_folder(home: Home) -> str:
    home.config_file.parent.write_text("")
    return f'"{home.config_file}" cannot be written: Not a directory'


@pytest.mark.parametrize(
    ("spoil", "command"),
    [
        (_link_to_read_only_file, ("setup", START_URL, "--yes")),
        (_link_to_read_only_file, ("profile", "add", f"corp:{DEV}/Admin", "--yes")),
        (_put_file_for_folder, ("setup", START_URL, "--yes")),
    ],
)
def test_a_config_that_cannot_be_written_is_refused_before_aws_is_asked(
    home, emulator, run, opened, spoil, command
):
    words = spoil(home)
    done = run(*command)
    assert done.returncode == 7
    assert words in done.stderr
    if "read-only" in words:
        hint = f"if no other tool manages it: chmod u+w {home.config_file.resolve()}\n"
        assert hint in done.stderr
    assert not opened.exists()
    assert not emulator.calls
