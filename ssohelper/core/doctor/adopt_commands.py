"""Builds the commands that `doctor` proposes to adopt profiles of other tools. Pure."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property
from typing import NamedTuple

from ssohelper.core import resolver
from ssohelper.core.adoption import (
    AdoptionCandidate,
    find_adoption_candidates,
    find_stuck_profiles,
)
from ssohelper.core.choices import filter_for_exact_text
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor.facts import Facts
from ssohelper.core.model import SsoSession
from ssohelper.core.profile_origin import (
    NamedRole,
    find_aws_sso_cli_blocks,
    find_profile_origins,
)
from ssohelper.core.text import show

_MOST_ADOPTED = 3
# Each session with the profiles, by name, that it might adopt.
_Candidates = list[tuple[SsoSession, dict[str, AdoptionCandidate]]]


class _Command(NamedTuple):
    """A command of ssohelper that adopts a profile: its verb, and its arguments with a leading space.

    `makes_it_work` is False if the adopted profile would not work, as its role is not listed.
    """

    verb: str
    arguments: str
    makes_it_work: bool = True


class AdoptCommands:
    """Finds the commands that adopt profiles of other tools, once for all profiles.

    Looking at all profiles again for each missing program took 22 s of CPU for 12,000 programs.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def commands_to_adopt(self, names: Iterable[str]) -> str:
        """Return the command that adopts the named profiles, if they can be adopted; "" if none can.

        Profiles of several sessions need several commands. For many profiles, the command is
        `setup`, which asks about all profiles that do not work. aws-sso-cli's profiles cannot be
        adopted without the other profiles of their block, so the command names these too.
        """
        grouped: dict[_Command, list[str]] = defaultdict(list)
        whole = dict.fromkeys(
            one for name in names for one in self._profiles_written_together.get(name, (name,))
        )
        found = [
            (name, self._commands_by_profile[name])
            for name in whole
            if name in self._commands_by_profile
        ]
        for name, command in found:
            if command.makes_it_work:
                grouped[command].append(name)
        for name, command in found:
            working = command._replace(makes_it_work=True)
            if (
                not command.makes_it_work
                and name in self._profiles_written_together
                and working in grouped
            ):
                grouped[working].append(name)
        return ", and ".join(_text_of_adopt_command(command, of) for command, of in grouped.items())

    @cached_property
    def _profiles_written_together(self) -> dict[str, tuple[str, ...]]:
        """For each profile that aws-sso-cli wrote, the names of all profiles in the same block."""
        config = self._facts.config.file
        blocks = find_aws_sso_cli_blocks(config) if config is not None else []
        return {name: block.names for block in blocks for name in block.names}

    @cached_property
    def _commands_by_profile(self) -> dict[str, _Command]:
        """For each profile that can be adopted, by name, the command that adopts the profile."""
        config, facts = self._facts.config.file, self._facts
        if config is None:
            return {}
        refused = resolver.find_profiles_with_other_role_in_section(
            config, facts.config.credentials, facts.config.credentials
        )
        left = find_stuck_profiles(config, refused).keys() | refused
        sessions = config.sso_sessions()
        candidates: _Candidates = []
        for session in sessions:
            listing = facts.listings.get(session.name)
            listed = frozenset(listing.roles() if listing else ())
            found = find_adoption_candidates(config, session, listed, refused)
            candidates.append((session, found))
        commands = {}
        for origin in find_profile_origins(config):
            if origin.named is not None and origin.name not in left:
                command = self._find_command(config, origin.name, origin.named, candidates)
                if command is not None:
                    commands[origin.name] = command
        return commands

    def _find_command(
        self, config: ConfigFile, name: str, named: NamedRole, candidates: _Candidates
    ) -> _Command | None:
        """Return the command that adopts the profile; None if there is none."""
        listings = self._facts.listings
        able = [session for session, found in candidates if found[name].role is not None]
        for session in able:
            listing = listings.get(session.name)
            if listing is None or not listing.lacks_role(named.role):
                return _profile_sync_command(config, session)
        if able:
            return _profile_sync_command(config, able[0])._replace(makes_it_work=False)
        if named.session_name in config.session_names():
            return None
        names_no_portal = named.start_url is None and named.session_name is None
        if names_no_portal:
            for session, _ in candidates:
                # The first `profile sync` lists the session's roles, and then adopts the profile if
                # its role is one of them.
                if listings.get(session.name) is None:
                    return _profile_sync_command(config, session)
        url = "URL_OF_ITS_PORTAL" if candidates and names_no_portal else "START_URL"
        if named.start_url is not None:
            url = shlex.quote(show(named.start_url, 200))
        if named.session_name is not None:
            url += f" --session {shlex.quote(show(named.session_name, 64))}"
        return _Command("setup", f" {url}")


def _profile_sync_command(config: ConfigFile, session: SsoSession) -> _Command:
    several = len(config.session_names()) > 1
    return _Command("profile sync", f" --session {session.name}" if several else "")


def _text_of_adopt_command(command: _Command, names: list[str]) -> str:
    verb, arguments, _ = command
    if len(names) > _MOST_ADOPTED:
        return f"ssohelper setup{arguments}, which asks to adopt all profiles that do not work"
    words = [f"--adopt {shlex.quote(show(filter_for_exact_text(name), 80))}" for name in names]
    return f"ssohelper {verb}{arguments} {' '.join(words)}"
