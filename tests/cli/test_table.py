"""Tables on terminals of each width, and when a progress bar is drawn."""

from random import Random

import pytest

from ssohelper.cli.table import NO_NARROWING, Cell, Narrowing, make_table
from ssohelper.core.text import columns_of_text
from tests.cli.listing_world import SCRIPT
from tests.long_rows import long_after
from tests.saved_listing import add_listed_session, save_listing
from tests.tui.terminal import Terminal

HEADER = ("ACCOUNT ID", "ACCOUNT", "ROLE", "PROFILES")
ROW = ("000030000001", "payments-prod", "ReadOnlyAccess", "payments-prod.ReadOnlyAccess")


# The narrowing of `list`: profiles and accounts are cut, the last use is extra.
NARROWING = Narrowing(cut=(3, 1), drop=3, extra=5)


def drawn(room, *rows, header=HEADER, narrowing=NO_NARROWING, colored=False):
    return list(make_table(header, rows, room, narrowing).lines(colored=colored))


def test_an_account_id_is_never_broken():
    for room in range(1, 120):
        said = drawn(room, ROW, ROW)
        whole = [line for line in said if ROW[0] in line]
        assert len(whole) == (2 if room >= 24 else 0), said
        assert all(columns_of_text(line) <= max(room, 20) for line in said)
        letters = "".join("".join(said).split())
        assert all(letters.count(character) >= 2 for character in "".join(ROW))


@pytest.mark.parametrize("room", [30, 60, 80, 100])
@pytest.mark.parametrize(
    "whole",
    [
        "https://d-0000000000.awsapps.com/start",
        "/home/ana/.aws/sso/cache/0123456789abcdef0123456789abcdef01234567.json",
        "C:\\Users\\ana\\.aws\\config-with-a-long-name",
    ],
)
def test_a_url_or_path_is_never_broken(room, whole):
    row = ("my-own-session", whole, "eu-west-1", "signed out, not in the config")
    said = drawn(room, row, row)
    assert sum(whole in line for line in said) == 2, said


def test_on_a_narrow_terminal_each_row_is_a_block():
    block = [f"{name:<12}{value}" for name, value in zip(HEADER, ROW, strict=True)]
    assert drawn(44, ROW, ROW) == [*block, "", *block]


@pytest.mark.parametrize(
    ("room", "profiles"),
    [(73, "payments-prod.ReadOnlyAccess"), (62, f"payments-prod.\n{' ' * 45}ReadOnlyAccess")],
)
def test_the_widest_column_is_broken_after_a_mark(room, profiles):
    assert "\n".join(drawn(room, ROW)) == (
        "ACCOUNT ID    ACCOUNT        ROLE            PROFILES\n"
        f"000030000001  payments-prod  ReadOnlyAccess  {profiles}"
    )


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("a cell of several words", ["a cell of", "several", "words"]),
        ("(a/path/that/is/longer", ["(a/path/", "that/is/", "longer"]),
        ("nomarkinthisword", ["nomarkinthis", "word"]),
        ("漢字漢字漢字漢字", ["漢字漢字漢字", "漢字"]),
        ("[bold]x[/]", ["[bold]x[/]"]),
    ],
)
def test_a_cell_is_broken_at_spaces_and_marks(text, lines):
    assert [line[14:] for line in drawn(26, ("000030000001", text), header=("A", "B"))[1:]] == lines


def test_short_cells_are_whole_in_a_table_and_one_column_less_makes_blocks():
    rows, header = [("a" * 20, "b" * 20)], ("A", "B")
    assert drawn(26, *rows, header=header) == [
        "A             B",
        f"{'a' * 12}  {'b' * 12}",
        f"{'a' * 8}      {'b' * 8}",
    ]
    assert drawn(25, *rows, header=header) == [f"A  {'a' * 20}", f"B  {'b' * 20}"]


LONG = "a-team-with-a-name-of-fifty-letters-in-production"
ROLES = ("AdministratorAccess", "DataScienceReadOnly", "ReadOnlyAccess")
LISTED = [
    ("000030000001", account, role, f"{account}.{role}", "corp", "3h ago")
    for account in ("payments-prod", "shared-services", LONG)
    for role in ROLES
]
LIST_HEADER = (*HEADER, "SESSION", "USED")


@pytest.mark.parametrize("room", [118, 140])
def test_one_long_name_leaves_the_other_rows_whole(room):
    said = drawn(room, *LISTED, header=LIST_HEADER, narrowing=NARROWING)
    for row in LISTED[:6]:
        assert sum(all(cell in line for cell in row[:5]) for line in said) == 1, said
    assert len(said) == 1 + len(LISTED)
    assert all(columns_of_text(line) <= room for line in said)


def test_the_widest_column_gives_way_first_and_an_extra_one_before_a_cell_is_shortened():
    rows = [("a" * 17, "b" * 14), ("a" * 8, "b" * 19)]
    assert drawn(31, *rows, header=("A", "B"), narrowing=Narrowing(cut=(0, 1))) == [
        "A               B",
        f"{'a' * 13}…  {'b' * 14}",
        f"{'a' * 8}        {'b' * 14}…",
    ]
    table = make_table(LIST_HEADER, LISTED, 300, NARROWING)
    assert not table.leaves_out(5)
    width = max(map(len, table.lines()))
    assert "USED" in next(make_table(LIST_HEADER, LISTED, width, NARROWING).lines())
    narrow = make_table(LIST_HEADER, LISTED, width - 1, NARROWING)
    assert narrow.leaves_out(5)
    assert "USED" not in next(narrow.lines())
    assert any(row[3] in line for row in LISTED for line in narrow.lines())


def generated_rows(chance: Random) -> list[tuple[str, ...]]:
    """Return the rows of `list` with two sessions: similar names, some of them very long."""
    roles = [
        chance.choice(("Admin", "ReadOnly", "team-漢字-"))
        + "x" * chance.choice((0, 1, 5, 12, chance.randint(0, 50)))
        for _ in range(3)
    ]
    sessions = chance.choice((("corp",), ("corp", "acme"), ("corp-eu-west-1", "corp-eu-west-2")))
    rows = []
    for number in range(chance.randint(1, 25)):
        name = "payments-" * chance.choice((1, 1, 1, 2, 5)) + str(number // 3)
        for role in dict.fromkeys(roles):
            for session in sessions:
                profile = f"{name}.{role}" if chance.random() < 0.7 else ""
                rows.append((f"{number:012}", name, role, profile, session, "3h ago"))
    return rows


@pytest.mark.parametrize("seed", long_after(3, range(0, 400, 40)))
def test_rows_of_a_list_take_one_line_and_never_look_equal(seed):
    one_line_each = 0
    for number in range(seed, seed + 40):
        rows = generated_rows(Random(number))
        for room in (60, 80, 100, 140):
            said = drawn(room, *rows, header=LIST_HEADER, narrowing=NARROWING)
            assert all(columns_of_text(line) <= room for line in said), (number, room)
            widths = [max(map(columns_of_text, column)) for column in zip(*rows, strict=True)]
            needed = [max(widths[n], len(LIST_HEADER[n])) for n in (0, 2, 4)]
            if sum(needed) + 2 * 3 + 12 > room:  # the account's name is cut to 12
                continue
            one_line_each += 1
            assert len(said) == 1 + len(rows), (number, room, said)
            for line, row in zip(said[1:], rows, strict=True):
                assert all(cell in line.split() for cell in (row[0], row[2], row[4])), line
            assert len(set(said)) == len(said), (number, room)
    assert one_line_each > 40


def test_profiles_are_cut_and_then_left_out():
    def first_line(room: int) -> str:
        return drawn(room, *LISTED, header=LIST_HEADER, narrowing=NARROWING)[1]

    start = "000030000001  payments-prod"
    role = "AdministratorAccess"
    assert first_line(140).split() == [*start.split(), role, f"payments-prod.{role}", "corp"]
    assert first_line(80) == f"{start}      {role}  payments-prod.Ad…  corp"
    assert first_line(60).split() == [*start.split(), role, "corp"]
    # A short name is not left out for being short.
    short = ("000030000001", "payments-prod", "ReadOnlyAccess", "prod", "corp", "")
    said = drawn(80, short, header=LIST_HEADER, narrowing=NARROWING)
    assert said[1].split() == [*short[:5]]


def test_a_cut_cell_ends_with_an_ellipsis_and_keeps_its_colour():
    rows = [(Cell("漢字漢字漢字漢字", "red"), "b" * 20), ("a", "b" * 20), ("a", "b" * 20)]
    said = drawn(35, *rows, header=("A", "B"), narrowing=Narrowing(cut=(0,)), colored=True)
    assert (said[1], len(said)) == ("\x1b[31m漢字漢字漢字…\x1b[0m  " + "b" * 20, 4)


@pytest.mark.parametrize("columns", [80, 140, 300])
def test_the_cache_is_listed_with_one_line_for_each_file(home, columns):
    add_listed_session(home)
    save_listing(home, session="a-session-with-a-name-of-forty-two-letters")
    inside = Terminal([SCRIPT, "cache", "list"], home.env, size=(columns, 24))
    assert inside.wait() == 0
    listed = [line for line in inside.lines if line.startswith("listing")]
    assert len(listed) == 2
    is_wide = columns == 300
    assert all(line.endswith("/listing.json") == is_wide for line in listed)
    assert ("too narrow for the paths: ssohelper cache list --json" in inside.text) != is_wide
    assert len([line for line in inside.lines if line]) == (3 if is_wide else 4)


def test_only_the_header_is_bold_and_cells_may_be_empty():
    one = make_table(("A",), [("1",)], 80)
    assert [*one.lines(bold=True)] == ["\x1b[1mA\x1b[0m", "1"]
    assert [*one.lines()] == ["A", "1"]
    assert drawn(80) == ["ACCOUNT ID  ACCOUNT  ROLE  PROFILES"]
    assert drawn(80, ("1", "", "", ""))[1:] == ["1"]
