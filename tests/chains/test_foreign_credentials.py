"""env, whoami and console take profiles that are not ours: by their own provider, once, uncached."""

import hashlib
import json
import signal
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pexpect
import pytest

from ssohelper.actions import foreign_profiles
from ssohelper.app import App
from ssohelper.emulator.core import IssuedCredentials
from ssohelper.emulator.sts import MFA_CODE
from ssohelper.errors import LoginRequired
from tests.chains.conftest import JUMP_ACCOUNT, JUMP_ARN, SSO_ACCOUNT, SSO_ROLE, Chained, chain
from tests.conftest import SCRIPT
from tests.endpoint.world import Program, wait_for
from tests.long_rows import long_after

USER_ACCOUNT = "000099990009"
LOGIN_SESSION = f"arn:aws:iam::{USER_ACCOUNT}:user/ana"
SERIAL = f"arn:aws:iam::{USER_ACCOUNT}:mfa/phone"
LOGIN_PROFILES = f"[profile l]\nlogin_session = {LOGIN_SESSION}\n\n" + chain("above", JUMP_ARN, "l")
NOT_OURS = 'profile "{}": not ours, its credentials come from {}'


class Keyed(Chained):
    """The home of `Chained`, and an access key of an IAM user that JUMP_ARN trusts."""

    @property
    def key(self) -> IssuedCredentials:
        return self.emulator.issue_user_key(USER_ACCOUNT, "ana")


@pytest.fixture
def keyed(chained: Chained) -> Keyed:
    chained.emulator.world.add_iam_role(JUMP_ACCOUNT, "Jump", trusts=[USER_ACCOUNT])
    return Keyed(*chained)


def lines_of(name: str, key: IssuedCredentials) -> str:
    token = f"aws_session_token = {key.session_token}\n" if key.session_token else ""
    return (
        f"[profile {name}]\naws_access_key_id = {key.access_key_id}\n"
        f"aws_secret_access_key = {key.secret_access_key}\n{token}region = eu-west-3\n\n"
    )


def write_program(keyed: Keyed, body: str) -> Path:
    """Write a program and the profile "own", which runs it."""
    program = keyed.home.path / "other-tool"
    program.write_text(f"#!/bin/sh\n{body}\n")
    program.chmod(0o755)
    keyed.write(f"[profile own]\ncredential_process = {program}\n\n")
    return program


def write_keys_and_role(keyed: Keyed) -> None:
    """Write the profiles "keys", of an IAM user, and "above", of a role on top of it."""
    keyed.write(lines_of("keys", keyed.key) + chain("above", JUMP_ARN, "keys"))


def document(key: IssuedCredentials) -> str:
    return json.dumps(
        {
            "Version": 1,
            "AccessKeyId": key.access_key_id,
            "SecretAccessKey": key.secret_access_key,
            "SessionToken": key.session_token or None,
        }
    )


def write_login(keyed: Keyed, key: IssuedCredentials, ends: str, mode: int = 0o600) -> Path:
    folder = keyed.home.path / ".aws" / "login" / "cache"
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{hashlib.sha256(LOGIN_SESSION.encode()).hexdigest()}.json"
    access = {
        "accessKeyId": key.access_key_id,
        "secretAccessKey": key.secret_access_key,
        "sessionToken": key.session_token,
        "accountId": key.account_id,
        "expiresAt": ends,
    }
    token = {"accessToken": access, "refreshToken": "r", "dpopKey": "k", "clientId": "c"}
    file.write_text(json.dumps(token))
    file.chmod(mode)
    return file


def kept_files(keyed: Keyed, secret: str) -> list[Path]:
    """Return the files below the home that have the secret, other than those that a test wrote."""
    found = (one for one in keyed.home.path.rglob("*") if one.parent.name != "cache")
    found = (one for one in found if one.is_file() and one.name not in ("config", "other-tool"))
    return [one for one in found if secret.encode() in one.read_bytes()]


def test_static_keys_are_printed_and_nothing_is_kept(keyed, run):
    key = keyed.key
    keyed.write(lines_of("keys", key))
    done = run.ok("env", "keys", "--format", "json")
    assert json.loads(done.stdout) == {
        "AWS_ACCESS_KEY_ID": key.access_key_id,
        "AWS_SECRET_ACCESS_KEY": key.secret_access_key,
        "AWS_REGION": "eu-west-3",
        "AWS_DEFAULT_REGION": "eu-west-3",
    }
    assert done.stderr == NOT_OURS.format("keys", "static keys") + "\n"
    assert kept_files(keyed, key.secret_access_key) == []
    shell = run("env", "keys").stdout
    assert f"export AWS_ACCESS_KEY_ID={key.access_key_id}" in shell.replace("'", "")
    assert "AWS_SESSION_TOKEN" in shell.partition("unset")[2]
    sts = json.loads(run("env", "keys", "--format", "sts").stdout)["Credentials"]
    assert set(sts) == {"AccessKeyId", "SecretAccessKey"}


@pytest.mark.long
def test_a_role_on_static_keys_is_assumed_each_time(keyed, run):
    write_keys_and_role(keyed)
    first = json.loads(run("env", "above", "--format", "json").stdout)
    again = json.loads(run("env", "above", "--format", "json").stdout)
    assert first["AWS_ACCESS_KEY_ID"] != again["AWS_ACCESS_KEY_ID"]
    assert first["AWS_SESSION_TOKEN"]
    assert first["AWS_CREDENTIAL_EXPIRATION"].endswith("Z")
    assert first["AWS_REGION"] == "eu-west-3"
    assert kept_files(keyed, again["AWS_SECRET_ACCESS_KEY"]) == []


@pytest.mark.long
def test_whoami_says_what_sts_says(keyed, run):
    write_keys_and_role(keyed)
    user = run.ok("whoami", env={"AWS_PROFILE": "keys"})
    assert "confirmed by AWS\n" in user.stderr
    assert user.stdout.splitlines() == [
        "profile\tkeys",
        f"account\t{USER_ACCOUNT}",
        "user\tana",
        f"arn\tarn:aws:iam::{USER_ACCOUNT}:user/ana",
    ]
    role = run.data("whoami", "above")
    assert (role["session"], role["role_name"], role["confirmed"]) == (None, "Jump", True)
    assert role["account_id"] == JUMP_ACCOUNT


def test_whoami_confirms_the_root_users_key_and_off_line_none(keyed, run):
    arn = f"arn:aws:iam::{USER_ACCOUNT}:root"
    key = keyed.key._replace(arn=arn)
    keyed.emulator.issued[key.access_key_id] = key
    keyed.write(lines_of("keys", key))
    assert run.ok("whoami", "keys").stdout.splitlines()[2:] == ["user\troot", f"arn\t{arn}"]
    keyed.write(lines_of("keys", keyed.key))
    done = run("whoami", "keys", "--json", env={"AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"})
    assert done.returncode == 6
    data = json.loads(done.stdout)["data"]
    assert (data["profile"], data["confirmed"], data["arn"]) == ("keys", False, None)


@pytest.mark.long
def test_console_opens_with_a_role_and_not_with_a_users_key(keyed, run):
    write_keys_and_role(keyed)
    opened = keyed.home.browser()
    done = run.ok("console", "above", "--service", "s3")
    assert opened.read_text().startswith("http://127.0.0.1:")
    assert 'opening the console as "above" in eu-west-3' in done.stderr
    data = run.data("console", "above", "--service", "s3")
    assert (data["profile"], data["session"]) == ("above", None)
    opened.unlink()
    refused = run("console", "keys")
    assert (refused.returncode, opened.exists()) == (2, False)
    assert "access key of an IAM user" in refused.stderr
    assert run("console", "above", "--print").returncode == 2


def test_credentials_of_aws_are_not_sent_to_a_console_on_this_machine(keyed, run):
    session = keyed.key._replace(session_token="CNRY-not-aws")
    keyed.write(lines_of("keys", session))
    keyed.home.browser()
    done = run("console", "keys", env={"AWS_ENDPOINT_URL_STS": ""})
    assert done.returncode == 3
    assert "not sent to a server on this machine" in done.stderr


@pytest.mark.long
def test_a_credential_source_takes_the_environments_keys(keyed, run):
    key = keyed.key
    keyed.write(f"[profile box]\nrole_arn = {JUMP_ARN}\ncredential_source = Environment\n")
    keys = {"AWS_ACCESS_KEY_ID": key.access_key_id, "AWS_SECRET_ACCESS_KEY": key.secret_access_key}
    done = run.ok("env", "box", "--format", "json", env=keys)
    issued = keyed.emulator.issued.get(json.loads(done.stdout)["AWS_ACCESS_KEY_ID"])
    assert issued is not None
    assert issued.role_name == "Jump"
    # An SDK would use the keys in the environment, so exec gives it those of the role.
    ran = run.ok(
        "exec", "box", "--", "sh", "-c", 'echo "$AWS_ACCESS_KEY_ID ${AWS_PROFILE-none}"', env=keys
    )
    assert ran.stdout.startswith("ASIA")
    assert ran.stdout.endswith(" none\n")
    used = run("use", "box", env={**keys, "_SSOHELPER_SHELL": "bash"})
    assert (used.returncode, used.stdout) == (2, "")
    without = run("whoami", "box")
    assert without.returncode == 3
    assert "hint: set AWS_ACCESS_KEY_ID" in without.stderr


@pytest.mark.long
def test_a_program_gets_the_environment_and_its_words_are_shown_without_secrets(keyed, run):
    key = keyed.key
    seen = keyed.home.path / "seen"
    write_program(
        keyed,
        f'echo "$PYTHONPATH $PYTHONSAFEPATH $BROWSER" >{seen}\n'
        f"test -e {keyed.home.path}/ok || {{ echo 'no: {key.secret_access_key}' >&2; exit 3; }}\n"
        f"echo '{document(key)}'",
    )
    own = {"PYTHONPATH": "/mine", "PYTHONSAFEPATH": "1"}
    done = run("env", "own", "--format", "json", env=own)
    assert (done.returncode, done.stdout) == (6, "")
    assert 'no credentials for the profile "own" from the program' in done.stderr
    assert "no: (redacted)" in done.stderr
    assert key.secret_access_key not in done.stderr
    assert seen.read_text() == "/mine 1 false\n"
    (keyed.home.path / "ok").touch()
    assert run("whoami", "own").returncode == 0


@pytest.mark.parametrize(
    "answer", long_after(1, ['{"Version": 1}', "", "nonsense", "[]", '{"Version": 2}'])
)
def test_a_program_that_answers_nonsense_is_exit_6(keyed, run, answer: str):
    write_program(keyed, f"echo {answer!r}")
    done = run("env", "own", "--format", "json")
    assert (done.returncode, done.stdout) == (6, "")
    assert done.stderr.count("ssohelper: error: ") == 1


def test_a_key_that_would_reach_a_shell_as_two_lines_is_refused(keyed, run):
    key = keyed.key._replace(secret_access_key="a\\nb")
    write_program(keyed, "cat <<'END'\n" + document(key).replace("\\\\", "\\") + "\nEND")
    done = run("env", "own")
    assert (done.returncode, done.stdout) == (6, "")
    assert "the provider's answer is not valid" in done.stderr


def is_alive(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def test_an_interrupted_command_ends_the_program(keyed: Keyed):
    started = keyed.home.path / "started"
    write_program(keyed, f"echo $$ >{started}\nexec sleep 600")
    with Program([SCRIPT, "env", "own"], keyed.home) as command:
        wait_for(lambda: started.exists() and started.read_text().endswith("\n"))
        assert command.ends(signal.SIGINT, seconds=60) == 130
    # Before its own limit, after which it would end too.
    wait_for(lambda: not is_alive(int(started.read_text())), 15)


@pytest.mark.long
def test_a_command_waits_18_seconds_for_a_hanging_program(keyed, run):
    write_program(keyed, "exec sleep 600")
    began = time.monotonic()
    done = run("env", "own", "--format", "json")
    assert (done.returncode, done.stdout) == (6, "")
    assert "other-tool within 18 s, so the attempt was stopped" in done.stderr
    assert 15 < time.monotonic() - began < 60


class TestLogin:
    def test_a_live_sign_in_is_read(self, keyed, run):
        keyed.write(LOGIN_PROFILES)
        file = write_login(keyed, keyed.key, "2099-01-01T00:00:00Z", 0o644)
        done = run.ok("whoami", "l")
        assert NOT_OURS.format("l", "aws login") in done.stderr
        above = run.ok("whoami", "above")
        assert "assumed-role/Jump/" in above.stdout
        # It is another tool's file: neither its mode nor its content is changed.
        assert "open to other users" not in done.stderr
        assert file.stat().st_mode & 0o777 == 0o644

    @pytest.mark.parametrize("name", ["l", "above"])
    @pytest.mark.parametrize("command", ["env", "exec", "whoami"])
    def test_without_a_login_cache_the_profile_with_login_session_is_named(
        self, keyed, run, name: str, command: str
    ):
        keyed.write(LOGIN_PROFILES)
        done = run(command, name, *(("--", "true") if command == "exec" else ()))
        assert done.returncode == 4
        assert 'for the profile "l" is missing' in done.stderr
        assert "aws login --profile l\n" in done.stderr


class TestMfa:
    @pytest.fixture
    def device(self, keyed: Keyed) -> Keyed:
        world = keyed.emulator.world
        world.add_iam_role(JUMP_ACCOUNT, "Jump", trusts=[USER_ACCOUNT], needs_mfa=True)
        keyed.write(lines_of("keys", keyed.key) + chain("m", JUMP_ARN, "keys", mfa_serial=SERIAL))
        return keyed

    @pytest.mark.long
    def test_the_code_is_asked_on_a_terminal(self, device: Keyed):
        argv = ["-c", f'"{SCRIPT}" whoami m >"$HOME/out"; echo "code $?"']
        with pexpect.spawn("/bin/sh", argv, env=device.home.env, timeout=60) as terminal:
            terminal.expect_exact(f"code of the MFA device {SERIAL}: ")
            terminal.sendline(MFA_CODE)
            terminal.expect_exact("code 0")
        assert "assumed-role/Jump/" in (device.home.path / "out").read_text()

    @pytest.mark.parametrize(
        ("code", "exit_code"), [("000000", 5), ("12345", 2), ("1234567", 2), ("12345a", 2)]
    )
    def test_a_wrong_code_is_exit_5_and_one_without_six_digits_exit_2(
        self, device: Keyed, code, exit_code
    ):
        with pexpect.spawn(SCRIPT, ["whoami", "m"], env=device.home.env, timeout=60) as terminal:
            terminal.expect_exact("MFA device")
            terminal.sendline(code)
            said = terminal.read()
        assert (terminal.exitstatus, b"has six digits" in said) == (exit_code, exit_code == 2)

    @pytest.mark.parametrize("command", ["env", "whoami", "console"])
    def test_off_a_terminal_it_is_exit_2(self, device, run, command: str):
        device.home.browser()
        done = run(command, "m")
        assert done.returncode == 2
        assert "the code of an MFA device" in done.stderr


@pytest.mark.parametrize("command", ["env", "whoami", "console"])
def test_an_allow_list_refuses_it(keyed, run, command: str):
    keyed.write(lines_of("keys", keyed.key))
    keyed.home.browser()
    done = run(command, "keys", env={"SSOHELPER_ALLOW": "*/*"})
    assert done.returncode == 9
    assert done.stdout == ""


class Machine(BaseHTTPRequestHandler):
    """The metadata service of an EC2 instance with a role."""

    def do_PUT(self) -> None:
        self._answer("token")

    def do_GET(self) -> None:
        keys = {
            "Code": "Success",
            "AccessKeyId": "ASIAMACHINE",
            "SecretAccessKey": "s",
            "Token": "t",
            "Expiration": "2099-01-01T00:00:00Z",
        }
        self._answer("Box" if self.path.endswith("/") else json.dumps(keys))

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self, text: str) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())


@pytest.fixture
def machine() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Machine) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_credentials_of_the_machine_do_not_stand_in_for_the_profiles(keyed, run, machine):
    keyed.write("[profile empty]\nregion = eu-west-1\n")
    credentials = keyed.home.path / ".aws" / "credentials"
    credentials.write_text("[empty]\nregion = eu-west-1\n")
    of_machine = {"AWS_EC2_METADATA_SERVICE_ENDPOINT": machine, "AWS_EC2_METADATA_DISABLED": ""}
    done = run("env", "empty", "--format", "json", env=of_machine)
    assert (done.returncode, done.stdout) == (3, "")
    assert "names no source of credentials" in done.stderr


def test_the_sign_in_of_aws_sso_login_serves_a_portal_without_a_session(keyed, run):
    url = "https://d-0000000000.awsapps.com/start"
    keyed.home.write_config(
        f"[profile old]\nsso_start_url = {url}\nsso_region = us-east-1\n"
        f"sso_account_id = {SSO_ACCOUNT}\nsso_role_name = {SSO_ROLE}\n\n"
        + chain("on-old", JUMP_ARN, "old")
    )
    app = App(keyed.home.env)
    for name in ("old", "on-old"):
        found = foreign_profiles.find_foreign_profile(app, name)
        assert found is not None
        with pytest.raises(LoginRequired) as error:
            foreign_profiles.check_usable(app, found, is_on_terminal=False)
        assert error.value.hint == (
            f"sign in with: aws sso login --profile old, or: ssohelper setup {url}"
        )
    keyed.home.write_token(keyed.emulator.issue_token("ana"), name=url, issuer=None)
    done = run.ok("whoami", "old")
    assert NOT_OURS.format("old", "aws sso login") in done.stderr
    assert f":assumed-role/AWSReservedSSO_{SSO_ROLE}_" in done.stdout
