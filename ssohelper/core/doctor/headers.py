"""Checks of `doctor`: section headers that AWS tools do not read as the user meant. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterator
from typing import NamedTuple

from ssohelper.core.config_file import ConfigFile
from ssohelper.core.config_text import section_name
from ssohelper.core.doctor.facts import Facts
from ssohelper.core.doctor.findings import Finding, note, problem
from ssohelper.core.resolver import SSO_KEYS
from ssohelper.core.text import show

_KINDS = ("profile", "sso-session")
_FIRST_WORDS = (*_KINDS, "services", "default")
_NOT_READ = "AWS tools do not read this section: "


class _Misread(NamedTuple):
    """What is wrong with a header, and the header `right` that means what the user meant.

    `right` is "" if only the user can choose it. `is_read`: the AWS CLI and boto3 read the header.
    """

    id: str
    message: str
    right: str = ""
    is_read: bool = False


def check_section_headers(facts: Facts) -> Iterator[Finding]:
    """Find the headers of profiles and sessions that not every AWS tool reads."""
    file = facts.config.file
    if file is None or facts.chosen is not None:
        return
    for header, section in file.text.sections.items():
        found = _find_misread_header(header, section.keys)
        if found is not None:
            make_finding = note if found.is_read else problem
            subject = f'section "[{show(header, 80)}]" in line {section.line + 1}'
            yield make_finding(
                found.id, subject, found.message, _fix_of_misread_header(file, header, found)
            )


def _fix_of_misread_header(file: ConfigFile, header: str, misread: _Misread) -> str:
    right = misread.right
    if not right:
        return "give the section a name without brackets in an editor"
    # The corrected header may itself be one that needs to be corrected, such as [Profile a b].
    while (again := _find_misread_header(right, ())) is not None and again.right:
        right = again.right
    name = section_name(right, "profile")
    entry = file.profile(name) if name is not None else None
    if right in file.text.sections or (entry is not None and entry.header != header):
        return f"remove that section in an editor, or rename it: [{show(right, 80)}] exists too"
    if show(right, 200) != right:
        return "correct that line in an editor"
    alone = ", with nothing after it in that line" if "]" in header and "]" not in right else ""
    return f"write in an editor: [{right}]{alone}"


def _find_misread_header(header: str, keys: Collection[str]) -> _Misread | None:
    """Return what is wrong with a header, if anything. `keys` are the keys of its section."""
    first, *rest = header.split(maxsplit=1)
    name = rest[0].strip() if rest else ""
    if header != header.strip() and first in _FIRST_WORDS:
        side = "after its opening" if header[0].isspace() else "before its closing"
        # botocore reads [profile a ], the JavaScript SDK does not.
        beginning = _NOT_READ if header[0].isspace() else "not every AWS tool reads this section: "
        message = f"{beginning}the header has a blank {side} bracket"
        return _Misread("header-with-blank", message, header.strip())
    if header != "default" and header.lower() == "default":
        return _Misread("header-misspelled", f'{_NOT_READ}"default" has capitals', "default")
    if not name:
        return _find_missing_word_in_header(header, keys)
    for kind in _KINDS:
        if first == kind:
            return _find_misread_name(header, kind, name)
        if first.lower() == kind:
            message = f'{_NOT_READ}the word "{kind}" has capitals'
            return _Misread("header-misspelled", message, f"{kind} {name}")
        # botocore compares the beginning of a header's first word: `profiles a` is a profile, too.
        if section_name(header, kind) is not None:
            return _Misread(
                "header-misspelled",
                f'the AWS CLI and boto3 take the header\'s first word as "{kind}", some SDKs do not',
                f"{kind} {name}",
            )
    return None


def _find_missing_word_in_header(header: str, keys: Collection[str]) -> _Misread | None:
    if header == "default" or not any(key in keys for key in SSO_KEYS):
        return None
    return _Misread(
        "header-without-profile",
        f'{_NOT_READ}it has the keys of a profile, but no word "profile" in its header',
        f"profile {header}",
    )


def _find_misread_name(header: str, kind: str, name: str) -> _Misread | None:
    """Return what is wrong with the name in a header that begins with the word `kind`, if anything."""
    if section_name(header, kind) is not None:
        if "]" not in header:
            return None
        message = 'not every SDK reads this section: there is a "]" in its name'
        return _Misread("header-with-bracket", message, is_read=True)
    before = header.partition("]")[0].rstrip()
    if before != header and section_name(before, kind) is not None:
        message = (
            'the AWS CLI and boto3 take the header up to the line\'s last "]", so they skip the '
            "section"
        )
        return _Misread("header-with-bracket", message, before)
    try:
        shlex.split(header)
    except ValueError:
        message = f"{_NOT_READ}a quote in its header is not closed, or a backslash ends it"
        return _Misread("header-with-open-quote", message, f"{kind} {_quoted_name(name)}")
    message = f"{_NOT_READ}the name has blanks and is not in quotes"
    return _Misread("header-without-quotes", message, f"{kind} {shlex.quote(name)}")


def _quoted_name(name: str) -> str:
    """Return the name without the quotes at its ends; if others are in it, the whole name in quotes."""
    bare = name.strip("\"'")
    has_no_quote_inside = not any(quote in bare for quote in "\"'\\")
    return shlex.quote(bare if has_no_quote_inside else name)
