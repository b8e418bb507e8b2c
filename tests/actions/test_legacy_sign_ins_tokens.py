"""The token that a profile without sso-session reads: whether it is valid, and whose it is."""

from pathlib import Path

import pytest

from ssohelper.actions import legacy_sign_ins
from ssohelper.actions.legacy_sign_ins import FoundToken
from tests.actions.world import HOUR, NOW, SESSION, WorldApp, token

NONE, THEIRS, OURS = FoundToken(False, False), FoundToken(True, False), FoundToken(True, True)


@pytest.mark.parametrize(
    ("value", "left", "refused", "found"),
    [
        (None, 0, (), NONE),
        ("theirs", HOUR, (), THEIRS),
        ("theirs", 0, (), NONE),
        ("theirs", HOUR, ("theirs",), NONE),
        ("first", HOUR, (), OURS),
    ],
)
def test_a_token_counts_unless_it_has_ended_or_aws_refuses_it(
    tmp_path: Path, value: str | None, left: int, refused: tuple[str, ...], found: FoundToken
) -> None:
    app = WorldApp(tmp_path)
    app.sign_in(left=HOUR)
    app.refused = refused
    if value is not None:
        new = token(value, NOW + left)
        app.storage.legacy_tokens.save(SESSION.start_url, SESSION.region, new)
    for url, expected in ((SESSION.start_url, found), ("", NONE)):
        seen = legacy_sign_ins.find_legacy_token_of_url(app, [SESSION], url, asks_aws=True)
        assert seen == expected
