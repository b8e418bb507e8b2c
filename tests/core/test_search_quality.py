"""Searches as people type them, over 2,000 accounts with 6 roles each, against the real fzf."""

import random
import subprocess

import pytest

from ssohelper.core.model import Account
from ssohelper.core.privileged import make_privileged_test
from ssohelper.core.role_rows import RoleRow, make_role_index, rows_without_usage
from tests.programs import require_program

TEAMS = ("payments", "orders", "billing", "search", "identity", "platform", "data", "ml", "growth")
TEAMS += ("risk", "fraud", "catalog", "shipping", "inventory", "mobile", "web", "analytics")
TEAMS += ("warehouse", "media", "support")
SERVICES = ("", "core", "api", "batch", "infra")
REGIONS = ("", "eu", "us", "ap")
STAGES = ("dev", "test", "staging", "prod", "sandbox")
ROLES = ("AdministratorAccess", "ReadOnlyAccess", "PowerUserAccess", "DatabaseAdmin")
ROLES += ("NetworkAuditor", "BreakGlass")
# What is typed, and the wanted account and role; without a role any role of the account.
WANTED = [
    # the query has whole words, in any order
    ("payments prod read", "payments-prod", "ReadOnlyAccess"),
    ("read prod payments", "payments-prod", "ReadOnlyAccess"),
    ("orders api eu staging power", "orders-api-eu-staging", "PowerUserAccess"),
    ("glass fraud core us prod", "fraud-core-us-prod", "BreakGlass"),
    ("warehouse batch ap dev data", "warehouse-batch-ap-dev", "DatabaseAdmin"),
    ("admin ml prod eu api", "ml-api-eu-prod", "AdministratorAccess"),
    ("media-infra-us-test break", "media-infra-us-test", "BreakGlass"),
    ("id core eu sand net", "identity-core-eu-sandbox", "NetworkAuditor"),
    # the query leaves out characters
    ("payprod", "payments-prod", None),
    ("paymnts prod", "payments-prod", None),
    ("payprod read", "payments-prod", "ReadOnlyAccess"),
    ("ordstg", "orders-staging", None),
    ("ordapieustg dba", "orders-api-eu-staging", "DatabaseAdmin"),
    ("plfrm core prod", "platform-core-prod", None),
    ("anlytcs dev", "analytics-dev", None),
    ("wrhse eu prd", "warehouse-eu-prod", None),
    ("invntry sndbx", "inventory-sandbox", None),
    ("shpng us tst", "shipping-us-test", None),
    ("ctlg api prod", "catalog-api-prod", None),
    ("supprt ap stging", "support-ap-staging", None),
    # the query has the first letters of words
    ("payments-prod roa", "payments-prod", "ReadOnlyAccess"),
    ("fraud-dev bg", "fraud-dev", "BreakGlass"),
    ("risk-eu-test pua", "risk-eu-test", "PowerUserAccess"),
    ("growth-us-prod dba", "growth-us-prod", "DatabaseAdmin"),
    ("mlapidev", "ml-api-dev", None),
    ("dcup na", "data-core-us-prod", "NetworkAuditor"),
    ("oaep", "orders-api-eu-prod", None),
    # one word of the query spans account and role
    ("payprodread", "payments-prod", "ReadOnlyAccess"),
    ("fraudstgdba", "fraud-staging", "DatabaseAdmin"),
    ("webtestbreak", "web-test", "BreakGlass"),
    ("mobileusdevadmin", "mobile-us-dev", "AdministratorAccess"),
    ("billsandnet", "billing-sandbox", "NetworkAuditor"),
    # the query has signs of fzf, such as ' ^ !
    ("risk core ap staging power !data", "risk-core-ap-staging", "PowerUserAccess"),
    ("payments dev read !api !core !batch !infra", "payments-dev", "ReadOnlyAccess"),
    ("'media 'prod 'glass !infra !eu !us !ap !core !api !batch", "media-prod", "BreakGlass"),
    ("^ml prod !api !core !batch !infra glass", "ml-prod", "BreakGlass"),
    ("^web- -dev !us !eu !ap admin", "web-dev", "AdministratorAccess"),
    ("catalog 'eu 'infra 'sand dba", "catalog-infra-eu-sandbox", "DatabaseAdmin"),
    # account ids: the whole one, and its end
    ("ID:identity-us-prod", "identity-us-prod", None),
    ("ID:growth-api-test break", "growth-api-test", "BreakGlass"),
]


def organization() -> list[RoleRow]:
    """Return 12,000 rows, in the order in which a listing has them."""
    seeded = random.Random(17)
    names = sorted(
        "-".join(filter(None, (team, service, region, stage)))
        for team in TEAMS
        for service in SERVICES
        for region in REGIONS
        for stage in STAGES
    )
    rows, is_privileged = [], make_privileged_test()
    for name in names:
        account = Account(f"{seeded.randrange(10**12):012d}", name, f"aws+{name}@example.com")
        rows += rows_without_usage("corp", account, [(name, is_privileged(name)) for name in ROLES])
    return rows


@pytest.mark.long
def test_forty_searches_find_the_wanted_row_as_early_as_fzf() -> None:
    fzf = require_program("fzf")
    rows = organization()
    ids = {row.account.name: row.account.id for row in rows}
    index = make_role_index(rows)
    lines = [f"{row.account.name} {row.account.id} {row.role_name}" for row in rows]
    text = "\n".join(lines)
    numbers = {line: number for number, line in enumerate(lines)}
    ranks = {}
    for typed, name, role in WANTED:
        query = typed.replace(f"ID:{name}", ids[name])
        done = subprocess.run(
            [fzf, "-i", "--filter", query], input=text, capture_output=True, text=True, timeout=60
        )
        theirs = [numbers[line] for line in done.stdout.splitlines()]
        ours = index.search(query, fuzzy=True)
        ranks[query] = (rank(rows, ours, name, role), rank(rows, theirs, name, role))
    print(*ranks.items(), sep="\n")
    assert len(ranks) == 40
    assert all(theirs is not None for _ours, theirs in ranks.values()), "fzf answers each query"
    worse = {q: r for q, r in ranks.items() if r[0] is None or r[0] > (r[1] or 0) + 5}
    assert not worse
    assert sum(ours is not None and ours <= 5 for ours, _theirs in ranks.values()) >= 38


def rank(rows: list[RoleRow], found: list[int], name: str, role: str | None) -> int | None:
    """Return the place of the wanted row among the found ones, from 1 on; None without it."""
    for place, number in enumerate(found, 1):
        row = rows[number]
        if row.account.name == name and role in (None, row.role_name):
            return place
    return None
