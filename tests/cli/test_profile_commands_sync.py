"""`profile sync` as the real program: what it writes, what it remembers, and each of its flags."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ssohelper.app import App
from ssohelper.core.choices import Choices
from tests.conftest import SCRIPT, Home, Run
from tests.long_rows import long_after
from tests.programs import run_program
from tests.saved_listing import DEV, PAY, add_listed_session, listed_account, save_listing

ONLY_DEV = ("--account", "payments-dev")


@pytest.fixture
def saved(home) -> Home:
    """A home with the session "corp" and a saved list of three roles: no test here asks AWS."""
    add_listed_session(home)
    return home


@pytest.fixture
def signed_in(home, emulator, session_url) -> Home:
    """A home in which ana is signed in to the emulator as the session "corp"."""
    home.add_session("corp", session_url, "us-east-1")
    home.write_token(emulator.issue_token("ana"))
    return home


def rows(run: Run) -> dict[str, str]:
    """Return the form of each profile, by name, in the order of the file."""
    found = run.data("profile", "list")
    return {row["name"]: row["form"] for row in found}


def ok(done: "subprocess.CompletedProcess[str]") -> str:
    assert done.returncode == 0, done.stderr
    return done.stderr


class TestWriting:
    def test_a_sync_without_changes_says_when_the_roles_were_listed(self, saved, run):
        now = "nothing to change\n"
        ok(run("profile", "sync", "--yes"))
        assert run("profile", "sync").stderr == now
        app = App(saved.env)
        listing = app.directory.load("corp")
        assert listing is not None
        earlier = listing._replace(listed_at=app.clock.now() - 14 * 60 - 5)
        app.directory.save("corp", earlier)
        advice = "; to list them anew: ssohelper profile sync --refresh\n"
        old = f"{now}the roles were listed 14m ago{advice}"
        assert run("profile", "sync").stderr == old
        assert run("profile", "sync", "--dry-run").stderr == old
        assert run("profile", "sync", "--json").stderr == now

    def test_a_second_sync_changes_no_byte(self, saved, run):
        before = saved.config_file.read_bytes()
        done = run("profile", "sync", "--yes")
        assert (done.returncode, done.stdout) == (0, "")
        assert "3 profiles added; undo with: ssohelper undo" in done.stderr
        written = saved.config_file.read_bytes()
        assert written.startswith(before)
        assert list(rows(run)) == ["pay.Admin", "pay.Read", "dev.Read"]
        before_sync = saved.config_file.stat()
        assert "nothing to change" in ok(run("profile", "sync", "--yes"))
        assert saved.config_file.read_bytes() == written
        after_sync = saved.config_file.stat()  # its st_atime may differ: it was read
        assert after_sync.st_ino == before_sync.st_ino
        assert after_sync.st_ctime_ns == before_sync.st_ctime_ns

    def test_a_read_only_config_is_refused_only_if_something_is_to_be_written(self, saved, run):
        saved.config_file.chmod(0o444)
        refused = run("profile", "sync", "--yes")
        assert (refused.returncode, "is read-only" in refused.stderr) == (7, True)
        saved.config_file.chmod(0o600)
        assert run("profile", "sync", "--yes").returncode == 0
        saved.config_file.chmod(0o444)
        assert run("profile", "sync", "--yes").returncode == 0

    @pytest.mark.parametrize(
        ("edit", "code", "words"),
        [
            ("\n[profile late]\nregion = x\n", 0, "has changed elsewhere since the diff was shown"),
            ("output = json\n", 7, "has changed since the diff was shown"),
        ],
        ids=["elsewhere", "in the section that changes"],
    )
    def test_an_edit_during_the_question_is_said_or_refused(
        self, saved, terminal, edit, code, words
    ):
        text = saved.config_file.read_text() + (
            f"[profile own]\nsso_session=corp\nsso_account_id={PAY}\nsso_role_name=Admin\n"
        )
        saved.config_file.write_text(text)
        child = terminal("profile", "sync", "--adopt", "own")
        child.expect_exact("[y/N]")
        saved.config_file.write_text(text + edit)
        child.sendline("y")
        found, said = child.ended()
        assert (found, words in said) == (code, True), said
        written = saved.config_file.read_text()
        assert edit in written
        assert (written == text + edit) == (code != 0)

    def test_updates_lines_that_name_the_command_of_an_earlier_version(self, saved, run):
        ok(run("profile", "sync", "--yes"))
        now = saved.config_file.read_text()
        assert now.count(f"{SCRIPT}-credentials --session") == 3
        earlier = now.replace(
            "ssohelper-credentials --session", "ssohelper credential-process --session"
        )
        saved.config_file.write_text(earlier)
        shown = run("profile", "sync", "--dry-run").stdout
        assert shown.count(f"+credential_process = {SCRIPT}-credentials --session") == 3
        ok(run("profile", "sync", "--yes"))
        assert saved.config_file.read_text() == now
        done = run("profile", "sync", "--dry-run")
        assert (done.stdout, done.stderr) == ("", "nothing to change\n")

    def test_a_name_in_the_credentials_file_is_taken(self, saved, run):
        credentials = saved.config_file.with_name("credentials")
        credentials.write_text("[pay.Admin]\naws_access_key_id = AKIAEXAMPLE\n")
        ok(run("profile", "sync", "--yes"))
        assert list(rows(run)) == ["corp.pay.Admin", "corp.pay.Read", "dev.Read"]

    def test_a_config_that_botocore_refuses_is_exit_3_and_unchanged(self, saved, run):
        saved.config_file.write_bytes(b"[a]\nx\n")
        done = run("profile", "sync", "--yes", "--session", "corp")
        assert (done.returncode, done.stdout) == (3, "")
        assert f"{saved.config_file}:2:" in done.stderr
        assert saved.config_file.read_bytes() == b"[a]\nx\n"

    @pytest.mark.parametrize("form", long_after(1, ["sso", "process"]))
    def test_botocore_gets_the_right_role_from_both_forms(self, form, signed_in, run):
        ok(run("profile", "sync", "--yes", "--form", form, "--role", "Read*"))
        found = run.data("profile", "list")
        assert found
        account_id, arn = identity(signed_in, found[0]["name"])
        assert account_id == found[0]["account_id"]
        assert f"AWSReservedSSO_{found[0]['role_name']}_" in arn


def identity(home: Home, profile: str) -> tuple[str, str]:
    """Return the account and the ARN that botocore gets, in a process with only this home."""
    code = (
        "import sys,json,botocore.session as s;"
        "c=s.Session(profile=sys.argv[1]).create_client('sts');print(json.dumps(c.get_caller_identity()))"
    )
    done = run_program([sys.executable, "-c", code, profile], home.env, check=True)
    answer = json.loads(done.stdout)
    return answer["Account"], answer["Arn"]


class TestChoices:
    def test_a_bare_sync_repeats_filters_template_and_form(self, saved, run):
        template = ("--name-template", "{session}-{account_name}")
        ok(run("profile", "sync", "--yes", "--role", "Read", "--form", "sso", *template))
        assert rows(run) == {"corp-pay": "sso", "corp-dev": "sso"}
        new = listed_account("222233334444", "new", "Admin", "Read")
        save_listing(saved, listed_account(PAY, "pay", "Admin", "Read"), new)
        assert "1 profile left whose role is gone" in ok(run("profile", "sync", "--yes"))
        assert rows(run) == {"corp-pay": "sso", "corp-dev": "sso", "corp-new": "sso"}
        assert run.data("profile", "show", "corp-new")["role_name"] == "Read"

    def test_settings_are_the_defaults_of_new_profiles_and_options_win(self, saved, run):
        saved.env.update(SSOHELPER_NAME_TEMPLATE="{account_id}", SSOHELPER_FORM="sso")
        saved.env["SSOHELPER_DEFAULT_REGION"] = "us-east-2"
        ok(run("profile", "sync", "--yes", "--account", "dev"))
        shown = run.data("profile", "show", DEV)
        assert (shown["form"], shown["region"]) == ("sso", "us-east-2")
        options = "--account pay --form process --name-template {account_name}-{role_name}"
        ok(run("profile", "sync", "--yes", *options.split(), "--default-region", "eu-north-1"))
        assert rows(run) == {"pay-Admin": "process", "pay-Read": "process", DEV: "sso"}
        assert run.data("profile", "show", "pay-Read")["region"] == "eu-north-1"

    def test_remembered_filters_are_said_with_what_they_leave_out(self, saved, run):
        assert run("profile", "sync", "--role", "Rea*", "--yes").returncode == 0
        said = run("profile", "sync", "--yes").stderr
        assert "filters: --role 'Rea*'; 1 role left out (to match all:" in said
        assert "filters:" in run("profile", "sync", "--dry-run").stderr
        assert "filters:" not in run("profile", "sync", "--role", "*", "--yes").stderr

    def test_filters_that_match_no_role_are_not_remembered_and_that_is_said(self, saved, run):
        ok(run("profile", "sync", "--yes", "--role", "Read"))
        ok(run("profile", "sync", "--yes", "--role", "Raed", "--form", "sso"))
        choices = App(saved.env).choices.load("corp")
        assert (choices.roles, choices.form) == (("Read",), "sso")
        output = ok(run("profile", "sync", "--yes", "--account", "dve"))
        assert (
            "no role matches --account dve --role Read: these filters are not remembered" in output
        )
        assert App(saved.env).choices.load("corp") == choices

    @pytest.mark.parametrize(
        "arguments",
        [
            ["--name-template", "{x}"],
            ["--form", "x"],
            ["--default-region", "../x"],
            ["--default-region", ""],
        ],
    )
    def test_an_invalid_choice_is_exit_2(self, saved, run, arguments):
        assert run("profile", "sync", "--yes", *arguments).returncode == 2


class TestDefaultRegion:
    def regions(self, run: Run) -> dict[str, str]:
        found = run.data("profile", "list")
        return {row["name"]: row["region"] for row in found}

    def test_it_changes_only_managed_profiles_with_the_old_default(self, saved, run):
        ok(run("profile", "sync", "--yes", "--default-region", "eu-west-1"))
        saved.write_config(
            saved.config_file.read_text().replace("\nregion = eu-west-1", "\nregion = sa-east-1", 1)
            + "[profile mine]\nregion = eu-west-1\n"
        )
        edited = saved.config_file.read_text()
        said = ok(run("profile", "sync", "--dry-run", "--default-region", "us-west-2"))
        assert "would be remembered: --default-region us-west-2" in said
        assert "remembered: " not in ok(run("profile", "sync", "--dry-run"))
        said = ok(run("profile", "sync", "--yes", "--default-region", "us-west-2"))
        assert "changed" in said
        assert "\nremembered: --default-region us-west-2" in said
        found = self.regions(run)
        assert sorted(found.values()) == ["eu-west-1", "sa-east-1", "us-west-2", "us-west-2"]
        assert found["mine"] == "eu-west-1"
        assert "us-west-2" in run("session", "show", "corp").stdout
        ok(run("profile", "undo", "--yes"))
        assert saved.config_file.read_text() == edited
        assert "default region\teu-west-1" in run("session", "show", "corp").stdout

    def test_it_also_changes_profiles_that_the_filters_leave_out(self, saved, run):
        ok(run("profile", "sync", "--yes"))
        ok(run("profile", "sync", "--yes", "--role", "Admin", "--default-region", "us-west-2"))
        assert set(self.regions(run).values()) == {"us-west-2"}

    def test_without_the_option_no_region_of_a_profile_changes(self, saved, run):
        ok(run("profile", "sync", "--yes", "--default-region", "eu-west-1"))
        written = saved.config_file.read_bytes()
        ok(run("config", "set", "regions.*", "us-west-2"))
        assert "nothing to change" in ok(run("profile", "sync", "--yes"))
        assert saved.config_file.read_bytes() == written

    def test_the_first_rule_that_matches_the_account_wins(self, saved, run):
        ok(run("config", "set", "regions.D*", "eu-central-1"))
        ok(run("config", "set", "regions.dev", "eu-north-1"))
        region = ("--default-region", "us-west-2")
        ok(run("profile", "sync", "--yes", "--role", "Admin", *region))
        ok(run("profile", "sync", "--yes", "--role", "*"))
        assert self.regions(run) == {
            "pay.Admin": "us-west-2",
            "pay.Read": "us-west-2",
            "dev.Read": "eu-central-1",
        }
        ok(run("config", "set", "regions.pay", "ap-south-1"))
        ok(run("profile", "sync", "--yes", *region))
        assert self.regions(run)["pay.Admin"] == "ap-south-1"

    def test_a_role_without_a_profile_gets_the_region_of_a_new_one(self, signed_in, run):
        ok(run("list", "--refresh"))
        ok(run("config", "set", "regions.payments-dev", "eu-north-1"))
        for role, region in [("payments-dev", "eu-north-1"), ("orders-dev", "us-east-1")]:
            done = run("env", f"corp:{role}/ReadOnlyAccess")
            assert f"AWS_REGION={region}" in done.stdout.replace("'", ""), done.stderr

    def test_the_region_of_profile_add_wins_over_a_rule(self, saved, run):
        ok(run("config", "set", "regions.dev", "eu-north-1"))
        ok(run("profile", "add", "dev/Read", "--name", "a", "--yes"))
        ok(run("profile", "add", "dev/Read", "--name", "b", "--region", "us-west-2", "--yes"))
        assert self.regions(run) == {"a": "eu-north-1", "b": "us-west-2"}
        assert run("profile", "add", "dev/Read", "--region", "x", "--yes").returncode == 2


class TestFlags:
    def test_nothing_is_written_without_yes_and_then_the_roles_that_match(self, saved, run):
        before = saved.config_file.read_bytes()
        done = run("profile", "sync")
        assert done.returncode == 2
        assert "+[profile pay.Admin]" in done.stderr
        assert saved.config_file.read_bytes() == before
        ok(run("profile", "sync", "--yes", "--account", "!dev", "--role", "Read"))
        assert list(rows(run)) == ["pay.Read"]

    def test_dry_run_prints_the_diff_or_the_plan_as_json(self, saved, run):
        before = saved.config_file.read_bytes()
        done = run.ok("profile", "sync", "--dry-run", "--role", "Read")
        assert done.stdout.splitlines()[:2] == [
            f"--- {saved.config_file}",
            f"+++ {saved.config_file}",
        ]
        assert "+[profile pay.Read]" in done.stdout
        printed = run("profile", "sync", "--dry-run", "--json", "--role", "Read").stdout
        nothing: dict[str, list[str]] = {"change": [], "remove": [], "stale": [], "skipped": []}
        plan = {"add": ["pay.Read", "dev.Read"], **nothing}
        assert json.loads(printed) == {"version": 1, "data": plan, "warnings": []}
        assert saved.config_file.read_bytes() == before
        assert App(saved.env).choices.load("corp") == Choices()

    def test_form_converts_the_profiles_that_the_filters_match(self, saved, run):
        ok(run("profile", "sync", "--yes"))
        # A setting is for new profiles only.
        before = saved.config_file.read_bytes()
        done = run("profile", "sync", "--yes", env={"SSOHELPER_FORM": "sso"})
        assert "nothing to change" in ok(done)
        assert saved.config_file.read_bytes() == before
        output = ok(run("profile", "sync", "--yes", "--form", "sso", "--account", "dev"))
        assert "1 profile changed" in output
        assert rows(run) == {"pay.Admin": "process", "pay.Read": "process", "dev.Read": "sso"}

    def test_guarded_roles_stay_in_process_form(self, saved, run):
        ok(run("config", "set", "guard.rules", "pay/Admin", "dev/Read"))
        ok(run("profile", "sync", "--yes", "--account", "pay"))
        done = run("profile", "sync", "--dry-run", "--json", "--form", "sso", "--account", "*")
        ok(done)
        skipped = json.loads(done.stdout)["data"]["skipped"]
        assert [one["name"] for one in skipped] == ["pay.Admin", "dev.Read"]
        assert "stays in process form" in skipped[0]["reason"]
        ok(run("profile", "sync", "--yes", "--form", "sso", "--account", "*"))
        assert rows(run) == {"pay.Admin": "process", "pay.Read": "sso", "dev.Read": "process"}

    def test_rename_gives_existing_profiles_the_names_of_the_template(self, saved, run):
        ok(run("profile", "sync", "--yes"))
        template = ("--name-template", "{session}-{account_name}-{role_name}")
        assert "nothing to change" in ok(run("profile", "sync", "--yes", *template))
        assert list(rows(run)) == ["pay.Admin", "pay.Read", "dev.Read"]
        assert "3 profiles changed" in ok(run("profile", "sync", "--yes", "--rename"))
        assert list(rows(run)) == ["corp-pay-Admin", "corp-pay-Read", "corp-dev-Read"]

    def test_refresh_asks_aws_although_the_saved_list_is_recent(self, signed_in, run, emulator):
        ok(run("profile", "sync", "--yes", "--account", "*-dev", "--role", "Developer"))
        emulator.world.add_account("000040000009", "new-dev", ou="Workloads/Development")
        assert "nothing to change" in ok(run("profile", "sync", "--yes"))
        assert "new-dev.Developer" not in rows(run)
        assert "1 profile added" in ok(run("profile", "sync", "--yes", "--refresh"))
        assert "new-dev.Developer" in rows(run)

    def test_prune_removes_the_managed_profiles_whose_role_is_gone(self, signed_in, run, emulator):
        ok(run("profile", "sync", "--yes", *ONLY_DEV))
        all_of_dev = list(rows(run))
        assert "payments-dev.ReadOnlyAccess" in all_of_dev
        emulator.world.unassign("everyone", "ReadOnlyAccess", "Workloads")
        output = ok(run("profile", "sync", "--yes", "--refresh"))
        assert "1 profile left whose role is gone" in output
        assert list(rows(run)) == all_of_dev
        assert "1 profile removed" in ok(run("profile", "sync", "--yes", "--prune"))
        assert list(rows(run)) == [
            name for name in all_of_dev if name != "payments-dev.ReadOnlyAccess"
        ]

    def test_prune_with_new_filters_narrows_after_the_question(self, signed_in, run, emulator):
        ok(run("profile", "sync", "--yes", *ONLY_DEV))
        read_only = [name for name in rows(run) if name.endswith(".ReadOnlyAccess")]
        before = signed_in.config_file.read_bytes()
        narrow = ("profile", "sync", "--role", "Read*", "--prune")
        assert "-[profile payments-dev.Developer]" in run(*narrow, "--dry-run").stdout
        assert signed_in.config_file.read_bytes() == before
        ok(run(*narrow, "--yes"))
        assert list(rows(run)) == read_only
        ok(run("profile", "undo", "--yes"))
        assert signed_in.config_file.read_bytes() == before


def test_portable_profiles_run_ssohelper_by_its_name_until_a_sync_says_otherwise(saved, run):
    def read() -> str:
        return saved.config_file.read_text()

    def findings(path: str, *options: str) -> dict[str, str]:
        done = run("doctor", "--json", *options, env={"PATH": path})
        rows = json.loads(done.stdout)["data"]["findings"]
        return {row["id"]: row["fix"] for row in rows if row["id"].startswith("helper-")}

    ok(run("profile", "sync", "--yes", *ONLY_DEV[:1], "pay"))
    planned = run("profile", "sync", "--portable", "--dry-run").stdout
    assert planned.count("+credential_process = ssohelper-credentials ") == 2
    ok(run("profile", "sync", "--portable", "--yes", "--account", "*"))
    portable = read()
    assert portable.count("credential_process = ssohelper-credentials --session corp ") == 3
    assert "nothing to change" in ok(run("profile", "sync", "--yes"))
    folder = str(Path(SCRIPT).parent)
    assert findings(f"{folder}:/usr/bin:/bin") == {}
    said = findings("/usr/bin:/bin", "--fix")
    assert said == {"helper-missing": "add the folder of ssohelper to PATH"}
    assert read() == portable
    ok(run("profile", "sync", "--no-portable", "--yes"))
    assert f"{folder}/ssohelper-credentials --session corp " in read()
    assert "= ssohelper-credentials" not in read()
