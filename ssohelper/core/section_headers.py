"""Finds headers of config sections that AWS tools do not read as the user meant them."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.config_text import section_name
from ssohelper.core.findings import Finding, finding
from ssohelper.core.resolver import SSO_KEYS
from ssohelper.core.text import show

_KINDS = ("profile", "sso-session")
_NOT_READ = "AWS tools do not read this section"


# The finding's id and message, and the header that means what the user meant.
_Misread = tuple[str, str, str]


def find_misread_headers(file: ConfigFile) -> Iterator[Finding]:
    for header, section in file.text.sections.items():
        found = _find_misread(header, section.values())
        if found is not None:
            subject = f'section "[{show(header, 80)}]" in line {section.line + 1}'
            id, message, right = found
            yield finding(id, subject, message, _fix_text(file, header, right))


def _fix_text(file: ConfigFile, header: str, right: str) -> str:
    # A corrected header may need another correction, as in [Profile a b].
    while (again := _find_misread(right, ())) is not None:
        *_, right = again
    name = section_name(right, "profile")
    entry = file.profile(name) if name is not None else None
    if right in file.text.sections or (entry is not None and entry.header != header):
        return f"remove that section in an editor, or rename it: [{show(right, 80)}] exists too"
    if show(right, 200) != right:
        return ""
    alone = ", with nothing after it in that line" if "]" in header and "]" not in right else ""
    return f"write in an editor: [{right}]{alone}"


def _find_misread(header: str, keys: Collection[str]) -> _Misread | None:
    first, *rest = header.split(maxsplit=1)
    name = rest[0].strip() if rest else ""
    if header != header.strip() and first in (*_KINDS, "services", "default"):
        # botocore reads [profile a ], the JavaScript SDK does not.
        message = f"{_NOT_READ}, or not all of them do: the header has a blank beside a bracket"
        return ("header-with-blank", message, header.strip())
    if header != "default" and header.lower() == "default":
        return ("header-misspelled", f'{_NOT_READ}: "default" has capitals', "default")
    if not name:
        if header == "default" or not any(key in keys for key in SSO_KEYS):
            return None
        message = f'{_NOT_READ}: it has the keys of a profile, but no word "profile" in its header'
        return ("header-without-profile", message, f"profile {header}")
    for kind in _KINDS:
        # botocore compares only the beginning of a header's first word, so `profiles a` is a
        # profile too.
        if first != kind and (first.lower() == kind or section_name(header, kind) is not None):
            message = f'not every AWS tool reads this section: its first word is not "{kind}"'
            return ("header-misspelled", message, f"{kind} {name}")
        if first == kind and section_name(header, kind) is None:
            return _find_misread_name(header, kind, name)
    return None


def _find_misread_name(header: str, kind: str, name: str) -> _Misread:
    before = header.partition("]")[0].rstrip()
    if before != header and section_name(before, kind) is not None:
        message = (
            'the AWS CLI and boto3 take the header up to the last "]" of its line, so they skip it'
        )
        return ("header-with-bracket", message, before)
    try:
        shlex.split(header)
    except ValueError:
        message = f"{_NOT_READ}: a quote in its header is not closed, or a backslash ends it"
        bare = name.strip("\"'")
        is_plain = not any(quote in bare for quote in "\"'\\")
        right = f"{kind} {shlex.quote(bare if is_plain else name)}"
        return ("header-with-open-quote", message, right)
    message = f"{_NOT_READ}: the name has blanks and is not in quotes"
    return ("header-without-quotes", message, f"{kind} {shlex.quote(name)}")
