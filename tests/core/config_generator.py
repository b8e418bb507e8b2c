"""Generates configs with every construct of ~/.aws/config that users and tools write.

Some are invalid: botocore decides. CONSTRUCTS recognizes each construct in a text, so that a test
can assert that all of them were generated.

Made with `random`: Hypothesis takes ten times as long to draw such a text.
"""

import re
from collections.abc import Callable
from random import Random

_NAMES = ["a", "b", "prod", "dev.Admin", "foo!bar", "größe", "x@y", "default", "a:b", "q%r", "Prod"]
_KEYS = [
    "region",
    "output",
    "Output",
    "sso_session",
    "role_arn",
    "cli_pager",
    "ca_bundle",
    "x",
    "s3",
]
_VALUES = [
    "eu-west-1",
    "json",
    "us-east-1 # not a comment",
    '"quoted"',
    "100%",
    "%(x)s",
    "",
    "a = b",
    "https://x.example/a?b=c",
    "ü",
    "tail ;x",
    "$HOME/[x]",
]
_MARGINS = ["", "", "", "", "  ", "\t"]
_HEADERS = [
    "[profile {0}]",
    "[profile {0}]",
    '[profile "{0}"]',
    "[profile '{0}']",
    '[profile "{0} two"]',
    "[profile {0} two]",
    "[profile  {0}]",
    "[   profile {0} ]",
    "[profile {0}o'brien]",
    "[profile {0}\\b]",
    "[profile {0}] # after",
    "[profilex {0}]",
    "[sso-session {0}]",
    "[services {0}]",
    "[plugins]",
    "[{0}]",
    "[default]",
    "[profile default]",
    "[DEFAULT]",
]


def _option(chance: Random) -> list[str]:
    margin = chance.choice(_MARGINS)
    between = chance.choice([" = ", "=", " : ", ": ", "   =   "])
    lines = [f"{margin}{chance.choice(_KEYS)}{between}{chance.choice(_VALUES)}"]
    kind = chance.choice(["", "", "", "nested", "continued", "swallowed"])
    if kind == "nested":
        lines = [f"{margin}{chance.choice(['s3', 'ec2', 'nest'])} ="]
        for _ in range(chance.randint(1, 3)):
            lines += chance.choice([[], [], [f"{margin}   # inside"], [""]])
            lines.append(f"{margin}    {chance.choice(_KEYS)} = {chance.choice(_VALUES)}")
    elif kind == "continued":
        lines += chance.choice([[], [""], [f"{margin}  ; between"]])
        lines.append(f"{margin}   and more {chance.choice(_VALUES)}")
    elif kind == "swallowed":
        lines.append(f"{margin}  [profile swallowed]")
    return lines


def _section(chance: Random) -> list[str]:
    header = chance.choice(_HEADERS).format(chance.choice(_NAMES))
    lines = [chance.choice(_MARGINS) + header]
    for _ in range(chance.randint(0, 4)):
        lines += _option(chance)
        lines += chance.choice([[], [], [""], ["# comment"], ["  ; indented"], ["   "]])
    return lines


_MANAGED = [
    "[profile ours]|# mine|credential_process = /x/ssohelper|region = x|ssohelper_managed = true",
    "[profile ours]|ssohelper_managed: true|  # kept|sso_session = corp|s3 =|  a = b|  # in it"
    "|  c = d",
    "[profile ours]|  ssohelper_managed = true|  region = us-east-1",
    "[profile ours]|credential_process = /x/y|  # between|  --more words|output: x",
    "",
]


def config(seed: int) -> str:
    """Return the text of a config. Tests change its `[profile ours]`, if it has one."""
    chance = Random(seed)
    lines: list[str] = list(chance.choice([[], [], ["# top"], ["", "; top", ""]]))
    for _ in range(chance.randint(0, 5)):
        lines += _section(chance) + chance.choice([[], [""], ["", ""], ["# after", ""]])
        if chance.random() < 0.5 and "[profile ours]" not in lines:
            managed = chance.choice(_MANAGED)
            lines += managed.split("|") if managed else []
    if chance.randint(0, 9) == 0:
        lines += ["[profile one]", "x = 1", "", '[profile "one"]', "region = x"]
    newline = chance.choice(["\n", "\n", "\r\n"])
    return newline.join(lines) + chance.choice(["", newline, newline, newline * 2])


def _has(pattern: str) -> Callable[[str], bool]:
    compiled = re.compile(pattern, re.MULTILINE)
    return lambda text: compiled.search(text) is not None


CONSTRUCTS: dict[str, Callable[[str], bool]] = {
    "inline comment is part of the value": _has(r"= us-east-1 # not"),
    "indented comment": _has(r"^[ \t]+[;#]"),
    "comment inside a value": _has(r"^[ \t]+# inside"),
    "colon between key and value": _has(r"^\w+ ?: "),
    "upper case key": _has(r"^Output"),
    "CRLF": _has(r"\r\n"),
    "no newline at the end": lambda text: bool(text) and not text.endswith("\n"),
    "percent": _has(r"100%|%\(x\)s"),
    "continuation by indentation": _has(r"^\s+and more"),
    "blank line inside a value": _has(r"=[^\n]*\n\r?\n[ \t]+and more"),
    "a header swallowed by indentation": _has(r"^\s+\[profile swallowed\]"),
    "a section indented as a whole": _has(r"^[ \t]+\[profile [^\n]*\n[ \t]+\w"),
    "[DEFAULT]": _has(r"^\s*\[DEFAULT\]"),
    "name in double quotes": _has(r'^\s*\[profile "\w+ two"\]'),
    "name in single quotes": _has(r"^\s*\[profile '"),
    "name with a blank and no quotes": _has(r"^\s*\[profile \w+ two\]"),
    "unbalanced quote in a name": _has(r"o'brien\]"),
    "backslash in a name": _has(r"\\b\]"),
    "one name, two headers": lambda text: "[profile one]" in text,
    "[default] and [profile default]": lambda text: (
        "[default]" in text and "[profile default]" in text
    ),
    "any characters in a name": _has(r"foo!bar\]|größe\]"),
    "blank before the word profile": _has(r"^\s*\[   profile"),
    "two blanks after it": _has(r"^\s*\[profile  \w"),
    "text after the header": _has(r"\] # after"),
    "a word that begins like profile": _has(r"\[profilex "),
    "sso-session": _has(r"^\s*\[sso-session"),
    "services": _has(r"^\s*\[services"),
    "a section of another kind": _has(r"^\s*\[plugins\]"),
    "nested block": _has(r"^\s*(s3|ec2|nest) =\r?\n"),
    "nothing after the equals sign": _has(r"^\w+ ?=\s*$"),
    "quotes in a value": _has(r'= "quoted"'),
    "not ASCII": _has(r"= ü"),
}
