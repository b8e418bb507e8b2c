"""The file of the grants: each has a line in the journal."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from ssohelper.app import App
from ssohelper.core.grants import Grant, GrantContext, TerminalSession
from ssohelper.core.model import RoleKey
from ssohelper.errors import LocalState
from ssohelper.stores.grant_files import GrantStore

NOW, UPTIME = 4_000_000_000, 5000
TERMINAL, OTHER = TerminalSession(77, 4711, "pts/3"), TerminalSession(78, 4712, "pts/4")
KEY = RoleKey("corp", "000030000001", "Admin")
GRANT = Grant(KEY, "INC-4711", NOW, NOW + 600, UPTIME, 1000, "boot-1", TERMINAL, "00ff")
LONGER = GRANT._replace(ends_at=NOW + 1800, id="0100")
CALLER = ("bash", "pts/3")
DAMAGED = ("5", "[5]", '["x"]', '[{"key": 1}]')


class Place:
    """A store and its journal; the test moves `here`."""

    def __init__(self, folder: Path) -> None:
        self.app = App(
            {"HOME": str(folder), "SSOHELPER_HOME": str(folder / "own")}, clock=lambda: NOW
        )
        self.here = GrantContext(1000, "boot-1", TERMINAL, NOW, UPTIME)
        self.runtime = self.app.locations.runtime_folder
        self.store = GrantStore(self.runtime, self.app.journal, lambda: self.here)

    def pass_time(self, seconds: int) -> None:
        self.here = self.here._replace(
            now=self.here.now + seconds, uptime=self.here.uptime + seconds
        )

    def events(self) -> list[str]:
        return [line.event for line in self.app.journal.read().lines]

    @property
    def file(self) -> Path:
        return self.runtime / "grants.json"


@pytest.fixture
def place(tmp_path) -> Place:
    return Place(tmp_path)


def test_an_added_grant_is_found_with_its_line_in_the_journal(place):
    assert place.store.find(KEY) is None
    place.store.add(GRANT, CALLER)
    assert place.store.find(KEY) == GRANT
    assert place.store.find(KEY._replace(role_name="Other")) is None
    [line] = place.app.journal.read().lines
    found = line.event, line.fields["grant"], line.fields["reason"]
    assert found == ("grant", GRANT.id, "INC-4711")
    assert (line.fields["parent"], line.fields["terminal"]) == CALLER
    assert place.file.stat().st_mode & 0o777 == 0o600


def test_of_two_grants_the_one_that_ends_last_is_found(place):
    place.store.add(LONGER, CALLER)
    place.store.add(GRANT, CALLER)
    assert place.store.find(KEY) == LONGER
    assert place.store.list_in_force() == [GRANT, LONGER]
    place.store.revoke(LONGER, CALLER)
    assert (place.store.find(KEY), place.events()) == (GRANT, ["grant", "grant", "revoke"])
    place.store.add(LONGER, CALLER)
    place.pass_time(600)
    assert place.store.list_in_force() == [LONGER]
    # An ended grant leaves the file with the next change.
    assert GRANT.id in place.file.read_text()
    place.store.add(LONGER._replace(id="0200"), CALLER)
    assert GRANT.id not in place.file.read_text()


@pytest.mark.parametrize("damage", ["{", "[]", *(f'{{"grants": {it}}}' for it in DAMAGED)])
def test_a_damaged_file_holds_no_grant_until_the_next_one(place, damage):
    place.store.add(GRANT, CALLER)
    place.file.write_text(damage)
    assert place.store.find(KEY) is None
    place.store.add(LONGER, CALLER)
    assert place.store.list_in_force() == [LONGER]


def test_a_link_in_place_of_the_file_is_no_grant_and_stays(place, tmp_path):
    place.store.add(GRANT, CALLER)
    place.file.rename(tmp_path / "elsewhere")
    place.file.symlink_to(tmp_path / "elsewhere")
    assert place.store.find(KEY) is None
    with pytest.raises(LocalState):
        place.store.add(LONGER, CALLER)
    assert place.file.is_symlink()


def test_grants_that_are_added_at_once_are_all_kept(place):
    made = [GRANT._replace(id=str(number)) for number in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda grant: place.store.add(grant, CALLER), made))
    assert sorted(place.store.list_in_force()) == sorted(made)


def test_a_grant_of_another_terminal_is_listed_and_does_not_count_here(place):
    place.store.add(GRANT, CALLER)
    place.here = place.here._replace(session=OTHER)
    assert (place.store.find(KEY), place.store.list_in_force()) == (None, [])
    assert place.store.list_for_all_terminals() == [GRANT]


def test_a_journal_that_takes_no_line_prevents_a_grant(place, tmp_path):
    journal = place.app.locations.state_folder / "audit.jsonl"
    journal.parent.mkdir(parents=True, mode=0o700)
    journal.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LocalState):
        place.store.add(GRANT, CALLER)
    assert not place.file.exists()
