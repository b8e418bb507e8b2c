"""Parses a command line as bash and readline do, and quotes names to insert into the line.

bash gives completion the line unparsed, and replaces only the text after the last break character.
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
    """`word` is the last word without its quoting, `words` those before.

    `replaced_text` is what readline replaces, `quote` is open at the cursor. With `is_redirected`,
    `word` names a file.
    """

    words: list[str]
    word: str
    replaced_text: str
    quote: str
    is_redirected: bool

    def reply(self, rest: str) -> str:
        """Return the text that adds `rest`, quoted, when readline inserts it for `replaced_text`."""
        text = self.replaced_text + rest.translate(_QUOTED[self.quote])
        # If a reply begins with the character of the open quote, readline drops that character.
        return self.quote + text if self.quote and text.startswith(self.quote) else text


def split_bash_line(text: str, break_characters: str = _DEFAULT_BREAKS) -> ParsedLine:
    """Split a line as bash does, expanding nothing. `break_characters` is COMP_WORDBREAKS."""
    breaks = frozenset(break_characters) - set("'\"")
    words, word, quote, is_redirected = list[str](), None, "", False
    # `start` is where the text begins that readline replaces; once a quote is closed, that is the
    # last break character before the opening quote.
    start = start_before_quote = at = 0
    while at < len(text):
        char, at = text[at], at + 1
        following = text[at : at + 1]
        if quote and char == quote:
            quote, start = "", start_before_quote
        elif char == "\\" and (not quote or (quote == '"' and following in ("", *'"$`\\'))):
            word, at = (word or "") + following, at + 1
        elif quote:
            word = (word or "") + char
        elif char in "'\"":
            word, quote = word or "", char
            start_before_quote, start = start, at
        elif char.isspace() or char in ";|&()<>":
            start = at if char.isspace() or char in breaks else start
            if word is not None:
                words += [] if is_redirected else [word]
                word, is_redirected = None, False
            if char in "<>":
                is_redirected = True
            elif not char.isspace():
                words, is_redirected = [], False
        else:
            start = at if char in breaks else start
            word = (word or "") + char
    replaced = text[start:]
    if quote != "'" and (len(replaced) - len(replaced.rstrip("\\"))) % 2:
        replaced = replaced[:-1]
    return ParsedLine(words, word or "", replaced, quote, is_redirected)
