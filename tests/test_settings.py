"""Settings: their kinds of values, precedence, origins, and errors with file, line and nearest key."""

import os
from pathlib import Path

import pytest

from ssohelper.app import App
from ssohelper.core.company_policy import CompanyPolicy
from ssohelper.errors import ConfigInvalid, LocalState, UsageProblem
from ssohelper.settings import (
    TABLE,
    Setting,
    Settings,
    checked_value,
    find_setting,
    parse_settings,
    parse_text,
    parse_words,
)

NEAR, FAR = 2160, 2160.5
PORTAL = "eu-central-1=https://ssoins-1234abcd.portal.eu-central-1.app.aws"


def setting(kind: str) -> Setting:
    return Setting("a_setting", kind, None, "what it is")


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        ("bool", [True, False], [1, "true", None]),
        ("hours", [1, 0.5, NEAR], [0, -1, FAR, True, "1", float("nan")]),
        ("duration", ["45m", "12h"], ["", "1.5h", 12, "x"]),
        ("texts", [["a"], []], ["a", ["a", 1], [""], ["\0"], ["\udcff"]]),
        ("tag", [["*/Admin"], []], [["#tag"], ["#"], "x", [""]]),
        ("notify", ["desktop", ["cmd", "arg"]], ["cmd", [1]]),
        ("one|two", ["one", "two"], ["three", "", 1, ["one"]]),
        ("text", ["a", "é b"], ["", 1, None, "a\0b", "\ud800"]),
        ("color", ["red", "red production"], ["crimson", 1, "red " + "x" * 21]),
        ("region", ["eu-west-1"], ["nowhere", "eu-west-1;id", 1]),
        ("portals", [[PORTAL]], [["nowhere"], "x"]),
        ("template", ["{account_name}-{role_name}"], ["{nope}", ""]),
    ],
)
def test_each_kind_has_values_of_its_own(kind, good, bad):
    for value in good:
        found = checked_value(setting(kind), value, "place: ")
        assert found == (tuple(value) if isinstance(value, list) else value)
    for value in bad:
        with pytest.raises(ConfigInvalid) as caught:
            checked_value(setting(kind), value, "place: ")
        assert caught.value.message.startswith("place: ")


def test_the_error_names_the_setting_what_it_must_be_and_the_value_made_harmless():
    with pytest.raises(ConfigInvalid) as caught:
        checked_value(setting("one|two"), "\x1b[31m", "line 3: ")
    assert caught.value.message == ('line 3: "a_setting" must be "one" or "two", not "\\u001b[31m"')


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("bool", " YES ", True),
        ("bool", "1", True),
        ("bool", "Off", False),
        ("hours", "8", 8),
        ("hours", " 8h", 8),
        ("hours", "1.5h", 1.5),
        ("text", " kept ", " kept "),
        *[("hours", word, None) for word in ("1e3", "h", ".5", "12345678")],
        ("bool", "maybe", None),
    ],
)
def test_a_typed_word_becomes_a_value_or_is_refused(kind, text, value):
    if value is None:
        with pytest.raises(ConfigInvalid):
            parse_text(setting(kind), text, "")
        return
    found = parse_text(setting(kind), text, "")
    assert (found, type(found)) == (value, type(value))


def test_only_a_setting_that_the_environment_may_set_has_a_variable():
    assert setting("text").variable == "SSOHELPER_A_SETTING"
    assert setting("notify").variable is None
    assert setting("text")._replace(key="guard.rules").variable is None


def test_a_key_of_another_table_is_taken_for_no_setting_of_a_session():
    with pytest.raises(UsageProblem) as error:
        find_setting("keys.app.help")
    assert error.value.hint == "list all settings with: ssohelper config list"


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
    for one in filter(str.islower, TABLE):
        value = (found.get(one), found.origin(one), found.source(one))
        assert value == (TABLE[one].default, "default", None)


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(read, path):
    assert read().get("form") == "process"
    in_file = read('\nform = "sso"\n')
    assert (in_file.get("form"), in_file.origin("form")) == ("sso", "file")
    assert in_file.source("form") == f"{path}:2"
    both = read('form = "sso"', SSOHELPER_FORM="process")
    assert (both.get("form"), both.origin("form")) == ("process", "environment")
    assert both.source("form") == "SSOHELPER_FORM"
    # An empty variable sets nothing.
    assert read('form = "sso"', SSOHELPER_FORM="").get("form") == "sso"
    assert read(SSOHELPER_RENEW_AHEAD="no").get("renew_ahead") is False


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
        ('[sessions.corp]\nbrowser = "b"\n[sessions.lab]\nbrowser = 2', 4, "a text"),
        ('[ sessions . "my.corp" ]\nbrowser = 1', 2, "a text"),
        ("renew_ahead = true\nguard = { rules = 1 }", 2, "a list of texts"),
        ("a = 1\nb = \n", 2, "invalid"),
        ("[t\n", 1, ""),
        ("a = 1\nb = [1,\n2,\n", 3, ""),
        ('\nguard.rules = ["#prod"]\n', 2, 'names the tag "prod", which has no patterns'),
    ],
)
def test_an_invalid_file_is_refused_with_file_and_line(read, path, text, line, says):
    with pytest.raises(ConfigInvalid) as caught:
        read(text)
    place, message = f'"{path}" line {line}: ', caught.value.message
    assert message.startswith(place)
    assert not message.removeprefix(place)[0].isupper()
    assert says in message
    assert not any(wrong in message for wrong in ("\x1b", "\n", "(at "))


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
    ("variable", "value"), [("FORM", "x"), ("SESSION_HOURS", "abc"), ("DEFAULT_REGION", "../x")]
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


@pytest.mark.parametrize(
    ("table", "values"),
    [
        ("colors", {"*prod*": "red", "a.b": "blue sea"}),
        ("regions", {"*-eu*": "eu-central-1", "a.b": "us-west-2"}),
    ],
)
def test_values_of_patterns_keep_the_order_of_the_file(read, table, values):
    found = read("".join(f'{table}."{key}" = "{value}"\n' for key, value in values.items()))
    assert list(found.table(table).items()) == list(values.items())
    assert found.get(f"{table}.a.b") == values["a.b"]
    assert find_setting(f'{table}."*x*"').key == f"{table}.*x*"


def test_a_tag_in_a_rule_stands_for_its_patterns(read):
    assert read('guard.rules = ["#prod"]\ntags.prod = ["a/b"]\n').guard_rules() == ("a/b",)
