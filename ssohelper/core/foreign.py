"""Finds what provides the credentials of profiles that ssohelper gets no credentials for. Pure.

SDKs and the AWS CLI get such credentials themselves. ssohelper only tells them the profile's name.
Source: the order of botocore's credential providers.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from ssohelper.core import process_command
from ssohelper.core.config_file import ConfigFile, ProfileEntry, assumes_role
from ssohelper.core.text import show

_MOST_PROFILES = 12


class Foreign(NamedTuple):
    """A profile whose credentials another program or file provides.

    `what` names the provider for users; `login_session` is the value of the profile's key
    `login_session`, if that is the provider. `has_mfa`: a program that uses the profile asks for
    the code of an MFA device.
    """

    name: str
    what: str
    login_session: str | None = None
    has_mfa: bool = False


def find_foreign(
    config: ConfigFile, entry: ProfileEntry, credentials_names: Collection[str]
) -> Foreign | None:
    """Return what provides the profile's credentials, or None if the profile names no provider.

    `credentials_names` are the names of the sections of ~/.aws/credentials.
    Raises: ConfigInvalid, with file and line, for a source_profile that does not exist.
    """
    name, has_mfa, seen = entry.name, False, 0
    while assumes_role(entry.keys) and "source_profile" in entry.keys and seen < _MOST_PROFILES:
        seen += 1
        has_mfa = has_mfa or bool(entry.keys.get("mfa_serial"))
        source = entry.keys["source_profile"]
        following = config.profile(source)
        if following is None or source == entry.name:
            if following is None and source not in credentials_names:
                config.refuse_key(
                    entry, "source_profile", f'source_profile "{show(source, 80)}" does not exist'
                )
            return Foreign(name, "static keys", has_mfa=has_mfa)
        entry = following
    found = _find_provider(entry, credentials_names)
    return found and found._replace(name=name, has_mfa=has_mfa)


def _find_provider(entry: ProfileEntry, credentials_names: Collection[str]) -> Foreign | None:
    keys = entry.keys
    if assumes_role(keys):
        where = show(keys.get("credential_source", ""), 40)
        return Foreign(entry.name, f"the credential source {where}")
    if keys.get("role_arn") and keys.get("web_identity_token_file"):
        return Foreign(entry.name, "a web identity token")
    if entry.name in credentials_names or "aws_access_key_id" in keys:
        return Foreign(entry.name, "static keys")
    if keys.get("login_session"):
        return Foreign(entry.name, "aws login", keys["login_session"])
    command = keys.get("credential_process", "")
    if command and process_command.own_command_options(command) is None:
        words = process_command.split_command(command)
        program = show(words[0], 80) if words else "another program"
        return Foreign(entry.name, f"the program {program}")
    return None
