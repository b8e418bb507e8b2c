"""The world that an emulator serves: an organization, the demo's cast, or one from a file."""

from ssohelper.emulator.cast import demo_world
from ssohelper.emulator.organization import (
    REGION,
    ROOT,
    START_URL,
    Account,
    Assignment,
    PermissionSet,
    Person,
    World,
    WorldError,
)
from ssohelper.emulator.world_file import load_world

__all__ = [
    "REGION",
    "ROOT",
    "START_URL",
    "Account",
    "Assignment",
    "PermissionSet",
    "Person",
    "World",
    "WorldError",
    "demo_world",
    "load_world",
]
