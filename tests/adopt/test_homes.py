"""Homes as other tools write them: after one `setup` every profile answers under its old name.

The first line of each file in `homes/` says where its form comes from: aws-sso-util was run, the
others were written from source or documentation. Undo restores every byte.
"""

import time
from pathlib import Path

import pytest

from ssohelper.actions import credentials, selection, undoing
from ssohelper.app import App
from ssohelper.core.model import Role
from ssohelper.core.policy import Way
from ssohelper.emulator.organization import START_URL
from ssohelper.emulator.server import Emulator
from tests.cli.test_profile_commands_sync import identity
from tests.conftest import Home, Run
from tests.long_rows import long_after

HOMES = Path(__file__).with_name("homes")
SANDBOX, PAY_DEV, ORDERS_DEV = "000050000001", "000040000001", "000040000002"
PAY, ORDERS, LAKE_DEV = "000030000001", "000030000002", "000040000003"
# The role that each profile of a home must answer for afterwards. All other profiles stay as they
# are: they name no role of Identity Center.
EXPECTED = {
    "aws-cli-legacy": {
        "ReadOnlyAccess-000040000001": (PAY_DEV, "ReadOnlyAccess"),
        "Developer-000040000001": (PAY_DEV, "Developer"),
    },
    "aws-cli-session": {"ReadOnlyAccess-000030000001": (PAY, "ReadOnlyAccess")},
    "aws-sso-cli-1": {
        "000040000001:ReadOnlyAccess": (PAY_DEV, "ReadOnlyAccess"),
        "000050000001:SandboxAdmin": (SANDBOX, "SandboxAdmin"),
    },
    "aws-sso-cli-2": {
        "tax-api/Admin": (PAY_DEV, "DatabaseAdmin"),
        "sandbox-ana:SandboxAdmin": (SANDBOX, "SandboxAdmin"),
    },
    "aws-sso-cli-by-hand": {
        "dev": (PAY_DEV, "Developer"),
        "data": (LAKE_DEV, "DataScienceReadOnly"),
        "dba": (PAY_DEV, "DatabaseAdmin"),
        "dba2": (PAY_DEV, "DatabaseAdmin"),
    },
    "aws-sso-util-populate": {
        "payments-dev.DatabaseAdmin": (PAY_DEV, "DatabaseAdmin"),
        "payments-dev.Developer": (PAY_DEV, "Developer"),
        "payments-dev.ReadOnlyAccess": (PAY_DEV, "ReadOnlyAccess"),
        "sandbox-ana.SandboxAdmin": (SANDBOX, "SandboxAdmin"),
    },
    "aws-sso-util-profile": {
        "dev-admin": (PAY_DEV, "DatabaseAdmin"),
        "dev two": (PAY_DEV, "ReadOnlyAccess"),
    },
    "aws-vault": {
        "vault-dev": (PAY_DEV, "Developer"),
        "dev": (PAY_DEV, "Developer"),
        "dev2": (PAY_DEV, "Developer"),
    },
    "awsume": {
        "orders": (ORDERS_DEV, "ReadOnlyAccess"),
        "shared": (ORDERS_DEV, "ReadOnlyAccess"),
    },
    "by-hand": {"sb": (SANDBOX, "SandboxAdmin"), "über mich": (ORDERS_DEV, "Developer")},
    "granted-early": {"sandbox-ana/SandboxAdmin": (SANDBOX, "SandboxAdmin")},
    "granted-native": {"orders-dev/Developer": (ORDERS_DEV, "Developer")},
    "granted-populate": {
        "payments-dev/ReadOnlyAccess": (PAY_DEV, "ReadOnlyAccess"),
        "payments-dev/Developer": (PAY_DEV, "Developer"),
    },
    "granted-registry": {
        "payments-prod.Audit": (PAY, "ReadOnlyAccess"),
        "team.orders": (ORDERS, "ReadOnlyAccess"),
    },
    "leapp": {"native-dev": (PAY_DEV, "ReadOnlyAccess")},
    "ssohelper-unmarked": {"x": (PAY_DEV, "Developer")},
    "yawsso": {"dev": (PAY_DEV, "ReadOnlyAccess")},
}


def write_home(home: Home, name: str, emulator: Emulator) -> bytes:
    """Write the files of a home, with a sign-in to "corp"; return the bytes of its config."""
    data = (HOMES / f"{name}.config").read_bytes()
    home.config_file.parent.mkdir(parents=True, exist_ok=True)
    home.config_file.write_bytes(data)
    keys = HOMES / f"{name}.credentials"
    if keys.exists():
        home.config_file.with_name("credentials").write_bytes(keys.read_bytes())
    home.write_token(emulator.issue_token("ana"))
    return data


def set_up(run: Run, *options: str) -> str:
    """Run `setup --yes` with few roles of its own; return what it printed on stderr."""
    more = ("--region", "us-east-1", "--session", "corp", "--account", "sandbox-*")
    done = run.ok("setup", START_URL, *more, *options, "--yes")
    return done.stderr


def in_process(home: Home) -> App:
    """Return the program in this process, which asks no broker."""
    return App(home.env, clock=lambda: time.time())


def answer_of(app: App, emulator: Emulator, name: str) -> tuple[str, str]:
    """Return account id and role of the credentials that this profile gets."""
    found = selection.resolve_profile(app, name, None)
    keys = credentials.release_credentials(
        app, found.session, found.role, Way.USE, app.clock.deadline()
    )
    issued = emulator.issued.get(keys.access_key_id)
    assert issued is not None
    return issued.account_id, issued.role_name


def test_every_home_has_its_expectation_and_there_are_twelve():
    assert {path.stem for path in HOMES.glob("*.config")} == set(EXPECTED)
    assert len(EXPECTED) >= 12


# One of each tool in `make test`.
IN_MAKE_TEST = (
    "aws-cli-legacy",
    "aws-sso-cli-2",
    "aws-sso-util-populate",
    "aws-vault",
    "by-hand",
    "granted-registry",
    "ssohelper-unmarked",
)


@pytest.mark.parametrize(
    "name",
    long_after(len(IN_MAKE_TEST), [*IN_MAKE_TEST, *sorted(EXPECTED.keys() - {*IN_MAKE_TEST})]),
)
def test_one_setup_adopts_all_and_undo_restores_the_bytes(name, home, emulator, run):
    before = write_home(home, name, emulator)
    app = in_process(home)
    old = {entry.name: entry.keys for entry in app.config.read().profiles()}
    set_up(run, "--adopt", "*")
    config = app.config.read()
    proposed = old.get("default", {}).get("region", "us-east-1")
    for profile, expected in EXPECTED[name].items():
        entry = config.profile(profile)
        assert entry is not None
        assert entry.managed
        assert config.target(entry).role == Role(*expected)  # type: ignore[union-attr]
        assert answer_of(app, emulator, profile) == expected
        # Keys that are not identity stay; keys of other tools go. Without a region, most commands
        # of AWS tools fail.
        assert {key: entry.keys.get(key) for key in ("region", "output", "s3")} == {
            # aws-vault's `include_profile` gives one, else that of [default] is proposed.
            "region": "eu-west-1" if "include_profile" in old[profile] else proposed,
            **{key: old[profile].get(key) for key in ("output", "s3")},
            **{key: value for key, value in old[profile].items() if key == "region"},
        }
        assert not [key for key in entry.keys if "granted" in key or "generated" in key]
    for profile in old.keys() - EXPECTED[name].keys():
        assert config.profile(profile).keys == old[profile]  # type: ignore[union-attr]
    assert b"AWS_SSO_CLI" not in config.text.data
    undoing.undo_files(app, undoing.plan_undo(app))
    assert home.config_file.read_bytes() == before


@pytest.mark.parametrize("name", long_after(1, ["yawsso", "granted-native"]))
def test_botocore_gets_the_roles_of_adopted_profiles(name, home, emulator, run):
    write_home(home, name, emulator)
    set_up(run, "--adopt", "*")
    for profile, (account_id, role_name) in EXPECTED[name].items():
        answered, arn = identity(home, profile)
        assert answered == account_id
        assert f"AWSReservedSSO_{role_name}_" in arn
