"""Reads chains: profiles that assume a role with the credentials of an SSO role.

Each step of a chain is assumed with the credentials of the step before. A profile names its step by
`role_arn` and `source_profile`, as all SDKs read them, or by `credential_process` with our command
and `--chain NAME`, its own name. The step is then in keys that begin with `ssohelper_`, because an
SDK would follow `role_arn` instead of running the command.

Sources: botocore's AssumeRoleProvider; STS 2011-06-15, AssumeRole; IAM user guide, "role chaining".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple, NoReturn

from ssohelper.core import process_command
from ssohelper.core.config_file import (
    ConfigFile,
    ProfileEntry,
    TargetRole,
    assumes_role,
    options_of_chain_command,
)
from ssohelper.core.model import CHAIN, Role, RoleKey, SsoSession, encoded_profile_name
from ssohelper.core.service_hosts import partition_of
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid

MOST_STEPS = 5
# If a request is signed with a role's credentials, STS issues credentials for at most an hour.
LONGEST_SECONDS = 3600
_SHORTEST_SECONDS = 900
OWN_PREFIX = "ssohelper_"
# Patterns for AssumeRole's parameters are compiled when first used: most commands need none.
_ROLE_ARN = (
    r"arn:(aws[a-z-]*):iam::([0-9]{12}):role/(?:[\x21-\x7e]{1,511}/)?([A-Za-z0-9_+=,.@-]{1,64})"
)
_EXTERNAL_ID = r"[A-Za-z0-9_+=,.@:/\\-]{2,1224}"
_SESSION_NAME = r"[A-Za-z0-9_+=,.@-]{2,64}"


class ChainStep(NamedTuple):
    """One AssumeRole request. `region` is the profile's own region, or None."""

    profile: str
    role_arn: str
    partition: str
    role: Role
    external_id: str | None
    session_name: str | None
    duration_seconds: int | None
    region: str | None


class AssumeRole(NamedTuple):
    """The parameters of the request."""

    role_arn: str
    session_name: str
    external_id: str | None = None
    duration_seconds: int | None = None


class Chain(NamedTuple):
    """The roles to assume in turn, the first with the credentials of the SSO role `target`.

    `root` is the profile that names the SSO role; it is the chain's own profile if that one's
    command names the role.
    """

    steps: tuple[ChainStep, ...]
    root: ProfileEntry
    target: TargetRole

    @property
    def name(self) -> str:
        return self.steps[-1].profile

    @property
    def assumed_role(self) -> Role:
        return self.steps[-1].role

    @property
    def role(self) -> Role:
        """The SSO role, with this chain's name in the field `chain`."""
        return self.target.role._replace(chain=encoded_profile_name(self.name))

    @property
    def id(self) -> str:
        """Return a hash that changes with the chain's roles and their request parameters."""
        from hashlib import sha256  # importing hashlib takes 2 ms; few calls need it

        content = repr((self.target.role, [tuple(step) for step in self.steps]))
        return sha256(content.encode("utf-8", "surrogateescape")).hexdigest()[:16]

    def key_of_source_role(self, key: RoleKey) -> RoleKey:
        """The role with whose credentials the last role is assumed."""
        below = self.steps[:-1]
        return key._replace(chain=encoded_profile_name(below[-1].profile) if below else "")

    def keys_of_all_roles(self, key: RoleKey) -> tuple[RoleKey, ...]:
        """The SSO role first."""
        roles = (self.target.role, *(step.role for step in self.steps))
        return tuple(RoleKey(key.session_name, role.account_id, role.name) for role in roles)

    @property
    def own_region(self) -> str | None:
        regions = [step.region for step in reversed(self.steps)]
        return next((one for one in (*regions, self.root.keys.get("region")) if one), None)

    def region(self, session: SsoSession) -> str:
        """The region in which STS is asked."""
        return self.own_region or session.region

    def check_partition(self, region: str) -> None:
        """Raise ConfigInvalid if the last role is in another partition than this region of STS."""
        partition, step = partition_of(region).name, self.steps[-1]
        if step.partition != partition:
            what = f'the role of profile "{step.profile}" is in the partition {step.partition}'
            what += f", and its region {region} is in {partition}"
            hint = "correct role_arn or region in ~/.aws/config"
            raise ConfigInvalid(f"{what}: no role is assumed across partitions", hint=hint)


def find_chain(config: ConfigFile, entry: ProfileEntry) -> Chain | None:
    """Return the profile's chain; None if it assumes no role with an SSO role's credentials.

    Raises: ConfigInvalid with file and line for a chain that cannot be used.
    """
    steps: list[tuple[ChainStep, ProfileEntry]] = []
    seen, following = [entry.name], entry
    while (found := _read_step_and_source(config, following)) is not None:
        step, below = found
        steps.append((step, following))
        if len(steps) > MOST_STEPS:
            what = f"more than {MOST_STEPS} roles on top of each other"
            _refuse_source_profile(config, entry, what)
        if isinstance(below, TargetRole):
            break
        source = _find_source_profile(config, following, below, seen) if below else None
        if source is None:
            return None
        following, below = source, None
    else:
        below = config.target(following) if steps else None
    if below is None:
        return None
    chain = Chain(tuple(step for step, _ in reversed(steps)), following, below)
    _check_chain_keys(config, steps, chain)
    return chain


def find_chain_by_key(config: ConfigFile, key: RoleKey) -> Chain:
    """Raises: ConfigInvalid if the chain is no longer in the config."""
    entry = config.profile(key.text)
    chain = find_chain(config, entry) if entry is not None else None
    session = config.sso_session(key.session_name)
    if (
        chain is None
        or session is None
        or chain.target.role != key._replace(chain="").role
        or not config.is_target_of(session, chain.target)
    ):
        name, role = show(key.text, 80), f"{key.account_id}/{key.role_name}"
        what = f'no profile "{name}" assumes a role with {role} of the session "{key.session_name}"'
        raise ConfigInvalid(what, hint=f"see: ssohelper profile show {name}")
    return chain


def find_sso_target(config: ConfigFile, entry: ProfileEntry) -> TargetRole | None:
    chain = find_chain(config, entry)
    return chain.target if chain else config.target(entry)


def find_account_id(config: ConfigFile, key: RoleKey) -> str:
    """Return the account whose credentials this key stands for. Raises: ConfigInvalid."""
    return find_chain_by_key(config, key).assumed_role.account_id if key.chain else key.account_id


def find_chain_id(config: ConfigFile, key: RoleKey) -> str:
    """Return the `Chain.id` of the key's chain; "" without a chain. Raises: ConfigInvalid."""
    return find_chain_by_key(config, key).id if key.chain else ""


def list_source_names(config: ConfigFile) -> list[tuple[str, str]]:
    """Return, for each profile with a `source_profile`, that name and the profile's own."""
    return [
        (entry.keys[key], entry.name)
        for entry in config.profiles()
        for key in ("source_profile", f"{OWN_PREFIX}source_profile")
        if key in entry.keys
    ]


def find_chain_or_none(config: ConfigFile, entry: ProfileEntry) -> Chain | None:
    try:
        return find_chain(config, entry)
    except ConfigInvalid:
        return None


def find_roles_of_profile(config: ConfigFile, entry: ProfileEntry) -> tuple[RoleKey, ...]:
    """Return the roles that AWS issues for the profile, its own role last; () if one is unknown."""
    chain = find_chain_or_none(config, entry)
    target = chain.target if chain else config.target_or_none(entry)
    if target is None:
        return ()
    key = RoleKey(target.session_name or "", target.role.account_id, target.role.name)
    return chain.keys_of_all_roles(key) if chain else (key,)


def config_keys_of_step(step: ChainStep, source: str | None) -> dict[str, str]:
    """Return the keys that a profile with a `credential_process` has for its step in a chain.

    `source` is the profile of the previous step, None if the SSO role assumes this role.
    """
    values = {
        "role_arn": step.role_arn,
        "source_profile": source,
        "external_id": step.external_id,
        "role_session_name": step.session_name,
        "duration_seconds": step.duration_seconds and str(step.duration_seconds),
    }
    return {OWN_PREFIX + key: value for key, value in values.items() if value}


def checked_chain_step(profile: str, values: Mapping[str, str], region: str | None) -> ChainStep:
    """Raises: ConfigInvalid, whose message begins with the name of the bad key and a colon."""
    arn = values.get("role_arn", "")
    found = re.fullmatch(_ROLE_ARN, arn)
    if found is None:
        hint = "the ARN of a role looks like: arn:aws:iam::001234567890:role/NAME"
        raise ConfigInvalid(f'role_arn: "{show(arn, 120)}" is not the ARN of a role', hint=hint)
    characters = "of the characters A-Z a-z 0-9 _+=,.@"
    external_id = values.get("external_id") or None
    if external_id and not re.fullmatch(_EXTERNAL_ID, external_id):
        raise ConfigInvalid(f"external_id: STS takes 2 to 1224 {characters}:/-")
    session_name = values.get("role_session_name") or None
    if session_name and not re.fullmatch(_SESSION_NAME, session_name):
        raise ConfigInvalid(f"role_session_name: STS takes 2 to 64 {characters}-")
    duration = values.get("duration_seconds") or None
    if duration and not re.fullmatch("[0-9]{1,8}", duration):
        raise ConfigInvalid(f'duration_seconds: "{show(duration, 40)}" is not a number of seconds')
    seconds = int(duration) if duration else None
    role = Role(found[2], found[3])
    return ChainStep(profile, arn, found[1], role, external_id, session_name, seconds, region)


def check_chain_duration(seconds: int | None) -> None:
    """Raises: ConfigInvalid if STS would refuse this number of seconds."""
    if seconds is not None and not _SHORTEST_SECONDS <= seconds <= LONGEST_SECONDS:
        what = f"duration_seconds: STS takes {_SHORTEST_SECONDS} to {LONGEST_SECONDS} for a role"
        hint = "leave it out: STS then issues credentials for one hour"
        what += " that is assumed with the credentials of another role"
        raise ConfigInvalid(what, hint=hint)


# -- reading the step of one profile in a chain ----------------------------------------------------


def _read_step_and_source(
    config: ConfigFile, entry: ProfileEntry
) -> tuple[ChainStep, str | TargetRole | None] | None:
    """Return the profile's step in a chain, and the step's source; None if it assumes no role.

    The source is the name of a profile, or the SSO role that the profile's own command names, or
    None for credentials of the machine or the environment.
    """
    keys = entry.keys
    if assumes_role(keys) and "web_identity_token_file" not in keys:  # as in botocore
        if "source_profile" in keys and "credential_source" in keys:
            what = "source_profile and credential_source exclude each other"
            config.refuse_key(entry, "credential_source", what)
        return _read_chain_step(config, entry, ""), keys.get("source_profile")
    options = options_of_chain_command(entry)
    if options is None:
        return None
    if options["--chain"] != entry.name:
        other = show(options["--chain"], 80)
        what = f'"--chain {other}" is in the command of another profile, "{show(entry.name, 80)}"'
        hint = "point at that profile with: credential_process = ssohelper credential-process "
        config.refuse_key(entry, "credential_process", what, hint=f"{hint}--profile {other}")
    target = config.target_of_command_options(entry, options)
    if target is None:
        what = "--chain needs --session, --account-id and --role-name too"
        config.refuse_key(entry, "credential_process", what)
    step = _read_chain_step(config, entry, OWN_PREFIX)
    source = keys.get(OWN_PREFIX + "source_profile")
    return step, source or target


def _read_chain_step(config: ConfigFile, entry: ProfileEntry, key_prefix: str) -> ChainStep:
    names = ("role_arn", "external_id", "role_session_name", "duration_seconds")
    values = {name: entry.keys.get(key_prefix + name, "") for name in names}
    try:
        if not CHAIN.fullmatch(encoded_profile_name(entry.name)):
            raise ConfigInvalid("role_arn: the profile's name is too long for a chain of roles")
        return checked_chain_step(entry.name, values, config.region(entry))
    except ConfigInvalid as error:
        key, colon, what = error.message.partition(": ")
        if not colon or key not in names:
            raise
        config.refuse_key(entry, key_prefix + key, f"{key}: {what}", hint=error.hint)


def _find_source_profile(
    config: ConfigFile, entry: ProfileEntry, source: str, visited: list[str]
) -> ProfileEntry | None:
    """Return the profile `source`, or the profile that the ssohelper command of `source` names.

    Returns None if the config lacks that profile: SDKs look for it in the credentials file too.
    """
    while True:
        if source in visited:
            if source == entry.name and "aws_access_key_id" in entry.keys:
                return None  # as in botocore: the profile assumes the role with its own static keys
            loop = " -> ".join(show(name, 80) for name in (*visited, source))
            what = f"profiles refer to each other in a loop: {loop}"
            _refuse_source_profile(config, entry, what)
        visited.append(source)
        following = config.profile(source)
        if following is None:
            return None
        options = process_command.ssohelper_options(following.keys.get("credential_process", ""))
        if assumes_role(following.keys) or options is None or "--profile" not in options:
            return following
        entry, source = following, options["--profile"]


def _check_chain_keys(
    config: ConfigFile, steps: list[tuple[ChainStep, ProfileEntry]], chain: Chain
) -> None:
    """Raise ConfigInvalid for a key that STS refuses if a role's credentials sign the request."""
    for step, entry in steps:
        if entry.keys.get("mfa_serial"):
            what = f'"mfa_serial" of profile "{show(entry.name, 80)}" is a device of an IAM user, '
            what += "but the chain starts with a role of Identity Center, which has no such device"
            hint = "remove mfa_serial; the sign-in to Identity Center asks for its own factor"
            config.refuse_key(entry, "mfa_serial", what, hint=hint)
        try:
            check_chain_duration(step.duration_seconds)
        except ConfigInvalid as error:
            prefix = "" if "role_arn" in entry.keys else OWN_PREFIX
            config.refuse_key(entry, f"{prefix}duration_seconds", error.message, hint=error.hint)
        own = None if assumes_role(entry.keys) else options_of_chain_command(entry)
        if own is not None:
            named = config.target_of_command_options(entry, own)
            if named is None or named.role != chain.target.role:
                what = f'the command of profile "{show(entry.name, 80)}" names another role than '
                what += "the one that its source profile leads to"
                config.refuse_key(entry, "credential_process", what)


def _refuse_source_profile(config: ConfigFile, entry: ProfileEntry, what: str) -> NoReturn:
    prefix = "" if "source_profile" in entry.keys else OWN_PREFIX
    config.refuse_key(entry, f"{prefix}source_profile", what)
