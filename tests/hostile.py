"""Names that AWS allows and that run, split, hide or lie where they are not quoted.

Account names are [\\x20-\\x7E]{1,50} (Organizations, CreateAccountName), role names
[A-Za-z0-9_+=,.@-]{1,32}. `touch pwned` in a folder of the test's own shows what ran.
"""

import random
import string

_RUNS = [
    "$(touch pwned)", "`touch pwned`", "; touch pwned;", "&& touch pwned", "| touch pwned",
    "& touch pwned &", "(touch pwned)", "{touch,pwned}", "<(touch pwned)", ">(touch pwned)",
    "> pwned", ">> pwned #", "'; touch pwned; '", "\\'; touch pwned; \\'", "\\\\'; touch pwned; #",
    '"; touch pwned; "', '"$(touch pwned)"', "'$(touch pwned)'", "'\\''$(touch pwned)'\\''",
    "''; touch pwned #", "''';touch pwned;'''", "$((x[$(touch pwned)0]))", "${x:-$(touch pwned)}",
    "${(e):-$(touch pwned)}", "${(%):-%(?.$(touch pwned).)}", "x[$(touch pwned)]",
    "a' 'b' $(touch pwned)", "\\$(touch pwned)", "\\`touch pwned\\`", "$'\\n'touch pwned",
    "'; touch pwned\\", "\\", "\\\\", "a\\", "'", "''", "'''", "\\'", "'\\", '"', '""', "a'b",
    'a"b', "a b", " a", "a ", "  ", "a  b", "*", "?", "[a-z]*", "~", "~root", "/etc/*", "=ls", "#",
    "a # b", "!", "!!", "!touch", "^a^b", "$HOME", "$PATH", "${HOME}", "$x", "$$", "$?", "%n",
    "%{%G%}", "%(?.a.b)", "%D{%s}", "%%", "--", "-", "-n", "-e", "--help", "--keys", "--session",
    "-v", "a=b", "a:b", "a/b", "a/b/c", "../../etc/passwd", "..", ".", "{}", "{a,b}", "<", ">", "|",
    "&", ";", "(", ")", "\\n", "\\x1b[31m", "\\e]0;x\\a", "\\033[2J", "%0a", "&#10;", "$env:PATH",
    "$(Set-Content pwned x)", "'; Set-Content pwned x; '", "@(1)", "set -gx PATH x",
    "export PATH=x", "unset -v PATH", "__ssohelper_before", "exit 0", "return 1", "123", "0x10",
    "null", "[profile x]",
]  # fmt: skip
_ROLES = [
    "-", "--", "-n", "-e", "--help", "--keys", "-v", "=", "=ls", "a=b", "+x", "@", "@file", ",",
    "a,b", "...", "..-", "_", "__ssohelper_used", "unset", "PATH=x", "HOME=", "-=+,.@_", "0", "00",
    "1e5", "exit", "return", "true", "x" * 32,
]  # fmt: skip


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


def account_names(count: int = 200) -> list[str]:
    """Return `count` different account names: the worst ones, then random mixtures of them."""
    chance = random.Random(4)
    names = [*_RUNS]
    while len(names) < count:
        one, other = chance.sample(_RUNS, 2)
        letters = "".join(chance.choices(string.printable[:95], k=chance.randrange(0, 9)))
        name = (one + letters + other)[:50]
        if name not in names:
            names.append(name)
    return names[:count]


def role_names(count: int = 200) -> list[str]:
    """Return `count` different names of roles."""
    chance = random.Random(5)
    names = [*_ROLES]
    allowed = string.ascii_letters + string.digits + "_+=,.@-"
    while len(names) < count:
        name = "".join(chance.choices("-=+,.@_" + allowed, k=chance.randrange(1, 33)))
        if name.casefold() not in {known.casefold() for known in names} | {".", ".."}:
            names.append(name)
    return names[:count]


def profile_names(count: int = 200) -> list[str]:
    """Return `count` names that a shell might misread: each can be a profile's."""
    chance = random.Random(4)
    found = dict.fromkeys(_CHOSEN)
    printable = [chr(code) for code in range(32, 127)]
    while len(found) < count:
        name = "".join(chance.choices(printable, k=chance.randint(1, 24)))
        if not name.startswith("-"):
            found[name] = None
    return list(found)[:count]
