"""Finds the profile by which `use` gives a shell a role, and offers to add one if none works."""

import shlex
from collections.abc import Collection

from ssohelper.actions import (
    adopting,
    doctor_profiles,
    profile_checks,
    profile_edit,
    selection,
    sync_choices,
)
from ssohelper.app import App
from ssohelper.cli import listing_progress, output
from ssohelper.cli.plan_output import write_plan
from ssohelper.core.choices import filter_for_exact_text
from ssohelper.core.model import Profile
from ssohelper.core.text import show, show_message
from ssohelper.errors import SsoHelperError, UsageProblem

# With such a problem a profile is not used, even if the user typed its name.
_NEVER_USED = ("program-missing", "program-needs-a-shell", profile_checks.OTHER_ROLE)


def find_or_add_profile(app: App, chosen: Profile, yes: bool, *, is_typed: bool) -> Profile:
    """Return the chosen role under the name of one of its profiles; offer to add one if needed.

    A profile of another program is used only if the user typed its name and the program is installed;
    not if that name is also ACCOUNT/ROLE of the role, which must give the role in any case.
    Raises: ConfigInvalid for a typed managed profile that does not work.
    """
    unfit = adopting.find_unfit_profiles(app, [chosen.role])
    name = _choose_profile_that_works(app, chosen, unfit, is_typed=is_typed)
    if name is None:
        for other in selection.find_profiles_of_role(app, chosen.key, sorted(unfit)):
            if _is_profile_managed(app, other) and not (is_typed and other == chosen.name):
                _explain_unused_profile(app, chosen, other)
        _add_profile_of_role(app, chosen, yes, has_unfit_profiles=bool(unfit))
        unfit = adopting.find_unfit_profiles(app, [chosen.role])
        name = find_profile_of_role(app, chosen, unfit)
    if name is None:
        raise UsageProblem(
            f'no profile was added for "{chosen.name}"', hint="see: ssohelper profile list"
        )
    return selection.resolve_chosen_role(app, chosen.key, [name])


def _choose_profile_that_works(
    app: App, chosen: Profile, unfit: Collection[str], *, is_typed: bool
) -> str | None:
    name = find_current_profile_name(app, chosen)
    if name is not None and name not in unfit:
        return name
    if name is not None and is_typed:
        is_also_role = _is_also_role_text(app, chosen, name)
        if not is_also_role and _is_profile_managed(app, name):
            raise doctor_profiles.make_not_used_error(app, name)
        problem = profile_checks.ProfileChecker(app).find_problem(name, with_sign_in=False)
        if problem is not None and problem.id in _NEVER_USED:
            message = show_message(problem.message)
            output.say(f'the profile "{show(name)}" is not used: {message}')
        elif is_also_role:
            _explain_unused_profile(app, chosen, name)
        else:
            return name
    return find_profile_of_role(app, chosen, unfit)


def _add_profile_of_role(app: App, chosen: Profile, yes: bool, *, has_unfit_profiles: bool) -> None:
    listing = listing_progress.fetch_listing(app, chosen.session)
    choices = sync_choices.merge_choices(app, chosen.session)
    plan = profile_edit.plan_new_profiles(app, chosen.session, listing, choices, [chosen.role])
    lack = "has no profile that works" if has_unfit_profiles else "has no profile yet"
    role_text = text_of_role(app, chosen)
    if role_text != chosen.name:
        output.say(f'the profile "{show(chosen.name)}" is not for this role')
    output.say(f'the role "{show(role_text)}" {lack}')
    if not write_plan(app, plan, yes=yes, what="use"):
        raise UsageProblem(
            f"nothing was changed: this role {lack.removesuffix(' yet')}",
            hint=f"fixed keys need no profile: ssohelper use --keys {role_text}",
        )


def _is_also_role_text(app: App, chosen: Profile, name: str) -> bool:
    try:
        found = selection.resolve_role_text(app, name, chosen.session.name)
    except SsoHelperError:
        return False
    return (found.session, found.role) == (chosen.session, chosen.role)


def _is_profile_managed(app: App, name: str) -> bool:
    entry = app.config.find_profile(name)
    return entry is not None and entry.managed


def _explain_unused_profile(app: App, chosen: Profile, name: str) -> None:
    if _is_profile_managed(app, name):
        error = doctor_profiles.make_not_used_error(app, name)
        output.say(f"{show_message(error.message)}; to repair it: {show_message(error.hint or '')}")
        return
    doubt = profile_checks.ProfileChecker(app).explain_doubt(name)
    problem = doubt or "it needs a sign-in of its own"
    pattern = shlex.quote(show(filter_for_exact_text(name)))
    output.say(
        f'the profile "{show(name)}" may not work ({problem}), so it is not used for its role; to '
        "make it work under its name: ssohelper profile sync "
        f"--session {chosen.session.name} --adopt {pattern}"
    )


def find_current_profile_name(app: App, chosen: Profile) -> str | None:
    """Return the chosen profile's name; None if no profile of that name is for its role by now."""
    return next(iter(selection.find_profiles_of_role(app, chosen.key, [chosen.name])), None)


def text_of_role(app: App, chosen: Profile) -> str:
    """Return the chosen name, or the role's key if a profile of that name has another role."""
    names_other_role = find_current_profile_name(app, chosen) is None and (
        app.config.find_profile(chosen.name) is not None
    )
    return chosen.key.text if names_other_role else chosen.name


def find_profile_of_role(app: App, chosen: Profile, unfit: Collection[str]) -> str | None:
    """Return a profile for the role without those in `unfit`, if possible a managed one."""
    entries = sorted(app.config.read().profiles(), key=lambda entry: not entry.managed)
    names = (entry.name for entry in entries if entry.name not in unfit)
    return next(iter(selection.find_profiles_of_role(app, chosen.key, names)), None)
