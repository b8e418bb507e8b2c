"""Saves the options of a `profile sync`, which a later sync without options uses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssohelper.actions import default_regions
from ssohelper.core import plan_text

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.profile_plan import Plan


def save_sync_options(app: App, plan: Plan) -> None:
    """Save the sync options of a plan that changes no profile.

    Raises: LocalState, ConfigInvalid.
    """
    with app.choices.hold_lock(app.clock.deadline()):
        save_sync_options_under_lock(app, plan)


def save_sync_options_under_lock(app: App, plan: Plan) -> None:
    """Save the sync options of this plan. The caller holds the lock of `app.choices`.

    Filters that match no listed role count as mistyped and are not saved. A plan for single roles
    deletes the record that the user removed the profiles of these roles. Of its options it saves
    only the default region that ssohelper proposed for the session's first profiles, if the
    profiles got that region. If options changed and the config did not, the config is still saved
    as a version, so that `profile undo` restores the options.
    """
    session_name = plan.request.session.name
    remembered, chosen = app.choices.load(session_name), plan.request.choices
    # Only the given options are saved: another command may have saved the others meanwhile.
    new = remembered._replace(**{name: getattr(chosen, name) for name in chosen.given})
    if plan.request.only_roles:
        new = remembered._replace(removed=remembered.removed - plan.request.only_roles)
        if plan.add and _has_proposed_region(plan):
            new = new._replace(default_region=chosen.default_region)
        if plan.add and new.written_region is None:
            region = default_regions.default_region_of_session(app, plan.request.session, new)
            new = new._replace(written_region=region)
    elif not plan_text.do_filters_match(plan.request.listing, chosen):
        new = new._replace(accounts=remembered.accounts, roles=remembered.roles)
    if not plan.request.only_roles and (plan.add or plan.request.old_region is not None):
        new = new._replace(written_region=plan.request.region)
    if not plan.changes and new.without_recorded_fields != remembered.without_recorded_fields:
        app.config.write(
            lambda _config: (),
            app.clock.deadline(),
            {session_name: remembered},
            records_unchanged=True,
        )
    app.choices.save(session_name, new)


def _has_proposed_region(plan: Plan) -> bool:
    """Return whether the plan's profiles get the default region that ssohelper itself proposed."""
    chosen = plan.request.choices
    return "default_region" in chosen.given and plan.request.region == chosen.default_region
