"""Names over generated pairs of organizations: an account part means one organization.

The judge reads the config with configparser and takes names apart with rules of its own.
"""

import configparser
import random
import re
import shlex
from collections import defaultdict
from typing import NamedTuple

import pytest

from ssohelper.core import prompt_text
from ssohelper.core.choices import Choices
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account, Role, SsoSession
from ssohelper.core.profile_names import Namer, NameTemplate, UnnamedRole, WrittenName
from ssohelper.core.profile_plan import Plan, plan_sync
from ssohelper.core.sync_request import SyncRequest
from tests.long_rows import long_after

TEMPLATE = "{account_name}.{role_name}"
WORLDS = 500
ACCOUNTS = ("payments", "Payments", "payments-prod", "payments prod", "prod", "dev", "corp.prod",
            "acme.payments", "sandbox", "acme.corp.prod", "日本", "log.archive")  # fmt: skip
ROLES = ("Admin", "ReadOnlyAccess", "Dev", "a=b", "a,b", "prod", "Billing")
PORTALS = {name: f"https://{name}.awsapps.com/start" for name in ("corp", "acme", "third")}


class Name(NamedTuple):
    """A profile's name in a finished world, with the organization and the account that it means."""

    text: str
    organization: str
    account_id: str
    role: str
    managed: bool


def generate_world(seed: int) -> tuple[str, list[tuple[str, Listing, Choices]]]:
    """Return the text of a config with foreign profiles, and syncs of two sessions."""
    dice = random.Random(seed)
    ids = [f"{dice.randrange(10**12):012}" for _ in range(16)]
    organizations: dict[str, list[ListedAccount]] = {
        session: [
            ListedAccount(
                Account(ids.pop(), dice.choice(ACCOUNTS), ""),
                tuple(dice.sample(ROLES, dice.randint(1, 5))),
            )
            for _ in range(dice.randint(1, 5))
        ]
        for session in ("corp", "acme", "third")
    }
    text = "".join(_foreign_profiles(dice, organizations))
    syncs = []
    for session in [*dice.sample(["corp", "acme"], 2), "corp", "acme"]:
        known = organizations[session]
        listing = Listing(PORTALS[session], "eu-west-1", 0, tuple(known))
        choices = Choices(roles=dice.choice([(), ("*Adm*", "Dev"), ("!Dev",)]))
        syncs.append((session, listing, choices))
        # Until the next sync of this session it gains roles, and perhaps an account.
        organizations[session] = [
            one._replace(roles=tuple(dict.fromkeys((*one.roles, dice.choice(ROLES)))))
            for one in known
        ]
        if dice.random() < 0.5:
            new = Account(f"{dice.randrange(10**12):012}", dice.choice(ACCOUNTS), "")
            organizations[session].append(ListedAccount(new, ("Admin", "Dev")))
    return text, syncs


def _foreign_profiles(
    dice: random.Random, organizations: dict[str, list[ListedAccount]]
) -> list[str]:
    sections: dict[str, str] = {}
    for _ in range(dice.randint(0, 6)):
        session = dice.choice(list(organizations))
        listed = dice.choice(organizations[session])
        role = dice.choice(listed.roles)
        alias = re.sub("[^A-Za-z0-9._-]", "-", dice.choice(ACCOUNTS))
        name = dice.choice([alias, f"{alias}.{role}", f"{alias}.x", f"{alias}.Admin"])
        keys = f"sso_account_id = {listed.account.id}\nsso_role_name = {role}\n"
        keys = dice.choice(
            [
                f"sso_start_url = {PORTALS[session]}\nsso_region = eu-west-1\n{keys}",
                f"sso_session = {session}\n{keys}",
                "aws_access_key_id = AKIA\naws_secret_access_key = x\n",
            ]
        )
        name = re.sub("[^A-Za-z0-9._-]", "-", name)
        sections[name] = f"[profile {name}]\n{keys}\n"
    portals = [
        f"[sso-session {name}]\nsso_start_url = {url}\nsso_region = eu-west-1\n\n"
        for name, url in PORTALS.items()
    ]
    return [*portals, *sections.values()]


def sync(text: str, session: str, listing: Listing, choices: Choices) -> tuple[str, Plan]:
    config = ConfigFile.parse(text.encode(), "config")
    found = plan_sync(
        config,
        SyncRequest(
            SsoSession(session, PORTALS[session], "eu-west-1", ()),
            listing,
            choices,
            command="/abs/bin/ssohelper-credentials",
            template=TEMPLATE,
            form="process",
            region="eu-west-1",
        ),
    )
    return config.with_changes(found.changes).decode(), found


def read_names(text: str) -> list[Name]:
    """Return each profile that names a role, as the judge reads it."""
    parser = configparser.RawConfigParser()
    parser.read_string(text)
    found = []
    for header in parser.sections():
        keys = dict(parser[header])
        name = header.removeprefix("profile ")
        if "credential_process" in keys:
            words = shlex.split(keys["credential_process"])
            values = dict(zip(words[1::2], words[2::2], strict=True))
            organization = PORTALS[values["--session"]]
            found.append(
                Name(name, organization, values["--account-id"], values["--role-name"], True)
            )
        elif "sso_account_id" in keys:
            organization = keys.get("sso_start_url") or PORTALS[keys["sso_session"]]
            found.append(
                Name(name, organization, keys["sso_account_id"], keys["sso_role_name"], False)
            )
    return found


def account_part(name: Name) -> str | None:
    """Return what stands before the role, and the account id if it stands behind; None if unknown."""
    role = re.escape(re.sub("[^A-Za-z0-9._-]", "-", name.role))
    found = re.fullmatch(
        rf"(.+)\.{role}((?:\.{name.account_id}(?:\.[0-9a-f]{{6}})?)?)", name.text, re.IGNORECASE
    )
    if found is None:
        return None
    return (found[1] + ("." + name.account_id if found[2] else "")).lower()


def means(foreign: Name, part: str) -> bool:
    """Return whether the name of a foreign profile reads as if it meant this account part."""
    own = account_part(foreign)
    if own is not None:
        return own == part
    text = foreign.text.lower()
    return text == part or text.startswith(f"{part}.")


@pytest.mark.parametrize("batch", long_after(1, range(10)))
def test_an_account_part_means_one_organization_in_500_generated_pairs(batch):
    added_names = longer = 0
    for seed in range(batch * WORLDS // 10, (batch + 1) * WORLDS // 10):
        text, syncs = generate_world(seed)
        for session, listing, choices in syncs:
            text, found = sync(text, session, listing, choices)
            names = read_names(text)
            added = [name for name in names if name.text in found.add]
            added_names += len(added)
            longer += sum(name.text.startswith(f"{session}.") for name in added)
            parts: dict[str, set[str]] = defaultdict(set)
            for name in added:
                part = account_part(name)
                assert part is not None, name
                parts[name.account_id].add(part)
                others = {
                    other.organization
                    for other in names
                    if means(other, part) and other.organization != name.organization
                }
                assert others == set(), (seed, name, others)
            assert all(len(found) == 1 for found in parts.values()), (seed, parts)
            again = sync(text, session, listing, choices)[1]
            assert again.add == (), seed
        assert_labels_differ(text, seed)
    assert added_names > 200
    assert longer > 50


def assert_labels_differ(text: str, seed: int) -> None:
    """See that no two profiles of the config have one label, with or without an end beside it."""
    config = ConfigFile.parse(text.encode(), "config")
    names = [entry.name for entry in config.profiles()]
    shown: dict[tuple[int, str], set[str]] = defaultdict(set)
    ends = prompt_text.prompt_rows(prompt_text.PromptClock(10**9, "known"))
    for name in names:
        for guarded in (False, True):
            label = prompt_text.prompt_label(
                prompt_text.distinct_prompt_name(name, names), guarded=guarded
            )
            for rows in (ends, prompt_text.NOTHING_ENDS):
                for room, fitted in enumerate(prompt_text.usual_and_short_label(label, rows)):
                    shown[room, fitted].add(name)
    assert {key: found for key, found in shown.items() if len(found) > 1} == {}, seed


def unnamed(account_id: str, name: str, *roles: str) -> list[UnnamedRole]:
    account = Account(account_id, name, "")
    return [UnnamedRole(account, Role(account_id, role)) for role in roles]


def named(roles: list[UnnamedRole], **more: object) -> list[str]:
    found = Namer(roles, NameTemplate(TEMPLATE, "corp"), **more).choose_names()  # type: ignore[arg-type]
    return [found[item.role] for item in roles]


ONE, TWO = "1" * 12, "2" * 12


def test_a_name_of_another_organization_makes_all_names_of_the_account_longer():
    written = [WrittenName("pay.Admin", Role(TWO, "Admin"), is_own=False)]
    roles = [*unnamed(ONE, "pay", "Admin", "Read"), *unnamed("3" * 12, "dev", "Read")]
    assert named(roles, written=written) == ["corp.pay.Admin", "corp.pay.Read", "dev.Read"]


@pytest.mark.parametrize("name", ["pay", "PAY.deploy", "pay-x"])
def test_a_hand_written_name_counts_for_the_account_that_it_means(name):
    roles = unnamed(ONE, "pay", "Read")
    other = [WrittenName(name, Role(TWO, "Admin"), is_own=False)]
    assert named(roles, written=other) == ["corp.pay.Read"]
    own = [WrittenName(name, Role(ONE, "Admin"))]
    assert named(roles, written=own) == ["pay.Read"]


def test_an_account_keeps_the_part_of_its_written_names():
    written = [WrittenName("corp.pay.Admin", Role(ONE, "Admin"))]
    assert named(unnamed(ONE, "pay", "Read"), written=written) == ["corp.pay.Read"]


def test_an_account_without_names_gives_way_to_one_of_the_same_name_that_has_some():
    written = [WrittenName("pay.Admin", Role(ONE, "Admin"))]
    roles = [*unnamed(ONE, "pay", "Read"), *unnamed(TWO, "pay", "Admin")]
    assert named(roles, written=written) == ["pay.Read", "corp.pay.Admin"]


def test_accounts_of_one_name_are_told_apart_even_if_no_role_clashes():
    roles = [*unnamed(ONE, "pay", "Admin"), *unnamed(TWO, "Pay", "Read")]
    assert named(roles) == [f"corp.pay.Admin.{ONE}", f"corp.Pay.Read.{TWO}"]


def test_a_skipped_role_of_another_account_counts_where_the_template_names_none():
    roles = [*unnamed(ONE, "pay", "Admin"), *unnamed(TWO, "dev", "Admin")]
    found = Namer(
        roles, NameTemplate("{role_name}", "corp"), skipped={roles[0].role}
    ).choose_names()
    assert found[roles[1].role] == f"corp.Admin.{TWO}"


def test_a_skipped_role_counts_for_the_clash():
    roles = unnamed(ONE, "pay", "Admin", "Read")
    written = [WrittenName("pay.Admin")]
    skipped = {roles[0].role}
    assert named(roles, written=written, skipped=skipped) == ["corp.pay.Admin", "corp.pay.Read"]
    own = [WrittenName("pay.Admin", roles[0].role)]
    assert named(roles, written=own, skipped=skipped) == ["pay.Admin", "pay.Read"]


def test_an_account_whose_name_only_begins_alike_is_no_clash():
    roles = [*unnamed(ONE, "pay", "Admin"), *unnamed(TWO, "pay-eu", "Admin")]
    found = Namer(roles, NameTemplate("{account_name}-{role_name}", "corp")).choose_names()
    assert list(found.values()) == ["pay-Admin", "pay-eu-Admin"]


def test_a_template_with_the_role_in_front_is_decided_for_the_account_too():
    roles = unnamed(ONE, "pay", "Admin", "Read")
    written = [WrittenName("Dev.pay", Role(TWO, "Dev"), is_own=False)]
    found = Namer(
        roles, NameTemplate("{role_name}.{account_name}", "corp"), written=written
    ).choose_names()
    assert list(found.values()) == ["corp.Admin.pay", "corp.Read.pay"]


def test_a_name_that_ends_with_role_and_account_means_only_the_part_before_them():
    written = [WrittenName(f"pay.x.Read.{TWO}", Role(TWO, "Read"), is_own=False)]
    assert named(unnamed(ONE, "pay", "Admin"), written=written) == ["pay.Admin"]
    assert named(unnamed(ONE, "pay.x", "Admin"), written=written) == ["corp.pay.x.Admin"]
