"""The roles that lists show: from saved listings and from profiles of any form, with usage."""

import pytest

from ssohelper.actions import favourites, roles
from ssohelper.app import App
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account, Role, RoleKey
from ssohelper.core.role_rows import RoleRow
from tests.conftest import Home

URL = "https://d-0000000000.awsapps.com/start"
OTHER_URL = "https://d-1111111111.awsapps.com/start"
PROD = Account("000030000001", "payments-prod", "")


def app_of(home: Home) -> App:
    app = App({**home.env, "SSOHELPER_HOME": str(home.path / "own")})
    home.add_session("corp", URL)
    home.add_session("other", OTHER_URL)
    listed = (ListedAccount(PROD, ("Admin", "Read")),)
    app.directory.save("corp", Listing(URL, "us-east-1", app.clock.now(), listed))
    return app


def test_profiles_that_other_tools_provide_are_no_roles():
    role = RoleRow("corp", PROD, "Admin")
    other = RoleRow("", PROD, "mine", provider="keys")
    for rows, has_role in (([], False), ([other], False), ([role, other], True)):
        assert roles.KnownRoles(rows, {}, []).has_role is has_role


def test_profiles_of_every_form_are_shown_with_their_role(home):
    app = app_of(home)
    key = "sso_account_id = 000030000001\nsso_role_name = Admin\n"
    home.write_config(
        home.config_file.read_text()
        + f"[profile native]\nsso_session = corp\n{key}\n"
        + f"[profile old]\nsso_start_url = {URL}/\nsso_region = us-east-1\n{key}\n"
        + f"[profile not-listed]\nsso_session = other\n{key}\n"
        + "[profile keys]\nregion = eu-west-1\n"
    )
    choice = roles.read_roles(app)
    assert [(row.session_name, row.role_name, row.profiles) for row in choice.rows] == [
        ("corp", "Read", ()),
        ("corp", "Admin", ("native", "old")),
        ("other", "Admin", ("not-listed",)),
    ]
    assert [session.name for session in choice.sessions_without_listing] == ["other"]
    assert list(choice.listed_at) == ["corp"]


def test_the_roles_of_one_session_only_and_a_favourite_first(home):
    app = app_of(home)
    assert {row.session_name for row in roles.read_roles(app, "corp").rows} == {"corp"}
    assert roles.read_roles(app, "other").rows == []
    favourites.set_favourite(app, RoleKey("corp", PROD.id, "Read"), True)
    first = roles.read_roles(app).rows[0]
    assert (first.role_name, first.usage.favourite) == ("Read", True)


def test_a_saved_list_of_another_portal_is_not_used(home):
    app = app_of(home)
    home.write_config(home.config_file.read_text().replace(URL, "https://x.awsapps.com/start"))
    assert roles.read_roles(app).rows == []


def test_without_a_config_there_are_no_roles(home):
    assert roles.read_roles(App(home.env)) == roles.KnownRoles([], {}, [])


def test_a_role_on_top_of_another_has_the_name_of_its_own_account(home):
    app = app_of(home)
    base = "sso_session = corp\nsso_account_id = 000030000001\nsso_role_name = Admin\n"
    chains = "".join(
        f"[profile {name}]\nrole_arn = arn:aws:iam::{account_id}:role/Deploy\nsource_profile = base\n"
        for name, account_id in (("here", PROD.id), ("there", "000030000009"))
    )
    home.write_config(f"{home.config_file.read_text()}[profile base]\n{base}{chains}")
    rows = {row.profiles: row for row in roles.read_roles(app).rows}
    assert rows[("here",)].account == PROD
    assert rows[("there",)].account == Account("000030000009", "", "")


@pytest.mark.parametrize(("count", "more"), [(3, ""), (4, " and 1 more")])
def test_what_an_account_offers_is_told_in_three_names(count, more):
    names = ("Admin", "Billing", "Deploy", "Read")[:count]
    listing = Listing(URL, "us-east-1", 1, (ListedAccount(PROD, names),))
    hint = listing.hint_about_listed_roles(Role(PROD.id, "Xyzzy"))
    assert hint == f"the account offers Admin, Billing, Deploy{more}; "


@pytest.mark.parametrize("prefix", ["sso_", "granted_sso_"])
def test_a_profile_of_a_portal_is_shown_for_each_session_whose_list_has_its_role(home, prefix):
    app = app_of(home)
    home.add_session("second", URL)

    def save_list_of_second(*names: str) -> None:
        listed = (ListedAccount(PROD, names),)
        app.directory.save("second", Listing(URL, "us-east-1", app.clock.now(), listed))

    def profile(name: str, role: str) -> str:
        keys = {"start_url": f"{URL}/", "account_id": PROD.id, "role_name": role}
        lines = [f"{prefix}{key} = {value}\n" for key, value in keys.items()]
        command = f"credential_process = granted credential-process --profile {name}\n"
        own = "sso_region = us-east-1\n" if prefix == "sso_" else command
        return f"[profile {name}]\n{own}" + "".join(lines)

    chain = "role_arn = arn:aws:iam::000030000009:role/Deploy\nsource_profile = has\n"
    text = profile("has", "Admin") + profile("gone", "Gone") + f"[profile chain]\n{chain}"
    home.write_config(home.config_file.read_text() + text)

    def shown() -> dict[str, list[str]]:
        return {
            session: [name for row in roles.read_roles(app, session).rows for name in row.profiles]
            for session in ("corp", "second", "other")
        }

    save_list_of_second("Read")
    assert shown() == {"corp": ["has", "chain"], "second": [], "other": []}
    save_list_of_second("Read", "Admin")
    assert shown() == {"corp": ["has", "chain"], "second": ["has", "chain"], "other": []}
    app.directory.forget("second")  # without a list, the session may have the role
    assert shown()["second"] == ["has", "gone", "chain"]


def test_a_legacy_profile_of_a_portal_without_session_is_listed_with_other_profiles(home):
    app = app_of(home)
    before = roles.read_roles(app, with_foreign_profiles=True).rows
    home.write_config(
        home.config_file.read_text()
        + "\n[profile legacy-own]\nsso_start_url = https://sso.acme.example.org/start\n"
        + f"sso_region = us-east-1\nsso_account_id = {PROD.id}\nsso_role_name = Read\n"
    )
    app = App({**home.env, "SSOHELPER_HOME": str(home.path / "own")})
    found = roles.read_roles(app, with_foreign_profiles=True).rows
    assert found[:-1] == before
    assert (found[-1].profiles, found[-1].provider) == (("legacy-own",), "aws sso login")
