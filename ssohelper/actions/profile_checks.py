"""Finds out whether AWS tools can use a profile now. Checks each program and URL only once.

core.resolver decides by the files; this module also looks for token files of legacy profiles.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import regions
from ssohelper.core import (
    adoption,
    chains,
    process_command,
    profile_region,
    quoted_values,
    refused_values,
    resolver,
)
from ssohelper.core.adoption import AdoptionCandidate
from ssohelper.core.config_file import ConfigFile, ProfileEntry, TargetRole, is_chain
from ssohelper.core.config_text import is_quoted
from ssohelper.core.portal_address import is_portal_of
from ssohelper.core.profile_origin import TWO_ROLES
from ssohelper.core.resolver import (
    Problem,
    ProgramFact,
    Resolved,
    Resolver,
    unusable_source_text,
)
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid, SsoHelperError
from ssohelper.system import installation, programs

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.model import Role, SsoSession

# The problem of a profile whose section in ~/.aws/credentials is for another role.
OTHER_ROLE = "other-role-in-section"
_OWN_PROGRAMS = ("ssohelper", "ssohelper-credentials", "ssohelper.exe")
_PROGRAM = "credential_process"


class ProfileFact(NamedTuple):
    """A profile with the role that it points at; `failure` says why the role cannot be read.

    `meant_account_id` is the account for which the profile was written. `root` is the SSO role with
    whose credentials the profile assumes its role.
    """

    entry: ProfileEntry
    target: TargetRole | None = None
    meant_account_id: str | None = None
    failure: str = ""
    root: TargetRole | None = None

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def program_word(self) -> str:
        words = process_command.split_command(self.entry.keys.get(_PROGRAM, ""))
        return words[0] if words else ""


class ProfileChecker:
    def __init__(
        self, app: App, config: ConfigFile | None = None, more: Sequence[SsoSession] = ()
    ) -> None:
        self.app, self.config = app, config or app.config.read()
        self._known_sessions = [*self.config.sso_sessions(), *more]
        self.find_program = cache(lambda word: make_program_fact(word, app.environ))
        self.has_legacy_token = cache(
            lambda url: app.storage.legacy_tokens.has_valid_token(url, app.clock.now())
        )

    @cached_property
    def credentials(self) -> Mapping[str, Mapping[str, str]]:
        """The sections of ~/.aws/credentials, without the values of secrets; {} if unreadable."""
        try:
            return self.app.config.read_credentials_sections()
        except SsoHelperError:
            return {}

    @cached_property
    def resolver(self) -> Resolver:
        return Resolver(
            self.config,
            self.credentials,
            self.app.environ,
            self.find_program,
            lambda path: not os.path.exists(path),
        )

    @cached_property
    def shadowed_profiles(self) -> frozenset[str]:
        return resolver.find_shadowed_roles(self.config, self.credentials)

    def find_problem(self, name: str, *, with_sign_in: bool = True) -> Problem | None:
        """Without `with_sign_in`, a missing sign-in is no problem."""
        entry = self.config.profile(name)
        if entry is None:
            return None
        quoted = quoted_values.find_quoted_values(self.config, entry.header)
        if quoted:
            return Problem("quoted-value", *quoted)
        if name in self.shadowed_profiles:
            return Problem(OTHER_ROLE, adoption.OTHER_ROLE_IN_SECTION, "")
        refused = next(self.find_refused_values(entry), None)
        if refused is not None:
            return Problem("refused-value", *refused)
        answer = self.resolver.resolve(name)
        if answer.problem is not None:
            return answer.problem
        if self.make_fact(entry).target is not None and answer.source not in ("sso", "program"):
            what = "AWS tools take the profile's credentials from another source"
            return Problem("other-source", f"{what}: {answer.source}", "")
        program = self._find_last_program(answer)
        if program is not None and program.only_has_our_name:
            what = f'the profile runs another program: "{show(program.path or program.word, 200)}"'
            return Problem("helper-not-ours", _text_of_source(answer, what), "")
        return self._find_sign_in_problem(answer) if with_sign_in else None

    def _last_keys(self, answer: Resolved) -> dict[str, str]:
        return self.resolver.keys((answer.profile, *answer.sources)[-1])

    def find_refused_values(self, entry: ProfileEntry) -> Iterator[tuple[str, str]]:
        keys = entry.keys
        found = [refused_values.find_refused_value(key, value) for key, value in keys.items()]
        # An emulator takes any region.
        if keys.get("region") and "endpoint_url" not in keys and "services" not in keys:
            is_sso = self.config.target_or_none(entry) is not None
            found += [refused_values.find_unknown_region(keys["region"])] if is_sso else []
        return (one for one in found if one is not None)

    def explain_doubt(self, name: str) -> str:
        """Return why AWS tools may now fail to get this profile's role; "" if no reason is known.

        A program of another tool always counts as a reason.
        """
        problem = self.find_problem(name)
        if problem is not None:
            return problem.message
        answer = self.resolver.resolve(name)
        for source in answer.sources:
            if source in self.shadowed_profiles:
                return unusable_source_text(source, adoption.OTHER_ROLE_IN_SECTION)
            entry = self.config.profile(source)
            has_keys = self.resolver.resolve(source).source == "credentials file"
            if entry is not None and has_keys and not resolver.has_no_source(entry.keys):
                what = "AWS tools take its fixed keys before its other sources"
                return unusable_source_text(source, what)
        program = self._find_last_program(answer)
        if program is None or program.is_own:
            return ""
        what = f'only a run of "{show(program.word, 200)}" would show which credentials it gives'
        return _text_of_source(answer, what)

    def _find_last_program(self, answer: Resolved) -> ProgramFact | None:
        keys = self._last_keys(answer)
        words = process_command.split_command(keys.get(_PROGRAM, ""))
        return self.find_program(words[0]) if words and answer.last == "program" else None

    def _find_sign_in_problem(self, answer: Resolved) -> Problem | None:
        """Return why the legacy profile that gives the credentials does not work now."""
        keys = self._last_keys(answer)
        if answer.last != "sso" or "sso_session" in keys:
            return None
        right = self.find_correct_region(keys)
        if right is not None:
            what = adoption.wrong_region_text(keys.get("sso_region", ""), right)
        elif self.has_legacy_token(keys.get("sso_start_url", "")):
            return None
        else:
            what = "the sign-in for its sso_start_url is missing or has ended"
        return Problem("legacy-sign-in", _text_of_source(answer, what), "")

    def find_correct_region(self, keys: Mapping[str, str]) -> str | None:
        """Return the portal's region if a legacy profile has another one in `sso_region`."""
        url, region = keys.get("sso_start_url"), keys.get("sso_region")
        if not url or not region or is_quoted(region) or "sso_session" in keys:
            return None
        same = [one for one in self._known_sessions if is_portal_of(one, url)]
        further = [each for one in same for each in regions.list_further_portals(self.app, one)]
        is_right = not same or region in {portal.region for portal in (*same, *further)}
        return None if is_right else same[0].region

    def explain_uncertain_role(self, candidate: AdoptionCandidate) -> str:
        entry = self.config.profile(candidate.name)
        target = self.make_fact(entry).target if entry is not None else None
        if candidate.origin.why != TWO_ROLES or target is None:
            return candidate.reason
        return two_roles_text(target.role)

    def make_fact(self, entry: ProfileEntry) -> ProfileFact:
        try:
            self.config.region(entry)
            if not is_chain(entry):
                target = self.config.target(entry)
                return ProfileFact(entry, target, target.role.account_id if target else None)
            chain = chains.find_chain(self.config, entry)
        except ConfigInvalid as error:
            return ProfileFact(entry, failure=error.message)
        if chain is not None:
            return ProfileFact(entry, None, chain.assumed_role.account_id, root=chain.target)
        role = process_command.role_of_arn(entry.keys["role_arn"])
        return ProfileFact(entry, None, role.account_id if role else None)

    def find_shadow(self, name: str) -> tuple[str, str] | None:
        """Return the message and fix for a section of ~/.aws/credentials that wins over the profile."""
        entry, section = self.config.profile(name), self.credentials.get(name)
        if not section or entry is None or resolver.has_no_source(entry.keys):
            return None
        changed = resolver.find_shadowing(self.config, name, section)
        path = show(os.fspath(self.app.locations.aws_credentials_file), 200)
        where = f'the section "[{show(name, 80)}]" of {path} wins over the profile'
        text = f"{where}: {resolver.describe_answers(changed)}"
        return (text, "remove or rename that section") if changed else None

    def lacks_region(self, name: str) -> bool:
        """Return whether AWS tools know no region for this profile of the config in this shell."""
        entry = self.config.profile(name)
        return entry is not None and profile_region.lacks_region(entry.keys, self.app.environ)

    def has_second_source(self, name: str) -> bool:
        """Return whether the profile has another source of credentials than its `sso_*` keys."""
        entry = self.config.profile(name)
        named = resolver.name_sources(entry.keys) if entry is not None else ()
        return name in self.credentials or len(named) > 1


def _text_of_source(answer: Resolved, what: str) -> str:
    return unusable_source_text(answer.sources[-1], what) if answer.sources else what


def two_roles_text(taken: Role) -> str:
    return f"{TWO_ROLES}; the AWS CLI and boto3 take {show(taken.name, 64)} in {taken.account_id}"


def make_program_fact(program: str, environ: Mapping[str, str]) -> ProgramFact:
    is_own = os.path.basename(program.replace("\\", "/")) in _OWN_PROGRAMS
    path = programs.find_program(program, environ)
    if path is None:
        return ProgramFact(program, None, is_own)
    is_other = is_own and not installation.is_own_program(path)
    is_installed = is_other and installation.belongs_to_installation(path)
    is_fake = is_other and not is_installed
    replaceable = installation.find_replaceable_part(path)
    return ProgramFact(program, path, is_own, replaceable, is_installed, is_fake)


def find_broken_commands(app: App, names: Collection[str]) -> frozenset[str]:
    """Return the managed profiles among `names` that work once their command is written again."""
    checker = ProfileChecker(app)
    managed = (one.name for one in checker.config.profiles() if one.managed and one.name in names)
    problems = {name: checker.resolver.resolve(name).problem for name in managed}
    ids = ("helper-missing", "helper-refuses")
    return frozenset(name for name, found in problems.items() if found and found.id in ids)
