"""Computes the name of a session's broker socket. Processes that may share a broker get one name.

A broker must use the same AWS hosts, files and desktop as its callers: the name is a hash over
everything that decides these.
"""

import os
import sys

from ssohelper import __version__
from ssohelper.fastpath import folders
from ssohelper.fastpath.spawn import VARIABLES_OF_CALLER, expand_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

# A socket's path may have 104 bytes on macOS and 108 on Linux, including the final zero byte.
LONGEST_PATH_BYTES = 103
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
_NAMES = (
    "HOME",
    "XDG_RUNTIME_DIR",
    "XDG_CACHE_HOME",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
    *_PROXIES,
    *(name.lower() for name in _PROXIES),
    "AWS_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "DBUS_SESSION_BUS_ADDRESS",
    "DISPLAY",
    "WAYLAND_DISPLAY",
)
# A process in another namespace (container, bwrap) may see another network or other files
# (namespaces(7)).
_NAMESPACES = ("net", "mnt", "user", "pid")
_PREFIXES = ("SSOHELPER_", "AWS_ENDPOINT_URL", "AWS_USE_", "SSL_CERT_")


def broker_sockets_folder(environ: "Mapping[str, str]") -> str:
    """Raises: ValueError for a relative SSOHELPER_HOME."""
    return folders.runtime_folder(environ) + "/brokers"


def broker_socket_name(session: str, environ: "Mapping[str, str]") -> str:
    from hashlib import sha256

    config = expanded_aws_config_path(environ)
    parts = [__version__, os.path.dirname(__file__), sys.prefix, session, config]
    parts += [f"{key}={environ.get(key)}" for key in _NAMES]
    parts += sorted(
        f"{k}={v}"
        for k, v in environ.items()
        if k.startswith(_PREFIXES) and k not in VARIABLES_OF_CALLER
    )
    paths = [config, expand_path("~/.aws/sso/cache", environ)]
    paths += [f"/proc/self/ns/{name}" for name in _NAMESPACES]
    parts += [_read_device_and_inode(path) for path in paths]
    if sys.platform != "win32":
        parts.append(str(os.geteuid()))
    return sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()[:24]


def expanded_aws_config_path(environ: "Mapping[str, str]") -> str:
    value = folders.aws_file_variable(environ) or "~/.aws/config"
    return os.path.abspath(expand_path(value, environ))


def _read_device_and_inode(path: str) -> str:
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return ""
    return f"{found.st_dev}-{found.st_ino}"
