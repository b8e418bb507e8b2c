"""`prompt`, and the files that shells' prompts read, through sign-ins at a real Identity Center."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from ssohelper.actions import prompt
from ssohelper.app import App
from ssohelper.emulator.server import Emulator
from tests.conftest import SCRIPT, Home, Run
from tests.processes import end_detached

ACCOUNT, ROLE = "000030000001", "ReadOnlyAccess"
PROFILE = "payments-prod.ReadOnlyAccess"


@pytest.fixture(autouse=True)
def _world(home: Home, emulator: Emulator) -> None:
    home.browser()
    home.add_session("corp", emulator.world.start_url, emulator.world.region)
    home.write_config(
        home.config_file.read_text()
        + f"[profile {PROFILE}]\ncredential_process = ssohelper-credentials --session corp "
        + f"--account-id {ACCOUNT} --role-name {ROLE}\n\n[profile plain]\nregion = eu-west-1\n"
    )
    home.env["AWS_PROFILE"] = PROFILE


@pytest.fixture
def said(run: Run) -> Callable[..., str]:
    """Return what `prompt` prints, in words that do not depend on the minute."""

    def line(*more: str, **env: str) -> str:
        done = run("prompt", *more, env=env)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.replace("7h59m", "8h00m")

    return line


def state(home: Home) -> str:
    """Return the kind in the session's state file; the file is dated at the instant it names."""
    path = home.runtime / "prompt" / "sessions" / "corp"
    at, kind = path.read_text().split()
    assert int(path.stat().st_mtime) == int(at)
    assert path.read_text().endswith("\n")
    return kind


def change_facts(home: Home, **facts: int | None) -> None:
    [path] = home.path.glob("**/sign-ins/corp.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))


def age_token(home: Home, seconds: int) -> None:
    """Let the token have so many seconds left, as its file says."""
    from ssohelper.core.instants import to_iso

    [path] = [p for p in home.token_folder.iterdir() if "accessToken" in p.read_text()]
    found = json.loads(path.read_text())
    found["expiresAt"] = to_iso(App(home.env).now() + seconds)
    path.write_text(json.dumps(found))


def credentials(run: Run, role: str = ROLE) -> int:
    argv = ["--session", "corp", "--account-id", ACCOUNT, "--role-name", role]
    return run("credential-process", *argv).returncode


class TestTransitions:
    def test_from_sign_in_to_sign_in(
        self, run: Run, home: Home, emulator: Emulator, said: Callable[..., str]
    ) -> None:
        assert said() == "payments-pro..dOnlyAccess ==signed out==\n"
        assert run("login").returncode == 0
        assert state(home) == "assumed"
        assert said() == f"{PROFILE} 8h00m?\n"
        # The sign-in lasted longer than AWS's default: a refresh shows it, nobody knows the end.
        change_facts(home, signed_in_at=App(home.env).now() - 9 * 3600)
        age_token(home, 60)
        assert credentials(run) == 0
        assert emulator.counters["CreateToken.refresh_token"] == 1
        assert state(home) == "open"
        assert said() == f"{PROFILE} ok\n"
        emulator.revoke_session("ana")  # the token's file still names an hour
        assert credentials(run, "BreakGlassAdmin") == 4
        assert state(home) == "ended"
        assert said() == "payments-pro..dOnlyAccess ==signed out==\n"
        assert run("login").returncode == 0
        assert said().startswith(f"{PROFILE} ")
        assert state(home) != "ended"
        assert run("logout").returncode == 0
        assert state(home) == "ended"

    def test_a_configured_end_is_known_and_has_no_question_mark(
        self, run: Run, home: Home, said: Callable[..., str]
    ) -> None:
        assert run("config", "set", "session_hours", "8").returncode == 0
        assert run("login").returncode == 0
        assert state(home) == "known"
        assert said() == f"{PROFILE} 8h00m\n"
        change_facts(home, signed_in_at=App(home.env).now() - 8 * 3600 + 240)
        age_token(home, 200)
        assert said().split(" ")[1].startswith("==")

    def test_a_new_length_of_sign_ins_shows_at_once(self, run: Run, home: Home) -> None:
        assert run("login").returncode == 0
        assert state(home) == "assumed"
        assert run("config", "set", "sessions.corp.session_hours", "10").returncode == 0
        assert state(home) == "known"
        assert run("config", "set", "sessions.corp.session_hours", "--default").returncode == 0
        assert state(home) == "assumed"

    def test_role_credentials_count_after_a_failed_renewal_alone(
        self, run: Run, home: Home, emulator: Emulator, said: Callable[..., str]
    ) -> None:
        path = home.runtime / "prompt" / "roles" / "corp" / ACCOUNT / ROLE
        emulator.faults.role_credentials_seconds = 1000
        assert run("login").returncode == 0
        assert credentials(run) == 0
        assert not path.exists()
        assert said() == f"{PROFILE} 8h00m?\n"
        [kept] = home.runtime.glob("kept/**/*.json")
        found = json.loads(kept.read_text())
        kept.write_text(
            json.dumps(
                {
                    **found,
                    "received_at": found["received_at"] - 850,
                    "expires_at": found["expires_at"] - 850,
                }
            )
        )
        (home.runtime / "credentials" / "corp" / ACCOUNT / ROLE / "response").unlink()
        emulator.faults.fail("GetRoleCredentials", "InternalServerException", times=99)
        assert credentials(run) == 0  # what is kept still works
        assert path.read_text().endswith(" known\n")
        assert said().startswith(f"{PROFILE} ==")
        emulator.faults.clear()
        end_detached(home.path)  # the broker remembers the failure until its next probe
        # Each caller goes to the broker meanwhile, which notices that AWS works again.
        assert not (home.runtime / "credentials" / "corp" / ACCOUNT / ROLE / "response").exists()
        assert credentials(run) == 0
        assert not path.exists()
        assert said() == f"{PROFILE} 8h00m?\n"

    def test_a_sign_in_that_another_tool_made_has_no_known_end(
        self, home: Home, emulator: Emulator, said: Callable[..., str]
    ) -> None:
        home.write_token(emulator.token_for("ana"))
        assert said() == f"{PROFILE} ok\n"


class TestLine:
    def test_nothing_in_use_says_nothing(self, said: Callable[..., str]) -> None:
        assert said(AWS_PROFILE="") == ""

    def test_a_profile_that_is_none_of_ours_is_named(self, said: Callable[..., str]) -> None:
        assert said(AWS_PROFILE="plain") == "plain\n"
        assert said(AWS_PROFILE="no such") == "no such\n"

    def test_fixed_keys_show_their_own_end(self, said: Callable[..., str]) -> None:
        keys = {"AWS_ACCESS_KEY_ID": "ASIAX", "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"}
        assert said(**keys, AWS_PROFILE="") == "keys ==expired==\n"
        assert said(**keys, AWS_PROFILE="", _SSOHELPER_USED=f"keys {PROFILE}") == (
            f"{PROFILE} ==expired==\n"
        )

    def test_a_guarded_role_is_marked(self, run: Run, said: Callable[..., str]) -> None:
        assert run("config", "set", "guard.rules", f"*{ACCOUNT}/ReadOnly*").returncode == 0
        assert said().startswith("@@payments-")
        assert said("--format", "{guarded}") == "guarded\n"

    def test_a_format_of_ones_own(self, said: Callable[..., str]) -> None:
        text = "{session}|{account_id}|{role}|{left}|{level}|{guarded}|{profile}|{nothing}|{"
        assert said("--format", text) == (
            f"corp|{ACCOUNT}|{ROLE}|==signed out==|late||{PROFILE}|{{nothing}}|{{\n"
        )

    def test_a_format_stays_on_its_line(self, said: Callable[..., str]) -> None:
        assert said("--format", "a\nb\x1b[0m") == "a\\x0ab\\x1b[0m\n"

    def test_json(self, run: Run) -> None:
        assert json.loads(run("prompt", "--json").stdout)["data"] == {
            "profile": PROFILE,
            "session": "corp",
            "account_id": ACCOUNT,
            "role_name": ROLE,
            "guarded": False,
            "clock": "ended",
            "level": "late",
            "ends_at": None,
            "left_seconds": None,
            "line": "payments-pro..dOnlyAccess ==signed out==",
        }


class TestTrouble:
    """Whatever is wrong: exit code 0, no words, and at most the profile's name."""

    @pytest.mark.parametrize("argv", [[], ["--state"], ["--format", "{line}"]])
    @pytest.mark.parametrize("what", ["config", "settings", "token", "runtime", "closed", "full"])
    def test_is_no_trouble(self, home: Home, what: str, argv: list[str]) -> None:
        if what == "config":
            home.write_config("[profile x\n")
        elif what == "settings":
            path = home.path / ".config" / "ssohelper" / "config.toml"
            path.parent.mkdir(parents=True)
            path.write_text("= no TOML")
        elif what == "token":
            home.write_token({"accessToken": "x\n"}).write_text('{"half')
        elif what == "runtime":
            home.runtime.write_text("a file in its place")
        redirect = {"closed": ">&-", "full": ">/dev/full"}.get(what, "")
        done = subprocess.run(
            ["/bin/sh", "-c", f'exec "$0" prompt "$@" {redirect}', SCRIPT, *argv],
            env=home.env,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "" or done.stdout.startswith("payments-p")

    def test_asks_no_network_and_waits_for_no_lock(
        self, run: Run, home: Home, emulator: Emulator, said: Callable[..., str]
    ) -> None:
        assert run("login").returncode == 0
        app = App(home.env)
        age_token(home, -60)
        emulator.reset_counters()
        with (
            app.tokens.lock_token("corp", app.deadline()),
            app.tokens.lock_sign_in("corp", app.deadline()),
        ):
            assert said().startswith(PROFILE)
            assert said("--state").startswith(PROFILE)
        assert not emulator.calls

    def test_a_damaged_state_file_counts_as_missing(self, home: Home, app: App) -> None:
        learnt = prompt.learn(app)
        path = Path(learnt.session_file)
        good = path.read_bytes()
        for bad in (
            b"",
            b"x",
            b"12",
            b"12 known",
            b"12 nothing\n",
            b"-1 known\n",
            b"\xff\n",
            b"9" * 99,
        ):
            path.write_bytes(bad)
            assert app.prompt_state.session("corp") is None
            prompt.learn(app)
            assert path.read_bytes() == good

    def test_what_a_shell_learns_has_eleven_lines_whatever_the_folders_are_called(
        self, home: Home
    ) -> None:
        folder = home.path / "a\nb"
        folder.mkdir()
        learnt = prompt.learn(App({**home.env, "SSOHELPER_HOME": str(folder)}))
        assert learnt.lines().count("\n") == 11
        assert learnt.lines().splitlines()[3:] == [""] * 8

    def test_a_shell_is_told_what_is_as_old_as_the_config_and_the_settings(
        self, home: Home, app: App
    ) -> None:
        learnt = prompt.learn(app)
        assert learnt.config == str(home.config_file)
        assert os.stat(learnt.config_seen).st_mtime_ns == home.config_file.stat().st_mtime_ns
        assert not os.path.exists(learnt.settings)
        assert os.stat(learnt.settings_seen).st_mtime_ns == 0
        path = Path(learnt.settings)
        path.parent.mkdir(parents=True)
        path.write_text("= no TOML")
        broken = prompt.learn(App(home.env))
        assert (broken.label, broken.session_file) == (PROFILE, "")
        assert os.stat(broken.settings_seen).st_mtime_ns == path.stat().st_mtime_ns

    def test_of_many_configs_the_last_few_are_told_apart(self, home: Home, app: App) -> None:
        first = prompt.learn(app).config_seen
        for second in range(60):
            os.utime(home.config_file, (second, second))
            prompt.learn(app)
        kept = os.listdir(os.path.dirname(first))
        assert len(kept) == 50
        assert "59000000000" in kept
        assert "0" in kept
        assert os.path.basename(first) not in kept

    def test_where_nothing_can_be_written_no_file_is_told(self, home: Home, app: App) -> None:
        home.runtime.mkdir(mode=0o700)
        (home.runtime / "prompt").write_text("in the way")
        assert prompt.learn(app).lines() == f"{PROFILE}\n0\n" + "\n" * 9

    def test_a_sign_in_succeeds_where_the_prompt_cannot_be_told(self, run: Run, home: Home) -> None:
        home.runtime.mkdir(mode=0o700)
        (home.runtime / "prompt").write_text("in the way")
        assert run("login").returncode == 0
        assert credentials(run) == 0


def test_list_says_what_is_guarded(run: Run, home: Home) -> None:
    home.env.pop("AWS_PROFILE")
    assert run("login").returncode == 0
    assert run("config", "set", "guard.rules", f"{ACCOUNT}/breakglass*").returncode == 0
    rows = json.loads(run("list", "--json").stdout)["data"]
    guarded = {(row["account_id"], row["role_name"]) for row in rows if row["guarded"]}
    assert guarded == {(ACCOUNT, "BreakGlassAdmin")}
    assert all(line.count("\t") == 3 for line in run("list").stdout.splitlines())
    on_a_terminal = pexpect.run(
        f"{SCRIPT} list", env={**home.env, "TERM": "xterm"}, timeout=60, dimensions=(40, 160)
    ).decode()
    [row] = [line for line in on_a_terminal.splitlines() if "@@ guarded" in line]
    assert ACCOUNT in row
    assert "BreakGlassAdmin" in row
    assert "GUARDED" in on_a_terminal
