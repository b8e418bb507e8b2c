import ast
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import ssohelper.emulator
from tests.emulator.conftest import PAYMENTS_PROD, fetch


def test_the_emulator_imports_the_standard_library_and_itself_only():
    for file in Path(ssohelper.emulator.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0
                names = [node.module or ""]
            for name in names:
                ours = name == "ssohelper.emulator" or name.startswith("ssohelper.emulator.")
                assert ours or name.split(".")[0] in sys.stdlib_module_names, (file, name)


def at_once(times, ask):
    """Call `ask` in so many threads at the same moment; return what they return."""
    gate = threading.Barrier(times)

    def run(_):
        gate.wait(60)
        return ask()

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def test_many_simultaneous_requests_are_all_answered(emu):
    headers = {"x-amz-sso_bearer_token": emu.issue_token("ana")["accessToken"]}
    path = f"/federation/credentials?account_id={PAYMENTS_PROD}&role_name=ReadOnlyAccess"
    answers = at_once(100, lambda: fetch(emu, "GET", path, headers=headers, timeout=60).json())
    assert len({answer["roleCredentials"]["accessKeyId"] for answer in answers}) == 100
    assert emu.counters["GetRoleCredentials"] == 100


def test_strict_rotation_accepts_one_of_many_refreshes(emu):
    emu.faults.set(rotation="strict")
    token = emu.issue_token("ana")
    asked = {name: token[name] for name in ("clientId", "clientSecret", "refreshToken")}
    asked["grantType"] = "refresh_token"
    answers = at_once(20, lambda: fetch(emu, "POST", "/token", asked, timeout=60))
    assert sorted(answer.status for answer in answers) == [200] + [400] * 19


def test_the_environment_directs_every_service_to_the_emulator(emu):
    assert "EMULATOR" in fetch(emu, "GET", "/assignment/accounts").headers["server"]
    environment = emu.environment()
    for service in ("SSO", "SSO_OIDC", "SSOOIDC", "STS", "IAM", "SIGNIN"):
        assert environment[f"AWS_ENDPOINT_URL_{service}"] == emu.url
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
