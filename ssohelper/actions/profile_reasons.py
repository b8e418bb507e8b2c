"""Says why one profile cannot be used, in the words of `doctor`. Reads files only."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from ssohelper.actions import doctor_facts, lost_roles
from ssohelper.actions.profile_checks import ProfileChecker
from ssohelper.actions.selection import NoSessionOfProfile
from ssohelper.core.doctor import checks, variables
from ssohelper.core.doctor.adopt_commands import AdoptCommands
from ssohelper.core.doctor.facts import Facts, MachineFacts
from ssohelper.core.profile_region import VARIABLES
from ssohelper.core.text import show
from ssohelper.core.written_roles import WrittenRole, lacks_role
from ssohelper.errors import ConfigInvalid, SsoHelperError
from ssohelper.system import installation

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.doctor.facts import ConfigFacts, ProfileFact
    from ssohelper.core.doctor.findings import Finding


def gather_facts_of_profile(app: App, name: str) -> Facts:
    """Return facts from files and shell variables about a profile and its source profiles."""
    config = doctor_facts.read_config_facts(app)
    of_credentials = tuple(one for one in config.credentials_profiles if one.name == name)
    config = config._replace(credentials_profiles=of_credentials)
    profiles = doctor_facts.read_profile_facts(config, name)
    sources = doctor_facts.read_source_profile_facts(config, profiles)
    programs = doctor_facts.find_programs_of_profiles(config, (*profiles, *sources), app)
    command = None
    if any(one.is_own and one.path is None for one in programs.values()):
        with suppress(SsoHelperError):
            command = installation.find_profile_command(app.environ)
    return Facts(
        environ=doctor_facts.copy_sdk_variables_without_secrets(app.environ),
        config=config,
        profiles=tuple(profiles),
        sources=tuple(sources),
        programs=programs,
        machine=MachineFacts(command=command),
        chosen=name,
        missing_token_files=doctor_facts.find_missing_web_identity_token_files(
            config, (*profiles, *sources)
        ),
        written_roles=_find_written_roles(app, config, (*profiles, *sources)),
    )


def _find_written_roles(
    app: App, config: ConfigFacts, profiles: Iterable[ProfileFact]
) -> dict[str, WrittenRole]:
    if config.file is None:
        return {}
    names = [one.name for one in profiles if lacks_role(config.file, one.entry)]
    return lost_roles.find_roles_for_which_profiles_were_written(app, config.file, names)


def find_problem_of_profile_in_shell(app: App, name: str, *, is_named: bool) -> str:
    """Return why AWS tools in this shell would not get the profile's role; "" if they should.

    core.resolver checks the profile itself. Returns "" if there is no such
    profile. If `is_named`, AWS tools get the profile's name by `--profile`, not by AWS_PROFILE.
    """
    facts = gather_facts_of_profile(app, name)
    if not facts.profiles:
        return ""
    return checks.find_problem_of_shell(facts, name, is_named=is_named)


def find_variables_that_stop_aws_tools(app: App) -> list[Finding]:
    """Return the findings of `doctor` on environment variables that make AWS tools fail.

    Variables that name the region are left out, because the command `use` sets the region itself.
    """
    environ = doctor_facts.copy_sdk_variables_without_secrets(app.environ)
    kept = {name: value for name, value in environ.items() if name not in VARIABLES}
    return checks.run_checks(Facts(environ=kept), variables.CHECKS)


def make_profile_not_used_error(app: App, name: str) -> ConfigInvalid:
    """Return the error for a profile with which a shell would not get the role that it names.

    Message and hint are those of `doctor`. Such profiles are those that
    `adopting.find_unfit_profiles` returns.
    """
    found = checks.find_problem_of_profile(gather_facts_of_profile(app, name), name)
    if found is not None:
        message, fix = found.message, found.fix
    else:
        checker = ProfileChecker(app, app.config.read())
        message = checker.find_reason_against_use(name)
        fix = f"see: ssohelper doctor {shlex.quote(show(name))}"
    return ConfigInvalid(f'the profile "{show(name, 80)}" is not used: {message}', hint=fix)


def explain_error_of_profile(app: App, name: str, error: SsoHelperError) -> SsoHelperError:
    """Return the error for an unusable profile, with reason and fix from `doctor`.

    Returns `error` itself if `doctor` knows no reason.
    """
    facts = gather_facts_of_profile(app, name)
    facts = facts._replace(listings=doctor_facts.load_listings(app, facts.config, ()))
    found = checks.find_problem_of_profile(facts, name)
    # For a missing session, the error itself has the command that makes the session.
    if found is not None and found.id != "session-missing":
        return ConfigInvalid(f'profile "{show(name, 80)}": {found.message}', hint=found.fix)
    if isinstance(error, NoSessionOfProfile):
        names = [one.name for one in (*facts.profiles, *facts.sources)]
        adopt = AdoptCommands(facts).commands_to_adopt(names)
        if adopt:
            return ConfigInvalid(
                error.message, hint=f"another tool wrote it; adopt it with: {adopt}"
            )
    return error
