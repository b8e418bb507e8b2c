"""The index of names is used while the config is the one that it was made from, and no longer."""

import os
import time
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings, strategies

from ssohelper.core.config_file import ConfigFile
from ssohelper.errors import ConfigInvalid
from ssohelper.stores.config_store import ConfigStore
from ssohelper.stores.name_index import NameIndex, NameIndexFile
from tests.core.config_generator import config
from tests.published import date_back

TWO = b"[profile a]\n[profile b]\nregion = eu-west-1\n[sso-session corp]\nsso_region = us-east-1\n"


class Place:
    """A runtime folder and a config, and how often the config was parsed."""

    def __init__(self, folder: Path) -> None:
        self.runtime, self.config = folder / "run", folder / "config"
        self.index = self.runtime / "names.json"
        self.parsed = 0

    def write(self, data: bytes, *, settled: bool = True) -> None:
        self.config.write_bytes(data)
        if settled:
            date_back(self.config)

    def load(self, config: Path | None = None) -> NameIndex:
        """Return the names as a new process gets them."""
        paths = config or self.config, self.runtime / "none"
        state = self.runtime / "state"

        def get_config_store() -> ConfigStore:
            self.parsed += 1
            return ConfigStore(*paths, state=state, runtime=self.runtime)

        return NameIndexFile(self.runtime, *paths, state).load(get_config_store)

    def names(self) -> list[str]:
        return [profile.name for profile in self.load().profiles]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    place = Place(tmp_path)
    place.write(TWO)
    return place


@pytest.mark.parametrize("ahead_seconds", [None, 3600])
def test_a_second_read_parses_no_config(place, ahead_seconds):
    if ahead_seconds:
        os.utime(place.config, (time.time() + ahead_seconds,) * 2)
    first = place.load()
    assert place.load() == first
    assert place.parsed == 1
    assert [profile.name for profile in first.profiles] == ["a", "b"]
    assert first.session_names == ["corp"]
    assert first.regions == ["eu-west-1", "us-east-1"]


@pytest.mark.parametrize("change", ["size", "time", "inode"])
def test_a_changed_config_is_parsed_again(place: Place, change: str) -> None:
    place.load()
    before = place.config.stat()
    if change == "inode":
        place.config.rename(place.config.with_name("old"))
    place.config.write_bytes(
        TWO.replace(b"[profile b]", b"[profile cc]" if change == "size" else b"[profile c]")
    )
    if change != "time":
        os.utime(place.config, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert place.names() == ["a", "cc" if change == "size" else "c"]


def test_another_config_is_parsed_although_it_has_the_same_bytes_and_time(place: Place) -> None:
    place.load()
    other = place.config.with_name("other")
    os.link(place.config, other)
    place.load(other)
    assert place.parsed == 2


def test_a_config_just_written_or_a_folder_that_cannot_be_leaves_no_index(place: Place) -> None:
    # A second write in the same moment could leave the same time and size.
    place.write(TWO, settled=False)
    assert place.names() == ["a", "b"]
    assert not place.index.exists()
    place.runtime.write_text("not a folder")
    place.write(TWO)
    assert place.names() == ["a", "b"]


@pytest.mark.parametrize("damage", [b"", b"[]", b"{", b'{"version": 1}', "rows", "version"])
def test_a_damaged_index_is_rebuilt(place: Place, damage: bytes | str) -> None:
    place.load()
    text = place.index.read_bytes()
    if isinstance(damage, bytes):
        place.index.write_bytes(damage)
    elif damage == "rows":
        place.index.write_bytes(text.replace(b'"profiles": [[', b'"profiles": [7, ['))
    else:
        place.index.write_bytes(text.replace(b'"version": 5', b'"version": 0'))
    assert place.index.read_bytes() != text
    assert place.names() == ["a", "b"]
    assert place.index.read_bytes() == text


def test_a_link_in_place_of_the_index_is_not_followed(place: Place, tmp_path: Path) -> None:
    place.load()
    target = tmp_path / "target"
    place.index.rename(target)
    place.index.symlink_to(target)
    before = target.read_bytes()
    assert place.names() == ["a", "b"]
    assert place.parsed == 2
    assert (place.index.is_symlink(), target.read_bytes()) == (True, before)


@pytest.mark.parametrize("damage", [b"[profile a]\n[profile a]\n", b"\xff", b"no section"])
def test_a_config_that_aws_tools_refuse_has_no_names(place: Place, damage: bytes) -> None:
    place.load()
    place.write(damage)
    assert place.load() == NameIndex([], [], [])
    place.write(TWO)
    assert place.names() == ["a", "b"]


@settings(max_examples=150)
@given(strategies.integers(0, 2**32).map(config))
@example("  [profile a]\n  x = 1\n  [profile b]\n")
@example("[profile a]\ns3 =\n  [profile no] = 1\n[profile a]x\n[profile]\n[default]\n")
@example("[profile a]\nsso_account_id=000000000001\nsso_role_name=R\nssohelper_managed=true\n")
def test_the_saved_index_says_what_the_config_says(tmp_path_factory, text: str) -> None:
    try:
        real = ConfigFile.parse(text.encode(), "c")
    except ConfigInvalid:
        assume(False)
    place = Place(tmp_path_factory.mktemp("index"))
    place.write(text.encode())
    place.load()
    saved = place.load()
    assert place.parsed == 1
    assert [(p.name, p.is_managed) for p in saved.profiles] == [
        (entry.name, entry.managed) for entry in real.profiles()
    ]
    targets = map(real.target_or_none, real.profiles())
    assert [(p.has_role, p.session_name) for p in saved.profiles] == [
        (target is not None, target.session_name if target else None) for target in targets
    ]
    assert saved.session_names == real.session_names()
