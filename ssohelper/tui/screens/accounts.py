"""Accounts: every account × role from the saved list, found as you type."""

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer


class AccountsScreen(Screen[None]):
    """The first screen."""

    def compose(self) -> ComposeResult:
        yield Footer()
