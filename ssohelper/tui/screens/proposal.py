"""Reads what the Profiles screen shows: the profiles, and what `profile sync` would change.

The screen calls these functions in the background.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import directory, profiles
from ssohelper.actions.profiles import ConfigProfile
from ssohelper.core import plan_text
from ssohelper.core.choices import NO_CHOICES, Choices
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.profile_plan import Plan
from ssohelper.tui.widgets.lines import Line, diff_lines, plain_lines

if TYPE_CHECKING:
    from ssohelper.app import App

NOTHING_WRITTEN = "nothing was written"


class CurrentProfiles(NamedTuple):
    """The profiles and sessions of ~/.aws/config, and the path of that file as it is shown."""

    profiles: list[ConfigProfile]
    sessions: tuple[SsoSession, ...]
    path: str


class Proposal(NamedTuple):
    """What `profile sync` would change according to the saved list of roles.

    If there is no saved list, `plan` is None and `lines` say how to get one.
    """

    plan: Plan | None
    lines: list[Line]
    listed_at: int | None


def read_current(services: App) -> CurrentProfiles:
    """Return the profiles and sessions of ~/.aws/config.

    Raises: ConfigInvalid or LocalState if the file cannot be read.
    """
    sessions = tuple(services.config.read().sso_sessions())
    return CurrentProfiles(profiles.read_profiles(services), sessions, display_path(services))


def plan_from_saved_list(services: App, session: SsoSession, *, prune: bool) -> Proposal:
    """Return what `profile sync` would change according to the saved list. Asks AWS nothing."""
    listing = directory.load_listing(services, session)
    if listing is None:
        text = "press r to ask AWS for your roles, or type:"
        command = f"ssohelper list --refresh --session {session.name}"
        return Proposal(None, [[(text, "")], [(f"$ {command}", "accent")]], None)
    return make_proposal(services, session, listing, prune=prune)


def make_proposal(
    services: App,
    session: SsoSession,
    listing: Listing,
    *,
    prune: bool = False,
    given: Choices = NO_CHOICES,
    adopt: Collection[str] = (),
) -> Proposal:
    """Return what `profile sync` would change by this list of roles.

    The result's lines are the diff and the profiles that the sync skips. `given` are choices that
    the user made now; `adopt` are the profiles of other tools to take over.
    """
    choices = profiles.merge_choices(services, session, given)
    plan = profiles.plan_sync(services, session, listing, choices, prune=prune, adopt=adopt)
    return Proposal(plan, lines_of_plan(services, plan), listing.listed_at)


def lines_of_plan(services: App, plan: Plan) -> list[Line]:
    """Return the diff of the plan, the profiles that it skips, and a warning for its filters."""
    request = plan.request
    lines = diff_lines(profiles.diff_plan(services, plan))
    for line in plan_text.skipped_lines(plan):
        lines += plain_lines(line, "dim")
    warning = plan_text.no_match_warning(
        request.listing, request.choices, are_new=request.has_new_filters
    )
    return lines + (plain_lines(warning, "warn") if warning else [])


def must_list_again(services: App, session: SsoSession, *, prune: bool) -> bool:
    """Return whether `profile sync` would refresh the list of roles from AWS before it writes."""
    saved = directory.load_listing(services, session)
    return (
        saved is None
        or prune
        or not directory.is_recent(services, session, saved, of_this_sign_in=True)
    )


def display_path(services: App) -> str:
    """Return the path of the AWS config file as it is shown: with `~` for the home folder."""
    path, home = (
        str(services.locations.aws_config_file),
        services.environ.get("HOME", "").rstrip("/"),
    )
    return f"~{path[len(home) :]}" if home and path.startswith(f"{home}/") else path
