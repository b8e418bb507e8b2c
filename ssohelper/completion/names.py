"""The names on this machine: profiles and sessions in ~/.aws/config, accounts and roles saved.

A light reader of names alone: the whole config costs 25 µs per profile, and 10,000 of them are
0.25 s of the 60 ms that a TAB may take. Never asks AWS, writes nothing, and what cannot be read
has no names. A name with a control character is not offered: it could rewrite the terminal.
"""

import json
import os
import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from ssohelper.core.config_text import ConfigText
from ssohelper.core.model import ACCOUNT_ID, ROLE_NAME, SESSION_NAME
from ssohelper.errors import ConfigInvalid
from ssohelper.fastpath import folders

# A config or listing that is larger belongs to nobody who waits for a TAB.
_LIMIT_BYTES = 64 << 20
_READ_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
# A profile that leads to Identity Center has one of these in its section (core.config_file).
_LEADS_TO_A_ROLE = ("sso_account_id", "ssohelper", "aws-sso")
# A header, or the middle of somebody's value: what stands before it tells.
_INDENTED_BRACKET = re.compile(r"\n[^\S\n]+\[")
_PLAIN_HEADER = frozenset(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._@/+%:=,- \t"
)


class Account(NamedTuple):
    """An account of the saved list. `text` names it: its name, or its id when that is not enough."""

    id: str
    text: str
    listed_roles: list[str]

    @property
    def roles(self) -> list[str]:
        """Return the names that may be roles': looked at late, 100,000 of them cost 40 ms."""
        return usable_roles(self.listed_roles)


class Names:
    """What there is to offer, each read on first use."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._sections: list[tuple[str, str]] | None = None

    def profiles(
        self, *, any_kind: bool = False, managed: bool = False, session: str | None = None
    ) -> list[str]:
        """Return names of profiles that lead to a role; with `any_kind` of all, in file order.

        With `session` those that name no other one: commands refuse these beside --session.
        """
        found: dict[str, bool] = {}
        for header, body in self._config():
            name = _profile_name(header)
            if name is None or not name.isprintable():
                continue
            if managed:
                fits = "ssohelper_managed" in body
            else:
                fits = any_kind or any(word in body for word in _LEADS_TO_A_ROLE)
            # The later one of two sections of one name counts.
            found[name] = fits and (session is None or _session_in(body) in (None, session))
        return [name for name, fits in found.items() if fits]

    def sessions(self) -> list[str]:
        """Return names of sessions that may be asked for."""
        names = (_name_after("sso-session", header) for header, _body in self._config())
        return list(dict.fromkeys(name for name in names if name and SESSION_NAME.fullmatch(name)))

    def session_of_environment(self) -> str | None:
        """Return AWS_PROFILE's session, else the only one, as commands choose it."""
        sessions = self.sessions()
        profile = self._environ.get("AWS_PROFILE")
        for header, body in reversed(self._config()) if profile else ():
            if _profile_name(header) == profile:
                named = _session_in(body)
                return named if named in sessions else None
        return sessions[0] if len(sessions) == 1 else None

    def regions(self) -> list[str]:
        """Return the regions that stand in the config."""
        found = set()
        for _header, body in self._config():
            for line in body.split("\n"):
                key, _, value = line.partition("=")
                if key.strip() in ("region", "sso_region") and value.strip().isprintable():
                    found.add(value.strip())
        return sorted(found - {""})

    def accounts(self, session: str) -> list[Account]:
        """Return the accounts of the session's saved list."""
        if not SESSION_NAME.fullmatch(session):
            return []
        state = folders.state_folder(self._environ)
        data = _read(os.path.join(state, "listings", session, "listing.json"))
        try:
            return list(_accounts_in(json.loads(data), set(self.sessions())))
        except (ValueError, TypeError, KeyError, RecursionError):
            return []

    def _config(self) -> list[tuple[str, str]]:
        """Return (header, body) of each section, in file order."""
        if self._sections is None:
            said = self._environ.get("AWS_CONFIG_FILE")
            path = os.path.expandvars(said) if said else "~/.aws/config"
            text = _read(os.path.expanduser(path)).decode("utf-8", "surrogateescape")
            self._sections = _sections_of(text)
        return self._sections


def _sections_of(text: str) -> list[tuple[str, str]]:
    """Return (header, body): a header begins its line, or the whole file is read with care."""
    if _INDENTED_BRACKET.search("\n" + text):
        try:
            return _carefully(text)
        except ConfigInvalid:
            pass  # the AWS tools refuse it as well: its plain headers are still worth offering
    found = []
    for piece in ("\n" + text).split("\n[")[1:]:
        line, _, body = piece.partition("\n")
        header, bracket, _ = line.rpartition("]")
        if bracket:
            found.append((header, body))
    return found


def _carefully(text: str) -> list[tuple[str, str]]:
    config = ConfigText(text.encode("utf-8", "surrogateescape"), "config")
    return [
        (header, "\n".join(f"{key} = {found.value}" for key, found in section.keys.items()))
        for header, section in config.sections.items()
    ]


def _profile_name(header: str) -> str | None:
    return header if header == "default" else _name_after("profile", header)


def _name_after(word: str, header: str) -> str | None:
    """Return the name in a header such as `profile "a b"`, as botocore takes it apart."""
    if not header.startswith(word):
        return None
    if _PLAIN_HEADER.issuperset(header):
        parts = header.split()
    else:
        try:
            parts = shlex.split(header)
        except ValueError:
            return None
    return parts[1] if len(parts) == 2 else None


def _session_in(body: str) -> str | None:
    """Return the session that a profile's section names, in either of its forms."""
    for line in body.split("\n"):
        key, _, value = line.partition("=")
        if key.strip() == "sso_session":
            return value.strip()
        if key.strip() == "credential_process" and "--session" in value:
            words = value.partition("--session")[2].replace("=", " ", 1).split()
            return words[0].strip("\"'") if words else None
    return None


def usable_roles(names: Iterable[str]) -> list[str]:
    return [name for name in names if ROLE_NAME.fullmatch(name)]


def _accounts_in(document: dict[str, Any], sessions: set[str]) -> Iterator[Account]:
    listed = document["accounts"]
    times = Counter(item["name"] for item in listed)
    for item in listed:
        account_id, name = item["id"], item["name"]
        if not ACCOUNT_ID.fullmatch(account_id):
            continue
        # "corp:x" would be read as the session corp.
        is_clear = ":" not in name or name.partition(":")[0] not in sessions
        usable = name and name.isprintable() and times[name] == 1 and is_clear
        yield Account(account_id, name if usable else account_id, item["roles"])


def _read(path: str) -> bytes:
    """Return the file's bytes; of what cannot be read, none. A FIFO does not hang us."""
    try:
        descriptor = os.open(path, _READ_FLAGS)
    except (OSError, ValueError):
        return b""
    try:
        data = b""
        while part := os.read(descriptor, 1 << 24):
            data += part
            if len(data) > _LIMIT_BYTES:
                return b""
        return data
    except OSError:
        return b""
    finally:
        os.close(descriptor)
