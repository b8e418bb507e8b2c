"""Generates configs with every construct of ~/.aws/config that users and tools write.

Some are invalid: botocore decides. CONSTRUCTS recognizes each construct in a text, so that a test
can assert that all of them were generated.
"""

import re
from collections.abc import Callable

from hypothesis import strategies as st

_NAMES = st.sampled_from(
    ["a", "b", "prod", "dev.Admin", "foo!bar", "größe", "x@y", "default", "a:b", "q%r", "Prod"]
)
_KEYS = st.sampled_from(
    ["region", "output", "Output", "sso_session", "role_arn", "cli_pager", "ca_bundle", "x", "s3"]
)
_VALUES = st.sampled_from(
    [
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
)
_MARGINS = st.sampled_from(["", "", "", "", "  ", "\t"])


def _header() -> st.SearchStrategy[str]:
    forms = [
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
    return st.builds(lambda form, name: form.format(name), st.sampled_from(forms), _NAMES)


@st.composite
def _option(draw: st.DrawFn) -> list[str]:
    margin = draw(_MARGINS)
    between = draw(st.sampled_from([" = ", "=", " : ", ": ", "   =   "]))
    lines = [f"{margin}{draw(_KEYS)}{between}{draw(_VALUES)}"]
    kind = draw(st.sampled_from(["", "", "", "nested", "continued", "swallowed"]))
    if kind == "nested":
        lines = [f"{margin}{draw(st.sampled_from(['s3', 'ec2', 'nest']))} ="]
        for _ in range(draw(st.integers(1, 3))):
            lines += draw(st.sampled_from([[], [], [f"{margin}   # inside"], [""]]))
            lines.append(f"{margin}    {draw(_KEYS)} = {draw(_VALUES)}")
    elif kind == "continued":
        lines += draw(st.sampled_from([[], [""], [f"{margin}  ; between"]]))
        lines.append(f"{margin}   and more {draw(_VALUES)}")
    elif kind == "swallowed":
        lines.append(f"{margin}  [profile swallowed]")
    return lines


@st.composite
def _section(draw: st.DrawFn) -> list[str]:
    lines = [draw(_MARGINS) + draw(_header())]
    for option in draw(st.lists(_option(), max_size=4)):
        lines += option
        lines += draw(st.sampled_from([[], [], [""], ["# comment"], ["  ; indented"], ["   "]]))
    return lines


_MANAGED = st.sampled_from(
    [
        "[profile ours]|# mine|credential_process = /x/ssohelper|region = x|ssohelper_managed = true",
        "[profile ours]|ssohelper_managed: true|  # kept|sso_session = corp|s3 =|  a = b|  # in it"
        "|  c = d",
        "[profile ours]|  ssohelper_managed = true|  region = us-east-1",
        "[profile ours]|credential_process = /x/y|  # between|  --more words|output: x",
        "",
    ]
).map(lambda text: text.split("|") if text else [])


@st.composite
def configs(draw: st.DrawFn) -> str:
    """Draw the text of a config. Tests change its `[profile ours]`, if it has one."""
    lines: list[str] = draw(st.sampled_from([[], [], ["# top"], ["", "; top", ""]]))
    for section in draw(st.lists(_section(), max_size=5)):
        lines = lines + section + draw(st.sampled_from([[], [""], ["", ""], ["# after", ""]]))
        if draw(st.booleans()) and "[profile ours]" not in lines:
            lines = lines + draw(_MANAGED)
    if draw(st.integers(0, 9)) == 0:
        lines = [*lines, "[profile one]", "x = 1", "", '[profile "one"]', "region = x"]
    newline = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    return newline.join(lines) + draw(st.sampled_from(["", newline, newline, newline * 2]))


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
