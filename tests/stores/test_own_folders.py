"""Our folders: made for us alone, refused when another user owns them, removed without links."""

import errno
import os

import pytest

from ssohelper.errors import LocalState
from ssohelper.stores import files
from tests.stores.disk import SAY_ERROR, as_other_user, locked, mode_of


class TestFolders:
    def test_new_folders_get_mode_0700_and_existing_ones_keep_theirs(self, tmp_path):
        tmp_path.chmod(0o755)
        before = os.umask(0)
        try:
            files.ensure_folder(tmp_path / "f" / "g" / "h")
        finally:
            os.umask(before)
        for path in ("f", "f/g", "f/g/h"):
            assert mode_of(tmp_path / path) == 0o700
        files.ensure_folder(tmp_path)
        assert mode_of(tmp_path) == 0o755
        assert files.ensure_private_folder(tmp_path) == tmp_path
        assert mode_of(tmp_path) == 0o700

    def test_a_file_at_the_path_or_a_path_that_no_folder_can_have_raises_local_state(
        self, tmp_path, monkeypatch
    ):
        (tmp_path / "f").write_text("")
        with pytest.raises(LocalState, match="is not a folder"):
            locked(tmp_path / "f" / "a.lock")
        with pytest.raises(LocalState, match="not a folder"):
            files.ensure_private_folder(tmp_path / "f")
        with pytest.raises(LocalState):
            files.ensure_private_folder(tmp_path / "f" / "g")
        with pytest.raises(LocalState, match="cannot be made: not possible"):
            files.ensure_folder(f"{tmp_path}/a\0b")
        (tmp_path / "gone").mkdir()
        monkeypatch.chdir(tmp_path / "gone")
        (tmp_path / "gone").rmdir()
        with pytest.raises(LocalState, match="cannot be made: no such file"):
            files.ensure_folder("a")

    def test_another_users_folder_and_a_link_to_it_are_refused(self, open_folder):
        (open_folder / "link").symlink_to("/etc")
        for place in ("/etc", str(open_folder / "link")):
            found = as_other_user(
                SAY_ERROR.format(call="files.ensure_private_folder(sys.argv[1])"), place
            )
            assert found.stdout.startswith("7 "), found
            assert "another user" in found.stdout

    @pytest.mark.needs_root
    def test_a_link_of_another_user_into_our_folders_is_refused(self, open_folder):
        ours = open_folder / "ours"
        ours.mkdir()
        (open_folder / "link").symlink_to(ours)
        os.lchown(open_folder / "link", 65534, 65534)
        with pytest.raises(LocalState, match="another user"):
            files.ensure_private_folder(open_folder / "link")

    def test_removing_a_tree_follows_no_link(self, tmp_path):
        precious = tmp_path / "precious"
        precious.mkdir()
        (precious / "a").write_text("x")
        tree = files.ensure_private_folder(tmp_path / "tree" / "sub")
        (tree / "b").write_text("x")
        (tree / "link").symlink_to(precious)
        assert files.remove_tree(tmp_path / "tree") == 2
        assert (precious / "a").exists()
        assert not (tmp_path / "tree").exists()
        assert files.remove_tree(tmp_path / "tree") == 0


def test_a_disk_error_after_the_parents_were_made_raises_local_state(tmp_path, monkeypatch):
    really = os.mkdir

    def refuse(path, *arguments):
        if str(path).endswith("/c") and os.path.isdir(os.path.dirname(path)):
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        really(path, *arguments)

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(LocalState, match="cannot be made: input/output error"):
        files.ensure_folder(tmp_path / "a" / "b" / "c")
