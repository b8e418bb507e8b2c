"""An emulated organization: who has which roles in which accounts after each change."""

import pytest

from ssohelper.emulator.organization import World, WorldError


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
