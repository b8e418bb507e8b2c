"""Checks of `doctor`: managed profiles that name no role of a session any more. Pure."""

from __future__ import annotations

import shlex
from collections import defaultdict
from collections.abc import Iterator

from ssohelper.core.config_file import ConfigFile, is_chain
from ssohelper.core.doctor.facts import Facts, ProfileFact
from ssohelper.core.doctor.findings import Finding, problem, profiles_subject
from ssohelper.core.resolver import name_sources
from ssohelper.core.text import show
from ssohelper.core.written_roles import is_managed_with_other_source, lacks_role


def check_managed_profiles_without_role(facts: Facts) -> Iterator[Finding]:
    """Find managed profiles whose role cannot be read, because their keys were edited."""
    config = facts.config.file
    repaired_by_sync: dict[str, list[str]] = defaultdict(list)
    for profile in facts.profiles:
        # An account id or a role that is not valid is reported by another check.
        if config is None or profile.failure or not lacks_role(config, profile.entry):
            continue
        written = facts.written_roles.get(profile.name)
        name = shlex.quote(show(profile.name, 80))
        if written is None or written.session_name not in config.session_names():
            fix = f"ssohelper profile rm {name}, then: ssohelper profile add ACCOUNT/ROLE --name {name}"
            yield _lost_role_finding([profile.name], fix)
            continue
        listing = facts.listings.get(written.session_name)
        if listing is not None and listing.lacks_role(written.role):
            yield _lost_role_finding([profile.name], f"ssohelper profile rm {name}")
            continue
        repaired_by_sync[written.session_name].append(profile.name)
    several = config is not None and len(config.session_names()) > 1
    for session_name, names in repaired_by_sync.items():
        option = f" --session {session_name}" if several else ""
        fix = f"ssohelper profile sync{option}, which writes the earlier role"
        yield _lost_role_finding(names, fix)


def _lost_role_finding(names: list[str], fix: str) -> Finding:
    return problem(
        "role-unreadable",
        profiles_subject(names),
        "managed by ssohelper, and without a role since an edit of the keys: no SDK gets credentials",
        fix,
    )


def check_profiles_edited_to_other_sources(facts: Facts) -> Iterator[Finding]:
    """Find managed profiles whose credentials come, since an edit, from keys, a chain or a program.

    A profile that assumes a role counts only if ssohelper wrote it for an SSO role, since ssohelper
    writes profiles that assume a role too.
    """
    config = facts.config.file
    for profile in facts.profiles:
        if (
            config is None
            or profile.failure
            or not is_managed_with_other_source(config, profile.entry)
        ):
            continue
        is_known = profile.name in facts.written_roles
        if is_known or not is_chain(profile.entry):
            yield _edited_source_finding(facts, config, profile)


def _edited_source_finding(facts: Facts, config: ConfigFile, profile: ProfileFact) -> Finding:
    written, name = facts.written_roles.get(profile.name), shlex.quote(show(profile.name, 80))
    source = " and ".join(name_sources(profile.entry.keys)) or "another source"
    fix, writer = f"ssohelper profile rm {name}", "the profile is managed by ssohelper"
    if written is not None and written.session_name in config.session_names():
        role = f"{written.session_name}:{written.role.account_id}/{written.role.name}"
        writer = f"ssohelper wrote the profile for {role}"
        listing = facts.listings.get(written.session_name)
        if listing is None or not listing.lacks_role(written.role):
            fix += f", then: ssohelper profile add {role} --name {name}"
    return problem(
        "edited-role",
        profiles_subject([profile.name]),
        f"{writer}; it was edited since, and its credentials come from {source}",
        f"{fix}, or remove its line ssohelper_managed = true",
    )


CHECKS = (check_managed_profiles_without_role, check_profiles_edited_to_other_sources)
