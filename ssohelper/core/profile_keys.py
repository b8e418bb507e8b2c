"""Makes a profile's identity keys, which name its role, and the edits that change them."""

from typing import NamedTuple

from ssohelper.core.choices import NATIVE
from ssohelper.core.config_edit import AddSection, EditSection
from ssohelper.core.config_file import MANAGED_KEY, ProfileEntry
from ssohelper.core.model import Role, SsoSession
from ssohelper.core.profile_origin import GENERATED_KEYS, GRANTED_PREFIX

# The identity keys of a managed profile, which ssohelper sets and removes.
IDENTITY = (
    "credential_process",
    "sso_session",
    "sso_account_id",
    "sso_role_name",
    "sso_start_url",
    "sso_region",
    "sso_registration_scopes",
)
# Adopting a profile removes these keys, by which the other tool would remove or rewrite it.
_OTHER_TOOLS = (*GENERATED_KEYS, "sso_auto_populated", "sso_account_name")


class ProfileChange(NamedTuple):
    """A managed profile's changed keys, before and after; the key `name` if it is renamed."""

    profile: str
    before: dict[str, str]
    after: dict[str, str]


class Skipped(NamedTuple):
    name: str
    reason: str


def identity_keys(session: SsoSession, role: Role, form: str, command: str) -> dict[str, str]:
    if form == NATIVE:
        return {
            "sso_session": session.name,
            "sso_account_id": role.account_id,
            "sso_role_name": role.name,
        }
    # The command must not end with a quote: the SDK for Go removes quotes at both ends of a value.
    arguments = f"--session {session.name} --account-id {role.account_id} --role-name {role.name}"
    return {"credential_process": f"{command} {arguments}"}


def section_of_session(session: SsoSession) -> AddSection:
    keys = [("sso_start_url", session.start_url), ("sso_region", session.region)]
    if session.scopes:
        keys.append(("sso_registration_scopes", ",".join(session.scopes)))
    return AddSection(f"sso-session {session.name}", tuple(keys))


def change_of_identity_keys(
    entry: ProfileEntry, keys: dict[str, str]
) -> tuple[EditSection, ProfileChange] | None:
    """Return the edit that gives a managed profile these identity keys; None if it has these."""
    present = {key: entry.keys[key] for key in IDENTITY if key in entry.keys}
    return None if present == keys else _make_edit_and_change(entry, present, keys)


def change_that_adopts_profile(
    entry: ProfileEntry, new_keys: dict[str, str], region: str
) -> tuple[EditSection, ProfileChange]:
    """Return the edit that makes this a managed profile. The edit adds a missing region."""
    lost = (*IDENTITY, *_OTHER_TOOLS)
    present = {
        key: value
        for key, value in entry.keys.items()
        if key in lost or key.startswith(GRANTED_PREFIX)
    }
    default = {} if entry.keys.get("region") else {"region": region}
    if default and "region" in entry.keys:
        present["region"] = entry.keys["region"]  # a key `region` with an empty value
    return _make_edit_and_change(entry, present, {**new_keys, **default, MANAGED_KEY: "true"})


def _make_edit_and_change(
    entry: ProfileEntry, present_keys: dict[str, str], new_keys: dict[str, str]
) -> tuple[EditSection, ProfileChange]:
    drop = tuple(key for key in present_keys if key not in new_keys)
    assign = tuple(pair for pair in new_keys.items() if present_keys.get(pair[0]) != pair[1])
    changed = [*drop, *(key for key, _ in assign)]
    before = {key: present_keys[key] for key in changed if key in present_keys}
    return EditSection(entry.header, assign, drop), ProfileChange(entry.name, before, dict(assign))
