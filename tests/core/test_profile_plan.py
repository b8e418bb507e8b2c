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
COMMAND, OLD = "/abs/bin/ssohelper credential-process", "/old/ssohelper credential-process"


def listed(account_id: str, name: str, *roles: str, **more: Any) -> ListedAccount:
    return ListedAccount(Account(account_id, name, ""), roles, **more)


def listing_of(*accounts: ListedAccount) -> Listing:
    return Listing(URL, "eu-west-1", 0, accounts)


LISTING = listing_of(listed(PAY, "pay", "Read", "Admin"), listed(DEV, "dev", "Read"))
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
ALL_NAMES = ("pay.Read", "pay.Admin", "dev.Read")
CHAINED = "\n[profile chained]\nsource_profile = {}\nrole_arn = x\n"
# All names that a role could get.
RUNGS = ["pay.Read", "corp.pay.Read", f"corp.pay.Read.{PAY}"]
RUNGS += [f"{RUNGS[-1]}.{hashlib.sha256(b'Read').hexdigest()[:6]}"]


def test_an_empty_config_gets_the_session_and_a_profile_for_each_role_and_the_next_sync_nothing():
    assert synced("") == SESSION + ALL
    again = plan(SESSION + ALL)
    assert (again.add, again.change, again.changes, again.skipped) == ((), (), (), ())


ADMIN = frozenset({Role(PAY, "Admin")})
REMOVED = Choices(removed=ADMIN)
LEGACY = f"[profile mine]\nsso_start_url = {URL}\nsso_account_id = {PAY}\nsso_role_name = Read\n"
OTHER = f"[sso-session other]\nsso_start_url = {URL}\nsso_region = eu-west-1\n"
ADDED_AND_SKIPPED: dict[str, tuple[str, dict[str, Any], tuple[str, ...], dict[str, str]]] = {
    "a legacy profile of another portal": (LEGACY.replace("d-0", "d-1"), {}, ALL_NAMES, {}),
    "a managed key in another tool's profile": (
        f"{LEGACY}ssohelper_managed = true\n", {"prune": True, "rename": True}, ALL_NAMES[1:],
        {"pay.Read": 'the profile "mine" already points at this role'},
    ),
    "the name of a section of the credentials file": (
        "", {"taken_names": {"PAY.read"}}, ("corp.pay.Read", "corp.pay.Admin", "dev.Read"), {},
    ),
    "a role that is listed twice": (
        "", {"listing": listing_of(listed(PAY, "pay", "Read", "Read"), *LISTING.accounts)},
        ALL_NAMES, {},
    ),
    "a role without a free name": (
        "", {"taken_names": {*RUNGS}}, (f"corp.pay.Admin.{PAY}", "dev.Read"),
        {"pay.Read": "no name is free for this role"},
    ),
    "a given name adds a second profile": (
        ALL, {"only_roles": ADMIN, "name": "prod"}, ("prod",), {},
    ),
    "without a name, a role gets no second profile": (
        ALL, {"only_roles": ADMIN}, (),
        {"pay.Admin": 'the profile "pay.Admin" already points at this role'},
    ),
    "a removed profile": (
        "", {"choices": REMOVED}, ("pay.Read", "dev.Read"),
        {"pay.Admin": "its profile was removed with: ssohelper profile rm"},
    ),
    "a removed profile that is added by name": (
        "", {"choices": REMOVED, "only_roles": ADMIN, "name": "prod"}, ("prod",), {},
    ),
    "a plan for one role": (
        process("gone", PAY, "Gone") + process("old", DEV, "Read", OLD),
        {"only_roles": ADMIN, "prune": True}, ("pay.Admin",), {},
    ),
    "a profile of another session": (
        OTHER + native("mine", PAY, "Read", marked=False).replace("= corp", "= other"), {},
        ALL_NAMES, {},
    ),
    "a managed profile of another session": (
        OTHER + native("theirs", PAY, "Read").replace("= corp", "= other"), {"prune": True},
        ALL_NAMES, {},
    ),
    "a managed profile without a readable role": (
        ALL + "\n[profile broken]\nssohelper_managed = true\n", {}, (),
        {"broken": "the profile's role cannot be read"},
    ),
    "several managed profiles of a role": (ALL + process("second", PAY, "Read"), {}, (), {}),
    **{f"{keys} in DEFAULT": (f"[DEFAULT]\n{keys}\n", {}, ALL_NAMES, {})
       for keys in ("output = json", "region = us-east-1", "s3 =\n  a = b")},
}  # fmt: skip


@pytest.mark.parametrize("case", ADDED_AND_SKIPPED)
def test_what_a_sync_adds_and_skips_without_changing_a_profile(case):
    text, asked, added, skipped = ADDED_AND_SKIPPED[case]
    found = plan(SESSION + text, request(**asked))
    assert (found.add, dict(found.skipped)) == (added, skipped)
    assert (found.change, found.stale, found.remove) == ((), (), ())


def test_a_profile_of_an_unlisted_role_keeps_its_form_unless_one_is_given():
    text = SESSION + native("old", "999999999999", "Gone")
    assert synced(text, request(listing_of())) == text
    one_role = request(only_roles=frozenset({Role(PAY, "Read")}), convert=True)
    assert native("old", "999999999999", "Gone") in synced(text, one_role)


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
    text = SESSION + SESSION.replace("corp", "twin") + LEGACY.replace(URL, url)
    assert ("pay.Read" not in plan(text).add) is is_there


@pytest.mark.parametrize(
    ("region", "changes"), [("eu-west-1", ()), ("us-east-1", ("sso_region", "eu-west-1"))]
)
def test_the_region_of_the_session_section_is_updated(region, changes):
    found = plan(SESSION.replace("eu-west-1", region) + ALL)
    assert [change.assign for change in found.changes] == ([(changes,)] if changes else [])


def test_a_renamed_account_changes_profile_names_only_with_rename():
    renamed = listing_of(listed(PAY, "payments", "Read", "Admin"), LISTING.accounts[1])
    assert plan(SESSION + ALL, request(renamed)).changes == ()
    text = SESSION + ALL + CHAINED.format("pay.Admin")
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
    listing = listing_of(*(listed(number, name, "Read") for name, number in accounts.items()))
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
            text += CHAINED.format(random_.choice(sorted(written)))
        asked = request(
            listing_of(*accounts),
            random_.choice([Choices(), Choices(accounts=("pay*",)), Choices(roles=("R*",))]),
            rename=True,
            prune=random_.random() < 0.4,
            template=random_.choice(
                ["{account_name}.{role_name}", "{account_name}", "{role_name}"]
            ),
        )
        once = synced(text, asked)
        assert plan(once, asked).changes == (), (text, once)


@pytest.mark.parametrize(
    ("profiles", "listing", "moved"),
    [
        # `dev.Read` was the profile of PAY, whose account has another name now.
        ([("dev.Read", PAY)], LISTING, '"dev.Read" to a new profile'),
        (
            [("pay.Read", PAY), ("dev.Read", DEV)],
            listing_of(listed(PAY, "dev", "Read"), listed(DEV, "new", "Read")),
            '"pay.Read" to "dev.Read"',
        ),
    ],
)
def test_a_freed_name_that_another_profile_gets_is_told(profiles, listing, moved):
    text = SESSION + "".join(process(name, number, "Read") for name, number in profiles)
    said = plan_text.swapped_names_lines(plan(text, request(listing, rename=True)))
    assert [*said] == [f"names moved: {moved}; each name then stands for another role"]


def test_five_swapped_names_are_told_and_more_are_counted():
    names = [f"n{number}.Read" for number in range(6)]
    pairs = zip(names, [*names[1:], names[0]], strict=True)
    changes = [ProfileChange(old, {"name": old}, {"name": new}) for old, new in pairs]
    found = plan(SESSION, request())._replace(change=tuple(changes))
    [line] = plan_text.swapped_names_lines(found)
    assert '"n4.Read" to "n5.Read" and 1 more; ' in line
    assert '"n5.Read" to' not in line


def test_rename_gives_no_profile_a_name_that_another_keeps_or_gets():
    text = SESSION + process("dev.Read", PAY, "Read") + process("odd", DEV, "Read")
    text += CHAINED.format("dev.Read")
    listing = listing_of(listed(PAY, "pay", "Read"), listed(DEV, "dev", "Read"))
    found = plan(text, request(listing, rename=True))
    assert found.skipped == (
        Skipped("dev.Read", 'not renamed, because the profile "chained" refers to it'),
    )
    assert [(c.profile, c.after) for c in found.change] == [("odd", {"name": "corp.dev.Read"})]
    assert synced(text, request(listing, rename=True)) == text.replace("odd", "corp.dev.Read")
    text = SESSION + process("odd", PAY, "Read") + process("pay.Admin", PAY, "Admin")
    listing = listing_of(listed(PAY, "pay", "Read", "Admin", "New"))
    found = plan(text, request(listing, rename=True, template="{account_name}"))
    added, names = found.add, {c.profile: c.after["name"] for c in found.change}
    assert len({*added, *names.values()}) == 3
    synced(text, request(listing, rename=True, template="{account_name}"))


def test_rename_needs_a_single_profile_of_a_listed_role_within_the_filters():
    renamed = listing_of(listed(PAY, "payments", "Read", "Admin"), listed(DEV, "develop", "Read"))
    text = SESSION + ALL + process("second", PAY, "Admin") + process("gone", DEV, "Gone")
    for choices, moved in (
        (Choices(), ["pay.Read", "dev.Read"]),  # the role Admin has two profiles
        (Choices(accounts=("pay*",)), ["pay.Read"]),
        (Choices(roles=("Adm*",)), []),
    ):
        found = plan(text, request(renamed, choices, rename=True))
        assert [change.profile for change in found.change] == moved


def test_a_change_holds_the_keys_and_the_name_before_and_after():
    odd = process("odd", PAY, "Read", OLD).replace("region =", "sso_start_url = x\nregion =")
    text = SESSION + process("other", PAY, "Admin", OLD) + odd
    listing = listing_of(listed(PAY, "pay", "Read", "Admin"))
    end = f" --session corp --account-id {PAY} --role-name Read"
    before = {"sso_start_url": "x", "credential_process": OLD + end}
    after = {"credential_process": COMMAND + end}
    found = {change.profile: change for change in plan(text, request(listing)).change}
    assert (sorted(found), found["odd"]) == (["odd", "other"], ("odd", before, after))
    found = {change.profile: change for change in plan(text, request(listing, rename=True)).change}
    assert found["other"].after["name"] == "pay.Admin"
    assert found["odd"] == ("odd", before | {"name": "odd"}, after | {"name": "pay.Read"})
    renamed = process("pay.Admin", PAY, "Admin") + process("pay.Read", PAY, "Read")
    assert synced(text, request(listing, rename=True)) == SESSION + renamed


def test_rename_keeps_the_name_of_a_role_for_which_none_is_free():
    taken = frozenset(RUNGS)
    listing = listing_of(listed(PAY, "pay", "Read"), listed(DEV, "odd", "Read"))
    text = SESSION + process("odd.Read", PAY, "Read") + process("b", DEV, "Read")
    found = plan(text, request(listing, rename=True, taken_names=taken))
    assert [(c.profile, c.after) for c in found.change] == [("b", {"name": "corp.odd.Read"})]
    assert found.skipped == ()


def test_a_second_organization_renames_no_profile():
    partner = SsoSession("partner", URL.replace("d-0", "d-1"), "eu-west-1", ())
    listing = LISTING._replace(start_url=partner.start_url)
    asked = request(listing)._replace(session=partner)
    found = plan(SESSION + ALL, asked)
    assert found.add == ("partner.pay.Read", "partner.pay.Admin", "partner.dev.Read")
    assert synced(SESSION + ALL, asked).startswith(SESSION + ALL)
    assert plan(synced(SESSION + ALL, asked)).changes == ()


def test_the_command_is_updated_the_users_keys_stay_and_an_sso_key_that_would_win_goes():
    text = process("pay.Read", PAY, "Read", OLD).replace(
        "region = eu-west-1\n", "# mine\ns3 =\n  a = b\n"
    )
    after = synced(SESSION + text, request(choices=Choices(roles=("Nothing",))))
    assert after == SESSION + text.replace(OLD, COMMAND)
    text = SESSION + ALL.replace("region = eu", "sso_start_url = x\nregion = eu", 1)
    assert synced(text) == SESSION + ALL


def test_only_convert_changes_forms_for_all_managed_profiles_or_within_new_filters():
    choices = Choices(form="sso", accounts=("pay",))
    assert plan(SESSION + ALL, request(choices=choices)).changes == ()
    asked = request(choices=choices, convert=True, has_new_filters=True)
    after = synced(SESSION + ALL, asked)
    converted = native("pay.Read", PAY, "Read") + native("pay.Admin", PAY, "Admin")
    assert after == SESSION + converted + process("dev.Read", DEV, "Read")
    left_out = "the profile keeps its form: it is outside the filters that were given with --form"
    assert plan(SESSION + ALL, asked).skipped == (Skipped("dev.Read", left_out),)
    back = request(choices=Choices(form="process"), convert=True)
    assert synced(after, back) == SESSION + ALL
    gone = process("mine", "000000000009", "Gone")
    choices = Choices(form="sso", accounts=("pay",))
    after = synced(SESSION + ALL + gone, request(choices=choices, convert=True))
    assert "credential_process" not in after
    pruned = synced(SESSION + ALL + gone, request(choices=choices, convert=True, prune=True))
    assert "[profile mine]" not in pruned


@pytest.mark.parametrize(
    "name", ["x\r[profile pwn]\rcredential_process=touch /tmp/P", "]", "$(id)"]
)
def test_a_hostile_account_name_adds_no_key(name):
    listing = listing_of(listed(PAY, name, "Read"))
    config = ConfigFile.parse(synced(SESSION, request(listing)).encode(), "config")
    (entry,) = config.profiles()
    assert list(entry.keys) == ["credential_process", "region", "ssohelper_managed"]
    assert entry.keys["credential_process"].startswith(COMMAND)


@pytest.mark.parametrize(
    ("account_id", "role"),
    [
        *((PAY, role) for role in ("a b", "a;id", "../x", "$(id)", "x" * 33, "é", "")),
        *((number, "Read") for number in ("1", "12345678901é", "1234567890123", "")),
    ],
)
def test_an_account_or_role_that_cannot_be_written_is_skipped(account_id, role):
    found = plan(SESSION, request(listing_of(listed(account_id, "pay", role))))
    assert (found.add, len(found.skipped)) == ((), 1)


def test_an_identity_key_in_DEFAULT_is_refused():
    with pytest.raises(ConfigInvalid, match="config:6: "):
        plan(SESSION + "[DEFAULT]\nsso_session = corp\n")


def test_ten_thousand_roles_are_named_planned_and_written():
    accounts = tuple(listed(f"{n:012d}", f"account-{n}", "Read", "Admin") for n in range(5000))
    asked = request(listing_of(*accounts))
    config = ConfigFile.parse(SESSION.encode(), "config")
    found = plan_sync(config, asked)
    assert len(set(found.add)) == 10_000
    assert sum(line.startswith("+") for line in unified_diff(config.text, found.changes, "c")) == (
        5 * 10_000 + 1
    )
    after = ConfigFile.parse(config.with_changes(found.changes), "config")
    assert plan_sync(after, asked).changes == ()


@pytest.mark.parametrize(
    ("profile", "before", "after"),
    [
        (process("pay.Read", PAY, "Read") + "sso_region = x\n", ["sso_region"], []),
        (process("pay.Read", PAY, "Read", OLD), ["credential_process"], ["credential_process"]),
    ],
)
def test_a_changed_profile_changes_only_the_keys_that_differ(profile, before, after):
    (change,) = plan(SESSION + profile).change
    assert ([*change.before], [*change.after]) == (before, after)
