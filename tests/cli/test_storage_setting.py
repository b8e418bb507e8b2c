"""What `config set storage` says of the profiles that a move leaves without a sign-in."""

from pathlib import Path

import pytest

from ssohelper.actions import storage_move
from ssohelper.cli import storage_setting
from tests.actions.world import WorldApp

MOVED = storage_move.MovedSignIns(True, (), (), (), True)
NATIVE = "1 managed profiles of the form sso need AWS's own sign-in"
FOREIGN = "1 profiles that ssohelper did not write need their own sign-in: aws sso login"
ON_DISK = storage_setting._ON_DISK


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        (MOVED, []),
        (MOVED._replace(managed_native=("pay",)), [NATIVE]),
        (MOVED._replace(unmanaged_native=("mine",)), [FOREIGN]),
        (MOVED._replace(may_publish=False), [ON_DISK]),
    ],
)
def test_a_move_to_the_keyring_names_what_needs_a_sign_in_of_its_own(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    moved: storage_move.MovedSignIns,
    said: list[str],
) -> None:
    monkeypatch.setattr(storage_move, "move_sign_ins", lambda *_, **__: moved)
    storage_setting.move_sign_ins(WorldApp(tmp_path), "keyring")
    printed = capsys.readouterr().err
    assert storage_setting._IN_KEYRING in printed
    assert [one for one in (NATIVE, FOREIGN, ON_DISK) if one in printed] == said


def test_a_move_to_files_says_where_the_sign_ins_are_and_nothing_about_profiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = MOVED._replace(managed_native=("pay",), unmanaged_native=("mine",), may_publish=False)
    monkeypatch.setattr(storage_move, "move_sign_ins", lambda *_, **__: moved)
    storage_setting.move_sign_ins(WorldApp(tmp_path), "file")
    assert capsys.readouterr().err == f"{storage_setting._IN_FILES}\n"
