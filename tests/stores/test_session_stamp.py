"""The stamps of the sign-in and the config under which responses were published.

tests/shell/test_launcher.py has what a hit compares.
"""

import os
import time
from pathlib import Path

import pytest

from ssohelper.core.model import SsoSession
from ssohelper.errors import LocalState
from ssohelper.fastpath import folders
from ssohelper.stores import files
from ssohelper.stores.stamps import SessionStamp
from tests.published import date_back
from tests.stores.test_token_cache import make_files, token

SESSION = SsoSession("corp", "https://d-0000000000.awsapps.com/start", "us-east-1", ())
OTHER = SESSION._replace(start_url="https://d-9999999999.awsapps.com/start")


class Place:
    def __init__(self, folder: Path) -> None:
        self.runtime = folder / "run"
        self.config, self.token = folder / "config", folder / "token"
        for file in (self.config, self.token):
            self.write(file, "1")
        self.withdrawn = 0

    def write(self, file: Path, text: str, *, settled: bool = True) -> None:
        file.write_text(text)
        if settled:
            date_back(file)

    def stamp(self, session: SsoSession = SESSION) -> SessionStamp:
        return SessionStamp(self.runtime, session, str(self.config), str(self.token))

    def withdraw(self) -> None:
        # Responses are withdrawn before a stamp matches.
        assert not self.matches()
        self.withdrawn += 1

    def prepare(self, session: SsoSession = SESSION) -> bool:
        return self.stamp(session).prepare_publishing(self.withdraw)

    def matches(self) -> bool:
        """Return whether a hit would find that both stamps match."""
        folder = Path(folders.session_folder(str(self.runtime), "corp"))
        links = folder / folders.CONFIG_LINK, folder / folders.TOKEN_LINK
        try:
            linked = [link.stat().st_mtime_ns for link in links]
            return linked == [os.stat(self.seen(what)).st_mtime_ns for what in ("config", "token")]
        except OSError:
            return False

    def seen(self, what: str) -> str:
        return f"{self.runtime}/credentials/corp/{what}-seen"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_stamps_have_the_times_of_the_files_and_are_written_once(place: Place) -> None:
    assert (place.matches(), place.stamp().is_stale) == (False, True)
    assert place.prepare()
    assert (place.matches(), place.stamp().is_stale, place.withdrawn) == (True, False, 1)
    before = os.stat(place.seen("token")).st_ino
    assert place.prepare()
    assert (os.stat(place.seen("token")).st_ino, place.withdrawn) == (before, 1)


def test_a_token_file_of_another_tool_withdraws_the_responses_and_an_edited_config_none(place):
    place.prepare()
    place.write(place.config, "2")
    assert (place.matches(), place.stamp().is_stale) == (False, True)
    assert place.prepare()
    assert (place.matches(), place.withdrawn) == (True, 1)
    place.prepare()
    place.write(place.token, "2")
    before = os.stat(place.seen("config")).st_ino
    assert place.stamp().is_stale
    assert place.prepare()
    assert (place.matches(), place.withdrawn) == (True, 2)
    assert os.stat(place.seen("config")).st_ino == before, "the config stayed"


@pytest.mark.parametrize("also_token", [True, False])
def test_another_portal_withdraws_the_responses(place: Place, also_token: bool) -> None:
    place.prepare()
    place.write(place.config, "2")
    if also_token:
        place.write(place.token, "2")
    assert not place.stamp().is_of_other_portal
    assert place.stamp(OTHER).is_of_other_portal
    assert place.stamp(SESSION._replace(region="eu-west-1")).is_of_other_portal
    assert place.prepare(OTHER)
    assert (place.matches(), place.withdrawn) == (True, 2)
    assert place.stamp().is_of_other_portal


@pytest.mark.parametrize("what", ["config", "token"])
def test_a_file_that_was_just_written_gets_no_stamp(place: Place, what: str) -> None:
    """A second write in the same second may leave the same modification time."""
    place.prepare()
    place.write(getattr(place, what), "2", settled=False)
    assert (place.prepare(), place.matches(), place.stamp().is_stale) == (False, False, False)
    assert place.withdrawn == 1
    date_back(getattr(place, what))
    assert (place.prepare(), place.matches()) == (True, True)


@pytest.mark.parametrize("what", ["config", "token"])
def test_a_file_that_changes_while_it_is_read_or_is_missing_gets_no_stamp(place, what):
    stamp = place.stamp()
    place.write(getattr(place, what), "2")
    assert (stamp.prepare_publishing(place.withdraw), place.matches()) == (False, False)
    getattr(place, what).unlink()
    assert not place.prepare()
    stamp = SessionStamp(place.runtime, SESSION, "", str(place.token))
    assert not stamp.prepare_publishing(place.withdraw)


def test_a_renewal_updates_the_stamp_if_it_matched_before(place):
    """Otherwise the published responses may be of an earlier sign-in."""
    place.prepare()
    stamp = place.stamp()
    place.write(place.token, "renewed")
    assert not place.matches()
    stamp.renew_token_stamp()
    assert (place.matches(), place.stamp().is_stale, place.withdrawn) == (True, False, 1)
    place.write(place.token, "another user's")
    stamp = place.stamp()
    place.write(place.token, "theirs, renewed")
    stamp.renew_token_stamp()
    assert not place.matches()
    assert place.prepare()
    assert place.withdrawn == 2


def test_a_config_link_that_now_leads_to_another_config_matches_no_stamp(place, tmp_path):
    place.config.rename(tmp_path / "a")
    place.write(tmp_path / "b", "2")
    place.config.symlink_to(tmp_path / "a")
    place.prepare()
    link = place.runtime / "credentials" / "corp" / folders.CONFIG_LINK
    assert link.readlink() == tmp_path / "a"
    place.config.unlink()
    place.config.symlink_to(tmp_path / "b")
    place.prepare()
    assert link.readlink() == tmp_path / "b"


@pytest.mark.parametrize("step", range(4))
@pytest.mark.parametrize("what", ["config", "token", "portal"])
def test_after_a_kill_at_any_step_no_stamp_matches_withdrawn_responses(
    place: Place, monkeypatch: pytest.MonkeyPatch, what: str, step: int
) -> None:
    place.prepare()
    place.write(place.token if what == "token" else place.config, "2")
    session = OTHER if what == "portal" else SESSION
    done: list[str] = []

    def steps(name: str) -> None:
        real = getattr(files, name)

        def counted(*args: object, **more: object) -> None:
            if len(done) == step:
                raise KeyboardInterrupt
            done.append(name)
            real(*args, **more)

        monkeypatch.setattr(files, name, counted)

    steps("write_atomically")
    steps("write_link")
    try:
        place.prepare(session)
    except KeyboardInterrupt:
        # Responses of the earlier sign-in are removed, or no stamp matches: a hit prints none.
        assert place.withdrawn == 2 or not place.matches() or what == "config"
    monkeypatch.undo()
    assert place.prepare(session)
    assert place.matches()
    assert place.withdrawn >= (1 if what == "config" else 2)


def test_a_full_disk_raises_local_state(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.prepare()
    place.write(place.token, "2")

    def refuse(*_: object, **__: object) -> None:
        raise LocalState("full")

    monkeypatch.setattr(files, "write_atomically", refuse)
    with pytest.raises(LocalState):
        place.prepare()
    assert not place.matches()


def test_a_malformed_stamp_counts_as_missing(place: Place) -> None:
    place.prepare()
    for content in (b"", b"x", b"1" * 20000, b"\xff\n\n"):
        Path(place.seen("config")).write_bytes(content)
        assert place.stamp().is_stale
        assert place.prepare()
        assert place.matches()


def test_a_later_write_of_the_token_file_always_has_another_time(tmp_path):
    store = make_files(tmp_path)
    path = Path(store.token_file(SESSION))
    seen = []
    for value in ("a", "b", "c"):
        began = time.time()
        store.save(SESSION, token(value))
        at = path.stat().st_mtime_ns
        assert at % 10**9 == 0
        assert int(began) - 2 <= at // 10**9 < int(time.time())
        seen.append(at)
    # Two writes in one second get different times; a third may get the time of the first.
    assert seen[0] != seen[1] != seen[2]
