"""Parses the company's policy, which a machine's administrator sets for all users.

It only tightens: its values win over settings and environment, its rules and allow-list are added.
An unknown key is an error, since a policy that is half understood would be less strict.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from ssohelper.core.guard_rules import tag_of_rule
from ssohelper.core.model import SsoSession
from ssohelper.core.start_url import normalized_start_url
from ssohelper.core.text import compile_glob, is_harmless, show
from ssohelper.errors import ConfigInvalid, Refused

HINT = "ask the administrator of this machine to correct the policy"


class PolicyRow(NamedTuple):
    key: str
    value: Any
    description: str


class CompanyPolicy(NamedTuple):
    """The values that a company's policy sets; None or () for a value that is not set."""

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

    def values_without_user_setting(self) -> list[PolicyRow]:
        """Return the policy's keys that are no user settings."""
        rows = [
            PolicyRow(
                "agents.allow", self.agents_allow, "the roles that limited programs may get at most"
            ),
            PolicyRow("ca_bundle", self.ca_bundle, "the only certificates that are trusted"),
            PolicyRow(
                "device_code", self.device_code, "whether a device code may be used to sign in"
            ),
            PolicyRow("portals", self.portals, "the start URLs that may be used"),
        ]
        return [row for row in rows if row.value is not None]


NO_POLICY = CompanyPolicy()


def parse_company_policy(content: bytes, file_name: str) -> CompanyPolicy:
    """Return the policy in a file's content; `file_name` is for errors. Raises: ConfigInvalid."""
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as cause:
        raise _invalid_policy_error(file_name, show(str(cause), 120)) from cause
    values: dict[str, Any] = {}
    for name, value in _key_value_pairs(document):
        known = _FIELDS.get(name)
        if known is None:
            raise _invalid_policy_error(
                file_name, f'"{show(name, 80)}" is not a key of the company\'s policy'
            )
        field, check, expected = known
        if not check(value):
            raise _invalid_policy_error(file_name, f'"{name}" must be {expected}')
        values[field] = tuple(value) if isinstance(value, list) else value
    return CompanyPolicy(**values)


def _key_value_pairs(document: Mapping[str, Any]) -> list[tuple[str, Any]]:
    found: list[tuple[str, Any]] = []
    for name, value in document.items():
        if name in _TABLES and isinstance(value, dict):
            found += [(f"{name}.{inner}", leaf) for inner, leaf in value.items()]
        else:
            found.append((name, value))
    return found


def _invalid_policy_error(file_name: str, fault: str) -> ConfigInvalid:
    return ConfigInvalid(f'"{file_name}": {fault}', hint=HINT)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and value != "" and is_harmless(value)


def _is_absolute_path(value: object) -> bool:
    return _is_text(value) and str(value).startswith("/")


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(map(_is_text, value))


def _are_role_patterns(value: object) -> bool:
    # A pattern for names of profiles is refused: the user's config decides what such a name means.
    return _are_texts(value) and all("/" in one for one in value)  # type: ignore[attr-defined]


def _are_guard_rules(value: object) -> bool:
    # A rule that names a tag is refused: the user could empty that tag in the settings.
    return _are_texts(value) and all(tag_of_rule(one) is None for one in value)  # type: ignore[attr-defined]


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


_Check = Callable[[object], bool]
_FIELDS: Mapping[str, tuple[str, _Check, str]] = {
    "portals": ("portals", _are_texts, "a list of start URLs or patterns"),
    "storage": ("storage", _is_text, "a text"),
    "ca_bundle": ("ca_bundle", _is_absolute_path, "the absolute path of a file"),
    "device_code": ("device_code", _is_bool, "true or false"),
    "guard.rules": (
        "guard_rules",
        _are_guard_rules,
        "a list of [SESSION:]ACCOUNT/ROLE, without tags",
    ),
    "agents.allow": ("agents_allow", _are_role_patterns, "a list of [SESSION:]ACCOUNT/ROLE"),
}
_TABLES = ("guard", "agents")
