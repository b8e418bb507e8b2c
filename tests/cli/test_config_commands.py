"""`config get`, `set`, `list` and `path` as the real program."""

import json
from pathlib import Path

import pytest

from ssohelper.app import App
from ssohelper.core.model import RoleKey
from ssohelper.core.shell_text import word_as_typed


@pytest.fixture
def settings_file(run) -> Path:
    return Path(run("config", "path").stdout.strip())


def test_set_writes_the_file_and_get_reads_it(run, settings_file):
    assert run("config", "get", "form").stdout == "process\n"
    assert run("config", "set", "form", "sso").returncode == 0
    assert settings_file.read_text() == 'form = "sso"\n'
    assert run("config", "get", "form").stdout == "sso\n"
    found = run.data("config", "get", "form")
    assert (found["value"], found["origin"]) == ("sso", "file")
    assert found["place"] == f"{settings_file}:1"
    # With --default, the key leaves the file.
    run("config", "set", "theme", "light")
    assert run("config", "set", "form", "--default").returncode == 0
    assert run("config", "get", "form").stdout == "process\n"
    assert settings_file.read_text() == 'theme = "light"\n'


def test_list_prints_the_origin_of_each_setting(run):
    run("config", "set", "sessions.my.corp.session_hours", "12")
    listed = run("config", "list", "--json", env={"SSOHELPER_FORM": "sso"}).stdout
    origins = {row["key"]: row["origin"] for row in json.loads(listed)["data"]}
    assert origins["form"] == "environment"
    assert origins["sessions.my.corp.session_hours"] == "file"
    assert origins["renew_ahead"] == "default"
    rows = [line.split("\t") for line in run("config", "list").stdout.splitlines()]
    assert ["renew_ahead", "true", "default"] in [row[:3] for row in rows]


def test_a_colour_is_set_listed_and_removed_by_its_pattern(run, settings_file):
    assert run("config", "set", "colors.*prod*", "red").returncode == 0
    assert run("config", "set", 'colors."eu.*"', "blue europe").returncode == 0
    assert settings_file.read_text() == '[colors]\n"*prod*" = "red"\n"eu.*" = "blue europe"\n'
    assert run("config", "get", "colors.eu.*").stdout == "blue europe\n"
    rows = [line.split("\t") for line in run("config", "list").stdout.splitlines()]
    assert ["colors.*prod*", "red", f"{settings_file}:2"] in [row[:3] for row in rows]
    refused = run("config", "set", "colors.x", "orange")
    assert refused.returncode == 2
    assert '"colors.x" must be a colour (black, red,' in refused.stderr
    assert run("config", "set", "colors.*prod*", "--default").returncode == 0
    assert settings_file.read_text() == '[colors]\n"eu.*" = "blue europe"\n'


def test_path_prints_where_the_file_will_be(run, settings_file):
    printed = run("config", "path", "--json").stdout
    assert json.loads(printed)["data"] == {"path": str(settings_file), "exists": False}
    run("config", "set", "form", "sso")
    assert run.data("config", "path")["exists"] is True


def test_set_warns_of_a_variable_that_wins_and_of_an_unknown_session(run, home):
    done = run.ok("config", "set", "form", "sso", env={"SSOHELPER_FORM": "process"})
    assert "SSOHELPER_FORM is set and wins over the settings file" in done.stderr
    home.add_session("corp")
    done = run("config", "set", "sessions.crop.session_hours", "12")
    warning = 'ssohelper: warning: there is no sso-session "crop" yet; did you mean "corp"?\n'
    assert (done.returncode, done.stderr) == (0, warning)
    assert run("config", "set", "sessions.crop.session_hours", "--default").stderr == ""
    assert run("config", "set", "sessions.corp.session_hours", "12").stderr == ""


def test_a_list_takes_several_values_also_with_dashes(run):
    assert run("config", "set", "notify", "notify-send", "-u", "low", "%s").returncode == 0
    assert run("config", "get", "notify").stdout == '["notify-send", "-u", "low", "%s"]\n'
    assert run("config", "set", "notify", "notify-send", "schön: %s").returncode == 0
    assert run("config", "get", "notify").stdout == '["notify-send", "schön: %s"]\n'


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["get", "frm"], 'no setting named "frm"'),
        (["set", "frm", "x"], 'no setting named "frm"'),
        (["set", "form", "x"], '"form" must be "process" or "sso"'),
        (["set", "form"], "needs either a value or --default"),
        (["set", "form", "sso", "--default"], "needs either a value or --default"),
        (["get", "a\x1b[31m"], "\\x1b[31m"),
    ],
)
def test_an_invalid_key_or_value_is_exit_2(run, settings_file, arguments, message):
    done = run("config", *arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert message in done.stderr
    assert not settings_file.exists()


def test_keys_of_an_earlier_version_are_ignored_with_one_notice(run, settings_file):
    settings_file.parent.mkdir(parents=True, exist_ok=True)
    settings_file.write_text('form = "sso"\n[keys]\n"confirm.yes" = "€"\naccounts.sort = 3\n')
    done = run.ok("config", "list")
    assert done.stderr.count("is ignored") == 1
    assert f'"{settings_file}" line 3: "keys.*" is ignored' in done.stderr
    assert "\nkeys." not in done.stdout
    assert run("config", "set", "keys.confirm.yes", "x").returncode == 2
    assert run("config", "set", "theme", "dark").returncode == 0


def test_every_command_names_the_line_of_an_invalid_file(run, settings_file):
    settings_file.parent.mkdir(parents=True, exist_ok=True)
    settings_file.write_text('form = "sso"\nfrm = 1\n')
    for arguments in (["list"], ["get", "form"], ["set", "form", "process"]):
        done = run("config", *arguments)
        assert (done.returncode, done.stdout) == (3, "")
        assert f'"{settings_file}" line 2: no setting named "frm"' in done.stderr
        assert 'did you mean "form"?' in done.stderr
    assert settings_file.read_text() == 'form = "sso"\nfrm = 1\n'


def test_below_an_allow_list_the_hint_is_the_whole_command_and_nothing_is_asked(run):
    for key, value in (("guard.rules", "*/Admin"), ("storage", "file"), ("form", "sso")):
        done = run("config", "set", key, value, env={"SSOHELPER_ALLOW": "*/*"})
        assert done.returncode == 9
        assert f"ssohelper config set {key} {word_as_typed(value)}\n" in done.stderr
    assert run("config", "set", "guard.rules", "*/Admin").returncode == 0
    done = run("config", "set", "guard.rules", "--default", env={"SSOHELPER_ALLOW": "*/*"})
    assert (done.returncode, "cannot change settings" in done.stderr) == (9, True), done.stderr
    assert run("config", "get", "guard.rules").stdout == '["*/Admin"]\n'


def test_an_option_that_config_set_does_not_have_is_no_guard_rule(run, settings_file):
    done = run("config", "set", "guard.rules", "*/Admin", "--yes")
    assert (done.returncode, 'no option named "--yes"' in done.stderr) == (2, True)
    assert not settings_file.exists()
    assert run("config", "set", "notify", "notify-send", "--urgency=low").returncode == 0


@pytest.mark.parametrize(
    ("words", "are_outdated"),
    [
        (("sessions.corp.session_hours", "8"), True),
        (("guard.rules", "*/Admin"), True),
        (("theme", "light"), False),
    ],
)
def test_prompts_are_made_anew_after_a_change_of_what_they_show(run, home, words, are_outdated):
    home.add_session("corp")
    prompts, key = App(home.env).prompt_state, RoleKey("corp", "000030000001", "Admin")
    prompts.write(key, "0|0|fine|ok")
    assert run("config", "set", *words).returncode == 0
    assert prompts.prompt_file(key).exists() is not are_outdated
