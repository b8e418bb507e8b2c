"""Each store closes its own folders to other users before it writes, and writes mode 0600."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ssohelper.core.choices import Choices
from ssohelper.core.listing import Listing
from ssohelper.core.model import (
    CachedCredentials,
    PageChoice,
    RoleCredentials,
    RoleKey,
    Secret,
    SignInFacts,
    SsoSession,
)
from ssohelper.core.role_tree import RoleListView
from ssohelper.stores.choices_file import ChoicesStore
from ssohelper.stores.clock_file import ClockFile
from ssohelper.stores.config_store import ConfigStore
from ssohelper.stores.config_versions import ConfigVersions
from ssohelper.stores.credential_writer import CredentialWriter
from ssohelper.stores.directory_cache import DirectoryCache
from ssohelper.stores.name_index import NameIndexFile
from ssohelper.stores.prompt_state import PromptState
from ssohelper.stores.settings_file import SettingsFile
from ssohelper.stores.stamps import SessionStamp, SettingsStamp
from ssohelper.stores.token_cache import TokenFiles
from ssohelper.stores.usage_files import UsageStore
from tests.published import date_back, permit_publishing
from tests.stores.disk import mode_of, soon

NOON = 1_767_268_800
CORP = SsoSession("corp", "https://d-0000000000.awsapps.com/start", "eu-west-1", ())
KEY = RoleKey("corp", "001234567890", "ReadOnlyAccess")
CACHED = CachedCredentials(RoleCredentials("A", Secret("s"), Secret("t"), NOON + 3600), NOON)
LISTING, FACTS = Listing("u", "r", NOON, ()), SignInFacts(user="ana")
PAGE = PageChoice("s3", "a")


def config_in(base: Path) -> Path:
    """Return an old config beside `base`."""
    config = base.parent / "config"
    config.write_text("[profile a]\n")
    date_back(config)
    return config


def prepare_stamp(base: Path) -> Any:
    config = str(config_in(base))
    return SessionStamp(base, CORP, config, config).prepare_publishing(lambda: None)


def load_names(base: Path) -> Any:
    config = config_in(base)
    index = NameIndexFile(base, config, base / "none", base)
    return index.load(lambda: ConfigStore(config, base / "none", state=base, runtime=base))


def tokens_in(state: Path, runtime: Path) -> TokenFiles:
    return TokenFiles(state.parent / "tokens", state=state, runtime=runtime)


def count_use(state: Path, runtime: Path) -> None:
    UsageStore(state, runtime).update(KEY, lambda usage: usage._replace(uses=1), soon())


def set_setting(base: Path) -> Any:
    return SettingsFile(base.parent / "c.toml", runtime=base).set(("form",), "x", soon())


def save_version(base: Path) -> None:
    ConfigVersions(base, base.parent / "config").save_before_write(None, b"x", {})


def prepare_settings_stamp(base: Path) -> Any:
    stamp = SettingsStamp(base, base.parent / "c.toml", base.parent / "p.toml")
    return stamp.prepare_publishing(lambda: None)


# What each store writes below `base`, by the path of a file or folder that is there afterwards.
WRITES: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "choices": ("choices", lambda base: ChoicesStore(base, base).save("corp", Choices(form="sso"))),
    "clock": ("", lambda base: ClockFile(base).save_reading(5_000.0, 1_000.0)),
    "versions": ("*", save_version),
    "credentials": (
        "credentials/*/*/*",
        lambda base: CredentialWriter(base).save(KEY, CORP, CACHED),
    ),
    "response": (
        "credentials/*/*/*",
        lambda base: CredentialWriter(base).publish(permit_publishing(KEY), b"{}", NOON),
    ),
    "listing": ("listings/*", lambda base: DirectoryCache(base).save("corp", LISTING)),
    "listing lock": ("locks/*", lambda base: DirectoryCache(base).lock_listing("corp", soon())),
    "names": ("", load_names),
    "prompt": ("prompt/roles/*/*", lambda base: PromptState(base).write(KEY, "row")),
    "session stamp": ("credentials/*", prepare_stamp),
    "settings": ("locks", set_setting),
    "settings stamp": ("locks", prepare_settings_stamp),
    "facts": ("sign-ins", lambda base: tokens_in(base, base).save_facts("corp", FACTS)),
    "state lock": (
        "locks/*",
        lambda base: tokens_in(base.parent / "state", base).lock_state("corp", soon()),
    ),
    "usage": ("", lambda base: count_use(base, base.parent / "run")),
    "usage lock": ("locks", lambda base: count_use(base.parent / "state", base)),
    "list view": (
        "",
        lambda base: UsageStore(base, base).save_list_view(RoleListView(is_flat=True)),
    ),
    "pages": ("", lambda base: UsageStore(base, base).save_console_page(KEY, PAGE)),
}


@pytest.mark.parametrize("name", WRITES)
def test_folders_that_other_users_could_enter_are_closed_before_a_write(tmp_path, name):
    deepest, write = WRITES[name]
    base = tmp_path / "base"

    def run() -> None:
        made = write(base)
        if hasattr(made, "__enter__") and not isinstance(made, Path):
            with made:
                pass

    run()
    (found, *_) = (
        [path for path in base.glob(f"{deepest}/") if path.is_dir()] if deepest else [base]
    )
    folders = {base, found, *(path for path in found.parents if base in path.parents)}
    assert {mode_of(folder) for folder in folders} == {0o700}
    for folder, _names, file_names in os.walk(base):
        written = [Path(folder, file) for file in file_names]
        assert {mode_of(file) for file in written if not file.is_symlink()} <= {0o600}
    base.chmod(0o755)
    found.chmod(0o755)
    for file in (path for path in base.rglob("*") if path.is_file()):
        file.unlink()
    run()
    assert mode_of(found) == 0o700
    # These two have a folder of their own, whatever the mode of the one above it.
    assert mode_of(base) == (0o755 if name in ("choices", "versions") else 0o700)
