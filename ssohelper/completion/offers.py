"""Finds completion candidates for each kind of value, in the command tree and in local names.

For PROFILE, profile names are offered. If none begins with the typed text, [SESSION:]ACCOUNT/ROLE
is offered part by part, as shells complete paths.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from ssohelper.completion.names import CompletionNames, OfferedAccount, valid_role_names
from ssohelper.completion.words import CompletionRequest

# Kinds of values for which the shell itself finds the completion candidates, such as files.
KINDS_FOUND_BY_SHELL = ("files", "folders", "command")
_GLOB = {ord("["): "[[]", ord("*"): "[*]", ord("?"): "[?]"}


class Offers(NamedTuple):
    """Completion candidates: `whole` words, and `begun` words, which go on (`payments-prod/`).

    `helps` has the help text of a word. `kind` is "words"; if it is one of KINDS_FOUND_BY_SHELL,
    there are no candidates.
    """

    kind: str
    whole: list[str]
    begun: list[str]
    helps: Mapping[str, str]

    def with_prefix(self, prefix: str) -> "Offers":
        """Return these offers with `prefix`, such as `--session=`, before each word."""
        if not prefix:
            return self
        return self._replace(
            whole=[prefix + word for word in self.whole],
            begun=[prefix + word for word in self.begun],
        )

    def without_dashes(self) -> "Offers":
        """Return the candidates that do not begin with a dash, which would be read as options."""
        return self._replace(
            whole=[word for word in self.whole if not word.startswith("-")],
            begun=[word for word in self.begun if not word.startswith("-")],
        )


def find_offers(request: CompletionRequest, names: CompletionNames) -> Offers:
    """Return the completion candidates for the word at the cursor."""
    kind, _, listed = request.kind.partition(":")
    if kind in KINDS_FOUND_BY_SHELL:
        return Offers(kind, [], [], {})
    if kind == "words":
        found = _offers_of_whole_words(_replace_star_by_session_names(listed.split(","), names))
    else:
        find = _KINDS.get(kind)
        found = find(request, names) if find else _offers_of_whole_words([])
    if not request.may_begin_with_dash:
        found = found.without_dashes()
    return _matching_offers(found, request).with_prefix(request.prefix)


def _matching_offers(offers: Offers, request: CompletionRequest) -> Offers:
    """Return the candidates that begin with the typed text; if none does, those that contain it.

    "Contain" ignores upper and lower case. zsh and fish can insert a word that only contains the
    typed text. bash can only append to the typed text, so `entry` leaves such words out for bash.
    """
    for fits in (_begins_with, _contains):
        whole = [word for word in offers.whole if fits(word, request.word)]
        begun = [word for word in offers.begun if fits(word, request.word)]
        if whole or begun:
            break
    used = set(request.used)
    return offers._replace(whole=[word for word in whole if word not in used], begun=begun)


def _begins_with(word: str, typed: str) -> bool:
    return word.startswith(typed)


def _contains(word: str, typed: str) -> bool:
    return typed.lower() in word.lower()


def _offers_of_whole_words(words: Iterable[str], helps: Mapping[str, str] | None = None) -> Offers:
    return Offers("words", list(dict.fromkeys(words)), [], helps or {})


def _replace_star_by_session_names(words: list[str], names: CompletionNames) -> list[str]:
    """Return the words; one with `*` (`sessions.*.browser`) is returned once for each session."""
    return [
        spelled
        for word in words
        for spelled in (
            [word.replace("*", name) for name in names.sessions()] if "*" in word else [word]
        )
    ]


# -- candidates from the command tree ------------------------------------------------------------


def _subcommand_offers(request: CompletionRequest, _names: CompletionNames) -> Offers:
    return _offers_of_whole_words(request.command.subcommands, request.command.subcommands)


def _option_offers(request: CompletionRequest, _names: CompletionNames) -> Offers:
    helps = {name: option.help for option in request.command.options for name in option.names}
    long = [name for name in helps if name.startswith("--")]
    return _offers_of_whole_words(
        long if request.word in ("", "-") or request.word[1:2] == "-" else helps, helps
    )


# -- what TAB offers from the config and the saved lists of roles --------------------------------


def _profile_offers(request: CompletionRequest, names: CompletionNames) -> Offers:
    return _profile_or_address_offers(request, names, names.profiles(session=request.session))


def _usable_profile_offers(request: CompletionRequest, names: CompletionNames) -> Offers:
    found = names.profiles(session=request.session, of_other_tools=request.session is None)
    return _profile_or_address_offers(request, names, found)


def _profile_or_address_offers(
    request: CompletionRequest, names: CompletionNames, found: list[str]
) -> Offers:
    if any(name.startswith(request.word) for name in found):
        return _offers_of_whole_words(found)
    addresses = _role_address_offers(request, names)
    known = set(found)
    whole = [word for word in addresses.whole if word not in known]
    fits = any(_begins_with(word, request.word) for word in [*whole, *addresses.begun])
    return addresses._replace(whole=whole) if fits else _offers_of_whole_words(found)


def _role_address_offers(request: CompletionRequest, names: CompletionNames) -> Offers:
    """Return completion candidates for the next part of [SESSION:]ACCOUNT/ROLE."""
    before, colon, after = request.word.partition(":")
    sessions = names.sessions()
    if colon and before in sessions:
        return _account_and_role_offers(names.accounts(before), after).with_prefix(f"{before}:")
    session = request.session or names.session_of_environment()
    if session is None:
        return Offers("words", [], [f"{name}:" for name in sessions], {})
    return _account_and_role_offers(names.accounts(session), request.word)


def _account_and_role_offers(accounts: list[OfferedAccount], typed: str) -> Offers:
    texts = [
        (text, account)
        for account in accounts
        for text in _names_and_id_to_offer_for_account(account, typed)
    ]
    texts = [
        (text, account)
        for text, account in texts
        if f"{text}/".startswith(typed) or typed.startswith(f"{text}/")
    ]
    if len(texts) > 1:
        within = [(text, account) for text, account in texts if typed.startswith(f"{text}/")]
        begun = [f"{text}/" for text, _account in texts if not typed.startswith(f"{text}/")]
    else:
        within, begun = texts, []
    whole = [f"{text}/{role}" for text, account in within for role in account.roles]
    return Offers("words", whole, begun, {})


def _names_and_id_to_offer_for_account(account: OfferedAccount, typed: str) -> tuple[str, ...]:
    """Return the texts to offer for an account: its name and, if a digit was typed, its id."""
    if account.text != account.id and typed[:1].isdigit():
        return (account.text, account.id)
    return (account.text,)


def _list_accounts_to_offer(
    request: CompletionRequest, names: CompletionNames
) -> list[OfferedAccount]:
    session = request.session or names.session_of_environment()
    sessions = [session] if session else names.sessions()
    return [account for name in sessions for account in names.accounts(name)]


def _account_pattern_offers(request: CompletionRequest, names: CompletionNames) -> Offers:
    sign = "!" if request.word.startswith("!") else ""
    typed = request.word[len(sign) :]
    accounts = _list_accounts_to_offer(request, names)
    return _offers_of_whole_words(
        sign + text.translate(_GLOB)
        for account in accounts
        for text in _names_and_id_to_offer_for_account(account, typed)
    )


def _role_pattern_offers(request: CompletionRequest, names: CompletionNames) -> Offers:
    sign = "!" if request.word.startswith("!") else ""
    return _offers_of_whole_words(
        sign + role
        for role in _sorted_role_names_of_accounts(_list_accounts_to_offer(request, names))
    )


def _sorted_role_names_of_accounts(accounts: Iterable[OfferedAccount]) -> list[str]:
    found: set[str] = set()
    for account in accounts:
        found.update(account.listed_roles)
    return sorted(valid_role_names(found))


def _query_offers(request: CompletionRequest, names: CompletionNames) -> Offers:
    accounts = _list_accounts_to_offer(request, names)
    return _offers_of_whole_words(
        [*(account.text for account in accounts), *_sorted_role_names_of_accounts(accounts)]
    )


_KINDS: dict[str, Callable[[CompletionRequest, CompletionNames], Offers]] = {
    "subcommand": _subcommand_offers,
    "option": _option_offers,
    "profile": _profile_offers,
    "usable_profile": _usable_profile_offers,
    "any_profile": lambda _request, names: _offers_of_whole_words(names.profiles(any_kind=True)),
    "managed_profile": lambda _request, names: _offers_of_whole_words(names.profiles(managed=True)),
    "address": _role_address_offers,
    "region": lambda _request, names: _offers_of_whole_words(names.regions()),
    "session": lambda _request, names: _offers_of_whole_words(names.sessions()),
    "account_glob": _account_pattern_offers,
    "account_id": lambda request, names: _offers_of_whole_words(
        item.id for item in _list_accounts_to_offer(request, names)
    ),
    "role_glob": _role_pattern_offers,
    "role": lambda request, names: _offers_of_whole_words(
        _sorted_role_names_of_accounts(_list_accounts_to_offer(request, names))
    ),
    "query": _query_offers,
}
