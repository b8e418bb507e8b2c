"""Answers a hit: prints the published response of a role. Imports only what Python itself loads.

The file's first line is the credential document (JSON) to print. The second says from which to
which second of the machine's uptime the document is valid. From the file's modification time on, a
caller must ask the broker. So a hit parses no JSON and reads no configuration.
"""

import os
import sys
import time

from ssohelper.fastpath import folders, open_file

TYPE_CHECKING = False  # importing typing takes 1 to 7 ms
if TYPE_CHECKING:
    from collections.abc import Mapping

_OPTIONS = {"--session": 0, "--account-id": 1, "--role-name": 2, "--chain": 3}
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+=,.@-")
# A response with AWS's session token has about 1.1 kB.
_LIMIT_BYTES = 16384
_UPTIME_BYTES = 64
_STAMP_BYTES = 256
# A time service may set the clock back by up to this many seconds.
_CLOCK_STEP_SECONDS = 5


def print_published_response(argv: list[str]) -> bool:
    """Return False, without a message, if anything is unusual: the slower path reports it."""
    key = parse_role_key(argv)
    document = find_published_document(key, os.environ, time.time()) if key else None
    return document is not None and write_to_stdout(document) is None


def find_published_document(
    key: tuple[str, str, str], environ: "Mapping[str, str]", now: float
) -> bytes | None:
    if "SSOHELPER_ALLOW" in environ:
        return None
    try:
        runtime = folders.runtime_folder(environ)
        settings = folders.settings_file(environ)
    except ValueError:  # HOME or SSOHELPER_HOME is relative
        return None
    if not (
        _is_file_unchanged(settings, f"{runtime}/{folders.SETTINGS_STAMP}")
        and _is_file_unchanged(folders.COMPANY_POLICY, f"{runtime}/{folders.POLICY_STAMP}")
        and _is_sign_in_unchanged(runtime, key[0], environ)
    ):
        return None
    return _read_published_document(folders.response_path(runtime, *key), now)


def parse_role_key(argv: list[str]) -> tuple[str, str, str] | None:
    """Return RoleKey.parts from a profile's command, with `~` and the chain after the role name."""
    if len(argv) not in (6, 8):
        return None
    found = ["", "", "", ""]
    for option, value in zip(argv[::2], argv[1::2], strict=True):
        place = _OPTIONS.get(option)
        if place is None or not value or value[0] == "." or not _SAFE.issuperset(value):
            return None
        found[place] = value
    session, account_id, role, chain = found
    if not (session and account_id and role) or bool(chain) != (len(argv) == 8):
        return None
    return session, account_id, f"{role}~{chain}" if chain else role


def _is_file_unchanged(path: str, stamp_path: str) -> bool:
    try:
        descriptor, stamp = open_file.open_own_file(stamp_path)
    except OSError:
        return False
    try:
        found = os.stat(path)
        if stamp.st_mtime_ns != found.st_mtime_ns:
            return False
        return os.read(descriptor, _STAMP_BYTES).partition(b"\n")[2] == identify_file_content(found)
    except (FileNotFoundError, NotADirectoryError):
        return stamp.st_size == 0
    except OSError:
        return False
    finally:
        os.close(descriptor)


def identify_file_content(found: os.stat_result) -> bytes:
    """Return what tells this version of the file from others.

    Tools that unpack archives or link dotfiles to a store give each version the same time.
    """
    parts = found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
    return b"%d %d %d %d\n" % parts


def _is_sign_in_unchanged(runtime: str, session: str, environ: "Mapping[str, str]") -> bool:
    """Return whether the token file is the one for which the response was published.

    Another tool signs out by removing the token file, and signs in by writing it.
    """
    path, folder = folders.plain_aws_config_path(environ), folders.session_folder(runtime, session)
    if path is None:
        return False
    try:
        # Two homes may share a runtime folder and a config, but each home has its own token files.
        tokens = os.path.expanduser("~/.aws/sso/cache")
        for own, link in ((path, folders.CONFIG_LINK), (tokens, folders.TOKEN_FOLDER_LINK)):
            if not os.path.samefile(own, f"{folder}/{link}"):
                return False
        for link, stamp in folders.STAMPS_OF_LINKS:
            times = (os.stat(f"{folder}/{name}").st_mtime_ns for name in (link, stamp))
            if len({*times}) > 1:
                return False
    except (OSError, ValueError):
        return False
    return True


def _read_published_document(path: str, now: float) -> bytes | None:
    if sys.platform == "win32":
        return None  # Windows cannot open a file without following links
    try:
        descriptor, found = open_file.open_own_file(path)
    except OSError:
        return None
    try:
        if found.st_mtime <= now:
            return None
        content = os.read(descriptor, _LIMIT_BYTES)
    except OSError:
        return None
    finally:
        os.close(descriptor)
    document, validity = split_document_and_validity(content)
    return (
        document
        if is_credentials_document(document) and is_response_valid(found, validity)
        else None
    )


def join_document_and_validity(document: bytes, valid_seconds: int) -> bytes:
    """Return the content of a published response; without a known uptime, it has no second line."""
    up = read_uptime()
    return document if up is None else b"%b%d %d\n" % (document, up, max(0, up + valid_seconds))


def split_document_and_validity(content: bytes) -> tuple[bytes, bytes]:
    end = content.find(b"\n") + 1
    return content[:end], content[end:]


def is_credentials_document(content: bytes) -> bool:
    """Return False for control characters, which a damaged document could send to a terminal."""
    is_whole = content.startswith(b'{"Version":1,') and content.endswith(b"}\n")
    return is_whole and content.isascii() and content[:-1].decode().isprintable()


def is_response_valid(
    found: os.stat_result, validity: bytes, *, is_end_checked: bool = True
) -> bool:
    """Return whether the response is valid now.

    A file changed in the future shows that the clock was set back. If it was set back by less than
    the response's age, only the uptime shows it.
    """
    if found.st_ctime > time.time() + _CLOCK_STEP_SECONDS:
        return False
    if not validity:
        return True
    words = validity.split()
    up = read_uptime()
    if up is None or len(words) != 2 or not (words[0] + words[1]).isdigit():
        return False
    return int(words[0]) <= up and (not is_end_checked or up < int(words[1]))


def read_uptime() -> int | None:
    """Return the uptime, including time asleep, as the launcher reads it: from /proc/uptime.

    A container's monotonic clock may differ.
    """
    try:
        with open("/proc/uptime", "rb", buffering=0) as file:
            whole = file.read(_UPTIME_BYTES).partition(b".")[0]
    except OSError:  # macOS and Windows have no such file
        return None
    return int(whole) if whole.isdigit() else None


def write_to_stdout(document: bytes) -> OSError | None:
    try:
        while document:
            document = document[os.write(1, document) :]
    except OSError as cause:
        return cause
    return None
