"""The program with files of its own; the test controls AWS, the clock and other tools."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from ssohelper.actions import credentials, tokens
from ssohelper.app import App
from ssohelper.collaborators.aws_clients import AwsClients
from ssohelper.core.model import (
    AccessToken,
    CachedCredentials,
    ClientRegistration,
    IssuedToken,
    Role,
    RoleCredentials,
    Secret,
    SignInFacts,
    SsoSession,
)
from ssohelper.core.policy import Way
from ssohelper.errors import SsoHelperError
from tests.fake_clients import clients_made_by
from tests.in_process import renew_in_process
from tests.published import date_back

NOW = 4_000_000_000
HOUR = 3600
SESSION = SsoSession("corp", "https://d-0000000000.awsapps.com/start", "us-east-1", ())
ROLE = Role("000000000001", "ReadOnlyAccess")
KEY = SESSION.key_of(ROLE)
CONFIG = f"[sso-session corp]\nsso_start_url = {SESSION.start_url}\nsso_region = {SESSION.region}\n"


def token(
    value: str,
    expires_at: int = NOW + 99 * HOUR,
    *,
    refresh: str | None = "r",
    client_until: int = NOW + 999 * HOUR,
) -> AccessToken:
    client = ClientRegistration("client", Secret("secret"), client_until)
    return AccessToken(Secret(value), expires_at, Secret(refresh) if refresh else None, client)


def keys(name: str, expires_at: int = NOW + HOUR) -> RoleCredentials:
    return RoleCredentials(name, Secret("s"), Secret("t"), expires_at)


class WorldApp(App):
    """`answer` is what AWS says to a role call, `renewal` to a renewal: None is a success.

    `asked` and `used` name the access tokens of the role calls and the renewals that AWS saw.
    Only `sleep` moves the monotonic clock, where the test says so.
    """

    def __init__(self, folder: Path, *, sleeps: bool = False) -> None:
        self.at = NOW
        self.slept = 0.0
        clocks: dict[str, Any] = {}
        if sleeps:
            clocks = {"monotonic": lambda: self.slept, "sleep": self._sleep}
        super().__init__(
            {"HOME": str(folder), "SSOHELPER_HOME": str(folder)}, clock=lambda: self.at, **clocks
        )
        config = folder / ".aws" / "config"
        if not config.exists():
            config.parent.mkdir()
            config.write_text(CONFIG)
            date_back(config)
        self.answer: SsoHelperError | None = None
        self.renewal: SsoHelperError | None = None
        self.asked: list[str] = []
        self.used: list[str] = []
        self.waited: list[float] = []
        self.while_asked: Callable[[], object] = lambda: None
        self.while_renewed: Callable[[], object] = lambda: None
        self.while_asleep: Callable[[], object] = lambda: None
        self.learned: list[float] = []
        self.__dict__["_aws_clock"] = SimpleNamespace(
            now_at_aws=lambda wall: wall,
            save_reading=lambda aws_at, _wall: self.learned.append(aws_at),
        )
        self.renewals_run = renew_in_process(self).runs

    # -- answering the requests to AWS --------------------------------------------------------

    @cached_property
    def aws(self) -> AwsClients:
        return clients_made_by(self)

    def portal(self, session: SsoSession) -> Any:
        return SimpleNamespace(send_get_request=self._role_credentials, answered_at=lambda: self.at)

    def oidc(self, session: SsoSession) -> Any:
        return SimpleNamespace(refresh_token=self._refresh, issuer="aws/eu-west-1")

    def _role_credentials(self, _path: str, query: Any, used: AccessToken, *_: Any, **_more: Any):
        assert Role(query["account_id"], query["role_name"]) == ROLE
        self.asked.append(used.value.reveal())
        self.while_asked()
        if self.answer is not None:
            raise self.answer
        return keys(f"fresh-{len(self.asked)}", self.at + HOUR)

    def _refresh(self, used: AccessToken, deadline: Any) -> IssuedToken:
        assert used.refresh_token
        self.used.append(used.value.reveal())
        self.waited.append(deadline.seconds_left())
        self.while_renewed()
        if self.renewal is not None:
            raise self.renewal
        return IssuedToken(token(f"renewed-{len(self.used)}", self.at + HOUR), HOUR)

    def _sleep(self, seconds: float) -> None:
        self.slept += seconds
        self.while_asleep()

    # -- making tokens and credentials, and asking for them ------------------------------------

    def sign_in(self, left: int = 99 * HOUR, value: str = "first", **more: Any) -> None:
        """Another tool writes a token of which so much is left."""
        self.tokens.save(SESSION, token(value, self.at + left, **more))
        date_back(Path(self.tokens.token_file(SESSION)))

    def keep(self, left: int, asked_with: str = "first", life: int = HOUR) -> None:
        """Keep credentials of this lifetime of which so much is left, unpublished."""
        self.at = NOW + life - left
        kept = CachedCredentials(keys("old", NOW + life), NOW, token(asked_with).id)
        self.vault.save(KEY, SESSION, kept)

    def release(self, seconds: float = 18, **more: Any) -> str:
        deadline = self.clock.deadline(seconds)
        found = credentials.release_credentials(
            self, SESSION, ROLE, Way.CREDENTIAL_PROCESS, deadline, **more
        )
        return found.access_key_id

    def valid(self, seconds: float = 18) -> str:
        return tokens.ensure_valid_token(self, SESSION, self.clock.deadline(seconds)).value.reveal()

    # -- reading what the program has stored ---------------------------------------------------

    def stands(self) -> str | None:
        found = self.tokens.load(SESSION)
        return found.value.reveal() if found else None

    def facts(self) -> SignInFacts:
        return self.tokens.load_facts("corp")

    def is_kept(self) -> str | None:
        found = self.credentials.load(KEY, SESSION)
        return found and found.credentials.access_key_id

    def served_for(self) -> int:
        """Return for how many seconds a hit prints what is published."""
        return max(0, self.credentials.load_response_expiry(KEY) - self.at)
