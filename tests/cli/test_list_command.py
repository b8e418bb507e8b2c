"""`ssohelper list` in a shell pipeline, as JSON and on a terminal."""

import json
import re

import pytest

from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from tests.cli.listing_world import SCRIPT, Shell
from tests.terminal import Conversation

PROFILES = """
[profile payments]
credential_process = /x/ssohelper credential-process --session corp --account-id 000000000001 --role-name Role00
ssohelper_managed = true

[profile native]
sso_session = corp
sso_account_id = 000000000001
sso_role_name = Role00

[profile elsewhere]
sso_session = other
sso_account_id = 000000000001
sso_role_name = Role00

[profile keys]
region = eu-west-1
"""


@pytest.fixture
def emulator():
    with Emulator(World.of_size(3, 2)) as running:
        running.world.rename_account("000000000001", "payments-prod")
        yield running


@pytest.fixture
def shell(tmp_path, emulator):
    return Shell(tmp_path, emulator)


class TestOffATerminal:
    def test_rows_are_tab_separated_without_a_header(self, shell):
        shell.write_config(PROFILES)
        done = shell.run("list", "payments")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines() == [
            "000000000001\tpayments-prod\tRole00\tpayments,native",
            "000000000001\tpayments-prod\tRole01\t",
        ]
        # Terms match in any order, and `ls` is an alias.
        last = done.stdout.splitlines(keepends=True)[1]
        assert shell.run("ls", "role01", "prod").stdout == last
        done = shell.run("list", "nowhere")
        assert (done.returncode, done.stdout) == (0, "")
        assert shell.run("list", "--accounts", "payments").stdout == (
            "000000000001\tpayments-prod\taws+account-00001@example.com\tRole00,Role01\n"
        )

    def test_the_second_list_comes_from_the_saved_list_and_refresh_asks_aws(self, shell, emulator):
        first = shell.run("list").stdout
        emulator.world.remove_permission_set("Role01")
        assert "Role01" in shell.run("list").stdout
        assert "Role01" not in shell.run("list", "--refresh").stdout
        again = shell.run("list").stdout
        emulator.stop()
        done = shell.run("list")
        assert (done.returncode, done.stdout, again != first) == (0, again, True)


class TestJson:
    def test_roles_have_the_documented_keys_and_the_duration_once_credentials_are_known(
        self, shell
    ):
        shell.write_config(PROFILES)
        said = shell.json("list", "payments", "role00")
        assert said["data"] == [
            {
                "session": "corp",
                "account_id": "000000000001",
                "account_name": "payments-prod",
                "account_email": "aws+account-00001@example.com",
                "role_name": "Role00",
                "profiles": ["payments", "native"],
                "guarded": False,
                "favourite": False,
                "last_used_at": None,
                "session_duration_seconds": None,
            }
        ]
        assert said["warnings"] == []
        assert shell.run("whoami", "payments").returncode == 0
        (row,) = shell.json("list", "payments", "role00")["data"]
        assert row["session_duration_seconds"] == pytest.approx(3600, abs=3)


class TestHostileNames:
    NAME = "a\tb\x1b]0;x\x07[/bold]\u202e{{%s}}\n"

    def test_hostile_names_are_escaped_in_every_output(self, shell, emulator):
        emulator.faults.account_names = {"000000000002": self.NAME}
        done = shell.run("list", "000000000002")
        row = done.stdout.splitlines()[0].split("\t")
        assert row[1] == r"a\x09b\x1b]0;x\x07[/bold]\u202e{{%s}}\x0a"
        assert len(done.stdout.splitlines()) == 2
        asked = shell.run("list", "000000000002", "--json")
        assert asked.stdout.isascii()
        assert "\x1b" not in asked.stdout
        assert json.loads(asked.stdout)["data"][0]["account_name"] == self.NAME

    def test_a_lone_surrogate_is_escaped(self, shell, emulator):
        body = '{"accountList":[{"accountId":"000000000002","accountName":"a\\ud800"}]}'
        emulator.faults.script("ListAccounts", 200, body=body)
        assert shell.run("list").stdout.splitlines()[0].split("\t")[1] == r"a\ud800"
        assert r"a\ud800" in shell.run("list", "--json").stdout

    def test_an_ascii_stdout_gets_escaped_names(self, shell, emulator):
        emulator.faults.account_names = {"000000000002": "Zürich 東京"}
        done = shell.ok("list", "000000000002", LANG="C", PYTHONIOENCODING="ascii")
        assert r"Z\xfcrich" in done.stdout


class TestErrors:
    def test_aws_down_is_exit_6_and_no_sign_in_exit_4_with_the_command(self, shell, emulator):
        emulator.stop()
        done = shell.run("list")
        assert (done.returncode, done.stdout) == (6, "")
        shell.app.tokens.forget(shell.session)
        done = shell.run("list")
        assert (done.returncode, done.stdout) == (4, "")
        assert "ssohelper login corp" in done.stderr

    def test_an_unfinished_listing_is_not_shown(self, shell, emulator):
        emulator.faults.script("ListAccountRoles", 200, body=b"{")
        done = shell.run("list")
        assert (done.returncode, done.stdout) == (6, "")
        assert "1 of 3 accounts are not listed yet" in done.stderr
        assert len(shell.run("list").stdout.splitlines()) == 6
        assert emulator.counters["ListAccountRoles"] == 4

    def test_an_old_list_is_still_shown_when_aws_is_down_with_exit_6(self, shell, emulator):
        shell.run("list")
        saved = shell.app.directory.load("corp")
        emulator.stop()
        for days, text in ((3, "3 days ago"), (1, "yesterday")):
            listed_at = saved.listed_at - days * 86400
            shell.app.directory.save("corp", saved._replace(listed_at=listed_at))
            done = shell.run("list")
            assert done.returncode == 6
            assert len(done.stdout.splitlines()) == 6
            assert f'this list of "corp" is from {text}' in done.stderr
        assert shell.run("list", "--refresh").stdout == ""

    def test_a_refused_account_is_a_warning_and_exit_0(self, shell, emulator):
        shell.run("list")
        emulator.faults.fail("ListAccountRoles", "ForbiddenException", "No access")
        done = shell.ok("list", "--refresh")
        assert len(done.stdout.splitlines()) == 6
        warning = r"warning: .*refuses to list the roles of .*\(00000000000\d\)"
        assert re.search(warning, done.stderr)
        assert shell.json("list")["warnings"]


SECOND = """
[sso-session second]
sso_start_url = {url}
sso_region = {region}
sso_registration_scopes = sso:account:access
"""


class TestSeveralSessions:
    """`list` without --session: each role once for each session."""

    ROW = "000000000001\tpayments-prod\tRole00\t"

    @pytest.fixture
    def two(self, shell):
        world = shell.emulator.world
        shell.write_config(SECOND.format(url=world.start_url, region=world.region))
        return shell

    @pytest.fixture
    def signed_in(self, two):
        corp, two.session = two.session, two.session._replace(name="second")
        two.sign_in()
        two.session = corp
        return two

    def test_all_sessions_are_listed_with_the_session_in_the_last_column(self, signed_in):
        done = signed_in.run("list", "payments", "role00")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.splitlines() == [f"{self.ROW}\tcorp", f"{self.ROW}\tsecond"]
        rows = signed_in.json("list", "payments", "role00")["data"]
        assert [row["session"] for row in rows] == ["corp", "second"]
        # A named session is listed alone in four columns, that of AWS_PROFILE is not.
        done = signed_in.run("list", "payments", "role00", "--session", "second")
        assert done.stdout == f"{self.ROW}\n"
        both = signed_in.config.read_text().partition("access\n")[2]
        signed_in.write_config(both + PROFILES.partition("\n\n")[0])
        done = signed_in.run("list", "payments", "role00", AWS_PROFILE="payments")
        assert len(done.stdout.splitlines()) == 2

    def test_a_session_that_is_signed_out_is_a_warning_and_exit_4(self, two):
        done = two.run("list", "payments", "role00")
        assert done.returncode == 4
        assert done.stdout == f"{self.ROW}\tcorp\n"
        assert 'warning: the roles of "second" are not listed: ' in done.stderr
        assert "ssohelper login second" in done.stderr
        asked = two.run("list", "payments", "role00", "--json")
        assert asked.returncode == 4
        said = json.loads(asked.stdout)
        assert [row["session"] for row in said["data"]] == ["corp"]
        assert any('"second" are not listed' in warning for warning in said["warnings"])

    def test_the_exit_code_is_that_of_the_worst_error(self, two, emulator):
        assert two.run("list").returncode == 4
        saved = two.app.directory.load("corp")
        two.app.directory.save("corp", saved._replace(listed_at=saved.listed_at - 3 * 86400))
        emulator.stop()
        done = two.run("list", "payments", "role00")
        assert done.returncode == 6
        assert done.stdout == f"{self.ROW}\tcorp\n"
        assert 'this list of "corp" is from 3 days ago' in done.stderr
        assert '"second" are not listed' in done.stderr


def test_a_terminal_gets_a_table_and_progress_with_what_is_left(shell, emulator):
    for number in range(20, 60):
        emulator.world.add_account(f"0000{number:08d}", f"more-{number}", ou="Workloads")
    emulator.faults.set(latency_seconds={"*": 0.2})  # 1.2 s in all: a bar comes after 0.3
    environ = {**shell.environ, "TERM": "xterm", "COLUMNS": "120"}
    child = Conversation([SCRIPT, "list"], environ, size=(100, 120))
    child.expect(r"listing accounts: \d+ of 43")
    child.expect("ACCOUNT ID")
    child.expect("payments-prod")
    assert child.ended()[0] == 0
