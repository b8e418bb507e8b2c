"""What a prompt shows of the profile in use. Asks no network, takes no lock, never fails.

A shell asks once per profile (`learn`) and from then on reads the small files that it is told;
`status` answers the same question for who starts a program anyway.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import prompt_notes, selection
from ssohelper.core import guard_rules, prompt_text
from ssohelper.core.instants import from_iso
from ssohelper.core.model import Account, Profile
from ssohelper.core.sign_in_clock import PromptClock
from ssohelper.core.text import is_harmless
from ssohelper.errors import SsoHelperError

if TYPE_CHECKING:
    from ssohelper.app import App

# What the shell function says it used last, as "keys NAME": fixed keys name no profile.
_USED = "_SSOHELPER_USED"
_FIELD = re.compile(r"\{([a-z_]+)\}")


class Learnt(NamedTuple):
    """What a shell must know of a profile to draw its prompt alone; "" for what there is not.

    `keys_end_at` is set where fixed keys are in use; then there are no files of a session. `config`
    and `settings` are what this was learnt from; once they are newer than the file behind them a
    shell must learn again.
    """

    label: str
    guarded: bool
    keys_end_at: int | None
    session_file: str = ""
    role_file: str = ""
    token_file: str = ""
    seen_file: str = ""
    config: str = ""
    config_seen: str = ""
    settings: str = ""
    settings_seen: str = ""

    def lines(self) -> str:
        """Return it as eleven lines; none holds a control character."""
        end = "" if self.keys_end_at is None else str(self.keys_end_at)
        files = self[3:] if all(map(is_harmless, self[3:])) else ("",) * len(self[3:])
        return "\n".join((self.label, "1" if self.guarded else "0", end, *files)) + "\n"


class Status(NamedTuple):
    """What the prompt shows. `clock` is None where nothing ends; `over` is what it ends in."""

    label: str
    profile: Profile | None
    guarded: bool
    clock: PromptClock | None
    over: str
    account_name: str

    def line(self, now: int) -> str:
        return prompt_text.line(self.label, self.guarded, self.time(now)) if self.label else ""

    def formatted(self, template: str, now: int) -> str:
        """Return the template with each `{field}` in its place; all else in it stays.

        Fields: profile, session, account, account_id, role, left, level, guarded, line.
        """
        role = self.profile.role if self.profile else None
        values = {
            "profile": self.label,
            "session": self.profile.session.name if self.profile else "",
            "account": prompt_text.safe(self.account_name),
            "account_id": role.account_id if role else "",
            "role": role.name if role else "",
            "left": self.time(now),
            "level": self.level(now),
            "guarded": "guarded" if self.guarded else "",
            "line": self.line(now),
        }
        return _FIELD.sub(lambda found: values.get(found[1], found[0]), template)

    def level(self, now: int) -> str:
        return prompt_text.level(self.clock, now) if self.clock else ""

    def time(self, now: int) -> str:
        return prompt_text.time_text(self.clock, now, over=self.over) if self.clock else ""


def learn(app: App) -> Learnt:
    """Return what the shell must know, and bring the session's state file up to date."""
    # Dated before they are read: what changes meanwhile is newer.
    sources = [str(app.aws_config_file), str(app.settings_file)]
    dated = [app.prompt_state.dated_as(source) for source in sources]
    try:
        learnt = _learn(app)
    except SsoHelperError:
        # The settings are broken: who mends them has the rest at the next prompt.
        learnt = Learnt(prompt_text.safe(app.environ.get("AWS_PROFILE", "")), False, None)
    if not all(dated):
        return learnt
    return learnt._replace(
        config=sources[0], config_seen=dated[0], settings=sources[1], settings_seen=dated[1]
    )


def _learn(app: App) -> Learnt:
    keys_end_at = _keys_end_at(app)
    label, profile = _in_use(app, keys_end_at is not None)
    guarded = profile is not None and is_guarded(app, profile)
    if profile is None or keys_end_at is not None:
        return Learnt(label, guarded, keys_end_at)
    prompt_notes.sign_in_changed(app, profile.session)
    state, name = app.prompt_state, profile.session.name
    if state.session(name) is None:
        return Learnt(label, guarded, None)  # no place for it: a file that never comes is no use
    return Learnt(
        label,
        guarded,
        None,
        str(state.session_file(name)),
        str(state.role_file(profile.key)),
        app.tokens.token_file(profile.session),
        str(state.seen_file(name)),
    )


def status(app: App) -> Status:
    """Return what the prompt shows now."""
    keys_end_at = _keys_end_at(app)
    label, profile = _in_use(app, keys_end_at is not None)
    guarded = profile is not None and is_guarded(app, profile)
    name = _account(app, profile).name if profile else ""
    if keys_end_at is not None:
        clock: PromptClock | None = PromptClock(keys_end_at, "known")
        return Status(label, profile, guarded, clock, "expired", name)
    if profile is None:
        return Status(label, None, False, None, "", "")
    session = prompt_notes.clock_of(app, profile.session)
    clock = prompt_text.nearest(session, app.prompt_state.role(profile.key), app.now())
    return Status(label, profile, guarded, clock, "signed out", name)


def is_guarded(app: App, profile: Profile) -> bool:
    """Tell whether a rule of the settings guards the profile's role."""
    rules = app.settings.get("guard.rules")
    if not rules:
        return False
    account = _account(app, profile)
    return guard_rules.is_guarded(rules, profile.session.name, account, profile.role.name)


def _account(app: App, profile: Profile) -> Account:
    """Return the profile's account, with the name that the saved list has for it."""
    listing = app.directory.load(profile.session.name)
    for listed in listing.accounts if listing else ():
        if listed.account.id == profile.role.account_id:
            return listed.account
    return Account(profile.role.account_id, "", "")


def _in_use(app: App, keys: bool) -> tuple[str, Profile | None]:
    """Return the label of what this shell uses, and the profile where it is one of ours."""
    kind, _, used = app.environ.get(_USED, "").partition(" ")
    asked = used if keys and kind == "keys" else ""
    name = asked or app.environ.get("AWS_PROFILE", "")
    if not name:
        return "keys" if keys else "", None
    try:
        return prompt_text.safe(name), selection.profile_of(app, asked or None, None)
    except SsoHelperError:
        return prompt_text.safe(name), None


def _keys_end_at(app: App) -> int | None:
    """Return when the fixed keys in this environment end; None without such keys."""
    ends = app.environ.get("AWS_CREDENTIAL_EXPIRATION", "")
    return from_iso(ends) if ends and app.environ.get("AWS_ACCESS_KEY_ID") else None
