"""Secrets that a log must never show, in the forms in which they appear."""

import pytest

from ssohelper.core.redaction import redacted

SECRET = "CNRYs3cretValue/+=x"


@pytest.mark.parametrize(
    "text",
    [
        f"refreshToken={SECRET}",
        f'{{"accessToken": "{SECRET}", "n": 1}}',
        f"{{'clientSecret': '{SECRET}'}}",
        f"{{'secretAccessKey': b'{SECRET}'}}",
        f'"sessionToken":"{SECRET}"',
        f"Authorization: Bearer {SECRET}",
        f"x-amz-sso_bearer_token: {SECRET}",
        f"aws_secret_access_key = {SECRET}",
        f"AWS_SESSION_TOKEN={SECRET}",
        f"https://signin.aws/federation?Action=login&SigninToken={SECRET}&x=1",
        f"https://signin.aws/federation?Session={SECRET}",
        f"http://127.0.0.1:1/callback?code={SECRET}&state={SECRET}",
        f"https://user:{SECRET.replace('/', '')}@host/path",
        f"code_verifier={SECRET}",
        "eyJhbGciOiJIUzI1NiJ9.CNRYeyJzdWIiOiIxIn0.CNRYsig",
        "token aoaAAAAAGCNRYabcdefghijklmnopqrstuvwxyz0123456789:MGQCM",
        "the key CNRYUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEYab is here",
        "token " + "CNRY" * 40,
    ],
)
def test_a_secret_is_not_shown(text):
    assert "CNRY" not in redacted(text)


def test_a_key_id_keeps_its_last_four():
    assert redacted("used ASIAIOSFODNN7EXAMPLE now") == "used ASIA…MPLE now"


@pytest.mark.parametrize(
    "text",
    [
        'the session "corp" expired',
        "/home/ana/.aws/sso/cache/6551e797240051925b8a62615f4c8baaa4c1698c.json counted as missing",
        "GET https://portal.sso.eu-west-1.amazonaws.com/assignment/accounts?max_result=100",
        "exit code 4",
        "001234567890/ReadOnlyAccess until 2026-01-01T12:00:00Z",
    ],
)
def test_text_without_a_secret_stays_unchanged(text):
    assert redacted(text) == text
