"""What the checks of `doctor` share: the user's AWS setup, each part read when it is first asked."""

from __future__ import annotations

import os
import shlex
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cache, cached_property
from typing import TYPE_CHECKING

from ssohelper.actions import clocks, directory, profile_edit, selection
from ssohelper.actions.profile_checks import ProfileChecker, ProfileFact
from ssohelper.core import adoption
from ssohelper.core.choices import PROCESS, filter_for_exact_text
from ssohelper.core.config_file import ConfigFile, ProfileEntry, TargetRole
from ssohelper.core.findings import Finding, join_findings
from ssohelper.core.profile_keys import identity_keys
from ssohelper.core.profile_origin import find_marked_blocks, find_profile_origins
from ssohelper.core.resolver import KEY_PAIR
from ssohelper.core.sign_in_outlook import Outlook
from ssohelper.core.text import show
from ssohelper.errors import KeyringUnavailable, LocalState, SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.listing import Listing
    from ssohelper.core.model import Role, SsoSession
    from ssohelper.core.written_roles import WrittenRole

_MOST_ADOPTED = 3


class Setup(ProfileChecker):
    """The AWS setup of this user, or what concerns the profile `chosen`.

    `chosen` is a profile's name or `[SESSION:]ACCOUNT/ROLE`. A config that AWS tools cannot read
    counts as empty; `config_error` says why.
    """

    def __init__(self, app: App, chosen: str | None = None) -> None:
        self.config_error: SsoHelperError | None = None
        try:
            config = app.config.read()
        except SsoHelperError as error:
            self.config_error = error
            config = ConfigFile.parse(b"", os.fspath(app.locations.aws_config_file))
        super().__init__(app, config)
        self.chosen, self.now = chosen, app.clock.now()
        self.outlook = cache(self._load_outlook)
        # What checks find out: whether the programs that were run gave credentials, by profile; how
        # far this machine's clock is ahead of AWS's hosts; whether the shell's rc file has our
        # lines.
        self.was_proven: dict[str, bool] = {}
        self.apart_seconds: list[float] = []
        self.has_shell_lines = False

    @property
    def proven(self) -> tuple[str, ...]:
        return tuple(name for name, has_worked in self.was_proven.items() if has_worked)

    def find(self, *checks: Callable[[Setup], Iterable[Finding]]) -> list[Finding]:
        return join_findings((one for check in checks for one in check(self)), self.adopt_command)

    # -- profiles --------------------------------------------------------------------------------

    @cached_property
    def profiles(self) -> list[ProfileFact]:
        if self.chosen is None:
            return [self.make_fact(entry) for entry in self.config.profiles()]
        entry = self.config.profile(self.chosen)
        if entry is not None:
            return [self.make_fact(entry)]
        is_readable = self.config_error is None
        return [self._make_up_profile(self.chosen)] if is_readable and not self.keys_only else []

    def _make_up_profile(self, chosen: str) -> ProfileFact:
        """Return the profile that a role without one would have. Raises: as `resolve_profile`."""
        profile = selection.resolve_profile(self.app, chosen, None)
        session, role = profile.session, profile.role
        target = TargetRole(session, session.name, role, "process", session.start_url)
        keys = {"region": session.region}
        if self.command is not None:
            keys |= identity_keys(session, role, PROCESS, self.command)
        entry = ProfileEntry(chosen, keys, managed=False, line=0, header="")
        return ProfileFact(entry, target, role.account_id)

    @cached_property
    def keys_only(self) -> list[ProfileFact]:
        """The profiles that only ~/.aws/credentials has. Their fixed keys are shown as "set"."""
        found = []
        for name, keys in self.credentials.items() if self.config_error is None else ():
            if self.chosen in (None, name) and self.config.profile(name) is None:
                shown = {**keys, **{key: "set" for key in KEY_PAIR if key in keys}}
                found.append(ProfileFact(ProfileEntry(name, shown, False, line=0, header=name)))
        return found

    @cached_property
    def examined(self) -> list[ProfileFact]:
        """The profiles, and the source profiles through which the chosen one assumes its role."""
        names = self.resolver.resolve(self.chosen).sources if self.chosen is not None else ()
        sources = (entry for one in names if (entry := self.config.profile(one)))
        return [*self.profiles, *map(self.make_fact, sources)]

    @cached_property
    def command(self) -> str | None:
        """The command that profiles should run; None if this installation has none."""
        try:
            return profile_edit.find_profile_command(self.app)
        except SsoHelperError:
            return None

    @cached_property
    def written_roles(self) -> Mapping[str, WrittenRole]:
        return self.app.config.find_written_roles(self.config)

    # -- sessions --------------------------------------------------------------------------------

    @cached_property
    def sessions(self) -> list[SsoSession]:
        """The sessions that are examined: those of the chosen profile, or all."""
        sessions = self.config.sso_sessions()
        if self.chosen is None:
            return sessions
        targets = [found for one in self.profiles if (found := one.target or one.root)]
        return [
            one for one in sessions if any(self.config.is_target_of(one, each) for each in targets)
        ]

    @cached_property
    def unusable_sessions(self) -> Mapping[str, clocks.UnusableSession]:
        if self.config_error is not None:
            return {}
        return {one.name: one for one in clocks.list_unusable_sessions(self.app)}

    @cached_property
    def listings(self) -> Mapping[str, Listing]:
        sessions = self.config.sso_sessions()
        found = {one.name: directory.load_listing(self.app, one) for one in sessions}
        return {name: listing for name, listing in found.items() if listing is not None}

    def _load_outlook(self, session: SsoSession) -> Outlook | SsoHelperError:
        """Return when a sign-in is needed, or the error of reading that, except a locked keyring."""
        try:
            return clocks.load_outlook(self.app, session)
        except KeyringUnavailable:
            return Outlook(None, "unknown", self.now + 1)
        except SsoHelperError as error:
            return error

    @cached_property
    def roles_with_profile(self) -> frozenset[Role]:
        """The roles that have a profile. Other tools' profiles that do not work do not count."""
        broken = {
            one.name
            for one in find_profile_origins(self.config)
            if one.is_legacy or self.find_problem(one.name) is not None
        }
        profiles = [one for one in self.profiles if one.name not in broken]
        return frozenset(one.target.role for one in profiles if one.target is not None)

    @cached_property
    def managed_sessions(self) -> frozenset[str]:
        # Gathered once: 6,000 sessions took 50 s otherwise.
        targets = [one.target for one in self.profiles if one.target and one.entry.managed]
        return frozenset(
            one.name for target in targets for one in self.config.sessions_of_target(target)
        )

    # -- the machine -----------------------------------------------------------------------------

    @cached_property
    def settings_error(self) -> SsoHelperError | None:
        return error_of(lambda: self.app.settings)

    @cached_property
    def state_error(self) -> SsoHelperError | None:
        return error_of(lambda: _check_state_folder(os.fspath(self.app.locations.state_folder)))

    # -- adopting --------------------------------------------------------------------------------

    def adopt_command(self, names: Iterable[str]) -> str:
        """Return the command that adopts the adoptable profiles among `names`; "" if there are
        none.

        For many profiles, and for profiles between aws-sso-cli's marks, which are adopted together,
        the command is `setup`, which asks about all profiles that do not work.
        """
        grouped = defaultdict[str, list[str]](list)
        for name in dict.fromkeys(names):
            if name in self._adoptions:
                grouped[self._adoptions[name]].append(name)
        marked = {name for block in find_marked_blocks(self.config) for name in block.names}
        texts = []
        for command, adopted in grouped.items():
            if len(adopted) > _MOST_ADOPTED or not marked.isdisjoint(adopted):
                arguments = command.removeprefix("profile sync").removeprefix("setup")
                what = "which asks to adopt all profiles that do not work"
                texts.append(f"ssohelper setup{arguments}, {what}")
            else:
                globs = map(quoted_name, map(filter_for_exact_text, adopted))
                texts.append(" --adopt ".join([f"ssohelper {command}", *globs]))
        return ", and ".join(texts)

    @cached_property
    def _adoptions(self) -> Mapping[str, str]:
        """Maps a profile that would work if adopted to the command that adopts it. Computed once:
        12,000 missing programs took 22 s otherwise.
        """
        config, refused, listings = self.config, self.shadowed_profiles, self.listings
        left = adoption.find_stuck_profiles(config, refused).keys() | refused
        sessions, names = config.sso_sessions(), config.session_names()
        candidates = {}
        for one in sessions:
            listed = listings[one.name].role_set() if one.name in listings else frozenset()
            candidates[one.name] = adoption.find_adoption_candidates(config, one, listed, refused)
        found = {}
        for origin in find_profile_origins(config):
            named = origin.named
            if named is None or origin.name in left:
                continue
            able = [one for one in sessions if candidates[one.name][origin.name].role is not None]
            fits = [
                one.name
                for one in able
                if one.name not in listings or not listings[one.name].lacks_role(named.role)
            ]
            names_no_portal = named.start_url is None and named.session_name is None
            # `profile sync` first lists the roles of a session without a list
            if names_no_portal and not able:
                fits = [one.name for one in sessions if one.name not in listings]
            if fits:
                option = f" --session {fits[0]}" if len(names) > 1 else ""
                found[origin.name] = f"profile sync{option}"
            elif not able and named.session_name not in names:
                url = "URL_OF_ITS_PORTAL" if sessions and names_no_portal else "START_URL"
                url = shlex.quote(show(named.start_url, 200)) if named.start_url else url
                if named.session_name is not None:
                    url += f" --session {shlex.quote(show(named.session_name, 64))}"
                found[origin.name] = f"setup {url}"
        return found


def error_of(get: Callable[[], object]) -> SsoHelperError | None:
    try:
        get()
    except SsoHelperError as error:
        return error
    return None


def quoted_name(name: str) -> str:
    """Return the name of a profile as a word of a command."""
    return shlex.quote(show(name, 80))


def _check_state_folder(folder: str) -> None:
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    if not os.path.isdir(folder) or not os.access(folder, os.W_OK):
        raise LocalState(
            f'"{folder}" cannot be written: neither sign-ins nor lists of roles are saved',
            hint=f"see: ls -ld {shlex.quote(folder)}",
        )
    records = os.path.join(folder, "signed-in")
    if os.path.lexists(records) and not os.path.isdir(records):
        move = f"mv {shlex.quote(records)} {shlex.quote(f'{records}.old')}"
        raise LocalState(
            f'"{records}" is not a folder: the records of sign-ins are not found',
            hint=f"move it away, then sign in again: {move}",
        )
    if sys.platform != "win32" and os.statvfs(folder).f_bavail == 0:
        raise LocalState(f'the disk of "{folder}" is full', hint="free some space")
