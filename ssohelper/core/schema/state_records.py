"""Checks records of the state folder: choices, config versions and more."""

import os
import re
from typing import Any, NamedTuple

from ssohelper.core.choices import FORMS, Choices
from ssohelper.core.instants import ClockReading
from ssohelper.core.model import ACCOUNT_ID, ROLE_NAME, SESSION_NAME, Role
from ssohelper.core.portal_address import PortalAddress
from ssohelper.core.profile_names import checked_name_template
from ssohelper.core.schema import fields
from ssohelper.core.schema.fields import LATEST_INSTANT, LONGEST_TEXT, Check, accepted_by
from ssohelper.core.service_hosts import checked_region
from ssohelper.core.start_url import checked_aws_portal_url, checked_start_url

# A limit that no user's removed profiles reach.
_MOST_ROLES = 200_000
_MOST_VERSIONS = 100
_MOST_FILES = 10
_LONGEST_UPTIME_SECONDS = 100 * 366 * 86400


class ContentDigest(NamedTuple):
    """The length and hash of one content in a saved version."""

    length: int
    sha256: str


class FileHead(NamedTuple):
    path: str
    shell: str
    before: ContentDigest | None
    after: ContentDigest | None


class VersionHead(NamedTuple):
    """A saved version's first line. `before` and `after` describe the config; None if there was no
    file.

    Builds until December 2026 wrote no `settings` and no `files`.
    """

    before: ContentDigest | None
    after: ContentDigest | None
    choices: dict[str, Choices]
    settings: dict[str, tuple[Any, Any]]
    files: tuple[FileHead, ...]


def _digest(value: object, field: str) -> ContentDigest | None:
    found = fields.checked_object(value, field)
    return None if found.get("absent") is True else ContentDigest(*fields.read(found, _DIGEST))


def _file_head(value: object, field: str) -> FileHead:
    return FileHead(*fields.read(fields.checked_object(value, field), _FILE_HEAD))


def _changed_settings(value: object, field: str) -> dict[str, tuple[Any, Any]]:
    pairs = fields.checked_object(value, field)
    check = fields.row(_SETTING, _SETTING)
    return {fields.text(LONGEST_TEXT)(key, field): tuple(check(pairs[key], field)) for key in pairs}


def _seconds(most: int) -> Check:
    # `value > most` would accept NaN, which Python's JSON parser reads.
    return fields.satisfying(lambda value: type(value) in (int, float) and 0 <= value <= most)


def _removed_roles(value: object, field: str) -> frozenset[Role]:
    # One invalid role must not make `profile sync` add all removed profiles again.
    pairs = fields.items(fields.valid_or_none(_ROLE), _MOST_ROLES)(value, field)
    return frozenset(Role(*pair) for pair in pairs if pair is not None)


_ROLE = fields.row(fields.matching(ACCOUNT_ID), fields.matching(ROLE_NAME))
_FILTERS = fields.items(fields.text(LONGEST_TEXT), 1000)
_REGION = accepted_by(checked_region)
_DIGEST: dict[str, Check] = {
    "bytes": fields.number(0, 64 << 20),
    "sha256": fields.matching(re.compile(r"[0-9a-f]{64}")),
}
_PATH = fields.satisfying(
    lambda value: isinstance(value, str) and os.path.isabs(value) and "\0" not in value
)
_FILE_HEAD: dict[str, Check] = {
    "path": _PATH,
    "shell": fields.matching(re.compile("bash|zsh|fish|pwsh")),
    "before": _digest,
    "after": _digest,
}
# Before undo writes a value, it checks that the setting may have it.
_SETTING = fields.satisfying(
    lambda value: value is None or isinstance(value, (bool, int, float, str, list))
)
_CHOICES: dict[str, Check] = {
    "accounts": _FILTERS,
    "roles": _FILTERS,
    "template": accepted_by(checked_name_template),
    "form": fields.matching(re.compile("|".join(FORMS))),
    "default_region": _REGION,
    "removed": _removed_roles,
}
_PORTAL: dict[str, Check] = {
    "start_url": accepted_by(checked_start_url),
    "portal_url": accepted_by(checked_aws_portal_url),
    "configured_region": _REGION,
    "region": fields.optional(_REGION),
}
_CLOCK: dict[str, Check] = {
    "aws_at": _seconds(LATEST_INSTANT),
    "wall_at": _seconds(LATEST_INSTANT),
    "uptime_at": _seconds(_LONGEST_UPTIME_SECONDS),
    "boot": fields.text(64),
}
_UNDO: dict[str, Check] = {"undo": fields.items(fields.number(1, 1 << 53), _MOST_VERSIONS)}
_VERSION_HEAD: dict[str, Check] = {
    "before": _digest,
    "after": _digest,
    "choices": fields.checked_object,
    "settings": fields.optional(_changed_settings),
    "files": fields.optional(fields.items(_file_head, _MOST_FILES)),
}


def parse_portal_address(value: object) -> PortalAddress:
    return PortalAddress(*fields.read(value, _PORTAL))


def parse_undo_numbers(value: object) -> tuple[int, ...]:
    numbers: tuple[int, ...]
    (numbers,) = fields.read(value, _UNDO)
    return numbers


def parse_version_head(value: object) -> VersionHead:
    before, after, saved, settings, edits = fields.read(value, _VERSION_HEAD)
    for name in saved:
        fields.matching(SESSION_NAME)(name, "choices")
    choices = {
        name: parse_choices(fields.checked_object(one, "choices"))[0] for name, one in saved.items()
    }
    return VersionHead(before, after, choices, settings or {}, edits or ())


def parse_choices(document: dict[str, Any]) -> tuple[Choices, list[str]]:
    """Return a session's choices, and the names of invalid or unknown choices."""
    good, damaged = fields.read_valid(document, _CHOICES)
    # Builds until December 2026 also saved the region that profiles were written with.
    unknown = document.keys() - {*_CHOICES, "written_region"}
    return Choices(**good), [*damaged, *sorted(unknown)]


def parse_clock_reading(document: dict[str, Any]) -> ClockReading:
    return ClockReading(*fields.read(document, _CLOCK))
