"""What `doctor` gathers of profiles for its sessions."""

import os
from pathlib import Path

import pytest

from ssohelper.actions import doctor_facts, doctor_machine
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor.facts import ConfigFacts

URL = "https://d-0000000000.awsapps.com/start"


def test_a_session_is_compared_with_its_own_profiles_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """6,000 sessions with a profile each took 36 million comparisons."""
    text = "".join(
        f"[sso-session s{at}]\nsso_start_url = {URL}\nsso_region = eu-west-1\n"
        f"[profile p{at}]\nsso_session = s{at}\nsso_account_id = {at:012d}\nsso_role_name = R\n"
        f"ssohelper_managed = {'true' if at % 2 else 'false'}\n"
        for at in range(20)
    )
    config = ConfigFile.parse(text.encode(), "config")
    targets = doctor_facts.gather_profile_targets(
        doctor_facts.read_profile_facts(ConfigFacts(file=config))
    )
    assert len(targets.roles) == 20
    calls = []
    original = doctor_facts.target_belongs_to_session
    monkeypatch.setattr(
        doctor_facts,
        "target_belongs_to_session",
        lambda target, session: calls.append(target) or original(target, session),
    )
    found = [one.name for one in config.sso_sessions() if targets.has_managed_profile(one)]
    assert found == [f"s{at}" for at in range(1, 20, 2)]
    assert len(calls) == 10


@pytest.mark.needs_root
def test_a_file_of_another_user_has_that_users_name(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("")
    os.chown(path, 65534, 65534)
    found = doctor_machine._make_file_fact(path, "config")
    assert found is not None
    assert found.owner == "nobody"
