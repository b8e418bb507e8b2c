"""A file that the user edits: folders that are counted and removed, other writers, other users."""

import os
from contextlib import suppress

import pytest

from ssohelper.core.model import SsoSession
from ssohelper.errors import AnotherUsersHome, LocalState
from ssohelper.fastpath import folders
from ssohelper.stores import files
from ssohelper.stores.token_cache import TokenFiles
from ssohelper.stores.user_file import FileChanged, FileContent, UserFile, read_user_file
from tests.left_behind import no_descriptor_left
from tests.stores.disk import mode_of


def test_the_folders_above_a_file_are_removed_while_empty(tmp_path):
    file = UserFile(tmp_path / "a" / "b" / "rc")
    file.replace(b"x", file.read())
    file.remove_empty_folders_above(2)
    assert file.path.exists()
    file.remove()
    file.remove_empty_folders_above(1)
    assert os.listdir(tmp_path / "a") == []
    (tmp_path / "a" / "b").mkdir()
    (tmp_path / "a" / "mine").write_text("")
    file.remove_empty_folders_above(2)
    assert os.listdir(tmp_path / "a") == ["mine"]
    (tmp_path / "a" / "mine").unlink()
    (tmp_path / "a" / "b").mkdir()
    file.remove_empty_folders_above(2)
    assert os.listdir(tmp_path) == []


def test_a_new_file_has_its_mode_and_an_existing_one_keeps_its_own(tmp_path):
    for mode in (0o600, 0o644):
        file = UserFile(tmp_path / str(mode), new_mode=mode)
        file.replace(b"x", file.read())
        assert mode_of(file.path) == mode
        file.path.chmod(0o640)
        file.replace(b"y", file.read())
        assert (mode_of(file.path), file.read().data) == (0o640, b"y")


def test_a_file_that_changed_since_it_was_read_is_not_replaced(tmp_path):
    file = UserFile(tmp_path / "rc")
    missing = file.read()
    assert missing == FileContent(b"", None)
    file.path.write_text("theirs")
    with pytest.raises(FileChanged):
        file.replace(b"ours", missing)
    found = file.read()
    file.path.write_text("again!")
    with pytest.raises(FileChanged):
        file.replace(b"ours", found._replace(mark=(0, 0, 0)))
    assert file.path.read_text() == "again!"
    assert os.listdir(tmp_path) == ["rc"]


def test_replace_if_needs_the_expected_content(tmp_path):
    file = UserFile(tmp_path / "rc")
    with pytest.raises(LocalState, match="changed by another program"):
        file.replace_content(b"", b"new")
    file.replace_content(None, b"new")
    for before in (None, b"", b"old"):
        with pytest.raises(LocalState, match="changed by another program"):
            file.replace_content(before, b"newer")
    assert file.read().data == b"new"
    file.replace_content(b"new", None)
    assert not file.path.exists()


def test_a_read_only_file_and_what_is_no_file_are_not_touched(tmp_path):
    file = UserFile(tmp_path / "rc")
    file.path.write_text("mine")
    for mode in (0o444, 0o555):
        file.path.chmod(mode)
        for change in (lambda: file.replace(b"x", file.read()), file.remove):
            with pytest.raises(LocalState, match="is read-only") as caught:
                change()
            assert caught.value.hint == f"if no other tool manages it: chmod u+w {file.path}"
    assert file.path.read_text() == "mine"
    (tmp_path / "folder").mkdir()
    with pytest.raises(LocalState, match="not a regular file"):
        UserFile(tmp_path / "folder").find_mode_if_writable()
    with pytest.raises(LocalState, match="cannot be written"):
        UserFile(tmp_path / "rc" / "below").find_mode_if_writable()
    assert UserFile(tmp_path / "new", new_mode=0o644).find_mode_if_writable() == 0o644


def test_a_link_stays_and_its_target_is_replaced_or_removed(tmp_path):
    (tmp_path / "target").write_text("old")
    (tmp_path / "rc").symlink_to("target")
    file = UserFile(tmp_path / "rc")
    file.replace(b"new", file.read())
    assert (tmp_path / "target").read_text() == "new"
    file.remove()
    assert os.listdir(tmp_path) == ["rc"]
    assert file.path.is_symlink()


@pytest.mark.parametrize(("mode", "is_read"), [(0o600, True), (0o644, True), (0o622, False)])
def test_a_file_whose_commands_run_is_read_unless_others_may_write_it(tmp_path, mode, is_read):
    path = tmp_path / "rc"
    path.write_text("x")
    path.chmod(mode)
    assert read_user_file(path).data == b"x"
    with pytest.raises(LocalState):
        read_user_file(path, 0)  # a file above the limit is not read
    if is_read:
        assert read_user_file(path, 1, only_trusted=True).data == b"x"
    else:
        with pytest.raises(LocalState, match="other users may write") as caught:
            read_user_file(path, only_trusted=True)
        assert caught.value.hint == f"check its content, then: chmod go-w {path}"


def test_nothing_is_written_or_removed_in_another_users_home(tmp_path, monkeypatch):
    file = UserFile(tmp_path / "rc")
    file.path.write_text("theirs")
    tokens = TokenFiles(tmp_path / "cache", state=tmp_path / "state", runtime=tmp_path / "run")
    session = SsoSession("corp", "https://d-0000000000.awsapps.com/start", "eu-west-1", ())
    tokens.check_writable(session)
    monkeypatch.setattr(folders, "find_other_home_owner", lambda _path, _environ: 65534)
    for change in (
        lambda: file.replace(b"x", file.read()),
        file.remove,
        lambda: UserFile(tmp_path / "new").replace(b"x", FileContent(b"", None)),
        lambda: tokens.check_writable(session),
        lambda: files.ensure_private_folder(tmp_path),
    ):
        with pytest.raises(LocalState, match="is not written: that folder belongs to user"):
            change()
    assert os.listdir(tmp_path) == ["rc"]
    assert file.path.read_text() == "theirs"


@pytest.mark.parametrize(
    ("uid", "said"), [(0, "without sudo, as user"), (1000, "with HOME set to")]
)
def test_the_way_out_of_another_users_home_depends_on_who_runs_it(tmp_path, monkeypatch, uid, said):
    monkeypatch.setattr(folders, "find_other_home_owner", lambda _path, _environ: 0)
    monkeypatch.setattr(os, "geteuid", lambda: uid)
    with pytest.raises(AnotherUsersHome) as caught:
        files.refuse_another_users_home(tmp_path / "x")
    assert said in str(caught.value.hint)
    assert "belongs to user root" in caught.value.message
    assert not files.remove_file(tmp_path / "x")  # a missing file is no error


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
def test_reading_and_sweeping_leave_no_descriptor_open(tmp_path):
    path = tmp_path / "rc"
    path.write_bytes(b"x" * 11)
    left = tmp_path / ".ssohelper-1-0123456789ab"
    left.write_text("")
    os.utime(left, (1, 1))
    with no_descriptor_left():
        for limit in (11, 10):
            with suppress(LocalState):
                read_user_file(path, limit)
            with suppress(LocalState):
                read_user_file(path, limit, only_trusted=True)
        files.sweep_folder_once(str(tmp_path))
    assert not left.exists()


def test_known_content_is_returned_as_long_as_the_file_has_it(tmp_path):
    path = tmp_path / "config"
    content = b"[profile a]\n" * 20_000  # more than is compared at a time
    path.write_bytes(content)
    file = UserFile(path)
    known = file.read().data
    assert known == content
    assert file.read(known).data is known
    for other in (content[:-1] + b"x", b"x" + content[1:], content + b"x", content[:-1], b""):
        path.write_bytes(other)
        assert file.read(known).data == other


def test_the_error_of_a_file_that_is_not_read_says_what_to_do(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    for name, said, hint in (
        ("folder", "is not a regular file", None),
        ("loop", "cannot be read: too many levels of symbolic links", "see: ls -l {path}"),
    ):
        path = tmp_path / name
        with pytest.raises(LocalState) as caught:
            UserFile(path).read()
        assert caught.value.message == f'"{path}" {said}'
        assert caught.value.hint == (hint and hint.format(path=path))
