"""`sudo -E ssohelper …`: root with the HOME of a user leaves nothing there, and may read."""

import json
import shutil

import pytest

from tests.processes import end_detached_processes
from tests.two_users.conftest import KEY, foreign_files, snapshot

pytestmark = pytest.mark.needs_root

PROFILE = "corp:000030000003/ReadOnlyAccess"
_READS = f"""
status; list; list --refresh; profile list; config list; cache list; prompt; whoami {PROFILE};
env {PROFILE} --format json; exec {PROFILE} -- true; exec --server {PROFILE} -- true;
credential-process {" ".join(KEY)}; login corp
"""
_WRITES = f"""
login corp --force --device-code --no-browser; logout corp; install --yes --shell bash;
profile rm data-lake.ReadOnlyAccess --yes; profile undo --yes; favourite add {PROFILE};
config set renew_ahead false
"""
READS, WRITES = ([line.split() for line in text.split(";")] for text in (_READS, _WRITES))


@pytest.fixture(autouse=True)
def _nothing_left_of_before(place):
    """A broker that ends would change the victim's files between two snapshots."""
    probe = place.root().run("/bin/true")
    if probe.returncode:
        pytest.skip(f"root may not mount here: {probe.stderr}")
    end_detached_processes(place.folder)
    shutil.rmtree(place.root_home / ".cache", ignore_errors=True)


@pytest.mark.parametrize("command", READS, ids=lambda command: " ".join(command[:2]))
def test_reads_work_and_leave_nothing(place, command):
    before = snapshot(place.folder)
    answer = place.root().run(*command)
    assert answer.returncode == 0, answer.stderr
    assert snapshot(place.folder) == before
    if command[0] == "credential-process":
        assert place.is_of_aws(answer)
        assert (place.root_home / ".cache" / "ssohelper" / "credentials" / "corp").is_dir()
        # The journal is the other user's. A warning tells of each lost line.
        lost = "ssohelper: warning: the journal took no new line: "
        assert all(line.startswith(lost) for line in answer.stderr.splitlines())


@pytest.mark.parametrize("command", WRITES, ids=lambda command: " ".join(command[:2]))
def test_writes_are_refused_with_what_to_do(place, command):
    before = snapshot(place.folder)
    place.emulator.reset_counters()
    answer = place.root().run(*command)
    assert answer.returncode == 7, answer.stderr
    lines = answer.stderr.splitlines()
    assert [line for line in lines if line.startswith("ssohelper: error:")] == [lines[-2]]
    assert f"belongs to user {place.victim.uid}" in lines[-2]
    assert "run it without sudo" in lines[-1]
    assert snapshot(place.folder) == before
    assert place.emulator.counters["Logout"] == place.emulator.counters["CreateToken"] == 0


def test_a_token_is_not_renewed_where_the_next_one_cannot_be_kept(place):
    [token] = [
        path
        for path in (place.victim.home.path / ".aws" / "sso" / "cache").glob("*.json")
        if "accessToken" in path.read_text()
    ]
    good = token.read_text()
    token.write_text(json.dumps({**json.loads(good), "expiresAt": "2020-01-01T00:00:00Z"}))
    before = snapshot(place.folder)
    place.emulator.reset_counters()
    answer = place.root().credentials("000030000001")
    assert (answer.returncode, answer.stdout) == (7, ""), answer.stderr
    assert answer.stderr.count("\n") == 1
    assert f"belongs to user {place.victim.uid}" in answer.stderr
    assert place.emulator.counters["CreateToken"] == 0
    assert snapshot(place.folder) == before
    token.write_text(good)


@pytest.mark.parametrize(
    "changed",
    [
        {"XDG_RUNTIME_DIR": ""},
        {"XDG_CACHE_HOME": "{home}/.cache", "XDG_RUNTIME_DIR": ""},
        {"SSOHELPER_HOME": "{home}/own"},
        {"XDG_STATE_HOME": "{home}/.state", "XDG_CONFIG_HOME": "{home}/.conf"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_variables_that_lead_into_that_home_change_nothing(place, changed):
    before = snapshot(place.folder)
    env = {name: value.format(home=place.victim.home.path) for name, value in changed.items()}
    answer = place.root(**env).credentials()
    assert answer.returncode == 0, answer.stderr
    assert snapshot(place.folder) == before


def test_no_command_of_the_users_settings_runs_as_root(place):
    ran = place.folder / "ran"
    folder = place.victim.home.path / ".config" / "ssohelper"
    for made in (folder.parent, folder):
        place.victim.folder(made)
    settings = place.victim.write(folder / "config.toml", f'notify = ["/usr/bin/touch", "{ran}"]\n')
    listed = place.root().run("config", "get", "notify")
    assert listed.returncode == 0, listed.stderr
    assert str(ran) not in listed.stdout
    assert str(ran) in place.victim.run("config", "get", "notify").stdout
    settings.unlink()


def test_afterwards_the_users_own_calls_work_as_before(place):
    for command in (*READS, *WRITES):
        place.root().run(*command)
    assert foreign_files(place.victim.home.path, place.victim.uid) == []
    lines = f"credential-process {' '.join(KEY)}; list --refresh; favourite add {PROFILE}; "
    lines += "config set renew_ahead true; logout corp; login corp --device-code --no-browser"
    for line in lines.split(";"):
        command = line.split()
        answer = place.victim.run(*command)
        assert answer.returncode == 0, (command, answer.stderr)


class TestOtherHomes:
    @pytest.fixture
    def home(self, place):
        made = place.folder / "container"
        made.mkdir(mode=0o700)
        yield made
        shutil.rmtree(made)

    def test_root_in_a_container_has_a_home_of_its_own(self, place, home):
        """HOME is root's: all works, as before."""
        env = {"HOME": str(home), "XDG_RUNTIME_DIR": ""}
        root = place.root(**env)
        place.set_up(root)
        assert place.is_of_aws(root.credentials())
        assert (home / ".cache" / "ssohelper" / "brokers").is_dir()

    def test_a_users_aws_folder_that_is_mounted_there_is_read_and_not_written(self, place, home):
        """`docker run -v ~/.aws:/root/.aws` mounts a user's folder in the home of root."""
        shutil.copytree(place.victim.home.path / ".aws", home / ".aws")
        place.victim.give(home / ".aws")
        before = snapshot(home / ".aws")
        root = place.root(HOME=str(home), XDG_RUNTIME_DIR="")
        answer = root.credentials()
        assert answer.returncode == 0, answer.stderr
        refused = root.run("profile", "rm", "data-lake.ReadOnlyAccess", "--yes")
        assert refused.returncode == 7
        assert f"belongs to user {place.victim.uid}" in refused.stderr
        assert snapshot(home / ".aws") == before

    @pytest.mark.parametrize(
        "home", ["/", "/home-that-is-not-there", "/home-that-is-not-there/below"]
    )
    def test_a_user_whose_home_is_not_there_gets_one_line(self, place, home):
        for command in (("credential-process", *KEY), ("login", "corp"), ("status",)):
            answer = place.victim.run(*command, HOME=home)
            assert "Traceback" not in answer.stderr
            assert answer.returncode in (0, 2, 3), answer.stderr
        answer = place.victim.run("config", "set", "renew_ahead", "true", HOME=home)
        assert answer.returncode == 7, answer.stderr

    def test_a_user_with_the_home_of_another_creates_nothing_there(self, place):
        """On a network file system, user ids may differ from those of this machine."""
        home = place.victim.folder(place.folder / "network-home", 0o777)
        answer = place.attacker.run("config", "set", "renew_ahead", "true", HOME=str(home))
        assert answer.returncode == 7, answer.stderr
        assert f"belongs to user {place.victim.uid}" in answer.stderr
        assert "HOME set to a folder of yours" in answer.stderr
        assert list(home.iterdir()) == []
