"""Gathers what `doctor` checks: the config, its profiles and sessions. Sends no request."""

from __future__ import annotations

import configparser
import os
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import clocks, directory, missing_sessions
from ssohelper.core import (
    chains,
    plan_text,
    process_command,
    resolver,
    session_changes,
)
from ssohelper.core.choices import Choices, role_filter
from ssohelper.core.config_file import ConfigFile, ProfileEntry, is_chain
from ssohelper.core.config_text import REMOVE_QUOTES, ConfigText, Section
from ssohelper.core.doctor import variables
from ssohelper.core.doctor.facts import (
    ConfigFacts,
    Failure,
    MissingSessionFact,
    ProfileFact,
    SessionFact,
    TokenFact,
)
from ssohelper.core.further_portals import parse_further_portals
from ssohelper.core.model import SESSION_NAME, Role, SsoSession
from ssohelper.core.resolver import ProgramFact
from ssohelper.core.sign_in_outlook import Outlook
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid, KeyringUnavailable, LocalState, SsoHelperError
from ssohelper.system import installation, programs

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.listing import Listing

# Parsing a config of fewer bytes takes a few milliseconds, so it is not measured.
_MEASURED_BYTES = 200_000
_VARIABLES = (
    *resolver.WEB_IDENTITY_VARIABLES,
    *resolver.CONTAINER_VARIABLES,
    *variables.NAMES,
    *("AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ACCOUNT_ID"),
    *("AWS_CONFIG_FILE", "AWS_ENDPOINT_URL", "AWS_CREDENTIAL_EXPIRATION"),
)
# Variables that boto3 and the AWS CLI treat as set even if their value is empty.
_SET_IF_EMPTY = (
    *("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"),
    *resolver.PROFILE_VARIABLES,
    *variables.NAMES,
)
_SECRET_VARIABLES = (*resolver.KEY_VARIABLES, "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
_SHOWN_KEYS = ("credential_process", "role_arn", "source_profile", "credential_source")
_OWN_PROGRAMS = ("ssohelper", "ssohelper-credentials", "ssohelper.exe")


def copy_sdk_variables_without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that SDKs read, with "set" in place of each key and token.

    An empty variable is left out, unless SDKs treat it otherwise than an unset one.
    """
    found = {name: environ[name] for name in _VARIABLES if environ.get(name)}
    found |= {name: "" for name in _SET_IF_EMPTY if environ.get(name) == ""}
    return found | {name: "set" for name in _SECRET_VARIABLES if environ.get(name)}


def is_web_identity_token_file_missing(environ: Mapping[str, str]) -> bool:
    """Return whether the variables for a web identity are set, but its token file is missing."""
    role, path = (environ.get(name) for name in ("AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE"))
    return bool(role and path) and not os.path.exists(path or "")


def find_missing_web_identity_token_files(
    config: ConfigFacts, profiles: Iterable[ProfileFact]
) -> frozenset[str]:
    """Return the paths in the profiles' `web_identity_token_file` at which no file exists."""
    every = [one.entry.keys for one in profiles] + list(config.credentials.values())
    paths = {keys.get("web_identity_token_file", "") for keys in every} - {""}
    return frozenset(path for path in paths if not os.path.exists(path))


# -- reading the config and the credentials file -----------------------------------------------


def read_config_facts(app: App) -> ConfigFacts:
    """Return the content of ~/.aws/config and ~/.aws/credentials, or why they cannot be read."""
    locations = app.locations
    facts = ConfigFacts(
        path=os.fspath(locations.aws_config_file),
        credentials_path=os.fspath(locations.aws_credentials_file),
    )
    try:
        found = app.makers.make_user_file(locations.aws_config_file).read()
        facts = facts._replace(data=found.data, is_missing=found.mark is None)
        if found.mark is None and os.path.islink(facts.path):
            facts = facts._replace(broken_link=os.readlink(facts.path))
        file = app.config.read()
        facts = facts._replace(file=file, data=file.text.data)  # shares one copy of up to 4 MB
    except SsoHelperError as error:
        facts = facts._replace(failure=Failure.of_error(error))
    try:
        data = app.makers.make_user_file(locations.aws_credentials_file).read().data
        sections = ConfigText(data, facts.credentials_path).sections
        keys = {name: resolver.hide_secrets(one.values()) for name, one in sections.items()}
        return facts._replace(
            credentials=keys,
            credentials_profiles=_read_profiles_of_credentials_file(facts.file, sections),
        )
    except SsoHelperError as error:
        return facts._replace(credentials_failure=Failure.of_error(error))


def _read_profiles_of_credentials_file(
    config: ConfigFile | None, sections: Mapping[str, Section]
) -> tuple[ProfileFact, ...]:
    """Return the profiles that only ~/.aws/credentials has, with "set" for possible secrets."""
    if config is None:
        return ()
    found = []
    for name, section in sections.items():
        if config.profile(name) is None:
            keys = {
                key: value if key in _SHOWN_KEYS else "set"
                for key, value in section.values().items()
                if value
            }
            found.append(ProfileFact(ProfileEntry(name, keys, False, section.line + 1, name)))
    return tuple(found)


def measure_config_parsing_time(config: ConfigFacts) -> ConfigFacts:
    """Add the CPU seconds that configparser, which botocore uses, needs to read the config.

    A small config, and one that AWS tools cannot read, are not measured.
    """
    if config.file is None or len(config.data) <= _MEASURED_BYTES:
        return config
    began = time.thread_time()
    configparser.RawConfigParser().read_string(config.data.decode())
    return config._replace(parse_seconds=time.thread_time() - began)


# -- gathering facts about profiles ------------------------------------------------------------


def read_profile_facts(facts: ConfigFacts, only_name: str | None = None) -> list[ProfileFact]:
    """Return the profiles of the config, or the one named `only_name`."""
    config = facts.file
    if config is None:
        return []
    entries = config.profiles() if only_name is None else [config.profile(only_name)]
    return [_make_profile_fact(config, entry) for entry in entries if entry is not None]


def _make_profile_fact(config: ConfigFile, entry: ProfileEntry) -> ProfileFact:
    try:
        config.region(entry)
        if is_chain(entry):
            chain = chains.find_chain(config, entry)
            if chain is not None:
                account_id = chain.assumed_role.account_id
                return ProfileFact(entry, None, account_id, root=chain.target)
            role = resolver.role_of_arn(entry.keys["role_arn"])
            return ProfileFact(entry, None, role.account_id if role else None)
        target = config.target(entry)
    except ConfigInvalid as error:
        return ProfileFact(entry, failure=Failure.of_error(error))
    return ProfileFact(entry, target, target.role.account_id if target else None)


def read_source_profile_facts(
    facts: ConfigFacts, profiles: Iterable[ProfileFact]
) -> list[ProfileFact]:
    """Return the source profiles through which these profiles assume their roles, each once."""
    config = facts.file
    if config is None:
        return []
    resolving = resolver.Resolver(config, facts.credentials)
    names = {name: None for one in profiles for name in resolving.resolve(one.name).sources}
    entries = [entry for name in names if (entry := config.profile(name)) is not None]
    return [_make_profile_fact(config, entry) for entry in entries]


def find_programs_of_profiles(
    config: ConfigFacts,
    profiles: Iterable[ProfileFact],
    app: App,
    own_command: str | None = None,
) -> dict[str, ProgramFact]:
    """Return the programs that `credential_process` runs in these profiles, by their name there.

    `own_command` is the command that this installation writes to profiles; its program is included.
    """
    commands = {one.entry.keys.get("credential_process", "") for one in profiles}
    commands |= {one.get("credential_process", "") for one in config.credentials.values()}
    commands.add(own_command or "")
    words = {parts[0] for command in commands if (parts := process_command.split_command(command))}
    return {word: make_program_fact(word, app.environ) for word in words}


def make_program_fact(program: str, environ: Mapping[str, str]) -> ProgramFact:
    """Return facts about the program that is the first word of a `credential_process`."""
    is_own = os.path.basename(program.replace("\\", "/")) in _OWN_PROGRAMS
    path = programs.find_program(program, environ)
    if path is None:
        return ProgramFact(program, None, is_own)
    is_other = is_own and not installation.is_own_program(path)
    is_installed = is_other and installation.is_program_of_an_installation(path)
    return ProgramFact(
        program,
        path,
        is_own,
        installation.find_replaceable_part_of_path(path),
        is_of_another_installation=is_installed,
        only_has_our_name=is_other and not is_installed,
    )


def find_legacy_tokens(app: App, profiles: Iterable[ProfileFact]) -> list[TokenFact]:
    """Return the token files that legacy profiles read, one for each spelling of a start URL."""
    grouped: dict[str, list[str]] = defaultdict(list)
    for profile in profiles:
        if profile.target is not None and profile.target.form == "legacy":
            grouped[profile.entry.keys.get("sso_start_url", "")].append(profile.name)
    load_expiry = app.storage.legacy_tokens.load_expiry
    return [TokenFact(url, tuple(names), load_expiry(url)) for url, names in grouped.items()]


# -- gathering facts about sessions ------------------------------------------------------------


def list_unusable_sessions(app: App, facts: ConfigFacts) -> dict[str, Failure]:
    """Return the sessions of the config that no command can use, and why."""
    found = clocks.list_unusable_sessions(app) if facts.file else []
    return {one.name: Failure(one.reason, _missing_session_key_hint(app, one)) for one in found}


def _missing_session_key_hint(app: App, unusable: clocks.UnusableSession) -> str:
    """Return a hint with the config line for a missing start URL or region, if recorded."""
    recorded = missing_sessions.find_recorded_session_or_none(app, unusable.name)
    is_quoted = unusable.hint.startswith(REMOVE_QUOTES)
    if recorded is not None and not is_quoted:
        known = {"sso_region": recorded.region, "sso_start_url": recorded.start_url}
        for key, value in known.items():
            if key in unusable.reason:
                return f"write in an editor: {key} = {show(value, 200)}"
    return unusable.hint


def find_missing_sessions(
    app: App, facts: ConfigFacts, profiles: Iterable[ProfileFact]
) -> dict[str, MissingSessionFact]:
    """Return the sessions that these profiles name and the config does not define."""
    undefined = session_changes.find_undefined_sessions(facts.file) if facts.file else {}
    shown = {one.name for one in profiles}
    found = {}
    for name, users in sorted(undefined.items()):
        names = tuple(user for user in users if user in shown)
        if names:
            command = ""
            if SESSION_NAME.fullmatch(name):
                recorded = missing_sessions.find_recorded_session_or_none(app, name)
                command = missing_sessions.restore_session_command(name, recorded)
            found[name] = MissingSessionFact(names, command)
    return found


class ProfileTargets(NamedTuple):
    """The roles that have a profile, and the names of the sessions of managed profiles.

    Gathered once for all sessions: 6,000 sessions with 6,000 profiles took 50 s otherwise.
    """

    roles: Set[Role]
    managed_sessions: Set[str]

    def has_managed_profile(self, session: SsoSession) -> bool:
        """Return whether a managed profile belongs to the session."""
        return session.name in self.managed_sessions


def gather_profile_targets(
    config: ConfigFile | None, profiles: Iterable[ProfileFact]
) -> ProfileTargets:
    """Return the roles at which these profiles point, and the sessions of the managed ones."""
    roles, names = set[Role](), set[str]()
    for profile in profiles:
        if profile.target is not None:
            roles.add(profile.target.role)
            if profile.entry.managed and config is not None:
                names |= {one.name for one in config.sessions_of_target(profile.target)}
    return ProfileTargets(roles, names)


def read_session_fact(app: App, session: SsoSession, targets: ProfileTargets) -> SessionFact:
    """Return the session's facts from files. A locked keyring is not a failure of the session.

    `targets` has the roles of all profiles, except of other tools' profiles that do not work.
    """
    failure = None
    outlook, registration_ends_at = Outlook(None, "unknown", app.clock.now() + 1), None
    try:
        outlook = clocks.load_outlook(app, session)
        token = app.tokens.load_token_for_display(session)
        if token is not None and token.refresh_token is not None and token.client is not None:
            registration_ends_at = token.client.expires_at
    except KeyringUnavailable:
        pass
    except SsoHelperError as error:
        failure = Failure.of_error(error)
    listing, choices = None, Choices()
    try:
        listing, choices = directory.load_listing(app, session), app.choices.load(session.name)
    except LocalState as error:
        failure = failure or Failure.of_error(error)
    regions: Sequence[str] = (session.region,)
    with suppress(SsoHelperError):
        regions = list_regions_of_session(app, session)
    fact = SessionFact(
        session, outlook, registration_ends_at, listing, failure=failure, regions=tuple(regions)
    )
    return _add_roles_without_profile(fact, choices, targets)


def list_regions_of_session(app: App, session: SsoSession) -> list[str]:
    """Return the region of the session and those of its further portals. Raises: ConfigInvalid."""
    further = parse_further_portals(app.settings.get("regions", session=session.name))
    return [session.region, *(portal.region for portal in further)]


def load_listings(app: App, facts: ConfigFacts, known: Iterable[SessionFact]) -> dict[str, Listing]:
    """Return the saved lists of roles by session name. Lists in the facts `known` are not read."""
    found = {one.session.name: one.listing for one in known}
    for session in facts.file.sso_sessions() if facts.file else ():
        if session.name not in found:
            found[session.name] = directory.load_listing(app, session)
    return {name: listing for name, listing in found.items() if listing is not None}


def _add_roles_without_profile(
    fact: SessionFact, choices: Choices, targets: ProfileTargets
) -> SessionFact:
    """Return the session's facts with its roles that have no profile, and its saved filters."""
    listing = fact.listing
    is_managed = targets.has_managed_profile(fact.session)
    filters = plan_text.filter_options(choices)
    if listing is None:
        return fact._replace(filters=filters)
    new, left_out = _roles_without_profile_and_filtered_count(listing, choices, targets.roles)
    return fact._replace(
        new_roles=tuple(new) if is_managed else (),
        filters=filters,
        left_out=left_out,
    )


def _roles_without_profile_and_filtered_count(
    listing: Listing, choices: Choices, has_profile: Set[Role]
) -> tuple[list[str], int]:
    """Return the listed roles without a profile, and how many roles the filters leave out."""
    is_wanted, new, left_out = role_filter(choices), list[str](), 0
    for account in listing.accounts:
        for name in account.roles:
            role = Role(account.account.id, name)
            if not is_wanted(account.account, name):
                left_out += 1
            elif role not in has_profile and role not in choices.removed:
                new.append(f"{account.account.name or account.account.id}/{name}")
    return new, left_out


def find_issue_time_of_cached_credentials(app: App, profiles: Iterable[ProfileFact]) -> int | None:
    """Return when AWS issued the cached, unexpired credentials of these profiles' role."""
    for profile in profiles:
        target = profile.target
        if target is None or target.session is None:
            continue
        try:
            cached = app.credentials.load(target.session.key_of(target.role), target.session)
        except SsoHelperError:
            return None
        if cached is not None and cached.credentials.expires_at > app.clock.aws_now():
            return cached.received_at
    return None
