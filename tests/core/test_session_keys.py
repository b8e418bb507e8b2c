"""Keys of an [sso-session] for which botocore refuses the session's profiles."""

from pathlib import Path

import botocore.session
import pytest
from botocore.exceptions import InvalidConfigError

from ssohelper.actions.leaving import plan_leaving
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.findings import Finding
from ssohelper.core.profile_plan import plan_sync
from ssohelper.core.resolver import Resolver
from ssohelper.errors import ConfigInvalid
from tests.conftest import Home
from tests.core.test_profile_plan import DEV, PAY, SESSION, URL, native, process, request
from tests.doctor_world import find_in, make_setup

_OTHER_REGION = SESSION + "region = us-east-1\n"
_SAME_REGION = SESSION + "region = eu-west-1\n"


def parse(text: str) -> ConfigFile:
    return ConfigFile.parse(text.encode(), "config")


def find_refused(folder: Path, text: str) -> list[Finding]:
    return [one for one in find_in(make_setup(folder, text)) if one.id == "sso-keys-refused"]


def refusal_of_botocore(home: Home, text: str, monkeypatch: pytest.MonkeyPatch) -> str:
    home.write_config(text)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(home.config_file))
    session = botocore.session.Session(profile="a")
    try:
        session.get_credentials()
    except InvalidConfigError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("session", "more", "fix"),
    [
        (SESSION, "", None),
        (_SAME_REGION, "", None),
        (SESSION + "output = json\n", "", None),
        (_OTHER_REGION, "", "remove line 5 of the config"),
        (SESSION + f"sso_account_id = {DEV}\n", "", "remove line 5 of the config"),
        (f"[DEFAULT]\nregion = us-east-1\n{SESSION}", "", "remove line 2 of the config"),
        (SESSION, f"sso_start_url = {URL}/\n", 'remove "sso_start_url" from the profile'),
    ],
)
def test_a_profile_is_refused_exactly_if_botocore_refuses_it(
    home, tmp_path, monkeypatch, session, more, fix
):
    text = session + native("a", PAY, "Read", marked=False) + more
    found = [one for one in find_refused(tmp_path, text) if "boto3" in one.message]
    assert bool(refusal_of_botocore(home, text, monkeypatch)) == (fix is not None)
    assert [fix in one.fix for one in found if fix] == [True] * (fix is not None)
    assert len(found) == (fix is not None)
    if fix is not None and fix.startswith("remove line"):
        lines = text.splitlines(keepends=True)
        del lines[int(fix.split()[2]) - 1]
        assert not find_refused(tmp_path, "".join(lines))
    assert bool(Resolver(parse(text)).resolve("a").problem) == (fix is not None)


def test_an_account_that_only_the_session_names_is_for_botocore_alone(home, tmp_path, monkeypatch):
    profile = "[profile a]\nsso_session = corp\nsso_role_name = R\n"
    text = f"{SESSION}sso_account_id = {PAY}\n\n{profile}"
    [found] = find_refused(tmp_path, text)
    assert found.message.startswith("JavaScript, Java, Go, Rust cannot use it: ")
    assert refusal_of_botocore(home, text, monkeypatch) == ""


@pytest.mark.parametrize("line", ["region = us-east-1", f"sso_account_id = {DEV}"])
def test_no_profile_that_aws_tools_would_refuse_is_written(line):
    text = f"{SESSION}{line}\n" + process("a", PAY, "Read")
    with pytest.raises(ConfigInvalid, match=r"config:5: .*\[profile a\]") as leaving:
        plan_leaving(parse(text))
    assert "remove line 5" in leaving.value.hint
    for asked in (request(form="sso", convert=True), request(form="sso")):
        with pytest.raises(ConfigInvalid, match="config:5: "):
            plan_sync(parse(text), asked)
    assert plan_sync(parse(text), request()).add


def test_a_session_with_the_region_of_its_profiles_can_be_left():
    plan = plan_leaving(parse(_SAME_REGION + process("a", PAY, "Read")))
    assert plan.profiles == ("a",)


def test_no_new_region_is_written_that_the_session_contradicts():
    profile = native("a", PAY, "Read").replace("region = eu-west-1", "region = us-east-1")
    text = _OTHER_REGION + profile
    with pytest.raises(ConfigInvalid, match="config:5: "):
        plan_sync(parse(text), request(old_region="us-east-1"))
    # A profile that botocore refuses already is no reason to stop.
    broken = text.replace("[sso-session corp]\n", "[sso-session corp]\noutput = x\n")
    assert plan_sync(parse(f"{broken}output = y\n"), request(old_region="us-east-1")).change


def test_no_value_is_shown_since_it_may_be_a_secret(tmp_path):
    keys = "aws_access_key_id = A\naws_secret_access_key = CNRYSAK-"
    text = f"{SESSION}{keys}x\n" + native("a", PAY, "Read", marked=False) + f"{keys}y\n"
    found = find_in(make_setup(tmp_path, text))
    problem = Resolver(parse(text)).resolve("a").problem
    assert "aws_secret_access_key" in problem.message
    assert "CNRY" not in repr([*found, problem])
