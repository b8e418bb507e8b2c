"""Finds which tool wrote a profile of ~/.aws/config, and which role of Identity Center it names.

A profile can name its role by `sso_*` keys, by keys of another tool, and by the command in
`credential_process`. If these name different roles, the profile's origin has no role.

Sources: common-fate/granted 0d3e0ef (registry) and common-fate/awsconfigfile; aws-sso-cli 1c84d28
and 186a3d2 (config_profiles_cmd.go, process_cmd.go); aws-sso-util 4.33.0; aws-vault 03845e9
(USAGE.md); Leapp 04ab4f1 (aws-session-service.ts); awsume 4.5.4.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from ssohelper.core import process_command
from ssohelper.core.config_file import MOST_REFERENCES, ConfigFile, ProfileEntry, assumes_role
from ssohelper.core.model import ACCOUNT_ID, ROLE_NAME, Role
from ssohelper.core.start_url import is_same_portal

# `granted sso populate --prune` removes the profiles that have one of these keys.
GENERATED_KEYS = (
    "common_fate_generated_from",
    "granted_generated_from",
    "generated_by_common_fate",
)
GRANTED_PREFIX = "granted_sso_"
BY_HAND = "the AWS CLI or by hand"
BY_HAND_LEGACY = "the AWS CLI or by hand (with sso_start_url)"
AWS_SSO_CLI, AWS_SSO_UTIL, AWS_VAULT = "aws-sso-cli", "aws-sso-util", "aws-vault"
GRANTED, LEAPP, AWSUME = "granted", "Leapp", "awsume"
OWN, TWO_ROLES = "ssohelper, without its mark", "the profile names two different roles"
TWO_PORTALS = "the profile names two different portals"
# The tool to which each program of a `credential_process` belongs.
_TOOLS = {
    "aws": BY_HAND,
    "aws-sso": AWS_SSO_CLI,
    "aws-sso-credential-process": AWS_SSO_UTIL,
    "aws-sso-util": AWS_SSO_UTIL,
    "aws-vault": AWS_VAULT,
    "awsume": AWSUME,
    "awsumepy": AWSUME,
    "dgranted": GRANTED,
    "granted": GRANTED,
    "leapp": LEAPP,
}
# The lines between which aws-sso-cli writes its profiles.
MARKERS = _BEGIN, _END = "# BEGIN_AWS_SSO_CLI", "# END_AWS_SSO_CLI"
# Keys by which SDKs may find another identity than the role that the profile names.
_KEYS_OF_OTHER_IDENTITIES = {
    "aws_access_key_id": "static keys",
    "login_session": "the sign-in of aws login",
    "web_identity_token_file": "a web identity",
}
_ARN = re.compile(r"arn:([a-z0-9-]+):iam::([0-9]{1,12}):role/(?:.*/)?([^/]+)")
# The name that aws-sso-cli gives profiles by default: {{ .AccountIdPad }}:{{ .RoleName }}
_PADDED_NAME = re.compile(r"([0-9]{12}):([^:/]+)")
# Options of aws-sso-cli that take a value. They may stand before and after the word `process`.
_AWS_SSO_OPTIONS = {
    "-S": "--sso",
    "-a": "--arn",
    "-A": "--account",
    "-R": "--role",
    "-p": "--profile",
}


class NamedRole(NamedTuple):
    """A role that a profile names, and how the profile names the role's portal.

    `instance` is the portal's name in aws-sso-cli's own settings. `partition` is the partition in
    the role's ARN; "aws" without an ARN.
    """

    role: Role
    start_url: str | None = None
    session_name: str | None = None
    instance: str | None = None
    partition: str = "aws"


class Origin(NamedTuple):
    """Which tool wrote a profile, and the role that the profile names.

    `named` is None if the profile names no role, or several roles; `why` then gives the reason.
    `program` is the program that provides the credentials; None if SDKs get them by `sso_*` keys.
    `is_legacy`: the profile has no sso-session, so SDKs need a sign-in by `aws sso login` for it.
    """

    name: str
    tool: str
    named: NamedRole | None
    why: str = ""
    program: str | None = None
    is_legacy: bool = False


class AwsSsoCliBlock(NamedTuple):
    """The part of a config that aws-sso-cli rewrites. `begin`, `end`: its marker lines, from 0.

    `names` are the profiles in this part that ssohelper does not manage.
    """

    begin: int
    end: int
    names: tuple[str, ...]


@lru_cache(maxsize=1)  # cached: 60 µs a profile, several calls a command
def find_profile_origins(config: ConfigFile) -> tuple[Origin, ...]:
    """Return the origin of each profile that ssohelper does not manage, in the file's order.

    Profiles that have nothing to do with Identity Center are left out.
    """
    found = (_find_profile_origin(config, entry) for entry in config.profiles())
    return tuple(origin for origin in found if origin is not None)


def find_marked_blocks(config: ConfigFile) -> list[AwsSsoCliBlock]:
    """Return the parts of the config that aws-sso-cli rewrites, between two matching markers."""
    if _BEGIN.encode() not in config.text.data:
        return []
    blocks: list[AwsSsoCliBlock] = []
    begin: int | None = None
    for number, line in enumerate(config.text.lines):
        # aws-sso-cli finds its markers only if they are whole lines.
        if line.rstrip() == _BEGIN:
            begin = number
        elif line.rstrip() == _END and begin is not None:
            names = tuple(
                entry.name
                for entry in config.profiles()
                if begin < entry.line - 1 < number and not entry.managed
            )
            blocks.append(AwsSsoCliBlock(begin, number, names))
            begin = None
    return blocks


# -- the origin of one profile ---------------------------------------------------------------------


def _find_profile_origin(config: ConfigFile, entry: ProfileEntry) -> Origin | None:
    keys = entry.keys
    if entry.managed or assumes_role(keys):
        return None
    command = keys.get("credential_process", "")
    words = process_command.split_command(command)
    tool = _find_tool_of_profile(config, entry, words)
    if tool is None:
        return None
    # SDKs use sso_* keys before credential_process.
    uses_command = bool(command) and "sso_account_id" not in keys
    program = (words[0] if words else command) if uses_command else None
    is_legacy = "sso_account_id" in keys and "sso_session" not in keys
    for key, other in _KEYS_OF_OTHER_IDENTITIES.items():
        if key in keys:
            why = f"the profile has {other} too"
            return Origin(entry.name, tool, None, why, program, is_legacy)
    named, why = _common_role(list(_roles_named_by_profile(config, entry)))
    return Origin(entry.name, tool, named, why, program, is_legacy)


def _find_tool_of_profile(config: ConfigFile, entry: ProfileEntry, words: list[str]) -> str | None:
    """Return the tool's name; None if the profile has nothing to do with Identity Center."""
    keys = entry.keys
    if any(key.startswith(GRANTED_PREFIX) for key in keys):
        return GRANTED
    tool = _TOOLS.get(process_command.program_name(words))
    if tool is not None:
        is_other = tool == BY_HAND and words[1:3] != ["configure", "export-credentials"]
        return None if is_other else tool
    if process_command.ssohelper_options(keys.get("credential_process", "")) is not None:
        return None if " --chain" in keys["credential_process"] else OWN
    if "sso_account_id" not in keys and "sso_role_name" not in keys:
        is_included = "sso_account_id" in keys_with_included_profile(config, entry)
        return AWS_VAULT if is_included else None
    if any(key in keys for key in GENERATED_KEYS):
        return GRANTED
    if "sso_auto_populated" in keys or "sso_account_name" in keys:
        return AWS_SSO_UTIL
    if "include_profile" in keys:
        return AWS_VAULT
    return BY_HAND if "sso_session" in keys else BY_HAND_LEGACY


def _common_role(named_roles: list[NamedRole | str]) -> tuple[NamedRole | None, str]:
    """Return the role that all of these are, and ""; else None and the reason."""
    roles = [one for one in named_roles if isinstance(one, NamedRole)]
    reasons = [one for one in named_roles if isinstance(one, str)]
    if reasons:
        return None, reasons[0]
    if not roles:
        return None, "the profile names no role of Identity Center"
    if len({named.role for named in roles}) > 1:
        return None, TWO_ROLES
    urls = [named.start_url for named in roles if named.start_url]
    if any(not is_same_portal(urls[0], url) for url in urls):
        return None, TWO_PORTALS
    names = {named.session_name for named in roles if named.session_name}
    if len(names) > 1:
        return None, "the profile names two different sessions"
    instances = [named.instance for named in roles if named.instance]
    return NamedRole(
        roles[0].role,
        urls[0] if urls else None,
        next(iter(names), None),
        instances[0] if instances else None,
        next((named.partition for named in roles if named.partition != "aws"), "aws"),
    ), ""


def _roles_named_by_profile(
    config: ConfigFile, entry: ProfileEntry, seen: tuple[str, ...] = ()
) -> Iterator[NamedRole | str]:
    """Yield each role that the profile names; for an invalid role, a text with the reason."""
    keys = keys_with_included_profile(config, entry)
    has_own = False
    if "sso_account_id" in keys or "sso_role_name" in keys:
        has_own = True
        yield _role_in_sso_keys(config, keys)
    if f"{GRANTED_PREFIX}account_id" in keys or f"{GRANTED_PREFIX}role_name" in keys:
        has_own = True
        values = [keys.get(GRANTED_PREFIX + one) for one in ("account_id", "role_name")]
        yield _checked_role(*values, start_url=keys.get(f"{GRANTED_PREFIX}start_url"))
    command = entry.keys.get("credential_process", "")
    if not command:
        return
    found = _role_in_command(process_command.split_command(command), command)
    if isinstance(found, _Reference):
        # The command of a profile that was renamed by hand still has the old name.
        if config.profile(found) is not None or not has_own:
            yield from _roles_of_referenced_profile(config, entry, found, seen)
    elif found is not None:
        yield found


def keys_with_included_profile(config: ConfigFile, entry: ProfileEntry) -> dict[str, str]:
    """Return the profile's keys, with the keys that aws-vault adds from `include_profile`."""
    keys = dict(entry.keys)
    for _ in range(MOST_REFERENCES):
        included = config.profile(keys.pop("include_profile", ""))
        if included is None or included.name == entry.name:
            break
        keys = {**included.keys, **keys}
    return keys


def _role_in_sso_keys(config: ConfigFile, keys: dict[str, str]) -> NamedRole | str:
    session_name = keys.get("sso_session")
    url = keys.get("sso_start_url")
    if session_name is not None:
        header = config.session_header(session_name)
        section = config.text.sections[header].values() if header else {}
        own = section.get("sso_start_url")
        if own and url and not is_same_portal(own, url):
            return TWO_PORTALS
        url = own or url
    account_id, role_name = keys.get("sso_account_id"), keys.get("sso_role_name")
    return _checked_role(account_id, role_name, start_url=url, session_name=session_name)


def _checked_role(
    account_id: str | None,
    role_name: str | None,
    *,
    start_url: str | None = None,
    session_name: str | None = None,
    instance: str | None = None,
) -> NamedRole | str:
    if not account_id or not ACCOUNT_ID.fullmatch(account_id):
        return "the profile's account id is missing or has not 12 digits"
    if not role_name or not ROLE_NAME.fullmatch(role_name):
        return "the name of the profile's role is missing or not valid"
    return NamedRole(Role(account_id, role_name), start_url, session_name, instance)


# -- the role that a credential_process command names ----------------------------------------------


class _Reference(str):
    """The name of a profile, whose credentials a command prints."""


def _role_in_command(words: list[str], command: str) -> NamedRole | str | None:
    tool = _TOOLS.get(process_command.program_name(words))
    options, own = (
        process_command.option_values(words[1:]),
        process_command.ssohelper_options(command),
    )
    if tool == AWS_SSO_CLI:
        return _role_in_aws_sso(options)
    if own is not None and "--profile" not in own:
        role = own.get("--account-id"), own.get("--role-name")
        return _checked_role(*role, session_name=own.get("--session"))
    if tool == AWS_SSO_UTIL and "--account-id" in options:
        url = options.get("--sso-start-url") or options.get("--start-url")
        return _checked_role(options["--account-id"], options.get("--role-name"), start_url=url)
    if own is not None:
        return _Reference(own["--profile"])
    name = options.get("--profile", "") if tool in (AWS_SSO_UTIL, GRANTED, BY_HAND) else ""
    if tool in (AWS_VAULT, AWSUME):
        name = _profile_named_by_command(words[1:], tool)
    return _Reference(name) if name else None


def _role_in_aws_sso(options: dict[str, str]) -> NamedRole | str:
    options = {_AWS_SSO_OPTIONS.get(name, name): value for name, value in options.items()}
    arn = _ARN.fullmatch(options.get("--arn", ""))
    name = options.get("--profile", "")
    if arn:
        account, role = arn.group(2, 3)
    elif "--account" in options:
        account, role = options["--account"], options.get("--role", "")
    elif padded := _PADDED_NAME.fullmatch(name):
        account, role = padded.groups()
    elif name:
        return _Reference(name)
    else:
        return "the profile's command names no role"
    # aws-sso-cli takes account ids as numbers, so that zeros in front may be missing.
    named = _checked_role(account.zfill(12), role, instance=options.get("--sso"))
    return named._replace(partition=arn[1]) if arn and isinstance(named, NamedRole) else named


def _profile_named_by_command(words: list[str], tool: str) -> str:
    """Read `aws-vault exec|export PROFILE` or `awsume PROFILE`."""
    if tool == AWS_VAULT:
        verbs = [at for at, word in enumerate(words) if word in ("exec", "export")]
        words = words[verbs[0] + 1 :] if verbs else []
    with_value = {"-d", "--duration", "-t", "--mfa-token", "--region", "--format", "--prompt"}
    rest = iter(words)
    for word in rest:
        if word in with_value:
            next(rest, "")
        elif not word.startswith("-"):
            return word
    return ""


def _roles_of_referenced_profile(
    config: ConfigFile, entry: ProfileEntry, name: str, seen: tuple[str, ...]
) -> Iterator[NamedRole | str]:
    if name == entry.name:
        return  # the command gets the credentials of the profile itself
    following = config.profile(name)
    if following is None:
        yield f'the command names the profile "{name}", which does not exist'
    elif name in seen or len(seen) >= MOST_REFERENCES:
        yield "the profiles refer to each other in a loop"
    elif assumes_role(following.keys):
        yield f'the command names the profile "{name}", which assumes another role'
    else:
        yield from _roles_named_by_profile(config, following, (*seen, entry.name))
