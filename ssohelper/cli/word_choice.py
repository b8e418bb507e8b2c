"""Finds the role that `use WORDS…`, `exec WORDS… --` or `console WORDS…` searches for.

A profile's name and [SESSION:]ACCOUNT/ROLE win over a search. Off a terminal, a search chooses no
role: a script with a mistyped profile must never run as another role.
"""

from collections.abc import Sequence

from ssohelper.actions import roles, selection
from ssohelper.actions.roles import KnownRoles
from ssohelper.actions.selection import UnknownProfile
from ssohelper.app import App
from ssohelper.cli import choosing, output
from ssohelper.core import role_rows
from ssohelper.core.foreign import ForeignProfile
from ssohelper.core.model import Profile
from ssohelper.core.query import parse_query
from ssohelper.core.role_rows import RoleRow
from ssohelper.core.search import Index
from ssohelper.core.text import show, show_message
from ssohelper.errors import UsageProblem

# How many matching roles the error names at most, because an error is one line.
_NAMED = 5
# How many rows a picker shows without scrolling, even in a terminal with few lines.
_SEEN = 8
# The least length of a text common to all offered names that a picker searches for.
_LEAST_COMMON = 3


def choose_profile(
    profile_words: Sequence[str], *, ask_always: bool = False, confirm: str | None = None
) -> Profile | ForeignProfile:
    """Return the profile that the words name, or the role that a search for the words finds.

    Profiles whose credentials another tool provides can be named, found and picked too.

    If exactly one role matches all words, this role is shown and taken. If the role is guarded, or
    `confirm` is given, the user is asked first; `confirm` says in the question what will be done,
    such as "run the command". If several roles or none match, a picker opens with the words in its
    search. If they find nothing, it has the account and role of which `profile sync` would write
    the named profile, else what `text_that_finds_roles` returns. The user is asked before a guarded
    role is taken. For `ask_always` see choosing.choose_profile_of_any_tool. Raises: UsageProblem off a
    terminal, with the roles that were found; Interrupted (130) when the user says no or picks none;
    the errors of choosing.choose_profile_of_any_tool.
    """
    if len(profile_words) < 2:
        try:
            name = profile_words[0] if profile_words else None
            return choosing.choose_profile_of_any_tool(name, ask_always=ask_always)
        except UnknownProfile as error:
            if not profile_words[0].strip():
                raise  # an empty name is an unset variable in a script
            unknown = error
    else:
        unknown = UnknownProfile(
            f'"{" ".join(profile_words)}" is no profile\'s name',
            hint="list them with: ssohelper profile list",
        )
    app, session = output.get_app(), output.options().session
    if not output.can_draw_picker():
        raise _make_error_with_roles(app, profile_words, session, unknown)
    choice = choosing.read_known_roles(app, session, with_foreign_profiles=True)
    found = _choose_role(app, profile_words, choice, confirm, unknown)
    if isinstance(found, Profile):
        choosing.warn_about_config(app, found.name)
    return found


def _choose_role(
    app: App,
    profile_words: Sequence[str],
    choice: KnownRoles,
    confirm: str | None,
    unknown: UnknownProfile,
) -> Profile | ForeignProfile:
    index = role_rows.make_role_index(choice.rows)
    row = _find_only_matching_row(profile_words, index, choice.rows)
    if row is None:
        typed = " ".join(profile_words)
        if not index.search(profile_words, fuzzy=True):
            unwritten = _find_unwritten_profile(app, profile_words, choice.rows, unknown)
            typed = unwritten or text_that_finds_roles(
                profile_words, index, choice.rows, unknown.offered
            )
            output.say(f"ssohelper: {show_message(unknown.message)}")
            output.say(f"ssohelper: hint: {show_message(unknown.hint or '')}")
        return choosing.pick_role_from(app, choice, typed)
    output.say(f"the only match: {choosing.describe_role_of_row(choice, row)}")
    choosing.confirm_use_of_row(app, row, confirm)
    return choosing.resolve_profile_of_row(app, row)


def _find_only_matching_row(
    profile_words: Sequence[str], index: Index, rows: list[RoleRow]
) -> RoleRow | None:
    """Return the only row that matches all words exactly; None if several rows do, or none."""
    if all(term.is_excluded for term in parse_query(profile_words)):
        return None  # words that only exclude roles choose none
    found = index.search(profile_words)
    return rows[found[0]] if len(found) == 1 else None


def text_that_finds_roles(
    profile_words: Sequence[str], index: Index, rows: list[RoleRow], offered: Sequence[str]
) -> str:
    """Return a text to search for in place of the user's words, which match no role together.

    It finds the profiles that the error offers, if one text finds them and few others, else the
    most similar one. If none is offered, or none is among the rows, it has those of the words, or
    of their parts between dots, that find a role. If none does, it has the words, which find none.
    """
    for names in (offered, offered[:1]):
        text = _longest_common_text(names)
        found = index.search([text]) if len(text) >= _LEAST_COMMON or text in names else ()
        seen = {name for number in found[:_SEEN] for name in rows[number].profiles}
        if names and seen.issuperset(names):
            return text
    useful: list[str] = []
    for word in profile_words:
        for part in [word] if index.search([*useful, word], fuzzy=True) else word.split("."):
            if part and index.search([*useful, part], fuzzy=True):
                useful.append(part)
    return " ".join(useful or profile_words)


def _find_unwritten_profile(
    app: App, profile_words: Sequence[str], rows: list[RoleRow], unknown: UnknownProfile
) -> str:
    """Return account and role of the profile that the words name if `profile sync` would write it.

    The hint of the error `unknown` then says so. Returns "" for any other words.
    """
    row = (
        roles.find_role_of_unwritten_profile(app, profile_words[0], rows)
        if len(profile_words) == 1
        else None
    )
    if row is None:
        return ""
    unknown.hint = f"write it with: ssohelper profile sync --session {row.session_name}"
    return f"{row.account.name or row.account.id} {row.role_name}"


def _longest_common_text(names: Sequence[str]) -> str:
    """Return the longest text that all names contain; "" if there is none.

    The text has no space, and begins where a word of the first name begins: `dev.Read`, not
    `s-dev.Read`.
    """
    first = names[0] if names else ""
    beginnings = [
        number
        for number, character in enumerate(first)
        if character.isalnum() and not first[:number][-1:].isalnum()
    ]
    texts = (
        first[start : start + length]
        for length in range(len(first), 0, -1)
        for start in beginnings
        if start + length <= len(first)
    )
    is_common = (text for text in texts if " " not in text and all(text in each for each in names))
    return next(is_common, "")


def _make_error_with_roles(
    app: App, profile_words: Sequence[str], session: str | None, unknown: UnknownProfile
) -> UsageProblem:
    """Return the error for profile_words off a terminal; its hint names roles that match all words."""
    if session is not None:
        selection.resolve_session(app, session)  # raises UsageProblem for an unknown session
    rows = roles.read_roles(app, session, with_foreign_profiles=True).rows
    found = role_rows.make_role_index(rows).search(profile_words)
    if not found:
        _find_unwritten_profile(app, profile_words, rows, unknown)
        return unknown
    names = ", ".join(show(rows[number].profile_argument) for number in found[:_NAMED])
    more = f" and {len(found) - _NAMED} more" if len(found) > _NAMED else ""
    return UsageProblem(
        unknown.message, hint=f"name one of the roles with these words: {names}{more}"
    )
