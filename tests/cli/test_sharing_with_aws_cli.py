"""One sign-in for all tools: the real AWS CLI v2 beside us, in both directions."""

import json

import pytest

from ssohelper.app import App
from tests.conftest import Home, Run
from tests.long_rows import long_after
from tests.programs import require_program, run_program

pytestmark = pytest.mark.network_client

ROLE = ("000030000001", "ReadOnlyAccess")
ASK = ("credential-process", "--session", "corp", "--account-id", ROLE[0], "--role-name", ROLE[1])


class Aws:
    """The AWS CLI in this home."""

    def __init__(self, home: Home) -> None:
        self._program = require_program("aws")
        self._home = home

    def __call__(self, *argv: str):
        return run_program([self._program, *argv], self._home.env)


@pytest.fixture
def aws(home, emulator) -> Aws:
    home.add_session("corp", emulator.world.start_url, emulator.world.region)
    home.write_config(
        home.config_file.read_text() + f"[profile native]\nsso_session = corp\n"
        f"sso_account_id = {ROLE[0]}\nsso_role_name = {ROLE[1]}\nregion = eu-west-1\n"
    )
    return Aws(home)


def state(run: Run) -> str:
    found: str = run.data("status")["sessions"][0]["state"]
    return found


@pytest.mark.parametrize(
    "how", [(), pytest.param(("--device-code", "--no-browser"), marks=pytest.mark.long)]
)
def test_the_aws_cli_uses_our_sign_in(run, home, aws, emulator, how):
    home.browser()
    assert run("login", *how).returncode == 0
    signed_in = emulator.counters["CreateToken"]
    result = aws("configure", "export-credentials", "--profile", "native")
    assert result.returncode == 0, result.stderr
    assert json.loads(result.stdout)["AccessKeyId"].startswith("ASIA")
    assert emulator.counters["CreateToken"] == signed_in


@pytest.mark.parametrize("how", long_after(1, ["pkce", "--use-device-code"]))
def test_we_use_the_sign_in_of_the_aws_cli(run, home, aws, emulator, how):
    home.browser()
    words = [how] if how.startswith("--") else []
    result = aws("sso", "login", "--sso-session", "corp", *words)
    assert result.returncode == 0, result.stderr
    assert state(run) == "valid"
    emulator.reset_counters()
    assert "already signed in" in run("login").stderr
    run.ok(*ASK)
    assert emulator.counters["CreateToken"] == 0
    assert emulator.counters["GetRoleCredentials"] == 1


@pytest.mark.long
def test_we_renew_what_the_aws_cli_signed_in_and_it_goes_on(run, home, aws, emulator):
    emulator.faults.set(rotation="strict", token_seconds=1000)
    home.browser()
    assert aws("sso", "login", "--sso-session", "corp").returncode == 0
    assert "renewed" in run("login").stderr
    emulator.reset_counters()
    result = aws("configure", "export-credentials", "--profile", "native")
    assert result.returncode == 0, result.stderr
    assert emulator.counters["RegisterClient"] == 0


@pytest.mark.long
def test_our_logout_is_seen_by_the_aws_cli(run, home, aws, emulator):
    home.browser()
    assert run("login").returncode == 0
    assert aws("sso", "login", "--sso-session", "corp").returncode == 0
    assert emulator.counters["RegisterClient"] == 1  # both use one client registration
    assert run("logout").returncode == 0
    result = aws("configure", "export-credentials", "--profile", "native")
    assert result.returncode != 0
    assert "token" in result.stderr.lower() or "sso" in result.stderr.lower()


@pytest.mark.long
def test_the_logout_of_the_aws_cli_is_seen_by_us(run, home, aws, emulator):
    home.browser()
    assert run("login").returncode == 0
    assert aws("sso", "logout").returncode == 0
    assert emulator.counters["Logout"] == 1
    assert state(run) == "signed_out"
    assert run("status", "--check").returncode == 4
    answer = run(*ASK)
    assert (answer.returncode, answer.stdout) == (4, "")


@pytest.mark.long
def test_the_aws_cli_signs_out_beside_a_lock_of_ours(run, home, aws):
    """`aws sso logout` parses every file beside the token, and fails at one that holds a number."""
    home.browser()
    assert run("login").returncode == 0
    app = App(home.env)
    with app.tokens.lock_token(app.config.read().sso_session("corp"), app.clock.deadline()):
        pass
    assert list(home.token_folder.glob(".*.lock"))
    done = aws("sso", "logout")
    assert (done.returncode, done.stderr) == (0, "")
    assert state(run) == "signed_out"
