"""Finds out whether AWS tools can use a profile now. Checks each program and URL only once.

core.resolver decides by the files; this module also looks for token files of legacy profiles. It
runs no program.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import doctor_facts
from ssohelper.core import adoption, process_command, profile_region, quoted_values, resolver
from ssohelper.core.adoption import AdoptionCandidate
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor import checks, values
from ssohelper.core.doctor.facts import Facts
from ssohelper.core.doctor.profile_findings import two_roles_text
from ssohelper.core.profile_origin import OWN, TWO_ROLES, Origin, find_profile_origins
from ssohelper.core.resolver import Resolved, Resolver, name_sources, unusable_source_text
from ssohelper.core.text import show

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.doctor.facts import ConfigFacts, ProfileFact
    from ssohelper.core.model import SsoSession
    from ssohelper.core.resolver import ProgramFact

# The problems of a profile that end once ssohelper has written its keys or its command.
_ENDED_BY_ADOPTION = (
    *("program-missing", "program-needs-a-shell", "program-unreadable"),
    *("helper-missing", "helper-refuses", "session-missing", "sso-keys-refused", "no-source"),
)


class Problems(NamedTuple):
    """Why a profile does not work: adoption solves `solvable`, but not `lasting`. "" if it works."""

    solvable: str = ""
    lasting: str = ""

    @property
    def first(self) -> str:
        """Return the problem to show: one that adoption does not solve comes first."""
        return self.lasting or self.solvable


class ProfileChecker:
    """Finds out whether profiles work. Remembers the answer for each program and start URL."""

    def __init__(self, app: App, config: ConfigFile, more: Sequence[SsoSession] = ()) -> None:
        self._app = app
        self.config = config
        self._sessions = [*config.sso_sessions(), *more]
        self._make_program_fact = cache(
            lambda word: doctor_facts.make_program_fact(word, app.environ)
        )
        self._is_signed_in = cache(
            lambda url: app.storage.legacy_tokens.has_valid_token(url, app.clock.now())
        )

    @cached_property
    def config_facts(self) -> ConfigFacts:
        """Return the facts that `doctor` reads in ~/.aws/config and ~/.aws/credentials."""
        return doctor_facts.read_config_facts(self._app)

    @cached_property
    def resolver(self) -> Resolver:
        """The resolver for this config, this shell and the programs of this machine."""
        return Resolver(
            self.config,
            self.config_facts.credentials,
            self._app.environ,
            self._make_program_fact,
            lambda path: not os.path.exists(path),
        )

    @cached_property
    def with_other_role_in_section(self) -> frozenset[str]:
        """The profiles whose section in ~/.aws/credentials is for another role."""
        keyed = self.config_facts.credentials
        return resolver.find_profiles_with_other_role_in_section(self.config, keyed, keyed)

    def find_problems(self, name: str) -> Problems:
        """Return why AWS tools cannot get the profile's role now."""
        found = self.find_problems_in_files(name)
        if found.first:
            return found
        return Problems(self._find_problem_of_sign_in(self.resolver.resolve(name)))

    def find_problems_in_files(self, name: str) -> Problems:
        """Return what `find_problems` does, as far as no sign-in is needed to know it."""
        profile = self._read_profile(name)
        if profile is None:
            return Problems()
        quoted = list(quoted_values.find_quoted_values(self.config, profile.entry.header))
        if quoted:
            return Problems(quoted_values.quoted_values_text(quoted))
        if name in self.with_other_role_in_section:
            return Problems("", adoption.OTHER_ROLE_IN_SECTION)
        facts = Facts(config=self.config_facts, profiles=(profile,))
        refused = [
            one for one in checks.run_checks(facts, values.CHECKS) if one.severity == "problem"
        ]
        if refused:
            return Problems("", refused[0].message)
        answer = self.resolver.resolve(name)
        if answer.problem is not None:
            found = answer.problem
            is_solvable = found.id in _ENDED_BY_ADOPTION
            return Problems(found.message) if is_solvable else Problems("", found.message)
        if profile.target is not None and answer.source not in ("sso", "program"):
            what = "AWS tools take the profile's credentials from another source"
            return Problems("", f"{what}: {answer.source}")
        program = self._find_program(answer)
        is_of_nobody = program is not None and program.only_has_our_name
        return Problems("", self._find_doubt(name) if is_of_nobody else "")

    def find_reason_why_profile_may_fail(self, name: str) -> str:
        """Return why AWS tools may now fail to get this profile's role; "" if no reason is known."""
        return self.find_problems(name).first or self._find_doubt(name)

    def find_reason_against_use(self, name: str) -> str:
        """Return why a shell with this profile might not get the profile's role; "" if it should.

        A program of another tool is a reason, because only a run would show whether it works.
        """
        problem = self.find_problems(name).first
        origin = self._origins_of_profiles.get(name)
        is_of_other_tool = origin is not None and origin.program is not None and origin.tool != OWN
        return problem or ("another tool's program gives its keys" if is_of_other_tool else "")

    def _find_doubt(self, name: str) -> str:
        """Return why AWS tools may get other credentials by the profile than its keys say."""
        answer = self.resolver.resolve(name)
        for source in answer.sources:
            if source in self.with_other_role_in_section:
                return unusable_source_text(source, adoption.OTHER_ROLE_IN_SECTION)
            entry = self.config.profile(source)
            has_keys = self.resolver.resolve(source).source == "credentials file"
            if entry is not None and has_keys and not resolver.has_no_source(entry.keys):
                what = "AWS tools take its fixed keys before its other sources"
                return unusable_source_text(source, what)
        program = self._find_program(answer)
        if program is None or program.is_of_this_installation or program.path is None:
            return ""
        if not program.is_own:
            doubt = (
                f'only a run of "{show(program.word, 200)}" would show which credentials it gives'
            )
        else:
            of = (
                " of another installation of ssohelper"
                if program.is_of_another_installation
                else ""
            )
            doubt = f'the profile runs another program{of}: "{show(program.path, 200)}"'
        return unusable_source_text(answer.sources[-1], doubt) if answer.sources else doubt

    def _find_program(self, answer: Resolved) -> ProgramFact | None:
        """Return the program that gives the credentials of the profile or of its last source."""
        keys = self.resolver.keys(answer.sources[-1] if answer.sources else answer.profile)
        words = process_command.split_command(keys.get("credential_process", ""))
        return self._make_program_fact(words[0]) if words and answer.last == "program" else None

    def _find_problem_of_sign_in(self, answer: Resolved) -> str:
        """Return why the legacy profile that gives the credentials has no valid sign-in; or ""."""
        last = answer.sources[-1] if answer.sources else answer.profile
        keys = self.resolver.keys(last)
        if answer.last != "sso" or "sso_session" in keys:
            return ""
        problem = self._find_legacy_problem(keys)
        return unusable_source_text(last, problem) if problem and answer.sources else problem

    @cached_property
    def _origins_of_profiles(self) -> Mapping[str, Origin]:
        return {one.name: one for one in find_profile_origins(self.config)}

    def explain_uncertain_role(self, candidate: AdoptionCandidate) -> str:
        """Return why it is not sure which role AWS tools use with the profile."""
        profile = self._read_profile(candidate.name)
        target = profile.target if profile else None
        if candidate.origin.why != TWO_ROLES or target is None:
            return candidate.reason
        return two_roles_text(target.role)

    def _read_profile(self, name: str) -> ProfileFact | None:
        return next(iter(doctor_facts.read_profile_facts(self.config_facts, name)), None)

    def _find_legacy_problem(self, keys: Mapping[str, str]) -> str:
        """Return why a profile without sso-session does not work now; "" if it should work."""
        url, region = keys.get("sso_start_url", ""), keys.get("sso_region", "")
        right = adoption.find_correct_sso_region(
            keys,
            ((one, doctor_facts.list_regions_of_session(self._app, one)) for one in self._sessions),
        )
        if right is not None:
            return adoption.wrong_region_text(region, right)
        is_valid = self._is_signed_in(url)
        return "" if is_valid else "the sign-in for its sso_start_url is missing or has ended"

    def lacks_region(self, name: str) -> bool:
        """Return whether AWS tools know no region for the profile in this shell."""
        entry = self.config.profile(name)
        return profile_region.lacks_region(entry.keys if entry else {}, self._app.environ)

    def has_second_credential_source(self, name: str) -> bool:
        """Return whether the profile has another source of credentials than its `sso_*` keys."""
        entry = self.config.profile(name)
        return name in self.config_facts.credentials or (
            entry is not None and len(name_sources(entry.keys)) > 1
        )


def choose_profiles_with_broken_command(app: App, names: Iterable[str]) -> frozenset[str]:
    """Return the managed profiles among `names` whose command does not run.

    Its program has moved, or refuses the arguments. Such a profile works once ssohelper has written
    its command again.
    """
    config = app.config.read()
    resolving = ProfileChecker(app, config).resolver
    return frozenset(
        name
        for name in names
        if (entry := config.profile(name)) is not None
        and entry.managed
        and (found := resolving.resolve(name).problem) is not None
        and found.id in ("helper-missing", "helper-refuses")
    )


def find_reason_to_use_another_profile(app: App, name: str) -> str:
    """Return why a shell with this profile would not get the profile's role; "" if it should.

    A reason is that another tool's program is missing, or that the profile's section in
    ~/.aws/credentials is for another role.
    """
    checker = ProfileChecker(app, app.config.read())
    found = checker.resolver.resolve(name).problem
    if found is not None and found.id in ("program-missing", "program-needs-a-shell"):
        return found.message
    return adoption.OTHER_ROLE_IN_SECTION if name in checker.with_other_role_in_section else ""
