"""Makes the demo's organization, which the emulator serves by default.

Its account ids begin with 0000, so that none of them can be the id of a real account.
"""

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

_ACCOUNTS = (
    ("000010000001", "log-archive", "Security"),
    ("000010000002", "audit", "Security"),
    ("000020000001", "network", "Infrastructure"),
    ("000020000002", "shared-services", "Infrastructure"),
    ("000030000001", "payments-prod", "Workloads/Production"),
    ("000030000002", "orders-prod", "Workloads/Production"),
    ("000030000003", "data-lake", "Workloads/Production"),
    ("000040000001", "payments-dev", "Workloads/Development"),
    ("000040000002", "orders-dev", "Workloads/Development"),
    ("000040000003", "data-lake-dev", "Workloads/Development"),
    ("000050000001", "sandbox-ana", "Sandbox"),
    ("000050000002", "sandbox-ben", "Sandbox"),
)
_PEOPLE = (
    ("ana", "Ana Alvarez", ("everyone", "developers", "data", "on-call"), True),
    ("ben", "Ben Okafor", ("everyone", "developers"), True),
    ("chi", "Chi Nguyen", ("everyone", "data"), True),
    ("dora", "Dora Weiss", ("everyone", "security"), True),
    ("emil", "Emil Larsen", ("everyone", "platform", "on-call"), True),
    ("finn", "Finn Maher", ("everyone",), False),
)
_ASSIGNMENTS = (
    ("everyone", "ReadOnlyAccess", "Workloads"),
    ("developers", "Developer", "Workloads/Development"),
    ("developers", "ReadOnlyAccess", "Infrastructure"),
    ("developers", "DatabaseAdmin", "000040000001"),
    ("on-call", "DatabaseAdmin", "000030000001"),
    ("on-call", "DatabaseAdmin", "000030000002"),
    ("on-call", "BreakGlassAdmin", "Workloads/Production"),
    ("data", "DataScienceReadOnly", "000030000003"),
    ("data", "DataScienceReadOnly", "000040000003"),
    ("security", "SecurityAudit", "Root"),
    ("platform", "ReadOnlyAccess", "Root"),
    ("platform", "BreakGlassAdmin", "Infrastructure"),
    ("ana", "SandboxAdmin", "000050000001"),
    ("ben", "SandboxAdmin", "000050000002"),
)


def demo_world() -> World:
    """Return the demo's organization, with 12 accounts, 6 people and 7 permission sets."""
    world = World()
    _add_permission_sets(world)
    for account_id, name, ou in _ACCOUNTS:
        world.add_account(account_id, name, ou=ou)
    for user_name, display_name, groups, enabled in _PEOPLE:
        world.add_person(user_name, display_name, groups=groups, enabled=enabled)
    for assignment in _ASSIGNMENTS:
        world.assign(*assignment)
    return world


def _add_permission_sets(world: World) -> None:
    world.add_permission_set(
        "ReadOnlyAccess", 8 * 3600, "Read everything, change nothing", managed=["ReadOnlyAccess"]
    )
    world.add_permission_set(
        "Developer",
        8 * 3600,
        "Build and run workloads, without IAM",
        managed=["PowerUserAccess"],
        inline=_make_deny_statement(
            "ec2:RunInstances", {"StringNotEquals": {"aws:RequestedRegion": "eu-west-1"}}
        ),
        boundary="DeveloperBoundary",
    )
    world.add_permission_set(
        "DatabaseAdmin",
        2 * 3600,
        "Administer databases",
        managed=["job-function/DatabaseAdministrator"],
        customer_managed=["DatabaseBackups"],
    )
    world.add_permission_set(
        "SecurityAudit", 4 * 3600, "Read security settings everywhere", managed=["SecurityAudit"]
    )
    world.add_permission_set(
        "DataScienceReadOnly",
        4 * 3600,
        "Query the data lake",
        managed=["AmazonAthenaFullAccess"],
        inline=_make_deny_statement("s3:DeleteObject"),
    )
    world.add_permission_set(
        "SandboxAdmin",
        12 * 3600,
        "All rights in one's own sandbox",
        managed=["AdministratorAccess"],
    )
    world.add_permission_set(
        "BreakGlassAdmin",
        3600,
        "Full rights for an emergency, one hour, with a written reason",
        managed=["AdministratorAccess"],
    )


def _make_deny_statement(
    action: str, condition: dict[str, object] | None = None
) -> dict[str, object]:
    statement: dict[str, object] = {"Effect": "Deny", "Action": action, "Resource": "*"}
    if condition:
        statement["Condition"] = condition
    return {"Version": "2012-10-17", "Statement": [statement]}
