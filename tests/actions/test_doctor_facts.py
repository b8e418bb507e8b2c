"""Which command `doctor` proposes to adopt a profile, and how often it compares what it reads."""

from types import SimpleNamespace

import pytest

from ssohelper.actions import doctor_facts, doctor_sessions
from ssohelper.actions.doctor_facts import Setup
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.findings import Finding
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account
from ssohelper.core.profile_origin import Origin
from ssohelper.core.resolver import ProgramFact
from tests.actions.world import NOW, WorldApp, keys
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


_LEGACY = (
    f"[profile old]\nsso_start_url = {_URL}\nsso_region = eu-west-1\nregion = x\n"
    f"sso_account_id = {_PAY}\nsso_role_name = Read\n"
)
_TWO_PORTALS = _SESSION + _aws_sso_cli("a", _PAY, "Read") + _aws_sso_cli("b:c", _DEV, "Read", "Y")
_ACME = {"acme": _listing(_OTHER_URL, _DEV, "Read")}
_SAME_PORTAL = _SESSION + _SECOND.replace(_OTHER_URL, _URL) + _LEGACY
_SAME_ROLE = {"acme": _listing(_URL, _PAY, "Read")}
_GRANTED = _SESSION + _granted("gone", "Old") + _granted("g", "Read")
_LOST_SESSION = f"[profile p]\nsso_session = gone\nsso_account_id = {_PAY}\nsso_role_name = Read\n"
_BLOCK = f"# BEGIN_AWS_SSO_CLI\n{_aws_sso_cli('a', _PAY, 'Read')}# END_AWS_SSO_CLI\n"
_MARKED = _SESSION + _BLOCK + _aws_sso_cli("c", _PAY, "Read") + _aws_sso_cli("d", _DEV, "Gone")


@pytest.mark.parametrize(
    ("text", "listings", "names", "command"),
    [
        # A profile of another portal is adopted by the setup of that portal.
        (_TWO_PORTALS, _CORP, ["a"], "profile sync --adopt a"),
        (_TWO_PORTALS, _CORP, ["b:c"], "setup URL_OF_ITS_PORTAL --adopt b:c"),
        (
            *(_TWO_PORTALS, _CORP, ["a", "b:c"]),
            "profile sync --adopt a, and ssohelper setup URL_OF_ITS_PORTAL --adopt b:c",
        ),
        (
            _SESSION + _granted("g", "Read", _OTHER_URL),
            _CORP,
            ["g"],
            f"setup {_OTHER_URL} --adopt g",
        ),
        # A first sync lists the roles.
        (_TWO_PORTALS, {}, ["b:c"], "profile sync --adopt b:c"),
        # The session that lists the role is named if there are several.
        (
            *(_SESSION + _SECOND + _aws_sso_cli("b", _DEV, "Read", "Y"), {**_CORP, **_ACME}, ["b"]),
            "profile sync --session acme --adopt b",
        ),
        # A legacy profile is adopted by the session that serves it, and that has its role.
        (_SAME_PORTAL, {**_CORP, **_SAME_ROLE}, ["old"], "profile sync --session corp --adopt old"),
        (_SAME_PORTAL, _SAME_ROLE, ["old"], "profile sync --session corp --adopt old"),
        (
            *(_SAME_PORTAL, {**_SAME_ROLE, "corp": _listing(_URL, _PAY, "Admin")}, ["old"]),
            "profile sync --session acme --adopt old",
        ),
        # A profile whose role is not listed is not to be adopted. Without a list, nothing is known.
        (_GRANTED, _CORP, ["gone"], ""),
        (_GRANTED, _CORP, ["gone", "g"], "profile sync --adopt g"),
        (_GRANTED, {}, ["gone"], "profile sync --adopt gone"),
        # The profile's session is missing, or not valid.
        (_SESSION + _LOST_SESSION, _CORP, ["p"], "setup START_URL --session gone --adopt p"),
        (f"[sso-session gone]\n{_SESSION}{_LOST_SESSION}", _CORP, ["p"], ""),
        # A profile between the marks is adopted by setup with the others.
        (_MARKED, _CORP, ["a", "c"], "setup, which asks to adopt all profiles that do not work"),
        (_MARKED, _CORP, ["c", "d"], "profile sync --adopt c"),
    ],
)
def test_the_command_that_adopts_profiles(text, listings, names, command):
    assert _setup(text, listings).adopt_command(names) == (command and f"ssohelper {command}")


def test_two_sources_of_one_role_become_one_by_adopting():
    keys = f"sso_start_url = {_URL}\nsso_region = eu-west-1\nsso_account_id = {_PAY}\nregion = x\n"
    command = "credential_process = aws-sso-util credential-process --profile"
    util = f"[profile util]\n{keys}sso_role_name = Read\n{command} util\n"
    both = f"[profile both]\n{keys}sso_role_name = Read\nlogin_session = x\n"
    found = _find(_SESSION + util + both, _CORP)
    fixes = {one.subject: one.fix for one in found if one.id == "mixed-identities"}
    adopt = "ssohelper profile sync --adopt util, or keep one of these sources"
    assert fixes == {'profile "util"': adopt, 'profile "both"': "keep one of these sources"}


def test_marks_around_profiles_of_a_second_portal_go_when_those_are_adopted():
    managed = "[profile a]\nregion = x\nssohelper_managed = true\n"
    block = f"# BEGIN_AWS_SSO_CLI\n{managed}{_aws_sso_cli('b', _DEV, 'R', 'Y')}# END_AWS_SSO_CLI\n"
    found = {one.id: one for one in _find(_SESSION + block, _CORP)}
    setup = "ssohelper setup URL_OF_ITS_PORTAL, which asks to adopt all profiles that do not work"
    fix = found["rewritten-by-another-tool"].fix
    assert fix.startswith(f"{setup}, which also removes both marks")
    assert found["program-missing"].fix.startswith(f"{setup}, or install it again")


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


def test_cached_credentials_are_told_after_the_minutes_that_aws_may_take_to_change_a_role(tmp_path):
    app = WorldApp(tmp_path)
    app.locations.aws_config_file.write_text(
        app.locations.aws_config_file.read_text()
        + "[profile p]\nsso_session = corp\nsso_account_id = 000000000001\nsso_role_name = R\n"
    )
    setup = Setup(app, "p")
    [profile] = setup.profiles
    assert profile.target is not None
    held = SimpleNamespace(credentials=keys("AKIA"), received_at=NOW)
    app.__dict__["credentials"] = SimpleNamespace(load=lambda _key, _session: held)
    for age, expected in ((300, []), (301, ["cached-credentials"])):
        setup.now = NOW + age
        found = doctor_sessions.check_sign_ins(setup)
        assert [one.id for one in found if one.id == "cached-credentials"] == expected


def test_a_session_is_compared_with_its_own_profiles_only(tmp_path, monkeypatch):
    """6,000 sessions with a profile each took 36 million comparisons."""
    text = "".join(
        f"[sso-session s{at}]\nsso_start_url = https://x{at}.awsapps.com/start\nsso_region = eu-west-1\n"
        f"[profile p{at}]\nsso_session = s{at}\nsso_account_id = {at:012d}\nsso_role_name = R\n"
        f"ssohelper_managed = {'true' if at % 2 else 'false'}\n"
        for at in range(20)
    )
    setup, asked = make_setup(tmp_path, text), []
    original = ConfigFile.sessions_of_target
    monkeypatch.setattr(
        ConfigFile,
        "sessions_of_target",
        lambda config, one: asked.append(one) or original(config, one),
    )
    assert len(setup.roles_with_profile) == 20
    del asked[:]
    assert setup.managed_sessions == {f"s{at}" for at in range(1, 20, 2)}
    assert len(asked) == 10
