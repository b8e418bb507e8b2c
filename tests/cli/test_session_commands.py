"""`session list`, `show`, `add` and `rm`, as the real program."""

import json
import re

import pytest

from ssohelper.app import App
from ssohelper.core.model import PageChoice, RoleKey
from tests.conftest import Home
from tests.saved_listing import PAY, URL, add_listed_session

ROLE = "--account-id 000030000001 --role-name ReadOnlyAccess"
OWN = f"""\
[profile mine]
# my own line
sso_session = corp
sso_account_id = {PAY}
sso_role_name = Own

[profile by-hand]
credential_process = ssohelper credential-process --session=corp {ROLE}

"""
CHAIN = f"""\
[profile deploy]
role_arn = arn:aws:iam::{PAY}:role/Deploy
source_profile = pay.Read

"""


@pytest.fixture
def synced(home, run) -> Home:
    """The session "corp" with filters, and managed profiles for two of its three roles."""
    add_listed_session(home)
    run.ok("profile", "sync", "--role", "Read", "--yes")
    return home


@pytest.fixture
def signed_in(home, run, emulator) -> Home:
    """The session "corp" with a token of the emulator, and a managed profile."""
    home.add_session()
    home.write_token(emulator.issue_token("ana"))
    assert run("profile", "sync", "--role", "ReadOnlyAccess", "--yes").returncode == 0
    return home


def add_own_profiles(home: Home) -> None:
    home.write_config(home.config_file.read_text() + OWN)


class TestShowing:
    def test_list_and_show_print_a_session_with_its_filters_and_profiles(self, synced, run):
        add_own_profiles(synced)
        line = run("session", "list").stdout
        assert line == f"corp\t{URL}\teu-west-1\t-\tsigned out\t4\n"
        [one] = run.data("session", "list")
        assert one == {
            "name": "corp",
            "start_url": URL,
            "region": "eu-west-1",
            "further_regions": [],
            "user": None,
            "state": "signed_out",
            "reason": None,
            "in_config": True,
            "profiles": 4,
        }

        shown = dict(line.split("\t") for line in run("session", "show").stdout.splitlines())
        assert (shown["filters"], shown["form"]) == ("--role Read", "process")
        found = run.data("session", "show", "corp")
        assert (found["roles"], found["files"]) == (["Read"], [])
        assert found["managed_profiles"] == ["pay.Read", "dev.Read"]
        assert found["other_profiles"] == ["mine", "by-hand"]

    def test_show_names_the_files_with_tokens_and_no_secret(self, signed_in, run, emulator):
        done = run("session", "show", "corp")
        assert str(signed_in.token_folder) in done.stdout
        assert emulator.canary not in done.stdout + done.stderr


class TestRemoving:
    def test_it_signs_out_and_takes_session_profiles_settings_and_filters(
        self, signed_in, run, emulator
    ):
        signed_in.write_config(
            "[profile other]\nregion = eu-west-1\n\n" + signed_in.config_file.read_text()
        )
        assert run("config", "set", "sessions.corp.session_hours", "4").returncode == 0
        assert run("favourite", "add", "corp:000030000001/ReadOnlyAccess").returncode == 0
        pages, key = App(signed_in.env).usage, RoleKey("corp", PAY, "Read")
        pages.save_console_page(key, PageChoice("s3", "eu-west-1"))
        pages.save_console_page(key._replace(session_name="other"), PageChoice("s3", "eu-west-1"))
        run.ok("session", "rm", "corp", "--yes")
        assert signed_in.config_file.read_text().strip() == "[profile other]\nregion = eu-west-1"
        assert emulator.counters["Logout"] == 1
        assert run.data("session", "list") == []
        assert run.data("cache", "list") == []
        assert "corp" not in App(signed_in.env).locations.settings_file.read_text()
        assert App(signed_in.env).choices.load("corp").roles == ()
        assert pages.load_console_pages(key) == []
        assert pages.load_console_pages(key._replace(session_name="other")) == [
            PageChoice("s3", "eu-west-1")
        ]
        assert run("favourite", "list").stdout == ""

    @pytest.mark.parametrize(
        ("text", "names", "adopts"),
        [
            (OWN, '"mine", "by-hand"', True),
            (CHAIN, '"deploy"', False),
            (OWN + CHAIN, '"mine", "by-hand", "deploy"', True),
        ],
    )
    def test_profiles_of_others_keep_it_and_are_named(self, synced, run, text, names, adopts):
        synced.write_config(synced.config_file.read_text() + text)
        before = synced.config_file.read_bytes()
        done = run("session", "rm", "corp", "--yes")
        assert (done.returncode, names in done.stderr) == (2, True)
        assert ("adopt them:" in done.stderr) == adopts
        says_why_not = "--adopt does not take over profiles with role_arn" in done.stderr
        assert says_why_not == (CHAIN in text)
        assert synced.config_file.read_bytes() == before

    def test_dry_run_and_no_answer_change_nothing(self, signed_in, run, emulator):
        before = signed_in.config_file.read_bytes()
        assert "-[sso-session corp]" in run("session", "rm", "corp", "--dry-run").stdout
        assert run("session", "rm", "corp").returncode == 2
        assert signed_in.config_file.read_bytes() == before
        assert emulator.counters["Logout"] == 0


def test_leftovers_stay_after_a_dry_run_and_without_an_answer(synced, run):
    # The user renames the session in an editor.
    synced.write_config(synced.config_file.read_text().replace("corp", "acme"))
    for options, roles in ((["--dry-run"], ("Read",)), ([], ("Read",)), (["--yes"], ())):
        run("session", "rm", "corp", *options)
        assert App(synced.env).choices.load("corp").roles == roles, options


def remove_section(home: Home) -> None:
    """Remove the section of "corp" in an editor; the profiles that name it stay."""
    text = home.config_file.read_text()
    section = text.partition("[sso-session corp]")[2].partition("\n[")[0]
    home.config_file.write_text(text.replace(f"[sso-session corp]{section}\n", ""))


BACK = f"ssohelper setup {URL} --session corp --region eu-west-1"


class TestMissing:
    @pytest.mark.parametrize("command", [("list",), ("login",), ("login", "corp"), ("status",)])
    def test_commands_name_it_and_the_way_back(self, synced, run, command):
        remove_section(synced)
        said = run(*command).stderr
        assert 'the session "corp" is not in the config, and profiles name it: "pay.Read"' in said
        assert f"bring it back with: {BACK}" in said

    def test_list_keeps_it_after_a_sign_out(self, signed_in, run, emulator):
        services = App(signed_in.env)
        corp = services.config.read().sso_session("corp")
        assert corp is not None
        services.tokens.save_session(corp)  # a sign-in saves the session, too
        remove_section(signed_in)
        [row] = run.data("session", "list")
        assert (row["name"], row["state"], row["in_config"]) == ("corp", "valid", False)
        assert run("logout", "corp").returncode == 0
        [row] = run.data("session", "list")
        assert (row["name"], row["state"], row["in_config"]) == ("corp", "missing", False)
        assert row["reason"].startswith("not in the config, and profiles name it: ")
        shown = run("session", "list")
        assert "missing, not in the config" in shown.stdout
        assert "bring it back with: ssohelper setup" in shown.stderr


def test_show_names_some_profiles_and_all_of_them_with_json(synced, run):
    many = "".join(
        f"\n[profile p{number}]\nsso_session = corp\nsso_account_id = {PAY}\nsso_role_name = Read\n"
        for number in range(1200)
    )
    synced.write_config(synced.config_file.read_text() + many)
    rows = dict(line.split("\t") for line in run("session", "show").stdout.splitlines())
    assert rows["managed profiles"] == "pay.Read, dev.Read"
    assert re.fullmatch(r"p0, p1, .* and 1\d+ more", rows["other profiles"])
    assert len(run.data("session", "show", "corp")["other_profiles"]) == 1200


def test_a_file_in_place_of_the_records_is_said_and_stays(synced, run):
    records = synced.path / ".local/state/ssohelper/signed-in"
    assert not records.exists()
    records.write_text("mine")
    assert f'the record of a sign-in cannot be read: "{records}"' in run("session", "list").stderr
    findings = json.loads(run("doctor", "--json").stdout)["data"]["findings"]
    found = [one for one in findings if one["id"] == "state-folder"]
    assert [one["message"] for one in found] == [
        f'"{records}" is not a folder: the records of sign-ins are not found'
    ]
    assert run("logout", "--all").returncode == 7
    assert records.read_text() == "mine"
