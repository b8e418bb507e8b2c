"""Our signature is botocore's, for every form that we send."""

from datetime import UTC, datetime
from typing import Any
from unittest import mock

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from ssohelper.core.model import RoleCredentials, Secret
from ssohelper.wire.signature import make_signed_post_headers

NOW = 1_800_000_000
AT = datetime.fromtimestamp(NOW, UTC)
_TEXT = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=60)


def signed_by_botocore(
    host: str, path: str, body: bytes, keys: RoleCredentials, region: str
) -> Any:
    request = AWSRequest("POST", f"https://{host}{path}", data=body)
    request.headers["content-type"] = "application/x-www-form-urlencoded; charset=utf-8"
    token = keys.session_token.reveal() or None
    secret = keys.secret_access_key.reveal()
    with mock.patch("botocore.auth.get_current_datetime", return_value=AT):
        SigV4Auth(Credentials(keys.access_key_id, secret, token), "sts", region).add_auth(request)
    return request.headers


@pytest.mark.parametrize("path", ["/", "/emulator"])
@given(secret=_TEXT, token=st.one_of(st.just(""), _TEXT), body=st.binary(max_size=200))
def test_the_signature_is_botocores(path: str, secret: str, token: str, body: bytes):
    keys = RoleCredentials("ASIAEXAMPLE0000000AA", Secret(secret), Secret(token), NOW + 3600)
    host = "sts.eu-west-1.amazonaws.com"
    ours = make_signed_post_headers(
        host, path, body, credentials=keys, region="eu-west-1", service="sts", now=NOW
    )
    theirs = signed_by_botocore(host, path, body, keys, "eu-west-1")
    assert ours["authorization"] == theirs["Authorization"]
    assert ours["x-amz-date"] == theirs["X-Amz-Date"]
    assert ours.get("x-amz-security-token") == theirs.get("X-Amz-Security-Token")
