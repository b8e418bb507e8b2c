"""Defines the actions of the full screen: names, keys, descriptions. Imports no widget."""

from enum import Enum, auto
from typing import NamedTuple


class Opens(Enum):
    """What an action of the full screen opens: a dialog or a shell, only questions, or nothing.

    ONLY_QUESTIONS: before the action, dialogs may ask for a grant or a sign-in. An action that
    closes a dialog has DIALOG: a dialog with the next question may follow.
    """

    DIALOG = auto()
    ONLY_QUESTIONS = auto()
    NOTHING = auto()


class KeyAction(NamedTuple):
    """An action, named `SCREEN.ACTION`. Commas separate its `keys`; the footer shows `label`.

    In ACTIONS, a screen's most important actions come first. The footer shows as many as fit.
    """

    name: str
    keys: str
    label: str
    description: str
    opens: Opens = Opens.DIALOG


class WantedAction(NamedTuple):
    """An action that the user chose and that needs a sign-in first: its name in ACTIONS.

    `role` is the action's role, such as `payments-dev/ReadOnlyAccess`, "" if it has none.
    """

    name: str
    role: str = ""


_NOTHING = Opens.NOTHING

ACTIONS: dict[str, KeyAction] = {
    action.name: action
    for action in (
        KeyAction("app.help", "f1", "Help", "explain this screen and its keys"),
        KeyAction("app.commands", "ctrl+p", "Commands", "show all commands of this screen"),
        KeyAction("app.messages", "ctrl+l", "Messages", "show all messages since the start"),
        KeyAction("app.quit", "ctrl+q", "Quit", "quit; ask first if a sign-in or command runs"),
        KeyAction("app.accounts", "f2", "Accounts", "show the accounts and roles", _NOTHING),
        KeyAction(
            "app.sessions", "f3", "Sessions", "show the sign-ins and their time left", _NOTHING
        ),
        KeyAction(
            "app.profiles", "f4", "Profiles", "show the profiles and what a sync changes", _NOTHING
        ),
        KeyAction("accounts.use", "enter", "Use", "quit, and use this role in the shell"),
        KeyAction("accounts.shell", "f7", "Shell", "start a shell with the role's credentials"),
        KeyAction(
            "accounts.console", "f6", "Console", "choose a page of the AWS console, and open it"
        ),
        KeyAction(
            "accounts.favourite",
            "ctrl+f",
            "Favourite",
            "add the role to favourites, or remove it",
            _NOTHING,
        ),
        KeyAction("accounts.profile", "f9", "Profile", "add a profile for the role, or remove it"),
        KeyAction("accounts.refresh", "f5", "Refresh", "ask AWS for the list of roles again"),
        KeyAction(
            "accounts.whoami",
            "f8",
            "Who am I",
            "ask AWS which identity the role gives",
            Opens.ONLY_QUESTIONS,
        ),
        KeyAction(
            "accounts.copy_profile", "ctrl+y", "Copy name", "copy the profile's name", _NOTHING
        ),
        KeyAction("accounts.tick", "tab", "Tick", "tick the role, or all of the account", _NOTHING),
        KeyAction(
            "accounts.command", "f10", "Run", "run a command as the role, or as each ticked one"
        ),
        KeyAction(
            "accounts.only_favourites", "ctrl+b", "Favourites", "show only the favourites", _NOTHING
        ),
        KeyAction(
            "accounts.group",
            "ctrl+g",
            "Tree",
            "show a tree of accounts, or a flat list of roles",
            _NOTHING,
        ),
        KeyAction(
            "accounts.sort", "ctrl+s", "Sort", "sort by last use, by name, by account id", _NOTHING
        ),
        KeyAction(
            "accounts.only_session",
            "ctrl+t",
            "Session",
            "show only the roles of the next session",
            _NOTHING,
        ),
        KeyAction(
            "accounts.copy_account", "ctrl+o", "Copy account", "copy the account id", _NOTHING
        ),
        KeyAction(
            "accounts.copy_export",
            "ctrl+x",
            "Copy export",
            "copy the line export AWS_PROFILE=…",
            _NOTHING,
        ),
        KeyAction(
            "accounts.copy_link",
            "ctrl+r",
            "Copy link",
            "copy the link to the AWS console",
            Opens.ONLY_QUESTIONS,
        ),
        KeyAction(
            "accounts.details", "ctrl+d", "Details", "show or hide the role's details", _NOTHING
        ),
        KeyAction(
            "accounts.fold", "left", "Fold", "fold the account, or go to its heading", _NOTHING
        ),
        KeyAction("accounts.unfold", "right", "Unfold", "unfold the account", _NOTHING),
        KeyAction("accounts.fold_all", "shift+left", "Fold all", "fold all accounts", _NOTHING),
        KeyAction(
            "accounts.unfold_all", "shift+right", "Unfold all", "unfold all accounts", _NOTHING
        ),
        KeyAction(
            "accounts.leave", "escape", "Leave", "clear the search, then the ticks, then quit"
        ),
        KeyAction("sessions.sign_in", "s", "Sign in", "sign in, unless still signed in"),
        KeyAction("sessions.sign_out", "o", "Sign out", "sign out, here and at AWS"),
        KeyAction("sessions.set_up", "n", "New", "add another session, and set it up"),
        KeyAction("sessions.forget", "f", "Forget", "delete cached credentials and role list"),
        KeyAction("sessions.remove", "d", "Remove", "remove the session and its managed profiles"),
        KeyAction("sessions.sign_in_anew", "S", "Sign in again", "sign in even if still signed in"),
        KeyAction(
            "sessions.refresh", "r", "Refresh", "read again how much time each sign-in has left"
        ),
        KeyAction("sessions.back", "escape", "Back", "go back to the accounts", _NOTHING),
        KeyAction("sessions.quit", "q", "Quit", "quit; ask first if a sign-in or command runs"),
        KeyAction("sessions.help", "question_mark", "Help", "show this help"),
        KeyAction("profiles.apply", "f9", "Apply", "ask, then write the changes to the config"),
        KeyAction(
            "profiles.tick", "tab", "Tick", "tick the profile, or all of its group", _NOTHING
        ),
        KeyAction("profiles.remove", "ctrl+x", "Remove", "remove the ticked profiles, or this one"),
        KeyAction(
            "profiles.options", "ctrl+o", "Options", "change filters, names, form and region"
        ),
        KeyAction("profiles.diff", "ctrl+d", "Diff", "show the diff of all changes"),
        KeyAction("profiles.adopt", "f6", "Adopt", "adopt profiles of other tools, or not"),
        KeyAction("profiles.undo", "f8", "Undo", "ask, then undo the last config write"),
        KeyAction("profiles.edit", "ctrl+e", "Edit", "open the editor at the profile's line"),
        KeyAction("profiles.refresh", "f5", "Refresh", "ask AWS for the list of roles again"),
        KeyAction(
            "profiles.prune",
            "ctrl+g",
            "Prune",
            "remove managed profiles whose role is gone, or left out by filters given now",
            _NOTHING,
        ),
        KeyAction(
            "profiles.rename", "ctrl+r", "Rename", "also rename profiles by the template", _NOTHING
        ),
        KeyAction(
            "profiles.session",
            "ctrl+t",
            "Session",
            "show the profiles of the next session",
            _NOTHING,
        ),
        KeyAction("profiles.open", "enter", "Open", "fold or unfold the group, or show a diff"),
        KeyAction(
            "profiles.fold", "left", "Fold", "fold the group, or go to its heading", _NOTHING
        ),
        KeyAction("profiles.unfold", "right", "Unfold", "unfold the group of profiles", _NOTHING),
        KeyAction(
            "profiles.back",
            "escape",
            "Back",
            "clear the search, then ticks, then go back",
            _NOTHING,
        ),
        KeyAction("options.keep", "enter", "Keep", "keep the options for the next Apply"),
        KeyAction("options.cancel", "escape", "Cancel", "close, and change no option"),
        KeyAction("diff.close", "escape,q", "Close", "close the diff"),
        KeyAction("sign_in.retry", "r", "Retry", "begin the sign-in again after a failure"),
        KeyAction(
            "sign_in.browser", "o", "Open browser", "open the sign-in page in a browser again"
        ),
        KeyAction("sign_in.copy", "c", "Copy", "copy the address of the sign-in page"),
        KeyAction("sign_in.device_code", "d", "Device code", "sign in with a code on any machine"),
        KeyAction("sign_in.background", "b", "Background", "close the dialog; the sign-in goes on"),
        KeyAction("sign_in.cancel", "escape", "Cancel", "cancel the sign-in"),
        KeyAction("console.open", "enter", "Open", "open this page of the AWS console"),
        KeyAction("console.cancel", "escape", "Cancel", "open nothing"),
        KeyAction("filters.take", "enter", "Take", "use the ticked rows, or the one at the cursor"),
        KeyAction("filters.tick", "tab", "Tick", "tick the row", _NOTHING),
        KeyAction(
            "filters.leave", "escape", "Leave", "clear the search, or close without a choice"
        ),
        KeyAction("run.stop", "s", "Stop", "stop the commands that run, and start no more"),
        KeyAction("run.copy", "c", "Copy", "copy the output under the cursor"),
        KeyAction("run.close", "escape,q", "Close", "close, once all commands have ended"),
        KeyAction("messages.copy", "c", "Copy", "copy the message under the cursor"),
        KeyAction("messages.close", "escape,q", "Close", "close the messages"),
        KeyAction("grant.cancel", "escape", "Cancel", "grant nothing"),
        KeyAction("ask.cancel", "escape", "Cancel", "change nothing"),
        KeyAction("confirm.diff", "d", "Diff", "show the diff, or the summary again"),
        KeyAction("confirm.yes", "y", "Yes", "go ahead"),
        KeyAction("confirm.no", "n,escape", "No", "change nothing"),
        KeyAction("confirm.choose", "c", "Choose", "choose accounts and roles for the profiles"),
    )
}

# The actions that move the cursor of a list below a search.
# They are not in ACTIONS, because footer, help and palette do not list them one by one. Only lists
# with ticks have `list.tick_up`.
MOVES: dict[str, KeyAction] = {
    action.name: action
    for action in (
        KeyAction("list.up", "up,ctrl+k", "Up", "go one line up in the list"),
        KeyAction("list.down", "down,ctrl+j,ctrl+n", "Down", "go one line down in the list"),
        KeyAction("list.page_up", "pageup", "Page up", "go one page up in the list"),
        KeyAction("list.page_down", "pagedown", "Page down", "go one page down in the list"),
        KeyAction("list.first", "home", "First", "go to the first line of the list"),
        KeyAction("list.last", "end", "Last", "go to the last line of the list"),
        KeyAction("list.tick_up", "shift+tab", "Tick up", "tick the row, and go up"),
    )
}
ALL_ACTIONS = {**ACTIONS, **MOVES}
KEYS = {name: action.keys for name, action in ALL_ACTIONS.items()} | {"app.suspend": "ctrl+z"}

# The actions that act on ticked rows, if there are any, instead of the row under the cursor; the
# most important first. While rows are ticked, the footer begins with these actions and labels.
TICKED_LABELS: dict[str, str] = {
    "accounts.profile": "Add profiles",
    "accounts.console": "Consoles",
    "accounts.command": "Run",
    "accounts.copy_profile": "Copy",
    "profiles.remove": "Remove ticked",
}
# The actions that remove something. The palette has them after the screen's other actions.
REMOVING = frozenset(
    [
        *("sessions.sign_out", "sessions.forget", "sessions.remove"),
        *("profiles.remove", "profiles.undo"),
    ]
)
# The actions that clear the search if there is one, else the ticks.
_CLEARING = frozenset(["accounts.leave", "profiles.back"])


def action_may_open_dialog(action: str | None) -> bool:
    """Return whether this action may open a dialog; False without an action."""
    return action in ACTIONS and ACTIONS[action].opens is not Opens.NOTHING


def footer_labels_while_rows_are_ticked(*, has_search: bool) -> dict[str, str]:
    """Return the labels with which the footer begins while rows are ticked, by action."""
    clears = "Clear search" if has_search else "Clear ticks"
    return TICKED_LABELS | dict.fromkeys(_CLEARING, clears)
