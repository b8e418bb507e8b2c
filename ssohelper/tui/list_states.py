"""How old each session's list of roles is, and whether its last refresh has failed."""

from collections.abc import Callable, Collection, Mapping
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.core.listing import Listing
from ssohelper.core.text import show
from ssohelper.errors import LoginRequired, NoConnection, SsoHelperError

if TYPE_CHECKING:
    from ssohelper.core.model import SsoSession


class Problem(Enum):
    """Why a refresh of a list of roles failed, in the words of the message line."""

    OFFLINE = "offline"
    FAILED = "last refresh failed"
    SIGN_IN = "sign-in needed"


class Failure(NamedTuple):
    at: int
    problem: Problem
    message: str


class LineNote(NamedTuple):
    """A lasting note for the right end of the message line; `shortest` never names the session."""

    text: str
    short: str
    shortest: str


class Watcher(NamedTuple):
    """A screen's callbacks for a list that is being fetched.

    They run in the UI thread.

    `progressed` gets the numbers of answered and of all accounts; `failed` gets the error, and
    whether the last refresh did not fail the same way.
    """

    progressed: Callable[[int, int], None]
    listed: Callable[[Listing], None]
    failed: Callable[[SsoHelperError, bool], None]


class RunningListing:
    def __init__(self, session: "SsoSession", watcher: Watcher) -> None:
        self.session = session
        self.progress: tuple[int, int] | None = None
        self.watchers = [watcher]
        # Functions that begin new listings when this one has ended: of other portals, which have the
        # session's name now.
        self.later: list[Callable[[], None]] = []

    def show_progress(self, progress: tuple[int, int]) -> None:
        self.progress = progress
        for watcher in self.watchers:
            watcher.progressed(*progress)


class ListStates:
    def __init__(self) -> None:
        self._listed_at: dict[str, int] = {}
        self._failures: dict[str, Failure] = {}
        self._sessions: tuple[str, ...] = ()
        # The running requests for lists of roles, by the names of their sessions.
        self.running: dict[str, RunningListing] = {}

    def set_listing_times(self, sessions: tuple[str, ...], listed_at: Mapping[str, int]) -> None:
        """Record the sessions, and when AWS returned each saved list.

        A failure before a list that another process has saved is forgotten.
        """
        self._sessions, self._listed_at = sessions, dict(listed_at)
        for name, failure in list(self._failures.items()):
            if name not in sessions or listed_at.get(name, -1) > failure.at:
                del self._failures[name]

    def note_failed_refresh(self, session_name: str, error: SsoHelperError, now: int) -> bool:
        """Record a failed refresh; return False if the refresh before it failed the same way."""
        problem = Problem.FAILED
        if isinstance(error, NoConnection):
            problem = Problem.OFFLINE
        elif isinstance(error, LoginRequired):
            problem = Problem.SIGN_IN
        before = self._failures.get(session_name)
        self._failures[session_name] = Failure(now, problem, error.message)
        return before is None or before.problem is not problem

    def note_successful_refresh(self, session_name: str, now: int) -> None:
        self._failures.pop(session_name, None)
        self._listed_at[session_name] = now

    def last_failure(self, session_name: str) -> Failure | None:
        return self._failures.get(session_name)

    def text_of_list(self, session_name: str, now: int) -> str:
        """Return the state of one session's list of roles: `list 14 min old · last refresh failed`."""
        failure, listed_at = self._failures.get(session_name), self._listed_at.get(session_name)
        if failure is None:
            return ""
        if listed_at is None:
            return failure.problem.value if failure.problem is not Problem.SIGN_IN else ""
        age = f"list {age_text(now - listed_at)} old"
        if failure.problem is Problem.OFFLINE:
            return f"{failure.problem.value} · {age}"
        return f"{age} · {failure.problem.value}"

    def failure_note(self, now: int, *, signing_in: Collection[str] = ()) -> LineNote | None:
        """Return the note about failed refreshes, or None.

        Lists that wait for a sign-in to one of `signing_in` are left out.
        """
        texts = {
            name: self.text_of_list(name, now)
            for name, failure in self._failures.items()
            if failure.problem is not Problem.SIGN_IN or name not in signing_in
        }
        texts = {name: text for name, text in sorted(texts.items()) if text}
        if not texts:
            return None
        named = len(self._sessions) > 1
        parts = [f"{show(name, 24)}: {text}" if named else text for name, text in texts.items()]
        problems = {self._failures[name].problem for name in texts}
        what = problems.pop().value if len(problems) == 1 else "lists not refreshed"
        what = what.removeprefix("last ")
        short = what
        if named:
            first = show(next(iter(texts)), 12)
            short = f"{first} {what}" if len(texts) == 1 else f"{len(texts)} × {what}"
        return LineNote("; ".join(parts), short, what.removeprefix("lists "))


def age_text(seconds: int) -> str:
    """Return the age of a list in one unit: `< 1 min`, `14 min`, `3 h` or `12 days`."""
    minutes = max(0, seconds) // 60
    if minutes < 1:
        return "< 1 min"
    if minutes < 60:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 48 * 60 else f"{minutes // (24 * 60)} days"
