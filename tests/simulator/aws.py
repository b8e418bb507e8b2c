"""AWS's side: sign-ins, tokens under strict rotation, roles. Every secret names what it is of."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from ssohelper.core.model import AccessToken, ClientRegistration, RoleCredentials, Secret

_REGISTRATION_SECONDS = 90 * 86400


class SignIn:
    """One sign-in of a person at a portal."""

    def __init__(self, number: int, portal: str, person: str, ends_at: float) -> None:
        self.number = number
        self.portal = portal
        self.person = person
        self.ends_at = ends_at
        self.dead_at: float | None = None
        self.was_revoked = False
        # Why the AWS CLI would have lost it too; None while there is no such reason.
        self.excuse: str | None = None

    def __repr__(self) -> str:
        return f"sign-in {self.number} of {self.person} at {self.portal}"


class Refresh:
    """One refresh token and its uses."""

    def __init__(self, sign_in: SignIn) -> None:
        self.sign_in = sign_in
        self.is_used = False
        self.foreign_uses = 0


class Key(NamedTuple):
    """What one access key id stands for."""

    sign_in: SignIn
    account: str
    role: str
    expires_at: float
    issued_at: float


class Refused(Exception):
    """What AWS refuses: "invalid_grant", "401" or "403"."""


class Aws:
    """The state of Identity Center. `now` is AWS's clock; it makes no jumps."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.token_life = 3600
        self.role_life = 3600
        self.sign_ins: list[SignIn] = []
        self.access: dict[str, tuple[SignIn, float]] = {}
        self.refresh_tokens: dict[str, Refresh] = {}
        self.keys: dict[str, Key] = {}
        self.unassigned: set[tuple[str, str, str]] = set()
        self._serial = 0

    def sign_in(self, portal: str, person: str, life_seconds: float) -> tuple[SignIn, str, str]:
        """Begin a sign-in; return it with its first access and refresh token."""
        found = SignIn(len(self.sign_ins) + 1, portal, person, self.now() + life_seconds)
        self.sign_ins.append(found)
        return (found, *self._tokens(found))

    def end(self, sign_in: SignIn) -> None:
        if sign_in.dead_at is None:
            sign_in.dead_at = self.now()

    def lives(self, sign_in: SignIn) -> bool:
        if self.now() >= sign_in.ends_at:
            self.end(sign_in)
        return sign_in.dead_at is None

    def refresh(self, refresh_token: str, *, is_foreign: bool) -> tuple[str, str]:
        """Rotate: a refresh token works once, and its second use revokes the sign-in."""
        known = self.refresh_tokens[refresh_token]
        known.foreign_uses += is_foreign
        if not self.lives(known.sign_in):
            raise Refused("invalid_grant")
        if known.is_used:
            if known.foreign_uses and not known.sign_in.excuse:
                known.sign_in.excuse = "another tool used the refresh token too"
            self.end(known.sign_in)
            known.sign_in.was_revoked = True
            raise Refused("invalid_grant")
        known.is_used = True
        return self._tokens(known.sign_in)

    def role(self, access: str, account: str, role: str) -> RoleCredentials:
        sign_in, expires_at = self.access[access]
        if not self.lives(sign_in) or self.now() >= expires_at:
            raise Refused("401")
        if (sign_in.person, account, role) in self.unassigned:
            raise Refused("403")
        self._serial += 1
        key = f"ASIA{self._serial:08d}{account}"
        ends_at = int(self.now()) + self.role_life
        self.keys[key] = Key(sign_in, account, role, float(ends_at), self.now())
        return RoleCredentials(key, Secret(f"secret-{key}"), Secret(f"session-{key}"), ends_at)

    def logout(self, access: str) -> None:
        sign_in, expires_at = self.access[access]
        if not self.lives(sign_in) or self.now() >= expires_at:
            raise Refused("401")
        self.end(sign_in)

    def token(self, access: str, refresh: str, local_now: float) -> AccessToken:
        """Return the tokens as a client keeps them, with the end by the client's clock."""
        client = ClientRegistration(
            "client", Secret("hush"), int(local_now) + _REGISTRATION_SECONDS
        )
        return AccessToken(
            Secret(access), int(local_now) + self.token_life, Secret(refresh), client
        )

    def sign_in_of(self, access: str) -> SignIn | None:
        found = self.access.get(access)
        return found[0] if found else None

    def _tokens(self, sign_in: SignIn) -> tuple[str, str]:
        self._serial += 1
        access, refresh = f"at-{self._serial}", f"rt-{self._serial}"
        self.access[access] = (sign_in, self.now() + self.token_life)
        self.refresh_tokens[refresh] = Refresh(sign_in)
        return access, refresh
