"""A home in the demo's organization, with a fixed clock: the same screens every time."""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from ssohelper.actions import favourites, profile_checks
from ssohelper.app import App
from ssohelper.core.instants import to_iso
from ssohelper.core.listing import ListedAccount, Listing
from ssohelper.core.model import (
    AccessToken,
    Account,
    CachedCredentials,
    Profile,
    Role,
    RoleCredentials,
    RoleKey,
    Secret,
    SignInFacts,
    SsoSession,
)
from ssohelper.core.resolver import ProgramFact
from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator
from ssohelper.system import installation
from tests.in_process import renew_in_process

# 2026-03-11T14:30:00Z, a Wednesday afternoon.
NOW = 1_773_239_400
COMMAND = "/home/ana/.local/bin/ssohelper-credentials"
_MAKE_PROGRAM_FACT = profile_checks.make_program_fact
CONFIG = """\
[default]
region = eu-west-1
output = json

[sso-session corp]
sso_start_url = {corp}
sso_region = us-east-1
sso_registration_scopes = sso:account:access

[sso-session lab]
sso_start_url = {lab}
sso_region = us-east-1
sso_registration_scopes = sso:account:access

[profile audit]
role_arn = arn:aws:iam::000010000002:role/Auditor
source_profile = payments-dev.ReadOnlyAccess

[profile payments-dev.ReadOnlyAccess]
credential_process = {command} --session corp --account-id 000040000001 --role-name ReadOnlyAccess
region = eu-west-1
ssohelper_managed = true

[profile orders-dev.Developer]
credential_process = /opt/old/bin/ssohelper credential-process --session corp --account-id 000040000002 --role-name Developer
region = eu-west-1
ssohelper_managed = true

[profile payments-prod.DatabaseAdmin]
credential_process = {command} --session corp --account-id 000030000001 --role-name DatabaseAdmin
region = eu-west-1
ssohelper_managed = true
"""


class Clock:
    """A clock that the test sets."""

    def __init__(self, now: float = NOW) -> None:
        self.now = float(now)

    def __call__(self) -> float:
        return self.now


class FixedAwsClockApp(App):
    """An App in which AWS has the same fixed time: the real time changes between two pictures."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.clock.aws_now = self.clock.now  # type: ignore[method-assign]


class DemoHome:
    """A home with two sessions, one of them signed in, some profiles and some used roles."""

    def __init__(self, home: Path, emulator: Emulator, clock: Clock) -> None:
        self.home, self.emulator, self.clock = home, emulator, clock
        self.environ = {
            "HOME": str(home),
            "SSOHELPER_HOME": str(home / "own"),
            "PATH": "/usr/bin:/bin",
            "SSH_CONNECTION": "elsewhere",  # over SSH, no browser is started
            **emulator.environment(),
        }
        self.config_file = home / ".aws" / "config"

    def app(self, **more: Any) -> App:
        made = FixedAwsClockApp(self.environ, clock=self.clock, **more)
        renew_in_process(made)
        return made

    def remember_user(self, session_name: str, user: str) -> None:
        """Record who signed in last, as a sign-in does."""
        tokens = self.app().tokens
        tokens.save_facts(session_name, tokens.load_facts(session_name)._replace(user=user))

    def sign_in_and_use_roles(self) -> None:
        """Sign in, list and use some roles, at the times that the pictures show."""
        self.config_file.parent.mkdir(parents=True)
        services = self.app()
        lab = self.emulator.add_organization(
            World(name="lab", start_url="https://d-1111111111.awsapps.com/start")
        )
        lab.add_account("000060000001", "lab", email="aws+lab@example.com")
        lab.add_person("ana", "Ana Alvarez")
        lab.add_permission_set("ReadOnlyAccess")
        lab.add_person("ben", "Ben Berg")
        for name in ("ana", "ben"):
            lab.assign(name, "ReadOnlyAccess", "000060000001")
        corp_url = self.emulator.world.start_url
        self.config_file.write_text(
            CONFIG.format(corp=corp_url, lab=lab.start_url, command=COMMAND)
        )
        corp = services.config.read().sso_session("corp")
        assert corp is not None
        self.clock.now = NOW - 3 * 3600
        self._sign_in(services, corp)
        self.clock.now = NOW - 7 * 60
        services.directory.save("corp", listing_of(self.emulator.world))
        for minutes, account, role, life in (
            (55, "000030000001", "DatabaseAdmin", 2),
            (31, "000040000001", "ReadOnlyAccess", 8),
            (12, "000030000001", "ReadOnlyAccess", 8),
        ):
            self.clock.now = NOW - minutes * 60
            self._use(services, corp, Role(account, role), life * 3600)
        favourites.set_favourite(services, _profile(corp, "000040000001", "Developer").key, True)
        self.clock.now = NOW

    def _sign_in(self, services: App, session: SsoSession) -> None:
        """Write ana's token as AWS's tools do, with a fixed expiration."""
        content = self.emulator.issue_token("ana", start_url=session.start_url)
        ends_at = NOW + 41 * 60
        content["expiresAt"] = to_iso(ends_at)
        name = hashlib.sha1(session.name.encode()).hexdigest()
        path = self.home / ".aws" / "sso" / "cache" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
        path.chmod(0o600)
        facts = SignInFacts(
            signed_in_at=services.clock.now(),
            token_expires_at=ends_at,
            token_life_seconds=3600,
            token_ids=(AccessToken(Secret(content["accessToken"]), ends_at, None, None).id,),
            issuer="loopback",
        )
        services.tokens.save_facts(session.name, facts)

    def _use(self, services: App, session: SsoSession, role: Role, life_seconds: int) -> None:
        keys = RoleCredentials(
            "ASIAEXAMPLE", Secret("s"), Secret("t"), services.clock.now() + life_seconds
        )
        key = RoleKey(session.name, *role)
        services.vault.save(
            key,
            session,
            CachedCredentials(keys, services.clock.now(), _token_id(services, session)),
        )
        favourites.record_use_of_role(services, _profile(session, *role[:2]))


def listing_of(world: World) -> Listing:
    """Return what AWS would list for ana now."""
    offered = world.roles_of("ana")
    accounts = sorted(
        (Account(a.id, a.name, a.email) for a in world.accounts.values() if a.id in offered),
        key=lambda account: account.name,
    )
    listed = tuple(ListedAccount(a, tuple(sorted(offered[a.id]))) for a in accounts)
    return Listing(world.start_url, world.region, NOW - 7 * 60, listed)


def _profile(session: SsoSession, account_id: str, role_name: str) -> Profile:
    return Profile(f"{account_id}/{role_name}", session, Role(account_id, role_name), None)


def _make_program_fact(word: str, environ: Mapping[str, str]) -> ProgramFact:
    """Return what is known about a program; COMMAND counts as ours even if it has no file."""
    if word == COMMAND:
        return ProgramFact(word, COMMAND, True)
    return _MAKE_PROGRAM_FACT(word, environ)


@contextmanager
def demo_home(home: Path) -> Iterator[DemoHome]:
    """Start an emulated Identity Center, and make a home that uses it."""
    clock = Clock()
    with (
        Emulator(clock=clock) as emulator,
        mock.patch.object(installation, "find_profile_command", return_value=COMMAND),
        mock.patch.object(profile_checks, "make_program_fact", _make_program_fact),
        mock.patch.object(installation, "find_replaceable_part", return_value=None),
    ):
        made = DemoHome(home, emulator, clock)
        made.sign_in_and_use_roles()
        emulator.faults.set(
            user_code="PQRS-TVWX",
            verification_uri="https://device.sso.us-east-1.amazonaws.com/",
            verification_uri_complete="https://device.sso.us-east-1.amazonaws.com/?user_code=PQRS-TVWX",
        )
        yield made


async def until(condition: Callable[[], object], seconds: float = 60.0) -> None:
    """Wait until the condition is true; fail if that takes too many seconds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came"
        await asyncio.sleep(0.02)


def _token_id(services: App, session: SsoSession) -> str:
    token = services.tokens.load(session)
    assert token
    return token.id
