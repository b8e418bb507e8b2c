"""Decides which session and which role the user means. No other module decides this.

PROFILE is a profile's name or [SESSION:]ACCOUNT/ROLE; an existing profile wins. Without PROFILE,
the role is that of the endpoint that this shell uses (core.served_role), else that of AWS_PROFILE.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from ssohelper.core import chains, served_role
from ssohelper.core.foreign import find_provider_of_profile
from ssohelper.core.model import (
    ACCOUNT_ID,
    ROLE_NAME,
    Profile,
    Role,
    RoleKey,
    SsoSession,
    hint_of_role_name,
)
from ssohelper.core.resolver import Resolver
from ssohelper.core.similar_names import did_you_mean, similar_names
from ssohelper.core.start_url import is_session_listed
from ssohelper.core.text import show
from ssohelper.errors import ConfigInvalid, RoleNotAssigned, UsageProblem

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.config_file import ConfigFile, ProfileEntry, TargetRole
    from ssohelper.core.listing import Listing

# The forms of profiles whose `sso_*` keys SDKs read themselves.
_NATIVE_FORMS = ("sso", "legacy")


class NoProfileNamed(UsageProblem):
    """Raised if PROFILE and AWS_PROFILE are both missing."""


class UnknownProfile(UsageProblem):
    """Raised if no profile has the name PROFILE. On a terminal, PROFILE may be words to search
    roles.
    """

    offered: Sequence[str] = ()  # the similar names that the hint offers


class NoSessionOfProfile(ConfigInvalid):
    """Raised if no session of the config has the portal of the profile's role."""


class NoSessionNamed(UsageProblem):
    """Raised if several sessions are possible and the user named none."""

    def __init__(self, sessions: list[SsoSession]) -> None:
        names = ", ".join(f'"{session.name}"' for session in sessions)
        hint = f"name one, such as: --session {sessions[0].name}"
        super().__init__(f"which session? there are {names}", hint=hint)
        self.sessions = sessions


def resolve_session(app: App, name: str | None) -> SsoSession:
    """Return the session of this name, else that of AWS_PROFILE's profile, else the only one."""
    config = app.config.read()
    if name:
        if config.session_header(name) is None:
            _raise_if_missing(app, name)
        return find_session_by_name(config, name)
    from_profile = _find_session_of_environment(app, config)
    if from_profile:
        return from_profile
    sessions = config.sso_sessions()
    if len(sessions) == 1:
        return sessions[0]
    if sessions:
        raise NoSessionNamed(sessions)
    for broken in config.session_names():
        find_session_by_name(config, broken)  # raises ConfigInvalid with the session's line
    _raise_if_missing(app)
    hint = "onboard with: ssohelper setup START_URL"
    raise UsageProblem("there is no sso-session yet", hint=hint)


def _raise_if_missing(app: App, name: str | None = None) -> None:
    # Done only for an error, because it reads all profiles, of which there may be 12,000.
    from ssohelper.actions import missing_sessions

    for missing in missing_sessions.list_missing_sessions(app):
        if name in (None, missing.name):
            raise missing_sessions.missing_session_error(missing)
    found = [find_unlisted_session(app, name)] if name else find_unlisted_sessions(app)
    for recorded in filter(None, found):
        raise missing_sessions.not_in_config_error(recorded)


def find_session_by_name(config: ConfigFile, name: str) -> SsoSession:
    session = config.sso_session(name)
    if session is not None:
        return session
    hint = did_you_mean(name, [session.name for session in config.sso_sessions()])
    hint += "make one with: ssohelper setup START_URL --session NAME"
    raise UsageProblem(f'no sso-session named "{name}"', hint=hint)


def find_unlisted_sessions(app: App) -> list[SsoSession]:
    """Return the sessions to which ssohelper is signed in, but which the config does not have.

    There are such sessions after `profile undo`, or if the config names another portal or region.
    """
    return app.tokens.find_unlisted_sessions(app.config.read().sso_sessions())


def list_sessions(app: App) -> list[SsoSession]:
    """Return the config's sessions, then the unlisted; of two with one name, that with the token."""
    unlisted = find_unlisted_sessions(app)
    names = {session.name for session in unlisted}
    return [*(one for one in app.config.read().sso_sessions() if one.name not in names), *unlisted]


def is_session_in_config(app: App, session: SsoSession) -> bool:
    return is_session_listed(session, app.config.read().sso_sessions())


def check_session_in_config(app: App, session: SsoSession) -> None:
    """Raise ConfigInvalid unless the config has this session, with the same portal and region."""
    if not is_session_in_config(app, session):
        raise ConfigInvalid(
            f'the session "{session.name}" was removed, renamed or changed in '
            f"{app.locations.aws_config_file}: nothing was saved",
            hint="see the sessions with: ssohelper session list",
        )


def find_unlisted_session(app: App, name: str | None) -> SsoSession | None:
    """Return the unlisted session of this name; without a name, the only one if the config has
    none.
    """
    if name is None and app.config.read().sso_sessions():
        return None
    found = [one for one in find_unlisted_sessions(app) if name in (None, one.name)]
    return found[0] if len(found) == 1 else None


def resolve_profile(app: App, text: str | None, session_name: str | None) -> Profile:
    """Return the profile that PROFILE names, else that of the endpoint or of AWS_PROFILE.

    An empty text is an error: an unset variable in a script must not select AWS_PROFILE's profile.
    Raises: NoProfileNamed, UnknownProfile, NoSessionNamed, UsageProblem; ConfigInvalid; or
    RoleNotAssigned for an account name that is not in the saved listing.
    """
    config = app.config.read()
    served = None if text is not None else _find_served_role(app, config, session_name)
    asked = text if text is not None else served or app.environ.get("AWS_PROFILE") or None
    if asked is None:
        hint = "name one, or set AWS_PROFILE; see: ssohelper profile list"
        if not config.session_names() and not config.profiles():
            hint = "nothing is set up yet; begin with: ssohelper setup START_URL"
        raise NoProfileNamed("which profile?", hint=hint)
    entry = app.config.find_profile(asked)
    if entry is not None:
        target = config.target_or_none(entry)
        if target is not None and target.form in _NATIVE_FORMS:
            app.aws.set_host_variables(entry.keys)
        return _resolve_profile_entry(app, config, entry, session_name)
    role_text = text or served
    if role_text and "/" in role_text:
        return resolve_role_text(app, role_text, session_name)
    names = [entry.name for entry in app.config.list_profiles()]
    message = f'no profile named "{asked}" in {app.locations.aws_config_file}'
    hint = did_you_mean(asked, names) + "list them with: ssohelper profile list"
    if text is not None:
        unknown = UnknownProfile(message, hint=hint)
        unknown.offered = similar_names(asked, names)
        raise unknown
    raise ConfigInvalid(f"{message} (AWS_PROFILE)", hint=hint)


def _find_served_role(app: App, config: ConfigFile, session_name: str | None) -> str | None:
    served = served_role.find_served_role(app.environ)
    named = config.sso_session(served.partition(":")[0]) if served else None
    is_other = named is not None and session_name not in (None, named.name)
    return None if is_other else served


def resolve_chosen_role(app: App, key: RoleKey, names: Iterable[str] = ()) -> Profile:
    """Return the role that the user chose from a list, by the first of `names` that still has it."""
    config = app.config.read()
    session = find_session_by_name(config, key.session_name)
    if key.chain:
        return resolve_profile(app, key.text, key.session_name)
    for name in names:
        entry = config.profile(name)
        if entry is not None and _is_entry_of_role(config, entry, key):
            return Profile(name, session, key.role, config.region(entry))
    return Profile(key.text, session, key.role, None)


def find_profiles_of_role(app: App, key: RoleKey, names: Iterable[str]) -> list[str]:
    config = app.config.read()
    entries = filter(None, map(config.profile, names))
    return [entry.name for entry in entries if _is_entry_of_role(config, entry, key)]


def _is_entry_of_role(config: ConfigFile, entry: ProfileEntry, key: RoleKey) -> bool:
    if key.chain:
        return entry.name == key.text
    target = config.target_or_none(entry)
    if target is None or target.role != key.role:
        return False
    session = config.sso_session(key.session_name)
    return session is not None and config.is_target_of(session, target)


def _resolve_profile_entry(
    app: App, config: ConfigFile, entry: ProfileEntry, session_name: str | None
) -> Profile:
    chain = chains.find_chain(config, entry)
    target = chain.target if chain else config.target(entry)
    if target is None:
        sections = app.config.read_credentials_sections()
        found = find_provider_of_profile(Resolver(config, sections, app.environ), entry.name)
        if found is None:
            what = f'profile "{entry.name}" points at no account and role of Identity Center'
            raise ConfigInvalid(what, hint="see: ssohelper profile list")
        what = f'the credentials of profile "{entry.name}" come from {found.what}'
        hint = "only use, exec, env, whoami and console accept such a profile: "
        hint += f"ssohelper exec {entry.name} -- COMMAND"
        raise ConfigInvalid(f"{what}, not from ssohelper", hint=hint)
    sessions = _find_sessions_of_profile(config, entry, target)
    if session_name is not None:
        named = find_session_by_name(config, session_name)
        if named not in sessions:
            own = " or ".join(f'"{session.name}"' for session in sessions)
            raise UsageProblem(
                f'the profile "{entry.name}" is of the session {own}, not of "{session_name}"',
                hint=f"leave out --session, or name a role: {session_name}:ACCOUNT/ROLE",
            )
        sessions = [named]
    if len(sessions) > 1:
        raise NoSessionNamed(sessions)
    if chain is None:
        return Profile(entry.name, sessions[0], target.role, config.region(entry))
    return Profile(entry.name, sessions[0], chain.role, chain.own_region, chain.assumed_role)


def _find_sessions_of_profile(
    config: ConfigFile, entry: ProfileEntry, target: TargetRole
) -> list[SsoSession]:
    name = target.session_name
    if name and config.sso_session(name) is None:
        raise ConfigInvalid(
            f'profile "{entry.name}" names the sso-session "{name}", which does not exist',
            hint=f"make it with: ssohelper setup START_URL --session {name}",
        )
    sessions = config.sessions_of_target(target)
    if not sessions:
        url = shlex.quote(show(target.start_url, 200)) if target.start_url else "START_URL"
        raise NoSessionOfProfile(
            f'profile "{entry.name}" has no sso-session',
            hint=f"make one with: ssohelper setup {url}",
        )
    return sessions


def resolve_role_text(app: App, text: str, session_name: str | None) -> Profile:
    """Return the role of [SESSION:]ACCOUNT/ROLE. ACCOUNT is an id or a name in the listing."""
    account_text, _, role_name = text.rpartition("/")
    config = app.config.read()
    session: SsoSession | None = None
    if ":" in account_text:
        before, _, after = account_text.partition(":")
        session = config.sso_session(before)
        account_text = after if session else account_text
    try:
        session = session or resolve_session(app, session_name)
    except NoSessionNamed as question:
        session = _choose_session_of_role(app, question.sessions, account_text, role_name)
    if not ROLE_NAME.fullmatch(role_name):
        message = f'"{role_name}" cannot be the name of a role'
        raise UsageProblem(message, hint=hint_of_role_name(role_name))
    listing = app.directory.load(session.name)
    account_id = _resolve_account_id(listing, session, account_text)
    return Profile(text, session, Role(account_id, role_name), None)


def _choose_session_of_role(
    app: App, sessions: list[SsoSession], account_text: str, role_name: str
) -> SsoSession:
    """Return the only session whose saved list has the role. Raises: NoSessionNamed."""
    having, unlisted = [], []
    for session in sessions:
        listing = app.directory.load(session.name)
        if listing is None or not listing.is_of_portal_of(session):
            unlisted.append(session)
        elif listing.has_role_named(account_text, role_name):
            having.append(session)
    if len(having) == 1 and not unlisted:
        return having[0]
    raise NoSessionNamed([*having, *unlisted] or sessions)


def _resolve_account_id(listing: Listing | None, session: SsoSession, text: str) -> str:
    if ACCOUNT_ID.fullmatch(text):
        return text
    accounts = [listed.account for listed in listing.accounts] if listing else []
    found = sorted({account.id for account in accounts if account.name == text})
    if len(found) == 1:
        return found[0]
    if found:
        message = f'several accounts are named "{text}": {", ".join(found)}'
        raise UsageProblem(message, hint="give the account id")
    message, option = f'no account named "{text}"', f"--session {session.name}"
    if listing is None:
        message += f' is known: session "{session.name}" was never listed'
        raise RoleNotAssigned(message, hint=f"list its accounts with: ssohelper list {option}")
    hint = did_you_mean(text, [account.name for account in accounts])
    hint += f"refresh the list with: ssohelper list --refresh {option}"
    raise RoleNotAssigned(f'{message} in the list of session "{session.name}"', hint=hint)


def _find_session_of_environment(app: App, config: ConfigFile) -> SsoSession | None:
    served = served_role.find_served_role(app.environ)
    if served and "/" in served:
        return config.sso_session(served.partition(":")[0])
    entry = config.profile(served or app.environ.get("AWS_PROFILE") or "")
    target = chains.find_sso_target(config, entry) if entry else None
    sessions = config.sessions_of_target(target) if target else []
    return sessions[0] if len(sessions) == 1 else None


def require_session(app: App, name: str) -> SsoSession:
    """Return the session that a credential_process line names. Raises: ConfigInvalid."""
    session = app.config.read().sso_session(name)
    if session is None:
        raise ConfigInvalid(
            f"there is no [sso-session {name}] in {app.locations.aws_config_file}",
            hint=f"make it with: ssohelper setup START_URL --session {name}",
        )
    return session
