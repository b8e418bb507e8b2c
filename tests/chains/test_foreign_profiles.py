"""Profiles whose credentials are not ours: use and exec name them, other commands say what they are."""

import hashlib
import json
from pathlib import Path

import pytest

from tests.chains.conftest import JUMP_ACCOUNT, JUMP_ARN, Chained, chain

SHOW = 'echo "$AWS_PROFILE $AWS_REGION ${AWS_ACCESS_KEY_ID-none} ${AWS_ROLE_ARN-none}"'
STATIC = "[profile keys]\naws_access_key_id = AKIAEXAMPLE0000000AA\naws_secret_access_key = s\n\n"
CONTAINER = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1/c"}
KINDS = {
    "keys": (STATIC + "region = eu-west-3\n", "static keys"),
    "own": (
        "[profile own]\ncredential_process = /bin/sh --x\n",
        "the program /bin/sh",
    ),
    "box": (
        f"[profile box]\nrole_arn = {JUMP_ARN}\ncredential_source = EcsContainer\n",
        "the credential source EcsContainer",
    ),
    "web": (
        f"[profile web]\nrole_arn = {JUMP_ARN}\nweb_identity_token_file = /etc/hostname\n",
        "a web identity token",
    ),
    "above": (STATIC + chain("above", JUMP_ARN, "keys"), "static keys"),
    "in-file": (chain("in-file", JUMP_ARN, "only-there"), "static keys"),
}


@pytest.fixture
def foreign(chained) -> Chained:
    chained.write("")
    (chained.home.path / ".aws" / "credentials").write_text(
        "[only-there]\naws_access_key_id = A\naws_secret_access_key = s\n"
    )
    return chained


def kept_files(chained: Chained) -> list[Path]:
    return list(chained.home.runtime.rglob("cached.json"))


@pytest.mark.parametrize("name", KINDS)
def test_exec_names_the_profile_and_nothing_else(foreign, run, name):
    text, what = KINDS[name]
    foreign.write(text)
    others = {"AWS_ACCESS_KEY_ID": "AKIAOTHER", "AWS_ROLE_ARN": "arn", "AWS_REGION": "us-west-2"}
    others |= CONTAINER
    done = run.ok("exec", name, "--", "sh", "-c", SHOW, env=others)
    assert done.stdout.strip() in (f"{name} us-west-2 none none", f"{name} eu-west-3 none none")
    waits = "; the command that you run waits for that program" if name == "own" else ""
    assert done.stderr == f'profile "{name}": not ours, its credentials come from {what}{waits}\n'
    assert kept_files(foreign) == []
    assert foreign.issued == (0, 0)


def test_use_switches_a_shell_to_it(foreign, run):
    foreign.write(STATIC)
    done = run.ok("use", "keys", env={"_SSOHELPER_SHELL": "bash", "AWS_ACCESS_KEY_ID": "AKIAOTHER"})
    assert "AWS_PROFILE=keys" in done.stdout.replace("'", "")
    assert "unset" in done.stdout
    assert "not ours, its credentials come from static keys" in done.stderr
    refused = run("use", "--keys", "keys", env={"_SSOHELPER_SHELL": "bash"})
    assert (refused.returncode, refused.stdout) == (2, "")


def test_a_containers_variables_stay_where_they_are_the_source(foreign, run):
    foreign.write(KINDS["box"][0] + "\n" + STATIC)
    container = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/x"}
    show = 'echo "${AWS_CONTAINER_CREDENTIALS_RELATIVE_URI-none}"'
    assert run("exec", "box", "--", "sh", "-c", show, env=container).stdout == "/v2/x\n"
    assert run("exec", "keys", "--", "sh", "-c", show, env=container).stdout == "none\n"


@pytest.mark.parametrize("name", KINDS)
def test_status_and_the_prompt_of_a_shell_that_uses_it_say_so(foreign, run, name):
    text, what = KINDS[name]
    foreign.write(text)
    status = run.ok("status", env={"AWS_PROFILE": name, **CONTAINER})
    assert f'profile "{name}": not ours, its credentials come from {what}\n' in status.stderr
    # No clock is beside the name: nothing is known of when these credentials end.
    assert run("prompt", env={"AWS_PROFILE": name}).stdout == f"{name}\n"


def test_a_server_an_allow_list_a_missing_source_and_an_mfa_device_off_a_terminal_are_refused(
    foreign, run
):
    foreign.write(STATIC)
    assert run("exec", "--server", "keys", "--", "true").returncode == 2
    assert run("exec", "keys", "--", "true", env={"SSOHELPER_ALLOW": "*/*"}).returncode == 9
    foreign.write(chain("x", JUMP_ARN, "gone"))
    done = run("exec", "x", "--", "true")
    assert done.returncode == 3
    assert 'source_profile "gone" does not exist' in done.stderr
    foreign.write(
        STATIC + chain("m", JUMP_ARN, "keys", mfa_serial=f"arn:aws:iam::{JUMP_ACCOUNT}:mfa/a")
    )
    done = run("exec", "m", "--", "true")
    assert (done.returncode, done.stdout) == (2, "")
    assert "the code of an MFA device" in done.stderr


@pytest.fixture
def login_file(foreign) -> Path:
    """The place of the sign-in of the profile "l", by `aws login`."""
    session = "arn:aws:iam::000099990001:user/ana"
    foreign.write(f"[profile l]\nlogin_session = {session}\n")
    place = foreign.home.path / ".aws" / "login" / "cache"
    place.mkdir(parents=True)
    return place / f"{hashlib.sha256(session.encode()).hexdigest()}.json"


@pytest.mark.parametrize("content", [None, "", '{"accessToken": {"expiresAt": "2026-', "[]", "{}"])
def test_a_missing_or_torn_login_cache_is_exit_4_naming_aws_login(login_file, run, content):
    if content is not None:
        login_file.write_text(content)
    done = run("exec", "l", "--", "true")
    assert (done.returncode, done.stdout) == (4, "")
    assert "aws login --profile l" in done.stderr


def test_a_live_login_is_used_and_an_ended_one_only_where_it_can_be_renewed(login_file, run):
    login_file.write_text(json.dumps({"accessToken": {"expiresAt": "2099-01-01T00:00:00Z"}}))
    assert run.ok("exec", "l", "--", "sh", "-c", SHOW).stdout.startswith("l ")
    login_file.write_text(json.dumps({"accessToken": {"expiresAt": "2020-01-01T00:00:00Z"}}))
    ended = run("exec", "l", "--", "true")
    assert ended.returncode == 4
    assert "has expired" in ended.stderr
