"""Finds out which profiles of other tools work, and which of them ssohelper can adopt.

This module runs no program of another tool. It sends a request to AWS only with `asks_aws`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import directory, lost_roles
from ssohelper.actions.profile_checks import Problems, ProfileChecker
from ssohelper.core import adoption
from ssohelper.core.adoption import AdoptionCandidate
from ssohelper.core.choices import filter_for_exact_text, glob_filter, has_wildcard
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
    `is_unusable`: AWS tools cannot get the profile's role now. `served_by`: the name of the other
    session of the same portal whose sign-in this legacy profile uses. `users`: the profiles that
    assume a role with this profile's credentials.
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
    examiner = _CandidateExaminer(app, session, listing, asks_aws=asks_aws)
    return [examiner.examine_candidate(one) for one in examiner.candidates]


class _CandidateExaminer:
    """Finds the problems of each candidate, now and after its adoption.

    Reads what it needs for all of them once, when it is made.
    """

    def __init__(
        self, app: App, session: SsoSession, listing: Listing, *, asks_aws: bool = False
    ) -> None:
        config = app.config.read()
        # During `setup` the new session is signed in already, but not in the config yet.
        self._checker = checker = ProfileChecker(app, config, (session,), asks_aws=asks_aws)
        self._listing, self._listed_roles = listing, listing.role_set()
        self._users_of_profile = find_profiles_assumed_through_each_source(config)
        self._other_session_of_profile = adoption.find_other_sessions_of_legacy_profiles(
            config, session
        )
        self._listings = load_listings_of_sessions_with_legacy_profiles(app, session)
        self.candidates = adoption.find_adoption_candidates(
            config,
            session,
            self._listed_roles,
            checker.with_other_role_in_section,
            self._listings,
        ).values()

    def examine_candidate(self, one: AdoptionCandidate) -> ProfileOfOtherTool:
        """Return the profile with the problems that it has now or would have after adoption."""
        now = self._find_problems_now(one)
        found = self._choose_problems_to_report(one, now)
        # The other session's own list of roles says whether that session has the role.
        is_served = (
            one.name in self._other_session_of_profile and one.session_name in self._listings
        )
        is_ours = bool(one.role) or one.origin.program is not None or is_served
        lacks_region = self._checker.lacks_region(one.name)
        return ProfileOfOtherTool(
            one,
            found.first,
            self._needs_ssohelper(one, found, lacks_region=lacks_region),
            unknown="" if found.first or is_ours else self._checker.explain_uncertain_role(one),
            lacks_region=lacks_region,
            differs_by_sdk=one.origin.program is None
            and self._checker.has_second_credential_source(one.name),
            is_unusable=bool(now.first),
            served_by=one.session_name if is_served else "",
            users=self._users_of_profile.get(one.name, ()),
        )

    def _find_problems_now(self, one: AdoptionCandidate) -> Problems:
        """Return why AWS tools cannot get the profile's role now."""
        found = self._checker.find_problems(one.name)
        owner = self._other_session_of_profile.get(one.name)
        if owner and one.role and not found.solvable:
            problem = (
                f'the profile uses the sign-in to "{owner.name}", which does not have this role'
            )
            return found._replace(solvable=problem)
        return found

    def _choose_problems_to_report(self, one: AdoptionCandidate, now: Problems) -> Problems:
        is_unlisted = one.role and one.role not in self._listed_roles and self._listing.is_complete
        if is_unlisted and not now.lasting:
            return now._replace(lasting="the role is not in your list")
        return now

    def _needs_ssohelper(
        self, one: AdoptionCandidate, found: Problems, *, lacks_region: bool
    ) -> bool:
        # A profile with a lasting problem would not work after adoption either.
        if found.lasting or one.session_name:
            return False
        needs_region = lacks_region and one.origin.program is None
        return bool(found.solvable) or needs_region or self._checker.needs_ssohelper(one.origin)


def load_listings_of_sessions_with_legacy_profiles(
    app: App, session: SsoSession
) -> dict[str, Listing]:
    """Return, by session name, the saved lists of roles of other sessions that legacy profiles use.

    These are sessions whose sign-in serves the legacy profiles of this session's portal.
    """
    others = adoption.find_other_sessions_of_legacy_profiles(app.config.read(), session)
    found = {one.name: directory.load_listing(app, one) for one in set(others.values())}
    return {name: listing for name, listing in found.items() if listing is not None}


def names_of_unusable_profiles(found: Iterable[ProfileOfOtherTool]) -> frozenset[str]:
    """Return the names of profiles that AWS tools cannot use now; their roles may get new ones."""
    return frozenset(one.name for one in found if one.is_unusable)


def find_profiles_with_other_role_in_credentials_file(
    found: Iterable[ProfileOfOtherTool],
) -> frozenset[str]:
    """Return the profiles for which ~/.aws/credentials names another role than the config does."""
    return frozenset(
        one.name for one in found if one.candidate.reason == adoption.OTHER_ROLE_IN_SECTION
    )


def choose_profiles_by_globs(
    app: App, found: Sequence[ProfileOfOtherTool], globs: tuple[str, ...]
) -> frozenset[str]:
    """Return the names of those profiles of other tools that these values of --adopt match.

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
    """Return at most three values of --adopt that adopt exactly these profiles, or None."""
    able = choose_adoptable_profiles(found)
    exact = {name: filter_for_exact_text(name) for name in able}
    left = sorted(able.difference(chosen))
    for patterns in (
        tuple(exact[name] for name in sorted(able.intersection(chosen))),
        ("*", *(f"!{exact[name]}" for name in left)),
    ):
        # Patterns ignore case, so the pattern for one profile's name may match another profile too.
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

    A pattern with wildcards may match none: scripts run the same command on different machines.
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
    """Return the profiles missing in `adopt`, for each block of profiles that aws-sso-cli rewrites.

    Blocks of which `adopt` names no profile are left out. A block must be adopted as a whole, or
    not at all.
    """
    candidates = {one.name: one.candidate for one in found}
    return [
        left
        for _, left in adoption.find_partly_adopted_blocks(app.config.read(), candidates, adopt)
    ]


def drop_profiles_of_partly_named_aws_sso_cli_blocks(
    app: App, found: Sequence[ProfileOfOtherTool], adopt: Collection[str]
) -> frozenset[str]:
    """Return `adopt` without profiles of aws-sso-cli blocks of which it lacks some profiles."""
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
    """Return the names of other tools' profiles that do not work now, so roles may get new ones."""
    check = ProfileChecker(app, app.config.read())
    names = [origin.name for origin in find_profile_origins(check.config)]
    return frozenset(name for name in names if check.find_problems(name).first)


def find_profiles_unfit_for_use(
    app: App, session: SsoSession, roles: Collection[Role]
) -> frozenset[str]:
    """Return those profiles of these roles that might not give a shell the role of this session.

    `ProfileChecker.find_reason_against_use` decides, for managed profiles too. Legacy profiles that
    use the sign-in of another session of the portal are also unfit: the user of that sign-in may be
    another one.
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
    """Return the error of `ssohelper use` for a role without a usable profile that is not listed.

    `profile_names` are the names of the role's profiles. Reads files only; AWS is not asked.
    Returns None if `use` would accept the role.
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
    """Return why AWS tools may now fail to get this profile's role; "" if no reason is known.

    Asks AWS whether it accepts the token of a profile without sso-session. A `credential_process`
    of another program is a reason too: only a run would show which credentials it gives. For a
    profile that assumes a role, its source profiles are checked too.
    """
    return ProfileChecker(app, app.config.read(), asks_aws=True).find_reason_why_profile_may_fail(
        name
    )


def _glob_matches(glob: str, name: str) -> bool:
    is_match: bool = glob == name or glob_filter((glob,))(name)
    return is_match
