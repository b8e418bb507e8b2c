"""Which command `doctor` proposes to adopt a profile: one that adopts it, and that makes it work."""

from collections.abc import Iterable

import pytest

from ssohelper.actions import doctor_facts
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.findings import Finding
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from ssohelper.core.profile_origin import Origin
from ssohelper.core.resolver import ProgramFact
from tests.doctor_world import find_in, make_setup

_URL, _OTHER_URL = "https://corp.awsapps.com/start", "https://acme.awsapps.com/start"
_SESSION = f"[sso-session corp]\nsso_start_url = {_URL}\nsso_region = eu-west-1\n"
_SECOND = f"[sso-session acme]\nsso_start_url = {_OTHER_URL}\nsso_region = eu-west-1\n"
_PAY, _DEV = "001234567890", "000000000002"


def _listing(url: str, account_id: str, *roles: str) -> Listing:
    return Listing(url, "eu-west-1", 1, (ListedAccount(Account(account_id, "pay", ""), roles),))


_CORP = {"corp": _listing(_URL, _PAY, "Admin", "Read")}


def _aws_sso_cli(name: str, account_id: str, role: str, instance: str = "X") -> str:
    arn = f"arn:aws:iam::{account_id}:role/{role}"
    line = f"credential_process = aws-sso -S {instance} process --arn {arn}"
    return f"[profile {name}]\nregion = x\n{line}\n"


def _granted(name: str, role: str, url: str = _URL) -> str:
    return (
        f"[profile {name}]\nregion = x\ngranted_sso_start_url = {url}\n"
        f"granted_sso_region = eu-west-1\ngranted_sso_account_id = {_PAY}\n"
        f"granted_sso_role_name = {role}\n"
        f"credential_process = granted credential-process --profile {name}\n"
    )


@pytest.fixture(autouse=True)
def folder(tmp_path):
    _setup.__dict__["folder"] = tmp_path


def _setup(text: str, listings: dict[str, Listing]) -> doctor_facts.Setup:
    """Return a setup in which no program of a profile exists."""
    commands = [line.partition(" = ")[2] for line in text.splitlines() if "_process" in line]
    words = {one.partition(" ")[0]: None for one in commands}
    _setup.__dict__["number"] = number = _setup.__dict__.get("number", 0) + 1
    return make_setup(
        _setup.__dict__["folder"] / str(number),
        text,
        listings=listings,
        programs={word: ProgramFact(word, None, False) for word in words},
    )


def _find(text: str, listings: dict[str, Listing]) -> list[Finding]:
    return find_in(_setup(text, listings))


def _command(text: str, listings: dict[str, Listing], names: Iterable[str]) -> str:
    return _setup(text, listings).adopt_command(names)


def test_a_profile_of_another_portal_is_adopted_by_the_setup_of_that_portal():
    text = _SESSION + _aws_sso_cli("a", _PAY, "Read") + _aws_sso_cli("b:c", _DEV, "Read", "Y")
    assert _command(text, _CORP, ["a"]) == "ssohelper profile sync --adopt a"
    assert _command(text, _CORP, ["b:c"]) == "ssohelper setup URL_OF_ITS_PORTAL --adopt b:c"
    both = "ssohelper profile sync --adopt a, and ssohelper setup URL_OF_ITS_PORTAL --adopt b:c"
    assert _command(text, _CORP, ["a", "b:c"]) == both
    # A first sync lists the roles.
    assert _command(text, {}, ["b:c"]) == "ssohelper profile sync --adopt b:c"
    text = _SESSION + _granted("g", "Read", _OTHER_URL)
    assert _command(text, _CORP, ["g"]) == f"ssohelper setup {_OTHER_URL} --adopt g"


def test_the_session_that_lists_the_role_is_named_if_there_are_several():
    text = _SESSION + _SECOND + _aws_sso_cli("b", _DEV, "Read", "Y")
    listings = {**_CORP, "acme": _listing(_OTHER_URL, _DEV, "Read")}
    assert _command(text, listings, ["b"]) == "ssohelper profile sync --session acme --adopt b"


def test_a_legacy_profile_is_adopted_by_the_session_that_serves_it():
    legacy = (
        f"[profile old]\nsso_start_url = {_URL}\nsso_region = eu-west-1\nregion = x\n"
        f"sso_account_id = {_PAY}\nsso_role_name = Read\n"
    )
    text = _SESSION + _SECOND.replace(_OTHER_URL, _URL) + legacy
    command = "ssohelper profile sync --session {} --adopt old"
    second = {"acme": _listing(_URL, _PAY, "Read")}
    assert _command(text, {**_CORP, **second}, ["old"]) == command.format("corp")
    assert _command(text, second, ["old"]) == command.format("corp")
    # The first session does not have the role, so that the profile cannot work by its sign-in.
    listings = {**second, "corp": _listing(_URL, _PAY, "Admin")}
    assert _command(text, listings, ["old"]) == command.format("acme")


def test_two_sources_of_one_role_become_one_by_adopting():
    keys = f"sso_start_url = {_URL}\nsso_region = eu-west-1\nsso_account_id = {_PAY}\nregion = x\n"
    command = "credential_process = aws-sso-util credential-process --profile"
    util = f"[profile util]\n{keys}sso_role_name = Read\n{command} util\n"
    both = f"[profile both]\n{keys}sso_role_name = Read\nlogin_session = x\n"
    found = _find(_SESSION + util + both, _CORP)
    fixes = {one.subject: one.fix for one in found if one.id == "mixed-identities"}
    adopt = "ssohelper profile sync --adopt util, or keep one of these sources"
    assert fixes == {'profile "util"': adopt, 'profile "both"': "keep one of these sources"}


def test_a_profile_whose_role_is_not_listed_is_not_to_be_adopted():
    text = _SESSION + _granted("gone", "Old") + _granted("g", "Read")
    assert _command(text, _CORP, ["gone"]) == ""
    assert _command(text, _CORP, ["gone", "g"]) == "ssohelper profile sync --adopt g"
    # Without a list, nothing is known about the role.
    assert _command(text, {}, ["gone"]) == "ssohelper profile sync --adopt gone"


def test_a_profile_of_a_session_that_is_missing_or_not_valid():
    keys = f"sso_session = gone\nsso_account_id = {_PAY}\nsso_role_name = Read\n"
    text = f"{_SESSION}[profile p]\n{keys}"
    assert _command(text, _CORP, ["p"]) == "ssohelper setup START_URL --session gone --adopt p"
    assert _command(f"[sso-session gone]\n{text}", _CORP, ["p"]) == ""


def test_marks_around_profiles_of_a_second_portal_go_when_those_are_adopted():
    managed = "[profile a]\nregion = x\nssohelper_managed = true\n"
    block = f"# BEGIN_AWS_SSO_CLI\n{managed}{_aws_sso_cli('b', _DEV, 'R', 'Y')}# END_AWS_SSO_CLI\n"
    found = {one.id: one for one in _find(_SESSION + block, _CORP)}
    setup = "ssohelper setup URL_OF_ITS_PORTAL, which asks to adopt all profiles that do not work"
    fix = found["rewritten-by-another-tool"].fix
    assert fix.startswith(f"{setup}, which also removes both marks")
    assert found["program-missing"].fix.startswith(f"{setup}, or install it again")


def test_a_profile_between_the_marks_is_adopted_by_setup_with_the_others():
    block = f"# BEGIN_AWS_SSO_CLI\n{_aws_sso_cli('a', _PAY, 'Read')}# END_AWS_SSO_CLI\n"
    text = _SESSION + block + _aws_sso_cli("c", _PAY, "Read") + _aws_sso_cli("d", _DEV, "Gone")
    setup = "ssohelper setup, which asks to adopt all profiles that do not work"
    assert _command(text, _CORP, ["a", "c"]) == setup
    assert _command(text, _CORP, ["c", "d"]) == "ssohelper profile sync --adopt c"


def test_profiles_are_looked_at_once_for_all_missing_programs(monkeypatch):
    looked = []
    find = doctor_facts.find_profile_origins

    def count(config: ConfigFile) -> tuple[Origin, ...]:
        looked.append(config)
        return find(config)

    monkeypatch.setattr(doctor_facts, "find_profile_origins", count)
    roles = [_aws_sso_cli(f"p{number}", _PAY, "Read") for number in range(20)]
    text = "".join(
        one.replace("aws-sso ", f"/gone{number}/aws-sso ") for number, one in enumerate(roles)
    )
    found = [one for one in _find(_SESSION + text, _CORP) if "adopt" in one.fix]
    assert (len(found), len(looked) < 3) == (20, True)
