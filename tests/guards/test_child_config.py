"""The config of a command below `exec --allow` has the profiles of allowed roles, and no others."""

import hashlib
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ssohelper.app import App
from tests.conftest import SCRIPT, Home
from tests.guards.world import LAUNCHER
from tests.programs import require_program, run_program

pytestmark = pytest.mark.network_client

DEV, PROD, ROLE = "000040000001", "000030000001", "ReadOnlyAccess"
BACK, PEER = "000040000002", "000030000002"  # orders-dev, orders-prod
STATIC = "aws_access_key_id = AKIAPRODPRODPROD0001\naws_secret_access_key = secret\n"
URL = "https://d-0000000000.awsapps.com/start"


def native(account: str) -> str:
    return f"sso_session = corp\nsso_account_id = {account}\nsso_role_name = {ROLE}\n"


def legacy(account: str) -> str:
    portal = f"sso_start_url = {URL}\nsso_region = us-east-1"
    return native(account).replace("sso_session = corp", portal)


def ours(account: str) -> str:
    command = f"{LAUNCHER} --session corp --account-id {account} --role-name {ROLE}"
    return f"credential_process = {command}\n"


def chain(account: str, source: str) -> str:
    return f"role_arn = arn:aws:iam::{account}:role/Jump\nsource_profile = {source}\n"


ALLOWED = {
    "native-dev": native(DEV),
    "legacy-dev": legacy(DEV),
    "ours-dev": ours(DEV),
    "chain-dev": chain(BACK, "native-dev"),
}
OTHERS = {
    "default": native(PROD),
    "native-prod": native(PROD),
    "legacy-prod": legacy(PROD),
    "ours-prod": ours(PROD),
    "chain-on-prod": chain(BACK, "native-prod"),
    "chain-to-prod": chain(PEER, "native-dev"),
    "chain-on-static": chain(BACK, "static"),
    "static": STATIC,
    "static-self": f"{STATIC}{chain(BACK, 'static-self')}",
    "foreign": "credential_process = /bin/echo {}\n",
    "signed-in": f"login_session = arn:aws:sts::{PROD}:assumed-role/x/ana\n",
    "two-sources": native(DEV) + ours(PROD),
    "of-machine": f"role_arn = arn:aws:iam::{DEV}:role/Jump\ncredential_source = Environment\n",
}
_TRY_ALL = """
import botocore.session, json, os, sys
found, loader = {}, botocore.session.Session().get_component("data_loader")
for name in sys.argv[1:]:
    try:
        session = botocore.session.Session(profile=name)
        session.register_component("data_loader", loader)  # keeps what it has parsed
        keys = session.get_credentials()
        # The keys in variables are those of the role of `exec` itself.
        if keys is None or keys.method == "env":
            found[name] = None
        elif keys.get_frozen_credentials().access_key.startswith("AKIA"):
            found[name] = "static"
        else:
            client = session.create_client("sts", "us-east-1")
            found[name] = client.get_caller_identity()["Account"]
    except Exception:
        found[name] = None
print(json.dumps(found))
"""
BOTOCORE = [sys.executable, "-c", _TRY_ALL]


@pytest.fixture
def world(home, emulator) -> Home:
    world = emulator.world
    world.add_iam_role(BACK, "Jump", trusts=[DEV, PROD])
    world.add_iam_role(PEER, "Jump", trusts=[DEV, PROD])
    home.add_session(start_url=URL)
    token = emulator.issue_token("ana")
    home.write_token(token)
    old = home.token_folder / f"{hashlib.sha1(URL.encode()).hexdigest()}.json"
    old.write_text(json.dumps(token))
    sections = "".join(
        f"[{'' if name == 'default' else 'profile '}{name}]\n{keys}region = us-east-1\n\n"
        for name, keys in {**ALLOWED, **OTHERS}.items()
    )
    home.write_config(home.config_file.read_text() + sections)
    shared = home.path / ".aws" / "credentials"
    shared.write_text(f"[native-dev]\n{STATIC}[hidden]\n{STATIC}")
    home.env["AWS_EC2_METADATA_DISABLED"] = "true"
    done = run(home, SCRIPT, "list", "--refresh")
    assert done.returncode == 0, done.stderr
    return home


def below(home: Home, *argv: str) -> "subprocess.CompletedProcess[str]":
    """Run a program below `exec --allow '*-dev/*'`, whose own keys are those of "ours-dev"."""
    return run(home, SCRIPT, "exec", "--allow", "*-dev/*", "ours-dev", "--", *argv)


def run(home: Home, *argv: str) -> "subprocess.CompletedProcess[str]":
    return run_program(argv, home.env, cwd=home.path)


def accounts(text: str) -> dict[str, str | None]:
    """Return the account of each profile's credentials, None for none."""
    found: dict[str, str | None] = json.loads(text)
    return found


EXPECTED = {"native-dev": DEV, "legacy-dev": DEV, "ours-dev": DEV, "chain-dev": BACK}


def test_botocore_gets_the_allowed_roles_and_no_others(world):
    names = [*ALLOWED, *OTHERS, "hidden"]
    outside = accounts(run(world, *BOTOCORE, *names).stdout)
    reached = {name for name, account in outside.items() if account}
    assert reached >= {*ALLOWED, "native-prod", "legacy-prod", "chain-to-prod", "static", "default"}
    inside = accounts(below(world, *BOTOCORE, *names).stdout)
    assert inside == {**dict.fromkeys(names), **EXPECTED}
    served = [SCRIPT, "exec", "--server", "--allow", "*-dev/*", "ours-dev", "--"]
    done = run(world, *served, *BOTOCORE, *names)
    # [default] is the role that `exec` serves.
    assert accounts(done.stdout) == {**inside, "default": DEV}, done.stderr
    # An allowed default profile works.
    text = world.config_file.read_text()
    world.write_config(text.replace(native(PROD), native(BACK), 1))
    found = accounts(below(world, *BOTOCORE, "default", "native-prod").stdout)
    assert found == {"default": BACK, "native-prod": None}


def test_the_aws_cli_gets_the_allowed_roles_and_no_others(world):
    aws = require_program("aws")
    done = below(world, aws, "configure", "list-profiles")
    assert sorted(done.stdout.split()) == sorted(["default", *ALLOWED])
    script = 'for one; do "$0" configure export-credentials --profile "$one" >&2 && echo $one; done'
    names = ["native-dev", "native-prod"]
    assert below(world, "sh", "-c", script, aws, *names).stdout == "native-dev\n"


@pytest.mark.long
@pytest.mark.parametrize("name", [*ALLOWED, *OTHERS])
def test_the_aws_cli_gets_no_other_role_by_any_profile(world, name):
    aws = [require_program("aws"), "sts", "get-caller-identity", "--profile", name]
    account = json.loads(below(world, *aws).stdout or "{}").get("Account")
    assert account == EXPECTED.get(name)


def test_ssohelper_below_reads_your_own_config(world):
    """Else it would need a broker and published responses of its own."""
    inner = f"{command(PROD)}; {command(BACK)}; {SCRIPT} profile list"
    done = below(world, "sh", "-c", inner)
    assert (done.stdout.count("AccessKeyId"), "native-prod" in done.stdout) == (1, True)
    assert run(world, "sh", "-c", command(PROD)).returncode == 0
    responses = world.runtime.glob("credentials/corp/*/*/response")
    assert {path.parent.parent.name for path in responses} == {DEV, BACK, PROD}
    sockets = [path for path in world.runtime.glob("brokers/*") if path.is_socket()]
    assert len(sockets) == 1


def command(account: str) -> str:
    return ours(account).partition(" = ")[2].strip()


def test_names_of_accounts_count_as_they_are_at_the_start(world):
    """A renamed account adds no role to a running program; an unknown name allows nothing."""
    [listing] = world.path.glob(".local/state/ssohelper/listings/corp/listing.json")
    renamed = f"sed -i 's/orders-prod/orders-dev/' {listing}"
    done = below(world, "sh", "-c", f"{renamed}; {command(PEER)}")
    assert (done.returncode, done.stdout) == (9, ""), done.stderr
    assert below(world, "sh", "-c", command(PEER)).returncode == 0  # now it is called so
    listing.unlink()
    done = below(world, "sh", "-c", command(DEV))
    assert (done.returncode, done.stdout) == (9, ""), done.stderr


def test_the_files_are_read_only_named_by_content_and_removed_later(world):
    first = below(world, "sh", "-c", 'printf %s "$AWS_CONFIG_FILE"').stdout
    assert below(world, "sh", "-c", 'printf %s "$AWS_CONFIG_FILE"').stdout == first
    assert Path(first).stat().st_mode & 0o777 == 0o400
    assert Path(first).is_relative_to(world.runtime)
    assert Path(first).with_name("credentials").read_bytes() == b""
    long_ago = time.time() - 31 * 24 * 3600
    os.utime(Path(first).parent, (long_ago, long_ago))
    # No section that some SDK may take for a profile stays.
    headers = ["bare-prod", "Profile cased-prod", " profile spaced-prod"]
    text = "".join(f"\n[{header}]\n{ours(PROD)}" for header in headers)
    world.write_config(f"{world.config_file.read_text()}{text}\n[services kept]\n")
    show = 'printf "%s\n" "$AWS_CONFIG_FILE"; cat "$AWS_CONFIG_FILE"'
    shown = below(world, "sh", "-c", show).stdout
    path, _, config = shown.partition("\n")
    assert path != first
    assert not Path(first).exists()
    assert "-prod" not in config
    assert "[services kept]" in config


def test_what_escapes_a_guard_is_named(world):
    settings = App(world.env).locations.settings_file
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(f'[guard]\nrules = ["*-prod/{ROLE}", "{BACK}/Jump"]\n')
    found = json.loads(run(world, SCRIPT, "guard", "list", "--json").stdout)["data"]
    expected = ["chain-dev", "default", "native-prod", "legacy-prod", "chain-on-prod"]
    expected += ["chain-on-static", "static-self"]
    assert found["escaping_profiles"] == expected
    assert "native-prod, legacy-prod" in run(world, SCRIPT, "guard", "list").stderr
    report = json.loads(run(world, SCRIPT, "doctor", "--json").stdout)["data"]
    [escape] = [one for one in report["findings"] if one["id"] == "guard-escaped"]
    assert escape["subject"] == 'profiles "chain-dev", "default", "native-prod" and 4 more'
