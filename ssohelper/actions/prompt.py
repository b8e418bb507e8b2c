"""Builds the text that a shell's prompt shows of the profile in use. Sends no request; never waits."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import clocks, selection
from ssohelper.core import prompt_text, served_role
from ssohelper.core.instants import from_iso
from ssohelper.core.model import GUARD_SIGN, Profile
from ssohelper.core.prompt_text import PromptRow
from ssohelper.core.sign_in_outlook import PromptClock
from ssohelper.core.text import is_harmless
from ssohelper.errors import SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App

# The variable with the choice of `use`, "keys NAME" or "profile NAME": fixed keys name no profile.
_USED = "_SSOHELPER_USED"
_FIELD = re.compile(r"\{([a-z_]+)\}")


class PromptStatus(NamedTuple):
    """The label and times that a prompt shows; `label` is "" if no profile is in use.

    `profile` is None if the credentials come from none of our sessions. With `has_grant`, `rows`
    are for this terminal only.
    """

    label: str
    profile: Profile | None = None
    rows: tuple[PromptRow, ...] = prompt_text.NOTHING_ENDS
    account_name: str = ""
    guarded: bool = False
    has_fixed_keys: bool = False
    has_grant: bool = False

    def prompt_line(self, now: int) -> str:
        return prompt_text.prompt_line(self.label, self.rows, now) if self.label else ""

    def fill_template(self, template: str, now: int) -> str:
        role = self.profile.shown_role if self.profile else None
        row = self.row(now)
        name = self.label.removeprefix(GUARD_SIGN if self.guarded else "")
        values = {
            "profile": prompt_text.safe_prompt_name(name),
            "session": self.profile.session.name if self.profile else "",
            "account": prompt_text.safe_prompt_name(self.account_name),
            "account_id": role.account_id if role else "",
            "role": role.name if role else "",
            "left": row.time_text(now),
            "level": row.level,
            "guarded": "guarded" if self.guarded else "",
            "line": self.prompt_line(now),
        }
        return _FIELD.sub(lambda found: values.get(found[1], found[0]), template)

    def row(self, now: int) -> PromptRow:
        return prompt_text.prompt_row_at(self.rows, now)


def answer_shell_prompt(app: App) -> str:
    """Return the line `LABEL|SHORTER LABEL|FILE|CONFIG|ROWS` for a shell's prompt. Writes FILE.

    At each prompt the shell reads ROWS from FILE, and runs ssohelper again once CONFIG is newer.
    FILE is missing for fixed keys, or if it cannot be written: then the prompt shows no time left,
    because it would not notice a sign-out.
    """
    config = str(app.locations.aws_config_file)
    # The file's time is read before its content, so that a change in between is noticed.
    mtime_ns = app.prompt_state.read_mtime_ns(app.locations.aws_config_file)
    try:
        shown = read_prompt_status(app)
    except SsoHelperError:
        shown = PromptStatus(
            prompt_text.prompt_label(app.environ.get("AWS_PROFILE", ""), guarded=False)
        )
    if not shown.label:
        return "\n"
    file, watched = "", ""
    if not shown.has_fixed_keys:
        file, watched = _write_prompt_file(app, shown, config, mtime_ns)
        if not file:
            shown = shown._replace(rows=prompt_text.NOTHING_ENDS)
    labels = prompt_text.usual_and_short_label(shown.label, shown.rows)
    return "|".join((*labels, file, watched, prompt_text.prompt_rows_to_line(shown.rows))) + "\n"


def read_prompt_status(app: App) -> PromptStatus:
    ends = app.environ.get("AWS_CREDENTIAL_EXPIRATION", "")
    keys_end_at = from_iso(ends) if ends and app.environ.get("AWS_ACCESS_KEY_ID") else None
    name, profile = _find_profile_in_use(app, keys_end_at is not None)
    shown = profile and profile.session.key_of(profile.shown_role)
    guarded = profile is not None and app.vault.find_guarding_rule(profile.key) is not None
    if prompt_text.may_look_alike(name):  # reading the config is slow
        with suppress(SsoHelperError):
            names = [entry.name for entry in app.config.read().profiles()]
            name = prompt_text.distinct_prompt_name(name, names)
    label = prompt_text.prompt_label(name, guarded=guarded)
    has_grant = False
    if keys_end_at is not None:
        rows = prompt_text.prompt_rows(PromptClock(keys_end_at, "known"), text_after_end="expired")
    elif profile is not None:
        clock = clocks.read_prompt_clock(app, profile.session)
        rows = prompt_text.prompt_rows(clock)
        grant = app.grants.find(profile.key) if guarded else None
        if grant is not None:
            rows = prompt_text.prompt_rows_with_grant(rows, clock, grant.ends_at)
            has_grant = True
    else:
        rows = prompt_text.NOTHING_ENDS
    return PromptStatus(
        label,
        profile,
        rows,
        app.vault.find_account(shown).name if shown else "",
        guarded,
        keys_end_at is not None,
        has_grant,
    )


def _write_prompt_file(
    app: App, shown: PromptStatus, config: str, mtime_ns: int
) -> tuple[str, str]:
    rows = prompt_text.prompt_rows_to_line(shown.rows)
    key = shown.profile.key if shown.profile else None
    terminal = app.find_grant_context().session if shown.has_grant else None
    file = str(app.prompt_state.prompt_file(key, terminal))
    # The shell cuts this line at each `|`, and would run `$(…)` in the path.
    if "|" in file or not is_harmless(file):
        return "", ""
    try:
        is_dated = app.prompt_state.write(key, rows, config_mtime_ns=mtime_ns, terminal=terminal)
    except (SsoHelperError, OSError):
        return "", ""
    if shown.profile is not None and terminal is None:
        # A sign-in after we read the token may have found no file of this role to update.
        clocks.refresh_prompts(app, shown.profile.session)
    is_watched = mtime_ns and is_dated and "|" not in config and is_harmless(config)
    return file, config if is_watched else ""


def _find_profile_in_use(app: App, has_fixed_keys: bool) -> tuple[str, Profile | None]:
    kind, _, used = app.environ.get(_USED, "").partition(" ")
    asked = used if has_fixed_keys and kind == "keys" else ""
    name = asked or app.environ.get("AWS_PROFILE", "")
    served = served_role.find_served_role(app.environ)
    if served and not name:
        return _find_served_profile(app, served)
    if not name:
        return "keys" if has_fixed_keys else "", None
    try:
        return name, selection.resolve_profile(app, asked or None, None)
    except SsoHelperError:
        return name, None


def _find_served_profile(app: App, served: str) -> tuple[str, Profile | None]:
    try:
        profile = selection.resolve_profile(app, served, None)
        sessions = app.config.read().sso_sessions()
    except SsoHelperError:
        return served, None
    if profile.role.chain:
        return profile.name, profile
    account_id, role_name = profile.role.account_id, profile.role.name
    listing = app.directory.load(profile.session.name)
    names = {one.account.id: one.account.name for one in (listing.accounts if listing else ())}
    name = names.get(account_id)
    account = name if name and [*names.values()].count(name) == 1 else account_id
    prefix = f"{profile.session.name}:" if len(sessions) > 1 else ""
    return f"{prefix}{account}/{role_name}", profile
