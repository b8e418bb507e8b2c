"""Decides which credentials each SDK family takes for a profile in the present shell. Pure.

No other module decides which source of a profile an SDK takes, or which role that source is for.
`checks.find_profile_problem` says, by this module's answer, whether AWS tools can use a profile.

The profile is taken to be the one that AWS_PROFILE names. Sources: the credential providers of
botocore 1.43 (`create_credential_resolver`), JavaScript v3 (`fromNodeProviderChain`,
`resolveProfileData`), Java v2 (`AwsCredentialsProviderChain`, `ProfileCredentialsUtils`), Go v2
(`resolveCredentialChain`, `resolveCredsFromProfile`) and Rust (`profile/credentials/repr.rs`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from ssohelper.core import process_command
from ssohelper.core.config_file import ConfigFile, assumes_role
from ssohelper.core.doctor.facts import ProfileFact, ProgramFact
from ssohelper.core.session_keys import find_session_key_that_differs, keys_of_session
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
    # If AWS_PROFILE is set, the JavaScript SDK ignores the keys in the environment.
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
PROFILE_VARIABLES = ("AWS_PROFILE", "AWS_DEFAULT_PROFILE")
KEY_VARIABLES = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
KEY_PAIR = ("aws_access_key_id", "aws_secret_access_key")
# The values of `credential_source`. All SDKs but Java's require exactly this spelling.
CREDENTIAL_SOURCES = ("Environment", "Ec2InstanceMetadata", "EcsContainer")
SSO_KEYS = ("sso_session", "sso_start_url", "sso_region", "sso_account_id", "sso_role_name")
# The keys that decide what a source of credentials gives. Their values are no secrets.
_KEYS_OF_SOURCES: Mapping[Kind, tuple[str, ...]] = {
    "assumed role": ("role_arn", "source_profile", "credential_source"),
    "web identity": ("role_arn", "web_identity_token_file"),
    "sso": SSO_KEYS,
    "aws login": ("login_session",),
    "program": ("credential_process",),
}
_WORDS: Mapping[Kind, str] = {
    "assumed role": "another role",
    "web identity": "a web identity",
    "sso": "other sso_* keys",
    "credentials file": "fixed keys",
    "config keys": "fixed keys",
    "aws login": "the sign-in of aws login",
    "program": "the program",
}
_AN_ERROR = "with an error"
_SOURCE_KEYS = frozenset(key for keys in _KEYS_OF_SOURCES.values() for key in keys)
_ARN = re.compile(r"arn:[a-z0-9-]+:iam::([0-9]{12}):role/(?:.*/)?([^/]+)")
# The families that stop with an error if `role_arn` has no source of credentials beside it. Go takes
# the profile's other credentials to assume the role. JavaScript and Java ignore the key.
_REFUSING_ROLE_ALONE = (BOTO3, RUST)
ROLE_ALONE_ERROR = '"role_arn" is set without "source_profile" or "credential_source"'


class SdkCredentials(NamedTuple):
    """The credentials that one SDK family takes: `kind` and `detail` say from which source.

    The credentials are for the account `account_id` and its role `role_name`; each is None if it is
    unknown.
    """

    family: str
    kind: Kind
    detail: str
    account_id: str | None = None
    role_name: str | None = None


class _Source(NamedTuple):
    """A source of credentials: its name; the account and role of the credentials, None if unknown."""

    detail: str
    account_id: str | None = None
    role_name: str | None = None


def find_credentials_of_each_sdk(
    profile: ProfileFact,
    config: ConfigFile | None,
    section: Mapping[str, str],
    environ: Mapping[str, str],
    families: Sequence[str] = FAMILIES,
    programs: Mapping[str, ProgramFact] = {},
) -> list[SdkCredentials]:
    """Return which credentials each SDK family takes when AWS_PROFILE names this profile.

    `section` has the keys of the section of that name in ~/.aws/credentials. SDKs merge both files
    key by key, and the value in ~/.aws/credentials wins. `programs` are the known programs of
    profiles. The role of a program that only has ssohelper's name is unknown.
    """
    keys = {**profile.entry.keys, **_config_keys_of_credential_sources(section)}
    found: dict[Kind, _Source] = {
        **_sources_in_shell(environ),
        **_sources_in_profile(profile, keys, section, programs),
    }
    resolved = []
    for family in families:
        kind = next(
            (one for one in _ORDERS[family] if _family_tries_source(family, one, keys, found)), None
        )
        error = sso_keys_error(family, keys, config) if kind == "sso" else None
        if kind == "assumed role":
            error = (
                profile.failure.message if profile.failure else _assumed_role_error(family, keys)
            )
        if kind == "program" and family == BOTO3:
            error = process_command.find_syntax_error(keys["credential_process"]) or None
        if kind is None:
            resolved.append(SdkCredentials(family, "nothing", "no credentials"))
        elif error:
            resolved.append(SdkCredentials(family, "error", error))
        else:
            resolved.append(SdkCredentials(family, kind, *found[kind]))
    return resolved


def find_program_to_run(keys: Mapping[str, str]) -> str | None:
    """Return the program that boto3 runs for the profile, as `credential_process` names it, or None."""
    words = process_command.split_command(keys.get("credential_process", ""))
    is_before_program = assumes_role(keys) or "sso_account_id" in keys or "sso_role_name" in keys
    return words[0] if words and not is_before_program else None


def find_profiles_with_other_role_in_section(
    config: ConfigFile, names: Iterable[str], credentials: Mapping[str, Mapping[str, str]]
) -> frozenset[str]:
    """Return the profiles in `names` whose section in ~/.aws/credentials is for another role."""
    found = set()
    for name in names:
        entry, section = config.profile(name), credentials.get(name, {})
        if entry is not None and has_other_role_in_section(ProfileFact(entry), config, section):
            found.add(name)
    return frozenset(found)


def has_other_role_in_section(
    profile: ProfileFact, config: ConfigFile | None, section: Mapping[str, str]
) -> bool:
    """Return whether the section makes boto3 and the AWS CLI take another role or program, or fail.

    `section` has the keys of the profile's section in ~/.aws/credentials. Adopting the profile
    would not change that. Fixed keys in the section do not count: tools such as yawsso write them
    for the role of the profile.
    """
    others = {key: value for key, value in section.items() if key != "aws_access_key_id"}
    return bool(others) and any(
        one.family == BOTO3
        for one in find_credentials_that_section_changes(profile, config, others)
    )


def find_credentials_that_section_changes(
    profile: ProfileFact, config: ConfigFile | None, section: Mapping[str, str]
) -> list[SdkCredentials]:
    """Return the credentials of each SDK family that takes other ones because of this section.

    `section` has the keys of the profile's section in ~/.aws/credentials. Without the section, such
    a family would take the credentials of the profile in ~/.aws/config.
    """
    changed = {
        key
        for key, value in _config_keys_of_credential_sources(section).items()
        if value != profile.entry.keys.get(key)
    }
    pairs = zip(
        find_credentials_of_each_sdk(profile, config, {}, {}),
        find_credentials_of_each_sdk(profile, config, section, {}),
        strict=True,
    )
    return [
        after
        for before, after in pairs
        if before != after or changed.intersection(_KEYS_OF_SOURCES.get(after.kind, ()))
    ]


def describe_credentials(all_credentials: Iterable[SdkCredentials]) -> str:
    """Return a text that says what SDK families take: "Go takes a program; JavaScript takes …"."""
    families: dict[str, list[str]] = {}
    for one in all_credentials:
        families.setdefault(_describe_source(one), []).append(one.family)
    texts = []
    for source, names in families.items():
        is_one = len(names) == 1 and names[0] != BOTO3
        verb = "stop" if source.startswith(_AN_ERROR) else "take"
        texts.append(f"{', '.join(names)} {verb}{'s' if is_one else ''} {source}")
    return "; ".join(texts)


def _describe_source(credentials: SdkCredentials) -> str:
    if credentials.kind == "error":
        return f"{_AN_ERROR} ({show(credentials.detail, 200)})"
    source = _WORDS.get(credentials.kind, credentials.kind)
    if credentials.kind == "program":
        source += f' "{show(credentials.detail, 80)}"'
    if credentials.account_id is None:
        return source
    role = f", role {show(credentials.role_name, 64)}" if credentials.role_name else ""
    return f"{source} (account {show(credentials.account_id, 20)}{role})"


def has_no_key_of_credential_source(keys: Mapping[str, str]) -> bool:
    """Return whether a profile with these keys names no source of credentials."""
    return _SOURCE_KEYS.isdisjoint(keys)


def hide_secrets(section: Mapping[str, str]) -> dict[str, str]:
    """Return the keys of a section of ~/.aws/credentials; "" replaces values that may be secret."""
    return {key: value if key in _SOURCE_KEYS else "" for key, value in section.items()}


def _config_keys_of_credential_sources(section: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in section.items() if key in _SOURCE_KEYS}


def _family_tries_source(
    family: str, kind: Kind, keys: Mapping[str, str], sources: Mapping[Kind, object]
) -> bool:
    if kind == "sso" and family == BOTO3:
        return "sso_account_id" in keys or "sso_role_name" in keys
    if kind == "program" and family == BOTO3:
        return "credential_process" in keys
    if kind == "assumed role" and _has_role_arn_without_source(keys):
        return family in _REFUSING_ROLE_ALONE or (family == GO and bool(keys["role_arn"]))
    return kind in sources


def _has_role_arn_without_source(keys: Mapping[str, str]) -> bool:
    """Return whether `role_arn` has no source of credentials, so that SDKs treat it differently."""
    return "role_arn" in keys and "web_identity_token_file" not in keys and not assumes_role(keys)


def _assumed_role_error(family: str, keys: Mapping[str, str]) -> str | None:
    if _has_role_arn_without_source(keys):
        return ROLE_ALONE_ERROR if family in _REFUSING_ROLE_ALONE else None
    source = keys.get("credential_source", "")
    is_known = source in CREDENTIAL_SOURCES or "source_profile" in keys
    return None if is_known or family == JAVA else credential_source_error(source)


def credential_source_error(source: str) -> str:
    """Return the error for a `credential_source` that SDKs other than Java's do not know."""
    return (
        f'credential_source is "{show(source, 60)}", which boto3, the AWS CLI and most SDKs refuse'
    )


def sso_keys_error(family: str, keys: Mapping[str, str], config: ConfigFile | None) -> str | None:
    """Return why this SDK family refuses the profile's `sso_*` keys; None if it accepts the keys."""
    if family == BOTO3 and config is not None:
        # Only botocore adds the keys of the session's section to the profile's keys.
        keys = keys_of_session(config, keys.get("sso_session", "")) | dict(keys)
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
    differing = find_session_key_that_differs(config, keys) if family == BOTO3 and config else None
    return differing.difference_text if differing else None


def fix_of_sso_keys_error(error: str, keys: Mapping[str, str], config: ConfigFile | None) -> str:
    """Return how to correct what `sso_keys_error` reported; "" if only the user can know."""
    differing = find_session_key_that_differs(config, keys) if config else None
    return (
        differing.fix_text if differing is not None and differing.difference_text == error else ""
    )


def account_of_arn(arn: str) -> str | None:
    """Return the account id in a role's ARN; None if the text is no such ARN."""
    return _source_of_arn("", arn).account_id


def _source_of_arn(detail: str, arn: str) -> _Source:
    found = _ARN.fullmatch(arn)
    return _Source(detail, *found.groups()) if found else _Source(detail)


def _sources_in_shell(environ: Mapping[str, str]) -> dict[Kind, _Source]:
    found: dict[Kind, _Source] = {}
    if all(environ.get(name) for name in KEY_VARIABLES):
        found["environment keys"] = _Source(
            "AWS_ACCESS_KEY_ID", environ.get("AWS_ACCOUNT_ID") or None
        )
    if all(environ.get(name) for name in WEB_IDENTITY_VARIABLES):
        found["environment web identity"] = _source_of_arn(
            "AWS_WEB_IDENTITY_TOKEN_FILE", environ["AWS_ROLE_ARN"]
        )
    for name in CONTAINER_VARIABLES:
        if environ.get(name):
            found.setdefault("container", _Source(name))
    return found


def _sources_in_profile(
    profile: ProfileFact,
    keys: Mapping[str, str],
    section: Mapping[str, str],
    programs: Mapping[str, ProgramFact],
) -> dict[Kind, _Source]:
    found: dict[Kind, _Source] = {}
    if assumes_role(keys) or _has_role_arn_without_source(keys):
        found["assumed role"] = _source_of_arn("role_arn", keys["role_arn"])
    elif keys.get("role_arn") and keys.get("web_identity_token_file"):
        found["web identity"] = _source_of_arn("web_identity_token_file", keys["role_arn"])
    if any(key in keys for key in SSO_KEYS):
        found["sso"] = _Source("sso_*", keys.get("sso_account_id"), keys.get("sso_role_name"))
    if "aws_access_key_id" in section:
        found["credentials file"] = _Source("~/.aws/credentials")
    if keys.get("aws_access_key_id") and keys.get("aws_secret_access_key"):
        found["config keys"] = _Source("aws_access_key_id", keys.get("aws_account_id"))
    if keys.get("login_session"):
        found["aws login"] = _Source("login_session")
    if keys.get("credential_process"):
        found["program"] = _program_as_source(
            keys["credential_process"], profile.meant_account_id, programs
        )
    return found


def _program_as_source(
    command: str, own_account_id: str | None, programs: Mapping[str, ProgramFact]
) -> _Source:
    words = process_command.split_command(command)
    name = show(words[0], 80) if words else "credential_process"
    options = process_command.ssohelper_options(command)
    program = programs.get(words[0]) if words else None
    if options is not None:
        if program is not None and program.only_has_our_name:
            return _Source(name)
        return _Source(
            name, options.get("--account-id", own_account_id), options.get("--role-name")
        )
    role = process_command.aws_sso_cli_role(command)
    return _Source(name, role.account_id, role.name) if role else _Source(name)
