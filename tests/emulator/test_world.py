"""Worlds written to files and read from them."""

import json
import re

import pytest

from ssohelper.emulator.organization import WorldError
from ssohelper.emulator.world import demo_world
from ssohelper.emulator.world_file import load_world, world_file_content
from tests.emulator.conftest import PAYMENTS_PROD


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
