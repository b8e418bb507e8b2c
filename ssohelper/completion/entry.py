"""Runs `ssohelper completion …`, which shells call on TAB, without importing click.

An error prints nothing, because a message would appear in the user's command line.
"""

import itertools
from collections.abc import Callable, Sequence

from ssohelper.app import App
from ssohelper.completion.offers import CompletionNames, Offers, find_offers
from ssohelper.completion.quoting import split_bash_line
from ssohelper.completion.words import parse_completion_request
from ssohelper.system.shell_texts import SHELLS, completion_script_of, write_to_stdout

# The tags that zsh's completion gives candidates; users set styles by them.
_ZSH_TAGS = ("command", "option", "profile", "session", "region", "account", "role")
# COMP_TYPE of readline's menu-complete and insert-completions, which insert whole candidates.
_INSERTING_TYPES = ("37", "42")


def answer_completion_request(argv: Sequence[str]) -> int | None:
    """Print the completion script or candidates; return the exit code, None if click must run."""
    if len(argv) == 1 and argv[0] in SHELLS:
        script = completion_script_of(argv[0])
        return 0 if script is not None and write_to_stdout(script) else None
    if argv[:1] == ["--answer"] and argv[1:2] and argv[1] in _ANSWERS and len(argv) > 3:
        try:
            lines = _ANSWERS[argv[1]](list(argv[2:]))
        except Exception:
            return 1
        # Bytes of the command line that are not UTF-8 are printed unchanged.
        text = "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")
        return 0 if write_to_stdout(text) else 1
    return None


def _candidate_lines_for_bash(argv: list[str]) -> list[str]:
    """Return the kind of the candidates, then the candidates.

    `argv` is the line up to the cursor, COMP_WORDBREAKS and COMP_TYPE. The kind is "words", "words
    nospace", "list" (to be shown, not inserted), or one of KINDS_FOUND_BY_SHELL.
    """
    text, breaks, completion_type = argv
    line = split_bash_line(text, breaks)
    if line.is_redirected:
        return ["files"]
    words = list(itertools.dropwhile(lambda word: "=" in word, line.words))  # as in `A=1 ssohelper`
    if not words:
        return ["words"]  # no candidates: the cursor is at a command's name, as after `$(` or `;`
    offers = _find_offers(words, line.word)
    if offers.kind != "words":
        return [offers.kind]
    # bash can only append to the typed text.
    fitting = [word for word in offers.all if word.startswith(line.word)]
    rests = [word[len(line.word) :] for word in fitting]
    if len(rests) == 1:
        # The open quote is closed here: after a name that ends in a quote character,
        # readline does not close it.
        kind = "words nospace" if fitting[0] in offers.begun else "words"
        return [kind, line.reply(rests[0]) + line.quote]
    replies = [line.reply(rest) for rest in rests]
    common = _common_start(rests)
    shared = line.reply(common)
    if completion_type in _INSERTING_TYPES or _common_start(replies) == shared:
        return ["words", *replies]
    # The common start of the quoted names would end inside a quotation, so quote the names' common
    # start.
    if common:
        return ["words nospace", shared]
    return ["list", *(line.word + rest for rest in rests)]


def _common_start(words: list[str]) -> str:
    pairs = zip(min(words, default=""), max(words, default=""), strict=False)
    return "".join(one for one, _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _candidate_lines_for_zsh(argv: list[str]) -> list[str]:
    """Return the line "words WHOLE BEGUN SHOWN TAG", then the words, then the texts to show.

    WHOLE, BEGUN and SHOWN count whole words, begun words (which go on), and texts to show instead.
    """
    request = parse_completion_request(argv[1:], argv[0])
    offers = find_offers(request, CompletionNames(App()))
    if offers.kind != "words":
        return [offers.kind]
    words, helps = offers.all, offers.helps
    width = max(map(len, words), default=0)
    shown = [f"{word:<{width}}  -- {helps.get(word, '')}" for word in words] if helps else []
    kind = request.kind.partition(":")[0]
    what = next((tag for tag in _ZSH_TAGS if tag in kind), "value")
    head = f"words {len(offers.whole)} {len(offers.begun)} {len(shown)} {what}"
    return [head, *words, *shown]


def _candidate_lines_for_fish(argv: list[str]) -> list[str]:
    """Return candidates, each with its help after a tab. The word in `argv` is quoted as typed."""
    word = split_bash_line(argv[0]).word
    offers = _find_offers(argv[1:], word)
    # A candidate that begins with "~" is left out: fish would expand the "~" to a home folder.
    words = [word for word in offers.all if not word.startswith("~")]
    helps = offers.helps
    return [
        offers.kind,
        *(f"{word}\t{helps[word]}" if helps.get(word) else word for word in words),
    ]


def _find_offers(words: list[str], word: str) -> Offers:
    return find_offers(parse_completion_request(words, word), CompletionNames(App()))


_ANSWERS: dict[str, Callable[[list[str]], list[str]]] = {
    "bash": _candidate_lines_for_bash,
    "zsh": _candidate_lines_for_zsh,
    "fish": _candidate_lines_for_fish,
    "pwsh": _candidate_lines_for_fish,
}
