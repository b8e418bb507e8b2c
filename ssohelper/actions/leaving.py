"""Turns managed profiles into native profiles, which work without ssohelper."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.core import chains, profile_keys, session_keys
from ssohelper.core.choices import NATIVE, PROCESS
from ssohelper.core.config_edit import Change, EditSection
from ssohelper.core.config_file import MANAGED_KEY, ConfigFile, ProfileEntry, is_chain
from ssohelper.core.model import RoleKey
from ssohelper.core.process_command import ssohelper_options
from ssohelper.core.profile_keys import Skipped
from ssohelper.core.start_url import is_company_url
from ssohelper.errors import ConfigInvalid, LocalState

if TYPE_CHECKING:
    from ssohelper.app import App


class Leaving(NamedTuple):
    """The changes to the config after which profiles work without ssohelper.

    `keys` are the roles of the changed profiles, including every role of a chain. `kept` are the
    profiles that still need ssohelper, with the reason. `data` is the text of the config from which
    the changes were planned.
    """

    changes: tuple[Change, ...]
    profiles: tuple[str, ...]
    keys: tuple[RoleKey, ...]
    kept: tuple[Skipped, ...]
    data: bytes


def plan_leaving(config: ConfigFile) -> Leaving:
    """Return the changes after which no profile runs ssohelper, and none is managed.

    Raises: ConfigInvalid if AWS tools would refuse a profile then.
    """
    changes: dict[str, Change] = {}
    keys: list[RoleKey] = []
    kept: list[Skipped] = []
    for entry in config.profiles():
        if not entry.managed:
            if _runs_ssohelper(entry):
                why = "the profile is not managed, and still runs ssohelper"
                kept.append(Skipped(entry.name, why))
            continue
        try:
            assign, roles = _native_keys(config, entry)
        except ConfigInvalid as error:
            kept.append(Skipped(entry.name, error.message))
            continue
        ours = (*profile_keys.IDENTITY, MANAGED_KEY)
        drop = tuple(
            key
            for key in entry.keys
            if (key in ours or key.startswith(chains.OWN_PREFIX)) and key not in assign
        )
        new = tuple(pair for pair in assign.items() if entry.keys.get(pair[0]) != pair[1])
        changes[entry.name] = EditSection(entry.header, new, drop)
        keys += roles
    session_keys.refuse_differing_profiles(config, changes.values())
    names = tuple(changes)
    for session in config.sso_sessions():
        # Other tools do not follow the redirect of a company's own URL.
        header = config.session_header(session.name)
        is_used = any(key.session_name == session.name for key in keys)
        if is_used and header and session.portal_url and is_company_url(session.start_url):
            url = (("sso_start_url", session.portal_url),)
            changes[f"session {session.name}"] = EditSection(header, url)
    return Leaving(tuple(changes.values()), names, tuple(keys), tuple(kept), config.text.data)


def _runs_ssohelper(entry: ProfileEntry) -> bool:
    return ssohelper_options(entry.keys.get("credential_process", "")) is not None


def _native_keys(
    config: ConfigFile, entry: ProfileEntry
) -> tuple[dict[str, str], tuple[RoleKey, ...]]:
    """Return a managed profile's keys in native form, and the roles that it uses.

    Raises: ConfigInvalid with the reason why the profile stays as it is.
    """
    if is_chain(entry):
        return _native_chain_keys(config, entry)
    target = config.target_or_none(entry)
    if target is None:
        raise ConfigInvalid("the profile's role cannot be read")
    # only our mark is removed: the profile works without ssohelper
    if target.form not in (PROCESS, NATIVE):
        return {key: entry.keys[key] for key in profile_keys.IDENTITY if key in entry.keys}, ()
    if target.session is None:
        raise ConfigInvalid(f'the profile\'s session "{target.session_name}" does not exist')
    keys = profile_keys.identity_keys(target.session, target.role, NATIVE, "")
    return keys, (target.session.key_of(target.role),)


def _native_chain_keys(
    config: ConfigFile, entry: ProfileEntry
) -> tuple[dict[str, str], tuple[RoleKey, ...]]:
    chain = chains.find_chain(config, entry)
    if chain is None or chain.target.session is None:
        raise ConfigInvalid("the SSO role that the chain begins with cannot be read")
    session, role = chain.target.session, chain.target.role
    links = chain.keys_of_all_roles(session.key_of(role))
    if "role_arn" in entry.keys:
        return {}, links
    source = entry.keys.get(f"{chains.OWN_PREFIX}source_profile")
    first = session.name, role._replace(chain="")
    for one in config.profiles() if source is None else ():
        found = config.target_or_none(one) if one.managed else None
        if found and found.form in (PROCESS, NATIVE) and (found.session_name, found.role) == first:
            source = source or one.name
    if source is None:
        text = f"{session.name}:{role.account_id}/{role.name}"
        raise ConfigInvalid(f"no profile has the chain's first role: ssohelper profile add {text}")
    own = chains.config_keys_of_step(chain.steps[-1], source)
    return {key.removeprefix(chains.OWN_PREFIX): value for key, value in own.items()}, links


def list_guarded_roles(app: App, planned: Leaving) -> list[str]:
    return [key.text for key in dict.fromkeys(planned.keys) if app.vault.find_guarding_rule(key)]


def list_dependent_profiles(app: App) -> list[str]:
    with suppress(ConfigInvalid, LocalState):
        return [entry.name for entry in app.config.read().profiles() if _runs_ssohelper(entry)]
    return []
