"""Removes secrets from text for a log: a second protection, in addition to the Secret wrapper."""

import re

_HIDDEN = "(redacted)"
_NAMES = (
    "accessToken|refreshToken|clientSecret|secretAccessKey|sessionToken|idToken|deviceCode|"
    "access_token|refresh_token|client_secret|secret_access_key|session_token|device_code|"
    "aws_secret_access_key|aws_session_token|AWS_SECRET_ACCESS_KEY|AWS_SESSION_TOKEN|"
    "x-amz-sso_bearer_token|x-amz-security-token|authorization|code_verifier|codeVerifier|"
    "SecretAccessKey|SessionToken|SigninToken|Session|code|state|user_code|"
    "AWS_CONTAINER_AUTHORIZATION_TOKEN"
)
# Matches a secret after its name: key=value, "key": "value" or key: value, up to the value's end.
_NAMED = re.compile(
    rf"""(?ix)(?<![A-Za-z0-9_])(?P<name>(?:{_NAMES})(?:["']\s*[:=]\s*|\s*=\s*|\s*:\s+))
    (?P<scheme>(?:bearer|basic)\s+)?(?:b?"(?:[^"\\]|\\.)*"|b?'(?:[^'\\]|\\.)*'|[^\s&,;}}\])"']+)"""
)
# The forms by which secrets are recognized if no name such as `token=` precedes them.
_SHAPES = (
    re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]*)?"),  # a JWT
    re.compile(r"(?<![A-Za-z0-9])ao[a-z][a-zA-Z0-9_+/=:-]{20,}"),  # access and refresh tokens
    re.compile(r"(?<![A-Za-z0-9/+=])[A-Za-z0-9/+]{40}(?![A-Za-z0-9/+=])"),  # secret keys
    re.compile(r"(?<![A-Za-z0-9/+_-])[A-Za-z0-9/+_-]{100,}={0,2}"),  # session tokens, long texts
)
_KEY_ID = re.compile(r"(?<![A-Z0-9])(A[SK]IA)[A-Z0-9]{12}([A-Z0-9]{4})(?![A-Z0-9])")
_USER_INFO = re.compile(r"(?i)([a-z][a-z0-9+.-]*://)[^/\s@]+@")


def redacted(text: str) -> str:
    """Return the text without secrets; the last four characters of access key ids stay."""
    text = _NAMED.sub(rf"\g<name>{_HIDDEN}", text)
    for shape in _SHAPES:
        text = shape.sub(_HIDDEN, text)
    text = _KEY_ID.sub(r"\1…\2", text)
    return _USER_INFO.sub(rf"\1{_HIDDEN}@", text)
