"""Finds completion candidates for each kind of value, in the command tree and in local names.

For PROFILE, profile names are offered. If none begins with the typed text, [SESSION:]ACCOUNT/ROLE
is offered part by part, as shells complete paths.
"""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from ssohelper.completion.names import CompletionNames, OfferedAccount, valid_role_names
from ssohelper.completion.words import CompletionRequest

# Kinds of values for which the shell itself finds the completion candidates, such as files.
KINDS_FOUND_BY_SHELL = ("files", "folders", "command")
_GLOB = {ord("["): "[[]", ord("*"): "[*]", ord("?"): "[?]"}


class Offers(NamedTuple):
    """`whole` words, and `begun` words, which go on (`payments-prod/`). `helps` is by word."""

    kind: str
    whole: list[str]
    begun: list[str]
    helps: Mapping[str, str]

    def with_prefix(self, prefix: str) -> "Offers":
        whole, begun = ([prefix + word for word in words] for words in (self.whole, self.begun))
        return self._replace(whole=whole, begun=begun)


def find_offers(request: CompletionRequest, names: CompletionNames) -> Offers:
    """Return the candidates that begin with the typed text; if none does, those that contain it.

    zsh and fish can insert the latter; `entry` leaves them out for bash, which can only append.
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
        case "words":  # one with a star, `sessions.*.browser`, stands for one of each session
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
        case "profile":
            return _profile_offers(request, names, names.profiles(session=request.session))
        case "usable_profile":
            is_any = request.session is None
            profiles = names.profiles(session=request.session, of_other_tools=is_any)
            return _profile_offers(request, names, profiles)
        case "any_profile":
            words = names.profiles(any_kind=True)
        case "managed_profile":
            words = names.profiles(managed=True)
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
    return sorted(valid_role_names({name for one in accounts for name in one.listed_roles}))


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
    before, colon, typed = request.word.partition(":")
    prefix = ""
    if colon and before in names.sessions():
        session: str | None = before
        prefix = f"{before}:"
    else:
        session, typed = request.session or names.session_of_environment(), request.word
    if session is None:
        return Offers("words", [], [f"{name}:" for name in names.sessions()], {})
    texts = [
        (text, account)
        for account in names.accounts(session)
        for text in account.texts(typed)
        if f"{text}/".startswith(typed) or typed.startswith(f"{text}/")
    ]
    whole, begun = list[str](), list[str]()
    for text, account in texts:
        if len(texts) == 1 or typed.startswith(f"{text}/"):
            whole += [f"{text}/{role}" for role in valid_role_names(account.listed_roles)]
        else:
            begun.append(f"{text}/")
    return Offers("words", whole, begun, {}).with_prefix(prefix)
