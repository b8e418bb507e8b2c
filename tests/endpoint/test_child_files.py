"""The config of a served command: the user's keys without [default]'s identity and static keys."""

import configparser
from pathlib import Path

import botocore.configloader
import pytest

from ssohelper.core import child_config
from ssohelper.core.child_config import child_config_text
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.model import Profile, Role, SsoSession
from ssohelper.errors import ConfigInvalid
from tests.endpoint.world import ACCOUNT, ROLE, START_URL

SESSION = SsoSession("corp", START_URL, "us-east-1", ("sso:account:access",))
JOB = Profile("job", SESSION, Role(ACCOUNT, ROLE), None)
# Any one of these makes an SDK or another tool use another identity than the endpoint's.
IDENTITY = {
    "process": "credential_process = /bin/false\n",
    "sso": "sso_session = corp\nsso_account_id = 000000000002\nsso_role_name = Other\n",
    "legacy sso": "sso_start_url = u\nsso_region = r\nsso_account_id = 1\nsso_role_name = r\n",
    "role": "role_arn = arn:aws:iam::000000000000:role/x\nsource_profile = other\nmfa_serial = m\n"
    "external_id = e\nduration_seconds = 900\nrole_session_name = n\n",
    "role of the environment": "role_arn = r\ncredential_source = Environment\n",
    "web identity": "role_arn = r\nweb_identity_token_file = /token\n",
    "static keys": "aws_access_key_id = AKIA1\naws_secret_access_key = s1\naws_session_token = t1\n",
    "login": "login_session = arn:aws:sts::1:x\n",
    "granted": "granted_sso_start_url = g\ngranted_sso_region = r\ngranted_sso_account_id = 1\n"
    "granted_sso_role_name = r\n",
    "ours": "ssohelper_managed = true\n",
}


def copied(text: str, *keyed: str, region: str = "eu-west-1") -> str:
    return child_config_text(ConfigFile.parse(text.encode(), "config"), JOB, region, keyed)


def as_botocore_reads(text: str, folder: Path) -> dict[str, dict[str, object]]:
    path = folder / "as-botocore-reads"
    path.write_text(text)
    profiles: dict[str, dict[str, object]]
    profiles = botocore.configloader.load_config(str(path))["profiles"]
    return profiles


@pytest.mark.parametrize("header", ["[default]", "[profile default]", '[profile "default"]'])
@pytest.mark.parametrize("identity", IDENTITY.values(), ids=IDENTITY)
def test_only_identity_keys_are_removed_from_default(identity, header, tmp_path):
    text = f"# mine\n{header}\noutput = text\n{identity}# behind\ns3 =\n  max_queue_size = 9\n"
    made = copied(text)
    assert made.startswith(f"{header}\n")
    assert as_botocore_reads(made, tmp_path)["default"] == {
        "output": "text",
        "s3": {"max_queue_size": "9"},
        "region": "eu-west-1",
    }


def test_all_other_keys_stay_as_tools_read_them(tmp_path):
    text = (
        "; a file of mine\n\n[profile other]\n  credential_process=ssohelper-credentials  --x\n"
        "; between\n\tregion :  eu-north-1\n\n\n[sso-session corp]\nsso_start_url = u\n"
        "sso_region = r\n[services mine]\ndynamodb =\n    endpoint_url = http://127.0.0.1:8000\n\n"
        "[plugins]\ncli_legacy = /x\n[profile 'of job']\nx = a\n\n  b\n[profile x y]]\nregion = x\n"
        "[profile job]\nregion = eu-west-1\n[default]\nregion=eu-west-1"
    )
    path = tmp_path / "config"
    for given in (text, text.replace("\n", "\r\n")):
        path.write_text(given)
        before = botocore.configloader.load_config(str(path))
        path.write_text(copied(given))
        assert botocore.configloader.load_config(str(path)) == before


def test_default_gets_the_settings_of_the_profile_that_is_served(tmp_path):
    text = (
        "[default]\n    services = theirs\n    s3 =\n        max_queue_size = 1\n"
        "        addressing_style = path\n    output = text\n\n[profile job]\nsso_session = corp\n"
        "services = mine\ns3 =\n  max_queue_size = 9\nretry_mode = adaptive\n"
    )
    made = copied(text)
    assert as_botocore_reads(made, tmp_path)["default"] == {
        "services": "mine",
        "s3": {"max_queue_size": "9"},
        "output": "text",
        "retry_mode": "adaptive",
        "region": "eu-west-1",
    }
    job = as_botocore_reads(made, tmp_path)["job"]
    assert job == as_botocore_reads(text, tmp_path)["job"]


def test_a_config_without_default_gets_one_and_an_indented_header_stays_a_section(tmp_path):
    for empty in ("", "\n", "# nothing\n"):
        assert as_botocore_reads(copied(empty), tmp_path) == {"default": {"region": "eu-west-1"}}
    text = "[default]\n  [profile other]\noutput = text\n"
    assert as_botocore_reads(copied(text), tmp_path)["other"] == {"output": "text"}


def test_identity_in_the_capital_default_section_stays_for_other_sections_only(tmp_path):
    text = (
        "[DEFAULT]\nsso_session = corp\noutput = text\nsso_account_id = 000000000001\n"
        "aws_secret_access_key = s1\n"
        "[default]\nregion = eu-west-1\n[profile other]\nsso_role_name = A\n"
        "[profile own]\nsso_session = their\nsso_role_name = B\n"
    )
    before, after = as_botocore_reads(text, tmp_path), as_botocore_reads(copied(text), tmp_path)
    assert before["default"]["sso_session"] == "corp"  # the copy must remove this key
    assert after["default"] == {"output": "text", "region": "eu-west-1"}
    for name in ("other", "own"):
        del before[name]["aws_secret_access_key"]
        assert after[name] == before[name]
    assert "s1" not in copied(text)


STATIC = "aws_access_key_id = AKIASTATIC1\naws_secret_access_key = sEcReT\n    sEcReT\naws_session_token=sEcReT\n"


def test_static_keys_are_copied_from_no_section():
    text = (
        f"[default]\nregion = eu-west-1\n{STATIC}[profile a]\n{STATIC}role_arn = r\n"
        f"source_profile = b\n[profile b]\n{STATIC}[sso-session corp]\n{STATIC}sso_region = r\n"
        "# aws_secret_access_key = sEcReT\n  #aws_access_key_id=AKIASTATIC2\n# a comment\n"
        f"[plugins]\n{STATIC}"
    )
    made = copied(text)
    assert "sEcReT" not in made
    assert "AKIA" not in made
    assert "[profile a]\nrole_arn = r\nsource_profile = b\n\n[profile b]\n" in made
    assert "[sso-session corp]\nsso_region = r\n\n[plugins]\n" in made


def test_a_profile_with_static_keys_only_gets_a_command_that_fails():
    """Without that command, an SDK would use the endpoint's credentials, of another account."""
    text = (
        f"[profile static]\n{STATIC}[profile in-credentials]\nregion = r\n"
        "[profile settings]\nregion = r\n[default]\nregion = eu-west-1\n"
    )
    parser = configparser.RawConfigParser()
    parser.read_string(copied(text, "in-credentials", "default"))
    failing = [name for name in parser.sections() if "credential_process" in parser[name]]
    assert sorted(failing) == ["profile in-credentials", "profile static"]


def test_a_text_that_would_not_parse_as_intended_is_an_error(monkeypatch):
    monkeypatch.setattr(child_config, "_config_line_of_key", lambda name, value: f"{name} = x")
    with pytest.raises(ConfigInvalid, match="too unusual"):
        copied("[profile other]\noutput = text\n")


def test_when_the_config_cannot_be_copied_the_command_gets_its_region_and_a_warning(home, endpoint):
    app = endpoint.serving._app
    home.config_file.write_text("[default\n")
    given = endpoint.serving.prepare_environment().reveal_variables()
    assert Path(given["AWS_CONFIG_FILE"]).read_text() == "[default]\nregion = eu-west-1\n"
    assert "without your other profiles and sessions" in app.warnings[-1]
