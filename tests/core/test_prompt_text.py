"""What a prompt shows, and that no name can change what it means."""

import random
import re

import pytest

from ssohelper.core import prompt_text
from ssohelper.core.sign_in_outlook import PromptClock
from tests.hostile import profile_names
from tests.long_rows import long_after

NOW = 1_800_000_000
NAME = "payments-prod.ReadOnlyAccess"


def clock(kind: str, left: int) -> PromptClock:
    return PromptClock(NOW + left, kind)  # type: ignore[arg-type]


def shown(clock, *, now=NOW, **more):
    row = prompt_text.prompt_row_at(prompt_text.prompt_rows(clock, **more), now)
    return row.time_text(now), row.level


# The prompts of real shells must show these texts: tests/shell/test_prompt.py reads this table.
TABLE = [
    ("known", 3 * 86400 + 4 * 3600, "3d4h", "fine"),
    ("known", 86400, "1d0h", "fine"),
    ("known", 86399, "23h59m", "fine"),
    ("known", 7 * 3600 + 12 * 60 + 59, "7h12m", "fine"),
    ("known", 3600, "1h00m", "fine"),
    ("known", 3599, "59m", "fine"),
    ("known", 1800, "30m", "fine"),
    ("known", 1799, "=29m=", "soon"),
    ("known", 300, "=5m=", "soon"),
    ("known", 299, "==4m==", "late"),
    ("known", 60, "==1m==", "late"),
    ("known", 59, "==59s==", "late"),
    ("known", 0, "==signed out==", "late"),
    ("known", -86400, "==signed out==", "late"),
    ("assumed", 7 * 3600 + 12 * 60, "7h12m?", "fine"),
    ("assumed", 1799, "=29m?=", "soon"),
    ("assumed", 299, "==4m?==", "late"),
    ("assumed", 0, "=?=", "soon"),
    ("assumed", -86400, "=?=", "soon"),
    ("open", 0, "ok", "fine"),
    ("ended", -60, "==signed out==", "late"),
    ("ended", 600, "==signed out==", "late"),
]


@pytest.mark.parametrize(("kind", "left", "text", "level"), TABLE)
def test_a_prompt_shows_the_time_left(kind, left, text, level):
    assert shown(clock(kind, left)) == (text, level)
    # No level is told by colour alone.
    assert (level != "fine") == text.startswith("=")


def test_an_assumed_end_never_says_signed_out():
    for left in range(-100_000, 100_000, 977):
        text, _ = shown(clock("assumed", left))
        assert "out" not in text
        assert "?" in text
    # Fixed keys expire.
    assert shown(clock("known", 0), text_after_end="expired") == ("==expired==", "late")


@pytest.mark.parametrize(
    ("session", "grant", "text", "level"),
    [
        (("known", 7200), 3600, "grant 1h00m", "fine"),
        (("known", 7200), 1440, "grant 24m", "fine"),
        (("known", 7200), 600, "grant 10m", "fine"),
        (("known", 7200), 599, "=grant 9m=", "soon"),
        (("known", 7200), 1, "=grant 1s=", "soon"),
        (("known", 7200), 0, "2h00m", "fine"),
        (("known", 7200), None, "2h00m", "fine"),
        # A sign-in that ends sooner is what ends the work.
        (("known", 900), 1440, "=15m=", "soon"),
        (("assumed", 900), 1440, "=15m?=", "soon"),
        (("ended", 0), 1440, "==signed out==", "late"),
        (("open", 0), 1440, "grant 24m", "fine"),
    ],
)
def test_a_grant_is_shown_while_it_lasts(session, grant, text, level):
    ends_at = None if grant is None else NOW + grant
    rows = prompt_text.prompt_rows_with_grant(
        prompt_text.prompt_rows(clock(*session)), clock(*session), ends_at
    )
    row = prompt_text.prompt_row_at(rows, NOW)
    assert (row.time_text(NOW), row.level) == (text, level)
    assert len(prompt_text.prompt_line("n" * 60, rows, NOW)) <= prompt_text.WIDTH


def test_rows_as_shells_read_them():
    known = prompt_text.prompt_rows(clock("known", 7200))
    assert prompt_text.prompt_rows_to_line(known) == (
        f"{NOW + 5400}|1800|fine|left|{NOW + 6900}|300|soon|=left="
        f"|{NOW + 7199}|1|late|==left==|99999999999|0|late|==signed out=="
    )
    unknown = prompt_text.prompt_rows(PromptClock(0, "open"))
    assert prompt_text.prompt_rows_to_line(unknown) == "99999999999|0|fine|ok"
    assert prompt_text.prompt_rows_to_line(prompt_text.NOTHING_ENDS) == "99999999999|0||"


@pytest.mark.parametrize("at", [0, 1, 299, 9_999_999_999])
def test_no_number_is_negative_or_longer_than_shells_take(at):
    rows = prompt_text.prompt_rows(PromptClock(at, "known"))
    fields = prompt_text.prompt_rows_to_line(rows).split("|")
    assert all(re.fullmatch("[0-9]{1,11}", field) for field in fields[::4] + fields[1::4])


@pytest.mark.parametrize("guarded", [False, True])
@pytest.mark.parametrize(
    "shown_clock", [None, clock("open", 0), *(clock(k, n) for k, n, *_ in TABLE)]
)
def test_a_line_has_at_most_40_characters(guarded, shown_clock):
    rows = prompt_text.prompt_rows(shown_clock) if shown_clock else prompt_text.NOTHING_ENDS
    for length in (1, 20, 25, 26, 32, 33, 40, 41, 200):
        label = prompt_text.prompt_label(("abcdefghij" * 20)[: length - 1] + "Z", guarded=guarded)
        line = prompt_text.prompt_line(label, rows, NOW)
        assert len(line) <= 40
        assert line.startswith("@@" if guarded else "a" if length > 1 else "Z")
        assert "Z" in line  # both ends of a name are seen
        if length + 2 * guarded <= 25:
            assert line.split(" ")[0] == label


@pytest.mark.parametrize(
    ("length", "kind", "left", "shown_length"),
    [
        (32, "known", 7 * 3600, 32),
        (33, "known", 7 * 3600, 32),
        (32, "assumed", 240, 32),
        (31, "assumed", 59, 31),
        (32, "assumed", 59, 25),
        (25, "ended", 0, 25),
        (26, "ended", 0, 25),
    ],
)
def test_a_name_is_shortened_where_it_does_not_fit(length, kind, left, shown_length):
    line = prompt_text.prompt_line("n" * length, prompt_text.prompt_rows(clock(kind, left)), NOW)
    assert len(line.split(" ")[0]) == shown_length
    assert len(line) <= 40


def test_a_name_with_the_sign_of_guarded_roles_or_a_hostile_one_is_harmless():
    assert prompt_text.prompt_label("@@prod", guarded=False) == "?@prod"
    assert prompt_text.prompt_label("@@prod", guarded=True) == "@@@@prod"
    for name in [*profile_names(200), "$(touch x)", "`x`", "%F{red}", "\\[", "a\nb", "!!", "é"]:
        label = prompt_text.safe_prompt_name(name)
        assert re.fullmatch(r"[A-Za-z0-9 ._:@/+=,?-]{0,40}", label), name


@pytest.mark.parametrize(
    ("name", "room", "shown"),
    [
        ("pay.Read", 25, "pay.Read"),
        ("payments-prod.ReadOnlyAccess", 25, "payments-prod.ReadO..cess"),
        ("payments-production.AdministratorAccess", 32, "payments-production.Admin..ccess"),
        ("payments-production-eu.AdministratorAccess", 25, "payment..tion-eu.Adm..ess"),
        ("payments-prod/ReadOnlyAccess", 25, "payments-prod/ReadO..cess"),
        ("v1.payments-prod/ReadOnlyAccess", 25, "v1.payments-prod/Rea..ess"),
        ("000000012345:AdministratorAccess", 25, "000000012345:Admin..ccess"),
        ("a-very-long-name-without-a-role", 25, "a-very-long-..hout-a-role"),
    ],
)
def test_the_role_is_shortened_before_the_account(name, room, shown):
    assert prompt_text.shortened_label(name, room) == shown
    assert len(shown) <= room


def organization(dice):
    """Return profile names of overlapping accounts and roles, as two organizations give them."""
    stems = ["payments", "customer-identity-platform", "data-lake", "legacy$billing"]
    accounts = [
        f"{dice.choice(stems)}-{dice.choice(['prod', 'production', 'dev', 'staging-eu-west-1'])}"
        f"{'-' + dice.choice(['blue', 'green', 'shared-services']) if dice.random() < 0.5 else ''}"
        for _ in range(4)
    ]
    roles = [
        "ReadOnlyAccess",
        "ReadWriteAccess",
        "AdministratorAccess",
        "AdminAccess",
        "Ops!",
        "Ops?",
    ]
    prefix = dice.choice(["", "corp.", "second-organization."])
    return {
        f"{dice.choice(['', prefix])}{account}.{role}" for account in accounts for role in roles
    }


@pytest.mark.parametrize("count", long_after(1, [125, 500]))
def test_two_profiles_of_one_config_never_show_the_same(count):
    marked = 0
    for seed in range(count):
        names = organization(random.Random(seed))
        distinct = [prompt_text.distinct_prompt_name(name, names) for name in names]
        marked += sum("+" in name for name in distinct)
        labels = [prompt_text.prompt_label(name, guarded=False) for name in distinct]
        for room in (prompt_text.WIDTH, 32, 25):
            shown = [prompt_text.shortened_label(label, room) for label in labels]
            assert len(set(shown)) == len(names), (seed, room)
    assert marked > 2 * count  # many of the random names had to be marked


def test_a_name_that_another_would_look_like_is_seen():
    names = ["@@prod", "?@prod", "pr\xf6d", "pr?d"]
    # A name that looks as if it had a mark.
    names.append(prompt_text.distinct_prompt_name("pr\xf6d", names))
    shown = {
        prompt_text.prompt_label(prompt_text.distinct_prompt_name(name, names), guarded=False)
        for name in names
    }
    assert len(shown) == len(names)


def test_the_mark_in_a_prompt_name_does_not_depend_on_other_profiles():
    one, two = "a" * 20 + "x" * 30 + "b" * 20, "a" * 20 + "y" * 30 + "b" * 20
    assert prompt_text.distinct_prompt_name(one, [one]) == one
    first = prompt_text.distinct_prompt_name(one, [one, two])
    assert len(first) <= 23
    assert first == prompt_text.distinct_prompt_name(one, [two, "other", one])
