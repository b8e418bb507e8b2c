"""profile sync, list, show, add, rm, undo through the real program, and botocore on the result."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ssohelper.actions import profiles
from ssohelper.app import App
from ssohelper.core.choices import Choices
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from tests.conftest import SCRIPT, Home, Run

URL = "https://d-0000000000.awsapps.com/start"
PAY, DEV = "001234567890", "111122223333"


def save_listing(home: Home, *accounts: ListedAccount, session: str = "corp") -> None:
    app = App(home.env)
    app.directory.save(session, Listing(URL, "eu-west-1", int(time.time()), accounts))


@pytest.fixture
def listed(home: Home) -> Home:
    """A home with the session `corp` and a saved list of three roles: nothing asks AWS."""
    home.add_session("corp", URL, "eu-west-1")
    save_listing(
        home,
        ListedAccount(Account(PAY, "pay", ""), ("Admin", "Read")),
        ListedAccount(Account(DEV, "dev", ""), ("Read",)),
    )
    return home


def names(run: Run) -> list[str]:
    return [row.split("\t")[0] for row in run("profile", "list").stdout.splitlines()]


def test_sync_writes_and_a_second_one_changes_no_byte(listed: Home, run: Run) -> None:
    before = listed.config_file.read_bytes()
    done = run("profile", "sync", "--yes")
    assert (done.returncode, done.stdout) == (0, "")
    assert "3 profiles added" in done.stderr
    written = listed.config_file.read_bytes()
    assert written.startswith(before)
    assert names(run) == ["pay.Admin", "pay.Read", "dev.Read"]
    stat = listed.config_file.stat()
    again = run("profile", "sync", "--yes")
    assert (again.returncode, "nothing to change" in again.stderr) == (0, True)
    assert listed.config_file.read_bytes() == written
    assert listed.config_file.stat() == stat


def test_lines_that_were_written_before_the_launcher_are_brought_up_to_date(
    listed: Home, run: Run
) -> None:
    assert run("profile", "sync", "--yes").returncode == 0
    now = listed.config_file.read_text()
    assert now.count(f"{SCRIPT}-credentials --session") == 3
    earlier = now.replace(
        "ssohelper-credentials --session", "ssohelper credential-process --session"
    )
    listed.config_file.write_text(earlier)
    shown = run("profile", "sync", "--dry-run").stdout
    assert shown.count(f"+credential_process = {SCRIPT}-credentials --session") == 3
    assert run("profile", "sync", "--yes").returncode == 0
    assert listed.config_file.read_text() == now
    done = run("profile", "sync", "--dry-run")
    assert (done.stdout, done.stderr) == ("", "nothing to change\n")


def test_without_an_answer_nothing_is_written(listed: Home, run: Run) -> None:
    before = listed.config_file.read_bytes()
    done = run("profile", "sync")
    assert done.returncode == 2
    assert "+[profile pay.Admin]" in done.stderr
    assert listed.config_file.read_bytes() == before


def test_dry_run_prints_the_diff_and_as_json_the_plan(listed: Home, run: Run) -> None:
    before = listed.config_file.read_bytes()
    done = run("profile", "sync", "--dry-run", "--role", "Read")
    assert done.returncode == 0
    assert done.stdout.splitlines()[:2] == [
        f"--- {listed.config_file}",
        f"+++ {listed.config_file}",
    ]
    assert "+[profile pay.Read]" in done.stdout
    told = run("profile", "sync", "--dry-run", "--json", "--role", "Read")
    assert json.loads(told.stdout) == {
        "version": 1,
        "data": {
            "add": ["pay.Read", "dev.Read"],
            "change": [],
            "remove": [],
            "stale": [],
            "skipped": [],
        },
        "warnings": [],
    }
    assert listed.config_file.read_bytes() == before
    assert App(listed.env).choices.load("corp") == Choices()


def test_a_bare_sync_repeats_filters_template_and_form(listed: Home, run: Run) -> None:
    said = ["--role", "Read", "--form", "sso", "--name-template", "{session}-{account_name}"]
    assert run("profile", "sync", "--yes", *said).returncode == 0
    assert names(run) == ["corp-pay", "corp-dev"]
    save_listing(
        listed,
        ListedAccount(Account(PAY, "pay", ""), ("Admin", "Read")),
        ListedAccount(Account("222233334444", "new", ""), ("Admin", "Read")),
    )
    assert run("profile", "sync", "--yes").returncode == 0
    assert names(run) == ["corp-pay", "corp-dev", "corp-new"]
    shown = json.loads(run("profile", "show", "corp-new", "--json").stdout)["data"]
    assert (shown["form"], shown["role_name"]) == ("sso", "Read")
    assert "1 profile left whose role is gone" in run("profile", "sync", "--yes").stderr


def test_settings_are_the_defaults_of_new_profiles(listed: Home, run: Run) -> None:
    listed.env.update(SSOHELPER_NAME_TEMPLATE="{account_id}", SSOHELPER_FORM="sso")
    listed.env["SSOHELPER_DEFAULT_REGION"] = "us-east-2"
    assert run("profile", "sync", "--yes", "--account", "dev").returncode == 0
    shown = json.loads(run("profile", "show", DEV, "--json").stdout)["data"]
    assert (shown["form"], shown["region"]) == ("sso", "us-east-2")


def test_rm_is_remembered_and_add_brings_it_back(listed: Home, run: Run) -> None:
    run("profile", "sync", "--yes")
    assert run("profile", "rm", "pay.Admin", "--yes").returncode == 0
    done = run("profile", "sync", "--yes")
    assert 'skipped "pay.Admin": removed' in done.stderr
    assert names(run) == ["pay.Read", "dev.Read"]
    assert run("profile", "add", "pay/Admin", "--name", "prod", "--yes").returncode == 0
    assert names(run) == ["pay.Read", "dev.Read", "prod"]
    assert "skipped" not in run("profile", "sync", "--yes").stderr
    taken = run("profile", "add", "corp:dev/Read", "--name", "PROD", "--yes")
    assert (taken.returncode, "already" in taken.stderr) == (2, True)
    again = run("profile", "add", "pay/Admin", "--yes")
    assert (again.returncode, 'the profile "prod" already points at this role' in again.stderr) == (0, True)
    missing = run("profile", "add", f"{PAY}/Nobody", "--yes")
    assert missing.returncode == 5


def test_undo_takes_back_what_was_written_and_keeps_later_edits(listed: Home, run: Run) -> None:
    before = listed.config_file.read_text()
    run("profile", "sync", "--yes", "--account", "dev")
    done = run("profile", "undo", "--yes")
    assert (done.returncode, listed.config_file.read_text()) == (0, before)
    assert run("profile", "undo", "--yes").returncode == 2
    run("profile", "sync", "--yes", "--account", "dev")
    text = listed.config_file.read_text()
    listed.config_file.write_text("# first\n" + text + "output = json\n")
    done = run("profile", "undo", "--yes")
    assert "-credential_process" in done.stderr
    assert (
        listed.config_file.read_text() == f"# first\n{before}\n[profile dev.Read]\noutput = json\n"
    )


def test_undo_of_rm_makes_the_role_wanted_again(listed: Home, run: Run) -> None:
    run("profile", "sync", "--yes")
    whole = listed.config_file.read_bytes()
    run("profile", "rm", "pay.Admin", "--yes")
    assert run("profile", "undo", "--yes").returncode == 0
    assert listed.config_file.read_bytes() == whole
    assert App(listed.env).choices.load("corp").removed == frozenset()


def test_a_persons_profile_is_not_removed(listed: Home, run: Run) -> None:
    listed.write_config(listed.config_file.read_text() + "[profile mine]\nregion = x\n")
    done = run("profile", "rm", "mine", "--yes")
    assert (done.returncode, '"mine" is not managed' in done.stderr) == (2, True)


def test_show_leaves_secrets_out(listed: Home, run: Run) -> None:
    keys = "aws_access_key_id = AKIA\naws_secret_access_key = hush-hush\n"
    listed.write_config(listed.config_file.read_text() + f"[profile mine]\n{keys}")
    for arguments in (["show", "mine"], ["show", "mine", "--json"], ["sync", "--dry-run"]):
        done = run("profile", *arguments)
        assert done.returncode == 0
        assert "hush" not in done.stdout + done.stderr
    near = run("profile", "show", "mnie")
    assert (near.returncode, '"mine"' in near.stderr) == (2, True)


@pytest.mark.parametrize(
    ("text", "place"),
    [(b"[a]\n[a]\n", ":2:"), (b"\xef\xbb\xbf[a]\n", ":1:"), (b"[a]\nx\n", ":2:"), (b"[a]\n\xff", ":2:")]
)  # fmt: skip
def test_a_config_that_botocore_refuses_is_exit_3_and_untouched(
    listed: Home, run: Run, text: bytes, place: str
) -> None:
    listed.config_file.write_bytes(text)
    done = run("profile", "sync", "--yes", "--session", "corp")
    assert (done.returncode, done.stdout) == (3, "")
    assert f"{listed.config_file}{place}" in done.stderr
    assert listed.config_file.read_bytes() == text


@pytest.mark.parametrize(
    "arguments",
    [["--name-template", "{x}"], ["--form", "x"], ["--default-region", "../x"]],
)
def test_bad_options_are_usage(listed: Home, run: Run, arguments: list[str]) -> None:
    assert run("profile", "sync", "--yes", *arguments).returncode == 2


@pytest.mark.parametrize("form", ["process", "sso"])
def test_both_forms_are_the_right_role_for_botocore(
    form: str, home: Home, emulator: object, run: Run, session_url: str
) -> None:
    home.add_session("corp", session_url, "us-east-1")
    home.browser()
    assert run("login", "corp").returncode == 0
    assert run("profile", "sync", "--yes", "--form", form, "--role", "Read*").returncode == 0
    found = json.loads(run("profile", "list", "--json").stdout)["data"]
    assert found
    account_id, arn = identity(home, found[0]["name"])
    assert account_id == found[0]["account_id"]
    assert f"AWSReservedSSO_{found[0]['role_name']}_" in arn


def identity(home: Home, profile: str) -> tuple[str, str]:
    """Return account and ARN as botocore finds them, in a process that has only this home."""
    code = (
        "import sys,json,botocore.session as s;"
        "c=s.Session(profile=sys.argv[1]).create_client('sts');print(json.dumps(c.get_caller_identity()))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, profile],
        capture_output=True,
        text=True,
        env=home.env,
        timeout=120,
        check=True,
    )
    answer = json.loads(done.stdout)
    return answer["Account"], answer["Arn"]


def test_ten_thousand_profiles_are_planned_and_written(home: Home, tmp_path: Path) -> None:
    home.add_session("corp", URL, "eu-west-1")
    accounts = [
        ListedAccount(Account(f"{n:012d}", f"account-{n}", ""), ("Admin", "Read"))
        for n in range(5000)
    ]
    save_listing(home, *accounts)
    app = App(home.env)
    session = app.config.read().sso_session("corp")
    assert session is not None
    listing = app.directory.saved("corp")
    assert listing is not None
    plan = profiles.plan_sync(app, session, listing, Choices())
    assert len(list(profiles.diff_plan(app, plan))) > 50_000
    profiles.apply(app, plan)
    again = App(home.env)
    assert len(again.config.read().profiles()) == 10_000
    assert profiles.plan_sync(again, session, listing, Choices()).changes == ()
