"""200 names that a shell might misread. Each can be a profile's name, most an account's too."""

import random

_CHOSEN = (
    "$(touch pwned)", "`touch pwned`", "; touch pwned", "a; touch pwned #", "| touch pwned",
    "&& touch pwned", "> pwned", "<(touch pwned)", "$(>pwned)", "${IFS}touch${IFS}pwned",
    "'", '"', "`", "\\", "'$(touch pwned)'", '"$(touch pwned)"', "''", "it's", 'say "x"', "a'b\"c`d",
    "\\\\", "a\\", "a\\'b", "\\$x", "a b", "  two  spaces", " leading", "trailing ", "a  b", " ",
    "!", "!!", "a!b", "!touch", '"!x"', "'!x'", "$", "$$", "$HOME", "${HOME}", "$0", "$((1))", "$[1]",
    "~", "~root", "~/x", "*", "?", "[a-z]", "{a,b}", "{1..3}", "**/*", "#", "# x", "a#b", "=", "=ls",
    "a=b", "A=1", ":", "a:b", "a:b:c", "::", "a/b", "/", "/etc/passwd", "../x", "a,b", ",", "%", "%1",
    "%s%n", "@", "a@b", "^", "^a^b", "+", "a+b", ".", "..", "...", "(", ")", "()", "( touch pwned )",
    "a(b)c", "<", ">", "<<x", ">>pwned", "2>&1", "&", "a&", "|", "||", "a|b", ";", ";;", "a\\ b",
    "if", "then", "function", "time", "[[", "]]", "{", "}", "{ touch pwned; }", "eval touch pwned",
    "a'", 'a"', "'a", '"a', "a$", "a`", "$'x'", '$"x"', "$'\\x41'", "\\n", "\\x41", "a\\tb", "<<<x",
    "x' ; touch pwned ; '", 'x" ; touch pwned ; "', "x` ; touch pwned ; `", "${x:-$(touch pwned)}",
    "caf\u00e9", "\u65e5\u672c", "na\u00efve $(x)", "\U0001f680 go", "01", "0x41", "1e3", "?(a)", "a~b", "=(ls)",
)  # fmt: skip


def names(count: int = 200) -> list[str]:
    """Return `count` different names, the same ones at every call."""
    chance = random.Random(4)
    found = dict.fromkeys(_CHOSEN)
    printable = [chr(code) for code in range(32, 127)]
    while len(found) < count:
        name = "".join(chance.choices(printable, k=chance.randint(1, 24)))
        if not name.startswith("-"):
            found[name] = None
    return list(found)[:count]
