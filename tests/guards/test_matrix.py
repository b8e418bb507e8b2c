"""Every way x everything that is no live grant: nothing is handed out, and the journal says so.

`test_each_way_hands_out_with_a_grant` shows that each way of the matrix would hand out.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from ssohelper.app import App
from ssohelper.core import policy
from ssohelper.errors import SsoHelperError
from tests.conftest import SCRIPT
from tests.guards import full_screen, matrix
from tests.guards.ways import ROLE, WAYS, opened, with_reason
from tests.guards.world import GUARDED, NAME, RULE, Guarded, has_secret
from tests.long_rows import long_after

# Each test runs about 20 programs, one after the other.
pytestmark = pytest.mark.timeout(900)
FEW = ("launcher", "Python by profile", "env", "console")


@pytest.fixture
def world(home, emulator) -> Iterator[Guarded]:
    made = matrix.make_world(home, emulator)
    yield made
    made.close()


def check(cells: list[matrix.Cell]) -> None:
    """Check that each way handed out nothing, and that each refusal is in the journal."""
    assert [cell for cell in cells if not cell.is_refused or has_secret(cell.shown)] == []


@pytest.mark.parametrize("situation", matrix.SITUATIONS, ids=matrix.name_of)
def test_the_vault_refuses_each_way(world, situation):
    situation(world)
    for way in policy.Way:
        before = world.events().count("refused")
        with pytest.raises(SsoHelperError) as refusal:
            App(world.home.env).vault.permit_release(matrix.TARGET, way)
        assert refusal.value.exit_code == 9
        assert world.events().count("refused") == before + 1


def test_the_vault_permits_with_the_grant_that_the_situations_change(world):
    made = matrix.grant(world)
    matrix.give(world, made)
    for way in policy.Way:
        permit = App(world.home.env).vault.permit_release(matrix.TARGET, way)
        assert (permit.grant_id, permit.rule) == (made.id, RULE)


def test_each_way_hands_out_with_a_grant(world):
    matrix.give(world, matrix.grant(world))
    for name, way in WAYS.items():
        pages, before = opened(world.home.path), world.events().count("release")
        if name.startswith("serve"):
            assert read_first_line(world, way.argv), name
        else:
            done = world.run(*way.argv)
            shown = done.stdout + done.stderr
            assert matrix.is_released(world, name, done.returncode, shown, pages), (name, shown)
        assert world.events().count("release") > before, name
    assert GUARDED not in world.published()


def read_first_line(world: Guarded, argv: list[str]) -> str:
    """Return what a program that serves until it is stopped prints at its start."""
    with matrix.start_serving(world, *argv[argv.index(SCRIPT) :]) as serving:
        assert serving.stdout is not None
        line = serving.stdout.readline()
        serving.terminate()
        return line


# Only a part of the situations: `make torture` has all.
@pytest.mark.parametrize("situation", [matrix.nothing], ids=matrix.name_of)
def test_no_process_gets_anything(world, situation):
    situation(world)
    check(matrix.ask_each_way(world))
    assert GUARDED not in world.published()


@pytest.mark.parametrize(
    "situation", long_after(1, [matrix.nothing, matrix.not_json]), ids=matrix.name_of
)
def test_the_full_screen_asks_and_gives_nothing(world, situation):
    situation(world)
    check([full_screen.ask_in_full_screen(world)])


@pytest.mark.parametrize("key", long_after(1, full_screen.KEYS))
def test_each_key_of_the_full_screen_asks(world, key):
    check([full_screen.ask_in_full_screen(world, key)])


# Only the first clock, in a few ways: `make torture` has all clocks in each way.
@pytest.mark.skipif(not Path(matrix.FAKETIME).exists(), reason="needs libfaketime")
def test_a_clock_that_is_moved_makes_no_grant(world):
    check(matrix.ask_each_way(world, FEW, **matrix.move_clock(world, *matrix.CLOCKS[0])))


def test_an_old_published_response_is_not_handed_out(world):
    matrix.publish_before_the_rule_and_note_it(world)
    check(matrix.ask_each_way(world))
    assert GUARDED not in world.published()


@pytest.mark.long
def test_an_old_settings_file_that_is_put_back_makes_no_old_response_good(world):
    matrix.restore_old_settings(world)
    check(matrix.ask_each_way(world))
    assert GUARDED not in world.published()


@pytest.mark.parametrize(
    "situation",
    long_after(
        1,
        [
            matrix.nothing,
            matrix.memory_damaged,
            matrix.rules_file_removed,
            matrix.rules_file_invalid,
        ],
    ),
    ids=matrix.name_of,
)
def test_a_running_endpoint_gives_nothing_after_its_grant(world, situation):
    with matrix.running_endpoints(world) as clients:
        situation(world)
        cells = matrix.ask_running(world, clients)
    check(cells)
    assert "no grant for it is in force" in cells[0].shown


# -- giving grants in one terminal and in others ---------------------------------------------------


# In a few ways: `make torture` has each.
def test_a_grant_of_one_terminal_gives_nothing_in_another(world):
    here, other = world.open_terminal(), world.open_terminal()
    assert here.run(f"{SCRIPT} guard grant {ROLE} --reason x", NAME)[0] == 0
    check(matrix.ask_each_way_in(world, other, FEW))
    check(matrix.ask_each_way(world, FEW))


@pytest.mark.long
def test_the_wrong_word_gives_nothing(world):
    cells = matrix.ask_with_wrong_word(world, world.open_terminal())
    assert len(cells) == 8
    check(cells)
    assert "grant" not in world.events()


def test_what_was_typed_before_the_question_is_no_answer(world):
    """A pasted text may have the answer in its next line."""
    terminal = world.open_terminal()
    line = f"sleep 1; {SCRIPT} guard grant {ROLE} --reason x"
    code, shown = terminal.run_pasted(line, NAME, then="no")
    assert code == 9, shown
    assert "grant" not in world.events()


@pytest.mark.parametrize(
    "way", long_after(2, [name for name, one in WAYS.items() if one.takes_reason])
)
def test_a_reason_without_a_terminal_gives_nothing(world, way):
    pages = opened(world.home.path)
    done = world.run(*with_reason(WAYS[way].argv))
    shown = done.stdout + done.stderr
    assert done.returncode == 9, shown
    assert not matrix.is_released(world, way, done.returncode, shown, pages)
    assert world.events() == ["issue", "refused"]
