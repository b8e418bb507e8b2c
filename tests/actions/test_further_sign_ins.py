"""Signing out at the portals of further regions."""

from pathlib import Path

import pytest

from ssohelper.actions import further_sign_ins, tokens
from ssohelper.core.model import SsoSession
from ssohelper.errors import AwsUnreachable, SsoHelperError
from tests.actions.world import SESSION, WorldApp, token


def test_the_first_failure_is_returned_after_all_were_signed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, told = WorldApp(tmp_path), list[str]()
    for region in ("eu-central-1", "eu-west-1", "us-west-2"):
        url = f"https://ssoins-1234567890abcdef.portal.{region}.app.aws"
        further = SESSION._replace(start_url=url, region=region, is_further=True)
        app.tokens.save(further, token(region))

    def revoke(
        _app: object, further: SsoSession, _seconds: float
    ) -> tuple[None, SsoHelperError | None]:
        told.append(further.region)
        failed = further_fails(told[-1])
        return None, AwsUnreachable(told[-1]) if failed else None

    def further_fails(region: str) -> bool:
        return region != "eu-central-1"

    monkeypatch.setattr(tokens, "revoke_sign_in", revoke)
    error = further_sign_ins.revoke_further_sign_ins(app, SESSION)
    assert sorted(told) == ["eu-central-1", "eu-west-1", "us-west-2"]
    assert error is not None
    assert error.message == next(region for region in told if further_fails(region))
