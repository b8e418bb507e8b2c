"""Converts a session's sync options from and to the texts that the user edits in a form."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ssohelper.actions import default_regions, profile_edit
from ssohelper.core.choices import FORMS, Choices
from ssohelper.core.profile_names import checked_name_template
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
# Maps an option's name in the user's form to the attribute of `Choices` that has its value.
_ATTRIBUTES = {
    ACCOUNTS: "accounts",
    ROLES: "roles",
    TEMPLATE: "template",
    FORM: "form",
    REGION: "default_region",
}
_ALL = "*"
_Texts = Mapping[str, str]


class EditedSyncOptions(NamedTuple):
    """The options that the user's texts change, and by option the error in its text."""

    given: Choices
    problems: dict[str, str]


def load_sync_option_texts(app: App, session: SsoSession) -> dict[str, str]:
    """Return, by field, the texts of the options that a sync of this session uses now."""
    return _option_texts_of_choices(app, session, app.choices.load(session.name))


def load_default_option_texts(app: App, session: SsoSession) -> dict[str, str]:
    """Return, by field, the text of the default option, which an empty text stands for."""
    return _option_texts_of_choices(app, session, Choices())


def _option_texts_of_choices(app: App, session: SsoSession, choices: Choices) -> dict[str, str]:
    settings = app.settings
    return {
        ACCOUNTS: _join_filters(choices.accounts),
        ROLES: _join_filters(choices.roles),
        TEMPLATE: choices.template or settings.get("name_template"),
        FORM: choices.form or settings.get("form"),
        REGION: default_regions.region_for_new_profiles(app, session, choices),
    }


def parse_sync_options(app: App, session: SsoSession, texts: _Texts) -> EditedSyncOptions:
    """Parse the texts of options; return the choices that differ from the present ones.

    An empty text means the option's default. Raises no error for a wrong text: `problems` says what
    is wrong.
    """
    before, defaults = load_sync_option_texts(app, session), load_default_option_texts(app, session)
    values: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for field, text in texts.items():
        text = text.strip() or defaults[field]
        try:
            if text != before[field].strip():
                values[_ATTRIBUTES[field]] = _parse_option(app, session, field, text)
        except SsoHelperError as error:
            problems[field] = f"{error.message}: {error.hint}" if error.hint else error.message
    return EditedSyncOptions(Choices(**values), problems)


def _parse_option(app: App, session: SsoSession, field: str, text: str) -> object:
    """Return the value that the field's text means. Raises: SsoHelperError if the text is wrong."""
    if field in (ACCOUNTS, ROLES):
        return _parse_filters(text)
    if field == TEMPLATE:
        return checked_name_template(text)
    if field == REGION:
        return default_regions.parse_region_name(text)
    if text not in FORMS:
        raise UsageProblem(f"the form is {' or '.join(FORMS)}")
    # This call raises an error if profiles in this form cannot work with this machine's storage.
    profile_edit.merge_choices(app, session, Choices(form=text))
    return text


def _parse_filters(text: str) -> tuple[str, ...]:
    """Return the filters in a text, which has quotes as in a shell; an empty text means all."""
    try:
        return tuple(shlex.split(text)) or (_ALL,)
    except ValueError:
        raise UsageProblem("a quote is not closed") from None


def _join_filters(globs: tuple[str, ...]) -> str:
    needs_quotes = set(" \t'\"\\")
    return " ".join(
        shlex.quote(glob) if needs_quotes & set(glob) or not glob else glob for glob in globs
    )
