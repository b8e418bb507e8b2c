"""Finds out whether AWS tools can use a profile now. Checks each program and URL only once.

`core.doctor.checks.find_profile_problem` checks the config's content; this module also looks for
programs on this machine and for token files of legacy profiles. It runs no program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING

from ssohelper.actions import doctor_facts, legacy_sign_ins
from ssohelper.core import adoption, process_command, profile_region, quoted_values, source_profiles
from ssohelper.core.adoption import AdoptionCandidate
from ssohelper.core.config_file import ConfigFile, assumes_role
from ssohelper.core.doctor import checks, sdk_order
from ssohelper.core.doctor.credential_sources import describe_other_identity_of_source
from ssohelper.core.doctor.keys_of_profiles import credential_sources, two_roles_text
from ssohelper.core.profile_origin import (
    OWN,
    TWO_PORTALS,
    TWO_ROLES,
    Origin,
    find_profile_origins,
)
from ssohelper.core.start_url import is_same_portal
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid
from ssohelper.system import programs

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.doctor.facts import ConfigFacts, ProfileFact, ProgramFact
    from ssohelper.core.model import SsoSession


class ProfileChecker:
    """Finds out whether profiles work. Remembers the answer for each program and start URL.

    With `asks_aws`, AWS is asked, once for each URL, whether it accepts another tool's token.
    """

    def __init__(
        self,
        app: App,
        config: ConfigFile,
        more: Sequence[SsoSession] = (),
        *,
        asks_aws: bool = False,
    ) -> None:
        self._app = app
        self.config = config
        self._sessions = sessions = [*config.sso_sessions(), *more]
        self.has_program = cache(
            lambda program: programs.find_program(program, app.environ) is not None
        )
        self._make_program_fact = cache(
            lambda word: doctor_facts.make_program_fact(word, app.environ)
        )
        self._find_legacy_token = cache(
            lambda url: legacy_sign_ins.find_legacy_token_of_url(
                app, sessions, url, asks_aws=asks_aws
            )
        )

    @cached_property
    def config_facts(self) -> ConfigFacts:
        """Return the facts that `doctor` reads in ~/.aws/config and ~/.aws/credentials."""
        return doctor_facts.read_config_facts(self._app)

    def find_reason_why_profile_may_fail(self, name: str) -> str:
        """Return why AWS tools may now fail to get this profile's role; "" if no reason is known.

        The profile's source profiles are checked by the same rule.
        """
        return self._find_problem_of_profile_itself(
            name, with_doubt=True
        ) or self.find_problem_of_source_profiles(name, with_doubt=True)

    def find_reason_against_use(self, name: str) -> str:
        """Return why a shell with this profile might not get the profile's role; "" if it should.

        A program of another tool is a reason, because only a run would show whether it works.
        """
        problem = self._find_problem_of_profile_itself(name, with_doubt=False)
        origin = self._origins_of_profiles.get(name)
        is_of_other_tool = origin is not None and origin.program is not None and origin.tool != OWN
        return problem or ("another tool's program gives its keys" if is_of_other_tool else "")

    def find_problem_of_source_profiles(self, name: str, *, with_doubt: bool = False) -> str:
        """Return why the profile's source profiles cannot assume its role; "" if they can.

        With `with_doubt`, a source profile's program that must be run to know is a reason too, and
        so is another identity than the source profile's role that would assume the role.
        """
        entry = self.config.profile(name)
        for source in source_profiles.list_source_profiles(self.config, entry) if entry else ():
            problem = self._find_problem_of_profile_itself(source.name, with_doubt=with_doubt)
            other = self._find_other_identity_of_source_profile(source.name)
            if other:
                problem = other if with_doubt else ""
            if problem:
                return source_profiles.unusable_source_text(source.name, problem)
        return ""

    def _find_other_identity_of_source_profile(self, source: str) -> str:
        profile = self._read_profile(source)
        return (
            describe_other_identity_of_source(self.config_facts, profile)
            if profile is not None
            else ""
        )

    def _find_problem_of_profile_itself(self, name: str, *, with_doubt: bool) -> str:
        origin, profile = self._origins_of_profiles.get(name), self._read_profile(name)
        problem = self.find_profile_problem(origin) if origin is not None else ""
        if profile is not None and origin is None and not _is_of_identity_center(profile):
            # A source profile may get its credentials from anywhere. Only a program can be checked.
            problem = checks.find_program_problem(profile, self._find_program(profile))
        else:
            problem = problem or self.find_problem_despite_adoption(name)
        return problem or (self.find_doubt_about_program(name) if with_doubt else "")

    @cached_property
    def _origins_of_profiles(self) -> Mapping[str, Origin]:
        return {one.name: one for one in find_profile_origins(self.config)}

    def find_problem_despite_adoption(self, name: str) -> str:
        """Return why AWS tools cannot use the profile, even after adoption; "" if they can."""
        profile = self._read_profile(name)
        if profile is None:
            return ""
        programs = self._find_program_named_ssohelper(profile)
        return checks.find_profile_problem(self.config_facts, profile, programs)

    def find_doubt_about_program(self, name: str) -> str:
        """Return why only a run would show what the profile's program gives; "" for our program."""
        profile = self._read_profile(name)
        if profile is None:
            return ""
        return checks.find_doubt_about_program(profile, self._find_program(profile))

    def explain_uncertain_role(self, candidate: AdoptionCandidate) -> str:
        """Return why it is not sure which role AWS tools use with the profile."""
        profile = self._read_profile(candidate.name)
        target = profile.target if profile else None
        if candidate.origin.why != TWO_ROLES or target is None:
            return candidate.reason
        return two_roles_text(target.role)

    def _read_profile(self, name: str) -> ProfileFact | None:
        return next(iter(doctor_facts.read_profile_facts(self.config_facts, name)), None)

    def _find_program_named_ssohelper(self, profile: ProfileFact) -> dict[str, ProgramFact]:
        """Return the profile's program by its name in the command, if it has ssohelper's name."""
        command = profile.entry.keys.get("credential_process", "")
        is_own = process_command.ssohelper_options(command) is not None
        return self._find_program(profile) if is_own else {}

    def _find_program(self, profile: ProfileFact) -> dict[str, ProgramFact]:
        """Return the program that AWS tools run for the profile, by its name in the command."""
        word = sdk_order.find_program_to_run(profile.entry.keys)
        return {word: self._make_program_fact(word)} if word is not None else {}

    def find_profile_problem(self, origin: Origin) -> str:
        """Return why the profile does not work until it is adopted; "" if it should work."""
        entry = self.config.profile(origin.name)
        header = entry.header if entry is not None else ""
        quoted = list(quoted_values.find_quoted_values(self.config, header))
        if quoted:
            return quoted_values.quoted_values_text(quoted)
        if origin.program is not None:
            is_there = self.has_program(origin.program)
            return "" if is_there else f'there is no program "{show(origin.program, 80)}"'
        keys = entry.keys if entry is not None else {}
        session_name = keys.get("sso_session")
        if session_name is None:
            return self._find_legacy_problem(keys)
        try:
            session = self.config.sso_session(session_name)
        except ConfigInvalid:
            return "the sso-session is not valid"
        if session is None:
            return "the sso-session does not exist"
        # botocore refuses a profile whose portal or region is not that of its sso-session.
        if not is_same_portal(keys.get("sso_start_url", session.start_url), session.start_url):
            return TWO_PORTALS
        own = keys.get("sso_region", session.region)
        return "" if own == session.region else adoption.wrong_region_text(own, session.region)

    def find_problem_of_legacy_profile(self, name: str) -> str:
        """Return why a profile without sso-session has no valid sign-in; "" for other profiles."""
        profile = self._read_profile(name)
        is_legacy = profile is not None and profile.target and profile.target.form == "legacy"
        return self._find_legacy_problem(profile.entry.keys) if profile and is_legacy else ""

    def _find_legacy_problem(self, keys: Mapping[str, str]) -> str:
        """Return why a profile without sso-session does not work now; "" if it should work."""
        url, region = keys.get("sso_start_url", ""), keys.get("sso_region")
        if not url and "include_profile" in keys:
            return "only aws-vault reads its include_profile, other tools do not"
        if not region:
            return "it has no sso_region"
        right = adoption.find_correct_sso_region(
            keys,
            ((one, doctor_facts.list_regions_of_session(self._app, one)) for one in self._sessions),
        )
        if right is not None:
            return adoption.wrong_region_text(region, right)
        is_valid = self._find_legacy_token(url).is_valid
        return "" if is_valid else "the sign-in for its sso_start_url is missing or has ended"

    def lacks_region(self, name: str) -> bool:
        """Return whether AWS tools know no region for the profile in this shell."""
        entry = self.config.profile(name)
        return profile_region.lacks_region(entry.keys if entry else {}, self._app.environ)

    def has_second_credential_source(self, name: str) -> bool:
        """Return whether the profile has another source of credentials than its `sso_*` keys."""
        entry = self.config.profile(name)
        return name in self.config_facts.credentials or (
            entry is not None and len(credential_sources(entry.keys)) > 1
        )

    def needs_ssohelper(self, origin: Origin) -> bool:
        """Return whether the profile does not work without ssohelper."""
        entry = self.config.profile(origin.name)
        if origin.program is not None or entry is None or "sso_session" in entry.keys:
            return False
        return self._find_legacy_token(entry.keys.get("sso_start_url", "")).is_ours


def _is_of_identity_center(profile: ProfileFact) -> bool:
    return profile.target is not None or assumes_role(profile.entry.keys)
