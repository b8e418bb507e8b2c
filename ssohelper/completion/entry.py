"""The front door of a TAB: `ssohelper completion …`, answered without click.

`completion SHELL` prints the script that shells keep; that script asks with
`completion --answer SHELL …` and gets what to offer. There nothing is said about trouble: a person
at a prompt gets no candidates, and the exit code is 1.
"""

import os
import sys
from collections.abc import Callable, Sequence

from ssohelper.app import App
from ssohelper.completion.names import Names
from ssohelper.completion.offers import Offers, offers_for
from ssohelper.completion.quoting import bash_line, in_quotes, unquoted
from ssohelper.completion.words import asked_for
from ssohelper.system.shell_texts import SHELLS, completion_of, is_written

# What zsh tells people, and knows for its styles, of a kind of value.
_MEANINGS = {
    "subcommand": "command",
    "option": "option",
    "profile": "profile",
    "any_profile": "profile",
    "managed_profile": "profile",
    "session": "session",
    "region": "region",
    "account_glob": "account",
    "account_id": "account",
    "address": "role",
    "role_glob": "role",
    "role": "role",
}
# readline's words for a TAB that walks through the candidates, and for one that inserts them all.
_INSERTING = ("37", "42")


def answer(argv: Sequence[str]) -> int | None:
    """Print what is asked for; None when it is not ours to answer, and click explains."""
    if len(argv) == 1 and argv[0] in SHELLS:
        script = completion_of(argv[0])
        return 0 if script is not None and is_written(script) else None
    if argv[:1] == ["--answer"] and argv[1:2] and argv[1] in _ANSWERS and len(argv) > 3:
        try:
            lines = _ANSWERS[argv[1]](list(argv[2:]))
            # Names come from files that may hold any byte: they leave as they came.
            return _print("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
        except Exception:
            # Whatever it is, a traceback in the middle of somebody's command line helps nobody.
            return 1
    return None


def _print(text: bytes) -> int:
    try:
        sys.stdout.buffer.write(text)
        sys.stdout.flush()
    except (OSError, AttributeError):
        # What is left in its buffer would be tried once more at the end, and said.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    return 0


def _found(words: list[str], word: str) -> Offers:
    return offers_for(asked_for(words, word), Names(App()))


# -- bash ----------------------------------------------------------------------------------------


def _bash(argv: list[str]) -> list[str]:
    """Answer LINE BREAKS TYPE: the line up to the cursor, COMP_WORDBREAKS and COMP_TYPE."""
    text, breaks, how = argv
    line = bash_line(text, breaks)
    if line.redirected:
        return ["files"]
    words = _command_of(line.words)
    if not words:
        return ["words"]  # a command's name stands there, as after `$(` or `;`
    offers = _found(words, line.word)
    if offers.kind != "words":
        return [offers.kind]
    return _bash_words(line.word, line.tail, line.quote, offers, inserting=how in _INSERTING)


def _command_of(words: list[str]) -> list[str]:
    """Return the words from the command's name on: assignments may stand before it."""
    while words and "=" in words[0]:
        words = words[1:]
    return words


def _bash_words(typed: str, tail: str, quote: str, offers: Offers, *, inserting: bool) -> list[str]:
    whole = [word[len(typed) :] for word in offers.whole if word.startswith(typed)]
    begun = [word[len(typed) :] for word in offers.begun if word.startswith(typed)]
    rests = whole + begun
    if len(rests) == 1:
        # Closed here: readline closes too, but not what ends in a quote of the name's own.
        reply = tail + in_quotes(rests[0], quote) + quote
        return ["words nospace" if begun else "words", _guarded(reply, quote)]
    replies = [_guarded(tail + in_quotes(rest, quote), quote) for rest in rests]
    common = _common_start(rests)
    shared = _guarded(tail + in_quotes(common, quote), quote)
    if inserting or _common_start(replies) == shared:
        return ["words", *replies]
    # What is common to the quoted names ends within a quotation: insert what is common to the
    # names, or nothing and show them.
    if common:
        return ["words nospace", shared]
    return ["list", *(typed + rest for rest in rests)]


def _common_start(words: list[str]) -> str:
    """Return what all of them begin with: what the first and the last in order do."""
    first, last = min(words, default=""), max(words, default="")
    length = next((n for n, char in enumerate(first) if last[n] != char), len(first))
    return first[:length]


def _guarded(reply: str, quote: str) -> str:
    # readline takes a first character like the open quote for that quote, and puts it over it.
    return quote + reply if quote and reply.startswith(quote) else reply


# -- zsh, fish, PowerShell: these quote what they insert -------------------------------------------


def _zsh(argv: list[str]) -> list[str]:
    """Answer WORD EARLIER…: three counts and what they are, words, words that go on, texts to show."""
    asked = asked_for(argv[1:], argv[0])
    offers = offers_for(asked, Names(App()))
    if offers.kind != "words":
        return [offers.kind]
    words = [*offers.whole, *offers.begun]
    shown = _explained(words, offers) if offers.helps else []
    what = _MEANINGS.get(asked.kind, "value")
    head = f"words {len(offers.whole)} {len(offers.begun)} {len(shown)} {what}"
    return [head, *words, *shown]


def _explained(words: list[str], offers: Offers) -> list[str]:
    width = max(map(len, words), default=0)
    return [f"{word:<{width}}  -- {offers.helps.get(word, '')}" for word in words]


def _fish(argv: list[str]) -> list[str]:
    """Answer WORD EARLIER…, WORD as it stands on the line: word, tab, meaning."""
    offers = _found(argv[1:], unquoted(argv[0]))
    if offers.kind != "words":
        return [offers.kind]
    # fish quotes all but a "~" that begins a word: it would become a home folder.
    words = [word for word in (*offers.whole, *offers.begun) if not word.startswith("~")]
    helps = offers.helps
    return ["words", *(f"{word}\t{helps[word]}" if helps.get(word) else word for word in words)]


_ANSWERS: dict[str, Callable[[list[str]], list[str]]] = {
    "bash": _bash,
    "zsh": _zsh,
    "fish": _fish,
    "pwsh": _fish,
}
