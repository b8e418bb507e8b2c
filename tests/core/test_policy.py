"""Which permits the policy gives: nothing is allowed by default."""

import pytest

from ssohelper.core import allow_list
from ssohelper.core.model import Account, RoleKey
from ssohelper.core.policy import Policy, PublishPermit, ReleasePermit, Way
from ssohelper.errors import Refused

KEY = RoleKey("corp", "111111111111", "Admin")


def policy(*rules, allowed=None, name="prod", grant=None, has_terminal=True) -> Policy:
    return Policy(
        rules,
        None if allowed is None else allow_list.parse_allow_list(allowed),
        find_account=lambda key: Account(key.account_id, name, ""),
        find_grant=lambda _key: grant,
        has_terminal=lambda: has_terminal,
    )


@pytest.mark.parametrize("way", Way)
def test_a_guarded_role_is_released_with_a_grant_alone_and_never_published(way):
    guarding, granted = policy("prod/Admin"), policy("prod/Admin", grant="g1")
    assert (guarding.permit_publishing(KEY), granted.permit_publishing(KEY)) == (None, None)
    with pytest.raises(Refused, match='the rule "prod/Admin" guards') as refusal:
        guarding.permit_release(KEY, way)
    assert refusal.value.exit_code == 9
    assert "ssohelper guard grant corp:111111111111/Admin" in (refusal.value.hint or "")
    permit = granted.permit_release(KEY, way)
    assert (permit.key, permit.way, permit.grant_id) == (KEY, way, "g1")


def test_a_rule_by_name_guards_an_account_whose_name_is_unknown_and_no_other_role():
    assert policy("prod/Admin", name="").find_guarding_rule(KEY) == "prod/Admin"
    assert policy("prod/ReadOnly", name="").find_guarding_rule(KEY) is None
    assert policy("lab:prod/Admin", name="").find_guarding_rule(KEY) is None
    free = policy("prod/Admin")
    key = KEY._replace(role_name="ReadOnly")
    assert free.permit_publishing(key).key == key
    assert free.permit_release(key, Way.EXEC).rule is None


def test_an_allow_list_refuses_before_a_grant_counts():
    with pytest.raises(Refused, match="allow-list"):
        policy("prod/Admin", allowed="*/ReadOnly", grant="g1").permit_release(KEY, Way.ENV)
    assert policy(allowed="*/Admin").permit_release(KEY, Way.ENV).key == KEY


@pytest.mark.parametrize(("allowed", "has_terminal"), [(None, False), ("*/*", True)])
def test_a_program_that_cannot_grant_is_told_what_a_person_must_run(allowed, has_terminal):
    with pytest.raises(Refused) as refusal:
        policy("prod/Admin", allowed=allowed, has_terminal=has_terminal).permit_release(
            KEY, Way.EXEC
        )
    assert refusal.value.hint == (
        "ask the person to run: ssohelper guard grant corp:111111111111/Admin "
        '--reason "…" --all-terminals'
    )


@pytest.mark.parametrize(
    ("allowed", "role", "hint"),
    [
        (
            "*/ReadOnly",
            "Admin",
            "ask the person to run: ssohelper exec --allow corp:111111111111/Admin … -- COMMAND, "
            "to start this program with that role too",
        ),
        ("", "A,b", "ask the person to run: ssohelper exec --allow 'corp:111111111111/A?b' … "),
        (
            "*/ReadOnly,prod.Admin",
            "Admin",
            'the list has "prod.Admin", which names no role: write [SESSION:]ACCOUNT/ROLE',
        ),
    ],
)
def test_a_refusal_of_the_allow_list_says_what_helps(allowed, role, hint):
    with pytest.raises(Refused, match="SSOHELPER_ALLOW") as refusal:
        policy(allowed=allowed).permit_release(KEY._replace(role_name=role), Way.EXEC)
    assert (refusal.value.hint or "").startswith(hint)


def test_a_refusal_for_a_chain_names_the_role_that_is_missing_in_the_list():
    chain = KEY._replace(chain="deploy")
    with pytest.raises(Refused) as refusal:
        policy(allowed="*/ReadOnly").permit_release(chain, Way.EXEC)
    assert refusal.value.message == (
        "the allow-list in SSOHELPER_ALLOW does not include corp:111111111111/Admin, "
        'which the chain "deploy" leads through'
    )


def test_only_the_policy_makes_permits():
    with pytest.raises(TypeError):
        PublishPermit(object(), KEY)
    with pytest.raises(TypeError):
        ReleasePermit(object(), KEY, Way.EXEC, None, None)
