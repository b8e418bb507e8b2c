"""~/.aws/config on disk: atomic writes, symlinks and modes, other users."""

import os
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from ssohelper.core.config_edit import AddSection, Change
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.deadline import Deadline
from ssohelper.errors import ConfigInvalid, LocalState, SsoHelperError
from ssohelper.stores.config_store import ConfigStore

MINE = "# mine\n[default]\nregion = eu-west-1\n"


@pytest.fixture
def store(tmp_path):
    return make(tmp_path)


def make(folder: Path) -> ConfigStore:
    aws = folder / ".aws"
    return ConfigStore(
        aws / "config", aws / "credentials", state=folder / "state", runtime=folder / "run"
    )


def create(store: ConfigStore, text: str = MINE, mode: int = 0o644) -> Path:
    store.path.parent.mkdir(exist_ok=True)
    store.path.write_text(text)
    store.path.chmod(mode)
    return store.path


def adding(name: str) -> Callable[[ConfigFile], Sequence[Change]]:
    return lambda _config: [AddSection(f"profile {name}", (("region", "eu-west-1"),))]


def within() -> Deadline:
    return Deadline(10, time.monotonic)


def added(name: str) -> str:
    return f"\n[profile {name}]\nregion = eu-west-1\n"


def mode_of(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_missing_config_is_empty_and_a_new_file_has_mode_0600(store):
    assert store.read().profiles() == []
    store.write(adding("a"), within())
    assert store.path.read_text() == added("a").lstrip("\n")
    assert mode_of(store.path) == 0o600


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o660])
def test_the_mode_stays(store, mode):
    path = create(store, mode=mode)
    store.write(adding("a"), within())
    assert (path.read_text(), mode_of(path)) == (MINE + added("a"), mode)


def test_a_profile_of_the_credentials_file_alone_is_found_and_is_not_ours(store):
    path = create(store)
    keys = "aws_access_key_id = AKIAEXAMPLE\nregion = eu-west-1\n"
    (path.parent / "credentials").write_text(f"[default]\n{keys}[only-there]\n{keys}")
    found = store.find_profile("only-there")
    assert found is not None
    assert (found.keys, found.managed, found.line) == ({"region": "eu-west-1"}, False, 4)
    assert store.find_profile("nowhere") is None
    assert [entry.name for entry in store.list_profiles()] == ["default", "only-there"]


def test_an_unchanged_config_is_parsed_once(store, monkeypatch):
    path, parsed, parse = create(store), list[bytes](), ConfigFile.parse

    def counted(data: bytes, *more: Any) -> ConfigFile:
        parsed.append(data)
        return parse(data, *more)

    monkeypatch.setattr(ConfigFile, "parse", counted)
    for _ in range(3):
        store.read()
    assert len(parsed) == 1
    path.write_text(MINE + added("a"))
    assert store.read().profile("a") is not None
    assert len(parsed) == 2


def test_a_write_without_changes_says_so_and_leaves_the_file_alone(store):
    path = create(store)
    before = path.stat()
    assert not store.write(lambda _config: [], within())
    after = path.stat()  # its st_atime may differ: the store has read the file
    assert (after.st_ino, after.st_ctime_ns) == (before.st_ino, before.st_ctime_ns)
    assert list(store.load_versions()) == []
    assert store.write(adding("a"), within())


def test_a_read_only_config_is_not_written_even_by_root(store):
    path = create(store, mode=0o444)
    with pytest.raises(LocalState, match="read-only"):
        store.write(adding("a"), within())
    assert (path.read_text(), mode_of(path)) == (MINE, 0o444)


def test_a_symlink_stays_a_symlink(store, tmp_path):
    real = tmp_path / "dotfiles" / "aws-config"
    real.parent.mkdir()
    real.write_text(MINE)
    store.path.parent.mkdir()
    store.path.symlink_to("../dotfiles/aws-config")
    store.write(adding("a"), within())
    assert store.path.is_symlink()
    assert real.read_text() == MINE + added("a")


def test_a_file_that_botocore_refuses_is_not_changed(store):
    path = create(store, "[a]\n[a]\n")
    with pytest.raises(ConfigInvalid, match=r"config:2: "):
        store.write(adding("a"), within())
    assert path.read_text() == "[a]\n[a]\n"
    assert list(path.parent.iterdir()) == [path]


def test_a_change_by_a_program_without_the_lock_is_not_overwritten(store):
    path = create(store)
    calls = []

    def changes(config: ConfigFile) -> Sequence[Change]:
        calls.append(config)
        if len(calls) == 1:
            path.write_text(MINE + "output = json\n")  # as `aws configure set` does
        return [AddSection("profile a", (("region", "eu-west-1"),))]

    store.write(changes, within())
    assert len(calls) == 2
    assert path.read_text() == MINE + "output = json\n" + added("a")
    # The write that was not made uses up no undo.
    versions = [file for file in (path.parent.parent / "state").rglob("*") if file.name.isdigit()]
    assert len(versions) == 1


def test_concurrent_writers_lose_no_change(store, tmp_path):
    create(store)
    code = (
        "import sys,time;from pathlib import Path;sys.path.insert(0,sys.argv[2]);"
        "from tests.stores.test_config_store import make,adding,within;"
        "make(Path(sys.argv[1])).write(adding(sys.argv[3]),within())"
    )
    root = str(Path(__file__).parents[2])
    running = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path), root, f"p{n}"])
        for n in range(4)
    ]
    assert [process.wait(timeout=120) for process in running] == [0] * 4
    names = {entry.name for entry in store.read().profiles()}
    assert names == {"default", "p0", "p1", "p2", "p3"}


def test_a_fifo_and_a_folder_are_refused_and_the_null_device_is_an_empty_config(store, tmp_path):
    store.path.parent.mkdir()
    os.mkfifo(store.path)
    with pytest.raises(LocalState, match="not a regular file"):
        store.read()
    store.path.unlink()
    store.path.mkdir()
    with pytest.raises(LocalState, match="not a regular file"):
        store.read()
    null = Path("/dev/null")
    store = ConfigStore(null, null, state=tmp_path / "state", runtime=tmp_path / "run")
    assert store.read().profiles() == []
    assert store.read_credentials_sections() == {}
    with pytest.raises(LocalState):
        store.write(adding("a"), within())
    assert null.is_char_device()


# -- writing the config as another user, and a config that cannot be written -----------------------


def as_nobody(folder: Path) -> str:
    """Add a profile as uid 65534, the owner of `folder`. Return the outcome as text.

    Root may write any file, so a forked child becomes the other user. A new process of that user
    could not read a checkout in a private folder.
    """
    if os.geteuid() != 0:
        return outcome(folder)
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        # Python warns of a fork beside threads of other tests.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setresgid(65534, 65534, 65534)
            os.setresuid(65534, 65534, 65534)
            os.write(writer, outcome(folder).encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as pipe:
        return pipe.read()


def outcome(folder: Path) -> str:
    store, is_noticed_before = make(folder), False
    try:
        store.check_writable()
    except SsoHelperError:
        is_noticed_before = True
    try:
        store.write(adding("a"), within())
    except SsoHelperError as error:
        if not is_noticed_before:
            return "only the write was refused"
        return f"{error.exit_code} {error.message}"
    except Exception as error:
        return f"crashed: {error!r}"
    return "written"


@pytest.fixture
def nobodys() -> Iterator[Path]:
    """A folder of uid 65534 with a config in it."""
    folder = Path(tempfile.mkdtemp(prefix="ssohelper-test-"))
    store = make(folder)
    path = create(store)
    if os.geteuid() == 0:
        for item in (folder, path.parent, path):
            os.chown(item, 65534, 65534)
    yield folder
    path.parent.chmod(0o755)
    shutil.rmtree(folder)


def test_another_user_can_write_their_own_config(nobodys):
    assert as_nobody(nobodys) == "written"
    assert make(nobodys).path.read_text() == MINE + added("a")


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda path: path.chmod(0o444), "is read-only"),
        (lambda path: path.chmod(0), "cannot be read: permission denied"),
        pytest.param(
            lambda path: os.chown(path, 0, 0),
            "belongs to another user",
            marks=pytest.mark.needs_root,
        ),
        (lambda path: path.parent.chmod(0o555), "permission denied"),
    ],
)
def test_a_config_that_may_not_be_written_stays_unchanged(nobodys, spoil, words):
    path = make(nobodys).path
    spoil(path)
    found = as_nobody(nobodys)
    assert found.startswith("7 ")
    assert words in found.lower()
    if os.geteuid() != 0:
        path.parent.chmod(0o755)
        path.chmod(0o644)
    assert path.read_text() == MINE
    assert list(make(nobodys).load_versions()) == []
    assert [item.name for item in path.parent.iterdir()] == ["config"]
