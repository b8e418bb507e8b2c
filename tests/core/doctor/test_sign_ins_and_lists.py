"""Findings of sign-ins, cached credentials, and sessions of one portal."""

import pytest

from ssohelper.core.doctor import sign_ins_and_lists
from ssohelper.core.doctor.facts import (
    Facts,
    SessionFact,
)
from ssohelper.core.model import SsoSession
from ssohelper.core.sign_in_outlook import Outlook


def test_cached_credentials_are_told_after_the_minutes_that_aws_may_take_to_change_a_role() -> None:
    for age, expected in ((300, []), (301, ["cached-credentials"])):
        facts = Facts(chosen="p", issued_at=1_000, now=1_000 + age)
        assert [one.id for one in sign_ins_and_lists.check_cached_credentials(facts)] == expected


def session_fact(name: str, url: str) -> SessionFact:
    outlook = Outlook(None, "unknown", 9)
    return SessionFact(SsoSession(name, url, "eu-west-1", ()), outlook)


def test_sessions_are_not_compared_with_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    """6,000 sessions took 36 million comparisons."""
    calls = []
    original = sign_ins_and_lists.normalized_start_url
    monkeypatch.setattr(
        sign_ins_and_lists, "normalized_start_url", lambda url: calls.append(url) or original(url)
    )
    facts = [session_fact(f"s{at}", f"https://x{at}.awsapps.com/start") for at in range(50)]
    facts.append(session_fact("twin", "https://x7.awsapps.com/start#/"))
    [found] = sign_ins_and_lists.check_sessions_of_same_portal(Facts(sessions=tuple(facts)))
    assert found.subject == 'sessions "s7", "twin"'
    assert len(calls) == len(facts)


def test_sessions_are_of_one_portal_whichever_of_its_urls_they_name() -> None:
    company, aws = "https://sso.example.com/start", "https://x.awsapps.com/start"
    facts = [
        session_fact("not-signed-in", f"{company}/"),
        session_fact("corp", company),
        session_fact("second", f"{aws}#/"),
        session_fact("other", "https://y.awsapps.com/start"),
    ]
    facts[1] = facts[1]._replace(session=facts[1].session._replace(portal_url=aws))
    [found] = sign_ins_and_lists.check_sessions_of_same_portal(Facts(sessions=tuple(facts)))
    assert found.subject == 'sessions "not-signed-in", "corp", "second"'
