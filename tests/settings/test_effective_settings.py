"""Settings: precedence, origins, and errors with file, line and the nearest key."""

import os
from pathlib import Path

import pytest

from ssohelper.app import App
from ssohelper.core.company_policy import CompanyPolicy
from ssohelper.errors import ConfigInvalid, LocalState, UsageProblem
from ssohelper.settings.definitions import SETTINGS, find_setting, parse_words
from ssohelper.settings.effective_settings import (
    Settings,
    find_line_of_key,
    parse_settings,
)


def read_settings(path: Path, environ: dict[str, str]) -> Settings:
    app = App(environ)
    app.locations.settings_file = path
    return app.read_settings()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "config.toml"


@pytest.fixture
def read(path):
    def _read(text: str = "", **environ: str):
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        return read_settings(path, environ)

    return _read


def test_without_a_file_every_setting_has_its_default(path):
    found = read_settings(path, {})
    for setting in (one for one in SETTINGS if one.key.islower()):
        assert found.get(setting.key) == setting.default
        assert found.origin(setting.key) == "default"
        assert found.source(setting.key) is None


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(read, path):
    assert read().get("form") == "process"
    in_file = read('\nform = "sso"\n')
    assert (in_file.get("form"), in_file.origin("form")) == ("sso", "file")
    assert in_file.source("form") == f"{path}:2"
    both = read('form = "sso"', SSOHELPER_FORM="process")
    assert (both.get("form"), both.origin("form")) == ("process", "environment")
    assert both.source("form") == "SSOHELPER_FORM"


def test_an_empty_variable_sets_nothing(read):
    assert read('form = "sso"', SSOHELPER_FORM="").get("form") == "sso"


def test_a_session_may_have_its_own_value(read):
    found = read(
        'session_hours = 8\n[sessions.corp]\nsession_hours = 12\nbrowser = "firefox %s"\n'
        '[sessions."my.corp"]\nsession_hours = 1.5\n'
    )
    assert found.get("session_hours") == 8
    assert found.get("session_hours", session="corp") == 12
    assert found.get("session_hours", session="my.corp") == 1.5
    assert found.get("session_hours", session="other") == 8
    assert found.get("browser", session="corp") == "firefox %s"
    assert found.get("browser", session="other") is None
    assert found.get("sessions.my.corp.session_hours") == 1.5
    assert found.get("sessions.other.browser") is None


@pytest.mark.parametrize(
    ("text", "meant"), [("1", True), ("TRUE", True), ("on", True), ("0", False), ("no", False)]
)
def test_a_variable_may_spell_true_and_false_in_several_ways(read, text, meant):
    assert read(SSOHELPER_RENEW_AHEAD=text).get("renew_ahead") is meant


def test_no_variable_sets_a_command_or_weakens_a_guard(read):
    found = read(
        'notify = ["n"]\nguard.rules = ["*:*/Admin"]',
        SSOHELPER_NOTIFY='["evil"]',
        SSOHELPER_GUARD_RULES="[]",
        SSOHELPER_BROWSER="evil",
        SSOHELPER_SESSIONS_CORP_BROWSER="evil",
    )
    assert found.get("notify") == ("n",)
    assert found.get("guard.rules") == ("*:*/Admin",)
    assert found.get("sessions.corp.browser") is None


def test_without_commands_only_the_settings_that_name_a_program_are_left_out(read):
    text = 'notify = ["n"]\nform = "sso"\n[sessions.corp]\nbrowser = "b"\nsession_hours = 9\n'
    found = read(text).without_commands()
    assert found.get("notify") == ()
    assert found.get("browser", session="corp") is None
    assert found.get("form") == "sso"
    assert found.get("session_hours", session="corp") == 9


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('frm = "sso"', 1, "frm"),
        ('# one\n\nform = "x"', 3, '"process" or "sso"'),
        ("form = 3", 1, '"form"'),
        ('renew_ahead = "yes"', 1, "true or false"),
        ("renew_ahead = 1", 1, "true or false"),
        ('notify = "notify-send"', 1, "list of texts"),
        ('notify = ["a", 3]', 1, "list of texts"),
        ('notify = [""]', 1, "list of texts"),
        ("session_hours = -1", 1, "hours"),
        ("session_hours = true", 1, "hours"),
        ("session_hours = inf", 1, "hours"),
        ("session_hours = nan", 1, "hours"),
        ("session_hours = 1e9", 1, "hours"),
        ('storage = "cloud"', 1, '"file"'),
        ('default_region = "us-east-1;id"', 1, "us-east-1;id"),
        ("name_template = 2026-01-01", 1, "a text"),
        ('\n[guard]\nrules = ["a"]\nruels = ["b"]', 4, "guard.ruels"),
        ('[sessions.corp]\n\nbrowsr = "x"', 3, "sessions.corp.browsr"),
        ("[sessions.corp]\nsession_hours = 'x'", 2, "hours"),
        ('[sessions."../x"]\nbrowser = "x"', 2, "../x"),
        ('sessions = { corp = { browsr = "x" } }', 1, "browsr"),
        ('sessions.corp.browsr = "x"', 1, "browsr"),
        ('"guard.rules" = []', 1, "guard.rules"),
        ('[form]\nx = "sso"', 2, "form.x"),
        ('endpoint = "http://x"', 1, "endpoint"),
        ("form = ", 1, "invalid"),
        ('form = "sso"\nform = "sso"', 2, "overwrite"),
        ("a\n", 1, ""),
        ("x = " + "[" * 5000, 1, ""),
        ("session_hours = 1" + "0" * 5000, 1, ""),
        ('form = "\x1b[31m"', 1, ""),
        ('"\\u001b[31m\\u202e" = 1', 1, "\\x1b[31m\\u202e"),
        ('\n"colors"."*x" = "orange"', 2, "a colour (black, red,"),
        ("[colors]\nx = 3", 2, "a colour (black, red,"),
        ('[colors]\nx = ""', 2, "a colour (black, red,"),
        ('[colors]\n"" = "red"', 2, "is not a valid pattern"),
        ('colors."\\u001b" = "red"', 1, "is not a valid pattern"),
        ('colors.a.b = "red"', 1, "no setting named"),
        ('colors = "red"', 1, "no setting named"),
        ('tags."a b" = []', 1, "not a valid name for a tag"),
        ('tags."" = []', 1, "not a valid name for a tag"),
        (f"tags.{'x' * 65} = []", 1, "not a valid name for a tag"),
        ("tags.a.b = []", 1, "no setting named"),
        ('"tags.NAME" = []', 1, "no setting named"),
        ("[sessions]\ncorp = 1", 2, "no setting named"),
        ('\n"regions"."*x" = "eu-central"', 2, "is no AWS region"),
        ("[regions]\nx = 3", 2, "must be an AWS region"),
        ('[regions]\n"" = "eu-west-1"', 2, "is not a valid pattern"),
        ('regions.a.b = "eu-west-1"', 1, "no setting named"),
        ('regions = "eu-west-1"', 1, "no setting named"),
    ],
)
def test_an_invalid_file_is_refused_with_file_and_line(read, path, text, line, says):
    with pytest.raises(ConfigInvalid) as caught:
        read(text)
    assert f'"{path}" line {line}: ' in caught.value.message
    assert says in caught.value.message
    assert "\x1b" not in caught.value.message
    assert "\n" not in caught.value.message


@pytest.mark.parametrize(
    ("key", "near"),
    [
        ("frm", "form"),
        ("renew-ahead", "renew_ahead"),
        ("guard.rule", "guard.rules"),
        ("sessions.corp.browsr", "sessions.corp.browser"),
    ],
)
def test_an_unknown_key_is_refused_with_the_nearest_one(read, key, near):
    with pytest.raises(UsageProblem) as caught:
        find_setting(key)
    assert caught.value.hint
    assert f'"{near}"' in caught.value.hint


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("FORM", "x"),
        ("RENEW_AHEAD", "maybe"),
        ("SESSION_HOURS", "abc"),
        ("DEFAULT_REGION", "../x"),
        ("STORAGE", "cloud"),
    ],
)
def test_an_invalid_variable_is_refused_when_the_settings_are_read(read, variable, value):
    with pytest.raises(ConfigInvalid, match=f"SSOHELPER_{variable}"):
        read(**{f"SSOHELPER_{variable}": value})


def test_bytes_that_are_not_utf_8_are_refused_with_line_and_byte(path):
    path.parent.mkdir()
    path.write_bytes(b'form = "sso"\n# \xff\n')
    with pytest.raises(ConfigInvalid, match=r"line 2: the byte at offset 15 is not UTF-8"):
        read_settings(path, {})


def test_a_folder_a_fifo_and_a_large_file_are_local_state_errors(path):
    path.mkdir(parents=True)
    with pytest.raises(LocalState):
        read_settings(path, {})
    path.rmdir()
    os.mkfifo(path)
    with pytest.raises(LocalState, match="not a regular file"):
        read_settings(path, {})
    path.unlink()
    path.write_bytes(b"#" * (1 << 20) + b"\n")
    with pytest.raises(LocalState, match="larger"):
        read_settings(path, {})


@pytest.mark.parametrize(
    ("key", "words"),
    [("form", ("x",)), ("form", ("sso", "sso")), ("renew_ahead", ("2",)), ("notify", ("",))],
)
def test_an_invalid_value_is_a_usage_problem(key, words):
    with pytest.raises(UsageProblem):
        parse_words(key, words)


@pytest.mark.needs_root
@pytest.mark.parametrize(("owner", "is_read"), [(0, True), (65534, False)])
def test_a_settings_file_of_another_user_is_refused(path, read, owner, is_read):
    assert read('notify = ["touch"]\n').get("notify") == ("touch",)
    os.chown(path, owner, owner)
    if is_read:
        assert read_settings(path, {}).get("notify") == ("touch",)
    else:
        with pytest.raises(LocalState, match="belongs to another user"):
            read_settings(path, {})


def test_a_settings_file_that_is_dev_null_sets_nothing(path):
    path.parent.mkdir()
    path.symlink_to("/dev/null")
    assert read_settings(path, {}).origin("form") == "default"


def test_nothing_overrides_the_companys_policy(tmp_path):
    place = tmp_path / "policy.toml"
    environ = {"SSOHELPER_STORAGE": "file"}
    own = parse_settings(b"[guard]\nrules = ['mine']\n", tmp_path / "c", environ)
    policy = CompanyPolicy(storage="file", guard_rules=("theirs",))
    found = own.with_policy(policy, str(place))
    assert (found.origin("storage"), found.source("storage")) == ("policy", str(place))
    assert found.get("guard.rules") == ("theirs", "mine")
    assert found.guard_rules() == ("mine",)
    assert found.without_commands().get("guard.rules") == ("theirs", "mine")
    assert found.with_value("form", "sso").get("guard.rules") == ("theirs", "mine")
    with pytest.raises(ConfigInvalid, match=r"policy\.toml"):
        own.with_policy(CompanyPolicy(storage="nowhere"), str(place))


def test_colours_keep_the_order_of_the_file(read):
    found = read('colors."*prod*" = "red"\ncolors."a.b" = "blue sea"\n')
    assert list(found.table("colors").items()) == [("*prod*", "red"), ("a.b", "blue sea")]
    assert found.get("colors.a.b") == "blue sea"
    assert find_setting('colors."*prod*"').key == "colors.*prod*"


def test_the_default_regions_of_accounts_keep_the_order_of_the_file(read):
    found = read('[regions]\n"*-eu*" = "eu-central-1"\n"a.b" = "us-west-2"\n')
    expected = [("*-eu*", "eu-central-1"), ("a.b", "us-west-2")]
    assert list(found.table("regions").items()) == expected
    assert find_setting('regions."*-eu*"').key == "regions.*-eu*"


@pytest.mark.parametrize(
    ("text", "parts", "line"),
    [
        ("a = 1\nb = 2", ("b",), 2),
        ("# c\n\nguard.rules = []", ("guard", "rules"), 3),
        ("a = 1\n[guard]\nx = 1\nrules = []", ("guard", "rules"), 4),
        ("[sessions.corp]\nbrowser = 1\n[sessions.lab]\nbrowser = 2", ("sessions", "lab", "browser"), 4),
        ('[ sessions . "my.corp" ]\nbrowser = 1', ("sessions", "my.corp", "browser"), 2),
        ("colors.'*prod' = 1", ("colors", "*prod"), 1),
        ("x = 1\nguard = { rules = [] }", ("guard", "rules"), 2),
        ("x = 1\n[guard]\n[other]\nrules = 1", ("guard", "rules"), 2),
        ("x = 1", ("guard", "rules"), 1),
    ],
)  # fmt: skip
def test_the_line_of_a_key_is_that_of_its_assignment_or_else_of_its_table(text, parts, line):
    assert find_line_of_key(text, parts) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nb = \n", 2),
        ("form='sso'\nform='sso'\n", 2),
        ("[t\n", 1),
        ("a = 1\nb = [1,\n2,\n", 3),
    ],
)
def test_an_error_of_the_parser_has_its_line_in_front(read, path, text, line):
    with pytest.raises(ConfigInvalid) as caught:
        read(text)
    place = f'"{path}" line {line}: '
    assert caught.value.message.startswith(place)
    why = caught.value.message.removeprefix(place)
    assert why[0].islower()
    assert "(at " not in why


def test_a_rule_of_a_tag_without_patterns_is_refused_with_its_line(read, path):
    with pytest.raises(ConfigInvalid, match=r'line 2: .* tag "prod", which has no patterns'):
        read('\nguard.rules = ["#prod"]\n')
    assert read('guard.rules = ["#prod"]\ntags.prod = ["a/b"]\n').guard_rules() == ("a/b",)
