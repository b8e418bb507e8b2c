"""Emulated organizations: who has which roles after each change; worlds in files; the demo's."""

import json
import re

import pytest

from ssohelper.emulator.organization import World, WorldError
from ssohelper.emulator.world import demo_world
from ssohelper.emulator.world_file import load_world, world_file_content
from tests.emulator.conftest import PAYMENTS_PROD


def small() -> World:
    world = World()
    world.add_account("000000000001", "one", ou="Workloads/Production")
    world.add_account("000000000002", "two", ou="Sandbox")
    world.add_person("ana", groups=["developers"])
    world.add_permission_set("ReadOnlyAccess")
    world.add_permission_set("Developer")
    return world


def test_a_new_account_of_an_ou_is_in_the_list_of_those_assigned():
    world = small()
    world.assign("developers", "ReadOnlyAccess", "Workloads")
    assert list(world.roles_of("ana")) == ["000000000001"]
    world.add_account("000000000003", "three", ou="Workloads/Development/Team")
    world.add_account("000000000004", "four", ou="Work")  # the same prefix, but another OU
    assert list(world.roles_of("ana")) == ["000000000001", "000000000003"]
    world.assign("ana", "Developer", "Root")
    assert len(world.roles_of("ana")) == 4


def test_a_role_that_is_assigned_twice_is_listed_once():
    world = small()
    world.assign("ana", "Developer", "000000000001")
    world.assign("developers", "Developer", "Workloads")
    world.assign("developers", "ReadOnlyAccess", "Workloads")
    assert world.roles_of("ana") == {"000000000001": ("Developer", "ReadOnlyAccess")}


@pytest.mark.parametrize(
    ("change", "left"),
    [
        (lambda w: w.unassign("ana", "Developer", "000000000001"), {}),
        (lambda w: w.remove_permission_set("Developer"), {}),
        (lambda w: w.remove_account("000000000001"), {}),
        (lambda w: w.rename_account("000000000001", "new"), {"000000000001": ("Developer",)}),
        (lambda w: w.move_account("000000000001", "Sandbox"), {"000000000001": ("Developer",)}),
    ],
)
def test_changes_take_effect_at_once(change, left):
    world = small()
    world.assign("ana", "Developer", "000000000001")
    assert world.roles_of("ana")
    change(world)
    assert world.roles_of("ana") == left


def test_an_account_that_is_moved_gets_the_roles_of_its_new_ou():
    world = small()
    world.assign("ana", "Developer", "Workloads")
    world.move_account("000000000002", "Workloads")
    world.move_account("000000000001", "Sandbox")
    assert list(world.roles_of("ana")) == ["000000000002"]


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        (lambda w: w.add_account("12", "short"), "12 digits"),
        (lambda w: w.add_account("000000000001", "twice"), "exists already"),
        (lambda w: w.assign("nobody", "Developer", "Root"), "no person and no group"),
        (lambda w: w.assign("ana", "Nothing", "Root"), "no permission set"),
        (lambda w: w.assign("ana", "Developer", "Nowhere"), "no account and no OU"),
        (lambda w: w.unassign("ana", "Developer", "Root"), "no such assignment"),
        (lambda w: w.add_permission_set("x" * 33), "permission set's name"),
        (lambda w: w.add_person("ana"), "exists already"),
        (lambda w: w.add_group("ana"), "is a person"),
        (lambda w: w.remove_account("000000000009"), "no account"),
    ],
)
def test_an_impossible_change_is_refused_by_name(wrong, says):
    with pytest.raises(WorldError, match=says):
        wrong(small())


class TestWorldFile:
    def test_a_written_world_is_read_back_unchanged(self, tmp_path):
        world = demo_world()
        world.add_iam_role("000099990001", "Deploy", trusts=[PAYMENTS_PROD], external_id="x1")
        file = tmp_path / "world.json"
        file.write_text(json.dumps(world_file_content(world)))
        again = load_world(str(file))
        assert world_file_content(again) == world_file_content(world)
        assert again.iam_roles == world.iam_roles
        assert all(again.roles_of(person) == world.roles_of(person) for person in world.people)

    def test_toml_is_read(self, tmp_path):
        file = tmp_path / "world.toml"
        file.write_text(
            'name = "Tiny"\nstart_url = "https://d-1111111111.awsapps.com/start"\n'
            '[[account]]\naccount_id = "000000000001"\nname = "one"\nou = "Work"\n'
            '[[person]]\nuser_name = "zoe"\n'
            '[[permission_set]]\nname = "Admin"\nsession_seconds = 7200\n'
            '[[assignment]]\nprincipal = "zoe"\npermission_set = "Admin"\ntarget = "Work"\n'
        )
        world = load_world(str(file))
        assert world.start_url == "https://d-1111111111.awsapps.com/start"
        assert world.roles_of("zoe") == {"000000000001": ("Admin",)}
        assert world.permission_sets["Admin"].session_seconds == 7200

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            ("[1]", "must be a table"),
            ("{", "cannot use the world file"),
            ('{"acount": []}', "unknown key 'acount'"),
            ('{"account": [{"account_id": "000000000001"}]}', "account 1: missing.* 'name'"),
            (
                '{"group": [{"name": "a"}, {"name": "b", "x": 1}]}',
                "group 2: got an unexpected .*'x'",
            ),
            ('{"account": [{"account_id": "1", "name": "n"}]}', "account 1: an account id has"),
            ('{"account": 3}', "cannot use the world file"),
        ],
    )
    def test_a_bad_file_is_named_with_its_error(self, tmp_path, content, says):
        file = tmp_path / "world.json"
        file.write_text(content)
        with pytest.raises(WorldError, match=says) as caught:
            load_world(str(file))
        assert "world.json" in str(caught.value)
        with pytest.raises(WorldError, match=r"nowhere\.toml"):
            load_world(str(tmp_path / "nowhere.toml"))


# -- the demo's organization --


def test_the_demo_world_has_the_documented_size():
    world = demo_world()
    assert all(account_id.startswith("0000") for account_id in world.accounts)
    assert len(world.accounts) == 12
    assert len(world.people) == 6
    assert len(world.permission_sets) == 7
    assert sum(len(roles) for roles in world.roles_of("ana").values()) == 20
    assert world.permission_sets["BreakGlassAdmin"].session_seconds == 3600
    assert len({s.session_seconds for s in world.permission_sets.values()}) >= 4


def test_the_provisioned_role_is_named_as_aws_names_it():
    world = demo_world()
    name = world.provisioned_role_name("000030000001", "Developer")
    assert re.fullmatch(r"AWSReservedSSO_Developer_[0-9a-f]{16}", name)
    assert name != world.provisioned_role_name("000030000002", "Developer")
    arn = world.session_arn("000030000001", "Developer", "ana")
    assert arn == f"arn:aws:sts::000030000001:assumed-role/{name}/ana"
