"""Which sign-ins a move to another storage would lose."""

from pathlib import Path

import pytest

from ssohelper.actions import storage_move
from ssohelper.errors import KeyringUnavailable
from tests.actions.world import WorldApp


def test_a_keyring_that_does_not_answer_is_an_error_before_anything_is_moved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = WorldApp(tmp_path)

    def fail() -> None:
        raise KeyringUnavailable("no keyring answers")

    monkeypatch.setattr(app.storage.keyring, "find", fail)
    with pytest.raises(KeyringUnavailable):
        storage_move.find_unreadable_sign_ins(app, "keyring")
    assert storage_move.find_unreadable_sign_ins(app, "file") == []
