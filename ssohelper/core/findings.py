"""The findings of `ssohelper doctor`: how bad each one is, how they are sorted and counted. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from ssohelper.core.text import FEW_NAMES, show

# "problem": something does not work, or another user could change it. "sign-in": an interactive
# sign-in is missing. "note": worth knowing, nothing is wrong.
Severity = Literal["problem", "sign-in", "note"]
SEVERITIES: tuple[Severity, ...] = ("problem", "sign-in", "note")
_EDIT = "correct that line in an editor"
# The ids of a problem that core.resolver finds.
OF_RESOLVER = (
    *("session-missing", "sso-keys-refused", "profile-invalid", "role-without-source"),
    *("half-a-key-in-profile", "credential-source", "no-source", "web-identity-missing"),
    *("program-missing", "program-needs-a-shell", "program-unreadable", "helper-missing"),
    *("helper-refuses", "source-unusable", "source-without-credentials"),
)
# All findings by id, in the order in which they are shown: how bad, and the fix where the check
# knows no better one. Scripts rely on the ids, so an id never changes.
KINDS: Mapping[str, tuple[Severity, str]] = {
    "section-twice": ("problem", _EDIT),
    "config-unreadable": ("problem", _EDIT),
    "config-missing": ("problem", "unset AWS_CONFIG_FILE"),
    "nothing-set-up": ("note", "ssohelper setup START_URL"),
    "config-slow": ("note", "keep what you use: ssohelper profile sync --role 'Read*' --prune"),
    "default-section": ("problem", 'write "[default]" in lower case, or remove those keys'),
    "session-twice": ("problem", "remove one of the two sections"),
    "profile-twice": ("problem", "remove one of the two sections"),
    "rewritten-by-another-tool": ("problem", "remove both marks, or the profiles between them"),
    "session-unusable": ("problem", _EDIT),
    **dict.fromkeys(("header-with-blank", "header-misspelled"), ("problem", _EDIT)),
    **dict.fromkeys(("header-without-profile", "header-without-quotes"), ("problem", _EDIT)),
    **dict.fromkeys(("header-with-open-quote", "header-with-bracket"), ("problem", _EDIT)),
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
    **dict.fromkeys(OF_RESOLVER, ("problem", _EDIT)),  # a `resolver.Problem` has its fix
    "mixed-identities": ("problem", "keep one of these sources"),
    "iam-role-name": ("problem", _EDIT),
    "edited-role": ("problem", ""),
    "role-unreadable": ("problem", "ssohelper profile sync, which writes the earlier role"),
    "program-replaceable": ("problem", ""),
    "helper-of-another-installation": ("note", "remove it, then: ssohelper doctor --fix"),
    "helper-not-ours": ("problem", "ssohelper profile sync, which writes this one's path"),
    "no-region": ("note", "add a line: region = eu-west-1"),
    "value-in-quotes": ("problem", _EDIT),
    "value-refused": ("problem", _EDIT),
    "region-unknown": ("problem", "correct it in an editor: a region looks like eu-west-1"),
    "no-credentials": ("problem", ""),
    "another-account": ("problem", "correct the command in credential_process"),
    "program-not-run": ("note", ""),
    # Sign-ins and saved lists of roles.
    "sign-in-unreadable": ("problem", ""),
    **dict.fromkeys(("signed-out", "legacy-token"), ("sign-in", "")),
    "sign-in-ends": ("note", ""),
    "wrong-sso-region": ("problem", ""),
    "role-lost": ("problem", ""),
    "roles-without-profile": ("note", ""),
    "cached-credentials": ("note", "ssohelper cache clear"),
    # Files, this machine, this installation.
    **dict.fromkeys(("owner", "readable-by-others", "writable-by-others"), ("problem", "")),
    "config-not-writable": ("note", ""),
    "link-in-place-of-a-file": ("problem", "replace the link by its target, or remove it"),
    "leftovers": ("note", "ssohelper doctor --fix removes it"),
    "clock": ("problem", "set the clock: sudo timedatectl set-ntp true"),
    "endpoint": ("problem", "check the network, HTTPS_PROXY and AWS_CA_BUNDLE"),
    "keyring": ("problem", "unlock the keyring"),
    "settings": ("problem", _EDIT),
    "state-folder": ("problem", "check the disk and the folder's mode"),
    "clear-sign-in": ("note", "end it: ssohelper logout --all"),
    "runtime-on-disk": ("note", "log in with systemd, or set XDG_RUNTIME_DIR to one in memory"),
    "installation": ("problem", ""),
    "several-installations": ("note", "uninstall the others with uv tool, pipx or pip"),
    "shell-stale": ("problem", "ssohelper doctor --fix writes these lines again"),
    "shell-missing": ("note", "ssohelper install"),
    "shell-marks": ("problem", ""),
}
_ORDER = {id: number for number, id in enumerate(KINDS)}
_EXIT_PROBLEM, _EXIT_SIGN_IN = 3, 4


class Finding(NamedTuple):
    """A problem, a missing sign-in or a note: what is wrong with `subject`, and what ends it.

    `profiles` are the profiles that have it. `repair` makes the safe change of `doctor --fix`;
    `is_fixed` is set once it is made.
    """

    id: str
    severity: Severity
    subject: str
    message: str
    fix: str
    profiles: tuple[str, ...] = ()
    repair: Callable[[], object] | None = None
    is_fixed: bool = False


def finding(
    id: str,
    subject: str | Sequence[str],
    message: str,
    fix: str | None = None,
    *,
    is_note: bool = False,
    repair: Callable[[], object] | None = None,
) -> Finding:
    """Return a finding of this id; `subject` is a text, or the names of profiles."""
    severity, usual_fix = KINDS[id]
    names = () if isinstance(subject, str) else tuple(subject)
    text = subject if isinstance(subject, str) else profiles_text(names)
    severity = "note" if is_note else severity
    return Finding(id, severity, text, message, fix or usual_fix, names, repair)


def profiles_text(names: Sequence[str]) -> str:
    """Return the names of at most three profiles, and how many more there are."""
    quoted = [f'"{show(name, 80)}"' for name in names[:FEW_NAMES]]
    more = len(names) - len(quoted)
    if more:
        return f"profiles {', '.join(quoted)} and {more} more"
    if len(quoted) > 1:
        return f"profiles {', '.join(quoted[:-1])} and {quoted[-1]}"
    return f"profile {quoted[0]}"


def sort_findings(found: Iterable[Finding]) -> list[Finding]:
    """Return the findings without repetitions: problems, then sign-ins, then notes."""
    once = {one[:5]: one for one in found}.values()
    return sorted(once, key=lambda one: (SEVERITIES.index(one.severity), _ORDER.get(one.id, 0)))


def count_findings(found: Sequence[Finding]) -> dict[str, int]:
    """Return how many findings are left of each severity, and how many were repaired."""
    left: list[str] = [one.severity for one in found if not one.is_fixed]
    counts = {"problems": "problem", "sign_ins": "sign-in", "notes": "note"}
    return {name: left.count(of) for name, of in counts.items()} | {"fixed": len(found) - len(left)}


def exit_code(found: Sequence[Finding]) -> int:
    """Return 3 if a problem is left, 4 if only a sign-in is missing, else 0."""
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
