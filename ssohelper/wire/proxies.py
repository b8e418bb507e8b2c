"""Finds the proxy for a request to AWS, by the same variables and in the same order as botocore."""

import sys
from binascii import b2a_base64
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import unquote_to_bytes, urlsplit

from ssohelper.errors import AwsUnreachable

# macOS and Windows have proxy settings of their own, which are used if no variable is set.
_SYSTEM_HAS_SETTINGS = sys.platform in ("darwin", "win32")
_PORTS = {"http": 80, "https": 443}


class Proxy(NamedTuple):
    """A proxy that tunnels with CONNECT. `authorization` holds a password and is never shown."""

    is_tls: bool
    host: str
    port: int
    authorization: str | None

    def __repr__(self) -> str:
        return f"Proxy({self.host}:{self.port})"


def find_https_proxy(authority: str, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for an https host ("host" or "host:port"), None for a direct connection.

    urllib.request, whose import takes 8 ms, is imported only if a variable that ends in _proxy is
    set, or if the system has proxy settings.
    Raises: AwsUnreachable for a proxy that cannot be used.
    """
    variables = _proxies_by_scheme(environ)
    if variables:
        if not variables.get("https"):
            return None
        # This function of urllib is undocumented, but no other function reads NO_PROXY as botocore
        # does.
        from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]

        bypassed = bool(proxy_bypass_environment(authority, variables))
        return None if bypassed else _parse_proxy_address(variables["https"])
    if not _SYSTEM_HAS_SETTINGS:
        return None
    from urllib.request import getproxies, proxy_bypass

    found = getproxies().get("https")
    return _parse_proxy_address(found) if found and not proxy_bypass(authority) else None


def _proxies_by_scheme(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the proxies by scheme. Lower-case variables win, even empty, as in urllib.request."""
    named = [(name, value) for name, value in environ.items() if name[-6:].lower() == "_proxy"]
    found = {name.lower()[:-6]: value for name, value in named if value}
    for name, value in named:
        if name[-6:] == "_proxy":
            scheme = name.lower()[:-6]
            if value:
                found[scheme] = value
            else:
                found.pop(scheme, None)
    return found


def _parse_proxy_address(address: str) -> Proxy:
    """Return the proxy at an address like "http://user:password@host:port"; http is the default."""
    text = address if "://" in address else f"http://{address.removeprefix('//')}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or not host.isascii() or parts.scheme not in _PORTS:
        # The message does not show the address, which may hold a password.
        raise AwsUnreachable(
            "HTTPS_PROXY names no http or https proxy",
            hint="a proxy looks like: http://proxy.example.com:3128",
        )
    authorization = None
    if parts.username is not None and parts.password is not None:
        pair = unquote_to_bytes(parts.username) + b":" + unquote_to_bytes(parts.password)
        authorization = "Basic " + b2a_base64(pair, newline=False).decode()
    return Proxy(parts.scheme == "https", host, port or _PORTS[parts.scheme], authorization)
