"""Which STS a chain's role is assumed at, and whether the company's policy allows its portal."""

import os
import time

import pytest

from ssohelper.actions import assumed_chains, chain_profiles, selection
from ssohelper.actions.issuing import credential_document
from ssohelper.app import App
from ssohelper.broker.requests import AskedBy
from ssohelper.core.chains import AssumeRole
from ssohelper.core.choices import NATIVE
from ssohelper.core.company_policy import CompanyPolicy
from ssohelper.core.model import RoleCredentials, Secret
from ssohelper.core.service_hosts import StsAddress
from ssohelper.errors import (
    AwsUnreachable,
    ConfigInvalid,
    Refused,
    RoleNotAssigned,
    UsageProblem,
)
from ssohelper.wire import role_credentials
from ssohelper.wire.role_credentials import AssumedRole
from tests.actions.world import token
from tests.chains.conftest import JUMP_ACCOUNT, JUMP_ARN, SSO_PROFILE, Chained, chain
from tests.issuers import record_issuer

SOURCE = RoleCredentials("ASIAEXAMPLE", Secret("s"), Secret("t"), int(time.time()) + 3000)


@pytest.fixture
def chained(home, monkeypatch) -> Chained:
    made = Chained(home, None)  # type: ignore[arg-type]  # AWS is not asked here
    made.write(chain("jump", JUMP_ARN, "base"))
    monkeypatch.setattr(os, "environ", {**os.environ, **home.env})
    return made


@pytest.mark.parametrize(
    ("error", "removed"), [(RoleNotAssigned("no access"), 1), (AwsUnreachable("down"), 0)]
)
def test_nothing_stays_cached_of_a_chain_whose_role_aws_refuses(
    chained, monkeypatch, error, removed
):
    app = App(chained.home.env)
    jump = selection.resolve_profile(app, "jump", None)
    app.tokens.save(jump.session, token("first", 5_000_000_000))
    gone: list[object] = []

    def refuse(*_: object) -> None:
        raise error

    monkeypatch.setattr(app.vault, "assume_chained_role", refuse)
    monkeypatch.setattr(
        assumed_chains.issuing,
        "forget_unassigned_role",
        lambda _app, _session, key, _token: gone.append(key),
    )
    with pytest.raises(type(error)):
        assume(app)
    assert gone == [jump.key] * removed


def assume(app: App) -> None:
    jump = selection.resolve_profile(app, "jump", None)
    if app.tokens.load(jump.session) is None:
        app.tokens.save(jump.session, token("first", 5_000_000_000))
    source = credential_document(SOURCE, jump.key.account_id)
    assumed_chains.issue_chain(app, jump.key, AskedBy(), source)


@pytest.mark.parametrize(
    ("variables", "host"),
    [
        ({}, "sts.us-east-1.amazonaws.com"),
        ({"AWS_USE_FIPS_ENDPOINT": "true"}, "sts-fips.us-east-1.amazonaws.com"),
        ({"AWS_USE_DUALSTACK_ENDPOINT": "true"}, "sts.us-east-1.api.aws"),
    ],
)
def test_sts_is_asked_in_the_family_that_the_user_wants(chained, monkeypatch, variables, host):
    app = App({**chained.home.env, **variables})
    asked = []

    def note(*words: object) -> tuple[RoleCredentials, None]:
        asked.append(words[-1])
        return SOURCE, None

    monkeypatch.setattr(app.vault, "assume_chained_role", note)
    monkeypatch.setattr(assumed_chains.issuing, "save_credentials", lambda *_: None)
    assume(app)
    assert asked == [("us-east-1", f"https://{host}")]


def test_the_policy_may_name_the_portal_behind_the_session_s_own_start_url(chained, monkeypatch):
    app = App(chained.home.env)
    jump = selection.resolve_profile(app, "jump", None)
    session = jump.session._replace(
        start_url="https://sso.example.com/start",
        portal_url="https://d-1234567890.awsapps.com/start",
    )

    monkeypatch.setitem(app.vault.sts_clients, StsAddress("", ""), object())
    monkeypatch.setattr(role_credentials, "assume_role", lambda *_: AssumedRole(SOURCE, None))
    asked = AssumeRole(JUMP_ARN, "ana")
    arguments = (
        jump.key,
        session,
        asked,
        SOURCE,
        app.clock.deadline(),
        AskedBy(),
        StsAddress("", ""),
    )

    monkeypatch.setattr(app.vault, "_journal_issued_credentials", lambda *_words, **_more: None)

    def assume_under(pattern: str) -> RoleCredentials:
        monkeypatch.setitem(vars(app), "company_policy", CompanyPolicy(portals=(pattern,)))
        return app.vault.assume_chained_role(*arguments).credentials

    assert assume_under("https://d-1234567890.awsapps.com/*") == SOURCE
    with pytest.raises(Refused):
        assume_under("https://d-0000000000.awsapps.com/*")


def test_a_region_that_none_is_refused_for_a_new_chain():
    values = {"role_arn": "arn:aws:iam::002222222222:role/Deploy"}
    with pytest.raises(UsageProblem, match="no region"):
        chain_profiles._make_chain_step("a", values, "no region!")
    assert chain_profiles._make_chain_step("a", values, "eu-west-1").region == "eu-west-1"


def test_credentials_of_aws_are_not_sent_to_a_server_on_this_machine(chained, monkeypatch):
    app = App({**chained.home.env, "AWS_ENDPOINT_URL_STS": "http://127.0.0.1:9"})
    session = selection.resolve_profile(app, "jump", None).session
    app.tokens.save(session, token("first", 5_000_000_000))
    asked: list[object] = []
    monkeypatch.setattr(app.vault, "assume_chained_role", lambda *words: asked.append(words))
    record_issuer(chained.home.path, "corp", "first", "aws/us-east-1")
    with pytest.raises(ConfigInvalid, match="not sent to a server on this machine") as caught:
        assume(app)
    assert (caught.value.hint, asked) == ("unset AWS_ENDPOINT_URL_STS", [])


@pytest.mark.parametrize(
    ("rule", "notices", "first_key"),
    [
        (
            f"{JUMP_ACCOUNT}/Jump",
            ("a rule guards this role: its profile stays in process form",),
            "credential_process",
        ),
        ("*/Other", (), "role_arn"),
    ],
)
def test_a_new_profile_of_a_guarded_chain_stays_in_process_form_and_says_so(
    home, rule, notices, first_key
):
    home.add_session()
    home.write_config(home.config_file.read_text() + SSO_PROFILE)
    app = App(home.env)
    app.locations.settings_file.parent.mkdir(parents=True, exist_ok=True)
    app.locations.settings_file.write_text(f'[guard]\nrules = ["{rule}"]\n')
    base = selection.resolve_profile(app, "base", None)
    planned = chain_profiles.plan_chain_profile(
        app, "new", base, {"role_arn": JUMP_ARN}, form=NATIVE, region=None
    )
    assert planned.notices == notices
    assert planned.section.keys[0][0] == first_key
