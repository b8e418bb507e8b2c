"""Reads what the Profiles screen shows: the profiles, and what `profile sync` would change."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import adopting, config_writing, directory, profile_edit, sync_choices
from ssohelper.actions.adopting import ProfileOfOtherTool
from ssohelper.core import plan_text
from ssohelper.core.choices import NO_CHOICES, Choices
from ssohelper.core.config_profiles import ConfigProfile
from ssohelper.core.model import SsoSession
from ssohelper.core.profile_plan import Plan
from ssohelper.core.text import show
from ssohelper.tui.widgets.lines import Line, diff_lines, plain_lines

if TYPE_CHECKING:
    from ssohelper.app import App

NOTHING_CHANGED = "nothing was changed"


class CurrentProfiles(NamedTuple):
    """The profiles and sessions of ~/.aws/config, and that file's path as it is shown."""

    profiles: list[ConfigProfile]
    sessions: tuple[SsoSession, ...]
    path: str


class Options(NamedTuple):
    """The options that the user has chosen for one sync, on top of the session's own.

    `texts` are the texts in the option fields, or None if the user has changed none.
    """

    texts: dict[str, str] | None = None
    prune: bool = False
    rename: bool = False
    adopt: frozenset[str] = frozenset()


NO_OPTIONS = Options()


class Wish(NamedTuple):
    session: SsoSession
    options: Options = NO_OPTIONS


class Proposal(NamedTuple):
    """What `profile sync` would change according to a list of roles.

    `plan` is None without a saved list, or if an option is not valid, as `problems` says by field.
    `given` are the options that the user changed; `others` the profiles of other tools.
    """

    plan: Plan | None = None
    listed_at: int | None = None
    warning: str | None = None
    problems: dict[str, str] = {}  # noqa: RUF012  (never changed)
    texts: dict[str, str] = {}  # noqa: RUF012
    defaults: dict[str, str] = {}  # noqa: RUF012
    given: Choices = NO_CHOICES
    others: tuple[ProfileOfOtherTool, ...] = ()


def read_current_profiles(services: App) -> CurrentProfiles:
    sessions = tuple(services.config.read().sso_sessions())
    return CurrentProfiles(
        profile_edit.read_profiles(services), sessions, shown_config_path(services)
    )


def plan_from_saved_list(services: App, wish: Wish) -> Proposal:
    """Return what `profile sync` would change according to the saved list. Asks AWS nothing."""
    session = wish.session
    texts = sync_choices.option_texts(services, session)
    defaults = sync_choices.option_texts(services, session, NO_CHOICES)
    edited = sync_choices.parse_option_texts(services, session, wish.options.texts or {})
    listing = directory.load_listing(services, session)
    if listing is None or edited.problems:
        return Proposal(None, None, None, edited.problems, texts, defaults, edited.given)
    given = edited.given
    choices = sync_choices.merge_choices(services, session, given)
    others = tuple(adopting.list_other_profiles(services, session, listing))
    plan = profile_edit.plan_sync(
        services,
        session,
        listing,
        choices,
        given,
        rename=wish.options.rename,
        prune=wish.options.prune,
        adopt=wish.options.adopt,
        others=others,
    )
    warning = plan_text.filters_warning(plan)
    return Proposal(plan, listing.listed_at, warning, {}, texts, defaults, given, others)


def sync_command_line(wish: Wish, given: Choices, others: Sequence[ProfileOfOtherTool] = ()) -> str:
    """Return the command line, without `ssohelper`, that does what the user asks.

    Many options for profiles to adopt are written `--adopt NAME...`.
    """
    chosen = wish.options
    patterns = adopting.build_adopt_patterns(others, chosen.adopt)
    adopt = ["--adopt NAME..."] if patterns is None else plan_text.adopt_options(patterns)
    options = [plan_text.sync_options(given), "--rename" * chosen.rename, "--prune" * chosen.prune]
    return " ".join(filter(None, [f"profile sync --session {wish.session.name}", *options, *adopt]))


def plan_lines(services: App, plan: Plan) -> list[Line]:
    """Return the diff of the plan, then the profiles that the sync skips."""
    diff = config_writing.diff_changes(services, plan.data, plan.changes)
    return diff_lines(diff) + _skipped_lines(plan)


def plan_lines_by_kind(plan: Plan) -> list[Line]:
    """Return lines with the count and the names of the profiles of each kind of change."""
    styles = {"+": "good", "~": "warn", "-": "bad"}
    lines: list[Line] = []
    for group in plan_text.group_changes(plan):
        lines.append([(f"{group.sign} {len(group.names)} {group.what}", styles[group.sign])])
        lines.append([(show(f"  {', '.join(group.names)}"), "")])
    return lines + _skipped_lines(plan)


def _skipped_lines(plan: Plan) -> list[Line]:
    return [line for text in plan_text.skipped_lines(plan) for line in plain_lines(text, "dim")]


def plan_lines_with_warning(services: App, plan: Plan) -> list[Line]:
    """Return the plan's lines, and a warning if its filters match no role."""
    warning = plan_text.filters_warning(plan)
    return plan_lines(services, plan) + (plain_lines(warning, "warn") if warning else [])


def must_refresh_list(services: App, session: SsoSession, *, prune: bool) -> bool:
    """Return whether `profile sync` would refresh the list from AWS before it writes."""
    saved = directory.load_listing(services, session)
    return (
        saved is None
        or prune
        or not directory.is_listing_recent(services, session, saved, of_this_sign_in=True)
    )


def shown_config_path(services: App) -> str:
    """Return the path of the AWS config file, with `~` for the home folder."""
    path = str(services.locations.aws_config_file)
    home = services.environ.get("HOME", "").rstrip("/")
    return f"~{path[len(home) :]}" if home and path.startswith(f"{home}/") else path
