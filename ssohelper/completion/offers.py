"""Finds completion candidates for each kind of value, in the command tree and in local names.

For PROFILE, profile names are offered. If none begins with the typed text, [SESSION:]ACCOUNT/ROLE
is offered part by part, as shells complete paths.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.app import App
from ssohelper.completion.words import CompletionRequest
from ssohelper.core.model import ROLE_NAME, SESSION_NAME

if TYPE_CHECKING:
    from ssohelper.stores.name_index import IndexedProfile, NameIndex

# Kinds of values for which the shell itself finds the completion candidates, such as files.
KINDS_FOUND_BY_SHELL = ("files", "folders", "command")
# For each kind of value, which profiles it takes; foreign profiles are other tools'.
_PROFILES: dict[str, Callable[["IndexedProfile"], bool]] = {
    "profile": lambda one: one.has_role,
    "usable_profile": lambda one: one.has_role or one.is_foreign,
    "any_profile": lambda one: one.has_role or one.is_in_config,
    "managed_profile": lambda one: one.is_managed,
}
_GLOB = {ord("["): "[[]", ord("*"): "[*]", ord("?"): "[?]"}


class OfferedAccount(NamedTuple):
    """`text` is the account's name, or its id if commands refuse the name."""

    id: str
    text: str
    listed_roles: tuple[str, ...]

    def texts(self, typed: str) -> tuple[str, ...]:
        has_id = typed[:1].isdigit() and self.text != self.id
        return (self.text, self.id) if has_id else (self.text,)


class CompletionNames:
    """The names in ~/.aws/config and the saved lists of roles.

    Names with control characters are left out, because a terminal would obey these.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    def profiles(self, kind: str, session: str | None = None) -> list[str]:
        """With `session`, profiles of other sessions are left out: commands would refuse them."""
        return [
            one.name
            for one in self._index.profiles
            if _PROFILES[kind](one)
            and (session is None or (one.has_role and one.session_name in (None, session)))
            and one.name.isprintable()
        ]

    def sessions(self) -> list[str]:
        return [name for name in self._index.session_names if SESSION_NAME.fullmatch(name)]

    def session_of_environment(self) -> str | None:
        """Return the session of AWS_PROFILE, which commands choose, else the only session, else
        None.
        """
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
            # Commands read an account name "corp:x" as the account "x" of the session "corp".
            is_clear = ":" not in name or name.partition(":")[0] not in sessions
            usable = name and name.isprintable() and times[name] == 1 and is_clear
            found.append(OfferedAccount(account_id, name if usable else account_id, roles))
        return found

    @cached_property
    def _index(self) -> "NameIndex":
        # A lambda, so that the config is parsed only if the saved index is not valid.
        return self._app.name_index.load(lambda: self._app.config)


class Offers(NamedTuple):
    """Candidates: `whole` words, and `begun` words, which go on (`payments-prod/`). `helps` is by
    word.
    """

    kind: str
    whole: list[str]
    begun: list[str]
    helps: Mapping[str, str]

    @property
    def all(self) -> list[str]:
        return self.whole + self.begun

    def with_prefix(self, prefix: str) -> "Offers":
        whole, begun = ([prefix + word for word in words] for words in (self.whole, self.begun))
        return self._replace(whole=whole, begun=begun)


def find_offers(request: CompletionRequest, names: CompletionNames) -> Offers:
    """Return the candidates that begin with the typed text; if none does, those that contain it.

    `entry` leaves out the second kind for bash, which can only append; zsh and fish can insert it.
    """
    if request.kind in KINDS_FOUND_BY_SHELL:
        return Offers(request.kind, [], [], {})
    found, typed = _find_all_offers(request, names), request.word
    groups: list[list[str]] = [found.whole, found.begun]
    if not request.may_begin_with_dash:  # it would be read as an option
        groups = [[word for word in words if not word.startswith("-")] for words in groups]
    whole, begun = ([word for word in words if word.startswith(typed)] for words in groups)
    if not whole and not begun:
        low = typed.lower()
        whole, begun = ([word for word in words if low in word.lower()] for words in groups)
    whole = [word for word in whole if word not in request.used]
    return found._replace(whole=whole, begun=begun).with_prefix(request.prefix)


def _find_all_offers(request: CompletionRequest, names: CompletionNames) -> Offers:
    sign = "!" if request.word.startswith("!") else ""
    helps: Mapping[str, str] = {}
    words: Iterable[str] = ()
    kind, _, listed = request.kind.partition(":")
    match kind:
        # a setting with a star, `sessions.*.browser`, stands for one setting of each session
        case "words":
            words = (
                word.replace("*", name)
                for word in listed.split(",")
                for name in (names.sessions() if "*" in word else [""])
            )
        case "subcommand":
            words = helps = request.command.subcommands
        case "option":
            options = request.command.options
            words = helps = {name: option.help for option in options for name in option.names}
            if request.word in ("", "-") or request.word[1:2] == "-":
                words = [name for name in helps if name.startswith("--")]
        case "profile" | "usable_profile":
            return _profile_offers(request, names, names.profiles(kind, request.session))
        case "any_profile" | "managed_profile":
            words = names.profiles(kind)
        case "address":
            return _address_offers(request, names)
        case "region":
            words = names.regions()
        case "session":
            words = names.sessions()
        case "account_id":
            words = [account.id for account in _find_accounts(request, names)]
        case "account_glob":
            words = (
                sign + text.translate(_GLOB)
                for account in _find_accounts(request, names)
                for text in account.texts(request.word[len(sign) :])
            )
        case "role" | "role_glob":
            words = _role_names(_find_accounts(request, names))
            words = [sign + name for name in words] if kind == "role_glob" else words
        case "query":
            accounts = _find_accounts(request, names)
            words = [*(account.text for account in accounts), *_role_names(accounts)]
    return Offers("words", list(dict.fromkeys(words)), [], helps)


def _find_accounts(request: CompletionRequest, names: CompletionNames) -> list[OfferedAccount]:
    session = request.session or names.session_of_environment()
    sessions = [session] if session else names.sessions()
    return [account for name in sessions for account in names.accounts(name)]


def _role_names(accounts: Iterable[OfferedAccount]) -> list[str]:
    # Names are checked only when they are offered: 100,000 checks take 40 ms.
    names = {name for one in accounts for name in one.listed_roles}
    return sorted(name for name in names if ROLE_NAME.fullmatch(name))


def _profile_offers(
    request: CompletionRequest, names: CompletionNames, profiles: Collection[str]
) -> Offers:
    found = Offers("words", list(dict.fromkeys(profiles)), [], {})
    if any(name.startswith(request.word) for name in profiles):
        return found
    addresses = _address_offers(request, names)
    whole = [word for word in addresses.whole if word not in profiles]
    fits = any(word.startswith(request.word) for word in [*whole, *addresses.begun])
    return addresses._replace(whole=whole) if fits else found


def _address_offers(request: CompletionRequest, names: CompletionNames) -> Offers:
    session, colon, typed = request.word.partition(":")
    prefix = f"{session}:"
    if not colon or session not in names.sessions():
        session = request.session or names.session_of_environment() or ""
        prefix, typed = "", request.word
    if not session:
        return Offers("words", [], [f"{name}:" for name in names.sessions()], {})
    found = [
        (f"{text}/", account)
        for account in names.accounts(session)
        for text in account.texts(typed)
        if f"{text}/".startswith(typed) or typed.startswith(f"{text}/")
    ]
    whole, begun = list[str](), list[str]()
    for start, account in found:
        if len(found) == 1 or typed.startswith(start):
            roles = filter(ROLE_NAME.fullmatch, account.listed_roles)
            whole += [start + role for role in roles]
        else:
            begun.append(start)
    return Offers("words", whole, begun, {}).with_prefix(prefix)
