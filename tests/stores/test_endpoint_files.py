"""An endpoint's files: what is written, what of other programs is refused, what a kill leaves."""

import contextlib
import fcntl
import os
import shutil
import socket
import stat
from pathlib import Path

import pytest

from ssohelper.core.model import Secret
from ssohelper.errors import LocalState, UsageProblem
from ssohelper.stores import endpoint_files
from ssohelper.stores.endpoint_files import EnvFile, PrivateFolder, TokenFolder
from tests.stores.disk import mode_of

TOKEN = Secret("t" * 43)
URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:"


def _bind_and_close(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.fspath(path))


def test_a_folder_that_is_just_being_made_is_not_removed_as_abandoned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock
    seen: list[int] = []

    def another_endpoint_removes_first(descriptor: int, operation: int) -> None:
        seen.append(operation)
        if len(seen) == 1:  # the folder is made and its lock is not held yet
            endpoint_files._remove_abandoned_folders(tmp_path)
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", another_endpoint_removes_first)
    folder = PrivateFolder(tmp_path)
    assert folder.write_file("token", b"x").read_bytes() == b"x"
    endpoint_files._remove_abandoned_folders(tmp_path)
    assert folder.path.is_dir()
    folder.remove()
    assert os.listdir(tmp_path) == []


def test_a_full_disk_raises_local_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(LocalState, match="no space left"):
        PrivateFolder(tmp_path)


def test_the_folder_and_the_one_above_it_are_private_and_missing_files_come_back(
    tmp_path: Path,
) -> None:
    base = tmp_path / "endpoints"
    base.mkdir(mode=0o755)
    folder = PrivateFolder(base)
    assert mode_of(base) == mode_of(folder.path) == 0o700
    path = folder.write_file("env", b"first")
    folder.write_file("env", b"second")
    folder.write_token_folder(tmp_path / "tokens", TOKEN)
    for gone in (path, tmp_path / "tokens" / "token"):
        gone.unlink()
    folder.restore_missing_files()
    assert path.read_bytes() == b"second"
    assert (tmp_path / "tokens" / "token").read_text() == TOKEN.reveal()
    path.write_bytes(b"changed")
    folder.restore_missing_files()
    assert path.read_bytes() == b"changed"
    shutil.rmtree(base)
    folder.restore_missing_files()
    assert (path.read_bytes(), mode_of(base), mode_of(path)) == (b"second", 0o700, 0o600)
    folder.remove()
    folder.restore_missing_files()
    assert os.listdir(base) == []


class TestTokenFolder:
    def test_a_new_token_is_renamed_over_the_earlier_one(self, tmp_path: Path) -> None:
        """A client that reads the file at any moment finds one of the two tokens, whole."""
        TokenFolder(tmp_path / "tokens", Secret("x" * 43)).close()
        with open(tmp_path / "tokens" / "token") as earlier:
            folder = TokenFolder(tmp_path / "tokens", TOKEN)
            assert earlier.read() == "x" * 43
        folder.close()
        assert folder.file.read_text() == TOKEN.reveal()
        assert mode_of(folder.file) == 0o600
        assert os.listdir(tmp_path / "tokens") == ["token"]

    @pytest.mark.parametrize("content", ["", "x" * 42, "x" * 44, "my notes" * 6, "x" * 43 + "\n"])
    def test_another_file_is_not_touched_and_the_folder_stays_free(
        self, tmp_path: Path, content: str
    ) -> None:
        path = tmp_path / "tokens"
        path.mkdir(mode=0o700)
        (path / "token").write_text(content)
        (path / "token").chmod(0o644)
        with pytest.raises(LocalState, match="is not the token of an endpoint"):
            TokenFolder(path, TOKEN)
        assert (path / "token").read_text() == content
        assert mode_of(path / "token") == 0o644
        (path / "token").unlink()
        TokenFolder(path, TOKEN).close()

    def test_two_endpoints_do_not_use_one_folder(self, tmp_path: Path) -> None:
        first = TokenFolder(tmp_path / "tokens", TOKEN)
        assert mode_of(tmp_path / "tokens") == 0o700
        with pytest.raises(LocalState, match="another endpoint keeps its token"):
            TokenFolder(tmp_path / "tokens", Secret("y" * 43))
        assert first.file.read_text() == TOKEN.reveal()
        first.close()

    @pytest.mark.parametrize("mode", [0o701, 0o710, 0o720, 0o704])
    def test_a_folder_that_others_may_enter_is_refused(self, tmp_path: Path, mode: int) -> None:
        path = tmp_path / "tokens"
        path.mkdir()
        path.chmod(mode)
        with pytest.raises(LocalState, match="other users may enter"):
            TokenFolder(path, TOKEN)
        assert os.listdir(path) == []

    def test_a_folder_below_one_that_others_may_write_is_refused(self, tmp_path: Path) -> None:
        above = tmp_path / "above"
        above.mkdir()
        for mode, is_allowed in ((0o755, True), (0o702, False), (0o700, True)):
            above.chmod(mode)
            if is_allowed:
                TokenFolder(above / "tokens", TOKEN).close()
            else:
                with pytest.raises(LocalState, match="others may write in the folder"):
                    TokenFolder(above / "tokens", TOKEN)

    def test_a_folder_below_tmp_is_accepted(self) -> None:
        # /tmp belongs to root and has the sticky bit.
        path = Path("/tmp", f"ssohelper-{os.urandom(8).hex()}")
        TokenFolder(path, TOKEN).close()
        shutil.rmtree(path)

    def test_no_folder_is_made_below_a_file_or_through_a_link(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        (tmp_path / "link").symlink_to(tmp_path)
        for path in (tmp_path / "file" / "tokens", tmp_path / "no" / "tokens", tmp_path / "link"):
            with pytest.raises(LocalState):
                TokenFolder(path, TOKEN)


class TestEnvFile:
    @pytest.mark.parametrize(
        ("content", "port"),
        [
            (None, None),
            (" \n", None),
            (f"{URI}8080/x\nAWS_CONTAINER_AUTHORIZATION_TOKEN=t\n", 8080),
            (f"A=b\n{URI}1/\nAWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/t", 1),
            (f"{URI}8080/x\n", LocalState),
            ("AWS_CONTAINER_AUTHORIZATION_TOKEN=t\n", LocalState),
            (f"{URI}123456/\nAWS_CONTAINER_AUTHORIZATION_TOKEN=t\n", LocalState),
            ("# mine\nDATABASE=x\n", LocalState),
        ],
    )
    def test_the_port_of_the_last_endpoint_is_read_and_no_other_file_is(
        self, tmp_path: Path, content: str | None, port: int | type[Exception] | None
    ) -> None:
        path = tmp_path / "env"
        if content is not None:
            path.write_text(content)
            path.chmod(0o644)
        if isinstance(port, type):
            with pytest.raises(port, match="is not an env file of an endpoint"):
                EnvFile(path).load_port()
        else:
            assert EnvFile(path).load_port() == port
        if content is not None:
            assert (path.read_text(), mode_of(path)) == (content, 0o644)

    def test_it_is_not_read_where_others_may_write(self, tmp_path: Path) -> None:
        folder = tmp_path / "open"
        folder.mkdir()
        # A folder like /tmp is accepted for a socket, and not for the token.
        for mode in (0o702, 0o720, 0o1777):
            folder.chmod(mode)
            with pytest.raises(LocalState, match="others may write"):
                EnvFile(folder / "env").load_port()

    def test_what_is_saved_is_found_again(self, tmp_path: Path) -> None:
        file = EnvFile(tmp_path / "env")
        name = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
        file.save({name: "http://127.0.0.1:99/", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "t"})
        assert file.load_port() == 99
        assert mode_of(file.path) == 0o600


class TestSocket:
    def test_the_longest_path_is_bound_with_mode_0600_and_a_longer_one_refused(
        self, tmp_path: Path
    ) -> None:
        folder = PrivateFolder(tmp_path / "base")
        name = "s" * (endpoint_files._LONGEST_SOCKET_PATH - len(os.fsencode(tmp_path)) - 1)
        with folder.bind_socket(tmp_path / name):
            assert mode_of(tmp_path / name) == 0o600
        with pytest.raises(UsageProblem, match="bytes"):
            folder.bind_socket(tmp_path / f"{name}s")
        with socket.socket(socket.AF_UNIX) as longer, pytest.raises(OSError, match="too long"):
            # The system refuses a path that is one longer.
            longer.bind(os.fspath(tmp_path / f"{name}s"))
        folder.remove()
        assert not (tmp_path / name).exists()

    def test_a_path_in_use_is_refused_and_left_alone(self, tmp_path: Path) -> None:
        folder = PrivateFolder(tmp_path / "base")
        (tmp_path / "s").write_text("mine")
        with pytest.raises(LocalState, match="is there already"):
            folder.bind_socket(tmp_path / "s")
        folder.remove()
        assert (tmp_path / "s").read_text() == "mine"

    @pytest.mark.parametrize("kind", ["abandoned", "in use", "replaced", "bound again"])
    def test_the_next_endpoint_removes_the_socket_of_a_killed_one_alone(
        self, tmp_path: Path, kind: str
    ) -> None:
        killed = PrivateFolder(tmp_path / "base")
        bound = killed.bind_socket(tmp_path / "s")
        if kind == "in use":
            bound.listen()
        else:
            bound.close()
        if kind == "replaced":
            (tmp_path / "s").rename(tmp_path / "old")
            (tmp_path / "s").write_text("theirs")
        elif kind == "bound again":
            (tmp_path / "s").rename(tmp_path / "old")
            _bind_and_close(tmp_path / "s")
        os.close(killed._lock)
        PrivateFolder(tmp_path / "base").remove()
        assert (tmp_path / "s").exists() == (kind != "abandoned")
        assert not killed.path.exists()
        bound.close()

    def test_a_socket_may_be_in_a_folder_of_root_that_every_user_may_enter(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        found = tmp_path.stat()
        for mode, is_allowed in ((0o755, True), (0o711, True), (0o775, False), (0o1777, True)):
            status = os.stat_result((stat.S_IFDIR | mode, *found[1:4], 0, 0, *found[6:]))
            with monkeypatch.context() as patch:
                patch.setattr(os, "stat", lambda _path, status=status: status)
                patch.setattr(os, "geteuid", lambda: 1000)
                with contextlib.nullcontext() if is_allowed else pytest.raises(LocalState):
                    endpoint_files._refuse_folder_open_to_others(tmp_path, shared=True)

    def test_a_socket_may_be_in_tmp_and_not_where_others_may_replace_it(
        self, tmp_path: Path
    ) -> None:
        folder = PrivateFolder(tmp_path / "base")
        # /tmp belongs to root and has the sticky bit.
        in_tmp = Path("/tmp", f"ssohelper-{os.urandom(8).hex()}")
        folder.bind_socket(in_tmp).close()
        assert in_tmp.is_socket()
        shared = tmp_path / "shared"
        shared.mkdir()
        for mode, is_allowed in ((0o755, True), (0o700, True), (0o777, False), (0o702, False)):
            shared.chmod(mode)
            if is_allowed:
                folder.bind_socket(shared / str(mode)).close()
            else:
                with pytest.raises(LocalState, match="others may write"):
                    folder.bind_socket(shared / str(mode))
        # With umask 002 each user has a group of the same number.
        shared.chmod(0o770)
        is_own_group = shared.stat().st_gid == os.geteuid()
        with contextlib.nullcontext() if is_own_group else pytest.raises(LocalState):
            folder.bind_socket(shared / "group").close()
        with pytest.raises(LocalState, match="others may write"):
            EnvFile(shared / "env").load_port()
        in_tmp.unlink()
        folder.remove()
