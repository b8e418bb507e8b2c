"""Checks records of the state folder: choices, config versions and more."""

import re
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
from ssohelper.errors import ConfigInvalid, SsoHelperError

# The most roles in the record of removed profiles: more than any user removes.
_MOST_ROLES = 200_000
_MOST_FILTERS = 1000
_MOST_VERSIONS = 100  # the most config versions in a record
_SHA256 = re.compile(r"[0-9a-f]{64}")
_LONGEST_FILTER = 4096
# The longest uptime of a machine that counts as valid: 100 years, in seconds.
_LONGEST_UPTIME_SECONDS = 100 * 366 * 86400
# The format of the file with a shell prompt's text. Its first line has the rows that
# core.prompt_text makes and that the shells read. A second line, if present, is the time at which
# the role's credentials expire.
_PROMPT_FILE = re.compile(rb"[^\n]{1,900}\n(?:([0-9]{1,10})\n)?")


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
    try:
        region = found.get("region")
        return PortalAddress(
            checked_start_url(fields.checked_text(found.get("start_url"), "start_url", 4096)),
            checked_aws_portal_url(
                fields.checked_text(found.get("portal_url"), "portal_url", 4096)
            ),
            checked_region(
                fields.checked_text(found.get("configured_region"), "configured_region")
            ),
            None if region is None else checked_region(fields.checked_text(region, "region")),
        )
    except ConfigInvalid as error:
        raise Damaged("portal_url") from error


def parse_undo_numbers(value: object) -> tuple[int, ...]:
    """Return the numbers of the writes that can be undone."""
    items = fields.checked_list(fields.checked_object(value).get("undo"), "undo", _MOST_VERSIONS)
    return tuple(fields.checked_whole_number(item, "undo", 1, 1 << 53) for item in items)


def parse_version_head(value: object) -> VersionHead:
    """Return the head of one saved version of the config."""
    found = fields.checked_object(value)
    saved = fields.checked_object(found.get("choices"), "choices")
    return VersionHead(
        _parse_config_digest(found.get("before"), "before"),
        _parse_config_digest(found.get("after"), "after"),
        {
            fields.checked_match(name, "choices", SESSION_NAME): parse_choices(
                fields.checked_object(one)
            )[0]
            for name, one in saved.items()
        },
    )


def parse_choices(document: dict[str, Any]) -> tuple[Choices, list[str]]:
    """Return a session's choices, and the names of invalid fields, which get their default."""
    checks = {
        "accounts": _checked_filters,
        "roles": _checked_filters,
        "template": _checked_name_template,
        "form": _checked_profile_form,
        "default_region": _checked_region,
        "removed": _parse_removed_roles,
        "written_region": _checked_region,
    }
    good: dict[str, Any] = {}
    damaged = []
    for name, check in checks.items():
        try:
            if document.get(name) is not None:
                good[name] = check(document[name])
        except (Damaged, SsoHelperError):
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


def parse_prompt_role_end(content: bytes) -> int | None:
    """Return when role credentials expire, from line 2 of a prompt's file; None without line 2."""
    found = _PROMPT_FILE.fullmatch(content)
    if not found:
        raise Damaged("line")
    if found[1] is None:
        return None
    return fields.checked_whole_number(int(found[1]), "line", 0, LATEST_INSTANT)


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


def _checked_filters(value: object) -> tuple[str, ...]:
    items = fields.checked_list(value, "filters", _MOST_FILTERS)
    return tuple(fields.checked_text(item, "filters", _LONGEST_FILTER) for item in items)


def _checked_name_template(value: object) -> str:
    return checked_name_template(fields.checked_text(value, "template"))


def _checked_profile_form(value: object) -> str:
    if value not in FORMS:
        raise Damaged("form")
    return str(value)


def _checked_region(value: object) -> str:
    return checked_region(fields.checked_text(value, "default_region"))


def _parse_removed_roles(value: object) -> frozenset[Role]:
    """Return the valid roles whose profiles the user removed, without the invalid ones.

    An error for an invalid role would make `profile sync` add all removed profiles again."""
    items = fields.checked_list(value, "removed", _MOST_ROLES)
    found = (fields.checked_or_none(_parse_role, item, "removed") for item in items)
    return frozenset(role for role in found if role is not None)


def _parse_role(value: object, field: str) -> Role:
    pair = fields.checked_list(value, field, 2)
    if len(pair) != 2:
        raise Damaged(field)
    return Role(
        fields.checked_match(pair[0], field, ACCOUNT_ID),
        fields.checked_match(pair[1], field, ROLE_NAME),
    )
