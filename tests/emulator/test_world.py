import re

from ssohelper.emulator.world import demo_world


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
