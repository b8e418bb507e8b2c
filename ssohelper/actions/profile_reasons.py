"""Says why one profile cannot be used, in the words of `doctor`. Reads files only."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from ssohelper.actions import doctor_facts, lost_roles
from ssohelper.actions.profile_checks import ProfileChecker
from ssohelper.actions.selection import NoSessionOfProfile
from ssohelper.core import adoption
from ssohelper.core.doctor import checks, sdk_order, variables
from ssohelper.core.doctor.adopt_commands import AdoptCommands
from ssohelper.core.doctor.facts import Facts, MachineFacts
from ssohelper.core.doctor.values import check_quoted_values
from ssohelper.core.profile_origin import find_profile_origins
from ssohelper.core.profile_region import VARIABLES
from ssohelper.core.text import show
from ssohelper.core.written_roles import WrittenRole, lacks_role
from ssohelper.errors import ConfigInvalid, SsoHelperError
from ssohelper.system import installation

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.doctor.facts import ConfigFacts, ProfileFact
    from ssohelper.core.doctor.findings import Finding


# The kinds of problems that are solved once ssohelper has written the profile's command again.
_CURED_BY_WRITING_AGAIN = ("helper-missing", "helper-refuses")


def gather_facts_of_profile(app: App, name: str) -> Facts:
    """Return facts from files and shell variables about a profile and its source profiles."""
    config = doctor_facts.read_config_facts(app)
    of_credentials = tuple(one for one in config.credentials_profiles if one.name == name)
    config = config._replace(credentials_profiles=of_credentials)
    profiles = doctor_facts.read_profile_facts(config, name)
    sources = doctor_facts.read_source_profile_facts(config, profiles)
    programs = doctor_facts.find_programs_of_profiles((*profiles, *sources), app)
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
            (*profiles, *sources)
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

    `adopting.find_profile_problem` checks the profile itself. Returns "" if there is no such
    profile. If `is_named`, AWS tools get the profile's name by `--profile`, not by AWS_PROFILE.
    """
    facts = gather_facts_of_profile(app, name)
    if not facts.profiles:
        return ""
    return checks.find_problem_of_shell(facts, name, is_named=is_named)


def find_problem_that_stops_profile(app: App, name: str) -> Finding | None:
    """Return the first problem of `doctor` with which AWS tools refuse this profile, or None."""
    return _find_first_problem_that_stops_aws_tools(
        gather_facts_of_profile(app, name), checks.STOPPING
    )


def find_variables_that_stop_aws_tools(app: App) -> list[Finding]:
    """Return the findings of `doctor` on environment variables that make AWS tools fail.

    Variables that name the region are left out, because the command `use` sets the region itself.
    """
    environ = doctor_facts.copy_sdk_variables_without_secrets(app.environ)
    kept = {name: value for name, value in environ.items() if name not in VARIABLES}
    return checks.run_checks(Facts(environ=kept), variables.CHECKS)


def _find_first_problem_that_stops_aws_tools(
    facts: Facts, wanted: Iterable[checks.Check]
) -> Finding | None:
    found = checks.run_checks(facts, wanted)
    problems = (one for one in found if one.severity == "problem")
    return next((one for one in problems if one.id not in checks.NOT_STOPPING), None)


def choose_profiles_with_broken_command(app: App, names: Iterable[str]) -> frozenset[str]:
    """Return the managed profiles among `names` whose command does not run.

    Its program has moved, or refuses the arguments. Such a profile works once ssohelper has written
    its command again.
    """
    config = app.config.read()
    return frozenset(
        name
        for name in names
        if (entry := config.profile(name)) is not None
        and entry.managed
        and (found := checks.find_problem_of_profile(gather_facts_of_profile(app, name), name))
        and found.id in _CURED_BY_WRITING_AGAIN
    )


def find_reason_to_use_another_profile(app: App, name: str) -> str:
    """Return why a shell with this profile would not get the profile's role; "" if it should.

    A reason is that another tool's program is missing, or that the profile's section in
    ~/.aws/credentials is for another role.
    """
    config = app.config.read()
    check = ProfileChecker(app, config)
    programs_by_name = {one.name: one.program for one in find_profile_origins(config)}
    program = programs_by_name.get(name)
    if program is not None and not check.has_program(program):
        return f'its program "{show(program, 80)}" is missing'
    keyed = check.config_facts.credentials
    shadowed = sdk_order.find_profiles_with_other_role_in_section(config, [name], keyed)
    return adoption.OTHER_ROLE_IN_SECTION if shadowed else ""


def make_profile_not_used_error(app: App, name: str) -> ConfigInvalid:
    """Return the error for a profile with which a shell would not get the role that it names.

    Message and hint are those of `doctor`. Such profiles are those that
    `adopting.find_profiles_unfit_for_use` returns.
    """
    found = checks.find_problem_of_profile(gather_facts_of_profile(app, name), name)
    if found is not None:
        message, fix = found.message, found.fix
    else:
        checker = ProfileChecker(app, app.config.read())
        message = checker.find_reason_against_use(name)
        fix = f"see: ssohelper doctor {shlex.quote(show(name))}"
    return ConfigInvalid(f'the profile "{show(name, 80)}" is not used: {message}', hint=fix)


def explain_error_of_profile(
    app: App, name: str, error: SsoHelperError, *, is_of_provider: bool = False
) -> SsoHelperError:
    """Return the error for an unusable profile, with reason and fix from `doctor`.

    Returns `error` itself if `doctor` knows no reason. `is_of_provider`: another tool that provides
    the credentials failed. For an error in ~/.aws/config, `doctor` is only asked about values in
    quotes.
    """
    has_no_session = isinstance(error, NoSessionOfProfile)
    wanted = checks.STOPPING if is_of_provider or has_no_session else (check_quoted_values,)
    facts = gather_facts_of_profile(app, name)
    facts = facts._replace(listings=doctor_facts.load_listings(app, facts.config, ()))
    found = _find_first_problem_that_stops_aws_tools(facts, wanted)
    if found is not None:
        message = f'profile "{show(name, 80)}": {found.message}'
        return ConfigInvalid(message, hint=found.fix)
    if has_no_session:
        names = [one.name for one in (*facts.profiles, *facts.sources)]
        adopt = AdoptCommands(facts).commands_to_adopt(names)
        if adopt:
            return ConfigInvalid(
                error.message, hint=f"another tool wrote it; adopt it with: {adopt}"
            )
    return error
