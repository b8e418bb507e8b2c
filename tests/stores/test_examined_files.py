"""What `doctor --fix` does to single files: their mode, and temporary files that were left."""

from pathlib import Path

import pytest

from ssohelper.errors import LocalState
from ssohelper.stores.examined_files import ExaminedFiles
from tests.stores.disk import mode_of


@pytest.mark.parametrize("is_folder", [False, True])
@pytest.mark.parametrize(
    ("mode", "wanted"), [(0o700, 0o700), (0o400, 0o400), (0o755, 0o700), (0o620, 0o600)]
)
def test_other_users_rights_are_removed_and_only_those(
    tmp_path: Path, mode: int, wanted: int, is_folder: bool
) -> None:
    path = tmp_path / "x"
    path.mkdir() if is_folder else path.write_text("x")
    path.chmod(mode)
    assert ExaminedFiles().remove_access_of_other_users(str(path)) == (mode != wanted)
    assert mode_of(path) == wanted
    assert not ExaminedFiles().remove_access_of_other_users(str(path))


def test_a_link_is_not_followed_to_what_others_may_read(tmp_path: Path) -> None:
    target = tmp_path / "target"
    target.write_text("x")
    target.chmod(0o644)
    (tmp_path / "link").symlink_to(target)
    with pytest.raises(LocalState):
        ExaminedFiles().remove_access_of_other_users(str(tmp_path / "link"))
    assert mode_of(target) == 0o644
