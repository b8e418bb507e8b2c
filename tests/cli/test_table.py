"""Tables on terminals of each width, and when a progress bar is drawn."""

import sys

import pexpect
import pytest

from ssohelper.cli import table
from ssohelper.core.text import columns_of_text
from ssohelper.emulator.server import Emulator
from tests.conftest import Home, Run

HEADER = ("ACCOUNT ID", "ACCOUNT", "ROLE", "PROFILES")
# The same program, with its bar after 30 s: even a slow machine has read the list by then.
PATIENT = (
    "import sys\n"
    "from ssohelper.cli import listing_progress, run\n"
    "listing_progress._BAR_AFTER_SECONDS = 30\n"
    "sys.exit(run(sys.argv[1:]))"
)
ROW = ("000030000001", "payments-prod", "ReadOnlyAccess", "payments-prod.ReadOnlyAccess")


def drawn(room: int, *rows: tuple[str, ...], header: tuple[str, ...] = HEADER) -> list[str]:
    return list(table.table_lines(header, rows, room))


@pytest.mark.parametrize("room", range(1, 120))
def test_an_account_id_is_never_broken(room: int) -> None:
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
def test_a_url_or_path_is_never_broken(room: int, whole: str) -> None:
    row = ("my-own-session", whole, "eu-west-1", "signed out, not in the config")
    said = drawn(room, row, row)
    assert sum(whole in line for line in said) == 2, said


def test_on_a_narrow_terminal_each_row_is_a_block() -> None:
    block = [f"{name:<12}{value}" for name, value in zip(HEADER, ROW, strict=True)]
    assert drawn(44, ROW, ROW) == [*block, "", *block]


@pytest.mark.parametrize(
    ("room", "lines"),
    [
        (73, ["000030000001  payments-prod  ReadOnlyAccess  payments-prod.ReadOnlyAccess"]),
        (
            62,
            [
                "000030000001  payments-prod  ReadOnlyAccess  payments-prod.",
                "                                             ReadOnlyAccess",
            ],
        ),
    ],
)
def test_the_widest_column_is_broken_after_a_mark(room: int, lines: list[str]) -> None:
    head, *rest = drawn(room, ROW)
    assert (head, rest) == ("ACCOUNT ID    ACCOUNT        ROLE            PROFILES", lines)


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
def test_a_cell_is_broken_at_spaces_and_marks(text: str, lines: list[str]) -> None:
    assert [line[14:] for line in drawn(26, ("000030000001", text), header=("A", "B"))[1:]] == lines


def test_short_cells_are_whole_in_a_table_and_one_column_less_makes_blocks() -> None:
    rows, header = [("a" * 20, "b" * 20)], ("A", "B")
    assert drawn(26, *rows, header=header) == [
        "A             B",
        f"{'a' * 12}  {'b' * 12}",
        f"{'a' * 8}      {'b' * 8}",
    ]
    assert drawn(25, *rows, header=header) == [f"A  {'a' * 20}", f"B  {'b' * 20}"]


def test_only_the_header_is_bold() -> None:
    head, row = table.table_lines(("A",), [("1",)], 80, bold=True)
    assert (head, row) == ("\x1b[1mA\x1b[0m", "1")
    assert list(table.table_lines(("A",), [("1",)], 80)) == ["A", "1"]


def test_a_header_alone_and_empty_cells() -> None:
    assert drawn(80) == ["ACCOUNT ID  ACCOUNT  ROLE  PROFILES"]
    assert drawn(80, ("1", "", "", ""))[1:] == ["1"]


def test_a_saved_list_shows_no_progress_bar(home: Home, run: Run, emulator: Emulator) -> None:
    home.add_session("corp", emulator.world.start_url, emulator.world.region)
    home.write_token(emulator.issue_token("ana"))
    assert run("list").returncode == 0
    child = pexpect.spawn(
        sys.executable,
        ["-c", PATIENT, "list", "payments", "prod"],
        env={**home.env, "TERM": "xterm", "PYTHONPROFILEIMPORTTIME": "1"},
        encoding="utf-8",
        timeout=60,
        dimensions=(24, 44),
    )
    said = child.read()
    child.close()
    assert child.exitstatus == 0
    assert "ACCOUNT ID  000030000001\r\n" in said
    assert "listing accounts" not in said
    imported = {line.rpartition("|")[2].strip() for line in said.splitlines()}
    assert "click" in imported
    assert "rich" not in imported
