"""To which session a profile that names its portal belongs: every part of the program says the same.

"corp" has the company's own start URL, which led to AWS's portal at its last sign-in. "second" is
another user's session at that portal, named by AWS's URL.
"""

from collections.abc import Callable

import pytest

from ssohelper.actions import foreign_profiles, profile_edit, roles, selection, setup
from ssohelper.actions.doctor_facts import Setup
from ssohelper.actions.selection import NoSessionNamed
from ssohelper.app import App
from ssohelper.core import adoption
from ssohelper.core.choices import Choices
from ssohelper.core.config_file import TargetRole
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account, Role, SsoSession
from ssohelper.core.portal_address import PortalAddress
from ssohelper.core.profile_plan import plan_sync
from ssohelper.core.sync_request import SyncRequest
from ssohelper.errors import SsoHelperError
from tests.conftest import Home

COMPANY = "https://sso.example.com/start"
AWS = "https://d-0000000000.awsapps.com/start"
OTHER = "https://d-1111111111.awsapps.com/start"
UNKNOWN = "https://d-2222222222.awsapps.com/start"
ROLE = Role("001234567890", "Read")

# Each kind of URL in a legacy profile, and the only session of that portal.
URLS = {
    "company": (COMPANY, "corp"),
    "company-slash": (f"{COMPANY}/", "corp"),
    "company-case": ("https://SSO.Example.com/start", "corp"),
    "company-page": (f"{COMPANY}/#/?tab=accounts", "corp"),
    "other": (f"{OTHER}/", "other"),
    "unknown": (UNKNOWN, ""),
}


def make_app(home: Home, url: str) -> App:
    """Return the program with three sessions and a legacy profile "x" with this start URL."""
    app = App({**home.env, "SSOHELPER_HOME": str(home.path / "own")})
    home.add_session("corp", COMPANY)
    home.add_session("second", AWS)
    home.add_session("other", OTHER)
    keys = f"sso_account_id = {ROLE.account_id}\nsso_role_name = {ROLE.name}\n"
    home.write_config(
        f"{home.config_file.read_text()}[profile x]\nsso_start_url = {url}\n"
        f"sso_region = us-east-1\n{keys}[profile chain]\nsource_profile = x\n"
        "role_arn = arn:aws:iam::000030000009:role/Deploy\n"
    )
    app.aws.portal_addresses.save("corp", PortalAddress(COMPANY, AWS, "us-east-1", None))
    return app


def find_target(app: App) -> TargetRole:
    config = app.config.read()
    entry = config.profile("x")
    target = config.target(entry) if entry else None
    assert target is not None
    return target


def find_names(app: App, is_of: Callable[[SsoSession], bool]) -> set[str]:
    return {one.name for one in app.config.read().sso_sessions() if is_of(one)}


def find_by_rule(app: App) -> set[str]:
    return {one.name for one in app.config.read().sessions_of_target(find_target(app))}


def find_by_list(app: App) -> set[str]:
    """The lists of `use`, `list` and the full screen."""
    return {row.session_name for row in roles.read_roles(app).rows if "x" in row.profiles}


def find_by_profile(app: App) -> set[str]:
    """`ssohelper use x`."""
    try:
        return {selection.resolve_profile(app, "x", None).session.name}
    except SsoHelperError:
        return set()


def find_by_row(app: App) -> set[str]:
    """An action on a row with this profile."""
    find = selection.find_profiles_of_role
    return find_names(app, lambda one: find(app, one.key_of(ROLE), ["x"]) == ["x"])


def find_by_chain(app: App) -> set[str]:
    """An action on the row of a chain that starts from the profile."""
    return {row.session_name for row in roles.read_roles(app).rows if "chain" in row.profiles}


def find_by_sync(app: App) -> set[str]:
    """The session whose `profile sync` counts the profile as one of its role."""

    def counts(session: SsoSession) -> bool:
        account = ListedAccount(Account(ROLE.account_id, "pay", ""), (ROLE.name,))
        listing = Listing(session.start_url, session.region, 1, (account,))
        words = "ssohelper credential-process", "{role_name}", "process", session.region
        return not plan_sync(
            app.config.read(), SyncRequest(session, listing, Choices(), *words)
        ).add

    return find_names(app, counts)


def find_by_adoption(app: App) -> set[str]:
    find = adoption.find_adoption_candidates
    return find_names(app, lambda one: find(app.config.read(), one, [ROLE])["x"].role == ROLE)


def find_by_provider(app: App) -> set[str]:
    """Whether `exec` says that `aws sso login` is what the profile needs."""
    others = foreign_profiles.list_usable_foreign_profiles(app, app.config.read().profiles())
    return set() if any(one.name == "x" for one in others) else find_by_rule(app)


def find_by_doctor(app: App) -> set[str]:
    return {one.name for one in Setup(app, "x").sessions}


def find_by_index(app: App) -> set[str]:
    """TAB completion."""
    index = app.name_index.load(lambda: app.config)
    return {one.session_name or "" for one in index.profiles if one.name == "x"} - {""}


def find_by_profile_list(app: App) -> set[str]:
    found = {item.entry.name: item.shown_target for item in profile_edit.read_profiles(app)}
    target = found["x"]
    assert target is not None
    return {target.session_name or ""} - {""}


def find_by_setup(app: App) -> set[str]:
    """Whether `setup` offers the profile's portal as one without a session."""
    offered = [one for one in setup.find_portals_in_config(app) if not one.name]
    return set() if offered else find_by_rule(app)


CALLERS = [value for name, value in list(globals().items()) if name.startswith("find_by_")]


@pytest.mark.parametrize("find", CALLERS)
@pytest.mark.parametrize("kind", URLS)
def test_a_legacy_profile_belongs_to_one_session_for_every_part_of_the_program(home, kind, find):
    url, session_name = URLS[kind]
    assert find(make_app(home, url)) == {session_name} - {""}


@pytest.mark.parametrize("is_granted", [True, False])
@pytest.mark.parametrize(("url", "names"), [(COMPANY, {"corp"}), (AWS, {"corp", "second"})])
def test_a_profile_that_names_only_its_portal_belongs_to_all_sessions_of_it(
    home, url, names, is_granted
):
    app = make_app(home, UNKNOWN if is_granted else url)
    if is_granted:
        text = home.config_file.read_text()
        text = text.replace("sso_start_url = " + UNKNOWN, "region = us-east-1")
        keys = f"granted_sso_start_url = {url}\ngranted_sso_account_id = {ROLE.account_id}\n"
        keys += f"granted_sso_role_name = {ROLE.name}\ngranted_sso_region = us-east-1\n"
        own = f"sso_account_id = {ROLE.account_id}\nsso_role_name = {ROLE.name}\n"
        home.write_config(text.replace(own, keys))
    for find in (find_by_rule, find_by_list, find_by_row, find_by_sync, find_by_adoption):
        assert (find.__name__, find(app)) == (find.__name__, names)
    if len(names) > 1:
        with pytest.raises(NoSessionNamed):
            selection.resolve_profile(app, "x", None)


def test_the_index_of_names_is_made_again_once_a_sign_in_has_shown_the_portal(home):
    app = make_app(home, UNKNOWN)
    assert find_by_index(app) == set()
    app.aws.portal_addresses.save("corp", PortalAddress(COMPANY, UNKNOWN, "us-east-1", None))
    later = App(app.environ)
    assert find_by_index(later) == {"corp"}


def test_setup_finds_the_session_by_either_url_of_its_portal(home):
    app = make_app(home, UNKNOWN)
    for url in (COMPANY, f"{AWS}/"):
        found = setup.choose_session(app, url, name="corp", region=None, ask_region=None)
        assert (found.name, found.start_url) == ("corp", COMPANY)


def test_a_session_that_the_config_lacks_counts_beside_those_that_it_has(home):
    for url, names in ((AWS, ["corp", "second"]), (UNKNOWN, [])):
        app = make_app(home, url)
        new = SsoSession("new", url, "us-east-1", ())
        config, target = app.config.read(), find_target(app)
        assert config.is_target_of(new, target)
        assert [one.name for one in config.sessions_of_target(target)] == names
        home.config_file.unlink()


def test_a_session_counts_with_the_portal_that_its_sign_in_has_just_shown(home):
    app = make_app(home, AWS)
    config, target = app.config.read(), find_target(app)
    session = config.sso_session("corp")
    assert not config.is_target_of(session._replace(portal_url=UNKNOWN), target)
    for path in (home.path / "own").rglob("portals/*"):
        path.unlink()
    config = app.config.read()
    assert [one.name for one in config.sessions_of_target(target)] == ["second"]
    assert config.is_target_of(session, target)
