"""Of which kind each change of a plan is, and the counts by kind."""

from ssohelper.core import plan_kinds
from ssohelper.core.choices import Choices
from ssohelper.core.profile_keys import ProfileChange
from tests.core.test_profile_plan import SESSION, plan, process, request

OLD = "/old/bin/ssohelper credential-process"
NEW = "/new/bin/ssohelper-credentials"
ROLE = "--session corp --account-id 001234567890 --role-name Read"


def kind(before: dict[str, str], after: dict[str, str]) -> str:
    return plan_kinds.kind_of_change(plan(SESSION), ProfileChange("p", before, after))


def test_each_change_is_named_by_what_changes() -> None:
    command = "credential_process"
    assert kind({command: f"{OLD} {ROLE}"}, {command: f"{NEW} {ROLE}"}) == "program path"
    other_session = ROLE.replace("corp", "lab")
    assert kind({command: f"{NEW} {other_session}"}, {command: f"{NEW} {ROLE}"}) == "session"
    other_role = ROLE.replace("Read", "Write")
    assert kind({command: f"{NEW} {other_role}"}, {command: f"{NEW} {ROLE}"}) == "role"
    assert (
        kind({command: f"{OLD} {other_role}"}, {command: f"{NEW} {ROLE}"}) == "program path, role"
    )
    assert kind({command: "other-tool"}, {command: f"{NEW} {ROLE}"}) == "program path"
    native = {"sso_session": "corp", "sso_account_id": "1" * 12, "sso_role_name": "R"}
    assert kind({command: f"{NEW} {ROLE}"}, native) == "form"
    assert kind(native, {command: f"{NEW} {ROLE}"}) == "form"
    assert kind({"sso_session": "a"}, {"sso_session": "b"}) == "session"
    assert kind({"sso_role_name": "a"}, {"sso_role_name": "b"}) == "role"
    assert kind({"region": "a", "name": "x"}, {"region": "b", "name": "y"}) == "region, name"


def test_one_new_profile_is_counted_before_many_changes() -> None:
    text = SESSION + process("old", "001234567890", "Read", OLD)
    text += process("dev.Read", "111122223333", "Read").replace("eu-west-1", "us-east-1")
    choices = Choices(default_region="eu-north-1")
    found = plan(text, request(choices=choices, old_region="us-east-1"))
    change = found.change[0]
    many = tuple(change._replace(profile=f"p{number}") for number in range(598))
    found = found._replace(add=("new",), change=(*found.change, *many), remove=("gone",))
    line = plan_kinds.counts_line_of_plan(found)
    assert line == "1 to add, 599 to change: program path, 1 to change: region, 1 to remove"
    assert [group.sign for group in plan_kinds.group_profiles_by_change(found)] == [
        "+",
        "~",
        "~",
        "-",
    ]
    assert sum(len(group.names) for group in plan_kinds.group_profiles_by_change(found)) == 602


def test_rare_kinds_are_counted_together() -> None:
    pairs = [("region", "a"), ("sso_role_name", "b"), ("sso_session", "c"), ("name", "d")]
    changes = [ProfileChange(key, {key: "old"}, {key: new}) for key, new in pairs]
    found = plan(SESSION)._replace(add=(), change=(changes[0], *changes), remove=())
    assert plan_kinds.counts_line_of_plan(found) == (
        "2 to change: region, 1 to change: role, 1 to change: session, 1 to change otherwise"
    )


def test_adopted_profiles_are_a_kind_of_their_own() -> None:
    change = ProfileChange("theirs", {}, {"ssohelper_managed": "true"})
    found = plan(SESSION)._replace(add=(), change=(change,), remove=(), adopt=("theirs",))
    assert plan_kinds.counts_line_of_plan(found) == "1 to adopt"


def test_a_plan_without_profiles_says_what_it_does() -> None:
    found = plan(SESSION)._replace(add=(), change=(), remove=())
    assert plan_kinds.counts_line_of_plan(found._replace(changes=())) == "nothing to change"
    assert "section [sso-session corp] to write" in plan_kinds.counts_line_of_plan(
        found._replace(changes=plan(SESSION).changes)
    )
