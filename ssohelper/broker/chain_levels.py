"""Runs one broker for the portal's roles and one for each level of chains.

A call for a chain asks the broker below for the source credentials, then asks STS. While calls
fail, a broker lets only one call try. That call must not wait for another call of the same broker,
so each level has its own. Like broker.core, this module does no I/O and reads no clock.
"""

from contextlib import suppress
from typing import Protocol

from ssohelper.broker.core import Broker, Files, Ports
from ssohelper.broker.limits import Pace
from ssohelper.broker.requests import (
    AskedBy,
    Caller,
    FoundCredentials,
    Reply,
    Request,
    Token,
    TokenState,
)
from ssohelper.core.model import RoleKey
from ssohelper.errors import LoginRequired, SourceRejected, SsoHelperError, TokenRejected
from ssohelper.fastpath import CALL_SECONDS

# AWS publishes no quota for AssumeRole. STS allows hundreds of requests a second in each region.
_STS_REQUESTS_A_SECOND = 50.0
# A share above the whole lifetime (1): no cached credentials have it, so AWS is asked.
_SHARE_OF_NO_CACHED_CREDENTIALS = 2.0


class ChainFiles(Files, Protocol):
    def find_source_role(self, key: RoleKey) -> RoleKey:
        """Raises: ConfigInvalid."""

    def read_config_fingerprint(self) -> str:
        """Return a text that changes with the AWS config, and so with each edit of a chain."""


class ChainPorts(ChainFiles, Ports, Protocol):
    def start_assuming_role(self, key: RoleKey, asked_by: AskedBy, source: Reply) -> None:
        """Start to ask STS for the chain's role; `Brokers.note_role_call_end` gets the outcome."""


class _SourceWait:
    """The `channel` of a `Caller` that is a chain's call, waiting for its source credentials."""

    def __init__(self, key: RoleKey, asked_by: AskedBy) -> None:
        self.key = key
        self.asked_by = asked_by


class Brokers:
    def __init__(self, ports: ChainPorts) -> None:
        self._ports = ports
        self._roles = Broker(_PortsOfRoles(self, ports))
        self._chains: dict[int, Broker] = {}
        # The number of roles in each chain, counted when a caller first asked for the chain.
        self._levels: dict[RoleKey, int] = {}
        self._now = 0.0
        # Errors of calls that ended before STS was asked. They are found while a method of the
        # broker runs, so `start_due_work` reports them later.
        self._ended: list[tuple[RoleKey, SsoHelperError]] = []
        # The chains for which STS has already refused source credentials once during the present
        # call.
        self._refused: set[RoleKey] = set()
        self._asked_by: dict[RoleKey, AskedBy] = {}

    # -- events -----------------------------------------------------------------------------

    def handle_request(self, caller: Caller, now: float) -> None:
        self._now = now
        self._get_broker_for_role(caller.request.key).handle_request(caller, now)

    def forget_caller(self, caller: Caller) -> None:
        self._get_broker_for_role(caller.request.key).forget_caller(caller)

    def note_role_call_end(self, key: RoleKey, outcome: Reply | SsoHelperError, now: float) -> None:
        self._now = now
        if key.chain and isinstance(outcome, SourceRejected) and key not in self._refused:
            # The source credentials were revoked, or are of an earlier sign-in: try once more with
            # new ones.
            self._refused.add(key)
            self._ask_for_source(
                key, self._asked_by[key], least_share=_SHARE_OF_NO_CACHED_CREDENTIALS
            )
            return
        self._refused.discard(key)
        self._asked_by.pop(key, None)
        self._get_broker_for_role(key).note_role_call_end(key, outcome, now)

    def note_renewal_end(self, session_name: str, error: SsoHelperError | None, now: float) -> None:
        self._now = now
        self._roles.note_renewal_end(session_name, error, now)

    def start_due_work(self, now: float) -> None:
        self._now = now
        while self._ended:
            self.note_role_call_end(*self._ended.pop(0), now)
        for broker in self._list_all_brokers():
            broker.start_due_work(now)

    # -- when to wake, whether to end -------------------------------------------------------

    def find_next_wake_time(self, now: float) -> float:
        if self._ended:
            return now
        return min(broker.find_next_wake_time(now) for broker in self._list_all_brokers())

    @property
    def is_done(self) -> bool:
        return all(broker.is_done for broker in self._list_all_brokers())

    def is_idle(self, now: float) -> bool:
        return all(broker.is_idle(now) for broker in self._list_all_brokers())

    # -- what the brokers call through their `Ports` ----------------------------------------

    def start_role_call(self, key: RoleKey, asked_by: AskedBy) -> float:
        """Ask for the source credentials of the chain; return the time of asking."""
        self._asked_by[key] = asked_by
        self._ask_for_source(key, asked_by)
        return self._now

    def start_renewal(self, session_name: str, seen_id: str) -> None:
        self._roles.start_renewal(session_name, seen_id, self._now)

    def tell_caller_to_wait(self, caller: Caller, seconds: float) -> None:
        waiting = caller.channel
        if isinstance(waiting, _SourceWait):
            broker = self._get_broker_for_role(waiting.key)
            broker.lengthen_callers_waits(waiting.key, self._now)
        else:
            self._ports.tell_caller_to_wait(caller, seconds)

    def reply(self, caller: Caller, reply: Reply) -> None:
        """Reply to the caller; if the caller is a chain's call, continue that call."""
        waiting, error = caller.channel, reply.error
        if not isinstance(waiting, _SourceWait):
            self._ports.reply(caller, reply)
        elif error is None:
            self._ports.start_assuming_role(waiting.key, waiting.asked_by, reply)
        else:
            if isinstance(error, TokenRejected):
                # The broker of roles has tried to renew the token, so the sign-in has ended.
                error = LoginRequired(error.message, hint=error.hint)
            self._ended.append((waiting.key, error))

    def _ask_for_source(self, key: RoleKey, asked_by: AskedBy, *, least_share: float = 0.0) -> None:
        try:
            source = self._ports.find_source_role(key)
        except SsoHelperError as error:
            self._ended.append((key, error))
            return
        request = Request(
            source,
            self._now,
            self._now + CALL_SECONDS,
            least_share,
            may_wait_longer=True,
            # A permit for the chain covers all its roles; without one, no guard rule matches any.
            is_permitted=True,
            asked_by=asked_by,
        )
        self._get_broker_for_role(source).handle_request(
            Caller(request, _SourceWait(key, asked_by)), self._now
        )

    def _get_broker_for_role(self, key: RoleKey) -> Broker:
        if not key.chain:
            return self._roles
        level = self._levels.get(key)
        if level is None:
            level = self._levels[key] = self._count_roles_in_chain(key)
        if level not in self._chains:
            ports = _PortsOfChains(self, self._ports)
            self._chains[level] = Broker(ports, Pace(_STS_REQUESTS_A_SECOND))
        return self._chains[level]

    def _count_roles_in_chain(self, key: RoleKey) -> int:
        levels = 1
        with suppress(SsoHelperError):  # `_ask_for_source` reports this error
            while (key := self._ports.find_source_role(key)).chain:
                levels += 1
        return levels

    def _list_all_brokers(self) -> list[Broker]:
        return [self._roles, *self._chains.values()]


class _PortsOfRoles:
    """The `Ports` of the broker of roles. `Brokers` gets its replies: some are for chains."""

    def __init__(self, brokers: Brokers, ports: ChainPorts) -> None:
        self.find_credentials = ports.find_credentials
        self.load_token = ports.load_token
        self.read_token_file_fingerprint = ports.read_token_file_fingerprint
        self.may_renew_in_background = ports.may_renew_in_background
        self.start_role_call, self.start_renewal = ports.start_role_call, ports.start_renewal
        self.tell_caller_to_wait, self.reply = brokers.tell_caller_to_wait, brokers.reply


class _PortsOfChains:
    """The `Ports` of a broker of chains, which needs no access token."""

    def __init__(self, brokers: Brokers, ports: ChainPorts) -> None:
        self._ports = ports
        self.may_renew_in_background = ports.may_renew_in_background
        self.start_role_call, self.start_renewal = brokers.start_role_call, brokers.start_renewal
        self.tell_caller_to_wait, self.reply = brokers.tell_caller_to_wait, brokers.reply

    def find_credentials(
        self, key: RoleKey, least_share: float, *, is_permitted: bool
    ) -> FoundCredentials:
        found = self._ports.find_credentials(key, least_share, is_permitted=is_permitted)
        if found.due_token_id and self.may_renew_in_background():
            self.start_renewal(key.session_name, found.due_token_id)
        return found._replace(due_token_id=None)

    def load_token(self, session_name: str) -> Token:
        return Token(TokenState.GOOD, "")

    def read_token_file_fingerprint(self, session_name: str) -> str:
        # `Refusals` forgets a refusal by STS when this text changes, so also after the config was
        # edited.
        token = self._ports.read_token_file_fingerprint(session_name)
        return f"{token} {self._ports.read_config_fingerprint()}"
