"""Applying a plan to a config that another program may have changed since the user saw the diff."""

import multiprocessing
import random
from multiprocessing.synchronize import Barrier

import pytest

from ssohelper.actions import config_writing, profile_edit, sync_choices
from ssohelper.app import App
from ssohelper.core.choices import Choices
from ssohelper.core.filter_rows import filter_rows_of_listing
from ssohelper.core.listing import Listing
from ssohelper.core.model import Role, SsoSession
from ssohelper.core.profile_plan import Plan
from ssohelper.errors import LocalState, Refused
from tests.conftest import Home
from tests.saved_listing import PAY, add_listed_session

FILTERED = Choices(roles=("Admin",))
ADMIN_KEYS = f"sso_session = corp\nsso_account_id = {PAY}\nsso_role_name = Admin\n"


@pytest.fixture
def app(home) -> App:
    add_listed_session(home)
    return App(home.env)


def read_corp(app: App) -> tuple[SsoSession, Listing]:
    session, listing = app.config.read().sso_session("corp"), app.directory.load("corp")
    assert session is not None
    assert listing is not None
    return session, listing


def plan_admin(app: App) -> Plan:
    """Return the plan that adds the profile pay.Admin."""
    session, listing = read_corp(app)
    choices = sync_choices.merge_choices(app, session, FILTERED)
    plan = profile_edit.plan_sync(app, session, listing, choices)
    assert plan.add == ("pay.Admin",)
    return plan


def append(home: Home, text: str) -> str:
    changed = home.config_file.read_text() + text
    home.config_file.write_text(changed)
    return changed


@pytest.mark.parametrize(
    "edit",
    ["[profile pay.Admin]\nregion = eu-west-1\n", f"[profile own]\n{ADMIN_KEYS}"],
    ids=["the name is taken now", "the role has a profile now"],
)
def test_writes_nothing_when_an_edit_has_changed_the_plan(app: App, home, edit):
    plan = plan_admin(app)
    changed = append(home, edit)
    with pytest.raises(LocalState, match="has changed since the diff was shown"):
        profile_edit.write_profile_plan(app, plan)
    assert home.config_file.read_text() == changed
    assert app.choices.load("corp") == Choices()


def test_keeps_an_edit_that_does_not_change_the_plan(app: App, home):
    plan = plan_admin(app)
    changed = append(home, "# mine\n[profile other]\nregion = eu-west-1\n")
    profile_edit.write_profile_plan(app, plan)
    assert home.config_file.read_text().startswith(changed)
    assert app.config.read().profile("pay.Admin") is not None
    assert app.choices.load("corp") == FILTERED
    assert [one for one in app.warnings if "has changed elsewhere since the diff was shown" in one]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("output = text\n", "output = json\n"),
        ("# mine\n", "# other\n"),
        ("# mine\n", ""),
        ("region = x\n", "region = x\r\n"),
        ("region = x\n", "region = x\ncli_pager = less\n"),
    ],
)
def test_writes_nothing_when_a_section_that_it_changes_was_edited(app: App, home, old, new):
    append(home, f"[profile own]\n{ADMIN_KEYS}# mine\nregion = x\noutput = text\n")
    session, listing = read_corp(app)
    plan = profile_edit.plan_sync(app, session, listing, Choices(), adopt=["own"])
    assert plan.adopt == ("own",)
    before = home.config_file.read_bytes()
    changed = before.replace(old.encode(), new.encode())
    assert changed != before
    home.config_file.write_bytes(changed)
    with pytest.raises(LocalState, match="has changed since the diff was shown"):
        profile_edit.write_profile_plan(app, plan)
    assert home.config_file.read_bytes() == changed


def test_the_diff_is_that_of_the_config_that_was_planned(app: App, home):
    plan = plan_admin(app)
    shown = list(config_writing.diff_changes(app, plan.data, plan.changes))
    append(home, "[profile other]\nregion = eu-west-1\n")
    assert list(config_writing.diff_changes(app, plan.data, plan.changes)) == shown


def test_options_that_another_sync_saved_meanwhile_stay(app: App, home):
    app.choices.save("corp", Choices(default_region="us-east-1"))
    plan = plan_admin(app)  # with the region that is remembered now
    removed = frozenset({Role(PAY, "Read")})
    app.choices.save("corp", Choices(default_region="eu-north-1", form="sso", removed=removed))
    profile_edit.write_profile_plan(app, plan)
    saved = Choices(default_region="eu-north-1", form="sso", removed=removed)
    assert app.choices.load("corp") == saved._replace(roles=("Admin",))


def test_add_ends_the_record_that_the_user_removed_the_profile(app: App, home):
    admin, read = Role(PAY, "Admin"), Role(PAY, "Read")
    removed = Choices(roles=("Read",), removed=frozenset({admin, read}))
    app.choices.save("corp", removed)
    session, listing = read_corp(app)
    choices = sync_choices.merge_choices(app, session, Choices(form="sso"))
    plan = profile_edit.plan_new_profiles(app, session, listing, choices, [admin])
    profile_edit.write_profile_plan(app, plan)
    assert app.choices.load("corp") == removed._replace(removed=frozenset({read}))


_ROUNDS = 20


_OPTIONS: dict[str, list[object]] = {
    "form": ["sso", "process"],
    "default_region": ["eu-west-1", "us-east-1"],
    "accounts": [("pay",), ("p*",)],
    "roles": [("Admin",), ("A*",)],
    "template": ["{account_name}.{role_name}", "{account_id}.{role_name}"],
}


def option_of_round(field: str, number: int) -> object:
    """Return the value that a process gives to this option of the sync in this round."""
    return random.Random(f"{field} {number}").choice(_OPTIONS[field])


def save_one_option(env: dict[str, str], field: str, start: Barrier, end: Barrier) -> None:
    app = App(env)
    session, listing = read_corp(app)
    for number in range(_ROUNDS):
        choices, option = sync_choices.merge_choices(app, session), option_of_round(field, number)
        choices = choices.with_chosen_fields(**{field: option})
        plan = profile_edit.plan_sync(app, session, listing, choices)
        start.wait(60)
        with app.choices.hold_lock(app.clock.deadline()):
            sync_choices.save_choices(app, plan)
        end.wait(60)
        end.wait(60)  # wait until the test has compared the saved options


def test_options_that_several_syncs_save_at_once_are_all_kept(app: App, home):
    context = multiprocessing.get_context("fork")
    start, end = context.Barrier(len(_OPTIONS)), context.Barrier(len(_OPTIONS) + 1)
    started = [
        context.Process(target=save_one_option, args=(home.env, field, start, end))
        for field in _OPTIONS
    ]
    for process in started:
        process.start()
    try:
        for number in range(_ROUNDS):
            end.wait(60)
            found = app.choices.load("corp")
            wanted = {field: option_of_round(field, number) for field in _OPTIONS}
            assert {field: getattr(found, field) for field in _OPTIONS} == wanted
            end.wait(60)
    finally:
        end.abort()
        start.abort()
        for process in started:
            process.join(60)


def add_native_profile(app: App, home: Home) -> tuple[SsoSession, Listing]:
    """Add a managed profile in AWS's own form; return its session, and the saved list of roles."""
    more = "region = eu-west-1\nssohelper_managed = true\n"
    append(home, f"[profile pay.Admin]\n{ADMIN_KEYS}{more}")
    return read_corp(app)


def test_existing_profiles_keep_their_form_unless_it_is_to_be_converted(app: App, home):
    session, listing = add_native_profile(app, home)
    choices = sync_choices.merge_choices(app, session, FILTERED._replace(form="process"))
    assert profile_edit.plan_sync(app, session, listing, choices).change == ()
    others = choices._replace(roles=("Read",))
    given = Choices(form="process")
    for convert_all in (choices, others):  # converts profiles outside remembered filters, too
        [change] = profile_edit.plan_sync(app, session, listing, convert_all, given).change
        assert "credential_process" in change.after
    given = given._replace(roles=("Read",))
    assert profile_edit.plan_sync(app, session, listing, others, given).change == ()


def test_with_keyring_storage_each_converted_native_profile_is_counted(app: App, home):
    session, listing = add_native_profile(app, home)
    app.storage.__class__ = type(
        "Keyring", (app.storage.__class__,), {"apply_setting": lambda _storage: "keyring"}
    )
    choices = sync_choices.merge_choices(app, session, FILTERED)
    [change] = profile_edit.plan_sync(app, session, listing, choices).change
    assert "credential_process" in change.after
    assert app.warnings == [
        "1 profile changed to the form that runs ssohelper: the sign-in is in the keyring, where "
        "other programs cannot read it"
    ]


def test_picked_roles_count_as_filters_that_the_user_gave(app: App):
    plan = plan_admin(app)
    assert not plan.request.has_new_filters
    rows = filter_rows_of_listing(plan.request.listing)
    read = [row for row in rows if not row.is_account and row.name == "Read"]
    other = profile_edit.plan_with_role_filters(app, plan, read)
    assert (other.request.has_new_filters, other.request.choices.roles) == (True, ("Read",))
    assert "pay.Admin" not in other.add
    assert "pay.Read" in other.add


def test_below_an_allow_list_no_profile_is_removed_and_no_plan_is_written(app: App, home):
    plan = plan_admin(app)
    single = plan._replace(
        request=plan.request._replace(only_roles=frozenset({Role(PAY, "Admin")}))
    )
    profile_edit.write_profile_plan(app, plan)
    before = home.config_file.read_bytes()
    found = profile_edit.read_managed_profiles(app, ["pay.Admin"])
    app.environ["SSOHELPER_ALLOW"] = "*/*"
    for command, write, what in (
        ("profile rm", profile_edit.remove_profiles, found),
        ("profile add", profile_edit.write_profile_plan, single),
        ("profile sync", profile_edit.write_profile_plan, plan),
    ):
        with pytest.raises(Refused, match="cannot change profiles") as refusal:
            write(app, what)
        assert f"ssohelper {command}" in (refusal.value.hint or "")
        assert home.config_file.read_bytes() == before


@pytest.mark.parametrize("adds", ["one role", "all roles"])
@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_REGION": "eu-north-1"}, "eu-north-1"),
        ({"AWS_REGION": "eu-north-1", "AWS_PROFILE": "demo"}, "eu-west-1"),
    ],
    ids=["region of the shell", "region of the shell's role"],
)
def test_the_region_that_the_first_profiles_get_is_remembered(home, adds, variables, region):
    add_listed_session(home)
    append(home, "[profile demo]\nregion = eu-north-1\nssohelper_managed = true\n")
    app = App({**home.env, **variables})
    session, listing = read_corp(app)
    given = app, session, listing, sync_choices.merge_choices(app, session)
    if adds == "one role":
        plan = profile_edit.plan_new_profiles(*given, [Role(PAY, "Admin")])
    else:
        plan = profile_edit.plan_sync(*given)
    profile_edit.write_profile_plan(app, plan)
    later = App(home.env)  # as a command that runs in another shell
    written = later.config.read().profile("pay.Admin")
    assert written is not None
    assert written.keys["region"] == region
    choices = sync_choices.merge_choices(later, session)
    assert profile_edit.plan_sync(later, session, listing, choices).request.region == region


@pytest.mark.parametrize(
    ("given", "changed"),
    [(Choices(), ()), (Choices(default_region="eu-north-1"), ("eu-north-1",))],
)
def test_only_a_default_region_of_this_command_changes_existing_profiles(app: App, given, changed):
    profile_edit.write_profile_plan(app, plan_admin(app))
    session, listing = read_corp(app)
    choices = sync_choices.merge_choices(app, session, Choices(default_region="eu-north-1"))
    plan = profile_edit.plan_sync(app, session, listing, choices, given)
    assert tuple(change.after.get("region") for change in plan.change) == changed


def test_a_region_given_for_one_profile_is_not_the_session_s_default(home):
    add_listed_session(home)
    app = App({**home.env, "AWS_REGION": "eu-north-1"})
    session, listing = read_corp(app)
    choices = sync_choices.merge_choices(app, session)
    given = app, session, listing, choices, [Role(PAY, "Admin")]
    plan = profile_edit.plan_new_profiles(*given, region="sa-east-1")
    profile_edit.write_profile_plan(app, plan)
    assert app.choices.load("corp").default_region is None
