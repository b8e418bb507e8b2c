"""Makes, sorts and counts the findings that `ssohelper doctor` reports. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from ssohelper.core.text import FEW_NAMES, show

# "problem": something does not work, or another user could change it. "sign-in": an interactive
# sign-in is missing. "note": worth knowing, nothing is wrong.
Severity = Literal["problem", "sign-in", "note"]
SEVERITIES: tuple[Severity, ...] = ("problem", "sign-in", "note")
_EXIT_PROBLEM, _EXIT_SIGN_IN = 3, 4


class Repair(NamedTuple):
    """A safe change that `doctor --fix` makes.

    `kind` names the repair (`actions.doctor_repairs` has one function for each kind). `paths` are
    the files that the repair changes; for the kind "helper" they are the names of profiles, for the
    kind "returned block" the headers of the sections that are removed.
    """

    kind: Literal["mode", "helper", "returned block", "shell", "leftovers"]
    paths: tuple[str, ...]


class Finding(NamedTuple):
    """A problem, a missing sign-in or a note that `doctor` reports.

    `id` never changes between releases, scripts rely on it.

    `message` says in one sentence what is wrong, `fix` what to type, or what `--fix` does.
    `is_fixed` is set once `--fix` has made the `repair`.
    """

    id: str
    severity: Severity
    subject: str
    message: str
    fix: str
    repair: Repair | None = None
    is_fixed: bool = False

    @property
    def is_fixable(self) -> bool:
        """Return whether `doctor --fix` has a safe change that ends this finding."""
        return self.repair is not None


class Counts(NamedTuple):
    """The counts of a `doctor` run: findings of each severity, repaired and repairable findings."""

    problems: int
    sign_ins: int
    notes: int
    fixed: int
    fixable: int


def problem(id: str, subject: str, message: str, fix: str, repair: Repair | None = None) -> Finding:
    """Return a finding of the severity "problem": something does not work, or is not safe."""
    return Finding(id, "problem", subject, message, fix, repair)


def missing_sign_in(id: str, subject: str, message: str, fix: str) -> Finding:
    """Return the finding that an interactive sign-in is missing."""
    return Finding(id, "sign-in", subject, message, fix)


def note(id: str, subject: str, message: str, fix: str, repair: Repair | None = None) -> Finding:
    """Return a finding of the severity "note": worth knowing, nothing is wrong."""
    return Finding(id, "note", subject, message, fix, repair)


def sort_findings(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings without repetitions: problems, then sign-ins, then notes."""
    return sorted(dict.fromkeys(findings), key=lambda one: SEVERITIES.index(one.severity))


def count_findings(findings: Sequence[Finding]) -> Counts:
    """Return how many findings are left of each severity, and how many were repaired."""
    left = [one for one in findings if not one.is_fixed]
    severities = [one.severity for one in left]
    return Counts(
        severities.count("problem"),
        severities.count("sign-in"),
        severities.count("note"),
        len(findings) - len(left),
        sum(one.is_fixable for one in left),
    )


def exit_code_of_findings(findings: Sequence[Finding]) -> int:
    """Return 3 if a problem is left, 4 if only a sign-in is missing, else 0."""
    counts = count_findings(findings)
    if counts.problems:
        return _EXIT_PROBLEM
    return _EXIT_SIGN_IN if counts.sign_ins else 0


def counts_line_of_findings(findings: Sequence[Finding]) -> str:
    """Return the last line of `doctor`: how many problems, missing sign-ins and notes are left."""
    counts = count_findings(findings)
    parts = [
        _number_and_noun(counts.problems, "problem"),
        _number_and_noun(counts.sign_ins, "missing sign-in"),
        _number_and_noun(counts.notes, "note"),
    ]
    line = ", ".join(part for part in parts if part) or "nothing wrong"
    if counts.fixed:
        line += f"; {counts.fixed} repaired"
    if counts.fixable:
        line += f"; {counts.fixable} can be repaired with: ssohelper doctor --fix"
    return line


class ProfilesSubject(str):
    """The subject of a finding about profiles: a text, which names three at most, and all `names`."""

    __slots__ = ("names",)
    names: tuple[str, ...]


def profiles_subject(names: Sequence[str]) -> ProfilesSubject:
    """Return the subject of a finding about these profiles."""
    subject = ProfilesSubject(_profiles_text(names))
    subject.names = tuple(names)
    return subject


def _profiles_text(names: Sequence[str]) -> str:
    quoted = [f'"{show(name, 80)}"' for name in names[:FEW_NAMES]]
    more = len(names) - len(quoted)
    if more:
        return f"profiles {', '.join(quoted)} and {more} more"
    if len(quoted) > 1:
        return f"profiles {', '.join(quoted[:-1])} and {quoted[-1]}"
    return f"profile {quoted[0]}"


def _number_and_noun(count: int, noun: str) -> str:
    return f"{count} {noun}{'s' * (count > 1)}" if count else ""
