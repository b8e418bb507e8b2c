"""Removes from the config what aws-sso-cli wrote again after its profiles were adopted. Pure.

aws-sso-cli knows nothing of an adoption: its next run writes its profiles between its two markers
at the end of ~/.aws/config. AWS tools refuse a file with two sections of one name, and so does
ssohelper's parser, so this module works on lines.
"""

from __future__ import annotations

from typing import NamedTuple

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.profile_origin import MARKERS, find_profile_origins
from ssohelper.errors import ConfigInvalid


class ReturnedBlock(NamedTuple):
    """A config without the block that aws-sso-cli wrote again, and the block's section headers."""

    rest: bytes
    headers: tuple[str, ...]


def find_rewritten_aws_sso_cli_block(data: bytes, origin: str) -> ReturnedBlock | None:
    """Return the config `data` without aws-sso-cli's block, if that is safe to remove; else None.

    Removal is safe if there is one block, if every section of the block is elsewhere in the file as
    a managed profile of the same account and role, and if AWS tools can read the rest.
    """
    lines = data.split(b"\n")
    marks = [
        [number for number, line in enumerate(lines) if line.rstrip() == marker.encode()]
        for marker in MARKERS
    ]
    if [len(found) for found in marks] != [1, 1] or marks[0] > marks[1]:
        return None
    [begin], [end] = marks
    rest = b"\n".join(lines[:begin] + lines[end + 1 :])
    try:
        block = ConfigFile.parse(b"\n".join(lines[begin : end + 1]), origin)
        config = ConfigFile.parse(rest, origin)
    except ConfigInvalid:
        return None
    headers = tuple(block.text.sections)
    roles = {
        one.name: one.named.role for one in find_profile_origins(block) if one.named is not None
    }
    if not headers or len(roles) != len(headers) or block.text.defaults.keys:
        return None
    for name, role in roles.items():
        entry = config.profile(name)
        target = config.target_or_none(entry) if entry is not None and entry.managed else None
        if target is None or target.role != role:
            return None
    return ReturnedBlock(rest, headers)
