"""Which managed profiles count as edited by hand, and which as named on purpose."""

import pytest

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.edited_profiles import find_misnamed_profiles, find_role_as_written
from ssohelper.core.model import Role
from ssohelper.core.written_roles import Write
from tests.core.test_profile_plan import DEV, LISTING, PAY, SESSION, URL, process

READ = SESSION + process("pay.Read", PAY, "Read") + process("dev.Read", DEV, "Read")
EDITED = READ.replace(PAY, DEV)
EXCHANGED = (
    READ.replace("pay.Read", "x")
    .replace("dev.Read", "pay.Read")
    .replace("[profile x", "[profile dev.Read")
)
MOVED = SESSION + process("pay.Read", DEV, "Read")
CUSTOM = READ.replace("pay.Read", "mine")
MARK = "ssohelper_managed = true\n"


def found(present: str, *writes: tuple[str | None, str | None]) -> dict[str, Role]:
    config = ConfigFile.parse(present.encode(), "config")
    names = [one.name for one in config.profiles()]
    saved = [Write(*(one if one is None else one.encode() for one in write)) for write in writes]
    roles = {
        one.name: find_role_as_written(config, one, "corp", saved)
        for one in find_misnamed_profiles(
            config, names, "corp", LISTING, "{account_name}.{role_name}"
        )
    }
    return {name: role for name, role in roles.items() if role is not None}


@pytest.mark.parametrize(
    ("present", "writes"),
    [
        (EDITED, [(None, READ)]),
        (READ.replace("Read\nregion", "Admin\nregion", 1).replace("pay.Read", "pay.Read"), [(None, READ)]),
        (EDITED, [(EDITED, EDITED + "# more"), (None, READ)]),  # a sync wrote the edited config
        (EDITED.replace("profile pay.Read", "profile corp.pay.Read"),
         [(None, READ.replace("profile pay.Read", "profile corp.pay.Read"))]),
    ],
    ids=["account", "role", "written since", "longer name"],
)  # fmt: skip
def test_a_profile_that_we_wrote_for_the_role_of_its_name(present, writes) -> None:
    [role] = found(present, *writes).values()
    assert role == Role(PAY, "Read")


@pytest.mark.parametrize(
    ("present", "writes"),
    [
        (READ, [(None, READ)]),
        (EDITED, []),
        (EDITED, [(READ, EDITED)]),  # we wrote it: `profile rm`, then `profile add --name`
        (EDITED, [(None, EDITED)]),  # when we wrote it, its account had another name
        (EXCHANGED, [(None, READ)]),
        (MOVED, [(None, READ)]),  # the profile dev.Read got the name of a removed profile
        (CUSTOM.replace(PAY, DEV), [(None, CUSTOM)]),
        (EDITED.replace(MARK, "", 1), [(None, READ)]),
        (EDITED, [(None, "[profile")]),
    ],
    ids=["whole", "no write", "we", "account renamed", "exchanged", "renamed", "custom name",
         "not managed", "damaged"],
)  # fmt: skip
def test_a_profile_that_is_named_on_purpose_is_not_reported(present, writes) -> None:
    assert found(present, *writes) == {}


def test_an_edit_may_also_change_the_form() -> None:
    """The present config is the user's: it may have a form that ssohelper never writes."""
    legacy = (
        f"[profile pay.Read]\nsso_start_url = {URL}\nsso_region = eu-west-1\n"
        f"sso_account_id = {DEV}\nsso_role_name = Read\n{MARK}"
    )
    present = SESSION + legacy + process("dev.Read", DEV, "Read")
    assert found(present, (None, READ)) == {"pay.Read": Role(PAY, "Read")}
    assert found(EDITED, (None, SESSION + legacy.replace(DEV, PAY))) == {}
