"""Finds the names that TAB offers, in ~/.aws/config and the saved lists of roles.

Names with control characters are left out, because the terminal would obey these characters.
"""

from collections import Counter
from collections.abc import Iterable
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.app import App
from ssohelper.core.model import ROLE_NAME, SESSION_NAME

if TYPE_CHECKING:
    from ssohelper.stores.name_index import NameIndex


class OfferedAccount(NamedTuple):
    """`text` is the account's name, or its id if commands refuse the name."""

    id: str
    text: str
    listed_roles: tuple[str, ...]

    def texts(self, typed: str) -> tuple[str, ...]:
        """Return the name and, if a digit was typed, the id."""
        return (
            (self.text, self.id) if typed[:1].isdigit() and self.text != self.id else (self.text,)
        )


class CompletionNames:
    def __init__(self, app: App) -> None:
        self._app = app

    def profiles(
        self,
        *,
        any_kind: bool = False,
        managed: bool = False,
        of_other_tools: bool = False,
        session: str | None = None,
    ) -> list[str]:
        """Return the names of profiles that give a role's credentials, in the config's order.

        With `of_other_tools`, also those whose credentials another tool gives; with `any_kind`, all
        of the config; with `managed`, those that `profile sync` owns. With `session`, those of
        other sessions are left out: commands refuse them anyway.
        """
        return [
            profile.name
            for profile in self._index.profiles
            if (
                profile.is_managed
                if managed
                else profile.has_role
                or (any_kind and profile.is_in_config)
                or (of_other_tools and profile.is_foreign)
            )
            and (session is None or profile.session_name in (None, session))
            and profile.name.isprintable()
        ]

    def sessions(self) -> list[str]:
        return [name for name in self._index.session_names if SESSION_NAME.fullmatch(name)]

    def session_of_environment(self) -> str | None:
        """Return the session that commands choose: AWS_PROFILE's, else the only one, else None."""
        sessions = self.sessions()
        selected = self._app.environ.get("AWS_PROFILE")
        for profile in self._index.profiles:
            if profile.name == selected:
                return profile.session_name if profile.session_name in sessions else None
        return sessions[0] if len(sessions) == 1 else None

    def regions(self) -> list[str]:
        return [region for region in self._index.regions if region.isprintable()]

    def accounts(self, session: str) -> list[OfferedAccount]:
        listing = self._app.directory.load(session) if SESSION_NAME.fullmatch(session) else None
        accounts = listing.accounts if listing else ()
        times = Counter(listed.account.name for listed in accounts)
        sessions = set(self.sessions())
        found = []
        for (account_id, name, _email), roles, _refused, _answered in accounts:
            # A command takes an account named "corp:x" for the account "x" of the session "corp".
            is_clear = ":" not in name or name.partition(":")[0] not in sessions
            usable = name and name.isprintable() and times[name] == 1 and is_clear
            found.append(OfferedAccount(account_id, name if usable else account_id, roles))
        return found

    @cached_property
    def _index(self) -> "NameIndex":
        # Without the lambdas, the config's parser is loaded even if the saved index is valid.
        return self._app.name_index.load(
            lambda: self._app.config.read(),
            lambda: self._app.config.read_credentials_sections(),
            lambda: self._app.config.read_credentials_profiles(),
        )


def valid_role_names(names: Iterable[str]) -> list[str]:
    """Names are checked when they are offered: 100,000 checks take 40 ms."""
    return [name for name in names if ROLE_NAME.fullmatch(name)]
