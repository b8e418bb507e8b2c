"""Finds out whether AWS tools can use a profile now, each program and each URL asked about once.

`core.doctor.checks.find_profile_trouble` decides by the files; this module adds the programs of this
machine and the token files of old profiles. It runs no program.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING

from ssohelper.actions import doctor_facts, legacy_sign_ins
from ssohelper.core import adoption, process_command
from ssohelper.core.adoption import AdoptionCandidate
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor import checks
from ssohelper.core.doctor.profiles import two_roles_text
from ssohelper.core.further_portals import parse_further_portals
from ssohelper.core.profile_origin import TWO_PORTALS, TWO_ROLES, Origin
from ssohelper.core.start_url import is_same_portal
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid
from ssohelper.system import programs

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.doctor.facts import ConfigFacts, ProfileFact, ProgramFact
    from ssohelper.core.model import SsoSession


class ProfileChecker:
    """Finds out, once for each program and URL, whether profiles of other tools work.

    With `asks_aws`, AWS is asked once for each URL whether it accepts the token of another tool.
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
            lambda url: legacy_sign_ins.find_token_of_url(app, sessions, url, asks_aws=asks_aws)
        )

    @cached_property
    def config_facts(self) -> ConfigFacts:
        """Return the contents of the config and of ~/.aws/credentials, as doctor reads them."""
        return doctor_facts.read_config_facts(self._app)

    def find_lasting_trouble(self, name: str) -> str:
        """Return why AWS tools cannot use the profile, adopted or not; "" if they should."""
        profile = self._read_profile(name)
        if profile is None:
            return ""
        programs = self._find_own_program(profile)
        return checks.find_profile_trouble(self.config_facts, profile, programs)

    def find_doubt_about_program(self, name: str) -> str:
        """Return why only a run would show what the profile's helper gives; "" if it is ours."""
        profile = self._read_profile(name)
        if profile is None:
            return ""
        return checks.find_doubt_about_program(profile, self._find_own_program(profile))

    def explain_doubt(self, candidate: AdoptionCandidate) -> str:
        """Return why the profile's role is in doubt, and the role that AWS tools take."""
        profile = self._read_profile(candidate.name)
        target = profile.target if profile else None
        if candidate.origin.why != TWO_ROLES or target is None:
            return candidate.reason
        return two_roles_text(target.role)

    def _read_profile(self, name: str) -> ProfileFact | None:
        return next(iter(doctor_facts.read_profile_facts(self.config_facts, name)), None)

    def _find_own_program(self, profile: ProfileFact) -> dict[str, ProgramFact]:
        """Return the profile's program by its name in the command, if it has ssohelper's name."""
        command = profile.entry.keys.get("credential_process", "")
        if process_command.own_command_options(command) is None:
            return {}
        word = process_command.split_command(command)[0]
        return {word: self._make_program_fact(word)}

    def find_profile_trouble(self, origin: Origin) -> str:
        """Return why the profile does not work until it is adopted; "" if it should work."""
        if origin.program is not None:
            is_there = self.has_program(origin.program)
            return "" if is_there else f'there is no program "{show(origin.program, 80)}"'
        entry = self.config.profile(origin.name)
        keys = entry.keys if entry is not None else {}
        session_name = keys.get("sso_session")
        if session_name is None:
            return self._find_legacy_trouble(keys)
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
        return "" if own == session.region else _region_mismatch_text(own, session.region)

    def _find_legacy_trouble(self, keys: Mapping[str, str]) -> str:
        """Return why a profile without sso-session does not work now; "" if it should work."""
        url, region = keys.get("sso_start_url", ""), keys.get("sso_region")
        if not url and "include_profile" in keys:
            return "only aws-vault reads its include_profile, other tools do not"
        if not region:
            return "it has no sso_region"
        same = [one for one in self._sessions if url and adoption.is_portal_of(one, url)]
        if same and region not in {
            known for one in same for known in self._list_session_regions(one)
        }:
            return _region_mismatch_text(region, same[0].region)
        is_valid = self._find_legacy_token(url).is_valid
        return "" if is_valid else "the sign-in for its sso_start_url is missing or has ended"

    def _list_session_regions(self, session: SsoSession) -> list[str]:
        further = parse_further_portals(self._app.settings.get("regions", session=session.name))
        return [session.region, *(portal.region for portal in further)]

    def needs_ssohelper(self, origin: Origin) -> bool:
        """Return whether the profile does not work without ssohelper."""
        entry = self.config.profile(origin.name)
        if origin.program is not None or entry is None or "sso_session" in entry.keys:
            return False
        return self._find_legacy_token(entry.keys.get("sso_start_url", "")).is_ours


def _region_mismatch_text(own: str, region: str) -> str:
    return f"its sso_region is {show(own, 40)}, but its portal is in {region}"
