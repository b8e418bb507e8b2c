"""The files of grants: each counts only beside its line in the journal."""

import json
from pathlib import Path

import pytest

from ssohelper.app import App
from ssohelper.core import grants
from ssohelper.core.grants import Grant, GrantContext, TerminalSession
from ssohelper.core.model import RoleKey
from ssohelper.errors import LocalState
from ssohelper.stores.grant_files import GrantStore

NOW, UPTIME = 4_000_000_000, 5000
TERMINAL, OTHER = TerminalSession(77, 4711, "pts/3"), TerminalSession(78, 4712, "pts/4")
KEY = RoleKey("corp", "000030000001", "Admin")
GRANT = Grant(KEY, "INC-4711", NOW, NOW + 600, UPTIME, 1000, "boot-1", TERMINAL, "00ff")
LONGER = GRANT._replace(ends_at=NOW + 1800, nonce="0100")
CALLER = ("bash", "pts/3")


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

    def names(self) -> list[str]:
        return sorted(path.name for path in (self.runtime / "grants").iterdir())

    def write(self, text: str, name: str) -> None:
        """Write a file beside the grants, as another program could."""
        (self.runtime / "grants" / name).write_text(text)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_an_added_grant_is_found_with_its_line_in_the_journal(place: Place) -> None:
    assert place.store.find(KEY) is None
    place.store.add(GRANT, CALLER)
    assert place.store.find(KEY) == GRANT
    assert place.store.find(KEY._replace(role_name="Other")) is None
    [line] = place.app.journal.read().lines
    assert (line.event, line.fields["grant"], line.fields["reason"]) == (
        "grant",
        GRANT.id,
        "INC-4711",
    )
    assert (line.fields["parent"], line.fields["terminal"]) == CALLER
    assert place.names() == [f"{GRANT.id}.json"]
    assert (place.runtime / "grants").stat().st_mode & 0o777 == 0o700


def test_of_two_grants_the_one_that_ends_last_is_found(place: Place) -> None:
    place.store.add(LONGER, CALLER)
    place.store.add(GRANT, CALLER)
    assert place.store.find(KEY) == LONGER
    assert place.store.list_in_force() == [GRANT, LONGER]
    place.pass_time(600)
    assert place.store.list_in_force() == [LONGER]


def test_a_revoked_grant_is_gone_even_if_its_file_is_put_back(place: Place) -> None:
    place.store.add(GRANT, CALLER)
    place.store.revoke(GRANT, CALLER)
    assert (place.names(), place.events()) == ([], ["grant", "revoke"])
    place.write(grants.grant_to_text(GRANT), f"{GRANT.id}.json")
    assert place.store.find(KEY) is None


def test_without_its_line_in_the_journal_a_file_is_no_grant(place: Place) -> None:
    place.store.add(GRANT, CALLER)
    place.write(grants.grant_to_text(LONGER), f"{LONGER.id}.json")
    assert place.store.find(KEY) == GRANT
    # The id in another line, such as a reason, is not a line of the grant.
    place.store.add(GRANT._replace(reason=LONGER.id, nonce="1"), CALLER)
    assert LONGER not in place.store.list_in_force()


def test_a_file_under_another_name_or_with_another_content_is_no_grant(place: Place) -> None:
    place.store.add(GRANT, CALLER)
    edited = {**json.loads(grants.grant_to_text(GRANT)), "ends_at": NOW + 1800}
    for text in (json.dumps(edited), "{", "[]"):
        place.write(text, f"{GRANT.id}.json")
        assert place.store.find(KEY) is None
    place.write(grants.grant_to_text(GRANT), "copy.json")
    assert place.store.find(KEY) is None
    place.write(grants.grant_to_text(GRANT), f"{GRANT.id}.json")
    assert place.store.find(KEY) == GRANT


def test_a_grant_of_another_terminal_is_listed_and_does_not_count_here(place: Place) -> None:
    place.store.add(GRANT, CALLER)
    place.here = place.here._replace(session=OTHER)
    assert (place.store.find(KEY), place.store.list_in_force()) == (None, [])
    assert place.store.list_for_all_terminals() == [GRANT]


def test_ended_and_damaged_files_are_removed_and_others_stay(place: Place) -> None:
    place.store.add(GRANT, CALLER)
    place.store.add(LONGER, CALLER)
    place.write("{", f"{'0' * 32}.json")
    place.write("being written", "0.tmp")
    place.pass_time(599)
    place.store.remove_ended()
    assert place.names() == sorted(["0.tmp", f"{GRANT.id}.json", f"{LONGER.id}.json"])
    place.pass_time(1)
    place.store.remove_ended()
    assert place.names() == sorted(["0.tmp", f"{LONGER.id}.json"])


def test_a_journal_that_takes_no_line_prevents_a_grant(place: Place, tmp_path: Path) -> None:
    journal = place.app.locations.state_folder / "audit.jsonl"
    journal.parent.mkdir(parents=True, mode=0o700)
    journal.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LocalState):
        place.store.add(GRANT, CALLER)
    assert not (place.runtime / "grants").exists()
