"""A role that the user chose from a list stays that role, whatever happens to the config meanwhile.

Between the choice and the action another program edits ~/.aws/config: profiles point at other
roles, swap names, take the name SESSION:ACCOUNT/ROLE, or go; sessions come, move and go.
"""

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

from ssohelper.actions import console as consoles
from ssohelper.actions import credentials, favourites, profile_edit, roles, selection
from ssohelper.app import App
from ssohelper.cli import choosing, pickers, role_profiles
from ssohelper.collaborators.aws_clients import AwsClients
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import Account, Role, RoleCredentials, RoleKey, Secret, SsoSession
from ssohelper.core.policy import Way
from ssohelper.core.role_rows import RoleRow
from ssohelper.errors import SsoHelperError
from ssohelper.tui.screens.account_actions import RowActions, find_use_command
from tests.actions.world import token
from tests.fake_clients import clients_made_by
from tests.in_process import renew_in_process

# EDITS=1000 in the environment takes 10 s of processor time.
EDITS = int(os.environ.get("EDITS") or 250)
SEED = 13
NOW = 4_000_000_000
PORTALS = {
    "corp": "https://d-0000000000.awsapps.com/start",
    "corp-admin": "https://d-0000000000.awsapps.com/start/",
    "lab": "https://d-1111111111.awsapps.com/start",
}
ROLES = tuple(
    Role(account_id, name)
    for account_id in ("000000000001", "000000000002")
    for name in ("ReadOnlyAccess", "AdministratorAccess")
)
KEYS = [RoleKey(session, *role) for session in PORTALS for role in ROLES]
FORMS = ("process", "sso", "legacy", "granted")
NAMES = ("prod", "dev", "audit", *(key.text for key in KEYS[:6]))


class Written(NamedTuple):
    """A profile as the test wrote it, and so the witness of what its name means."""

    form: str
    session: str
    role: Role

    def section(self, name: str) -> str:
        account_id, role_name, url = *self.role[:2], PORTALS[self.session]
        keys = {
            "process": "ssohelper_managed = true\ncredential_process = "
            f"/x/ssohelper-credentials --session {self.session} --account-id {account_id} "
            f"--role-name {role_name}",
            "sso": f"sso_session = {self.session}\nsso_account_id = {account_id}\n"
            f"sso_role_name = {role_name}",
            "legacy": f"sso_start_url = {url}\nsso_region = us-east-1\n"
            f"sso_account_id = {account_id}\nsso_role_name = {role_name}",
            "granted": f"granted_sso_start_url = {url}\ngranted_sso_region = us-east-1\n"
            f"granted_sso_account_id = {account_id}\ngranted_sso_role_name = {role_name}",
        }
        return f"[profile {name}]\n{keys[self.form]}\n"

    def is_of(self, key: RoleKey) -> bool:
        """Return whether an SDK that uses this profile gets the role of this key."""
        if self.role != key.role:
            return False
        if self.form in ("process", "sso"):
            return self.session == key.session_name
        return PORTALS[self.session].rstrip("/") == PORTALS[key.session_name].rstrip("/")


class Config:
    """The config of the test: what it means is known without reading it."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.sessions = dice.sample(sorted(PORTALS), dice.randint(1, 3))
        self.profiles = {name: self._written() for name in dice.sample(NAMES, dice.randint(0, 6))}

    def _written(self) -> Written:
        session = self.dice.choice(sorted(PORTALS))
        return Written(self.dice.choice(FORMS), session, self.dice.choice(ROLES))

    def edit(self) -> None:
        """Do what another program or an editor may do, one to three times."""
        for _ in range(self.dice.randint(1, 3)):
            self.dice.choice([self._retarget, self._swap, self._remove, self._add, self._session])()

    def _retarget(self) -> None:
        if self.profiles:
            self.profiles[self.dice.choice(sorted(self.profiles))] = self._written()

    def _swap(self) -> None:
        if len(self.profiles) > 1:
            one, other = self.dice.sample(sorted(self.profiles), 2)
            found = self.profiles
            found[one], found[other] = found[other], found[one]

    def _remove(self) -> None:
        if self.profiles:
            del self.profiles[self.dice.choice(sorted(self.profiles))]

    def _add(self) -> None:
        self.profiles[self.dice.choice(NAMES)] = self._written()

    def _session(self) -> None:
        self.sessions = self.dice.sample(sorted(PORTALS), self.dice.randint(1, 3))

    def text(self) -> str:
        sessions = (
            f"[sso-session {name}]\nsso_start_url = {PORTALS[name]}\nsso_region = us-east-1\n"
            for name in self.sessions
        )
        return "".join(
            [*sessions, *(written.section(name) for name, written in self.profiles.items())]
        )


class Desk(App):
    """A home on the disk; AWS answers each role call with keys that carry the role's name."""

    def __init__(self, folder: Path) -> None:
        environ = {"HOME": str(folder), "SSOHELPER_HOME": str(folder / "own")}
        super().__init__(environ, clock=lambda: NOW)
        renew_in_process(self)
        self.file = folder / ".aws" / "config"
        self.file.parent.mkdir()
        accounts = sorted({role.account_id for role in ROLES})
        listed = tuple(
            ListedAccount(
                Account(account_id, f"account-{account_id[-1]}", ""),
                tuple(role.name for role in ROLES if role.account_id == account_id),
            )
            for account_id in accounts
        )
        for name, url in PORTALS.items():
            self.tokens.save(SsoSession(name, url, "us-east-1", ()), token(f"token-of-{name}"))
            self.directory.save(name, Listing(url, "us-east-1", NOW, listed))

    @cached_property
    def aws(self) -> AwsClients:
        return clients_made_by(self)

    def portal(self, session: SsoSession) -> Any:
        def send_get_request(
            _path: str, query: dict[str, str], *_: object, **_more: object
        ) -> RoleCredentials:
            name = session.key_of(Role(query["account_id"], query["role_name"])).text
            return RoleCredentials(name, Secret("s"), Secret("t"), NOW + 3600)

        return SimpleNamespace(send_get_request=send_get_request, answered_at=lambda: NOW)


def keys_of(app: App, profile: selection.Profile) -> str:
    """Return for which role AWS gave the keys that this profile's user gets."""
    return credentials.release_credentials(
        app, profile.session, profile.role, Way.EXEC, app.clock.deadline()
    ).access_key_id


# -- what reached which role -----------------------------------------------------------------------


class Reach:
    """Does with a row what the screens and the commands do, and notes what reached another role."""

    def __init__(self, app: Desk, config: Config, row: RoleRow) -> None:
        self.app, self.config, self.row = app, config, row
        self.actions = RowActions(
            SimpleNamespace(services=app, key_of=str, config_sessions=()),  # type: ignore[arg-type]
            None,  # type: ignore[arg-type]
            lambda: None,
        )
        self.done: set[str] = set()

    def wrong(self) -> Iterator[str]:
        """Yield the actions that reached another role. An error reaches none."""
        acts: list[Callable[[], bool]] = [
            self.keys,
            self.picked_on_the_command_line,
            self.use,
            self.use_keys_and_go_back,
            self.copy_export,
            self.copy_link,
            self.leave_the_full_screen,
            self.make_favourite,
            self.remove_profiles,
        ]
        for act in acts:
            try:
                if not act():
                    yield act.__name__
                self.done.add(act.__name__)
            except SsoHelperError:
                continue

    def keys(self) -> bool:
        profile = self.actions._resolve_profile(self.row)
        return self.is_right(profile) and keys_of(self.app, profile) == self.row.key.text

    def picked_on_the_command_line(self) -> bool:
        choice = choosing.read_known_roles(self.app, None)
        found = choosing.pick_role_from(self.app, choice, asks_if_guarded=False)
        return isinstance(found, selection.Profile) and self.is_right(found)

    def use(self) -> bool:
        # The name of the choice, as it was before the edit: a sign-in may lie between.
        names = [*self.row.profiles[:1], self.row.key.text]
        return all(self._used(name) for name in names)

    def _used(self, name: str) -> bool:
        session = self.app.config.read().sso_session(self.row.session_name)
        if session is None:
            return True
        chosen = selection.Profile(name, session, self.row.key.role, None)
        found = role_profiles.find_current_profile_name(
            self.app, chosen
        ) or role_profiles.find_profile_of_role(self.app, chosen, frozenset())
        return found is None or self.is_name_right(found)

    def use_keys_and_go_back(self) -> bool:
        profile = self.actions._resolve_profile(self.row)
        name = role_profiles.find_current_profile_name(self.app, profile) or profile.key.text
        return name == self.row.key.text or self.is_name_right(name)

    def copy_export(self) -> bool:
        text, _ = self.actions._find_text_to_copy("export", self.row)
        return self.is_name_right(text.removeprefix("export AWS_PROFILE=").strip("'"))

    def copy_link(self) -> bool:
        profile = self.actions._resolve_profile(self.row)
        page = consoles.choose_console_page(self.app, profile, None, None)
        link = consoles.make_portal_link(self.app, profile, page)
        account_id, role_name, _ = self.row.key.role
        return f"account_id={account_id}&role_name={role_name}&" in link

    def leave_the_full_screen(self) -> bool:
        line = find_use_command(self.app, self.row)
        name = line.removeprefix("ssohelper use ").strip("'")
        return name == self.row.key.text or self.is_name_right(name)

    def make_favourite(self) -> bool:
        favourites.set_favourite(self.app, self.row.key, True)
        found = favourites.list_favourites(self.app)
        favourites.set_favourite(self.app, self.row.key, False)
        return found == [self.row.key]

    def remove_profiles(self) -> bool:
        if not self.row.profiles:
            return True
        found = self.actions._read_profiles_to_remove(self.row)
        self.config.edit()  # while the question is on the screen
        self.app.file.write_text(self.config.text())
        profile_edit.remove_profiles(self.app, found)
        gone = {*self.config.profiles} - {e.name for e in self.app.config.read().profiles()}
        right = all(self.is_name_right(name) for name in gone)
        for name in gone:
            del self.config.profiles[name]
        return right

    def is_right(self, profile: selection.Profile) -> bool:
        """Return whether the profile is the row's role, and its name means that to an SDK too."""
        is_valid_key = profile.name == self.row.key.text
        return profile.key == self.row.key and (is_valid_key or self.is_name_right(profile.name))

    def is_name_right(self, name: str) -> bool:
        written = self.config.profiles.get(name)
        return written is not None and written.is_of(self.row.key)


def test_no_action_reaches_another_role_over_many_edits_of_the_config(tmp_path, monkeypatch):
    # No check here needs durable files, and 4,160 calls of fsync take 20 s on a busy disk.
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)
    dice = random.Random(SEED)
    app = Desk(tmp_path)
    edited_rows = 0
    done: Counter[str] = Counter()
    for number in range(EDITS):
        config = Config(dice)
        app.file.write_text(config.text())
        rows = roles.read_roles(app).rows
        if not rows:
            continue
        row = dice.choice([row for row in rows if row.profiles] or rows)

        def picked(_app, _choice, _typed="", *, config: Config = config, row: RoleRow = row):
            config.edit()
            app.file.write_text(config.text())
            return row

        monkeypatch.setattr(pickers, "pick_role", picked)
        picked(app, None)
        edited_rows += any(
            not (name in config.profiles and config.profiles[name].is_of(row.key))
            for name in row.profiles
        )
        reach = Reach(app, config, row)
        wrong = list(reach.wrong())
        assert not wrong, f"edit {number}: {row.key} {row.profiles}\n{config.text()}"
        done.update(reach.done)
    assert edited_rows > EDITS / 5, "too few edits touched the chosen role's profiles"
    assert len(done) == 9
    assert min(done.values()) > EDITS / 5, f"an action that ends with errors shows nothing: {done}"


def test_every_row_of_a_config_that_nobody_edits_can_be_used(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    app = Desk(tmp_path)
    legacy_of_two_sessions = 0
    for _ in range(100):
        config = Config(dice)
        app.file.write_text(config.text())
        for row in roles.read_roles(app).rows:
            profile = selection.resolve_chosen_role(app, row.key, row.profiles)
            assert (profile.key, profile.name) == (row.key, row.profile_argument)
            forms = {config.profiles[name].form for name in row.profiles}
            legacy_of_two_sessions += "legacy" in forms and {"corp", "corp-admin"} <= {
                *config.sessions
            }
    assert legacy_of_two_sessions > 10
