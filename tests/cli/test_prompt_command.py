"""`prompt`, and the files that shells' prompts read, through sign-ins at an emulated portal."""

import json
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from ssohelper.app import App
from tests.conftest import SCRIPT, Home, Run
from tests.long_rows import long_after
from tests.programs import run_program

ACCOUNT, ROLE = "000030000001", "ReadOnlyAccess"
PROFILE = "payments-prod.ReadOnlyAccess"
KEYS = {"AWS_ACCESS_KEY_ID": "ASIAX", "AWS_CREDENTIAL_EXPIRATION": "2020-01-01T00:00:00Z"}


@pytest.fixture(autouse=True)
def _world(home, emulator):
    home.browser()
    home.add_session("corp", emulator.world.start_url, emulator.world.region)
    home.write_config(
        home.config_file.read_text()
        + f"[profile {PROFILE}]\ncredential_process = ssohelper-credentials --session corp "
        + f"--account-id {ACCOUNT} --role-name {ROLE}\n\n[profile plain]\nregion = eu-west-1\n"
    )
    home.env["AWS_PROFILE"] = PROFILE


@pytest.fixture
def said(run) -> Callable[..., str]:
    """Return what `prompt` prints, as text that does not depend on the minute."""

    def line(*more: str, **env: str) -> str:
        # The launcher sets the variable; empty it changes nothing for Python.
        done = run("prompt", *more, env={"PYTHONSAFEPATH": "", **env})
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.replace("7h59m", "8h00m")

    return line


def file_of(home: Home, role: str = ROLE) -> Path:
    return home.runtime / "prompt" / "roles" / "corp" / ACCOUNT / role


def state(home: Home) -> str:
    """Return what is known of the end, by the texts in the role's file."""
    line, *more = file_of(home).read_text().splitlines()
    assert len(more) < 2
    assert file_of(home).stat().st_mtime_ns == home.config_file.stat().st_mtime_ns
    return {"==signed out==": "ended", "ok": "open"}.get(line.split("|")[3]) or (
        "assumed" if line.endswith("|=?=") else "known"
    )


def change_facts(home: Home, **facts: int | None) -> None:
    [path] = home.path.glob("**/sign-ins/corp.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **facts}))


def age_token(home: Home, seconds: int) -> None:
    """Change the token's file so that the token expires after `seconds`."""
    from ssohelper.core.instants import to_iso

    [path] = [p for p in home.token_folder.iterdir() if "accessToken" in p.read_text()]
    found = json.loads(path.read_text())
    found["expiresAt"] = to_iso(App(home.env).clock.now() + seconds)
    path.write_text(json.dumps(found))


def credentials(run: Run, role: str = ROLE) -> int:
    argv = ["--session", "corp", "--account-id", ACCOUNT, "--role-name", role]
    return run("credential-process", *argv).returncode


class TestTransitions:
    def test_from_sign_in_to_sign_in(self, run, home, emulator, said):
        said("--state")  # from now on a shell reads the role's file
        assert state(home) == "ended"
        assert said() == "payments-prod.ReadO..cess ==signed out==\n"
        assert run("login").returncode == 0
        assert state(home) == "assumed"
        assert said() == f"{PROFILE} 8h00m?\n"
        # A renewal after AWS's default length shows that the sign-in is longer; its end is unknown.
        change_facts(home, signed_in_at=App(home.env).clock.now() - 9 * 3600)
        age_token(home, 60)
        assert credentials(run) == 0
        assert emulator.counters["CreateToken.refresh_token"] == 1
        assert state(home) == "open"
        assert said() == f"{PROFILE} ok\n"
        emulator.end_sign_ins("ana")  # the token's file still names an hour
        assert credentials(run, "BreakGlassAdmin") == 4
        assert state(home) == "ended"
        assert said() == "payments-prod.ReadO..cess ==signed out==\n"
        assert run("login").returncode == 0
        assert said().startswith(f"{PROFILE} ")
        assert state(home) != "ended"
        assert run("logout").returncode == 0
        assert state(home) == "ended"

    def test_a_configured_end_is_known_and_has_no_question_mark(self, run, home, said):
        assert run("config", "set", "session_hours", "8").returncode == 0
        said("--state")
        assert run("login").returncode == 0
        assert state(home) == "known"
        assert said() == f"{PROFILE} 8h00m\n"
        change_facts(home, signed_in_at=App(home.env).clock.now() - 8 * 3600 + 240)
        age_token(home, 200)
        assert said().split(" ")[1].startswith("==")

    def test_shells_ask_again_after_a_setting_that_prompts_depend_on(self, run, home, said):
        assert run("login").returncode == 0
        said("--state")
        assert state(home) == "assumed"
        for setting, value, known in (
            ("sessions.corp.session_hours", "10", "known"),
            ("sessions.corp.session_hours", "--default", "assumed"),
            ("guard.rules", "*", "assumed"),
        ):
            assert run("config", "set", setting, value).returncode == 0
            assert not file_of(home).exists()
            label = said("--state").split("|")[0]
            assert label == ("@@" if setting == "guard.rules" else "") + PROFILE
            assert state(home) == known
        assert run("config", "set", "theme", "dark").returncode == 0
        assert file_of(home).exists()

    @pytest.mark.parametrize(
        "argv",
        [
            "status",
            "login",
            f"use {PROFILE}",
            f"credential-process --profile {PROFILE}",
            "prompt --state",
        ],
    )
    def test_what_another_tool_did_shows_after_the_next_command(
        self, run, home, emulator, said, argv
    ):
        said("--state")
        token = home.write_token(emulator.issue_token("ana"))
        assert state(home) == "ended"
        assert run(*argv.split(), env={"_SSOHELPER_SHELL": "bash"}).returncode == 0
        assert state(home) == "open"
        token.unlink()
        run(*argv.split(), env={"_SSOHELPER_SHELL": "bash"})
        assert state(home) == ("assumed" if argv == "login" else "ended")


class TestLine:
    @pytest.mark.parametrize(
        ("env", "line"),
        [
            ({"AWS_PROFILE": ""}, ""),
            ({"AWS_PROFILE": "plain"}, "plain\n"),  # it is none of ours
            ({"AWS_PROFILE": "no such"}, "no such\n"),
            ({**KEYS, "AWS_PROFILE": ""}, "keys ==expired==\n"),
            (
                {**KEYS, "AWS_PROFILE": "", "_SSOHELPER_USED": f"keys {PROFILE}"},
                f"{PROFILE} ==expired==\n",
            ),
        ],
    )
    def test_what_is_in_use_is_named(self, said, env, line):
        assert said(**env) == line

    def test_a_format_of_ones_own_and_the_mark_of_a_guarded_role(self, said, run):
        text = "{session}|{account_id}|{role}|{left}|{level}|{guarded}|{profile}|{nothing}|{"
        assert said("--format", text) == (
            f"corp|{ACCOUNT}|{ROLE}|==signed out==|late||{PROFILE}|{{nothing}}|{{\n"
        )
        assert said("--format", "a\nb\x1b[0m") == "a\\x0ab\\x1b[0m\n"
        assert run("config", "set", "guard.rules", f"*{ACCOUNT}/ReadOnly*").returncode == 0
        assert said().startswith("@@payments-")
        assert said("--format", "{guarded} {profile}") == f"guarded {PROFILE}\n"

    def test_json(self, run):
        assert run.data("prompt") == {
            "profile": PROFILE,
            "session": "corp",
            "account_id": ACCOUNT,
            "role_name": ROLE,
            "guarded": False,
            "clock": "ended",
            "level": "late",
            "ends_at": None,
            "left_seconds": None,
            "line": "payments-prod.ReadO..cess ==signed out==",
        }


class TestFailures:
    """Whatever is wrong: exit code 0, no message, and at most the profile's name."""

    @pytest.mark.parametrize("argv", long_after(1, [[], ["--state"], ["--format", "{line}"]]))
    @pytest.mark.parametrize(
        "what", long_after(3, ["config", "full", "token", "settings", "runtime", "closed"])
    )
    def test_a_defect_of_the_home_is_no_failure_of_the_prompt(self, home, what, argv):
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
        done = run_program(
            ["/bin/sh", "-c", f'exec "$0" prompt "$@" {redirect}', SCRIPT, *argv], home.env
        )
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout == "" or done.stdout.startswith("payments-p")

    def test_the_prompt_sends_no_request_and_waits_for_no_lock(self, run, home, emulator, said):
        assert run("login").returncode == 0
        app = App(home.env)
        age_token(home, -60)
        emulator.reset_counters()
        with (
            app.tokens.lock_token(app.config.read().sso_session("corp"), app.clock.deadline()),
            app.tokens.lock_sign_in("corp", app.clock.deadline()),
        ):
            assert said().startswith(PROFILE)
            assert said("--state").startswith(PROFILE)
        assert not emulator.calls

    def test_a_sign_in_succeeds_where_no_prompt_can_be_updated(self, run, home):
        home.runtime.mkdir(mode=0o700)
        (home.runtime / "prompt").symlink_to("nothing")
        assert run("login").returncode == 0
        assert credentials(run) == 0


def test_list_marks_guarded_roles(run, home):
    home.env.pop("AWS_PROFILE")
    assert run("login").returncode == 0
    assert run("config", "set", "guard.rules", f"{ACCOUNT}/breakglass*").returncode == 0
    rows = run.data("list")
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
