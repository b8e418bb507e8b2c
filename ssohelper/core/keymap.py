"""Defines the actions of the full screen: names, keys, descriptions. Imports no widget.

Bindings, footer, the menu of actions, help and commands are made from this table. A letter or key
means the same on every screen: the tests check it. `space s` is the letter `s` in the menu that
Space opens. Function and ctrl keys, which many terminals take, are never the only way.
"""

from typing import NamedTuple


class KeyAction(NamedTuple):
    """An action; its `name` is SCREEN.ACTION. Commas separate `keys`, of which texts show the first.

    `command` is the command line that does the same, without `ssohelper`. A screen gives the words
    for its {names}. The help shows the actions of one `group` together.
    """

    name: str
    keys: str
    label: str
    description: str
    command: str
    group: str

    @property
    def letter(self) -> str:
        """Return the character that runs the action in the menu, or ""."""
        return next((key[-1] for key in self.keys.split(",") if len(key.split(" ")[-1]) == 1), "")


class WantedAction(NamedTuple):
    """An action that needs a sign-in first. `role` is "" or, say, `payments-dev/ReadOnlyAccess`."""

    name: str
    role: str = ""


_Row = tuple[str, str, str, str] | tuple[str, str, str, str, str]


def _by_name(table: dict[str, dict[str, tuple[_Row, ...]]]) -> dict[str, KeyAction]:
    return {
        f"{screen}.{name}": KeyAction(
            f"{screen}.{name}", keys, label, description, command[0] if command else "", group
        )
        for screen, groups in table.items()
        for group, rows in groups.items()
        for name, keys, label, description, *command in rows
    }


# The actions of each screen: name, keys, label, what the action does, command line.
_SCREENS: dict[str, dict[str, tuple[_Row, ...]]] = {
    "accounts": {
        "Use the role": (
            ("use", "enter", "Use", "quit, and use this role in the shell", "use {role}"),
            ("use_previous", "space -", "Previous role",
             "quit, and use the role that this shell used before", "use -"),
            ("shell", "space s,f7", "Shell", "start a shell with the role's credentials",
             "exec {server}{role} -- $SHELL"),
            ("console", "space c,f6", "Console", "choose a page of the AWS console, and open it",
             "console {role}"),
            ("command", "space r,f10", "Run", "run a command as the role, or as each ticked one",
             "exec {role} -- COMMAND"),
            ("whoami", "space w,f8", "Who am I", "ask AWS which identity the role gives",
             "whoami {role}"),
        ),
        "Copy": (
            ("copy", "space y,ctrl+y", "Copy name", "copy the profile's name"),
            ("copy_account", "space a,ctrl+o", "Copy id", "copy the account id"),
            ("copy_link", "space l,ctrl+r", "Copy link", "copy the link to the AWS console",
             "console --print {role}"),
            ("copy_export", "space e,ctrl+x", "Copy export", "copy the line export AWS_PROFILE=…"),
        ),
        "Change and see more": (
            ("favourite", "space f,ctrl+f", "Favourite", "add the role to favourites, or remove it",
             "favourite {favourite} {role}"),
            ("profile", "space p,f9", "Profile", "add a profile for the role, or remove it",
             "profile {change} {role}"),
            ("details", "space d,ctrl+d", "Details", "show or hide the role's details"),
            ("tick", "tab", "Tick", "tick the role, or all of the account"),
        ),
        "Arrange the list": (
            ("group", "space v,ctrl+g", "Tree", "show a tree of accounts, or a flat list of roles"),
            ("sort", "space o,ctrl+s", "Order", "sort by last use, by name, by account id"),
            ("only_favourites", "space b,ctrl+b", "Favourites only", "show only the favourites"),
            ("only_session", "space t,ctrl+t", "Next session",
             "show only the roles of the next session"),
            ("refresh", "space u,f5", "Refresh", "ask AWS for the list of roles again",
             "list --refresh"),
            ("fold", "left", "Fold", "fold the account, or go to its heading"),
            ("unfold", "right", "Unfold", "unfold the account"),
            ("fold_all", "space <,shift+left", "Fold all", "fold all accounts"),
            ("unfold_all", "space >,shift+right", "Unfold all", "unfold all accounts"),
            ("leave", "escape", "Leave", "clear the search, then the ticks, then quit"),
        ),
    },
    "sessions": {
        "Sign in and out": (
            ("sign_in", "n", "Sign in", "sign in, unless still signed in", "login {session}"),
            ("sign_in_anew", "N", "Sign in again", "sign in even if still signed in",
             "login {session} --force"),
            ("sign_out", "x", "Sign out", "sign out, here and at AWS", "logout {session}"),
        ),
        "Add and remove": (
            ("set_up", "S", "New", "add another session, and set it up", "setup START_URL"),
            ("remove", "X", "Remove", "remove the session and its managed profiles",
             "session rm {session}"),
            ("back", "escape,q", "Back", "go back to the roles"),
        ),
    },
    "profiles": {
        "Write profiles": (
            ("apply", "space A", "Apply", "ask, then write the changes to the config",
             "profile sync --session {session}"),
            ("details", "enter,space d,ctrl+d", "Diff",
             "show the diff of all changes, at this profile"),
            ("tick", "tab", "Tick", "tick the profile"),
            ("remove", "space X", "Remove", "remove the ticked profiles, or this one",
             "profile rm {profiles}"),
            ("undo", "space U", "Undo", "ask, then undo the last config write", "profile undo"),
            ("only_session", "space t,ctrl+t", "Next session",
             "show the profiles of the next session"),
            ("back", "escape", "Back", "clear the search, then ticks, then go back"),
        ),
    },
    "diff": {"": (("close", "escape,q", "Close", "close the diff"),)},
    "sign_in": {
        "": (
            ("done", "enter", "Go on", "close the dialog after the sign-in"),
            ("sign_in_anew", "N", "Retry", "begin the sign-in again after a failure"),
            ("browser", "O", "Open browser", "open the sign-in page in a browser again"),
            ("copy", "y", "Copy", "copy the address of the sign-in page"),
            ("device_code", "D", "Device code", "sign in with a code on any machine"),
            ("background", "B", "Background", "close the dialog; the sign-in goes on"),
            ("cancel", "escape", "Cancel", "cancel the sign-in"),
        ),
    },
    "console": {
        "": (
            ("open", "enter", "Open", "open this page of the AWS console"),
            ("cancel", "escape", "Cancel", "clear the search, or open nothing"),
        ),
    },
    "filters": {
        "": (
            ("take", "enter", "Take", "use the ticked rows, or the one at the cursor"),
            ("tick", "tab", "Tick", "tick the row"),
            ("leave", "escape", "Leave", "clear the search, or close without a choice"),
        ),
    },
    "run": {
        "": (
            ("stop", "z", "Stop", "stop the commands that run, and start no more"),
            ("copy", "y", "Copy", "copy the output under the cursor"),
            ("copy_all", "Y", "Copy all", "copy the output of each role"),
            ("again", "R", "Failed again", "run the command again as the roles that failed"),
            ("close", "escape,q", "Close", "close, once all commands have ended"),
        ),
    },
    "messages": {
        "": (
            ("copy", "y", "Copy", "copy the message under the cursor"),
            ("close", "escape,q", "Close", "close the messages"),
        ),
    },
    "ask": {"": (("cancel", "escape", "Cancel", "change nothing"),)},
    # The answers of a question, the same on the terminal. They are no letters of the menu.
    "confirm": {
        "": (
            ("diff", "d", "Diff", "show the diff, or the summary again"),
            ("yes", "y", "Yes", "go ahead"),
            ("no", "n,escape", "No", "change nothing"),
            ("choose", "c", "Choose", "choose accounts and roles for the profiles"),
        ),
    },
    "app": {
        "Everywhere": (
            ("menu", "space", "Actions", "show what can be done with this row and list"),
            ("help", "question_mark,f1", "Help", "explain this screen and its keys"),
            ("commands", "colon", "Commands", "search all commands"),
            ("accounts", "space 1,f2", "Roles", "show the accounts and roles"),
            ("sessions", "space 2,f3", "Sign-ins", "show the sign-ins and their time left"),
            ("profiles", "space 3,f4", "Profiles", "show the profiles and what a sync changes"),
            ("sign_in", "space n", "Sign in", "sign in to the session in the top bar", "login"),
            ("messages", "space m,ctrl+l", "Messages", "show all messages since the start"),
            ("quit", "space Q,ctrl+q", "Quit", "quit; ask first if a sign-in or command runs"),
        ),
    },
}  # fmt: skip
ACTIONS = _by_name(_SCREENS)

# These move the cursor in a list below a search field. Footer, help and palette do not list them
# one by one.
_MOVES: tuple[_Row, ...] = (
    ("up", "up,ctrl+k,ctrl+p", "Up", "go one line up in the list"),
    ("down", "down,ctrl+j,ctrl+n", "Down", "go one line down in the list"),
    ("page_up", "pageup", "Page up", "go one page up in the list"),
    ("page_down", "pagedown", "Page down", "go one page down in the list"),
    ("first", "home", "First", "go to the first line of the list"),
    ("last", "end", "Last", "go to the last line of the list"),
    ("tick_up", "shift+tab", "Tick up", "tick the row, and go up"),
)
MOVES = _by_name({"list": {"": _MOVES}})
ALL_ACTIONS = {**ACTIONS, **MOVES}
KEYS = {name: action.keys for name, action in ALL_ACTIONS.items()} | {"app.suspend": "ctrl+z"}

# While rows are ticked, these actions act on them, and the footer begins with these labels.
TICKED_LABELS: dict[str, str] = {
    "accounts.profile": "Add profiles",
    "accounts.console": "Consoles",
    "accounts.command": "Run",
    "accounts.copy": "Copy",
    "profiles.remove": "Remove ticked",
}
# The actions that remove something. The palette has them after the screen's other actions.
REMOVING = frozenset(["sessions.sign_out", "sessions.remove", "profiles.remove", "profiles.undo"])
# These actions clear the search if there is one, else the ticks.
_CLEARING = frozenset(["accounts.leave", "profiles.back"])


def footer_labels(*, has_ticks: bool, has_search: bool) -> dict[str, str]:
    if not has_ticks and not has_search:
        return {}
    clears = "Clear search" if has_search else "Clear ticks"
    return (TICKED_LABELS if has_ticks else {}) | dict.fromkeys(_CLEARING, clears)
