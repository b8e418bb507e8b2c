"""The commands that `doctor` proposes to adopt profiles of other tools. Pure."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterable
from functools import cached_property

from ssohelper.core.adoption import (
    AdoptionCandidate,
    find_adoption_candidates,
    find_session_for_legacy_profiles,
    find_unadoptable_blocks,
)
from ssohelper.core.choices import filter_for_exact_text
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor import sdk_order
from ssohelper.core.doctor.facts import Facts
from ssohelper.core.model import SsoSession
from ssohelper.core.profile_origin import NamedRole, find_profile_origins
from ssohelper.core.text import show

_MOST_ADOPTED = 3
# What each command is proposed for: the session's name, and its candidates by profile name.
_Candidates = list[tuple[SsoSession, dict[str, AdoptionCandidate]]]


class AdoptCommands:
    """Finds, once for all profiles, which session adopts each profile of another tool.

    Looking at all profiles again for each missing program took 22 s of CPU for 12,000 programs.
    """

    def __init__(self, facts: Facts) -> None:
        self._facts = facts

    def text(self, names: Iterable[str]) -> str:
        """Return the command that adopts those of the profiles that can be; "" if none can.

        Profiles of several sessions need several commands. For many profiles, the command is
        `setup`, which asks about all profiles that do not work: a part of aws-sso-cli's profiles
        cannot be adopted without the others.
        """
        grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
        for name in dict.fromkeys(names):
            if name in self._commands:
                grouped[self._commands[name]].append(name)
        return ", and ".join(_command_text(*command, of) for command, of in grouped.items())

    @cached_property
    def _commands(self) -> dict[str, tuple[str, str]]:
        """Return, for each profile that can be adopted, a command's verb and its arguments."""
        config, facts = self._facts.config.file, self._facts
        if config is None:
            return {}
        refused = sdk_order.find_profiles_with_other_role_in_section(
            config, facts.config.credentials, facts.config.credentials
        )
        left = find_unadoptable_blocks(config, refused).keys() | refused
        sessions = config.sso_sessions()
        candidates: _Candidates = []
        for session in sessions:
            listing = facts.listings.get(session.name)
            listed = frozenset(listing.roles() if listing else ())
            server = find_session_for_legacy_profiles(config, session)
            found = find_adoption_candidates(
                config, session, listed, refused, facts.listings.get(server.name)
            )
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
    ) -> tuple[str, str] | None:
        """Return the verb and arguments that adopt the profile; None if it would not work then."""
        listings = self._facts.listings
        able = [session for session, found in candidates if found[name].role is not None]
        for session in able:
            listing = listings.get(session.name)
            if listing is None or not listing.lacks_role(named.role):
                return _sync_command(config, session)
        if able or named.session_name in config.session_names():
            return None
        names_no_portal = named.start_url is None and named.session_name is None
        if names_no_portal:
            for session, _ in candidates:
                # The first `sync` lists the session's roles, and then adopts the profile if its
                # role is one of them.
                if listings.get(session.name) is None:
                    return _sync_command(config, session)
        url = "URL_OF_ITS_PORTAL" if candidates and names_no_portal else "START_URL"
        if named.start_url is not None:
            url = shlex.quote(show(named.start_url, 200))
        if named.session_name is not None:
            url += f" --session {shlex.quote(show(named.session_name, 64))}"
        return "setup", f" {url}"


def _sync_command(config: ConfigFile, session: SsoSession) -> tuple[str, str]:
    several = len(config.session_names()) > 1
    return "profile sync", f" --session {session.name}" if several else ""


def _command_text(verb: str, arguments: str, names: list[str]) -> str:
    if len(names) > _MOST_ADOPTED:
        return f"ssohelper setup{arguments}, which asks to adopt all profiles that do not work"
    words = [f"--adopt {shlex.quote(show(filter_for_exact_text(name), 80))}" for name in names]
    return f"ssohelper {verb}{arguments} {' '.join(words)}"
