"""Turns managed profiles into profiles that work without ssohelper, before it is removed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

from ssohelper.actions import agents, config_writing, guards
from ssohelper.core import leaving_plan
from ssohelper.core.config_edit import unified_diff
from ssohelper.core.process_command import ssohelper_options
from ssohelper.errors import ConfigInvalid, LocalState

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.leaving_plan import Leaving

_COMMAND = "install --uninstall --profiles"


def plan_conversion_to_native_profiles(app: App) -> Leaving:
    """Return the changes after which no managed profile needs ssohelper. Raises: ConfigInvalid."""
    return leaving_plan.plan_leaving_ssohelper(app.config.read())


def list_guarded_roles_in_plan(app: App, planned: Leaving) -> list[str]:
    """Return the planned profiles' guarded roles, which need no grant without ssohelper."""
    return [key.text for key in dict.fromkeys(planned.keys) if guards.find_guard_rule(app, key)]


def list_profiles_that_need_ssohelper(app: App) -> list[str]:
    """Return the names of the profiles that run ssohelper; none if the config cannot be read."""
    with suppress(ConfigInvalid, LocalState):
        return [
            entry.name
            for entry in app.config.read().profiles()
            if ssohelper_options(entry.keys.get("credential_process", "")) is not None
        ]
    return []


def diff_conversion_to_native_profiles(app: App, planned: Leaving) -> Iterator[str]:
    """Return the lines of the unified diff that the plan makes in the config."""
    return unified_diff(app.config.read().text, planned.changes, str(app.locations.aws_config_file))


def write_conversion_to_native_profiles(app: App, planned: Leaving) -> None:
    """Write the planned changes. Raises: LocalState if the config changed since the diff."""
    agents.refuse_if_allow_list_applies(app, "change profiles", f"ssohelper {_COMMAND}")
    config_writing.write_config_as_shown(app, _COMMAND, planned.data, planned.changes)
