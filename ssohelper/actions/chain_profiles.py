"""Adds a profile that assumes a role with the credentials of another profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import environment, profile_edit
from ssohelper.core import chains, guard_rules
from ssohelper.core.choices import NATIVE, PROCESS
from ssohelper.core.config_edit import AddSection
from ssohelper.core.config_file import MANAGED_KEY, ConfigFile
from ssohelper.core.profile_keys import identity_keys
from ssohelper.core.service_hosts import checked_region
from ssohelper.core.sync_request import STAYS_PROCESS
from ssohelper.errors import ConfigInvalid, UsageProblem
from ssohelper.system import installation

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.chains import ChainStep
    from ssohelper.core.model import Profile


class ChainPlan(NamedTuple):
    """The section to add to the config, and remarks for the user. `data` is the present config."""

    name: str
    section: AddSection
    notices: tuple[str, ...]
    data: bytes


def plan_chain_profile(
    app: App,
    name: str,
    via: Profile,
    values: Mapping[str, str],
    *,
    form: str | None,
    region: str | None,
) -> ChainPlan:
    """`values` are role_arn, external_id, role_session_name and duration_seconds, if given.

    Raises: UsageProblem for an invalid value or a taken name; ConfigInvalid with file and line.
    """
    config = app.config.read()
    profile_edit.check_new_profile_name(app, config, name)
    step = _make_chain_step(name, values, region)
    notices = []
    form = form or app.choices.load(via.session.name).form or app.settings.get("form")
    if form == NATIVE and _is_step_guarded(app, via, step):
        form = PROCESS
        notices.append(STAYS_PROCESS)
    own = (
        _native_form_keys(config, via, step)
        if form == NATIVE
        else _process_form_keys(app, via, step)
    )
    shown = region or environment.choose_region_of_profile(app, via)
    section = AddSection(
        f"profile {name}", (*own.items(), ("region", shown), (MANAGED_KEY, "true"))
    )
    _check_planned_profile(config, name, section, via)
    return ChainPlan(name, section, tuple(notices), config.text.data)


def _process_form_keys(app: App, via: Profile, step: ChainStep) -> dict[str, str]:
    command = profile_edit.find_profile_command(app)
    installation.warn_if_exposed(app.environ, app.warn)
    base = via.role._replace(chain="")
    keys = identity_keys(via.session, base, PROCESS, command)
    line = f"{keys['credential_process']} --chain {step.profile}"
    source = via.key.text if via.role.chain else None
    return {"credential_process": line, **chains.config_keys_of_step(step, source)}


def _native_form_keys(config: ConfigFile, via: Profile, step: ChainStep) -> dict[str, str]:
    if config.profile(via.name) is None:
        raise UsageProblem(
            f'"{via.name}" has no profile, and source_profile must name one',
            hint=f"add it with: ssohelper profile add {via.name}",
        )
    keys = chains.config_keys_of_step(step, via.name)
    return {key.removeprefix(chains.OWN_PREFIX): value for key, value in keys.items()}


def _make_chain_step(name: str, values: Mapping[str, str], region: str | None) -> ChainStep:
    try:
        if region is not None:
            checked_region(region)
        step = chains.checked_chain_step(name, values, region)
        chains.check_chain_duration(step.duration_seconds)
    except ConfigInvalid as error:
        raise UsageProblem(error.message, hint=error.hint) from error
    return step


def _check_planned_profile(
    config: ConfigFile, name: str, section: AddSection, via: Profile
) -> None:
    """Raise ConfigInvalid unless the profile, once added, leads to a role that can be used.

    Raises: UsageProblem for a role in another partition than the session's.
    """
    after = ConfigFile.parse(config.with_changes([section]), config.origin)
    entry = after.profile(name)
    chain = chains.find_chain(after, entry) if entry is not None else None
    if chain is None:
        raise ConfigInvalid(f'the profile "{name}" would not lead to a role of Identity Center')
    try:
        for region in (via.session.region, chain.region(via.session)):
            chain.check_partition(region)
    except ConfigInvalid as error:
        raise UsageProblem(
            error.message,
            hint="name a role in the partition of the session, and one of its regions",
        ) from error


def _is_step_guarded(app: App, via: Profile, step: ChainStep) -> bool:
    """Return whether a guard rule matches a step of the chain.

    With a native profile, SDKs would assume the role themselves, without ssohelper's grant.
    """
    if app.vault.find_guarding_rule(via.key) is not None:
        return True
    link = via.key._replace(account_id=step.role.account_id, role_name=step.role.name, chain="")
    rules, account = app.vault.policy.rules, app.vault.find_account(link)
    rule = guard_rules.find_guarding_rule(
        rules, link.session_name, account, link.role_name, is_strict=True
    )
    return rule is not None
