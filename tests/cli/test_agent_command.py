"""`agent install` as the real program; the commands that it writes do what the agents run."""

import json
import subprocess
from collections.abc import Iterator

import pytest

from tests.conftest import SCRIPT
from tests.guards.test_allow_list import make_world
from tests.guards.world import ACCOUNT, FREE, NAME, Guarded
from tests.terminal import Conversation

PROFILE = f"pay.{FREE}"
ROLE = f"{NAME}/{FREE}"


@pytest.fixture
def world(home, emulator) -> Iterator[Guarded]:
    made = make_world(home, emulator)
    yield made
    made.close()


def install(world: Guarded, *argv: str, **more: str) -> "subprocess.CompletedProcess[str]":
    return world.run(SCRIPT, "agent", "install", *argv, **more)


def test_claude_gets_the_profile_and_a_command_that_signs_in(world):
    done = install(world, "claude", PROFILE, "--yes")
    assert done.returncode == 0, done.stderr
    settings = json.loads((world.home.path / ".claude" / "settings.json").read_text())
    assert settings["env"] == {"AWS_PROFILE": PROFILE}
    assert "awsCredentialExport" not in settings
    refreshed = world.run("sh", "-c", settings["awsAuthRefresh"])
    assert refreshed.returncode == 0, refreshed.stderr
    assert "already" in install(world, "claude", PROFILE, "--yes").stderr


def test_a_role_without_a_profile_gets_a_command_that_exports(world):
    assert install(world, "claude", ROLE, "--yes").returncode == 0
    settings = json.loads((world.home.path / ".claude" / "settings.json").read_text())
    assert "env" not in settings
    exported = world.run("sh", "-c", settings["awsCredentialExport"])
    keys = json.loads(exported.stdout)["Credentials"]
    assert set(keys) == {"AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration"}
    assert ACCOUNT in settings["awsCredentialExport"]


def test_nothing_is_written_without_a_yes_or_below_an_allow_list(world):
    done = install(world, "claude", PROFILE, "--dry-run")
    assert (done.returncode, '+  "awsAuthRefresh"' in done.stdout) == (0, True)
    assert "nothing was changed" not in done.stderr
    # Without a terminal, the command cannot ask.
    assert install(world, "claude", PROFILE).returncode != 0
    done = install(world, "claude", PROFILE, "--yes", SSOHELPER_ALLOW="*/*")
    assert (done.returncode, "ask the person" in done.stderr) == (9, True)
    assert not (world.home.path / ".claude").exists()


def test_codex_and_kiro_need_a_profile_and_a_server(world):
    for tool in ("codex", "kiro"):
        assert install(world, tool, ROLE, "--yes").returncode == 2
    assert install(world, "kiro", PROFILE, "--yes").returncode == 2
    assert install(world, "claude", PROFILE, "--server", "x", "--yes").returncode == 2
    folder = world.home.path / "codex"
    assert install(world, "codex", PROFILE, "--yes", CODEX_HOME=str(folder)).returncode == 0
    assert "AWS_PROFILE" in (folder / "config.toml").read_text()
    assert install(world, "codex", PROFILE, "--yes", CODEX_HOME="codex").returncode == 7


def test_with_bedrock_it_asks_whether_the_profile_is_for_the_model(world):
    path = world.home.path / ".claude" / "settings.json"
    path.parent.mkdir()
    before = '{"env": {"CLAUDE_CODE_USE_BEDROCK": "1", "AWS_PROFILE": "model"}}'
    path.write_text(before)
    done = install(world, "claude", PROFILE, "--yes")
    assert (done.returncode, path.read_text()) == (2, before)
    assert done.stderr.rstrip().endswith("--for-model")
    for answer, profile in (("n", "model"), ("y", PROFILE)):
        argv = [SCRIPT, "agent", "install", "claude", PROFILE, "--yes"]
        child = Conversation(argv, world.home.env)
        child.talk(("meant for the model", answer))
        child.ended()
        assert json.loads(path.read_text())["env"]["AWS_PROFILE"] == profile
    path.write_text(before)
    assert install(world, "claude", PROFILE, "--yes", "--for-model").returncode == 0
    assert json.loads(path.read_text())["env"]["AWS_PROFILE"] == PROFILE


@pytest.mark.parametrize("place", [".claude.json", "project", ".mcp.json"])
def test_a_server_of_claude_with_another_profile_is_refused(world, place):
    for name, code in (("prod", 3), (PROFILE, 0)):
        document: object = {"mcpServers": {"a": {"command": "x", "args": ["--profile", name]}}}
        if place == "project":
            document = {"projects": {"/p": document}}
        file = ".mcp.json" if place == ".mcp.json" else ".claude.json"
        world.home.path.joinpath(file).write_text(json.dumps(document))
        done = install(world, "claude", PROFILE, "--yes")
        assert (done.returncode, 'MCP server "a"' in done.stderr) == (code, code == 3), done.stderr
        assert world.home.path.joinpath(".claude/settings.json").exists() == (code == 0)


def test_no_role_of_an_earlier_install_stays_and_no_own_setting_is_changed(world):
    path = world.home.path / ".claude" / "settings.json"
    for role, gone in ((ROLE, "env"), (PROFILE, "awsCredentialExport"), (ROLE, "env")):
        assert install(world, "claude", role, "--yes").returncode == 0
        assert gone not in json.loads(path.read_text())
    for own, said in (
        ('{"awsCredentialExport": "get-keys prod"}', "awsCredentialExport of its own"),
        ("{ // mine\n}", "JSON"),
    ):
        path.write_text(own)
        done = install(world, "claude", PROFILE, "--yes")
        assert (done.returncode, said in done.stderr) == (3, True)
        assert path.read_text() == own
