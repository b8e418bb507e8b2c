"""Makes the demo's organization, which the emulator serves by default.

Its account ids begin with 0000, so that none of them can be the id of a real account.
"""

from ssohelper.emulator.organization import World

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


# Name, session hours, description.
_PERMISSION_SETS = (
    ("ReadOnlyAccess", 8, "Read everything, change nothing"),
    ("Developer", 8, "Build and run workloads, without IAM"),
    ("DatabaseAdmin", 2, "Administer databases"),
    ("SecurityAudit", 4, "Read security settings everywhere"),
    ("DataScienceReadOnly", 4, "Query the data lake"),
    ("SandboxAdmin", 12, "All rights in one's own sandbox"),
    ("BreakGlassAdmin", 1, "Full rights for an emergency, one hour, with a written reason"),
)


def demo_world() -> World:
    world = World()
    for name, hours, description in _PERMISSION_SETS:
        world.add_permission_set(name, hours * 3600, description)
    for account_id, name, ou in _ACCOUNTS:
        world.add_account(account_id, name, ou=ou)
    for user_name, display_name, groups, enabled in _PEOPLE:
        world.add_person(user_name, display_name, groups=groups, enabled=enabled)
    for assignment in _ASSIGNMENTS:
        world.assign(*assignment)
    return world
