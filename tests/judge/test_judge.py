"""The judge: botocore says which credentials a profile gives, and every command must agree.

`make test` asks about the first 100 generated homes, `make torture` about 20,000. The AWS CLI is
asked about a few, as it adds an order of its own to botocore's.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ssohelper.actions import doctor_profiles, foreign_profiles, selection
from ssohelper.actions.doctor_facts import Setup
from ssohelper.actions.profile_checks import ProfileChecker
from ssohelper.app import App
from ssohelper.core.foreign import ForeignProfile
from ssohelper.core.model import Profile
from ssohelper.core.profile_origin import find_profile_origins
from ssohelper.core.resolver import Kind, Resolved
from ssohelper.errors import SsoHelperError
from tests.judge.cases import NAME, Case, make_case
from tests.judge.oracle import Answer, ask_botocore

# botocore's name of the provider of each source.
METHODS: Mapping[Kind, str] = {
    "environment keys": "env",
    "environment web identity": "assume-role-with-web-identity",
    "assumed role": "assume-role",
    "web identity": "assume-role-with-web-identity",
    "sso": "sso",
    "credentials file": "shared-credentials-file",
    "config keys": "config-file",
    "aws login": "login",
    "program": "custom-process",
    "container": "container-role",
}
# What each command may answer otherwise than botocore, with the reason.
INTENDED: Mapping[str, str] = {
    "the role of the config": "exec, env, whoami and console give the role that the profile names "
    "in the config, and warn, when something keeps SDKs from it: never another identity",
    "the machine": "a command that names the profile takes no credentials of a container or "
    "instance, which are not the profile's",
    "the session of the config": "a session that only ~/.aws/credentials names for a profile does "
    "not count: exec and the others refuse one that the config lacks",
    "chains": "ssohelper refuses a chain on an SSO role that STS would refuse",
}


class Home:
    """A folder with the files of one case after the other, and the programs that they name."""

    def __init__(self, path: Path) -> None:
        self.path, self.token = path, path / "token"
        self.token.write_text("token")
        (path / "bin").mkdir()
        program = path / "bin" / "other-tool"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)

    def write(self, case: Case) -> dict[str, str]:
        """Write both files of the case; return the environment of its shell."""
        made = {"config": case.config, "credentials": case.credentials}
        for name, text in made.items():
            (self.path / name).write_text(self._with_token(text))
        return {
            "HOME": str(self.path),
            "SSOHELPER_HOME": str(self.path / "own"),
            "PATH": f"{self.path / 'bin'}:{Path(sys.executable).parent}",
            "AWS_CONFIG_FILE": str(self.path / "config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.path / "credentials"),
            **{name: self._with_token(value) for name, value in case.environ.items()},
        }

    def _with_token(self, text: str) -> str:
        return text.replace("TOKEN\n", f"{self.token}\n") if "\n" in text else self._whole(text)

    def _whole(self, value: str) -> str:
        return str(self.token) if value == "TOKEN" else value


@pytest.fixture
def folder(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_every_command_answers_as_botocore(folder: Home) -> None:
    assert list(disagreements(folder, range(100))) == []


# In parts, each of which ends within the time limit of a test.
@pytest.mark.long
@pytest.mark.parametrize("first", range(100, 20_000, 995))
def test_every_command_answers_as_botocore_in_many_homes(folder: Home, first: int) -> None:
    assert list(disagreements(folder, range(first, first + 995))) == []


def disagreements(folder: Home, seeds: range) -> Iterator[str]:
    """Yield a line for each answer that differs from botocore's outside of INTENDED."""
    for seed in seeds:
        environ = folder.write(make_case(seed))
        app = App(environ)
        named, in_shell = (ask_botocore(environ, is_named=one) for one in (True, False))
        if named.method == "container-role":
            named = Answer("nothing")  # INTENDED: the machine
        checker = ProfileChecker(app, app.config.read())
        answers = {
            "resolver": compare(checker.resolver.resolve(NAME), named),
            "resolver in the shell": compare(
                checker.resolver.resolve(NAME, in_shell=True), in_shell
            ),
            "exec, env, whoami, console, use": compare_choice(app, checker, named),
            "doctor": compare_doctor(app, named),
            "adoption": compare_adoption(checker, named),
            "lists": compare_lists(app, named),
        }
        for who, what in answers.items():
            if what:
                yield f"seed {seed}, {who}: {what}; botocore: {named} {in_shell}"


def compare(answer: Resolved, expected: Answer) -> str:
    if expected.is_refusal:
        return "" if answer.problem else f"takes {answer.source}"
    if answer.problem or METHODS.get(answer.source) != expected.method:
        return f"takes {answer.source} ({answer.detail})"
    role = f"{answer.account_id}/{answer.role_name}"
    return f"gives {role}" if answer.role_name and role != expected.what else ""


def compare_choice(app: App, checker: ProfileChecker, expected: Answer) -> str:
    """What the commands do that hand out credentials: an error, a role, or another tool's profile."""
    try:
        found: ForeignProfile | Profile | None = foreign_profiles.find_foreign_profile(app, NAME)
        found = found or selection.resolve_profile(app, NAME, None)
    except selection.NoSessionOfProfile:
        return ""
    except SsoHelperError:
        is_chain = expected.method == "assume-role"  # INTENDED: chains
        # INTENDED: the session of the config
        is_named_elsewhere = "sso_session" in checker.credentials.get(NAME, {})
        is_intended = is_chain or is_named_elsewhere
        return "" if expected.is_refusal or is_intended else "refuses the profile"
    if isinstance(found, ForeignProfile):
        return f"runs with {found.what}" if expected.is_refusal else ""
    given = f"{found.shown_role.account_id}/{found.shown_role.name}"
    is_warned = checker.find_problem(NAME, with_sign_in=False) is not None
    # INTENDED: the role of the config
    return "" if given == expected.what or is_warned else f"silently gives {given}"


def compare_doctor(app: App, expected: Answer) -> str:
    setup = Setup(app, NAME)
    found = doctor_profiles.find_profile_finding(setup)
    if not expected.is_refusal:
        # That SDKs take different sources, or refuse what boto3 takes, is a finding too.
        is_of_others = found is not None and found.id in (
            *("mixed-identities", "shadowed-by-credentials-file", "sso-keys-refused"),
        )
        return "" if found is None or is_of_others else f"finds {found.id}: {found.message}"
    every = [one for check in doctor_profiles.PROFILE_CHECKS for one in check(setup)]
    return "" if any(NAME in one.profiles for one in every) else "has no finding"


def compare_adoption(checker: ProfileChecker, expected: Answer) -> str:
    """A profile of another tool that works for adoption gives its role also by botocore."""
    origin = next((one for one in find_profile_origins(checker.config) if one.name == NAME), None)
    if origin is None or checker.find_problem(NAME, with_sign_in=False) is not None:
        return ""
    if expected.is_refusal:
        return "says that the profile works"
    role = origin.named.role if origin.named else None
    is_sure = role is not None and origin.program is None
    is_role = role is not None and expected.what == f"{role.account_id}/{role.name}"
    return "" if is_role or not is_sure else "counts the profile for its role"


def compare_lists(app: App, expected: Answer) -> str:
    [entry] = [one for one in app.config.list_profiles() if one.name == NAME]
    is_listed = bool(foreign_profiles.list_usable_foreign_profiles(app, [entry]))
    return "lists it" if is_listed and expected.is_refusal else ""


@pytest.mark.skipif(shutil.which("aws", path=os.defpath) is None, reason="there is no AWS CLI")
def test_the_aws_cli_refuses_what_botocore_refuses(folder: Home) -> None:
    """Of homes whose answer needs neither a request nor a program."""
    aws, asked = str(shutil.which("aws", path=os.defpath)), 0
    for seed in range(200):
        environ = folder.write(make_case(seed))
        expected = ask_botocore(environ, is_named=True)
        if expected.method in ("config-file", "shared-credentials-file"):
            argv = [aws, "configure", "export-credentials", "--profile", NAME]
            done = subprocess.run(
                argv, env={**environ, "PATH": os.defpath}, capture_output=True, timeout=60
            )
            assert json.loads(done.stdout)["AccessKeyId"] == expected.what, seed
            asked += 1
            if asked == 2:
                break
    assert asked == 2
