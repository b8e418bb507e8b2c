"""Start URLs: which ones lead to AWS's access portal, and what their host tells."""

import re
from urllib.parse import SplitResult, urlsplit

from ssohelper.core.endpoints import checked_region, is_aws_portal_host, shown_url
from ssohelper.errors import ConfigInvalid

_LIMIT = 2048
_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%-]+")
_LABEL = r"[a-z0-9-]+"
# The hosts that name their region (AWS CLI, customizations/sso/resolve.py).
_REGIONAL = (
    re.compile(rf"{_LABEL}\.portal\.({_LABEL})\.app\.aws"),
    re.compile(rf"{_LABEL}\.({_LABEL})\.portal\.amazonaws\.(?:com|com\.cn|eu)"),
    re.compile(rf"{_LABEL}\.portal\.({_LABEL})\.app\.amazonwebservices\.com\.cn"),
    re.compile(rf"{_LABEL}\.portal\.({_LABEL})\.api\.amazonwebservices\.eu"),
)
_EXAMPLE = "a start URL looks like: https://d-0000000000.awsapps.com/start"


def checked_start_url(text: str) -> str:
    """Return the text, unchanged, when it is an https address of AWS's access portal.

    Unchanged, since its very letters name files and are compared by every tool.
    Raises: ConfigInvalid.
    """
    parts = _split(text)
    if parts is None:
        raise _invalid(text, "is no start URL")
    if parts.scheme.lower() != "https":
        raise _invalid(text, "does not begin with https://")
    if "@" in parts.netloc or parts.port not in (None, 443):
        raise _invalid(text, "names a user or a port")
    if not is_aws_portal_host(parts.hostname or ""):
        raise _invalid(text, "is not on a host of AWS's access portal")
    return text


def session_name_of(url: str) -> str:
    """Return the host's first label, the name a session has unless the person gives another."""
    return (urlsplit(url).hostname or "").partition(".")[0]


def region_of(url: str) -> str | None:
    """Return the region when the host names it; None for `awsapps.com`, which does not."""
    host = urlsplit(url).hostname or ""
    for pattern in _REGIONAL:
        found = pattern.fullmatch(host)
        if found:
            try:
                return checked_region(found.group(1))
            except ConfigInvalid:
                return None
    return None


def is_same_portal(one: str, other: str) -> bool:
    """Tell whether two start URLs are one portal's: `/start`, `/start/` and `/start#/` are.

    The only place that decides it: AWS itself shows them in each of these ways.
    """
    return _bare(one) == _bare(other)


def _bare(url: str) -> str:
    return url.partition("#")[0].rstrip("/").lower()


def _split(text: str) -> SplitResult | None:
    if len(text) > _LIMIT or not _CHARACTERS.fullmatch(text):
        return None
    try:
        parts = urlsplit(text)
        return parts if parts.hostname and (parts.port is None or parts.port) else None
    except ValueError:
        return None


def _invalid(text: str, what: str) -> ConfigInvalid:
    if not text.isascii():
        what = "has letters in it that look like others"
    return ConfigInvalid(f'"{shown_url(text)}" {what}', hint=_EXAMPLE)
