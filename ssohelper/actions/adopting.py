"""Finds out whether profiles that other tools wrote work, and which of them to adopt.

This module runs no program of another tool. It sends a request to AWS only where it says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import directory, lost_roles
from ssohelper.actions.profile_checks import ProfileChecker
from ssohelper.core import adoption, profile_region
from ssohelper.core.adoption import AdoptionCandidate
from ssohelper.core.choices import filter_for_exact_text, glob_filter, has_wildcard
from ssohelper.core.config_file import ConfigFile
from ssohelper.core.doctor import sdk_order
from ssohelper.core.doctor.keys_of_profiles import credential_sources
from ssohelper.core.profile_origin import find_profile_origins
from ssohelper.core.source_profiles import find_profiles_assumed_through_each_source
from ssohelper.core.text import MANY_NAMES, shortened_name_list, show
from ssohelper.errors import RoleNotAssigned, UsageProblem

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.listing import Listing
    from ssohelper.core.model import Role, SsoSession

# How many values of --adopt fit into the command that a question shows to the user.
_MOST_PATTERNS = 3
_NOT_MANAGED = "these profiles are not managed"


class ProfileOfOtherTool(NamedTuple):
    """A profile of another tool. `problem` says why it does not work now; "" if it should work.

    `needs_ssohelper` says that the profile works only if it is adopted, or else only through the
    token file that ssohelper's sign-in writes or with a region that the user gives. `unknown` says
    why this module cannot find out whether the profile works; "" if it can. `lacks_region`: the
    profile names no region, so most commands of AWS tools fail unless the user gives one.
    `differs_by_sdk`: the profile has a second source of credentials, which some SDKs take first.
    `is_unusable`: AWS tools cannot use it now as the role that it names. `served_by` is the other
    session whose sign-in the profile uses, as a legacy profile of that session's portal. `users`
    are the profiles whose role is assumed through it.
    """

    candidate: AdoptionCandidate
    problem: str
    needs_ssohelper: bool
    unknown: str = ""
    lacks_region: bool = False
    differs_by_sdk: bool = False
    is_unusable: bool = False
    served_by: str = ""
    users: Sequence[str] = ()

    @property
    def name(self) -> str:
        """Return the profile's name."""
        return self.candidate.name

    @property
    def tool(self) -> str:
        """Return the tool that wrote the profile."""
        return self.candidate.origin.tool


def list_profiles_of_other_tools(
    app: App, session: SsoSession, listing: Listing, *, asks_aws: bool = False
) -> list[ProfileOfOtherTool]:
    """Return the profiles that other tools or the user wrote for roles of Identity Center.

    With `asks_aws`, sends AWS a request to find out whether it accepts another tool's token.
    """
    config = app.config.read()
    listed = listing.role_set()
    # During `setup` the new session is signed in already, but not in the config yet.
    check = ProfileChecker(app, config, (session,), asks_aws=asks_aws)
    # A credentials file that is not valid counts as empty here: doctor reports it.
    keyed = check.config_facts.credentials
    refused = sdk_order.find_profiles_with_other_role_in_section(config, keyed, keyed)
    users = find_profiles_assumed_through_each_source(config)
    owners = adoption.find_other_sessions_of_legacy_profiles(config, session)
    listings = load_listings_of_sessions_with_legacy_profiles(app, session)
    candidates = adoption.find_adoption_candidates(config, session, listed, refused, listings)
    found = []
    for one in candidates.values():
        owner = owners.get(one.name)
        problem = check.find_profile_problem(one.origin)
        lasting = "" if problem else check.find_problem_despite_adoption(one.name)
        if owner and one.role and not problem:
            problem = f'it uses the sign-in to "{owner.name}", which does not have its role'
        is_unusable = bool(problem or lasting)
        if one.name in refused:
            # Adopting the profile would not help, so this is said also if its program is missing.
            problem, lasting = "", adoption.OTHER_ROLE_IN_SECTION
        if not lasting and one.role and one.role not in listed and listing.is_complete:
            lasting = "the role is not in your list"
        # The listing of this session does not tell which roles another session has.
        is_served = one.name in owners and one.session_name in listings
        is_ours = bool(one.role) or one.origin.program is not None or is_served
        entry = config.profile(one.name)
        lacks_region = profile_region.lacks_region(entry.keys if entry else {}, app.environ)
        # Adoption would not help a profile that does not work under ssohelper either.
        needs_region = lacks_region and one.origin.program is None
        needs_ssohelper = (not lasting and not one.session_name) and (
            bool(problem) or needs_region or check.needs_ssohelper(one.origin)
        )
        found.append(
            ProfileOfOtherTool(
                one,
                # Adopting the profile would not end what `lasting` says, so that is shown first.
                lasting or problem,
                needs_ssohelper,
                unknown="" if problem or lasting or is_ours else check.explain_doubt(one),
                lacks_region=lacks_region,
                differs_by_sdk=one.origin.program is None
                and _has_second_credential_source(config, one.name, keyed),
                is_unusable=is_unusable,
                served_by=one.session_name if is_served else "",
                users=users.get(one.name, ()),
            )
        )
    return found


def load_listings_of_sessions_with_legacy_profiles(
    app: App, session: SsoSession
) -> dict[str, Listing]:
    """Return the saved lists of the other sessions whose sign-in legacy profiles use, by name.

    Only legacy profiles of the session's portal are meant.
    """
    others = adoption.find_other_sessions_of_legacy_profiles(app.config.read(), session)
    found = {one.name: directory.load_listing(app, one) for one in set(others.values())}
    return {name: listing for name, listing in found.items() if listing is not None}


def names_of_unusable_profiles(found: Iterable[ProfileOfOtherTool]) -> frozenset[str]:
    """Return the profiles that AWS tools cannot use now: they do not count for their roles."""
    return frozenset(one.name for one in found if one.is_unusable)


def choose_refused_profiles(found: Iterable[ProfileOfOtherTool]) -> frozenset[str]:
    """Return the profiles for which ~/.aws/credentials names another role than the config does."""
    return frozenset(
        one.name for one in found if one.candidate.reason == adoption.OTHER_ROLE_IN_SECTION
    )


def _has_second_credential_source(
    config: ConfigFile, name: str, credentials_sections: Collection[str]
) -> bool:
    """Return whether the profile has another source of credentials beside its `sso_*` keys.

    `credentials_sections` are the names of the sections of ~/.aws/credentials.
    """
    entry = config.profile(name)
    return name in credentials_sections or (
        entry is not None and len(credential_sources(entry.keys)) > 1
    )


def choose_profiles_by_globs(
    app: App, found: Sequence[ProfileOfOtherTool], globs: tuple[str, ...]
) -> frozenset[str]:
    """Return the names of the profiles of other tools that these values of --adopt match.

    Raises: UsageProblem for a name that no profile has.
    """
    check_adopt_globs(app, globs)
    return _profile_names_that_match(found, globs)


def _profile_names_that_match(
    found: Sequence[ProfileOfOtherTool], globs: tuple[str, ...]
) -> frozenset[str]:
    is_match = glob_filter(globs)
    return frozenset(
        one.name for one in found if one.name in globs or (globs and is_match(one.name))
    )


def build_adopt_patterns(
    found: Sequence[ProfileOfOtherTool], chosen: Collection[str]
) -> tuple[str, ...] | None:
    """Return the values of --adopt that adopt exactly these profiles; None if they are too many."""
    able = choose_adoptable_profiles(found)
    exact = {name: filter_for_exact_text(name) for name in able}
    left = sorted(able.difference(chosen))
    for patterns in (
        tuple(exact[name] for name in sorted(able.intersection(chosen))),
        ("*", *(f"!{exact[name]}" for name in left)),
    ):
        # Patterns ignore case, so that the name of one profile may match another one too.
        if len(patterns) <= _MOST_PATTERNS and _profile_names_that_match(
            found, patterns
        ) & able == able & set(chosen):
            return patterns
    return None


def check_adopt_globs(app: App, globs: tuple[str, ...]) -> None:
    """Raise UsageProblem if a value of --adopt without wildcards is the name of no profile."""
    for glob in list_globs_without_profile(app, globs):
        if not has_wildcard(glob):
            raise UsageProblem(
                f'no profile fits --adopt "{glob}"', hint="see: ssohelper profile list"
            )


def list_globs_without_profile(app: App, globs: tuple[str, ...]) -> list[str]:
    """Return the values of --adopt that match no profile, not even a managed one.

    That is no error for a pattern with wildcards: a script runs the same command on each machine.
    """
    names = [entry.name for entry in app.config.read().profiles()] if globs else []
    return [
        glob
        for glob in dict.fromkeys(globs)
        if not glob.startswith("!") and not any(_glob_matches(glob, name) for name in names)
    ]


def choose_adoptable_profiles(found: Iterable[ProfileOfOtherTool]) -> frozenset[str]:
    """Return the names of the profiles that can be adopted."""
    return frozenset(one.name for one in found if one.candidate.role)


def choose_profiles_that_need_ssohelper(found: Iterable[ProfileOfOtherTool]) -> frozenset[str]:
    """Return the names of the profiles that can be adopted and do not work without ssohelper."""
    return frozenset(one.name for one in found if one.candidate.role and one.needs_ssohelper)


def list_unadopted_profiles_by_aws_sso_cli_block(
    app: App, found: Sequence[ProfileOfOtherTool], adopt: Collection[str]
) -> list[list[str]]:
    """Return, for each block of profiles that aws-sso-cli rewrites, those that are not in `adopt`.

    Only for blocks of which `adopt` names some profiles, but not all: a block must be adopted as a
    whole, or not at all.
    """
    candidates = {one.name: one.candidate for one in found}
    return [
        left
        for _, left in adoption.find_partly_adopted_blocks(app.config.read(), candidates, adopt)
    ]


def drop_profiles_of_partly_named_aws_sso_cli_blocks(
    app: App, found: Sequence[ProfileOfOtherTool], adopt: Collection[str]
) -> frozenset[str]:
    """Return `adopt` without the profiles of aws-sso-cli's blocks that it names only in part."""
    candidates = {one.name: one.candidate for one in found}
    torn = adoption.find_partly_adopted_blocks(app.config.read(), candidates, adopt)
    return frozenset(adopt) - {name for block, _ in torn for name in block.names}


class RemainingMarkers(NamedTuple):
    """Why aws-sso-cli's marker lines stay in the config: profiles between them are not adopted."""

    profiles: list[str]
    reason: str


def find_remaining_aws_sso_cli_markers(
    app: App, found: Sequence[ProfileOfOtherTool], adopt: Collection[str]
) -> list[RemainingMarkers]:
    """Return the marker lines of aws-sso-cli that stay after profiles between them were adopted."""
    reasons = {one.name: one.candidate.reason for one in found}
    able = choose_adoptable_profiles(found)
    return [
        RemainingMarkers(
            others, next((reasons[name] for name in others if reasons.get(name)), _NOT_MANAGED)
        )
        for others in adoption.find_unadopted_profiles_in_blocks(
            app.config.read(), able.intersection(adopt)
        )
    ]


def partly_adopted_aws_sso_cli_block_error(left_out: Sequence[str]) -> UsageProblem:
    """Return the error for adopting only some profiles of a block of aws-sso-cli."""
    names = shortened_name_list([show(name, 80) for name in left_out], MANY_NAMES)
    return UsageProblem(
        "aws-sso-cli writes all profiles between its two marker lines again, so they are adopted "
        f"together or not at all; left out: {names}",
        hint="add a pattern for these, such as: --adopt '*'",
    )


def find_unusable_profiles_of_other_tools(app: App) -> frozenset[str]:
    """Return the profiles of other tools that do not work now, so their roles may get a new one."""
    check = ProfileChecker(app, app.config.read())
    return frozenset(
        origin.name
        for origin in find_profile_origins(check.config)
        if check.find_profile_problem(origin) or check.find_problem_despite_adoption(origin.name)
    )


def find_profiles_unfit_for_use(
    app: App, session: SsoSession, roles: Collection[Role]
) -> frozenset[str]:
    """Return the profiles of these roles with which a shell might not get its role of this session.

    `ProfileChecker.find_reason_against_use` decides, for managed profiles too. Legacy profiles that
    use the sign-in of another session of the portal are also unfit: its user may be another one.
    """
    check = ProfileChecker(app, app.config.read())
    entries = [
        entry
        for entry in check.config.profiles()
        if (target := check.config.target_or_none(entry)) is not None and target.role in roles
    ]
    unfit = frozenset(one.name for one in entries if check.find_reason_against_use(one.name))
    others = adoption.find_other_sessions_of_legacy_profiles(check.config, session)
    legacy = (entry for entry in check.config.profiles() if entry.name in others)
    return unfit | {entry.name for entry in legacy if not entry.managed}


def find_reason_role_cannot_be_used(
    app: App, session: SsoSession, role: Role, profile_names: Collection[str]
) -> RoleNotAssigned | None:
    """Return why `ssohelper use` would refuse the role: it has no profile to use, and is not listed.

    `profile_names` are the names of its profiles. Reads files only; AWS is not asked.
    """
    listing = directory.load_listing(app, session)
    if (
        listing is None
        or not directory.is_listing_recent(app, session, listing, of_this_sign_in=False)
        or not listing.lacks_role(role)
        or set(profile_names) - find_profiles_unfit_for_use(app, session, [role])
    ):
        return None
    return lost_roles.make_role_not_listed_error(session, listing, role)


def find_profile_problem(app: App, name: str) -> str:
    """Return why AWS tools may not get the profile's role by it now; "" if nothing is known.

    Asks AWS whether it accepts the token of a profile without sso-session. A program that is not
    this ssohelper is a reason too: only a run would show what it gives. For a profile that assumes
    a role, the profiles through which it does so are checked.
    """
    return ProfileChecker(app, app.config.read(), asks_aws=True).find_reason_why_profile_may_fail(
        name
    )


def find_problem_of_sign_in_or_source_profiles(app: App, name: str) -> str:
    """Return why AWS tools cannot use a legacy profile's sign-in, or source profiles; else ""."""
    check = ProfileChecker(app, app.config.read())
    return check.find_problem_of_legacy_profile(name) or check.find_problem_of_source_profiles(name)


def find_reason_to_use_another_profile(app: App, name: str) -> str:
    """Return why a shell with this profile would not get the profile's role; "" if it should.

    A reason is a program of another tool that is missing, or the profile's section in
    ~/.aws/credentials.
    """
    config = app.config.read()
    check = ProfileChecker(app, config)
    programs_by_name = {one.name: one.program for one in find_profile_origins(config)}
    program = programs_by_name.get(name)
    if program is not None and not check.has_program(program):
        return f'it runs "{show(program, 80)}", which is missing'
    keyed = check.config_facts.credentials
    shadowed = sdk_order.find_profiles_with_other_role_in_section(config, [name], keyed)
    return adoption.OTHER_ROLE_IN_SECTION if shadowed else ""


def _glob_matches(glob: str, name: str) -> bool:
    is_match: bool = glob == name or glob_filter((glob,))(name)
    return is_match
