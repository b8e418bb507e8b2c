"""Stores an index of the names in ~/.aws/config, for TAB completion: `<runtime>/names.json`.

Reading a config of 10,000 profiles takes 0.12 s, reading its index 3 ms.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import LocalState, SsoHelperError
from ssohelper.stores import files
from ssohelper.stores.cache_folder import CacheFolder

if TYPE_CHECKING:
    # With a valid index, TAB completion does not need the config parser.
    from ssohelper.core.config_file import ProfileEntry
    from ssohelper.stores.config_store import ConfigStore

# Increase this number when the index's format or its choice of names changes.
_VERSION = 5
# File systems such as FAT store times in steps of 2 s.
_SURE_AFTER_SECONDS = 2


class IndexedProfile(NamedTuple):
    """A profile. `session_name` is None if it belongs to no session or to several.

    `is_foreign`: SDKs get its credentials without ssohelper.
    """

    name: str
    session_name: str | None
    has_role: bool
    is_managed: bool
    is_foreign: bool = False
    is_in_config: bool = True


class NameIndex(NamedTuple):
    profiles: list[IndexedProfile]
    session_names: list[str]
    regions: list[str]


class NameIndexFile:
    """The index, which is valid until the config or a portal's record changes.

    Create this object before the config is read. The records of portals decide to which session a
    profile with a start URL belongs.
    """

    def __init__(
        self, runtime: Path, config_file: Path, credentials_file: Path, state: Path
    ) -> None:
        self._path, self._cache = runtime / "names.json", CacheFolder(runtime)
        self._stamp: list[object] = []
        # A portal's record is renamed into its folder, which changes the folder's modification
        # time.
        watched = (config_file, credentials_file, state / files.PORTALS_FOLDER)
        self._is_sure = all(self._record_file_status(path) for path in watched)

    def load(self, get_config_store: Callable[[], ConfigStore]) -> NameIndex:
        """Return the names; if no index is valid, read the config and save one.

        Profiles that only the credentials file has come last. An unreadable config has no names.
        """
        saved = self._cache.read_record(self._path, self._parse)
        if saved:
            return saved
        try:
            index = _make_name_index(get_config_store())
        except SsoHelperError:
            return NameIndex([], [], [])
        if self._is_sure:
            with contextlib.suppress(LocalState):
                self._save(index)
        return index

    def _record_file_status(self, file: Path) -> bool:
        """Return whether the file was written long enough ago."""
        try:
            status = os.stat(file)
        except (FileNotFoundError, NotADirectoryError):
            return True
        except (OSError, ValueError):
            return False
        self._stamp += [str(file), status.st_ino, status.st_mtime_ns, status.st_size]
        return abs(time.time() - status.st_mtime) >= _SURE_AFTER_SECONDS

    def _save(self, index: NameIndex) -> None:
        record = {"version": _VERSION, "stamp": self._stamp, **index._asdict()}
        self._cache.write_json(self._path, record)

    def _parse(self, record: dict[str, Any]) -> NameIndex:
        if (record.get("version"), record.get("stamp")) != (_VERSION, self._stamp):
            raise Damaged("stamp")
        try:
            profiles = [IndexedProfile(*row) for row in record["profiles"]]
            return NameIndex(profiles, record["session_names"], record["regions"])
        except (KeyError, TypeError) as cause:
            raise Damaged("profiles") from cause


def _make_name_index(store: ConfigStore) -> NameIndex:
    # Imported here, because a valid index is read without the config parser.
    from ssohelper.core import chains
    from ssohelper.core.config_file import is_chain
    from ssohelper.core.foreign import find_provider_of_profile
    from ssohelper.core.resolver import CONTAINER_VARIABLES, KEY_VARIABLES, Resolver

    config, profiles = store.read(), []
    keyed: Mapping[str, Mapping[str, str]] = {}
    only_keyed: Collection[ProfileEntry] = ()
    with contextlib.suppress(SsoHelperError):
        keyed, only_keyed = store.read_credentials_sections(), store.read_credentials_profiles()
    # The index serves all shells, even those with the variables that `credential_source` needs.
    environ = dict.fromkeys((*KEY_VARIABLES, *CONTAINER_VARIABLES), "set")
    resolver = Resolver(config, keyed, environ)
    for entry in (*config.profiles(), *only_keyed):
        chain = chains.find_chain_or_none(config, entry) if is_chain(entry) else None
        target = chain.target if chain else config.target_or_none(entry)
        session_name = target.session_name if target else None
        is_foreign = False
        if target is None:
            with contextlib.suppress(SsoHelperError):
                is_foreign = find_provider_of_profile(resolver, entry.name) is not None
        has_role, is_in_config = target is not None, config.profile(entry.name) is not None
        profiles.append(
            IndexedProfile(
                entry.name, session_name, has_role, entry.managed, is_foreign, is_in_config
            )
        )
    values = [section.values() for section in config.text.sections.values()]
    regions = {of.get(key, "") for of in values for key in ("region", "sso_region")}
    return NameIndex(profiles, config.session_names(), sorted(regions - {""}))
