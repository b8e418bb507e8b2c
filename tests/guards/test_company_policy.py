"""The company's policy in /etc/ssohelper, for real processes in a mount namespace with an own /etc."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import SCRIPT
from tests.endpoint.world import wait_for
from tests.guards.allow_matrix import WAYS, make_world
from tests.guards.ways import key_of
from tests.guards.world import ACCOUNT, FREE, GUARDED, LAUNCHER, NAME, Guarded, has_secret
from tests.keyring.desktop import run_desktop
from tests.long_rows import long_after
from tests.published import date_back

# The namespace's /etc has a link to each entry of the machine's, and a folder of this test.
_ENTER = """
set -e
mount --rbind /etc "$0/machine"
mount --rbind "$0/etc" /etc
exec "$@"
"""
# The ways in `make test`: by the launcher, in Python, as variables, by an endpoint, in the browser.
FEW = ["launcher", "Python", "env", "exec --server", "console"]
FORBID = f'[guard]\nrules = ["*/{GUARDED}"]\n'

_TWO_DECISIONS = f"""
import os, sys
from pathlib import Path
from ssohelper.app import App
from ssohelper.core.model import RoleKey
from ssohelper.core.policy import Way
vault, key = App(os.environ).vault, RoleKey("corp", "{ACCOUNT}", "{GUARDED}")
found = [vault.may_release(key, Way.ENV)]
file = Path(sys.argv[1])
file.write_text(sys.argv[2])
found.append(vault.may_release(key, Way.ENV))
file.unlink()
found.append(vault.may_release(key, Way.ENV))
print(*found)
"""


class Machine:
    """A signed-in home on a machine with an /etc/ssohelper of its own."""

    def __init__(self, world: Guarded, folder: Path) -> None:
        self.world = world
        self._folder = folder
        (folder / "machine").mkdir()
        self.policy = folder / "etc" / "ssohelper" / "policy.toml"
        self.policy.parent.mkdir(parents=True)
        for entry in Path("/etc").iterdir():
            if entry.name != "ssohelper":
                (folder / "etc" / entry.name).symlink_to(folder / "machine" / entry.name)

    def run(self, *argv: str, **more: str) -> "subprocess.CompletedProcess[str]":
        user = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
        enter = ["unshare", *user, "--mount", "sh", "-c", _ENTER, str(self._folder)]
        return self.world.run(*enter, *argv, **more)

    def set_policy(self, text: str) -> None:
        self.policy.write_text(text)
        self.policy.chmod(0o644)
        date_back(self.policy)


@pytest.fixture
def machine(home, emulator, tmp_path_factory) -> Iterator[Machine]:
    if sys.platform != "linux" or shutil.which("unshare") is None:
        pytest.skip("mount namespaces are Linux's")
    world = make_world(home, emulator)
    made = Machine(world, tmp_path_factory.mktemp("machine"))
    entered = made.run("true")
    if entered.returncode:
        world.close()
        pytest.skip(f"no mount namespace here: {entered.stderr.strip()}")
    for role in (FREE, GUARDED):
        assert made.run(LAUNCHER, *key_of(role)).returncode == 0
    assert sorted(world.published()) == sorted([FREE, GUARDED])
    yield made
    world.close()


@pytest.mark.parametrize("ways", long_after(1, [FEW, list(WAYS)]), ids=["few", "all"])
def test_a_rule_of_the_policy_stops_each_way_at_once(machine, ways):
    for way in ways:
        ask = WAYS[way]
        assert machine.run(*ask(GUARDED)).returncode == 0, way
        machine.set_policy(FORBID)
        refusals = machine.world.events().count("refused")
        done = machine.run(*ask(GUARDED))
        assert done.returncode == 9, (way, done.stdout, done.stderr)
        assert not has_secret(done.stdout), way
        assert machine.world.events()[-1] == "refused", way
        assert machine.world.events().count("refused") > refusals, way
        assert machine.run(*ask(FREE)).returncode == 0, way
        machine.policy.unlink()
    machine.set_policy(FORBID)
    assert (
        machine.run(LAUNCHER, *key_of(FREE)).returncode == 0
    )  # a link alone withdraws no response
    assert machine.world.published().count(GUARDED) == 0


def test_the_certificates_of_the_policy_win_over_the_users(machine):
    machine.set_policy('ca_bundle = "/nowhere/company.pem"\n')
    https = machine.world.emulator.url.replace("http:", "https:")
    variables = {"AWS_CA_BUNDLE": "/nowhere/mine.pem", "AWS_ENDPOINT_URL_SSO": https}
    done = machine.run(SCRIPT, "list", "--refresh", **variables)
    assert (done.returncode, '"/nowhere/company.pem" cannot be read' in done.stderr) == (6, True)
    assert "ca_bundle\t/nowhere/company.pem" in machine.run(SCRIPT, "config", "list").stdout
    # A sign-out works under a policy that is not understood.
    machine.set_policy("nonsense = 1\n")
    done = machine.run(SCRIPT, "logout", "corp")
    assert done.returncode == 0, done.stderr
    assert machine.world.published() == []


def test_a_policy_of_this_second_stops_the_launcher_too(machine):
    machine.policy.write_text(FORBID)
    assert_stopped(machine, GUARDED)
    # Else each call on a machine with a policy would start Python.
    machine.set_policy(FORBID)
    assert machine.run(LAUNCHER, *key_of(FREE)).returncode == 0
    traced = machine.run("sh", "-x", LAUNCHER, *key_of(FREE))
    assert traced.returncode == 0
    assert "exec" not in [line.split(" ")[1] for line in traced.stderr.splitlines() if " " in line]
    # A response that was published under the last policy.
    machine.set_policy("device_code = false\n")
    assert machine.run(LAUNCHER, *key_of(GUARDED)).returncode == 0
    assert GUARDED in machine.world.published()
    started = machine.policy.stat().st_mtime
    machine.set_policy(FORBID)
    os.utime(machine.policy, (started - 100, started - 100))
    assert_stopped(machine, GUARDED)


def assert_stopped(machine: Machine, role: str, **more: str) -> None:
    done = machine.run(LAUNCHER, *key_of(role), **more)
    assert (done.returncode, done.stdout) == (9, "")


@pytest.mark.parametrize("how", long_after(1, ["unknown key", "others may write", "another user"]))
@pytest.mark.parametrize("ways", long_after(1, [FEW, list(WAYS)]), ids=["few", "all"])
def test_a_policy_that_cannot_be_believed_allows_nothing(machine, how, ways):
    if how == "another user" and os.geteuid() != 0:
        pytest.skip("only root gives files away")
    machine.set_policy("device_code = false\n" if how != "unknown key" else "[guards]\nrules = []")
    if how == "others may write":
        machine.policy.chmod(0o666)
    elif how == "another user":
        os.chown(machine.policy, 1234, -1)
    assert_each_refuses(machine, ways, 3, "/etc/ssohelper")


@pytest.mark.parametrize("ways", long_after(1, [FEW, list(WAYS)]), ids=["few", "all"])
def test_a_portal_that_the_policy_does_not_allow(machine, ways):
    machine.set_policy('portals = ["https://corp.example.com/*"]\n')
    assert_each_refuses(machine, ways, 9, "")


def assert_each_refuses(machine: Machine, ways: list[str], code: int, said: str) -> None:
    for way in ways:
        done = machine.run(*WAYS[way](FREE))
        assert done.returncode == code, (way, done.stdout, done.stderr)
        assert said in done.stderr, way
        assert not has_secret(done.stdout), way


def test_no_sign_in_at_another_portal_nor_with_a_device_code(machine):
    browser = machine.world.home.browser()
    machine.set_policy('portals = ["https://corp.example.com/*"]\n')
    done = machine.run(SCRIPT, "login", "corp", "--force")
    assert (done.returncode, "policy does not allow the portal" in done.stderr) == (9, True)
    assert machine.run(SCRIPT, "list", "--refresh").returncode == 9
    machine.set_policy("device_code = false\n")
    done = machine.run(SCRIPT, "login", "corp", "--force", "--device-code")
    assert (done.returncode, "no sign-in with a device code" in done.stderr) == (9, True)
    assert not browser.exists()


def test_its_allow_list_limits_programs_below_a_list_and_no_others(machine):
    machine.set_policy(f'[agents]\nallow = ["{NAME}/{FREE}"]\n')
    assert_stopped(machine, GUARDED, SSOHELPER_ALLOW="*/*")
    assert machine.run(LAUNCHER, *key_of(FREE), SSOHELPER_ALLOW="*/*").returncode == 0
    assert_stopped(machine, FREE, SSOHELPER_ALLOW=f"*/{GUARDED}")
    assert machine.run(LAUNCHER, *key_of(GUARDED)).returncode == 0


@pytest.mark.long
def test_config_list_shows_the_policy_and_config_set_takes_no_rule_of_it_away(machine):
    machine.set_policy('portals = ["*"]\ndevice_code = true\nstorage = "file"\n' + FORBID)
    shown = machine.run(SCRIPT, "config", "list").stdout
    rows = [line.split()[0] for line in shown.splitlines() if "/etc/ssohelper/policy.toml" in line]
    assert rows == ["device_code", "guard.rules", "portals", "storage"]
    assert machine.run(SCRIPT, "config", "get", "portals").stdout == '["*"]\n'
    done = machine.run(SCRIPT, "config", "set", "guard.rules", "x/y")
    assert done.returncode == 0, done.stderr
    assert machine.run(LAUNCHER, *key_of(GUARDED)).returncode == 9
    # Loosening asks for the user's own rules alone.
    done = machine.run(SCRIPT, "config", "set", "guard.rules", "--default")
    assert done.returncode == 2, done.stderr  # no terminal to type a word on
    listed = json.loads(machine.run(SCRIPT, "guard", "list", "--json").stdout)["data"]["rules"]
    found = [(row["rule"], row["configured"]) for row in listed]
    assert found == [(f"*/{GUARDED}", True), ("x/y", True)]
    # The user's own rules do not keep it: what the administrator removes is gone.
    machine.policy.unlink()
    date_back(machine.world.settings)
    assert machine.run(LAUNCHER, *key_of(GUARDED)).returncode == 0


def test_a_process_that_runs_on_takes_the_policy_of_now(machine):
    """The full screen is such a process: it makes one App and runs for hours."""
    done = machine.run(sys.executable, "-c", _TWO_DECISIONS, str(machine.policy), FORBID)
    assert (done.returncode, done.stdout) == (0, "True False True\n"), done.stderr


@pytest.mark.long
# Another user needs a user namespace for the policy, and D-Bus refuses the user id in it.
@pytest.mark.needs_root
def test_a_policy_with_the_keyring_moves_sign_ins_into_it(machine):
    home = machine.world.home
    with run_desktop(home.path / "desktop", home.env) as desktop:
        machine.set_policy('storage = "keyring"\n')
        desktop.kill()
        done = machine.run(LAUNCHER, *key_of(FREE))
        # Nothing is read from, or written to, a file in clear because the keyring is absent.
        assert (done.returncode, done.stdout) == (8, "")
        assert "company's policy" in done.stderr
        assert "storage file" not in done.stderr
        desktop.start()
        done = machine.run(SCRIPT, "status", "--json")
        assert json.loads(done.stdout)["data"]["storage"] == "keyring", done.stderr
        assert not list(home.token_folder.glob("*.json"))
        # The broker that found no keyring repeats that for 1 s.
        wait_for(lambda: machine.run(LAUNCHER, *key_of(FREE)).returncode == 0)
        done = machine.run(SCRIPT, "config", "set", "storage", "file")
        assert (done.returncode, list(home.token_folder.glob("*.json"))) == (9, [])
        machine.set_policy('storage = "file"\n')
        done = machine.run(SCRIPT, "status", "--json")
        assert json.loads(done.stdout)["data"]["storage"] == "keyring", done.stderr
        assert not list(home.token_folder.glob("*.json"))
