"""The options of a session's sync as texts that the user edits: filters, names, form and region."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ssohelper.actions import default_regions, profiles
from ssohelper.core.choices import FORMS, Choices
from ssohelper.core.profile_names import checked_template
from ssohelper.errors import SsoHelperError, UsageProblem

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.model import SsoSession

ACCOUNTS, ROLES, TEMPLATE, FORM, REGION = FIELDS = (
    "accounts",
    "roles",
    "template",
    "form",
    "region",
)
# The option of `profile sync` for each field.
OPTIONS = {
    ACCOUNTS: "--account",
    ROLES: "--role",
    TEMPLATE: "--name-template",
    FORM: "--form",
    REGION: "--default-region",
}
_ALL = "*"
_Texts = Mapping[str, str]


class Edited(NamedTuple):
    """What the user's texts mean: the choices that differ, and by field what is wrong with a text."""

    given: Choices
    problems: dict[str, str]


def present_texts(app: App, session: SsoSession) -> dict[str, str]:
    """Return the texts of the options that a sync of this session uses now, by field."""
    choices, settings = app.choices.load(session.name), app.settings
    return {
        ACCOUNTS: _joined(choices.accounts),
        ROLES: _joined(choices.roles),
        TEMPLATE: choices.template or settings.get("name_template"),
        FORM: choices.form or settings.get("form"),
        REGION: default_regions.region_of_session(app, session, choices),
    }


def parse(app: App, session: SsoSession, texts: _Texts) -> Edited:
    """Return the choices that these texts give, as far as they differ from the present ones.

    No text is an error here: `problems` says what is wrong.
    """
    before = present_texts(app, session)
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for field, text in texts.items():
        text = text.strip()
        try:
            if text != before[field].strip():
                values[_ATTRIBUTES[field]] = _value(app, session, field, text)
        except SsoHelperError as error:
            problems[field] = f"{error.message}: {error.hint}" if error.hint else error.message
    return Edited(Choices()._replace(**values), problems)


def command_options(given: Choices) -> str:
    """Return the options of `profile sync` that give these choices: ` --role 'Read*'`, or ""."""
    words = [(OPTIONS[ACCOUNTS], glob) for glob in given.accounts]
    words += [(OPTIONS[ROLES], glob) for glob in given.roles]
    for field in (FORM, TEMPLATE, REGION):
        value = getattr(given, _ATTRIBUTES[field])
        words += [(OPTIONS[field], value)] if value else []
    return "".join(f" {option} {shlex.quote(value)}" for option, value in words)


_ATTRIBUTES = {
    ACCOUNTS: "accounts",
    ROLES: "roles",
    TEMPLATE: "template",
    FORM: "form",
    REGION: "default_region",
}


def _value(app: App, session: SsoSession, field: str, text: str) -> object:
    """Return the value of a field. Raises: SsoHelperError if the text is wrong."""
    if field in (ACCOUNTS, ROLES):
        return _globs(text)
    if field == TEMPLATE:
        return checked_template(text)
    if field == REGION:
        return default_regions.check_region(text)
    if text not in FORMS:
        raise UsageProblem(f"the form is {' or '.join(FORMS)}")
    # Says whether profiles in this form would work with the storage of this machine.
    profiles.merge_choices(app, session, Choices(form=text))
    return text


def _globs(text: str) -> tuple[str, ...]:
    """Return the filters of a text, in which quotes keep blanks together; an empty text is all."""
    try:
        return tuple(shlex.split(text)) or (_ALL,)
    except ValueError:
        raise UsageProblem("a quote is not closed") from None


def _joined(globs: tuple[str, ...]) -> str:
    needs_quotes = set(" \t'\"\\")
    return " ".join(
        shlex.quote(glob) if needs_quotes & set(glob) or not glob else glob for glob in globs
    )
