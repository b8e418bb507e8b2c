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
from ssohelper.stores import endpoint_files, files
from ssohelper.stores.endpoint_files import EnvFile, PrivateFolder
from tests.stores.disk import mode_of

TOKEN = Secret("t" * 43)
URI = "AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:"


def test_a_folder_that_is_just_being_made_is_not_removed_as_abandoned(tmp_path, monkeypatch):
    flock = fcntl.flock
    seen: list[int] = []

    def another_endpoint_removes_first(descriptor: int, operation: int) -> None:
        seen.append(operation)
        if len(seen) == 1:  # the folder is made and its lock is not held yet
            PrivateFolder(tmp_path).remove()
        flock(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", another_endpoint_removes_first)
    folder = PrivateFolder(tmp_path)
    assert folder.write_file("token", b"x").read_bytes() == b"x"
    PrivateFolder(tmp_path).remove()
    assert folder.path.is_dir()
    folder.remove()
    assert os.listdir(tmp_path) == []


def test_the_folder_and_the_one_above_it_are_private(tmp_path, monkeypatch):
    base = tmp_path / "endpoints"
    base.mkdir(mode=0o755)
    folder = PrivateFolder(base)
    assert mode_of(base) == mode_of(folder.path) == 0o700
    path = folder.write_file("env", b"first")
    folder.write_file("env", b"second")
    assert (path.read_bytes(), mode_of(path)) == (b"second", 0o600)
    folder.remove()
    assert os.listdir(base) == []

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "open", full)
    with pytest.raises(LocalState, match="cannot be written"):
        PrivateFolder(tmp_path)


def save_token(path: Path, token: Secret = TOKEN) -> PrivateFolder:
    """Write the token to the folder, as an endpoint does that runs until its `remove`."""
    made = PrivateFolder(path.parent.parent / f"{path.parent.name}-endpoints")
    try:
        assert made.write_token_folder(path, token) == path / "token"
    except LocalState:
        made.remove()
        raise
    return made


class TestTokenFolder:
    def test_a_new_token_is_renamed_over_the_earlier_one(self, tmp_path):
        """A client that reads the file at any moment finds one of the two tokens, whole."""
        save_token(tmp_path / "tokens", Secret("x" * 43)).remove()
        with open(tmp_path / "tokens" / "token") as earlier:
            folder = save_token(tmp_path / "tokens", TOKEN)
            assert earlier.read() == "x" * 43
        folder.remove()
        file = tmp_path / "tokens" / "token"
        assert (file.read_text(), mode_of(file)) == (TOKEN.reveal(), 0o600)
        assert os.listdir(tmp_path / "tokens") == ["token"]

    @pytest.mark.parametrize("content", ["", "x" * 42, "x" * 44, "my notes" * 6, "x" * 43 + "\n"])
    def test_another_file_is_not_touched_and_the_folder_stays_free(self, tmp_path, content):
        path = tmp_path / "tokens"
        path.mkdir(mode=0o700)
        (path / "token").write_text(content)
        (path / "token").chmod(0o644)
        with pytest.raises(LocalState, match="is not the token of an endpoint"):
            save_token(path, TOKEN)
        assert (path / "token").read_text() == content
        assert mode_of(path / "token") == 0o644
        (path / "token").unlink()
        save_token(path, TOKEN).remove()

    def test_two_endpoints_do_not_use_one_folder(self, tmp_path):
        first = save_token(tmp_path / "tokens", TOKEN)
        assert mode_of(tmp_path / "tokens") == 0o700
        with pytest.raises(LocalState, match="another endpoint keeps its token"):
            save_token(tmp_path / "tokens", Secret("y" * 43))
        assert (tmp_path / "tokens" / "token").read_text() == TOKEN.reveal()
        first.remove()

    def test_a_folder_that_others_may_enter_or_below_one_that_they_may_write_is_refused(
        self, tmp_path
    ):
        path = tmp_path / "above" / "tokens"
        path.mkdir(parents=True)
        for mode in (0o701, 0o710, 0o720, 0o704):
            path.chmod(mode)
            with pytest.raises(LocalState, match="other users may enter"):
                save_token(path)
        assert os.listdir(path) == []
        path.rmdir()
        for mode, is_allowed in ((0o755, True), (0o702, False), (0o700, True)):
            path.parent.chmod(mode)
            if is_allowed:
                save_token(path).remove()
            else:
                with pytest.raises(LocalState, match="others may write in the folder"):
                    save_token(path)

    def test_a_folder_is_made_below_tmp_and_not_below_a_file_or_through_a_link(self, tmp_path):
        # /tmp belongs to root and has the sticky bit.
        path = Path("/tmp", f"ssohelper-{os.urandom(8).hex()}")
        save_token(path).remove()
        shutil.rmtree(path)
        (tmp_path / "file").write_text("")
        (tmp_path / "link").symlink_to(tmp_path)
        for path in (tmp_path / "file" / "tokens", tmp_path / "no" / "tokens", tmp_path / "link"):
            with pytest.raises(LocalState):
                save_token(path, TOKEN)


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
        self, tmp_path, content, port
    ):
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

    def test_what_is_saved_is_found_again_and_not_read_where_others_may_write(self, tmp_path):
        file = EnvFile(tmp_path / "env")
        name = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
        file.save({name: "http://127.0.0.1:99/", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "t"})
        assert (file.load_port(), mode_of(file.path)) == (99, 0o600)
        folder = tmp_path / "open"
        folder.mkdir()
        # A folder like /tmp is accepted for a socket, and not for the token.
        for mode in (0o702, 0o720, 0o1777):
            folder.chmod(mode)
            with pytest.raises(LocalState, match="others may write"):
                EnvFile(folder / "env").load_port()


class TestSocket:
    def test_the_longest_path_is_bound_with_mode_0600_and_a_longer_one_refused(self, tmp_path):
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

    @pytest.mark.parametrize(("kind", "is_bound"), [("killed", True), ("in use", False)])
    def test_a_socket_without_a_listener_is_replaced_and_no_other_file(
        self, tmp_path, kind, is_bound
    ):
        path, folder = tmp_path / "s", PrivateFolder(tmp_path / "base")
        path.write_text("mine")
        with pytest.raises(LocalState, match="is there already"):
            folder.bind_socket(path)
        assert path.read_text() == "mine"
        path.unlink()
        with socket.socket(socket.AF_UNIX) as earlier:
            earlier.bind(os.fspath(path))
            if kind == "in use":
                earlier.listen()
            with contextlib.nullcontext() if is_bound else pytest.raises(LocalState, match="is th"):
                folder.bind_socket(path).close()
        folder.remove()
        assert path.exists() != is_bound

    def test_the_folder_of_a_killed_endpoint_goes_and_the_socket_of_a_later_one_stays(
        self, tmp_path
    ):
        killed = PrivateFolder(tmp_path)
        killed.write_file("token", b"x")
        killed._held.close()
        PrivateFolder(tmp_path).remove()
        assert os.listdir(tmp_path) == []
        first, second = PrivateFolder(tmp_path / "base"), PrivateFolder(tmp_path / "base")
        with first.bind_socket(tmp_path / "s"):  # it does not listen, as after a kill
            second.bind_socket(tmp_path / "s").close()
        first.remove()
        assert (tmp_path / "s").is_socket()
        second.remove()
        assert os.listdir(tmp_path / "base") == []

    def test_a_socket_may_be_in_a_folder_of_root_that_every_user_may_enter(
        self, tmp_path, monkeypatch
    ):
        found = tmp_path.stat()
        for mode, is_allowed in ((0o755, True), (0o711, True), (0o775, False), (0o1777, True)):
            status = os.stat_result((stat.S_IFDIR | mode, *found[1:4], 0, 0, *found[6:]))
            with monkeypatch.context() as patch:
                patch.setattr(os, "stat", lambda _path, status=status: status)
                patch.setattr(os, "geteuid", lambda: 1000)
                with contextlib.nullcontext() if is_allowed else pytest.raises(LocalState):
                    files.refuse_open_folder(tmp_path, shared=True)

    def test_a_socket_may_be_in_tmp_and_not_where_others_may_replace_it(self, tmp_path):
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
