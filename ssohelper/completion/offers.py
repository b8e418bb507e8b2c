"""What is offered for each kind of value: from the command tree, and from the names there are.

PROFILE is a name first; where none begins with what was typed, [SESSION:]ACCOUNT/ROLE is offered
step by step, as paths are.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from ssohelper.completion.names import Names, OfferedAccount, usable_roles
from ssohelper.completion.words import Asked

# No value, no name: the shell's own completion takes over.
OF_THE_SHELL = ("files", "folders", "command")
_GLOB = {ord("["): "[[]", ord("*"): "[*]", ord("?"): "[?]"}


class Offers(NamedTuple):
    """Whole words, words that go on (`payments-prod/`), and what some of them mean.

    `kind` is "words", or one of OF_THE_SHELL, and then there is nothing else.
    """

    kind: str
    whole: list[str]
    begun: list[str]
    helps: Mapping[str, str]

    def with_head(self, head: str) -> "Offers":
        """Return the same words behind `head`, such as `--session=`."""
        if not head:
            return self
        return self._replace(
            whole=[head + word for word in self.whole], begun=[head + word for word in self.begun]
        )

    def without_dashes(self) -> "Offers":
        """Return those that cannot be taken for an option."""
        return self._replace(
            whole=[word for word in self.whole if not word.startswith("-")],
            begun=[word for word in self.begun if not word.startswith("-")],
        )


def offers_for(asked: Asked, names: Names) -> Offers:
    """Return what fits: words that begin with what was typed, whole or in part."""
    kind, _, listed = asked.kind.partition(":")
    if kind in OF_THE_SHELL:
        return Offers(kind, [], [], {})
    if kind == "words":
        found = _words(_spelled_out(listed.split(","), names))
    else:
        find = _KINDS.get(kind)
        found = find(asked, names) if find else _words([])
    if not asked.may_begin_with_dash:
        found = found.without_dashes()
    return _fitting(found, asked).with_head(asked.head)


def _fitting(offers: Offers, asked: Asked) -> Offers:
    """Leave what begins with the word; where nothing does, what holds it in any case.

    zsh and fish can take such a word; what bash gets must begin with what was typed (door).
    """
    for fits in (_begins, _holds):
        whole = [word for word in offers.whole if fits(word, asked.word)]
        begun = [word for word in offers.begun if fits(word, asked.word)]
        if whole or begun:
            break
    used = set(asked.used)
    return offers._replace(whole=[word for word in whole if word not in used], begun=begun)


def _begins(word: str, typed: str) -> bool:
    return word.startswith(typed)


def _holds(word: str, typed: str) -> bool:
    return typed.lower() in word.lower()


def _words(words: Iterable[str], helps: Mapping[str, str] | None = None) -> Offers:
    return Offers("words", list(dict.fromkeys(words)), [], helps or {})


def _spelled_out(words: list[str], names: Names) -> list[str]:
    """Return the words; one with a "*" once for each session (`sessions.*.browser`)."""
    return [
        spelled
        for word in words
        for spelled in (
            [word.replace("*", name) for name in names.sessions()] if "*" in word else [word]
        )
    ]


# -- from the command tree -----------------------------------------------------------------------


def _subcommands(asked: Asked, _names: Names) -> Offers:
    return _words(asked.command.subcommands, asked.command.subcommands)


def _options(asked: Asked, _names: Names) -> Offers:
    helps = {name: option.help for option in asked.command.options for name in option.names}
    long = [name for name in helps if name.startswith("--")]
    return _words(long if asked.word in ("", "-") or asked.word[1:2] == "-" else helps, helps)


# -- from this machine ---------------------------------------------------------------------------


def _profiles(asked: Asked, names: Names) -> Offers:
    found = names.profiles(session=asked.session)
    if any(name.startswith(asked.word) for name in found):
        return _words(found)
    addresses = _addresses(asked, names)
    known = set(found)
    whole = [word for word in addresses.whole if word not in known]
    fits = any(_begins(word, asked.word) for word in [*whole, *addresses.begun])
    return addresses._replace(whole=whole) if fits else _words(found)


def _addresses(asked: Asked, names: Names) -> Offers:
    """Return the next step of [SESSION:]ACCOUNT/ROLE: a session, accounts, or roles of one."""
    before, colon, after = asked.word.partition(":")
    sessions = names.sessions()
    if colon and before in sessions:
        return _accounts_and_roles(names.accounts(before), after).with_head(f"{before}:")
    session = asked.session or names.session_of_environment()
    if session is None:
        return Offers("words", [], [f"{name}:" for name in sessions], {})
    return _accounts_and_roles(names.accounts(session), asked.word)


def _accounts_and_roles(accounts: list[OfferedAccount], typed: str) -> Offers:
    texts = [(text, account) for account in accounts for text in _texts(account, typed)]
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


def _texts(account: OfferedAccount, typed: str) -> tuple[str, ...]:
    """Return what may name the account here: its name, and its id once digits are typed."""
    if account.text != account.id and typed[:1].isdigit():
        return (account.text, account.id)
    return (account.text,)


def _all_accounts(asked: Asked, names: Names) -> list[OfferedAccount]:
    session = asked.session or names.session_of_environment()
    sessions = [session] if session else names.sessions()
    return [account for name in sessions for account in names.accounts(name)]


def _account_globs(asked: Asked, names: Names) -> Offers:
    sign = "!" if asked.word.startswith("!") else ""
    typed = asked.word[len(sign) :]
    accounts = _all_accounts(asked, names)
    return _words(
        sign + text.translate(_GLOB) for account in accounts for text in _texts(account, typed)
    )


def _role_globs(asked: Asked, names: Names) -> Offers:
    sign = "!" if asked.word.startswith("!") else ""
    return _words(sign + role for role in _roles(_all_accounts(asked, names)))


def _roles(accounts: Iterable[OfferedAccount]) -> list[str]:
    found: set[str] = set()
    for account in accounts:
        found.update(account.listed_roles)
    return sorted(usable_roles(found))


def _query(asked: Asked, names: Names) -> Offers:
    accounts = _all_accounts(asked, names)
    return _words([*(account.text for account in accounts), *_roles(accounts)])


_KINDS: dict[str, Callable[[Asked, Names], Offers]] = {
    "subcommand": _subcommands,
    "option": _options,
    "profile": _profiles,
    "any_profile": lambda _asked, names: _words(names.profiles(any_kind=True)),
    "managed_profile": lambda _asked, names: _words(names.profiles(managed=True)),
    "address": _addresses,
    "region": lambda _asked, names: _words(names.regions()),
    "session": lambda _asked, names: _words(names.sessions()),
    "account_glob": _account_globs,
    "account_id": lambda asked, names: _words(item.id for item in _all_accounts(asked, names)),
    "role_glob": _role_globs,
    "role": lambda asked, names: _words(_roles(_all_accounts(asked, names))),
    "query": _query,
}
