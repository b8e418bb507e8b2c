"""Finds profiles, sessions and the roles that profiles point at in ~/.aws/config.

Only this module decides what the sections mean. It follows botocore: the later of two sections with
the same name wins, and every section inherits the keys of [DEFAULT].
"""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from ssohelper.core import portal_address, process_command
from ssohelper.core.config_text import ConfigText, Section, section_name
from ssohelper.core.model import ACCOUNT_ID, ROLE_NAME, SESSION_NAME, Role, SsoSession
from ssohelper.core.service_hosts import checked_region
from ssohelper.core.start_url import checked_start_url, normalized_start_url
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid

if TYPE_CHECKING:
    from ssohelper.core.config_edit import Change

MANAGED_KEY = "ssohelper_managed"
# The forms of profiles that name a portal instead of a session.
LEGACY_FORM, GRANTED_FORM = "legacy", "granted"
# AWS issues a refresh token only to sign-ins that request this scope.
DEFAULT_SCOPES = ("sso:account:access",)
# botocore accepts any valid host label as a region; so does this pattern.
_REGION = re.compile(r"(?![0-9]+\Z)(?!-)[A-Za-z0-9-]{1,63}(?<!-)")
# How many profiles may refer to one another in a row by `--profile NAME`; the AWS CLI allows as
# many.
MOST_REFERENCES = 4


class ProfileEntry(NamedTuple):
    """A profile's section in ~/.aws/config. The value of a nested block is its raw text.

    `line` is the header's line number, from 1.
    """

    name: str
    keys: Mapping[str, str]
    managed: bool
    line: int
    header: str


class TargetRole(NamedTuple):
    """The role that a profile points at. `form`: process, sso, legacy, granted or aws-sso-cli.

    `session` is None if the session is not defined, or the profile belongs to no session or to
    several.
    """

    session: SsoSession | None
    session_name: str | None
    role: Role
    form: str
    start_url: str | None = None


class ConfigFile:
    """What the sections of a config mean. `addresses`: where companies' start URLs led."""

    def __init__(self, text: ConfigText, addresses: portal_address.Addresses) -> None:
        self._addresses = addresses
        self.text = text
        self._profiles: dict[str, ProfileEntry] = {}
        self._sessions: dict[str, Section] = {}
        self._checked: dict[str, SsoSession] = {}
        # Warnings about profiles and sessions that are defined twice.
        self._duplicates: list[str] = []
        self._read_sections()

    @classmethod
    def parse(
        cls,
        data: bytes,
        origin: str,
        addresses: portal_address.Addresses = portal_address.NO_ADDRESSES,
    ) -> "ConfigFile":
        """Raises: ConfigInvalid with file and line when botocore would refuse the file."""
        return cls(ConfigText(data, origin), addresses)

    @property
    def origin(self) -> str:
        return self.text.origin

    def profile(self, name: str) -> ProfileEntry | None:
        return self._profiles.get(name)

    def profiles(self) -> list[ProfileEntry]:
        return list(self._profiles.values())

    def sso_session(self, name: str) -> SsoSession | None:
        """Raises: ConfigInvalid if the session is invalid."""
        section = self._sessions.get(name)
        if section is not None and name not in self._checked:
            self._checked[name] = self._checked_session(name, section)
        return self._checked.get(name)

    def sso_sessions(self) -> list[SsoSession]:
        """Return the valid sessions. `sso_session(name)` raises an error for an invalid session."""
        for name in self._sessions:
            with suppress(ConfigInvalid):
                self.sso_session(name)
        return [self._checked[name] for name in self._sessions if name in self._checked]

    def sessions_of_portal(self, url: str) -> list[SsoSession]:
        return list(self._by_portal.get(normalized_start_url(url), ()))

    @cached_property
    def _by_portal(self) -> dict[str, list[SsoSession]]:
        # Comparing 6,000 URLs with 6,000 sessions would take a minute.
        found = defaultdict[str, list[SsoSession]](list)
        for session in self.sso_sessions():
            for key in portal_address.normalized_urls_of_portal(session):
                found[key].append(session)
        return found

    def sessions_of_target(self, target: TargetRole) -> list[SsoSession]:
        """Return the target's session; if it has only a URL, all sessions of that portal."""
        if target.form not in (LEGACY_FORM, GRANTED_FORM):
            return [target.session] if target.session else []
        return self.sessions_of_portal(target.start_url or "")

    def is_target_of(self, session: SsoSession, target: TargetRole) -> bool:
        """Return whether the target belongs to the session, which may be missing in the config."""
        if target.form not in (LEGACY_FORM, GRANTED_FORM):
            return session.name == target.session_name
        return portal_address.is_portal_of(session, target.start_url or "")

    def session_names(self) -> list[str]:
        return list(self._sessions)

    def session_header(self, name: str) -> str | None:
        section = self._sessions.get(name)
        return section.header if section else None

    def region(self, entry: ProfileEntry) -> str | None:
        """Raises: ConfigInvalid if the region is no valid host label.

        SDKs put the region into host names. ssohelper need not know the region.
        """
        region = entry.keys.get("region") or None
        if region and not _REGION.fullmatch(region):
            self.refuse_region(entry)
        return region

    def refuse_region(self, entry: ProfileEntry) -> NoReturn:
        region = show(entry.keys.get("region", ""), 60)
        what = f'the region "{region}" of profile "{show(entry.name, 80)}" is not valid'
        self.refuse_key(entry, "region", what, hint="a region looks like: eu-west-1")

    def target(self, entry: ProfileEntry) -> TargetRole | None:
        """Raises: ConfigInvalid for an invalid role."""
        seen: list[str] = []
        while True:
            found = self._target_or_name(entry)
            if not isinstance(found, str):
                return found
            if found == entry.name or found in seen:
                what = f'the profile "{found}" refers to itself'
                self.refuse_key(entry, "credential_process", what)
            seen.append(entry.name)
            following = self.profile(found)
            if following is None or len(seen) >= MOST_REFERENCES:
                why = "no such profile" if following is None else "too many references by --profile"
                self.refuse_key(entry, "credential_process", f'"--profile {found}": {why}')
            entry = following

    def target_or_none(self, entry: ProfileEntry) -> TargetRole | None:
        try:
            return self.target(entry)
        except ConfigInvalid:
            return None

    def with_changes(self, changes: "Sequence[Change]") -> bytes:
        """Raises: ConfigInvalid for what cannot be written safely."""
        from ssohelper.core.config_edit import edited_config

        return edited_config(self.text, changes)

    def warnings(self, name: str | None = None) -> list[str]:
        """Return warnings of what other tools read differently, and of a profile's ignored keys."""
        found = []
        if self.text.defaults.values():
            line = self.text.defaults.line + 1
            found.append(
                f"{self.origin}:{line}: botocore and the AWS CLI add the keys of [DEFAULT] to "
                "every section, other SDKs ignore them; the default profile is [default]"
            )
        found += self._duplicates
        entry = self.profile(name) if name is not None else None
        # A profile must not decide to which host tokens are sent.
        keys = [f'"{key}"' for key in ("endpoint_url", "services") if entry and key in entry.keys]
        if entry and keys and self.target_or_none(entry) is not None:
            of = f'of profile "{show(entry.name, 80)}"'
            found.append(f"{' and '.join(keys)} {of}: ignored for sign-in and role credentials")
        return found

    # -- reading the config's sections -----------------------------------------------------

    def _read_sections(self) -> None:
        inherited = self.text.defaults.values()
        for header, section in self.text.sections.items():
            name = header if header == "default" else section_name(header, "profile")
            if name is not None:
                # Of two sections for one profile, botocore uses the later one.
                earlier = self._profiles.pop(name, None)
                if earlier is not None:
                    self._note_duplicate("profile", name, earlier.line, section.line + 1)
                self._profiles[name] = _make_profile_entry(name, section, inherited)
            elif (name := section_name(header, "sso-session")) is not None:
                other = self._sessions.pop(name, None)
                if other is not None:
                    self._note_duplicate("session", name, other.line + 1, section.line + 1)
                self._sessions[name] = section

    def _note_duplicate(self, kind: str, name: str, earlier: int, later: int) -> None:
        what = f'the {kind} "{show(name, 80)}" exists twice, in lines {earlier} and {later}'
        self._duplicates.append(f"{self.origin}: {what}: the last one is used")

    def _checked_session(self, name: str, section: Section) -> SsoSession:
        keys = {**self.text.defaults.values(), **section.values()}
        if not SESSION_NAME.fullmatch(name):
            self.text.refuse_line(
                section.line,
                f'"{show(name, 80)}" is not a valid name for a session',
                hint="allowed are at most 64 letters, digits, dots, dashes and underscores",
            )
        checks = {"sso_start_url": checked_start_url, "sso_region": checked_region}
        for key in checks:
            if not keys.get(key):
                self.text.refuse_line(section.line, f'the session "{name}" has no "{key}"')
        for key, check in checks.items():
            try:
                keys[key] = check(keys[key])
            except ConfigInvalid as error:
                self.text.refuse_key(section, key, f"{key}: {error.message}", hint=error.hint)
        scopes = tuple(map(str.strip, keys.get("sso_registration_scopes", "").split(",")))
        scopes = tuple(filter(None, scopes)) or DEFAULT_SCOPES
        session = SsoSession(name, keys["sso_start_url"], keys["sso_region"], scopes)
        return portal_address.session_with_portal_address(session, self._addresses.get(name))

    # -- finding the role of a profile -----------------------------------------------------

    def _target_or_name(self, entry: ProfileEntry) -> TargetRole | str | None:
        keys = entry.keys
        if assumes_role(keys):
            return None
        if "sso_account_id" in keys and "sso_role_name" in keys:
            return self._sso_target(entry)
        if "granted_sso_account_id" in keys and "granted_sso_role_name" in keys:
            return self._target_by_url(entry, GRANTED_FORM, "granted_sso_")
        command = keys.get("credential_process")
        return self._target_of_command(entry, command) if command else None

    def _sso_target(self, entry: ProfileEntry) -> TargetRole | None:
        session_name = entry.keys.get("sso_session")
        if session_name is None:
            return self._target_by_url(entry, LEGACY_FORM, "sso_")
        session, role = self.sso_session(session_name), self._role_in_keys(entry, "sso_")
        return TargetRole(session, session_name, role, "sso", session and session.start_url)

    def _target_by_url(self, entry: ProfileEntry, form: str, prefix: str) -> TargetRole:
        role = self._role_in_keys(entry, prefix)
        url = entry.keys.get(f"{prefix}start_url")
        found = self.sessions_of_target(TargetRole(None, None, role, form, url))
        session = found[0] if len(found) == 1 else None
        return TargetRole(session, session and session.name, role, form, url)

    def _target_of_command(self, entry: ProfileEntry, command: str) -> TargetRole | str | None:
        options = process_command.ssohelper_options(command)
        if options is not None:
            if "--profile" in options:
                return options["--profile"]
            # core.chains finds the roles that the profile of a chain assumes.
            return None if "--chain" in options else self.target_of_command_options(entry, options)
        role = process_command.aws_sso_cli_role(command)
        # `-S` names an entry in aws-sso-cli's own configuration, so the session is unknown.
        return TargetRole(None, None, role, "aws-sso-cli") if role else None

    def target_of_command_options(
        self, entry: ProfileEntry, options: dict[str, str]
    ) -> TargetRole | None:
        """Return the role that these options name. Raises: ConfigInvalid with `entry`'s line."""
        session_name = options.get("--session")
        account_id, role_name = options.get("--account-id"), options.get("--role-name")
        if session_name is None or account_id is None or role_name is None:
            return None
        role = self._checked_role(entry, account_id, role_name)
        session = self.sso_session(session_name)
        return TargetRole(session, session_name, role, "process", session and session.start_url)

    def _role_in_keys(self, entry: ProfileEntry, prefix: str) -> Role:
        account, role = f"{prefix}account_id", f"{prefix}role_name"
        return self._checked_role(entry, entry.keys[account], entry.keys[role], account, role)

    def _checked_role(
        self,
        entry: ProfileEntry,
        account_id: str,
        name: str,
        account_key: str = "credential_process",
        role_key: str = "credential_process",
    ) -> Role:
        if not ACCOUNT_ID.fullmatch(account_id):
            what = f'"{show(account_id, 40)}" is not an account id (12 digits)'
            self.refuse_key(entry, account_key, what)
        if not ROLE_NAME.fullmatch(name):
            self.refuse_key(entry, role_key, f'"{show(name, 60)}" is not a valid role name')
        return Role(account_id, name)

    def refuse_key(
        self, entry: ProfileEntry, key: str, what: str, hint: str | None = None
    ) -> NoReturn:
        self.text.refuse_key(self.text.sections[entry.header], key, what, hint)


def assumes_role(keys: Mapping[str, str]) -> bool:
    """Return whether SDKs prefer `role_arn` to the other credential sources in these keys."""
    return bool(keys.get("role_arn")) and ("source_profile" in keys or "credential_source" in keys)


def is_chain(entry: ProfileEntry) -> bool:
    """Return whether the profile has `role_arn` with a source, or a command with --chain."""
    return assumes_role(entry.keys) or options_of_chain_command(entry) is not None


def options_of_chain_command(entry: ProfileEntry) -> dict[str, str] | None:
    command = entry.keys.get("credential_process", "")
    if " --chain" not in command:  # so most commands need not be split
        return None
    options = process_command.ssohelper_options(command)
    return options if options is not None and "--chain" in options else None


def _make_profile_entry(name: str, section: Section, inherited: Mapping[str, str]) -> ProfileEntry:
    keys = section.values()
    managed = keys.get(MANAGED_KEY, "").lower() == "true"
    if inherited:
        keys = {**inherited, **keys}
    return ProfileEntry(name, keys, managed, section.line + 1, section.header)
