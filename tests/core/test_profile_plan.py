"""Plans: which profiles they add, change and rename, and which they never touch."""

import hashlib
import itertools
import random
from typing import Any

import pytest

from ssohelper.core import plan_text
from ssohelper.core.choices import Choices, glob_filter
from ssohelper.core.config_diff import config_without_write, sections_of_text
from ssohelper.core.config_edit import unified_diff
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account, Role, SsoSession
from ssohelper.core.profile_keys import ProfileChange, Skipped
from ssohelper.core.profile_plan import Plan, plan_sync
from ssohelper.core.sync_request import SyncRequest
from ssohelper.errors import ConfigInvalid

URL = "https://d-0000000000.awsapps.com/start"
CORP = SsoSession("corp", URL, "eu-west-1", ("sso:account:access",))
SESSION = (
    f"[sso-session corp]\nsso_start_url = {URL}\nsso_region = eu-west-1\n"
    "sso_registration_scopes = sso:account:access\n"
)
PAY, DEV = "001234567890", "111122223333"
COMMAND = "/abs/bin/ssohelper credential-process"


def listed(account_id: str, name: str, *roles: str, **more: Any) -> ListedAccount:
    return ListedAccount(Account(account_id, name, ""), roles, **more)


LISTING = Listing(
    URL, "eu-west-1", 0, (listed(PAY, "pay", "Read", "Admin"), listed(DEV, "dev", "Read"))
)

NO_FILTERS = Choices()


def request(listing: Listing = LISTING, choices: Choices = NO_FILTERS, **more: Any) -> SyncRequest:
    return SyncRequest(
        CORP,
        listing,
        choices,
        command=COMMAND,
        template=choices.template or "{account_name}.{role_name}",
        form=choices.form or "process",
        region=choices.default_region or "eu-west-1",
    )._replace(**more)


def test_a_profile_of_an_unlisted_role_keeps_its_form_unless_one_is_given():
    text = SESSION + native("old", "999999999999", "Gone")
    assert synced(text, request(Listing(URL, "eu-west-1", 0, ()))) == text
    one_role = request(only_roles=frozenset({Role(PAY, "Read")}), convert=True)
    assert native("old", "999999999999", "Gone") in synced(text, one_role)


def plan(text: str, asked: SyncRequest | None = None) -> Plan:
    return plan_sync(ConfigFile.parse(text.encode(), "config"), asked or request())


def synced(text: str, asked: SyncRequest | None = None) -> str:
    config = ConfigFile.parse(text.encode(), "config")
    return config.with_changes(plan_sync(config, asked or request()).changes).decode()


def process(name: str, account_id: str, role: str, command: str = COMMAND) -> str:
    return (
        f"\n[profile {name}]\ncredential_process = {command} --session corp "
        f"--account-id {account_id} --role-name {role}\nregion = eu-west-1\n"
        "ssohelper_managed = true\n"
    )


def native(name: str, account_id: str, role: str, marked: bool = True) -> str:
    return (
        f"\n[profile {name}]\nsso_session = corp\nsso_account_id = {account_id}\n"
        f"sso_role_name = {role}\nregion = eu-west-1\n" + "ssohelper_managed = true\n" * marked
    )


ALL = (
    process("pay.Read", PAY, "Read")
    + process("pay.Admin", PAY, "Admin")
    + process("dev.Read", DEV, "Read")
)


def test_an_empty_config_gets_the_session_and_a_profile_for_each_role():
    assert synced("") == SESSION + ALL


def test_a_second_sync_changes_nothing():
    again = plan(SESSION + ALL)
    assert (again.add, again.change, again.changes, again.skipped) == ((), (), (), ())


def test_native_form_is_written_with_sso_keys():
    found = synced(SESSION, request(choices=Choices(form="sso", roles=("Admin",))))
    assert found == SESSION + native("pay.Admin", PAY, "Admin")


@pytest.mark.parametrize(
    ("choices", "added"),
    [
        (Choices(accounts=("pay",)), ("pay.Read", "pay.Admin")),
        (Choices(accounts=("PAY",)), ("pay.Read", "pay.Admin")),
        (Choices(accounts=("0012*",)), ("pay.Read", "pay.Admin")),
        (Choices(accounts=("!pay",)), ("dev.Read",)),
        (Choices(roles=("*", "!Adm*")), ("pay.Read", "dev.Read")),
        (Choices(accounts=("d*",), roles=("Admin",)), ()),
        (Choices(template="{session}_{account_id}", roles=("Admin",)), (f"corp_{PAY}",)),
    ],
)
def test_filters_select_roles_and_the_template_names_profiles(choices, added):
    assert plan(SESSION, request(choices=choices)).add == added


@pytest.mark.parametrize(
    ("globs", "texts", "expected"),
    [((), ("x",), True), (("a*", "b"), ("B",), True), (("a*",), ("xa",), False),
     (("!a*",), ("x", "ab"), False), (("a*", "!ab"), ("ab",), False), (("[",), ("[",), True)],
)  # fmt: skip
def test_a_glob_filter_includes_and_excludes(globs, texts, expected):
    assert glob_filter(globs)(*texts) is expected


@pytest.mark.parametrize(
    "keys",
    [
        f"sso_session = corp\nsso_account_id = {PAY}\nsso_role_name = Read",
        f"sso_start_url = {URL}#/\nsso_region = eu-west-1\nsso_account_id = {PAY}\n"
        "sso_role_name = Read",
        f"granted_sso_start_url = {URL}\ngranted_sso_account_id = {PAY}\n"
        "granted_sso_role_name = Read\ncredential_process = granted credential-process",
        f"credential_process = aws-sso process --arn arn:aws:iam::{PAY}:role/Read",
    ],
)
def test_a_role_of_the_users_own_profile_gets_no_second_one(keys):
    mine = f"[profile mine]\n{keys}\noutput = json\n"
    found = plan(SESSION + mine)
    assert found.add == ("pay.Admin", "dev.Read")
    assert found.skipped == (Skipped("pay.Read", 'the profile "mine" already points at this role'),)
    assert mine in synced(SESSION + mine)


@pytest.mark.parametrize(("url", "is_there"), [(URL + "/#/", True), (URL[:-1] + "2", False)])
def test_a_legacy_profile_belongs_to_each_session_of_its_portal(url, is_there):
    twin = SESSION.replace("corp", "twin")
    mine = f"[profile mine]\nsso_start_url = {url}\nsso_account_id = {PAY}\nsso_role_name = Read\n"
    assert ("pay.Read" not in plan(SESSION + twin + mine).add) is is_there


@pytest.mark.parametrize(
    ("region", "changes"), [("eu-west-1", ()), ("us-east-1", ("sso_region", "eu-west-1"))]
)
def test_the_region_of_the_session_section_is_updated(region, changes):
    found = plan(SESSION.replace("eu-west-1", region) + ALL)
    assert [change.assign for change in found.changes] == ([(changes,)] if changes else [])


def test_a_legacy_profile_of_another_portal_points_at_another_role():
    other = URL.replace("d-0", "d-1")
    mine = (
        f"[profile mine]\nsso_start_url = {other}\nsso_account_id = {PAY}\nsso_role_name = Read\n"
    )
    assert "pay.Read" in plan(SESSION + mine).add


def test_several_managed_profiles_of_a_role_are_all_kept():
    assert plan(SESSION + ALL + process("second", PAY, "Read")).changes == ()


def test_a_renamed_account_changes_profile_names_only_with_rename():
    renamed = LISTING._replace(
        accounts=(listed(PAY, "payments", "Read", "Admin"), LISTING.accounts[1])
    )
    assert plan(SESSION + ALL, request(renamed)).changes == ()
    text = SESSION + ALL + "\n[profile chained]\nsource_profile = pay.Admin\nrole_arn = x\n"
    found = plan(text, request(renamed, rename=True))
    assert [(c.profile, c.after) for c in found.change] == [("pay.Read", {"name": "payments.Read"})]
    assert found.skipped == (
        Skipped("pay.Admin", 'not renamed, because the profile "chained" refers to it'),
    )
    after = synced(text, request(renamed, rename=True))
    assert after == text.replace("[profile pay.Read]", "[profile payments.Read]")


# The names that the profiles of pay, dev and third have, in this order in the file.
@pytest.mark.parametrize("names", [*itertools.permutations(["pay.Read", "dev.Read", "third.Read"])])
def test_rename_may_give_a_profile_the_old_name_of_another_one(names):
    accounts = {"pay": PAY, "dev": DEV, "third": "3" * 12}
    listing = LISTING._replace(
        accounts=tuple(listed(number, name, "Read") for name, number in accounts.items())
    )
    before, after = (
        SESSION + "".join(map(process, given, accounts.values(), ["Read"] * 3))
        for given in (names, [f"{account}.Read" for account in accounts])
    )
    assert synced(before, request(listing, rename=True)) == after
    swapped = plan_text.swapped_names_lines(plan(before, request(listing, rename=True)))
    assert "".join(swapped).startswith("names swapped: ") is (before != after)
    edited = after + "[profile mine]\n"
    restored = config_without_write(before, after, edited)
    assert sections_of_text(restored or "") == sections_of_text(before + "[profile mine]\n")


@pytest.mark.parametrize("seed", range(4))
def test_a_second_sync_with_rename_changes_nothing(seed):
    """Names clash in most of these configs: 7 names of accounts, some equal but for the session."""
    random_ = random.Random(seed)
    ids = [str(number) * 12 for number in range(1, 6)]
    names = ["pay", "dev", "Pay", "pay-dev", "corp.pay", "pay.dev", "dev.Read"]
    roles = ["Read", "Admin", "pay.Read", "dev-Read", "read"]
    for _ in range(150):
        accounts = [
            listed(number, random_.choice(names), *random_.sample(roles, random_.randint(1, 3)))
            for number in random_.sample(ids, random_.randint(1, 4))
        ]
        text, written = SESSION, set[str]()
        for _ in range(random_.randint(0, 6)):
            name = random_.choice(["", "corp."]) + random_.choice([*names, "odd"])
            name += random_.choice([".Read", ".Admin", "", f".{ids[0]}"])
            if name not in written:
                written.add(name)
                one = name, random_.choice(ids), random_.choice(roles)
                text += random_.choice([process(*one), process(*one), native(*one, marked=False)])
        if written and random_.random() < 0.3:
            text += f"\n[profile chained]\nsource_profile = {random_.choice(sorted(written))}\n"
        asked = request(
            LISTING._replace(accounts=tuple(accounts)),
            random_.choice([Choices(), Choices(accounts=("pay*",)), Choices(roles=("R*",))]),
            rename=True,
            prune=random_.random() < 0.4,
            template=random_.choice(
                ["{account_name}.{role_name}", "{account_name}", "{role_name}"]
            ),
        )
        once = synced(text, asked)
        assert plan(once, asked).changes == (), (text, once)


def test_a_freed_name_that_a_new_profile_gets_is_told():
    """`dev.Read` was the profile of PAY, whose account has another name now."""
    text = SESSION + process("dev.Read", PAY, "Read")
    found = plan(text, request(rename=True))
    assert "dev.Read" in found.add
    assert [*plan_text.swapped_names_lines(found)] == [
        'names moved: "dev.Read" to a new profile; each name then stands for another role'
    ]


def test_a_chain_of_new_names_is_no_swap():
    listing = LISTING._replace(accounts=(listed(PAY, "dev", "Read"), listed(DEV, "new", "Read")))
    text = SESSION + process("pay.Read", PAY, "Read") + process("dev.Read", DEV, "Read")
    found = plan(text, request(listing, rename=True))
    assert [*plan_text.swapped_names_lines(found)] == [
        'names moved: "pay.Read" to "dev.Read"; each name then stands for another role'
    ]


def test_five_swapped_names_are_told_and_more_are_counted():
    names = [f"n{number}.Read" for number in range(6)]
    pairs = zip(names, [*names[1:], names[0]], strict=True)
    changes = [ProfileChange(old, {"name": old}, {"name": new}) for old, new in pairs]
    found = plan(SESSION, request())._replace(change=tuple(changes))
    [line] = plan_text.swapped_names_lines(found)
    assert '"n4.Read" to "n5.Read" and 1 more; ' in line
    assert '"n5.Read" to' not in line


def test_rename_gives_no_profile_the_name_of_one_that_keeps_its_name():
    text = SESSION + process("dev.Read", PAY, "Read") + process("odd", DEV, "Read")
    text += "\n[profile chained]\nsource_profile = dev.Read\nrole_arn = x\n"
    listing = LISTING._replace(accounts=(listed(PAY, "pay", "Read"), listed(DEV, "dev", "Read")))
    found = plan(text, request(listing, rename=True))
    assert found.skipped == (
        Skipped("dev.Read", 'not renamed, because the profile "chained" refers to it'),
    )
    assert [(c.profile, c.after) for c in found.change] == [("odd", {"name": "corp.dev.Read"})]
    assert synced(text, request(listing, rename=True)) == text.replace("odd", "corp.dev.Read")


def test_rename_and_add_never_give_the_same_name():
    text = SESSION + process("odd", PAY, "Read") + process("pay.Admin", PAY, "Admin")
    listing = LISTING._replace(accounts=(listed(PAY, "pay", "Read", "Admin", "New"),))
    found = plan(text, request(listing, rename=True, template="{account_name}"))
    added, names = found.add, {c.profile: c.after["name"] for c in found.change}
    assert len({*added, *names.values()}) == 3
    synced(text, request(listing, rename=True, template="{account_name}"))


def test_rename_needs_a_single_profile_of_a_listed_role_within_the_filters():
    renamed = LISTING._replace(
        accounts=(listed(PAY, "payments", "Read", "Admin"), listed(DEV, "develop", "Read"))
    )
    text = SESSION + ALL + process("second", PAY, "Admin") + process("gone", DEV, "Gone")
    for choices, moved in (
        (Choices(), ["pay.Read", "dev.Read"]),  # the role Admin has two profiles
        (Choices(accounts=("pay*",)), ["pay.Read"]),
        (Choices(roles=("Adm*",)), []),
    ):
        found = plan(text, request(renamed, choices, rename=True))
        assert [change.profile for change in found.change] == moved


def test_a_change_holds_the_keys_and_the_name_before_and_after():
    text = SESSION + process("odd", PAY, "Read", "/old/ssohelper credential-process")
    text = text.replace("region = eu-west-1\nssoh", "sso_start_url = x\nregion = eu-west-1\nssoh")
    listing = LISTING._replace(accounts=(listed(PAY, "pay", "Read", "Admin"),))
    end = f" --session corp --account-id {PAY} --role-name Read"
    before = {
        "sso_start_url": "x",
        "credential_process": f"/old/ssohelper credential-process{end}",
    }
    after = {"credential_process": COMMAND + end}
    text = (
        SESSION
        + process("other", PAY, "Admin", "/old/ssohelper credential-process")
        + text.removeprefix(SESSION)
    )
    found = {change.profile: change for change in plan(text, request(listing)).change}
    assert (sorted(found), found["odd"]) == (["odd", "other"], ("odd", before, after))
    found = {change.profile: change for change in plan(text, request(listing, rename=True)).change}
    assert found["other"].after["name"] == "pay.Admin"
    assert found["odd"] == ("odd", before | {"name": "odd"}, after | {"name": "pay.Read"})
    assert synced(text, request(listing, rename=True)) == SESSION + process(
        "pay.Admin", PAY, "Admin"
    ) + process("pay.Read", PAY, "Read")


def test_rename_keeps_the_name_of_a_role_for_which_none_is_free():
    digest = hashlib.sha256(b"Read").hexdigest()[:6]
    taken = frozenset(
        {"a.Read", "corp.a.Read", f"corp.a.Read.{PAY}", f"corp.a.Read.{PAY}.{digest}"}
    )
    listing = LISTING._replace(accounts=(listed(PAY, "a", "Read"), listed(DEV, "odd", "Read")))
    text = SESSION + process("odd.Read", PAY, "Read") + process("b", DEV, "Read")
    found = plan(text, request(listing, rename=True, taken_names=taken))
    assert [(c.profile, c.after) for c in found.change] == [("b", {"name": "corp.odd.Read"})]
    assert found.skipped == ()


def test_the_managed_key_in_another_tools_profile_has_no_effect():
    mine = (
        f"[profile mine]\nsso_start_url = {URL}\nsso_account_id = {PAY}\nsso_role_name = Read\n"
        "ssohelper_managed = true\n"
    )
    found = plan(SESSION + mine, request(prune=True, rename=True))
    assert (found.add, found.change, found.remove) == (("pay.Admin", "dev.Read"), (), ())


def test_a_second_organization_renames_no_profile():
    partner = SsoSession("partner", URL.replace("d-0", "d-1"), "eu-west-1", ())
    listing = LISTING._replace(start_url=partner.start_url)
    asked = request(listing)._replace(session=partner)
    found = plan(SESSION + ALL, asked)
    assert found.add == ("partner.pay.Read", "partner.pay.Admin", "partner.dev.Read")
    assert synced(SESSION + ALL, asked).startswith(SESSION + ALL)
    assert plan(synced(SESSION + ALL, asked)).changes == ()


def test_the_name_of_a_section_of_the_credentials_file_is_taken():
    found = plan(SESSION, request(taken_names=frozenset({"PAY.read"})))
    assert found.add == ("corp.pay.Read", "corp.pay.Admin", "dev.Read")


def test_the_command_is_updated_and_the_users_keys_stay():
    text = SESSION + process("pay.Read", PAY, "Read", "/old/ssohelper credential-process").replace(
        "region = eu-west-1\n", "# mine\nregion = us-east-1\ns3 =\n  a = b\n"
    )
    after = synced(text, request(choices=Choices(roles=("Nothing",))))
    assert after == text.replace("/old/ssohelper credential-process", COMMAND)


def test_only_convert_changes_the_form_and_filters_given_with_it_limit_it():
    choices = Choices(form="sso", accounts=("pay",))
    assert plan(SESSION + ALL, request(choices=choices)).changes == ()
    asked = request(choices=choices, convert=True, has_new_filters=True)
    after = synced(SESSION + ALL, asked)
    assert after == SESSION + native("pay.Read", PAY, "Read") + native(
        "pay.Admin", PAY, "Admin"
    ) + process("dev.Read", DEV, "Read")
    left_out = "the profile keeps its form: it is outside the filters that were given with --form"
    assert plan(SESSION + ALL, asked).skipped == (Skipped("dev.Read", left_out),)
    back = request(choices=Choices(form="process"), convert=True)
    assert synced(after, back) == SESSION + ALL


def test_convert_is_for_all_managed_profiles_also_outside_remembered_filters():
    gone = process("mine", "000000000009", "Gone")
    choices = Choices(form="sso", accounts=("pay",))
    after = synced(SESSION + ALL + gone, request(choices=choices, convert=True))
    assert "credential_process" not in after
    pruned = synced(SESSION + ALL + gone, request(choices=choices, convert=True, prune=True))
    assert "[profile mine]" not in pruned


def test_an_sso_key_that_would_win_over_our_command_is_removed():
    text = SESSION + ALL.replace("region = eu", f"sso_account_id = {PAY}\nregion = eu", 1)
    assert "sso_account_id" in text
    text = text.replace(f"sso_account_id = {PAY}\n", "sso_start_url = x\n")
    assert synced(text) == SESSION + ALL


def test_a_role_that_is_listed_twice_gets_one_profile():
    twice = LISTING._replace(accounts=(listed(PAY, "pay", "Read", "Read"), *LISTING.accounts))
    assert plan(SESSION, request(twice)).add == ("pay.Read", "pay.Admin", "dev.Read")


def test_a_role_without_a_free_name_is_skipped():
    digest = hashlib.sha256(b"Read").hexdigest()[:6]
    rungs = {"pay.Read", "corp.pay.Read"}
    rungs |= {f"corp.pay.Read.{PAY}", f"corp.pay.Read.{PAY}.{digest}"}
    found = plan(SESSION, request(taken_names=frozenset(rungs)))
    assert found.add == (f"corp.pay.Admin.{PAY}", "dev.Read")
    assert found.skipped == (Skipped("pay.Read", "no name is free for this role"),)


def test_a_given_name_adds_a_second_profile_for_a_role():
    admin = Role(PAY, "Admin")
    assert plan(SESSION + ALL, request(only_roles=frozenset({admin}), name="prod")).add == ("prod",)
    found = plan(SESSION + ALL, request(only_roles=frozenset({admin})))
    assert found.add == ()
    assert found.skipped == (
        Skipped("pay.Admin", 'the profile "pay.Admin" already points at this role'),
    )


def test_sync_does_not_add_a_removed_profile_again_but_add_does():
    removed = Choices(removed=frozenset({Role(PAY, "Admin")}))
    found = plan(SESSION, request(choices=removed))
    assert found.add == ("pay.Read", "dev.Read")
    assert found.skipped == (
        Skipped("pay.Admin", "its profile was removed with: ssohelper profile rm"),
    )
    added = plan(
        SESSION, request(choices=removed, only_roles=frozenset({Role(PAY, "Admin")}), name="prod")
    )
    assert added.add == ("prod",)


@pytest.mark.parametrize(
    "name", ["x\r[profile pwn]\rcredential_process=touch /tmp/P", "]", "$(id)"]
)
def test_a_hostile_account_name_adds_no_key(name):
    listing = LISTING._replace(accounts=(listed(PAY, name, "Read"),))
    config = ConfigFile.parse(synced(SESSION, request(listing)).encode(), "config")
    (entry,) = config.profiles()
    assert list(entry.keys) == ["credential_process", "region", "ssohelper_managed"]
    assert entry.keys["credential_process"].startswith(COMMAND)


@pytest.mark.parametrize("role", ["a b", "a;id", "../x", "$(id)", "x" * 33, "é", ""])
def test_a_role_that_cannot_be_written_is_skipped(role):
    listing = LISTING._replace(accounts=(listed(PAY, "pay", role),))
    found = plan(SESSION, request(listing))
    assert (found.add, len(found.skipped)) == ((), 1)


@pytest.mark.parametrize("account_id", ["1", "12345678901é", "1234567890123", ""])
def test_an_account_without_12_digits_is_skipped(account_id):
    found = plan(SESSION, request(LISTING._replace(accounts=(listed(account_id, "pay", "Read"),))))
    assert (found.add, len(found.skipped)) == ((), 1)


def test_a_profile_of_another_session_does_not_count_for_this_one():
    other = f"[sso-session other]\nsso_start_url = {URL}\nsso_region = eu-west-1\n"
    mine = native("mine", PAY, "Read", marked=False).replace("= corp", "= other")
    assert "pay.Read" in plan(SESSION + other + mine).add
    managed = native("theirs", PAY, "Read").replace("= corp", "= other")
    found = plan(SESSION + other + managed, request(prune=True))
    assert ("pay.Read" in found.add, found.stale, found.change) == (True, (), ())


def test_a_plan_for_one_role_changes_no_other_profile():
    text = (
        SESSION
        + process("gone", PAY, "Gone")
        + process("old", DEV, "Read", "/old/ssohelper credential-process")
    )
    found = plan(text, request(only_roles=frozenset({Role(PAY, "Admin")}), prune=True))
    assert (found.add, found.stale, found.remove, found.change) == (("pay.Admin",), (), (), ())


@pytest.mark.parametrize("default", ["output = json", "region = us-east-1", "s3 =\n  a = b"])
def test_DEFAULT_may_have_keys_that_are_not_identity_keys(default):
    assert plan(SESSION + f"[DEFAULT]\n{default}\n").add == ("pay.Read", "pay.Admin", "dev.Read")


def test_an_identity_key_in_DEFAULT_is_refused():
    with pytest.raises(ConfigInvalid, match="config:6: "):
        plan(SESSION + "[DEFAULT]\nsso_session = corp\n")


def test_a_managed_profile_without_a_readable_role_is_skipped():
    found = plan(SESSION + ALL + "\n[profile broken]\nssohelper_managed = true\n")
    assert found.skipped == (Skipped("broken", "the profile's role cannot be read"),)
    assert found.changes == ()


def test_ten_thousand_roles_are_named_planned_and_written():
    accounts = tuple(listed(f"{n:012d}", f"account-{n}", "Read", "Admin") for n in range(5000))
    asked = request(LISTING._replace(accounts=accounts))
    config = ConfigFile.parse(SESSION.encode(), "config")
    found = plan_sync(config, asked)
    assert len(set(found.add)) == 10_000
    assert sum(line.startswith("+") for line in unified_diff(config.text, found.changes, "c")) == (
        5 * 10_000 + 1
    )
    after = ConfigFile.parse(config.with_changes(found.changes), "config")
    assert plan_sync(after, asked).changes == ()


def test_a_converted_profile_changes_only_the_keys_that_differ():
    stray = plan(SESSION + process("pay.Read", PAY, "Read") + "sso_region = x\n")
    (change,) = stray.change
    assert (change.before, change.after) == ({"sso_region": "x"}, {})
    moved = plan(
        SESSION + process("pay.Read", PAY, "Read", command="/old/ssohelper credential-process")
    )
    (change,) = moved.change
    assert set(change.before) == set(change.after) == {"credential_process"}
    assert plan(SESSION + process("pay.Read", PAY, "Read")).change == ()
