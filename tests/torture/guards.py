"""Guards and allow-lists: each way in which credentials can leave, in each situation without leave."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from ssohelper.emulator.server import Emulator
from tests.conftest import SCRIPT, Home, make_home
from tests.guards import allow_matrix, matrix
from tests.guards.full_screen import SITUATIONS as FULL_SCREEN
from tests.guards.full_screen import ask_in_full_screen
from tests.guards.matrix import Cell
from tests.guards.ways import ROLE
from tests.guards.world import GUARDED, NAME, Guarded
from tests.processes import end_detached_processes
from tests.torture.ground import HOME_PREFIX
from tests.torture.rows import Dice, Row, first_of

Ask = Callable[[Guarded], list[Cell]]


def guard_matrix(dice: Dice) -> list[Row]:
    """each way to get a guarded role x each situation without a grant in force"""
    asked = _situations()
    chosen = dice.of("guard matrix").sample(sorted(asked), dice.count(len(asked), 3))
    rows, cells = [], list[Cell]()
    for name in sorted(chosen):
        with _world(matrix.make_world) as world:
            found = asked[name](world)
            is_published = GUARDED in world.published()
        cells += found
        rows.append(_row(f"guarded role, {name}", found, is_published=is_published))
    rows.append(_row(f"guarded role, all {len(chosen)} situations", cells))
    return rows


def allow_list_matrix(_dice: Dice) -> list[Row]:
    """each way to get a role x each allow-list that does not include it"""
    rows, all_asked = [], list[Cell]()
    for name, ask in allow_matrix.SITUATIONS.items():
        with _world(allow_matrix.make_world) as world:
            asked = ask(world)
        all_asked += asked
        rows.append(_row(f"role beyond the allow-list, {name}", asked))
    rows.append(_row(f"role beyond the allow-list, all {len(rows)} situations", all_asked))
    return rows


def _situations() -> dict[str, Ask]:
    """Return what is asked of a world, by the situation's name."""
    found: dict[str, Ask] = {
        one.__name__.replace("_", " "): partial(_ask_all, one) for one in matrix.SITUATIONS
    }
    for name, situation in {
        "old published response": matrix.publish_before_the_rule,
        "old published response, new settings noted": matrix.publish_before_the_rule_and_note_it,
        "old settings file restored": matrix.restore_old_settings,
        "new settings file taken away again": partial(matrix.restore_old_settings, had_file=False),
    }.items():
        found[name] = partial(_ask_all, situation)
    found["another terminal"] = _ask_in_another_terminal
    found["wrong word"] = lambda world: matrix.ask_with_wrong_word(world, world.open_terminal())
    if Path(matrix.FAKETIME).exists():
        for ago, clock in matrix.CLOCKS:
            found[f"clock moved by {clock}, granted {ago} s ago"] = partial(_ask_late, ago, clock)
    return found


def _ask_all(situation: Callable[[Guarded], None], world: Guarded) -> list[Cell]:
    with matrix.running_endpoints(world) as clients:
        situation(world)
        cells = matrix.ask_each_way(world)
        cells += matrix.ask_running(world, clients)
    if situation in FULL_SCREEN:
        cells.append(ask_in_full_screen(world))
    return cells


def _ask_in_another_terminal(world: Guarded) -> list[Cell]:
    here, other = world.open_terminal(), world.open_terminal()
    code, shown = here.run(f"{SCRIPT} guard grant {ROLE} --reason x", NAME)
    if code:
        raise RuntimeError(f"nothing was granted: {shown}")
    return matrix.ask_each_way_in(world, other)


def _ask_late(ago: int, clock: str, world: Guarded) -> list[Cell]:
    return matrix.ask_each_way(world, **matrix.move_clock(world, ago, clock))


def _row(what: str, cells: list[Cell], *, is_published: bool = False) -> Row:
    released = sum(cell.is_released for cell in cells)
    others = [cell for cell in cells if not cell.is_refused]
    figure = f"{released} released, {len(cells) - len(others)} refused and in the journal"
    figure += ", a response is published" * is_published
    return Row(
        f"{what}: {len(cells)} calls",
        figure + first_of(f"{one.way}, exit {one.code}, {one.shown[-200:]!r}" for one in others),
        f"0 released, {len(cells)} refused and in the journal",
        bool(cells) and not others and not is_published,
    )


@contextmanager
def _world(make: Callable[[Home, Emulator], Guarded]) -> Iterator[Guarded]:
    """A signed-in home; the process's own variables lead to it too (platformdirs reads them)."""
    before = dict(os.environ)
    with (
        tempfile.TemporaryDirectory(prefix=HOME_PREFIX, ignore_cleanup_errors=True) as folder,
        Emulator() as emulator,
    ):
        emulator.auto_approve = "ana"
        home = make_home(Path(folder))
        home.env.update(emulator.environment())
        os.environ.update({name: home.env[name] for name in ("HOME", "XDG_RUNTIME_DIR")})
        try:
            world = make(home, emulator)
            try:
                yield world
            finally:
                world.close()
        finally:
            os.environ.clear()
            os.environ.update(before)
            end_detached_processes(Path(folder))
