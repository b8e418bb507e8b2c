"""Decides which credentials each SDK family takes for a profile in the present shell. Pure.

The profile counts as named by AWS_PROFILE. Sources: the credential providers of botocore 1.43
(`create_credential_resolver`), JavaScript v3 (`fromNodeProviderChain`, `resolveProfileData`), Java v2
(`AwsCredentialsProviderChain`, `ProfileCredentialsUtils`), Go v2 (`resolveCredentialChain`,
`resolveCredsFromProfile`) and Rust (`profile/credentials/repr.rs`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from ssohelper.core import process_command
from ssohelper.core.config_file import ConfigFile, assumes_role
from ssohelper.core.doctor.facts import ProfileFact
from ssohelper.core.start_url import is_same_portal
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid

Kind = Literal[
    "environment keys",
    "environment web identity",
    "assumed role",
    "web identity",
    "sso",
    "credentials file",
    "config keys",
    "aws login",
    "program",
    "container",
    "error",
    "nothing",
]
BOTO3, JAVASCRIPT, JAVA, GO, RUST = "boto3, AWS CLI", "JavaScript", "Java", "Go", "Rust"
FAMILIES = (BOTO3, JAVASCRIPT, JAVA, GO, RUST)
_ORDERS: Mapping[str, tuple[Kind, ...]] = {
    BOTO3: (
        *("environment keys", "assumed role", "environment web identity", "web identity", "sso"),
        *("credentials file", "aws login", "program", "config keys", "container"),
    ),
    # With AWS_PROFILE, the JavaScript SDK passes over the keys in the environment.
    JAVASCRIPT: (
        *("assumed role", "credentials file", "config keys", "web identity", "program", "sso"),
        *("aws login", "environment web identity", "container"),
    ),
    JAVA: (
        *("environment keys", "environment web identity", "web identity", "sso", "assumed role"),
        *("program", "credentials file", "config keys", "container"),
    ),
    GO: (
        *("environment keys", "environment web identity", "assumed role", "credentials file"),
        *("config keys", "web identity", "sso", "aws login", "program", "container"),
    ),
    RUST: (
        *("environment keys", "assumed role", "web identity", "sso", "aws login", "program"),
        *("credentials file", "config keys", "environment web identity", "container"),
    ),
}
CONTAINER_VARIABLES = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
WEB_IDENTITY_VARIABLES = ("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN")
KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
SSO_KEYS = ("sso_session", "sso_start_url", "sso_region", "sso_account_id", "sso_role_name")
# The keys that decide what a source of credentials gives. Their values are no secrets.
_KEYS_OF_SOURCES: Mapping[Kind, tuple[str, ...]] = {
    "assumed role": ("role_arn", "source_profile", "credential_source"),
    "web identity": ("role_arn", "web_identity_token_file"),
    "sso": SSO_KEYS,
    "aws login": ("login_session",),
    "program": ("credential_process",),
}
_SOURCE_KEYS = frozenset(key for keys in _KEYS_OF_SOURCES.values() for key in keys)
_ARN = re.compile(r"arn:[a-z0-9-]+:iam::([0-9]{12}):role/.+")


class Resolved(NamedTuple):
    """What one SDK family takes: the `kind` of the credentials' source; `detail` names it.

    `account_id` is the account that the credentials are for, None if it is unknown.
    """

    family: str
    kind: Kind
    detail: str
    account_id: str | None = None


class _Source(NamedTuple):
    """A source of credentials: its name, and the account that they are for, None if unknown."""

    detail: str
    account_id: str | None


def resolve_for_each_sdk(
    profile: ProfileFact,
    config: ConfigFile | None,
    section: Mapping[str, str],
    environ: Mapping[str, str],
    families: Sequence[str] = FAMILIES,
) -> list[Resolved]:
    """Return which credentials each SDK family takes when AWS_PROFILE names this profile.

    `section` has the keys of the section of that name in ~/.aws/credentials. SDKs merge both files
    key by key, and the value in ~/.aws/credentials wins.
    """
    keys = profile.entry.keys | _config_keys_of_credential_sources(section)
    found: dict[Kind, _Source] = {
        **_sources_in_shell(environ),
        **_sources_in_profile(profile, keys, section),
    }
    resolved = []
    for family in families:
        kind = next(
            (one for one in _ORDERS[family] if _family_tries_source(family, one, keys, found)), None
        )
        error = sso_keys_error(family, keys, config) if kind == "sso" else None
        if kind is None:
            resolved.append(Resolved(family, "nothing", "no credentials"))
        elif kind == "assumed role" and profile.failure is not None:
            resolved.append(Resolved(family, "error", profile.failure.message))
        elif error:
            resolved.append(Resolved(family, "error", error))
        else:
            resolved.append(Resolved(family, kind, *found[kind]))
    return resolved


def find_profiles_with_other_role_in_section(
    config: ConfigFile, names: Iterable[str], credentials: Mapping[str, Mapping[str, str]]
) -> frozenset[str]:
    """Return the profiles whose section in ~/.aws/credentials names another role or program.

    SDKs prefer what it says, and adopting the profile would not change that. Fixed keys there do
    not count: tools such as yawsso write them for the role of the profile.
    """
    found = set()
    for name in names:
        entry, section = config.profile(name), dict(credentials.get(name, {}))
        section.pop("aws_access_key_id", None)
        if (
            entry is not None
            and section
            and find_families_that_section_changes(ProfileFact(entry), config, section)
        ):
            found.add(name)
    return frozenset(found)


def find_families_that_section_changes(
    profile: ProfileFact, config: ConfigFile | None, section: Mapping[str, str]
) -> list[str]:
    """Return the SDK families that take other credentials because of this section.

    `section` has the keys of the profile's section in ~/.aws/credentials. Without the section, such
    a family would take the credentials of the profile in ~/.aws/config.
    """
    changed = {
        key
        for key, value in _config_keys_of_credential_sources(section).items()
        if value != profile.entry.keys.get(key)
    }
    pairs = zip(
        resolve_for_each_sdk(profile, config, {}, {}),
        resolve_for_each_sdk(profile, config, section, {}),
        strict=True,
    )
    return [
        after.family
        for before, after in pairs
        if before != after or changed.intersection(_KEYS_OF_SOURCES.get(after.kind, ()))
    ]


def hide_secrets(section: Mapping[str, str]) -> dict[str, str]:
    """Return the keys of a section of ~/.aws/credentials; "" replaces values that may be secret."""
    return {key: value if key in _SOURCE_KEYS else "" for key, value in section.items()}


def _config_keys_of_credential_sources(section: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in section.items() if key in _SOURCE_KEYS}


def _family_tries_source(
    family: str, kind: Kind, keys: Mapping[str, str], found: Mapping[Kind, object]
) -> bool:
    if kind == "sso" and family == BOTO3:
        return "sso_account_id" in keys or "sso_role_name" in keys
    return kind in found


def sso_keys_error(family: str, keys: Mapping[str, str], config: ConfigFile | None) -> str | None:
    """Return why this SDK family refuses the profile's `sso_*` keys; None if it takes them."""
    own = [key for key in ("sso_start_url", "sso_region") if key in keys]
    needed = ["sso_account_id", "sso_role_name"]
    if "sso_session" not in keys:
        needed += ["sso_start_url", "sso_region"]
    missing = [key for key in needed if not keys.get(key)]
    if missing:
        return f'"{missing[0]}" is missing'
    if "sso_session" not in keys:
        return None
    try:
        session = config.sso_session(keys["sso_session"]) if config else None
    except ConfigInvalid:
        session = None
    if session is None:
        return f'the session "{show(keys["sso_session"], 64)}" is not defined, or not usable'
    if own and family == RUST:
        return f'"{own[0]}" may not stand beside "sso_session"'
    url, region = keys.get("sso_start_url"), keys.get("sso_region")
    differs = url is not None and not is_same_portal(url, session.start_url)
    if family in (BOTO3, GO) and (differs or region not in (None, session.region)):
        return 'the profile and its "sso_session" name different portals'
    return None


def account_of_arn(arn: str) -> str | None:
    """Return the account id in a role's ARN; None if the text is no such ARN."""
    found = _ARN.fullmatch(arn)
    return found.group(1) if found else None


def _sources_in_shell(environ: Mapping[str, str]) -> dict[Kind, _Source]:
    found: dict[Kind, _Source] = {}
    if all(environ.get(name) for name in KEY_VARIABLES):
        found["environment keys"] = _Source(
            "AWS_ACCESS_KEY_ID", environ.get("AWS_ACCOUNT_ID") or None
        )
    if all(environ.get(name) for name in WEB_IDENTITY_VARIABLES):
        account_id = account_of_arn(environ["AWS_ROLE_ARN"])
        found["environment web identity"] = _Source("AWS_WEB_IDENTITY_TOKEN_FILE", account_id)
    for name in CONTAINER_VARIABLES:
        if environ.get(name):
            found.setdefault("container", _Source(name, None))
    return found


def _sources_in_profile(
    profile: ProfileFact, keys: Mapping[str, str], section: Mapping[str, str]
) -> dict[Kind, _Source]:
    meant = profile.meant_account_id
    found: dict[Kind, _Source] = {}
    if assumes_role(keys):
        found["assumed role"] = _Source("role_arn", account_of_arn(keys["role_arn"]))
    elif keys.get("role_arn") and keys.get("web_identity_token_file"):
        found["web identity"] = _Source("web_identity_token_file", account_of_arn(keys["role_arn"]))
    if any(key in keys for key in SSO_KEYS):
        found["sso"] = _Source("sso_*", keys.get("sso_account_id"))
    if "aws_access_key_id" in section:
        found["credentials file"] = _Source("~/.aws/credentials", None)
    if keys.get("aws_access_key_id") and keys.get("aws_secret_access_key"):
        found["config keys"] = _Source("aws_access_key_id", keys.get("aws_account_id"))
    if keys.get("login_session"):
        found["aws login"] = _Source("login_session", None)
    if keys.get("credential_process"):
        found["program"] = _program_as_source(keys["credential_process"], meant)
    return found


def _program_as_source(command: str, own_account_id: str | None) -> _Source:
    words = process_command.split_command(command)
    name = show(words[0], 80) if words else "credential_process"
    options = process_command.own_command_options(command)
    if options is not None:
        return _Source(name, options.get("--account-id", own_account_id))
    role = process_command.aws_sso_cli_role(command)
    return _Source(name, role.account_id if role else None)
