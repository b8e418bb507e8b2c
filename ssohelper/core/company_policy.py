"""Parses the company's policy, which a machine's administrator sets for all users.

It can only restrict users: its values win, its rules and allow-list are added. An unknown key is an
error, since a policy that is half understood would be less strict.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from ssohelper.core.guard_rules import tag_of_rule
from ssohelper.core.model import SsoSession
from ssohelper.core.start_url import normalized_start_url
from ssohelper.core.text import compile_glob, is_harmless, show
from ssohelper.errors import ConfigInvalid, Refused

HINT = "ask the administrator of this machine to correct the policy"


class CompanyPolicy(NamedTuple):
    """The values that a policy sets; None or () for a value that is not set."""

    portals: tuple[str, ...] | None = None
    storage: str | None = None
    device_code: bool | None = None
    guard_rules: tuple[str, ...] = ()
    agents_allow: tuple[str, ...] | None = None
    ca_bundle: str | None = None

    def check_portal(self, session: SsoSession) -> None:
        """Raise Refused unless the policy allows the session's start URL or where that redirects."""
        urls = session.start_url, session.aws_url
        if self.portals is not None and not any(
            compile_glob(normalized_start_url(pattern)).match(normalized_start_url(url))
            for pattern in self.portals
            for url in urls
        ):
            raise Refused(
                f"the company's policy does not allow the portal {show(urls[0], 120)}",
                hint="see: ssohelper config get portals",
            )

    def check_device_code(self) -> None:
        if self.device_code is False:
            raise Refused(
                "the company's policy allows no sign-in with a device code",
                hint="sign in on a machine that can open a browser",
            )

    def values_without_user_setting(self) -> list[tuple[str, Any, str]]:
        """Return key, value and meaning of the policy's values for which users have no setting."""
        found = ((key, getattr(self, _field(key)), row.meaning) for key, row in _KEYS.items())
        return [row for row in found if row[1] is not None and row[2]]


NO_POLICY = CompanyPolicy()


def parse_company_policy(content: bytes, file_name: str) -> CompanyPolicy:
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as cause:
        raise _invalid_policy_error(file_name, show(str(cause), 120)) from cause
    values: dict[str, Any] = {}
    for name, value in _key_value_pairs(document):
        row = _KEYS.get(name)
        if row is None:
            fault = f'"{show(name, 80)}" is not a key of the company\'s policy'
            raise _invalid_policy_error(file_name, fault)
        if not row.is_good(value):
            raise _invalid_policy_error(file_name, f'"{name}" must be {row.wanted}')
        values[_field(name)] = tuple(value) if isinstance(value, list) else value
    return CompanyPolicy(**values)


def _key_value_pairs(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in document.items():
        if isinstance(value, dict) and any(key.startswith(f"{name}.") for key in _KEYS):
            yield from ((f"{name}.{inner}", leaf) for inner, leaf in value.items())
        else:
            yield name, value


def _field(key: str) -> str:
    return key.replace(".", "_")


def _invalid_policy_error(file_name: str, fault: str) -> ConfigInvalid:
    return ConfigInvalid(f'"{file_name}": {fault}', hint=HINT)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != "" and is_harmless(value)


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


class _Key(NamedTuple):
    """What a key's values must be, and the key's meaning if users have no setting for it."""

    is_good: Callable[[Any], bool]
    wanted: str
    meaning: str = ""


_KEYS = {
    "agents.allow": _Key(
        # A profile's name is refused here, because the user's config decides what it means.
        lambda value: _are_texts(value) and all("/" in one for one in value),
        "a list of [SESSION:]ACCOUNT/ROLE",
        "the roles that limited programs may get at most",
    ),
    "ca_bundle": _Key(
        lambda value: _is_text(value) and value.startswith("/"),
        "the absolute path of a file",
        "the only certificates that are trusted",
    ),
    "device_code": _Key(
        lambda value: isinstance(value, bool),
        "true or false",
        "whether a device code may be used to sign in",
    ),
    "guard.rules": _Key(
        # A tag is refused here, because the user could remove its patterns in the settings.
        lambda value: _are_texts(value) and all(tag_of_rule(one) is None for one in value),
        "a list of [SESSION:]ACCOUNT/ROLE, without tags",
    ),
    "portals": _Key(
        _are_texts, "a list of start URLs or patterns", "the start URLs that may be used"
    ),
    "storage": _Key(_is_text, "a text"),
}
