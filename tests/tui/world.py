"""A person's afternoon in the demo's world, on a clock that stands still: the same every time."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from ssohelper import installation
from ssohelper.actions import credentials, directory, login, usage
from ssohelper.actions.login import LoginOptions
from ssohelper.app import App
from ssohelper.core.device_flow import DeviceAuthorization
from ssohelper.core.model import Profile, Role, SsoSession
from ssohelper.emulator.organization import World
from ssohelper.emulator.server import Emulator

# 2026-03-11T14:30:00Z, a Wednesday afternoon.
NOW = 1_773_239_400
COMMAND = "/home/ana/.local/bin/ssohelper-credentials"
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
    """A clock that is set by hand."""

    def __init__(self, now: float = NOW) -> None:
        self.now = float(now)

    def __call__(self) -> float:
        return self.now


class StillApp(App):
    """Ours, with AWS's clock at this machine's: the true one runs on between two pictures."""

    def aws_now(self) -> int:
        return self.now()


class Silent:
    """A sign-in that nobody sees: the emulator approves it."""

    def show_page(self, url: str) -> None: ...

    def show_code(self, authorization: DeviceAuthorization) -> None: ...

    def open_browser(self, url: str) -> bool:
        return False

    def waiting_for_another_login(self) -> None: ...

    def is_cancelled(self) -> bool:
        return False


class Afternoon:
    """A home with two sessions, of which one is signed in, some profiles and some use."""

    def __init__(self, home: Path, emulator: Emulator, clock: Clock) -> None:
        self.home, self.emulator, self.clock = home, emulator, clock
        self.environ = {
            "HOME": str(home),
            "SSOHELPER_HOME": str(home / "own"),
            "PATH": "/usr/bin:/bin",
            "SSH_CONNECTION": "elsewhere",  # no browser is started
            **emulator.environment(),
        }
        self.config_file = home / ".aws" / "config"

    def app(self, **more: Any) -> App:
        return StillApp(self.environ, clock=self.clock, **more)

    def pass_the_day(self) -> None:
        """Sign in, list, use some roles: at the times that the pictures then show."""
        self.config_file.parent.mkdir(parents=True)
        house = self.app(sleep=lambda _seconds: None)
        lab = self.emulator.add_organization(
            World(name="lab", start_url="https://d-1111111111.awsapps.com/start")
        )
        lab.add_account("000060000001", "lab", email="aws+lab@example.com")
        lab.add_person("ana", "Ana Alvarez")
        lab.add_permission_set("ReadOnlyAccess")
        lab.assign("ana", "ReadOnlyAccess", "000060000001")
        corp_url = self.emulator.world.start_url
        self.config_file.write_text(
            CONFIG.format(corp=corp_url, lab=lab.start_url, command=COMMAND)
        )
        corp = house.config.read().sso_session("corp")
        assert corp is not None
        self.clock.now = NOW - 3 * 3600
        self.emulator.auto_approve = "ana"
        login.log_in(house, corp, Silent(), LoginOptions(device_code=True))
        self.emulator.auto_approve = None
        self.clock.now = NOW - 7 * 60
        directory.listing(house, corp)
        for minutes, account, role in (
            (55, "000030000001", "DatabaseAdmin"),
            (31, "000040000001", "ReadOnlyAccess"),
            (12, "000030000001", "ReadOnlyAccess"),
        ):
            self.clock.now = NOW - minutes * 60
            self._use(house, corp, Role(account, role))
        usage.set_favourite(house, usage.key_of(_profile(corp, "000040000001", "Developer")), True)
        self.clock.now = NOW
        # A token's end is told by the machine's true clock, which is past this afternoon.
        token = house.tokens.load(corp)
        assert token is not None
        ends_at = NOW + 41 * 60
        house.tokens.save(corp, token._replace(expires_at=ends_at))
        facts = house.tokens.facts(corp.name)
        facts = facts._replace(token_expires_at=ends_at, token_life_seconds=3600)
        house.tokens.save_facts(corp.name, facts)

    def _use(self, house: App, session: SsoSession, role: Role) -> None:
        credentials.release(house, session, role, "whoami", house.deadline())
        usage.record(house, _profile(session, *role))


def _profile(session: SsoSession, account_id: str, role_name: str) -> Profile:
    return Profile(f"{account_id}/{role_name}", session, Role(account_id, role_name), None)


@contextmanager
def afternoon(home: Path) -> Iterator[Afternoon]:
    """A running Identity Center and a home that leads there."""
    clock = Clock()
    with (
        Emulator(clock=clock) as emulator,
        mock.patch.object(installation, "profile_command", return_value=COMMAND),
        mock.patch.object(installation, "exposed_on_the_way", return_value=None),
    ):
        made = Afternoon(home, emulator, clock)
        made.pass_the_day()
        emulator.faults.set(
            user_code="PQRS-TVWX",
            verification_uri="https://device.sso.us-east-1.amazonaws.com/",
            verification_uri_complete="https://device.sso.us-east-1.amazonaws.com/?user_code=PQRS-TVWX",
        )
        yield made


async def until(condition: Callable[[], object], seconds: float = 8.0) -> None:
    """Wait for something that a thread brings about; fails when it never comes."""
    waited = 0.0
    while not condition():
        assert waited < seconds, "it never came"
        await asyncio.sleep(0.02)
        waited += 0.02
