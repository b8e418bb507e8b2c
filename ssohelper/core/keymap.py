"""Defines the actions of the full screen: names, keys, descriptions. Imports no widget."""

from typing import NamedTuple


class KeyAction(NamedTuple):
    """An action; its `name` is SCREEN.ACTION. Commas separate `keys`. The footer shows `label`."""

    name: str
    keys: str
    label: str
    description: str


class WantedAction(NamedTuple):
    """An action that needs a sign-in first. `role` is "" or, say, `payments-dev/ReadOnlyAccess`."""

    name: str
    role: str = ""


_Row = tuple[str, str, str, str]


def _by_name(table: dict[str, tuple[_Row, ...]]) -> dict[str, KeyAction]:
    return {
        f"{screen}.{name}": KeyAction(f"{screen}.{name}", *more)
        for screen, rows in table.items()
        for name, *more in rows
    }


# The actions of each screen: name, keys, label in the footer, what the action does.
_SCREENS: dict[str, tuple[_Row, ...]] = {
    "app": (
        ("help", "f1", "Help", "explain this screen and its keys"),
        ("commands", "ctrl+p", "Commands", "show all commands of this screen"),
        ("messages", "ctrl+l", "Messages", "show all messages since the start"),
        ("quit", "ctrl+q", "Quit", "quit; ask first if a sign-in or command runs"),
        ("accounts", "f2", "Accounts", "show the accounts and roles"),
        ("sessions", "f3", "Sessions", "show the sign-ins and their time left"),
        ("profiles", "f4", "Profiles", "show the profiles and what a sync changes"),
    ),
    "accounts": (
        ("use", "enter", "Use", "quit, and use this role in the shell"),
        ("shell", "f7", "Shell", "start a shell with the role's credentials"),
        ("console", "f6", "Console", "choose a page of the AWS console, and open it"),
        ("favourite", "ctrl+f", "Favourite", "add the role to favourites, or remove it"),
        ("profile", "f9", "Profile", "add a profile for the role, or remove it"),
        ("refresh", "f5", "Refresh", "ask AWS for the list of roles again"),
        ("whoami", "f8", "Who am I", "ask AWS which identity the role gives"),
        ("copy_profile", "ctrl+y", "Copy name", "copy the profile's name"),
        ("tick", "tab", "Tick", "tick the role, or all of the account"),
        ("command", "f10", "Run", "run a command as the role, or as each ticked one"),
        ("only_favourites", "ctrl+b", "Favourites", "show only the favourites"),
        ("group", "ctrl+g", "Tree", "show a tree of accounts, or a flat list of roles"),
        ("sort", "ctrl+s", "Sort", "sort by last use, by name, by account id"),
        ("only_session", "ctrl+t", "Session", "show only the roles of the next session"),
        ("copy_account", "ctrl+o", "Copy account", "copy the account id"),
        ("copy_export", "ctrl+x", "Copy export", "copy the line export AWS_PROFILE=…"),
        ("copy_link", "ctrl+r", "Copy link", "copy the link to the AWS console"),
        ("details", "ctrl+d", "Details", "show or hide the role's details"),
        ("fold", "left", "Fold", "fold the account, or go to its heading"),
        ("unfold", "right", "Unfold", "unfold the account"),
        ("fold_all", "shift+left", "Fold all", "fold all accounts"),
        ("unfold_all", "shift+right", "Unfold all", "unfold all accounts"),
        ("leave", "escape", "Leave", "clear the search, then the ticks, then quit"),
    ),
    "sessions": (
        ("sign_in", "s", "Sign in", "sign in, unless still signed in"),
        ("sign_out", "o", "Sign out", "sign out, here and at AWS"),
        ("set_up", "n", "New", "add another session, and set it up"),
        ("remove", "d", "Remove", "remove the session and its managed profiles"),
        ("sign_in_anew", "S", "Sign in again", "sign in even if still signed in"),
        ("back", "escape", "Back", "go back to the accounts"),
        ("quit", "q", "Quit", "quit; ask first if a sign-in or command runs"),
        ("help", "question_mark", "Help", "show this help"),
    ),
    "profiles": (
        ("apply", "f9", "Apply", "ask, then write the changes to the config"),
        ("tick", "tab", "Tick", "tick the profile"),
        ("remove", "ctrl+x", "Remove", "remove the ticked profiles, or this one"),
        ("diff", "enter,ctrl+d", "Diff", "show the diff of all changes, at this profile"),
        ("undo", "f8", "Undo", "ask, then undo the last config write"),
        ("session", "ctrl+t", "Session", "show the profiles of the next session"),
        ("back", "escape", "Back", "clear the search, then ticks, then go back"),
    ),
    "diff": (("close", "escape,q", "Close", "close the diff"),),
    "sign_in": (
        ("done", "enter", "Go on", "close the dialog after the sign-in"),
        ("retry", "r", "Retry", "begin the sign-in again after a failure"),
        ("browser", "o", "Open browser", "open the sign-in page in a browser again"),
        ("copy", "c", "Copy", "copy the address of the sign-in page"),
        ("device_code", "d", "Device code", "sign in with a code on any machine"),
        ("background", "b", "Background", "close the dialog; the sign-in goes on"),
        ("cancel", "escape", "Cancel", "cancel the sign-in"),
    ),
    "console": (
        ("open", "enter", "Open", "open this page of the AWS console"),
        ("cancel", "escape", "Cancel", "open nothing"),
    ),
    "filters": (
        ("take", "enter", "Take", "use the ticked rows, or the one at the cursor"),
        ("tick", "tab", "Tick", "tick the row"),
        ("leave", "escape", "Leave", "clear the search, or close without a choice"),
    ),
    "run": (
        ("stop", "s", "Stop", "stop the commands that run, and start no more"),
        ("copy", "c", "Copy", "copy the output under the cursor"),
        ("copy_all", "C", "Copy all", "copy the output of each role"),
        ("again", "t", "Failed again", "run the command again as the roles that failed"),
        ("close", "escape,q", "Close", "close, once all commands have ended"),
    ),
    "messages": (
        ("copy", "c", "Copy", "copy the message under the cursor"),
        ("close", "escape,q", "Close", "close the messages"),
    ),
    "ask": (("cancel", "escape", "Cancel", "change nothing"),),
    "confirm": (
        ("diff", "d", "Diff", "show the diff, or the summary again"),
        ("yes", "y", "Yes", "go ahead"),
        ("no", "n,escape", "No", "change nothing"),
        ("choose", "c", "Choose", "choose accounts and roles for the profiles"),
    ),
}
ACTIONS = _by_name(_SCREENS)

# These move the cursor in a list below a search field. Footer, help and palette do not list them
# one by one.
_MOVES: tuple[_Row, ...] = (
    ("up", "up,ctrl+k", "Up", "go one line up in the list"),
    ("down", "down,ctrl+j,ctrl+n", "Down", "go one line down in the list"),
    ("page_up", "pageup", "Page up", "go one page up in the list"),
    ("page_down", "pagedown", "Page down", "go one page down in the list"),
    ("first", "home", "First", "go to the first line of the list"),
    ("last", "end", "Last", "go to the last line of the list"),
    ("tick_up", "shift+tab", "Tick up", "tick the row, and go up"),
)
MOVES = _by_name({"list": _MOVES})
ALL_ACTIONS = {**ACTIONS, **MOVES}
KEYS = {name: action.keys for name, action in ALL_ACTIONS.items()} | {"app.suspend": "ctrl+z"}

# While rows are ticked, these actions act on them, and the footer begins with these labels.
TICKED_LABELS: dict[str, str] = {
    "accounts.profile": "Add profiles",
    "accounts.console": "Consoles",
    "accounts.command": "Run",
    "accounts.copy_profile": "Copy",
    "profiles.remove": "Remove ticked",
}
# The actions that remove something. The palette has them after the screen's other actions.
REMOVING = frozenset(["sessions.sign_out", "sessions.remove", "profiles.remove", "profiles.undo"])
# These actions clear the search if there is one, else the ticks.
_CLEARING = frozenset(["accounts.leave", "profiles.back"])


def ticked_labels(*, has_search: bool) -> dict[str, str]:
    clears = "Clear search" if has_search else "Clear ticks"
    return TICKED_LABELS | dict.fromkeys(_CLEARING, clears)
