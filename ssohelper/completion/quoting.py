"""A line as bash and readline see it, and names written so that a shell reads exactly them.

bash hands a completion its line unparsed, replaces only what stands after the last of its break
characters (`:` and `=` among them) and quotes nothing. So the line is read here, never expanded,
and a candidate is what was typed plus the rest of the name, in the quotes that are open.
"""

from typing import NamedTuple

# What stands unquoted in bash and stays itself; anything else that is ASCII gets a backslash.
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/@%+,:=-")
_ESCAPED = {code: f"\\{chr(code)}" for code in range(32, 127) if chr(code) not in _PLAIN}
_QUOTED = {
    "": _ESCAPED,
    "'": {ord("'"): "'\\''"},
    # "!" begins a history expansion also within double quotes, where no backslash hides it.
    '"': {**{ord(char): f"\\{char}" for char in '"$`\\'}, ord("!"): "\"'!'\""},
}
_DEFAULT_BREAKS = " \t\n\"'><=;|&(:"


class Line(NamedTuple):
    """A line up to the cursor: the words before the last one, and the last one as it is.

    `word` is what it says, `tail` the part of its raw text that readline replaces, `quote` the
    quotes that are open at the cursor. `redirected` when a file's name stands there.
    """

    words: list[str]
    word: str
    tail: str
    quote: str
    redirected: bool


def bash_line(text: str, breaks: str = _DEFAULT_BREAKS) -> Line:
    """Return the line as bash takes it apart; nothing in it is expanded."""
    return _Reader(text, frozenset(breaks) - set("'\"")).read()


def unquoted(text: str) -> str:
    """Return what a word of a shell says: `a\\ b`, `'a b'` and the unfinished `"a b` are `a b`."""
    return bash_line(text).word


def in_quotes(name: str, quote: str) -> str:
    """Return the text that says `name` at a place where these quotes are open ("" for none)."""
    return name.translate(_QUOTED[quote])


class _Reader:
    def __init__(self, text: str, breaks: frozenset[str]) -> None:
        self._text = text
        self._breaks = breaks
        self._words: list[str] = []
        self._word: list[str] = []
        self._started = False
        self._quote = ""
        # Where the part begins that readline replaces, within the whole line.
        self._start = self._start_outside = 0
        self._after_redirection = False

    def read(self) -> Line:
        place = 0
        while place < len(self._text):
            place += self._quoted(place) if self._quote else self._bare(place)
        word = "".join(self._word)
        tail = self._text[self._start :]
        if self._quote != "'" and _ends_in_a_lone_backslash(tail):
            tail = tail[:-1]
        return Line(self._words, word, tail, self._quote, self._after_redirection)

    def _bare(self, place: int) -> int:
        """Take one character outside quotes; returns how many were taken."""
        char = self._text[place]
        if char == "\\":
            self._started = True
            self._word.append(self._text[place + 1 : place + 2])
            return 2
        if char in "'\"":
            self._quote, self._started = char, True
            self._start_outside, self._start = self._start, place + 1
            return 1
        if char in self._breaks or char.isspace():
            self._start = place + 1
        if char.isspace():
            self._end_word()
        elif char in ";|&()":
            self._end_word()
            self._words, self._after_redirection = [], False
        elif char in "<>":
            self._end_word()
            self._after_redirection = True
        else:
            self._started = True
            self._word.append(char)
        return 1

    def _quoted(self, place: int) -> int:
        char = self._text[place]
        following = self._text[place + 1 : place + 2]
        if char == self._quote:
            self._quote = ""
            # A closed quotation is no break: what is replaced begins where it did before it.
            self._start = self._start_outside
        elif char == "\\" and self._quote == '"' and following in ("", *'"$`\\'):
            self._word.append(following)
            return 2
        else:
            self._word.append(char)
        return 1

    def _end_word(self) -> None:
        if not self._started:
            return
        if self._after_redirection:
            self._after_redirection = False
        else:
            self._words.append("".join(self._word))
        self._word, self._started = [], False


def _ends_in_a_lone_backslash(text: str) -> bool:
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1
