"""Plans how managed profiles become native profiles, which work without ssohelper. Pure."""

from __future__ import annotations

from typing import NamedTuple

from ssohelper.core import chains, process_command, profile_keys, session_keys
from ssohelper.core.choices import NATIVE, PROCESS
from ssohelper.core.config_edit import Change, EditSection
from ssohelper.core.config_file import MANAGED_KEY, ConfigFile, ProfileEntry, is_chain
from ssohelper.core.model import RoleKey
from ssohelper.core.profile_keys import Skipped
from ssohelper.core.start_url import is_company_url
from ssohelper.errors import ConfigInvalid


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


class _NativeForm(NamedTuple):
    """A managed profile in native form: its new keys, the roles that it uses, its session's name."""

    assign: dict[str, str]
    keys: tuple[RoleKey, ...]
    session_name: str | None


def plan_leaving_ssohelper(config: ConfigFile) -> Leaving:
    """Return the changes after which no profile runs ssohelper, and none is managed.

    Raises: ConfigInvalid if AWS tools would refuse a profile then.
    """
    changes: list[Change] = []
    names: list[str] = []
    keys: list[RoleKey] = []
    kept: list[Skipped] = []
    sessions: dict[str, None] = {}
    for entry in config.profiles():
        if not entry.managed:
            if (
                process_command.ssohelper_options(entry.keys.get("credential_process", ""))
                is not None
            ):
                kept.append(
                    Skipped(entry.name, "the profile is not managed, and still runs ssohelper")
                )
            continue
        found = _native_form_of_profile(config, entry)
        if isinstance(found, str):
            kept.append(Skipped(entry.name, found))
            continue
        changes.append(_make_native_edit(entry, found.assign))
        names.append(entry.name)
        keys += found.keys
        if found.session_name is not None:
            sessions[found.session_name] = None
    session_keys.refuse_profiles_that_differ_from_session(config, changes)
    changes += [
        edit for name in sessions for edit in _edits_that_set_aws_url_of_session(config, name)
    ]
    return Leaving(tuple(changes), tuple(names), tuple(keys), tuple(kept), config.text.data)


def _make_native_edit(entry: ProfileEntry, assign: dict[str, str]) -> EditSection:
    ours = (*profile_keys.IDENTITY, MANAGED_KEY)
    drop = tuple(
        key
        for key in entry.keys
        if (key in ours or key.startswith(chains.OWN_PREFIX)) and key not in assign
    )
    new = tuple(pair for pair in assign.items() if entry.keys.get(pair[0]) != pair[1])
    return EditSection(entry.header, new, drop)


def _native_form_of_profile(config: ConfigFile, entry: ProfileEntry) -> _NativeForm | str:
    """Return the native form of a managed profile, or the reason why the profile stays as it is."""
    if is_chain(entry):
        return _native_form_of_chain(config, entry)
    target = config.target_or_none(entry)
    if target is None:
        return "the profile's role cannot be read"
    if target.form not in (PROCESS, NATIVE):
        kept = {key: value for key, value in entry.keys.items() if key in profile_keys.IDENTITY}
        # The profile works without ssohelper: only `ssohelper_managed` is removed.
        return _NativeForm(kept, (), None)
    if target.session is None:
        return f'the profile\'s session "{target.session_name}" does not exist'
    keys = profile_keys.identity_keys(target.session, target.role, NATIVE, "")
    return _NativeForm(keys, (target.session.key_of(target.role),), target.session.name)


def _native_form_of_chain(config: ConfigFile, entry: ProfileEntry) -> _NativeForm | str:
    """Return a chain's profile with the keys that all SDKs read: role_arn and source_profile."""
    try:
        chain = chains.find_chain(config, entry)
    except ConfigInvalid as error:
        return error.message
    if chain is None or chain.target.session is None:
        return "the SSO role that the chain begins with cannot be read"
    links = chain.keys_of_all_roles(chain.target.session.key_of(chain.target.role))
    if "role_arn" in entry.keys:
        return _NativeForm({}, links, None)
    source = entry.keys.get(f"{chains.OWN_PREFIX}source_profile") or _find_profile_of_first_role(
        config, chain
    )
    if source is None:
        role = chain.target.role
        text = f"{chain.target.session.name}:{role.account_id}/{role.name}"
        return f"no profile has the chain's first role: ssohelper profile add {text}"
    own = chains.config_keys_of_step(chain.steps[-1], source)
    assign = {key.removeprefix(chains.OWN_PREFIX): value for key, value in own.items()}
    return _NativeForm(assign, links, None)


def _find_profile_of_first_role(config: ConfigFile, chain: chains.Chain) -> str | None:
    """Return a managed profile of the role that a chain is based on."""
    for entry in config.profiles():
        target = config.target_or_none(entry) if entry.managed else None
        if target is not None and target.form in (PROCESS, NATIVE):
            same = (target.session_name, target.role)
            if same == (chain.target.session_name, chain.target.role._replace(chain="")):
                return entry.name
    return None


def _edits_that_set_aws_url_of_session(config: ConfigFile, name: str) -> list[EditSection]:
    """Return the edit that gives a session AWS's own URL, since other tools follow no redirect."""
    session, header = config.sso_session(name), config.session_header(name)
    if session is None or header is None or session.portal_url is None:
        return []
    if not is_company_url(session.start_url):
        return []
    return [EditSection(header, (("sso_start_url", session.portal_url),))]
