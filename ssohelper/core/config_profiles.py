"""Finds the role of each profile in ~/.aws/config, in little memory for many profiles."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ssohelper.core import chains
from ssohelper.core.chains import Chain
from ssohelper.core.config_file import ConfigFile, ProfileEntry, TargetRole, is_chain
from ssohelper.core.model import Role

_NO_ROLE = Role("", "")


class ConfigProfile(NamedTuple):
    """A profile in ~/.aws/config, with the role that it points at, if any.

    `source` is its TargetRole without the role; profiles of the same session and form share this
    object, because 20,000 objects would take 2.5 MB more. It is None without a role or with a
    `chain`.
    """

    entry: ProfileEntry
    source: TargetRole | None
    account_id: str = ""
    role_name: str = ""
    chain: Chain | None = None

    @property
    def target(self) -> TargetRole | None:
        if self.source is None:
            return None
        return self.source._replace(role=Role(self.account_id, self.role_name))

    @property
    def name_and_role(self) -> tuple[str, TargetRole | None, Chain | None]:
        """What the user saw of the profile; a command compares it again before it acts."""
        return self.entry.name, self.target, self.chain

    @property
    def shown_target(self) -> TargetRole | None:
        """The role to show in lists; for a chain the last role, with the form "chain"."""
        if self.chain is None:
            return self.target
        return self.chain.target._replace(role=self.chain.assumed_role, form="chain")


def make_config_profiles(
    config: ConfigFile, entries: Iterable[ProfileEntry]
) -> list[ConfigProfile]:
    sources: dict[TargetRole, TargetRole] = {}
    found = []
    for entry in entries:
        target = config.target_or_none(entry)
        source = target and target._replace(role=_NO_ROLE)
        source = source and sources.setdefault(source, source)
        chain = chains.find_chain_or_none(config, entry) if is_chain(entry) else None
        role = target.role if target else _NO_ROLE
        found.append(ConfigProfile(entry, source, role.account_id, role.name, chain))
    return found
