"""Finds which profiles of other tools work, and which can be adopted (managed by ssohelper).

Runs no program and asks nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import directory
from ssohelper.actions.profile_checks import ProfileChecker
from ssohelper.core import adoption
from ssohelper.core.adoption import AdoptionCandidate
from ssohelper.core.choices import glob_filter, has_wildcard
from ssohelper.core.config_file import LEGACY_FORM
from ssohelper.core.profile_origin import find_marked_blocks
from ssohelper.core.text import MANY_NAMES, shortened_name_list, show
from ssohelper.errors import RoleNotAssigned, UsageProblem

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.listing import Listing
    from ssohelper.core.model import Role, SsoSession


class ProfileOfOtherTool(NamedTuple):
    """A profile of another tool. `problem` says why it does not work now; "" if it should work.

    `needs_ssohelper`: until it is adopted, it needs a sign-in of its own (legacy) or a given
    region. `unknown`: why we cannot tell whether it works. `is_unusable`: ssohelper may add another
    profile for its role. `block`: the profiles of its aws-sso-cli block.
    """

    candidate: AdoptionCandidate
    problem: str
    needs_ssohelper: bool
    unknown: str = ""
    lacks_region: bool = False
    differs_by_sdk: bool = False
    is_unusable: bool = False
    block: Sequence[str] = ()

    @property
    def name(self) -> str:
        return self.candidate.name


def list_other_profiles(
    app: App, session: SsoSession, listing: Listing
) -> list[ProfileOfOtherTool]:
    """Return the profiles that other tools or the user wrote for roles of Identity Center."""
    config = app.config.read()
    # During `setup` the new session is signed in already, but not in the config yet.
    checker, listed = ProfileChecker(app, config, (session,)), listing.role_set()
    blocks = {name: one.names for one in find_marked_blocks(config) for name in one.names}
    candidates = adoption.find_adoption_candidates(
        config, session, listed, checker.shadowed_profiles
    )

    def examine(one: AdoptionCandidate) -> ProfileOfOtherTool:
        found = checker.find_problem(one.name)
        problem = found.message if found is not None else ""
        # Adoption would not solve a lasting problem.
        is_lasting = found is not None and (not found.is_solvable or bool(found.source))
        if one.role and one.role not in listed and listing.is_complete and not is_lasting:
            problem, is_lasting = "the role is not in your list", True
        is_ours, runs_no_program = bool(one.role or one.origin.program), one.origin.program is None
        lacks_region = checker.lacks_region(one.name)
        needs_region = lacks_region and runs_no_program
        return ProfileOfOtherTool(
            one,
            problem,
            not is_lasting
            and not one.session_name
            and (bool(problem) or needs_region or one.origin.is_legacy),
            unknown="" if problem or is_ours else checker.explain_uncertain_role(one),
            lacks_region=lacks_region,
            differs_by_sdk=runs_no_program and checker.has_second_source(one.name),
            is_unusable=found is not None or one.origin.is_legacy,
            block=blocks.get(one.name, ()),
        )

    return [examine(one) for one in candidates.values()]


def choose_by_globs(found: Sequence[ProfileOfOtherTool], globs: tuple[str, ...]) -> frozenset[str]:
    """Return the profiles that these values of --adopt match.

    Raises: UsageProblem for a part of an aws-sso-cli block.
    """
    is_match, every = glob_filter(globs), [one.name for one in found if globs]
    chosen = frozenset(name for name in every if name in globs or is_match(name))
    left = sorted(_complete_blocks(found, chosen) - chosen)
    if left:
        names = shortened_name_list([show(name, 80) for name in left], MANY_NAMES)
        raise UsageProblem(
            "aws-sso-cli writes all profiles between its two marker lines again, so they are adopted "
            f"together or not at all; left out: {names}",
            hint="add a pattern for these, such as: --adopt '*'",
        )
    return chosen


def _complete_blocks(found: Sequence[ProfileOfOtherTool], names: Collection[str]) -> frozenset[str]:
    able = choose_adoptable(found)
    blocks = (one.block for one in found if one.name in names and one.name in able)
    return able.intersection({*names, *(name for block in blocks for name in block)})


def check_adopt_globs(app: App, globs: tuple[str, ...]) -> None:
    """Warn of a pattern of --adopt that matches no profile. Raises: UsageProblem for such a name."""
    names = [entry.name for entry in app.config.read().profiles()] if globs else []
    for glob in globs:
        if glob.startswith("!") or glob in names or any(map(glob_filter((glob,)), names)):
            continue
        text = f'no profile fits --adopt "{glob}"'
        if not has_wildcard(glob):
            raise UsageProblem(text, hint="see: ssohelper profile list")
        app.warn(text)


def choose_adoptable(found: Iterable[ProfileOfOtherTool]) -> frozenset[str]:
    return frozenset(one.name for one in found if one.candidate.role)


def choose_needing(found: Sequence[ProfileOfOtherTool]) -> frozenset[str]:
    """Return the adoptable profiles that need ssohelper, with those of their aws-sso-cli blocks."""
    return _complete_blocks(found, {one.name for one in found if one.needs_ssohelper})


def find_unfit_profiles(app: App, roles: Collection[Role]) -> frozenset[str]:
    """Return the profiles of these roles with which a shell might not get the role.

    Managed profiles are checked too. A legacy profile's sign-in may be another user's.
    """
    check = ProfileChecker(app)
    return frozenset(
        entry.name
        for entry in check.config.profiles()
        if (target := check.config.target_or_none(entry)) is not None
        and target.role in roles
        and ((target.form == LEGACY_FORM and not entry.managed) or check.explain_doubt(entry.name))
    )


def find_role_refusal(
    app: App, session: SsoSession, role: Role, profile_names: Collection[str]
) -> RoleNotAssigned | None:
    """Return the error of `use` for a role that is not listed and has no usable profile.

    `profile_names` are the role's profiles. Sends no request.
    """
    listing = directory.load_listing(app, session)
    if (
        listing is None
        or not directory.is_listing_recent(app, session, listing, of_this_sign_in=False)
        or not listing.lacks_role(role)
        or set(profile_names) - find_unfit_profiles(app, [role])
    ):
        return None
    return listing.not_listed_error(session.name, role)
