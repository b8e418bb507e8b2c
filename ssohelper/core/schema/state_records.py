"""Checks records of the state folder: choices, config versions and more."""

import re
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from ssohelper.core.choices import FORMS, Choices
from ssohelper.core.instants import ClockReading
from ssohelper.core.model import ACCOUNT_ID, ROLE_NAME, SESSION_NAME, Role
from ssohelper.core.portal_address import PortalAddress
from ssohelper.core.profile_names import checked_name_template
from ssohelper.core.schema import fields
from ssohelper.core.schema.fields import LATEST_INSTANT, Damaged
from ssohelper.core.service_hosts import checked_region
from ssohelper.core.start_url import checked_aws_portal_url, checked_start_url
from ssohelper.errors import SsoHelperError

# The most roles in the record of removed profiles: more than any user removes.
_MOST_ROLES = 200_000
_MOST_FILTERS = 1000
_MOST_VERSIONS = 100  # the most config versions in a record
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST_TEXT = 4096
# The longest uptime of a machine that counts as valid: 100 years, in seconds.
_LONGEST_UPTIME_SECONDS = 100 * 366 * 86400
# The format of the file with a shell prompt's text. Its first line has the rows that
# core.prompt_text makes and that the shells read. A second line, if present, is the time at which
# the role's credentials expire.


class ConfigDigest(NamedTuple):
    """The length and the hash of a config whose text follows the head of a saved version."""

    length: int
    sha256: str


class VersionHead(NamedTuple):
    """The head of a saved version of the config: what the config was before and after a write.

    `before` or `after` is None if there was no config file then.
    """

    before: ConfigDigest | None
    after: ConfigDigest | None
    choices: dict[str, Choices]


def parse_portal_address(value: object) -> PortalAddress:
    """Return the portal to which a session's start URL led at the last sign-in."""
    found = fields.checked_object(value)
    region = found.get("region")
    return PortalAddress(
        _checked(checked_start_url, found.get("start_url"), "start_url"),
        _checked(checked_aws_portal_url, found.get("portal_url"), "portal_url"),
        _checked(checked_region, found.get("configured_region"), "configured_region"),
        None if region is None else _checked(checked_region, region, "region"),
    )


def parse_undo_numbers(value: object) -> tuple[int, ...]:
    """Return the numbers of the writes that can be undone."""
    items = fields.checked_list(fields.checked_object(value).get("undo"), "undo", _MOST_VERSIONS)
    return tuple(fields.checked_whole_number(item, "undo", 1, 1 << 53) for item in items)


def parse_version_head(value: object) -> VersionHead:
    """Return the head of one saved version of the config."""
    found = fields.checked_object(value)
    saved = fields.checked_object(found.get("choices"), "choices")
    for name in saved:
        fields.checked_match(name, "choices", SESSION_NAME)
    return VersionHead(
        _parse_config_digest(found.get("before"), "before"),
        _parse_config_digest(found.get("after"), "after"),
        {name: parse_choices(fields.checked_object(one))[0] for name, one in saved.items()},
    )


def parse_choices(document: dict[str, Any]) -> tuple[Choices, list[str]]:
    """Return a session's choices, and the names of invalid fields, which get their default."""
    good: dict[str, Any] = {}
    damaged = []
    for name, check in _CHOICES.items():
        try:
            if document.get(name) is not None:
                good[name] = check(document[name], name)
        except Damaged:
            damaged.append(name)
    return Choices(**good), damaged


def parse_clock_reading(document: dict[str, Any]) -> ClockReading:
    """Return the last reading of AWS's clock from a file."""
    return ClockReading(
        _checked_seconds(document.get("aws_at"), "aws_at", LATEST_INSTANT),
        _checked_seconds(document.get("wall_at"), "wall_at", LATEST_INSTANT),
        _checked_seconds(document.get("uptime_at"), "uptime_at", _LONGEST_UPTIME_SECONDS),
        fields.checked_text(document.get("boot"), "boot", 64),
    )


def _parse_config_digest(value: object, field: str) -> ConfigDigest | None:
    found = fields.checked_object(value, field)
    if found.get("absent") is True:
        return None
    return ConfigDigest(
        fields.checked_whole_number(found.get("bytes"), field, 0, 64 << 20),
        fields.checked_match(found.get("sha256"), field, _SHA256),
    )


def _checked_seconds(value: object, field: str, most: int) -> float:
    # `value > most` would not refuse NaN, which Python's JSON parser accepts: each comparison with
    # NaN is false.
    if type(value) not in (int, float) or not 0 <= value <= most:  # type: ignore[operator]
        raise Damaged(field)
    return float(value)  # type: ignore[arg-type]


def _checked(check: Callable[[str], str], value: object, field: str) -> str:
    """Return a text that `check` accepts, which raises an error for any other."""
    try:
        return check(fields.checked_text(value, field, _LONGEST_TEXT))
    except SsoHelperError as cause:
        raise Damaged(field) from cause


def _checked_filters(value: object, field: str) -> tuple[str, ...]:
    items = fields.checked_list(value, field, _MOST_FILTERS)
    return tuple(fields.checked_text(item, field, _LONGEST_TEXT) for item in items)


def _checked_form(value: object, field: str) -> str:
    if value not in FORMS:
        raise Damaged(field)
    return str(value)


def _parse_removed_roles(value: object, field: str) -> frozenset[Role]:
    """Return the valid roles whose profiles the user removed, without the invalid ones.

    An error for an invalid role would make `profile sync` add all removed profiles again."""
    items = fields.checked_list(value, field, _MOST_ROLES)
    found = (fields.checked_or_none(_parse_role, item, field) for item in items)
    return frozenset(role for role in found if role is not None)


def _parse_role(value: object, field: str) -> Role:
    pair = fields.checked_list(value, field, 2)
    if len(pair) != 2:
        raise Damaged(field)
    return Role(
        fields.checked_match(pair[0], field, ACCOUNT_ID),
        fields.checked_match(pair[1], field, ROLE_NAME),
    )


# How each of a session's choices is read.
_CHOICES: dict[str, Callable[[object, str], object]] = {
    "accounts": _checked_filters,
    "roles": _checked_filters,
    "template": partial(_checked, checked_name_template),
    "form": _checked_form,
    "default_region": partial(_checked, checked_region),
    "removed": _parse_removed_roles,
    "written_region": partial(_checked, checked_region),
}
