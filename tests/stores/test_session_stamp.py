"""Under which sign-in and config responses were published; what a hit compares is in the launcher's
tests."""

import os
import time
from pathlib import Path

import pytest

from ssohelper.core.model import SsoSession
from ssohelper.errors import LocalState
from ssohelper.fastpath import folders
from ssohelper.stores import files
from ssohelper.stores.session_stamp import SessionStamp
from tests.published import settle

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
            settle(file)

    def stamp(self, session: SsoSession = SESSION) -> SessionStamp:
        return SessionStamp(self.runtime, session, str(self.config), str(self.token))

    def withdraw(self) -> None:
        # Whatever is withdrawn is gone before a stamp fits.
        assert not self.fits()
        self.withdrawn += 1

    def prepare(self, session: SsoSession = SESSION) -> bool:
        return self.stamp(session).prepare(self.withdraw)

    def fits(self) -> bool:
        """Return what a hit finds."""
        try:
            return all(
                os.stat(link).st_mtime_ns == os.stat(seen).st_mtime_ns
                for link, seen in (
                    (folders.config_link(str(self.runtime), "corp"), self.seen("config")),
                    (folders.token_link(str(self.runtime), "corp"), self.seen("token")),
                )
            )
        except OSError:
            return False

    def seen(self, what: str) -> str:
        return f"{self.runtime}/credentials/corp/{what}-seen"


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_says_the_files_as_they_are_once(place: Place) -> None:
    assert (place.fits(), place.stamp().is_due) == (False, True)
    assert place.prepare()
    assert (place.fits(), place.stamp().is_due, place.withdrawn) == (True, False, 1)
    before = os.stat(place.seen("token")).st_ino
    assert place.prepare()
    assert (os.stat(place.seen("token")).st_ino, place.withdrawn) == (before, 1)


def test_a_token_file_of_another_tool_withdraws_what_was_published(place: Place) -> None:
    place.prepare()
    place.write(place.token, "2")
    assert place.stamp().is_due
    assert place.prepare()
    assert (place.fits(), place.withdrawn) == (True, 2)


def test_an_edited_config_of_the_same_portal_withdraws_nothing(place: Place) -> None:
    place.prepare()
    place.write(place.config, "2")
    assert (place.fits(), place.stamp().is_due) == (False, True)
    assert place.prepare()
    assert (place.fits(), place.withdrawn) == (True, 1)


@pytest.mark.parametrize("also_token", [True, False])
def test_another_portal_withdraws_what_was_published(place: Place, also_token: bool) -> None:
    place.prepare()
    place.write(place.config, "2")
    if also_token:
        place.write(place.token, "2")
    assert not place.stamp().is_of_other_portal
    assert place.stamp(OTHER).is_of_other_portal
    assert place.stamp(SESSION._replace(region="eu-west-1")).is_of_other_portal
    assert place.prepare(OTHER)
    assert (place.fits(), place.withdrawn) == (True, 2)
    assert place.stamp().is_of_other_portal


@pytest.mark.parametrize("what", ["config", "token"])
def test_what_was_written_just_now_gets_no_stamp(place: Place, what: str) -> None:
    """A second write in the same second may leave the same time."""
    place.prepare()
    place.write(getattr(place, what), "2", settled=False)
    assert (place.prepare(), place.fits(), place.stamp().is_due) == (False, False, False)
    assert place.withdrawn == 1
    settle(getattr(place, what))
    assert (place.prepare(), place.fits()) == (True, True)


@pytest.mark.parametrize("what", ["config", "token"])
def test_what_changes_while_it_is_read_gets_no_stamp(place: Place, what: str) -> None:
    stamp = place.stamp()
    place.write(getattr(place, what), "2")
    assert (stamp.prepare(place.withdraw), place.fits()) == (False, False)


@pytest.mark.parametrize("what", ["config", "token"])
def test_a_file_that_is_not_there_gets_no_stamp(place: Place, what: str) -> None:
    getattr(place, what).unlink()
    assert not place.prepare()
    stamp = SessionStamp(place.runtime, SESSION, "", str(place.token))
    assert not stamp.prepare(place.withdraw)


def test_a_renewal_takes_the_stamp_along(place: Place) -> None:
    place.prepare()
    stamp = place.stamp()
    place.write(place.token, "renewed")
    assert not place.fits()
    stamp.follow_renewal()
    assert (place.fits(), place.stamp().is_due, place.withdrawn) == (True, False, 1)


def test_a_renewal_of_a_token_that_was_not_stamped_leaves_it(place: Place) -> None:
    """What is published may be of the sign-in before that."""
    place.prepare()
    place.write(place.token, "another person's")
    stamp = place.stamp()
    place.write(place.token, "theirs, renewed")
    stamp.follow_renewal()
    assert not place.fits()
    assert place.prepare()
    assert place.withdrawn == 2


def test_a_config_that_is_a_link_to_another_one_now(place: Place, tmp_path: Path) -> None:
    place.config.rename(tmp_path / "a")
    place.write(tmp_path / "b", "2")
    place.config.symlink_to(tmp_path / "a")
    place.prepare()
    link = Path(folders.config_link(str(place.runtime), "corp"))
    assert link.readlink() == tmp_path / "a"
    place.config.unlink()
    place.config.symlink_to(tmp_path / "b")
    place.prepare()
    assert link.readlink() == tmp_path / "b"


@pytest.mark.parametrize("step", range(4))
@pytest.mark.parametrize("what", ["config", "token", "portal"])
def test_killed_after_each_step_nothing_that_was_withdrawn_fits(
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
        # Responses of the sign-in before are gone, or no stamp fits: nothing wrong is served.
        assert place.withdrawn == 2 or not place.fits() or what == "config"
    monkeypatch.undo()
    assert place.prepare(session)
    assert place.fits()
    assert place.withdrawn >= (1 if what == "config" else 2)


def test_a_full_disk_is_said(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.prepare()
    place.write(place.token, "2")

    def refuse(*_: object, **__: object) -> None:
        raise LocalState("full")

    monkeypatch.setattr(files, "write_atomically", refuse)
    with pytest.raises(LocalState):
        place.prepare()
    assert not place.fits()


def test_a_malformed_stamp_is_as_if_absent(place: Place) -> None:
    place.prepare()
    for content in (b"", b"x", b"1" * 20000, b"\xff\n\n"):
        Path(place.seen("config")).write_bytes(content)
        assert place.stamp().is_due
        assert place.prepare()
        assert place.fits()


def test_our_token_files_are_never_as_old_as_what_comes_next(tmp_path: Path) -> None:
    from ssohelper.core.model import AccessToken, Secret
    from ssohelper.stores.token_cache import TokenFiles

    store = TokenFiles(tmp_path / "cache", state=tmp_path / "state", runtime=tmp_path / "run")
    path = Path(store.token_file(SESSION))
    seen = []
    for value in ("a", "b", "c"):
        began = time.time()
        store.save(SESSION, AccessToken(Secret(value), 4_000_000_000, None, None))
        at = path.stat().st_mtime_ns
        assert at % 10**9 == 0
        assert int(began) - 2 <= at // 10**9 < int(time.time())
        seen.append(at)
    # In one second there is room for two; a third such write is no worse than what others do.
    assert seen[0] != seen[1] != seen[2]
