"""Runs `ssohelper completion …`, which shells call on TAB, without importing click.

`completion SHELL` prints the shell's completion script. That script runs
`completion --answer SHELL …`, which prints candidates. After an error, `completion --answer` prints
nothing and exits with 1, because a message would appear in the middle of the user's command line.
"""

import os
import sys
from collections.abc import Callable, Sequence

from ssohelper.app import App
from ssohelper.completion.names import CompletionNames
from ssohelper.completion.offers import Offers, find_offers
from ssohelper.completion.quoting import (
    quote_name_for_insertion,
    split_bash_line,
    unquote_shell_word,
)
from ssohelper.completion.words import parse_completion_request
from ssohelper.system.shell_texts import SHELLS, completion_script_of, write_to_stdout

# The tag that zsh's completion gives candidates of each kind; users set styles by these tags.
_ZSH_TAGS = {
    "subcommand": "command",
    "option": "option",
    "profile": "profile",
    "any_profile": "profile",
    "usable_profile": "profile",
    "managed_profile": "profile",
    "session": "session",
    "region": "region",
    "account_glob": "account",
    "account_id": "account",
    "address": "role",
    "role_glob": "role",
    "role": "role",
}
# The values of COMP_TYPE with which readline inserts whole candidates: for its commands
# menu-complete and insert-completions.
_INSERTING_TYPES = ("37", "42")


def answer_completion_request(argv: Sequence[str]) -> int | None:
    """Print the completion script or candidates; return the exit code.

    Returns None, and prints nothing, for a command that click must run.
    """
    if len(argv) == 1 and argv[0] in SHELLS:
        script = completion_script_of(argv[0])
        return 0 if script is not None and write_to_stdout(script) else None
    if argv[:1] == ["--answer"] and argv[1:2] and argv[1] in _ANSWERS and len(argv) > 3:
        try:
            lines = _ANSWERS[argv[1]](list(argv[2:]))
            # Bytes of the command line that are not UTF-8 are printed unchanged.
            return _write_to_stdout(
                "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
            )
        except Exception:
            return 1
    return None


def _write_to_stdout(text: bytes) -> int:
    try:
        sys.stdout.buffer.write(text)
        sys.stdout.flush()
    except (OSError, AttributeError):
        # Descriptor 1 is replaced by /dev/null, because at exit Python would try to write its
        # buffer again and report the failure.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    return 0


def _find_offers_for_word(words: list[str], word: str) -> Offers:
    return find_offers(parse_completion_request(words, word), CompletionNames(App()))


# -- making the candidates that bash's readline inserts ------------------------------------------


def _candidate_lines_for_bash(argv: list[str]) -> list[str]:
    """Return the lines to print for bash.

    `argv` is the command line up to the cursor, COMP_WORDBREAKS and COMP_TYPE. The first line is
    the kind of the candidates: "words", "words nospace", "list" (to be shown, not inserted), or one
    of KINDS_FOUND_BY_SHELL. The candidates follow, one per line.
    """
    text, breaks, completion_type = argv
    line = split_bash_line(text, breaks)
    if line.is_redirected:
        return ["files"]
    words = _drop_assignments_before_command(line.words)
    if not words:
        return ["words"]  # no candidates: the cursor is at a command's name, as after `$(` or `;`
    offers = _find_offers_for_word(words, line.word)
    if offers.kind != "words":
        return [offers.kind]
    inserting = completion_type in _INSERTING_TYPES
    return _quoted_candidates_for_bash(
        line.word, line.replaced_text, line.quote, offers, inserting=inserting
    )


def _drop_assignments_before_command(words: list[str]) -> list[str]:
    """Return the words from the command's name on, without assignments such as `A=1` before it."""
    while words and "=" in words[0]:
        words = words[1:]
    return words


def _quoted_candidates_for_bash(
    typed: str, replaced_text: str, quote: str, offers: Offers, *, inserting: bool
) -> list[str]:
    whole = [word[len(typed) :] for word in offers.whole if word.startswith(typed)]
    begun = [word[len(typed) :] for word in offers.begun if word.startswith(typed)]
    rests = whole + begun
    if len(rests) == 1:
        # The open quote is closed here, because after a name that ends in a quote character,
        # readline does not close it.
        reply = replaced_text + quote_name_for_insertion(rests[0], quote) + quote
        return [
            "words nospace" if begun else "words",
            _protect_open_quote_from_readline(reply, quote),
        ]
    replies = [
        _protect_open_quote_from_readline(
            replaced_text + quote_name_for_insertion(rest, quote), quote
        )
        for rest in rests
    ]
    common = _longest_common_prefix(rests)
    shared = _protect_open_quote_from_readline(
        replaced_text + quote_name_for_insertion(common, quote), quote
    )
    if inserting or _longest_common_prefix(replies) == shared:
        return ["words", *replies]
    # The common start of the quoted names would end inside a quotation. So insert the common start
    # of the unquoted names, quoted. If they have none, show the names and insert nothing.
    if common:
        return ["words nospace", shared]
    return ["list", *(typed + rest for rest in rests)]


def _longest_common_prefix(words: list[str]) -> str:
    """Return the longest common start of all words: that of the first and last word when sorted."""
    first, last = min(words, default=""), max(words, default="")
    length = next((n for n, char in enumerate(first) if last[n] != char), len(first))
    return first[:length]


def _protect_open_quote_from_readline(reply: str, quote: str) -> str:
    # If a reply begins with the character of the open quote, readline drops that character.
    return quote + reply if quote and reply.startswith(quote) else reply


# -- candidates for zsh, fish and PowerShell, which quote candidates themselves ------------------


def _candidate_lines_for_zsh(argv: list[str]) -> list[str]:
    """Return the lines to print for zsh. `argv` is the word at the cursor, then the words before.

    The first line is "words WHOLE BEGUN SHOWN TAG". WHOLE, BEGUN and SHOWN are the numbers of whole
    words, of words to which the user must add more, and of texts to show in place of all these
    words. The words and texts follow, one per line.
    """
    request = parse_completion_request(argv[1:], argv[0])
    offers = find_offers(request, CompletionNames(App()))
    if offers.kind != "words":
        return [offers.kind]
    words = [*offers.whole, *offers.begun]
    shown = _candidates_with_help_texts(words, offers) if offers.helps else []
    what = _ZSH_TAGS.get(request.kind, "value")
    head = f"words {len(offers.whole)} {len(offers.begun)} {len(shown)} {what}"
    return [head, *words, *shown]


def _candidates_with_help_texts(words: list[str], offers: Offers) -> list[str]:
    width = max(map(len, words), default=0)
    return [f"{word:<{width}}  -- {offers.helps.get(word, '')}" for word in words]


def _candidate_lines_for_fish(argv: list[str]) -> list[str]:
    """Return the lines to print for fish: each has a candidate and, after a tab, its help.

    `argv` is the word at the cursor, quoted as the user typed it, then the words before.
    """
    offers = _find_offers_for_word(argv[1:], unquote_shell_word(argv[0]))
    if offers.kind != "words":
        return [offers.kind]
    # A candidate that begins with "~" is left out: fish would expand the "~" to a home folder.
    words = [word for word in (*offers.whole, *offers.begun) if not word.startswith("~")]
    helps = offers.helps
    return ["words", *(f"{word}\t{helps[word]}" if helps.get(word) else word for word in words)]


_ANSWERS: dict[str, Callable[[list[str]], list[str]]] = {
    "bash": _candidate_lines_for_bash,
    "zsh": _candidate_lines_for_zsh,
    "fish": _candidate_lines_for_fish,
    "pwsh": _candidate_lines_for_fish,
}
