"""`profile list`, `show`, `add`, `rm` and `undo` as the real program, with each of their flags."""

import json

import click
import pytest

from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.core.choices import Choices
from tests.conftest import Home, Run
from tests.saved_listing import DEV, PAY, add_listed_session


@pytest.fixture
def saved(home) -> Home:
    """A home with the session "corp" and a saved list of three roles: no test here asks AWS."""
    add_listed_session(home)
    return home


@pytest.fixture
def synced(saved, run) -> Home:
    """Return a home after `profile sync` with the profiles pay.Admin, pay.Read and dev.Read."""
    assert run("profile", "sync", "--yes").returncode == 0
    return saved


def names(run: Run) -> list[str]:
    return [row.split("\t")[0] for row in run("profile", "list").stdout.splitlines()]


def show(run: Run, name: str) -> dict[str, object]:
    found: dict[str, object] = run.data("profile", "show", name)
    return found


@pytest.mark.parametrize(
    "command",
    [["add", f"{PAY}/Admin", "--name", "new"], ["rm", "pay.Admin"], ["undo"]],
    ids=lambda command: command[0],
)
class TestBeforeWriting:
    def test_without_yes_off_a_terminal_nothing_is_written(self, synced, run, command):
        before = synced.config_file.read_bytes()
        done = run("profile", *command)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"profile {command[0]} needs an answer" in done.stderr
        assert "[profile " in done.stderr
        assert synced.config_file.read_bytes() == before

    def test_dry_run_prints_the_diff_and_writes_nothing(self, synced, run, command):
        before = synced.config_file.read_bytes()
        done = run("profile", *command, "--dry-run", "--yes")
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(f"--- {synced.config_file}\n")
        assert synced.config_file.read_bytes() == before


def test_a_diff_has_tabs_and_no_control_characters(capsys):
    with click.Context(click.Command("sync")):
        output.print_diff(["+region\t=\tx", "+a = \x1b"], on_stdout=True)
    assert capsys.readouterr().out == "+region\t=\tx\n+a = \\x1b\n"


class TestRemove:
    @pytest.mark.parametrize(
        ("typed", "left"),
        [
            (["pay.*"], ["dev.Read"]),
            (["*.Read", "pay.Admin"], []),
            (["pay.Read", "[d]ev.?ead"], ["pay.Admin"]),
        ],
    )
    def test_patterns_stand_for_the_managed_profiles_that_they_fit(self, synced, run, typed, left):
        own = "[profile pay.own]\nregion = eu-west-1\n"
        synced.write_config(synced.config_file.read_text() + own)
        assert run("profile", "rm", *typed, "--yes").returncode == 0
        assert names(run) == [*left, "pay.own"]
        assert own in synced.config_file.read_text()

    @pytest.mark.parametrize("typed", ["PAY*", "own*", "[", "nothing-*"])
    def test_a_pattern_that_fits_no_managed_profile_removes_nothing(self, synced, run, typed):
        synced.write_config(synced.config_file.read_text() + "[profile own]\nregion = x\n")
        before = synced.config_file.read_bytes()
        done = run("profile", "rm", "pay.Read", typed, "--yes")
        assert done.returncode == 2
        assert f'no managed profile fits "{typed}"' in done.stderr
        assert synced.config_file.read_bytes() == before

    def test_json_after_a_no_names_no_removed_profile(self, synced, terminal):
        child = terminal("profile", "rm", "pay.Read", "--json")
        child.expect_exact("[y/N]")
        child.sendline("n")
        code, said = child.ended()
        assert (code, '"remove": []' in said) == (0, True), said

    def test_a_profile_whose_name_has_a_star_is_that_profile(self, synced, run):
        starred = "[profile pay.*]\nregion = eu-west-1\nssohelper_managed = true\n"
        synced.write_config(synced.config_file.read_text() + starred)
        assert run("profile", "rm", "pay.*", "--yes").returncode == 0
        assert names(run) == ["pay.Admin", "pay.Read", "dev.Read"]


class TestAdd:
    def test_adds_a_profile_that_was_removed(self, synced, run):
        assert run("profile", "rm", "pay.Admin", "--yes").returncode == 0
        done = run("profile", "sync", "--yes")
        assert 'skipped "pay.Admin": its profile was removed' in done.stderr
        assert names(run) == ["pay.Read", "dev.Read"]
        assert run("profile", "add", "pay/Admin", "--name", "prod", "--yes").returncode == 0
        assert names(run) == ["pay.Read", "dev.Read", "prod"]
        assert "skipped" not in run("profile", "sync", "--yes").stderr
        again = run.ok("profile", "add", "pay/Admin", "--yes")
        assert 'the profile "prod" already points at this role' in again.stderr

    def test_form_and_region_are_those_of_the_new_profile_alone_and_a_taken_name_is_exit_2(
        self, synced, run, saved
    ):
        given = ("--name", "new", "--form", "sso", "--region", "us-east-2", "--yes")
        assert run("profile", "add", "dev/Read", *given).returncode == 0
        new, other = show(run, "new"), show(run, "dev.Read")
        assert (new["form"], new["region"]) == ("sso", "us-east-2")
        assert (other["form"], other["region"]) == ("process", "eu-west-1")
        assert App(synced.env).choices.load("corp") == Choices()
        credentials = synced.config_file.with_name("credentials")
        credentials.write_text("[static]\naws_access_key_id = AKIAEXAMPLE\n")
        before = synced.config_file.read_bytes()
        for name in ("PAY.read", "Static", "default"):
            done = run("profile", "add", "corp:dev/Read", "--name", name, "--yes")
            assert (done.returncode, "already exists" in done.stderr) == (2, True)
        assert synced.config_file.read_bytes() == before
        assert run("profile", "add", f"{PAY}/Nobody", "--yes").returncode == 5


class TestShow:
    def test_warns_of_a_key_that_is_ignored_in_the_shown_profile_alone(self, synced, run):
        text = synced.config_file.read_text()
        synced.write_config(text.replace("[profile pay.Read]", "[profile pay.Read]\nservices = s"))
        warning = 'ssohelper: warning: "services" of profile "pay.Read": ignored'
        assert run("profile", "show", "pay.Read").stderr.startswith(warning)
        assert run("profile", "show", "pay.Admin").stderr == ""


class TestUndo:
    def test_undo_reverses_the_write_and_keeps_edits_elsewhere(self, saved, run):
        before = saved.config_file.read_text()
        run("profile", "sync", "--yes", "--account", "dev")
        done = run("profile", "undo", "--yes")
        assert (done.returncode, saved.config_file.read_text()) == (0, before)
        assert f"restored: {saved.config_file}" in done.stderr
        assert run("profile", "undo", "--yes").returncode == 2
        run("profile", "sync", "--yes", "--account", "dev")
        text = saved.config_file.read_text()
        saved.config_file.write_text(f"# first\n{text}\n[profile mine]\noutput = json\n")
        assert "-credential_process" in run("profile", "undo", "--yes").stderr
        expected = f"# first\n{before}\n[profile mine]\noutput = json\n"
        assert saved.config_file.read_text() == expected

    def test_an_edited_section_stops_the_undo_and_both_are_shown(self, saved, run):
        secret = "[profile mine]\r\naws_secret_access_key = CANARY\r\n"
        saved.config_file.write_bytes(saved.config_file.read_bytes() + secret.encode())
        run("profile", "sync", "--yes")
        before = saved.config_file.read_bytes()
        run("profile", "rm", "dev.Read", "pay.Admin", "--yes")
        text = saved.config_file.read_text() + "[profile dev.Read]\nregion = mine\n"
        saved.config_file.write_text(text)
        done = run("profile", "undo", "--yes")
        assert (done.returncode, saved.config_file.read_text()) == (3, text)
        assert "[profile dev.Read] was edited since the last command wrote it" in done.stderr
        assert "\n-region = mine\n" in done.stderr
        assert "\n+ssohelper_managed = true\n" in done.stderr
        assert "pay.Admin" not in done.stderr
        assert run("profile", "undo", "--print").stdout.encode() == before.replace(b"\r\n", b"\n")
        assert "CANARY" not in run("profile", "undo", "--print", "--json").stdout

    def test_an_edit_during_the_question_is_refused(self, synced, terminal):
        child = terminal("profile", "undo")
        child.expect_exact("[y/N]")
        edited = synced.config_file.read_text() + "\n[profile late]\nregion = eu-west-1\n"
        synced.config_file.write_text(edited)
        child.sendline("y")
        code, said = child.ended()
        assert (code, "has changed since the diff was shown" in said) == (7, True)
        assert synced.config_file.read_text() == edited

    def test_a_sync_that_changes_only_the_filters_is_undone_alone(self, saved, run):
        run("profile", "sync", "--yes", "--role", "Read")
        written = saved.config_file.read_bytes()
        assert "nothing to change" in run("profile", "sync", "--yes", "--role", "Re*").stderr
        run("profile", "sync", "--yes")  # changes neither, so undo does not see it
        planned = run("profile", "undo", "--dry-run", "--json")
        [options] = json.loads(planned.stdout)["data"]["options"]
        unset = dict.fromkeys(("name_template", "form", "default_region"))
        assert options == {"session": "corp", "accounts": [], "roles": ["Read"], **unset}
        said = 'filters and options of session "corp" {} restored: --role Read\n'
        assert run("profile", "undo", "--dry-run").stderr == said.format("would be")
        done = run("profile", "undo", "--yes")
        assert (done.returncode, said.format("were") in done.stderr) == (0, True)
        assert f"restored: {saved.config_file}" not in done.stderr
        assert saved.config_file.read_bytes() == written
        assert App(saved.env).choices.load("corp").roles == ("Read",)
        done = run("profile", "undo", "--yes")
        assert (f"restored: {saved.config_file}" in done.stderr) is True
        assert "were restored: there were none before" in done.stderr
        assert b"[profile" not in saved.config_file.read_bytes()

    def test_after_undo_of_rm_sync_may_add_the_role_again(self, synced, run):
        before = synced.config_file.read_bytes()
        run("profile", "rm", "pay.Admin", "--yes")
        assert run("profile", "undo", "--yes").returncode == 0
        assert synced.config_file.read_bytes() == before
        assert App(synced.env).choices.load("corp").removed == frozenset()


class TestUsersOwnProfiles:
    def test_rm_does_not_remove_a_profile_that_is_not_managed(self, saved, run):
        saved.write_config(saved.config_file.read_text() + "[profile mine]\nregion = x\n")
        done = run("profile", "rm", "mine", "--yes")
        assert (done.returncode, '"mine" is not managed' in done.stderr) == (2, True)
        assert names(run) == ["mine"]

    def test_no_command_prints_a_secret_of_the_config(self, saved, run):
        keys = "aws_access_key_id = AKIA\naws_secret_access_key = hush-hush\n"
        saved.write_config(saved.config_file.read_text() + f"[profile mine]\n{keys}")
        for arguments in (["show", "mine"], ["show", "mine", "--json"], ["sync", "--dry-run"]):
            done = run.ok("profile", *arguments)
            assert "hush" not in done.stdout + done.stderr
        assert show(run, "mine")["keys"] == {
            "aws_access_key_id": "AKIA",
            "aws_secret_access_key": "(not shown)",
        }
        near = run("profile", "show", "mnie")
        assert (near.returncode, '"mine"' in near.stderr) == (2, True)


class TestList:
    def test_session_limits_the_list_to_its_profiles(self, synced, run):
        own = "[profile own]\ncredential_process = ssohelper-credentials --session other "
        own += f"--account-id {DEV} --role-name Read\n"
        synced.write_config(synced.config_file.read_text() + own)
        assert "own" in names(run)
        printed = run("profile", "list", "--session", "corp").stdout
        found = [line.split("\t")[0] for line in printed.splitlines()]
        assert found == ["pay.Admin", "pay.Read", "dev.Read"]
