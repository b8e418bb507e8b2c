"""Parses a command line as bash and readline do, and quotes names to insert into the line.

bash gives completion the command line unparsed, does not quote candidates, and replaces only the
text after the last break character (`:` and `=` are among these). So this module parses the line,
without expanding anything, and quotes the names to insert so that they fit a quote that is open at
the cursor.
"""

from typing import NamedTuple

# ASCII characters that bash takes literally; all other ASCII characters get a backslash.
_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._/@%+,:=-")
_ESCAPED = {code: f"\\{chr(code)}" for code in range(32, 127) if chr(code) not in _PLAIN}
_QUOTED = {
    "": _ESCAPED,
    "'": {ord("'"): "'\\''"},
    # Within double quotes too, bash expands "!". A backslash before "!" would remain in the word.
    '"': {**{ord(char): f"\\{char}" for char in '"$`\\'}, ord("!"): "\"'!'\""},
}
_DEFAULT_BREAKS = " \t\n\"'><=;|&(:"


class ParsedLine(NamedTuple):
    """A command line up to the cursor, parsed. `words` are those before the last word.

    `word` is the last word without its quoting, `replaced_text` the part of its raw text that
    readline replaces, `quote` the quote that is open at the cursor ("" for none). `is_redirected`
    says that the last word follows `<` or `>`, so that it names a file.
    """

    words: list[str]
    word: str
    replaced_text: str
    quote: str
    is_redirected: bool

    def reply(self, rest: str) -> str:
        """Return the text by which readline replaces `replaced_text`, to add `rest`, quoted."""
        text = self.replaced_text + rest.translate(_QUOTED[self.quote])
        # If a reply begins with the character of the open quote, readline drops that character.
        return self.quote + text if self.quote and text.startswith(self.quote) else text


def split_bash_line(text: str, break_characters: str = _DEFAULT_BREAKS) -> ParsedLine:
    """Split a line as bash does, expanding nothing. `break_characters` is COMP_WORDBREAKS."""
    return _Reader(text, frozenset(break_characters) - set("'\"")).read()


class _Reader:
    def __init__(self, text: str, breaks: frozenset[str]) -> None:
        self._text = text
        self._breaks = breaks
        self._words: list[str] = []
        self._word: list[str] = []
        self._has_word = False
        self._quote = ""
        # The position at which the text begins that readline replaces by the candidate, and the
        # value that this position had before the open quote.
        self._start = self._start_before_quote = 0
        self._is_after_redirection = False

    def read(self) -> ParsedLine:
        """Parse the whole line; return the result."""
        position = 0
        while position < len(self._text):
            position += (
                self._read_quoted(position) if self._quote else self._read_unquoted(position)
            )
        word = "".join(self._word)
        replaced_text = self._text[self._start :]
        if self._quote != "'" and _ends_in_lone_backslash(replaced_text):
            replaced_text = replaced_text[:-1]
        return ParsedLine(self._words, word, replaced_text, self._quote, self._is_after_redirection)

    def _read_unquoted(self, position: int) -> int:
        """Read a character outside quotes; return the count of characters read, 2 for an escape."""
        char = self._text[position]
        if char == "\\":
            self._has_word = True
            self._word.append(self._text[position + 1 : position + 2])
            return 2
        if char in "'\"":
            self._quote, self._has_word = char, True
            self._start_before_quote, self._start = self._start, position + 1
            return 1
        if char in self._breaks or char.isspace():
            self._start = position + 1
        if char.isspace():
            self._end_present_word()
        elif char in ";|&()":
            self._end_present_word()
            self._words, self._is_after_redirection = [], False
        elif char in "<>":
            self._end_present_word()
            self._is_after_redirection = True
        else:
            self._has_word = True
            self._word.append(char)
        return 1

    def _read_quoted(self, position: int) -> int:
        char = self._text[position]
        following = self._text[position + 1 : position + 2]
        if char == self._quote:
            self._quote = ""
            # Once the quote is closed, readline replaces the text from the last break character
            # before the opening quote, so that the quoted text is replaced too.
            self._start = self._start_before_quote
        elif char == "\\" and self._quote == '"' and following in ("", *'"$`\\'):
            self._word.append(following)
            return 2
        else:
            self._word.append(char)
        return 1

    def _end_present_word(self) -> None:
        if not self._has_word:
            return
        if self._is_after_redirection:
            self._is_after_redirection = False
        else:
            self._words.append("".join(self._word))
        self._word, self._has_word = [], False


def _ends_in_lone_backslash(text: str) -> bool:
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1
