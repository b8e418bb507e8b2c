"""Defines the findings of `ssohelper doctor`: their severity, their order, the summary."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from ssohelper.core.text import FEW_NAMES, show

# "problem": something does not work, or another user could change it. "sign-in": an interactive
# sign-in is missing. "note": worth knowing, nothing is wrong.
Severity = Literal["problem", "sign-in", "note"]
SEVERITIES: tuple[Severity, ...] = ("problem", "sign-in", "note")
_EDIT = "correct that line in an editor"
# The ids of the problems that core.resolver finds.
OF_RESOLVER = (
    *("session-missing", "sso-keys-refused", "profile-invalid", "role-without-source"),
    *("half-a-key-in-profile", "credential-source", "no-source", "web-identity-missing"),
    *("program-missing", "program-needs-a-shell", "program-unreadable", "helper-missing"),
    *("helper-refuses", "source-unusable", "source-without-credentials"),
)
# Each finding's severity and usual fix, by id; findings of one severity are shown in this order.
# Scripts rely on the ids, so an id never changes.
KINDS: Mapping[str, tuple[Severity, str]] = {
    **dict.fromkeys(("section-twice", "config-unreadable"), ("problem", _EDIT)),
    "config-missing": ("problem", "unset AWS_CONFIG_FILE"),
    "nothing-set-up": ("note", "ssohelper setup START_URL"),
    "default-section": ("problem", 'write "[default]" in lower case, or remove those keys'),
    "session-twice": ("problem", "remove one of the two sections"),
    "profile-twice": ("problem", "remove one of the two sections"),
    "rewritten-by-another-tool": ("problem", "remove both marks, or the profiles between them"),
    **dict.fromkeys(("session-unusable", "header-with-blank"), ("problem", _EDIT)),
    **dict.fromkeys(("header-misspelled", "header-without-profile"), ("problem", _EDIT)),
    **dict.fromkeys(("header-without-quotes", "header-with-open-quote"), ("problem", _EDIT)),
    "header-with-bracket": ("problem", _EDIT),
    # Variables of this shell.
    **dict.fromkeys(("keys-in-environment", "half-a-key", "token-without-keys"), ("problem", "")),
    **dict.fromkeys(("no-such-profile", "empty-variable", "variable-refused"), ("problem", "")),
    "two-profiles": ("problem", "unset AWS_DEFAULT_PROFILE"),
    "web-identity-in-environment": ("problem", ""),
    "default-before-container": ("problem", "remove the credentials from [default]"),
    "keys-in-default": ("note", "delete these keys at AWS and in that file, if a role can do it"),
    "general-endpoint": ("note", "unset AWS_ENDPOINT_URL, or set those of single services"),
    # Profiles.
    "shadowed-by-credentials-file": ("problem", "remove or rename that section"),
    "guard-escaped": ("problem", "adopt it: ssohelper profile sync --form process --adopt NAME"),
    **dict.fromkeys(OF_RESOLVER, ("problem", _EDIT)),  # each `resolver.Problem` has its own fix
    "mixed-identities": ("problem", "keep one of these sources"),
    **dict.fromkeys(("iam-role-name", "edited-role", "role-unreadable"), ("problem", "")),
    "program-replaceable": ("problem", ""),
    "helper-of-another-installation": ("note", "remove it, then: ssohelper doctor --fix"),
    "helper-not-ours": ("problem", "ssohelper profile sync, which writes this one's path"),
    "no-region": ("note", ""),
    **dict.fromkeys(("value-in-quotes", "value-refused"), ("problem", "")),
    "region-unknown": ("problem", "correct it in an editor: a region looks like eu-west-1"),
    "no-credentials": ("problem", ""),
    "another-account": ("problem", "correct the command in credential_process"),
    # Sign-ins and saved lists of roles.
    **dict.fromkeys(("signed-out", "legacy-token"), ("sign-in", "")),
    **dict.fromkeys(("sign-in-unreadable", "wrong-sso-region", "role-lost"), ("problem", "")),
    **dict.fromkeys(("program-not-run", "sign-in-ends", "roles-without-profile"), ("note", "")),
    "cached-credentials": ("note", "ssohelper cache clear"),
    # Files, this machine, this installation.
    **dict.fromkeys(("owner", "readable-by-others", "writable-by-others"), ("problem", "")),
    "link-in-place-of-a-file": ("problem", ""),
    "leftovers": ("note", "ssohelper doctor --fix removes it"),
    "clock": ("problem", "set the clock: sudo timedatectl set-ntp true"),
    "endpoint": ("problem", "check the network, HTTPS_PROXY and AWS_CA_BUNDLE"),
    "keyring": ("problem", "unlock the keyring"),
    "settings": ("problem", _EDIT),
    "state-folder": ("problem", "check the disk and the folder's mode"),
    "clear-sign-in": ("note", "end it: ssohelper logout --all"),
    "several-installations": ("note", "uninstall the others with uv tool, pipx or pip"),
    **dict.fromkeys(("installation", "shell-marks"), ("problem", "")),
    "shell-stale": ("problem", "ssohelper doctor --fix writes these lines again"),
    "shell-missing": ("note", "ssohelper install"),
}
_ORDER = {id: number for number, id in enumerate(KINDS)}
_EXIT_PROBLEM, _EXIT_SIGN_IN = 3, 4
# The first word of a message about one profile, and the word for several profiles.
_PLURAL = {"its": "their", "has": "have"}


class Finding(NamedTuple):
    """A problem, a missing sign-in or a note: what is wrong with `subject`, and what ends it.

    `profiles` are the profiles that have the finding. Adopting the profiles in `adopt` ends it too.
    `repair` makes the safe change of `doctor --fix`; `is_fixed` is set once it is made.
    """

    id: str
    severity: Severity
    subject: str
    message: str
    fix: str
    profiles: tuple[str, ...] = ()
    adopt: tuple[str, ...] = ()
    repair: Callable[[], object] | None = None
    is_fixed: bool = False


def finding(
    id: str,
    subject: str | Sequence[str],
    message: str,
    fix: str | None = None,
    *,
    is_note: bool = False,
    adopt: Sequence[str] = (),
    repair: Callable[[], object] | None = None,
) -> Finding:
    severity, usual_fix = KINDS[id]
    names = () if isinstance(subject, str) else tuple(subject)
    text = subject if isinstance(subject, str) else profiles_text(names)
    severity = "note" if is_note else severity
    return Finding(id, severity, text, message, fix or usual_fix, names, tuple(adopt), repair)


def profiles_text(names: Sequence[str]) -> str:
    quoted = [f'"{show(name, 80)}"' for name in names[:FEW_NAMES]]
    more = len(names) - len(quoted)
    if more:
        return f"profiles {', '.join(quoted)} and {more} more"
    if len(quoted) > 1:
        return f"profiles {', '.join(quoted[:-1])} and {quoted[-1]}"
    return f"profile {quoted[0]}"


def join_findings(
    found: Iterable[Finding], adopt_command: Callable[[Iterable[str]], str]
) -> list[Finding]:
    """Return the findings once each: problems, then sign-ins, then notes.

    Findings that differ only in their profiles become one. `adopt_command` returns the command that
    adopts profiles, "" if none can be adopted.
    """
    alike = defaultdict[tuple[object, ...], list[Finding]](list)
    for one in found:
        subject = "" if one.profiles else one.subject
        alike[one.id, one.severity, subject, one.message, one.fix, bool(one.adopt)].append(one)
    joined = [_join_alike(same, adopt_command) for same in alike.values()]
    return sorted(joined, key=lambda one: (SEVERITIES.index(one.severity), _ORDER.get(one.id, 0)))


def _join_alike(same: list[Finding], adopt_command: Callable[[Iterable[str]], str]) -> Finding:
    first = same[0]
    if not first.profiles:
        return first
    names = tuple(dict.fromkeys(name for one in same for name in one.profiles))
    adopt = adopt_command(name for one in same for name in one.adopt)
    verb, blank, rest = first.message.partition(" ")
    verb = _PLURAL.get(verb, verb) if len(names) > 1 else verb
    return first._replace(
        subject=profiles_text(names),
        message=verb + blank + rest,
        fix=f"{adopt}, or {first.fix}" if adopt else first.fix,
        profiles=names,
    )


def count_findings(found: Sequence[Finding]) -> dict[str, int]:
    left: list[str] = [one.severity for one in found if not one.is_fixed]
    counts = {"problems": "problem", "sign_ins": "sign-in", "notes": "note"}
    return {name: left.count(of) for name, of in counts.items()} | {"fixed": len(found) - len(left)}


def exit_code(found: Sequence[Finding]) -> int:
    """Return 3 if a problem is left, 4 if only sign-ins are missing, else 0."""
    left = {one.severity for one in found if not one.is_fixed}
    return _EXIT_PROBLEM if "problem" in left else _EXIT_SIGN_IN if "sign-in" in left else 0


def summary(found: Sequence[Finding]) -> str:
    """Return the last line of `doctor`: how many problems, missing sign-ins and notes are left."""
    counts = count_findings(found)
    words = (("problems", "problem"), ("sign_ins", "missing sign-in"), ("notes", "note"))
    parts = [f"{many} {noun}{'s' * (many > 1)}" for key, noun in words if (many := counts[key]) > 0]
    line = ", ".join(parts) or "nothing wrong"
    if counts["fixed"]:
        line += f"; {counts['fixed']} repaired"
    fixable = sum(one.repair is not None and not one.is_fixed for one in found)
    if fixable:
        line += f"; {fixable} can be repaired with: ssohelper doctor --fix"
    return line
