"""What must hold in every schedule. Each broken rule becomes a line in `violations`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from ssohelper.broker.limits import REQUESTS_A_SECOND, USABLE_SECONDS
from ssohelper.core.journal import Entry
from tests.simulator.aws import SignIn

if TYPE_CHECKING:
    from tests.simulator.callers import Caller
    from tests.simulator.network import Fate
    from tests.simulator.scheduler import Process
    from tests.simulator.world import World

# Between the last check of the token file and the reply lie some operations: no program can
# close that gap. In virtual time it is far below this.
GAP_SECONDS = 0.1
# The contract: exits 4 and 5 are shared for so long.
_SHARED_SECONDS = 31.0
# Failing answers are felt until the next probe: 8 s, and a renewal's lock before that.
_FELT_SECONDS = 20.0
_LATE_SECONDS = 0.3
# A token file that stays half written is looked at for a second.
_TORN_SECONDS = 1.5
_CLOCK_ERROR = 60.0


class Present(NamedTuple):
    """Whose sign-in a session's token file holds from `at` on."""

    at: float
    sign_in: SignIn | None
    is_damaged: bool = False


class Send:
    """One use of a refresh token by a renewal of ours."""

    def __init__(self, refresh_token: str, process: Process, at: float) -> None:
        self.refresh_token = refresh_token
        self.process = process
        self.at = at
        self.is_over = False
        self.is_lost = False
        self.answered_at: float | None = None
        self.brought = ""
        self.is_kept = False
        self.met_disk_fault = False


class Judge:
    """Watches one schedule."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.violations: list[str] = []
        self.presents: dict[str, list[Present]] = {}
        self.portals: dict[str, list[tuple[float, str]]] = {}
        self.sends: list[Send] = []
        # Intervals in which something was wrong with AWS, the disk, or a process was killed.
        self.aws_faults: list[list[float]] = []
        self.disk_faults: list[list[float]] = []
        self.disturbances: list[float] = []
        self.journal: list[Entry] = []
        self.unassigned: dict[tuple[str, str], list[list[float]]] = {}
        # When a login or logout of ours had ended, by session.
        self.own_changes: dict[str, list[float]] = {}
        self.is_crowded = False
        self.clock_set_at = float("-inf")
        self._versions: dict[str, int] = {}
        self._read: dict[tuple[Process, str], tuple[int, float]] = {}
        self._changed_by_us: dict[str, int] = {}
        self._calls: dict[Any, dict[Any, int]] = {}
        self._renewals: dict[Any, dict[str, int]] = {}
        self._call_times: dict[Any, list[float]] = {}

    def fail(self, text: str) -> None:
        self._world.trace(f"VIOLATION: {text}")
        self.violations.append(text)

    # -- checking what is read from and written to token files -------------------------------

    def note_present(self, session: str, data: bytes | None) -> None:
        """Note what is in the token file from now on."""
        path = self._world.token_path(session)
        self._versions[path] = self._versions.get(path, 0) + 1
        now = self._world.scheduler.now
        if data is None:
            entry = Present(now, None)
        else:
            found = _object(data)
            sign_in = self._world.aws.sign_in_of(str((found or {}).get("accessToken")))
            entry = Present(now, sign_in, found is None)
        self.presents.setdefault(session, []).append(entry)

    def token_read(self, process: Process, path: str) -> None:
        self._read[process, path] = (self._versions.get(path, 0), self._world.scheduler.now)

    def token_replaced(self, process: Process, path: str, data: bytes) -> None:
        session = self._world.session_of_path(path)
        present = self.presents[session][-1]
        if process.name == "renewal":
            self._check_renewed(process, path, present, data)
        self._changed_by_us[path] = self._versions.get(path, 0) + 1
        self.note_present(session, data)

    def token_removed(self, process: Process, path: str) -> None:
        self._changed_by_us[path] = self._versions.get(path, 0) + 1
        self.note_present(self._world.session_of_path(path), None)

    def _check_renewed(self, process: Process, path: str, present: Present, data: bytes) -> None:
        """No sign-in or sign-out that a renewal could have seen may be overwritten by it."""
        fresh = self._world.aws.sign_in_of(str((_object(data) or {}).get("accessToken")))
        send = next((one for one in reversed(self.sends) if one.process is process), None)
        if send is None or send.answered_at is None:
            self.fail(f"{process} wrote a token file without an answer of AWS's")
            return
        send.is_kept = True
        if present.is_damaged or present.sign_in is fresh:
            return
        version, read_at = self._read.get((process, path), (-1, 0.0))
        has_changed = version != self._versions.get(path, 0)
        is_ours = self._changed_by_us.get(path, 0) > version
        if has_changed and read_at >= send.answered_at and not is_ours:
            # Another tool wrote between our last read and our rename: it takes no lock.
            for sign_in in (present.sign_in, fresh):
                if sign_in is not None:
                    sign_in.excuse = sign_in.excuse or "two tools wrote at the same moment"
            return
        if is_ours and (self.disk_faults or self.disturbances):
            return  # no lock could be taken, or a stopped process held it
        what = "a sign-out" if present.sign_in is None else f"the {present.sign_in}"
        self.fail(f"{process} overwrote {what} with a renewed token of the {fresh}")

    # -- checking when refresh tokens are sent -----------------------------------------------

    def note_send(self, refresh_token: str) -> Send:
        """A refresh token is never sent again while its answer may still come."""
        world = self._world
        assert world.scheduler.current is not None
        process = world.scheduler.current.process
        for earlier in self.sends:
            if earlier.refresh_token != refresh_token:
                continue
            if earlier.process is process:
                self.fail(f"{process} sent {refresh_token} a second time")
            elif earlier.process.is_dead:
                continue
            elif not earlier.is_over and not earlier.is_lost:
                self.fail(f"{process} sent {refresh_token} while its answer may still come")
            elif earlier.answered_at is not None and not earlier.met_disk_fault:
                self.fail(f"{process} sent {refresh_token} although its answer had come")
        if not world.disk.has_room_for_token(process):
            self.fail(f"{process} sent {refresh_token} before it had room for the next token")
        self._check_need(process, refresh_token)
        send = Send(refresh_token, process, world.scheduler.now)
        self.sends.append(send)
        return send

    def _check_need(self, process: Process, refresh_token: str) -> None:
        """A token that a renewal of ours has just brought is not renewed again: once serves all."""
        world = self._world
        now, sign_in = world.scheduler.now, world.aws.refresh_tokens[refresh_token].sign_in
        if not world.aws.lives(sign_in) or now - self.clock_set_at < 10.0 or self.disk_faults:
            return  # AWS has rejected the new token, or its life could not be noted
        if world.aws.token_life != 3600:
            # Between a token's file and the note of its life, a process takes it for one of an hour,
            # as AWS's are, so that it seems to be near its end.
            return
        for earlier in self.sends:
            answered_at = earlier.answered_at or 0.0
            if earlier.process.is_dead or earlier.process.stopped_at >= answered_at:
                continue  # killed or stopped before it could note the token's life
            if earlier.brought == refresh_token and now - answered_at < 10.0:
                self.fail(f"{process} renewed what {earlier.process} had just renewed")

    def disk_failed(self, process: Process | None) -> None:
        for send in self.sends:
            if send.process is process and not send.is_kept:
                send.met_disk_fault = True

    def excuse(self, sign_in: SignIn) -> str | None:
        """Return why the AWS CLI would have lost this sign-in too."""
        if sign_in.excuse:
            return sign_in.excuse
        for send in self.sends:
            known = self._world.aws.refresh_tokens[send.refresh_token]
            if known.sign_in is not sign_in or not known.is_used or send.is_kept:
                continue
            if send.process.is_dead:
                return "a renewal was killed between request and file"
            if send.is_lost:
                return "the answer to a renewal was lost"
            if send.met_disk_fault:
                return "the disk failed after a reservation"
        return None

    # -- noting the requests to AWS that fail ------------------------------------------------

    def request_begins(self, fate: Fate) -> list[float] | None:
        if not fate.is_fault:
            return None
        note = [self._world.scheduler.now, float("inf")]
        self.aws_faults.append(note)
        return note

    def request_ends(self, note: list[float] | None) -> None:
        if note is not None:
            note[1] = self._world.scheduler.now

    # -- checking the calls and renewals of brokers ------------------------------------------

    def call_begins(self, broker: Any, key: Any, rate: float = REQUESTS_A_SECOND) -> None:
        calls = self._calls.setdefault(broker, {})
        calls[key] = calls.get(key, 0) + 1
        if calls[key] > 1:
            self.fail(f"two calls for {key} at once")
        now = self._world.scheduler.now
        times = self._call_times.setdefault(broker, [])
        times.append(now)
        within = sum(1 for at in times if at > now - 1.0)
        if within > rate:
            self.fail(f"{within} calls within a second at a limit of {rate:.0f}")

    def call_ends(self, broker: Any, key: Any) -> None:
        self._calls[broker][key] -= 1

    def renewal_begins(self, broker: Any, session: str) -> None:
        renewals = self._renewals.setdefault(broker, {})
        renewals[session] = renewals.get(session, 0) + 1
        if renewals[session] > 1:
            self.fail(f'two renewals of "{session}" at once')

    def renewal_ends(self, broker: Any, session: str) -> None:
        self._renewals[broker][session] -= 1

    # -- checking the replies to callers -----------------------------------------------------

    def check_reply(self, caller: Caller, code: int, document: bytes, warnings: tuple) -> None:
        now = self._world.scheduler.now
        caller.replies += 1
        if caller.replies > 1:
            self.fail(f"{caller} got a second reply")
        limit = caller.ends_at + _LATE_SECONDS
        if self._was_damaged(caller.session, caller.asked_at, now):
            limit += _TORN_SECONDS
        if now > limit and not self._was_disturbed(caller):
            self.fail(f"{caller} got its reply {now - caller.ends_at:.1f} s too late")
        if code == 0:
            self._check_document(caller, document, warnings)
        else:
            self._check_code(caller, code, now)

    def broker_was_silent(self, caller: Caller) -> None:
        now = self._world.scheduler.now
        if not self._was_damaged(caller.session, caller.asked_at, now):
            self.fail(f"{caller} got no reply by its deadline")

    def check_published(self, session: str, account: str, role: str, document: bytes) -> None:
        """Check what the launcher would print. It does not look at the token file."""
        key = self._world.aws.keys[json.loads(document)["AccessKeyId"]]
        what = f"the published response of {session} {account} {role}"
        if (key.account, key.role) != (account, role):
            self.fail(f"{what} is of {key.account} {key.role}")
        if self._world.aws.now() >= key.expires_at:
            self.fail(f"{what} has expired")
        for changed_at in self.own_changes.get(session, ()):
            since = _in_window(self.presents[session], changed_at, lambda entry: entry.at)
            if not any(entry.sign_in is key.sign_in for entry in since):
                self.fail(f"{what} outlived a login or logout of ours")
                return

    def _check_document(self, caller: Caller, document: bytes, warnings: tuple[str, ...]) -> None:
        now, world = self._world.scheduler.now, self._world
        key_id = json.loads(document)["AccessKeyId"]
        key = world.aws.keys[key_id]
        if (key.account, key.role) != (caller.account, caller.role):
            self.fail(f"{caller} got {key.account} {key.role}")
        if not any(entry.fields.get("access_key_id") == key_id for entry in self.journal):
            self.fail(f"{caller} got {key_id}, of which the journal has no line")
        # A wrong clock whose error could not be saved: nothing on this machine tells AWS's time.
        is_time_unknown = self.disk_faults and abs(world.wall() - world.aws.now()) > _CLOCK_ERROR
        if world.aws.now() >= key.expires_at and not is_time_unknown:
            self.fail(f"{caller} got expired credentials")
        since = now - GAP_SECONDS
        if self._was_damaged(caller.session, caller.asked_at, now):
            since -= _TORN_SECONDS
        portals = _in_window(self.portals[caller.session], since, lambda entry: entry[0])
        if key.sign_in.portal not in {portal for _, portal in portals}:
            self.fail(f"{caller} got credentials of {key.sign_in.portal}, a portal of before")
        presents = _in_window(self.presents[caller.session], since, lambda entry: entry.at)
        if any(entry.is_damaged or entry.sign_in is key.sign_in for entry in presents):
            return
        is_warned = any("another tool changed the sign-in" in text for text in warnings)
        is_out = all(entry.sign_in is None for entry in presents)
        if is_out:
            self.fail(f"{caller} got credentials of the {key.sign_in} after a sign-out")
        elif not is_warned or not (
            # core.USABLE_SECONDS: no longer wait for better ones, whatever AWS answers then.
            now >= caller.asked_at + USABLE_SECONDS
            or self._may_be_unreachable(caller, now)
            or self._may_lack_disk(caller, now)
        ):
            self.fail(f"{caller} got credentials of the {key.sign_in}, of before another one")

    def _check_code(self, caller: Caller, code: int, now: float) -> None:
        is_right = {
            4: self.may_need_sign_in,
            5: self._may_be_unassigned,
            6: self._may_be_unreachable,
            7: self._may_lack_disk,
        }.get(code)
        if is_right is None or not is_right(caller, now):
            self.fail(f"{caller} got exit {code}: {caller.error}")

    def may_need_sign_in(self, caller: Caller, now: float) -> bool:
        since = caller.asked_at - _SHARED_SECONDS
        presents = _in_window(self.presents[caller.session], since, lambda entry: entry.at)
        portals = _in_window(self.portals[caller.session], since, lambda entry: entry[0])
        if len({portal for _, portal in portals}) > 1:
            return True
        for entry in presents:
            sign_in = entry.sign_in
            if sign_in is None or entry.is_damaged or self.excuse(sign_in):
                return True
            if not self._world.aws.lives(sign_in) or sign_in.portal != portals[-1][1]:
                return True
        return False

    def _may_be_unassigned(self, caller: Caller, now: float) -> bool:
        intervals = self.unassigned.get((caller.account, caller.role), [])
        return _overlaps(intervals, caller.asked_at - _SHARED_SECONDS, now)

    def _may_be_unreachable(self, caller: Caller, now: float) -> bool:
        return (
            self.is_crowded
            or _overlaps(self.aws_faults, caller.asked_at - _FELT_SECONDS, now)
            or self._was_disturbed(caller)
            # A refused renewal waits 3 s for another tool's token, under the token's lock: callers
            # without a broker, which share no refusal, do so one after the other.
            or ((caller.seconds < 10.0 or caller.is_alone) and self.may_need_sign_in(caller, now))
        )

    def _may_lack_disk(self, caller: Caller, now: float) -> bool:
        is_stopped = self._was_disturbed(caller) and "lock" in str(caller.error)
        return is_stopped or _overlaps(self.disk_faults, caller.asked_at - _FELT_SECONDS, now)

    def _was_disturbed(self, caller: Caller) -> bool:
        """Return whether a process was killed or stopped lately."""
        return any(at >= caller.asked_at - 80.0 for at in self.disturbances)

    def _was_damaged(self, session: str, since: float, now: float) -> bool:
        found = _in_window(self.presents[session], since, lambda entry: entry.at)
        return any(entry.is_damaged for entry in found)


def _object(data: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(data)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _in_window(entries: list[Any], since: float, at: Any) -> list[Any]:
    """Return the entries that hold at some time from `since` on."""
    return entries[max((n for n, entry in enumerate(entries) if at(entry) <= since), default=0) :]


def _overlaps(intervals: list[list[float]], since: float, until: float) -> bool:
    return any(begin <= until and end >= since for begin, end in intervals)
