"""Each store closes its own folders to other users before it writes, and writes mode 0600."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ssohelper.core.choices import Choices
from ssohelper.core.deadline import Deadline
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
from tests.stores.disk import mode_of

NOON = 1_767_268_800
CORP = SsoSession("corp", "https://d-0000000000.awsapps.com/start", "eu-west-1", ())
KEY = RoleKey("corp", "001234567890", "ReadOnlyAccess")
KEYS = RoleCredentials("A", Secret("s"), Secret("t"), NOON + 3600)


def soon() -> Deadline:
    return Deadline(20, time.monotonic)


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


def renew(base: Path) -> Any:
    tokens = TokenFiles(base.parent / "tokens", state=base.parent / "state", runtime=base)
    with tokens.lock_state("corp", soon()):
        return True


# What each store writes below `base`, by the path of a file or folder that is there afterwards.
WRITES: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "choices": (
        "choices",
        lambda base: ChoicesStore(base, base).save("corp", Choices(roles=("x",))),
    ),
    "clock": ("", lambda base: ClockFile(base).save_reading(5_000.0, 1_000.0)),
    "versions": (
        "*",
        lambda base: ConfigVersions(base, base.parent / "config").save_before_write(None, b"x", {}),
    ),
    "credentials": (
        "credentials/*/*/*",
        lambda base: CredentialWriter(base).save(KEY, CORP, CachedCredentials(KEYS, NOON)),
    ),
    "response": (
        "credentials/*/*/*",
        lambda base: CredentialWriter(base).publish(permit_publishing(KEY), b"{}", NOON),
    ),
    "listing": (
        "listings/*",
        lambda base: DirectoryCache(base).save("corp", Listing("u", "r", NOON, ())),
    ),
    "listing lock": ("locks/*", lambda base: DirectoryCache(base).lock_listing("corp", soon())),
    "names": ("", load_names),
    "prompt": ("prompt/roles/*/*", lambda base: PromptState(base).write(KEY, "row")),
    "session stamp": ("credentials/*", prepare_stamp),
    "settings": (
        "locks",
        lambda base: SettingsFile(base.parent / "c.toml", runtime=base).set(("form",), "x", soon()),
    ),
    "settings stamp": (
        "locks",
        lambda base: SettingsStamp(
            base, base.parent / "c.toml", base.parent / "p.toml"
        ).prepare_publishing(lambda: None),
    ),
    "facts": (
        "sign-ins",
        lambda base: TokenFiles(base.parent, state=base, runtime=base).save_facts(
            "corp", SignInFacts(user="ana")
        ),
    ),
    "state lock": ("locks/*", renew),
    "usage": (
        "",
        lambda base: UsageStore(base, runtime=base.parent / "run").update(
            KEY, lambda usage: usage._replace(uses=1), soon()
        ),
    ),
    "usage lock": (
        "locks",
        lambda base: UsageStore(base.parent / "state", runtime=base).update(
            KEY, lambda usage: usage._replace(uses=1), soon()
        ),
    ),
    "list view": (
        "",
        lambda base: UsageStore(base, base).save_list_view(RoleListView(is_flat=True)),
    ),
    "pages": (
        "",
        lambda base: UsageStore(base, base).save_console_page(KEY, PageChoice("s3", "a")),
    ),
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
