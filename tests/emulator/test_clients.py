"""AWS's clients, unmodified, against the emulator: AWS CLI v2, boto3, JavaScript SDK v3."""

import hashlib
import json
import subprocess
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import botocore.session
import pytest
from botocore.credentials import SSOProvider
from botocore.exceptions import ClientError, UnauthorizedSSOTokenError
from botocore.tokens import SSOTokenProvider

from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from tests import node_sdk
from tests.conftest import Home
from tests.emulator.conftest import PAYMENTS_PROD
from tests.programs import require_program, run_program

pytestmark = pytest.mark.network_client

TOKEN_FILE = f"{hashlib.sha1(b'corp').hexdigest()}.json"


@pytest.fixture
def home(home, emu) -> Home:
    home.env.update(emu.environment())
    home.browser()
    home.token_folder.mkdir(parents=True)
    use_role(home, "ReadOnlyAccess")
    return home


def use_role(home: Home, role: str) -> None:
    home.config_file.unlink(missing_ok=True)
    home.add_session()
    home.write_config(
        f"{home.config_file.read_text()}[profile p]\nsso_session = corp\n"
        f"sso_account_id = {PAYMENTS_PROD}\nsso_role_name = {role}\nregion = eu-west-1\n"
    )


def token_in(home: Home) -> dict[str, str]:
    content: dict[str, str] = json.loads((home.token_folder / TOKEN_FILE).read_text())
    return content


def aws(home: Home, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_program([require_program("aws"), *arguments], home.env)


def signed_in_as(home: Home) -> str:
    """Return the ARN that the AWS CLI's `sts get-caller-identity` prints for the profile."""
    done = aws(home, "sts", "get-caller-identity", "--profile", "p", "--output", "json")
    assert done.returncode == 0, done.stderr
    return str(json.loads(done.stdout)["Arn"])


def arn(emu: Emulator, role: str = "ReadOnlyAccess", person: str = "ana") -> str:
    return emu.world.session_arn(PAYMENTS_PROD, role, person)


def soon(seconds: float) -> str:
    return (datetime.now(UTC) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


class TestAwsCli:
    @pytest.mark.long
    def test_pkce_sign_in_use_and_logout(self, home, emu):
        emu.auto_approve = "ana"
        done = aws(home, "sso", "login", "--sso-session", "corp")
        assert done.returncode == 0, done.stderr
        assert emu.counters["authorize"] == 1
        assert emu.counters["CreateToken.authorization_code"] == 1
        assert token_in(home)["refreshToken"].startswith("CNRY-RT-")
        assert signed_in_as(home) == arn(emu)
        assert aws(home, "sso", "logout").returncode == 0
        assert emu.counters["Logout"] == 1
        assert not (home.token_folder / TOKEN_FILE).exists()
        assert not emu.sign_ins[0].is_live_at(time.time())

    @pytest.mark.long
    def test_device_code_sign_in(self, home, emu):
        emu.auto_approve = "ben"
        done = aws(home, "sso", "login", "--sso-session", "corp", "--use-device-code")
        assert done.returncode == 0, done.stderr
        assert f"{emu.url}/device" in done.stdout
        assert emu.counters["authorize"] == 0
        assert emu.counters["CreateToken.device_code"] == 2
        assert signed_in_as(home) == arn(emu, person="ben")
        (home.token_folder / TOKEN_FILE).unlink()
        emu.faults.fail("CreateToken.device_code", "AccessDeniedException")
        done = aws(home, "sso", "login", "--sso-session", "corp", "--use-device-code")
        assert done.returncode != 0
        assert "AccessDeniedException" in done.stderr
        assert not (home.token_folder / TOKEN_FILE).exists()


class TestBoto3:
    @pytest.fixture
    def session(self, home, monkeypatch) -> boto3.Session:
        for name, value in home.env.items():
            monkeypatch.setenv(name, value)
        for name in ("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCESS_KEY_ID"):
            monkeypatch.delenv(name, raising=False)
        # botocore has computed these folders at its import, from HOME at that time.
        folder = str(home.token_folder)
        monkeypatch.setattr(SSOTokenProvider, "_SSO_TOKEN_CACHE_DIR", folder)
        monkeypatch.setattr(SSOProvider, "_SSO_TOKEN_CACHE_DIR", folder)
        return boto3.Session(profile_name="p")

    def test_it_uses_an_existing_token_file_until_the_session_is_revoked(self, session, home, emu):
        home.write_token(emu.issue_token("ana"))
        assert self.identity(session)["Arn"] == arn(emu)
        assert emu.counters["CreateToken"] == 0
        emu.end_sign_ins("ana")
        with pytest.raises(UnauthorizedSSOTokenError):
            self.identity(boto3.Session(profile_name="p"))

    def test_it_refreshes_with_its_token_provider(self, session, home, emu):
        home.write_token(emu.issue_token("ana") | {"expiresAt": soon(300)})
        assert self.identity(session)["Arn"] == arn(emu)
        assert emu.counters["CreateToken.refresh_token"] == 1
        assert token_in(home)["accessToken"].startswith("CNRY-AT-")
        assert token_in(home)["expiresAt"] > soon(3000)

    def test_it_lists_all_pages_of_a_large_organization(self, monkeypatch):
        monkeypatch.setenv("HOME", "/nonexistent")
        with Emulator(World.of_size(accounts=250, roles=3)) as emu:
            client = self.portal(emu)
            token = emu.issue_token("ana")["accessToken"]
            pages = client.get_paginator("list_accounts").paginate(accessToken=token)
            found = [row["accountId"] for page in pages for row in page["accountList"]]
            roles = client.list_account_roles(accessToken=token, accountId=found[0])
            client.close()
        assert len(found) == len(set(found)) == 250
        assert emu.counters["ListAccounts"] == 3
        assert [row["roleName"] for row in roles["roleList"]] == ["Role00", "Role01", "Role02"]

    def test_it_recognises_every_error(self, emu):
        client = self.portal(emu)
        token = emu.issue_token("ana")["accessToken"]
        with pytest.raises(client.exceptions.UnauthorizedException):
            client.list_accounts(accessToken="wrong")
        emu.faults.throttle("ListAccounts")
        with pytest.raises(client.exceptions.TooManyRequestsException):
            client.list_accounts(accessToken=token)
        asked = {"accountId": PAYMENTS_PROD, "roleName": "SandboxAdmin"}
        with pytest.raises(ClientError) as caught:
            client.get_role_credentials(accessToken=token, **asked)
        refused = {"Code": "ForbiddenException", "Message": "No access"}
        assert caught.value.response["Error"] == refused
        client.close()

    @staticmethod
    def portal(emu: Emulator) -> Any:
        from botocore.config import Config

        once = Config(retries={"total_max_attempts": 1})
        return botocore.session.Session().create_client(
            "sso", region_name="us-east-1", endpoint_url=emu.url, config=once
        )

    @staticmethod
    def identity(session: boto3.Session) -> Any:
        client = session.client("sts")
        try:
            return client.get_caller_identity()
        finally:
            client.close()


class TestJavaScript:
    @pytest.mark.long
    def test_it_reads_the_token_file_and_gets_the_right_role(self, home, emu):
        home.write_token(emu.issue_token("ana"))
        use_role(home, "DatabaseAdmin")
        done = node_sdk.run_node_script("whoami.mjs", "sso", "p", env=home.env)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert told["Arn"] == arn(emu, "DatabaseAdmin")
        # Milliseconds read as seconds would be thousands of years ahead.
        assert soon(7000) < told["expiration"] < soon(7300)
        use_role(home, "SandboxAdmin")
        done = node_sdk.run_node_script("whoami.mjs", "sso", "p", env=home.env)
        assert (done.returncode, "No access" in done.stderr) == (1, True)

    def test_it_refreshes_a_token_that_is_about_to_expire(self, home, emu):
        home.write_token(emu.issue_token("ana") | {"expiresAt": soon(120)})
        done = node_sdk.run_node_script("whoami.mjs", "ini", "p", env=home.env)
        assert done.returncode == 0, done.stderr
        assert emu.counters["CreateToken.refresh_token"] == 1
        assert token_in(home)["refreshToken"].startswith("CNRY-RT-")
