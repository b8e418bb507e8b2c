"""Names over generated pairs of organizations: an account part means one organization.

The judge reads the config with configparser and takes names apart with rules of its own.
"""

import configparser
import random
import re
import shlex
from collections import defaultdict
from typing import Any, NamedTuple

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
    command = "/abs/bin/ssohelper-credentials"
    of = SsoSession(session, PORTALS[session], "eu-west-1", ()), listing, choices
    found = plan_sync(config, SyncRequest(*of, command, TEMPLATE, "process", "eu-west-1"))
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
            role = values["--account-id"], values["--role-name"]
            found.append(Name(name, PORTALS[values["--session"]], *role, True))
        elif "sso_account_id" in keys:
            organization = keys.get("sso_start_url") or PORTALS[keys["sso_session"]]
            role = keys["sso_account_id"], keys["sso_role_name"]
            found.append(Name(name, organization, *role, False))
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
            assert sync(text, session, listing, choices)[1].add == (), seed
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


def written(name: str, account_id: str, role: str, is_own: bool = True) -> list[WrittenName]:
    return [WrittenName(name, Role(account_id, role), is_own)]


ONE, TWO = "1" * 12, "2" * 12
PAY = unnamed(ONE, "pay", "Admin", "Read")
PAY_READ = unnamed(ONE, "pay", "Read")
# The roles, the other arguments of `Namer`, and the names.
CASES: dict[str, tuple[list[UnnamedRole], dict[str, Any], list[str]]] = {
    "a name of another organization makes all names of the account longer": (
        [*PAY, *unnamed("3" * 12, "dev", "Read")],
        {"written": written("pay.Admin", TWO, "Admin", is_own=False)},
        ["corp.pay.Admin", "corp.pay.Read", "dev.Read"],
    ),
    **{
        f"a hand-written {name} of another organization": (
            PAY_READ, {"written": written(name, TWO, "Admin", is_own=False)}, ["corp.pay.Read"],
        )
        for name in ("pay", "PAY.deploy", "pay-x")
    },
    **{
        f"our own hand-written {name}": (
            PAY_READ, {"written": written(name, ONE, "Admin")}, ["pay.Read"],
        )
        for name in ("pay", "PAY.deploy", "pay-x")
    },
    "an account keeps the part of its written names": (
        PAY_READ, {"written": written("corp.pay.Admin", ONE, "Admin")}, ["corp.pay.Read"],
    ),
    "an account without names gives way to one of the same name that has some": (
        [*PAY_READ, *unnamed(TWO, "pay", "Admin")],
        {"written": written("pay.Admin", ONE, "Admin")}, ["pay.Read", "corp.pay.Admin"],
    ),
    "accounts of one name are told apart even if no role clashes": (
        [*unnamed(ONE, "pay", "Admin"), *unnamed(TWO, "Pay", "Read")], {},
        [f"corp.pay.Admin.{ONE}", f"corp.Pay.Read.{TWO}"],
    ),
    "a skipped role of another account counts where the template names no account": (
        [PAY[0], *unnamed(TWO, "dev", "Admin")],
        {"template": "{role_name}", "skipped": {PAY[0].role}},
        [f"corp.Admin.{ONE}", f"corp.Admin.{TWO}"],
    ),
    "a skipped role counts for the clash": (
        PAY, {"written": [WrittenName("pay.Admin")], "skipped": {PAY[0].role}},
        ["corp.pay.Admin", "corp.pay.Read"],
    ),
    "a skipped role has the written profile": (
        PAY, {"written": written("pay.Admin", ONE, "Admin"), "skipped": {PAY[0].role}},
        ["pay.Admin", "pay.Read"],
    ),
    "an account whose name only begins alike is no clash": (
        [PAY[0], *unnamed(TWO, "pay-eu", "Admin")], {"template": "{account_name}-{role_name}"},
        ["pay-Admin", "pay-eu-Admin"],
    ),
    "a template with the role in front is decided for the account too": (
        PAY,
        {
            "template": "{role_name}.{account_name}",
            "written": written("Dev.pay", TWO, "Dev", is_own=False),
        },
        ["corp.Admin.pay", "corp.Read.pay"],
    ),
    **{
        f"a name that ends with role and account means the part before them, not {account}": (
            unnamed(ONE, account, "Admin"),
            {"written": written(f"pay.x.Read.{TWO}", TWO, "Read", is_own=False)}, [name],
        )
        for account, name in (("pay", "pay.Admin"), ("pay.x", "corp.pay.x.Admin"))
    },
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_which_names_clash(case):
    roles, more, names = CASES[case]
    more = dict(more)
    template = NameTemplate(more.pop("template", TEMPLATE), "corp")
    found = Namer(roles, template, **more).choose_names()
    assert [found[item.role] for item in roles] == names
