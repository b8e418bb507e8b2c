"""Decides which sessions a profile belongs to, because it uses their sign-in. Pure.

No other module decides this, or which session's sign-in a portal's legacy profiles use.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ssohelper.core.portal_address import is_portal_of

if TYPE_CHECKING:
    from ssohelper.core.config_file import ConfigFile, TargetRole
    from ssohelper.core.model import SsoSession

# The forms of a `TargetRole` whose profile names its portal, and no session.
LEGACY_FORM = "legacy"
GRANTED_FORM = "granted"


def find_sessions_of_target(
    config: ConfigFile, target: TargetRole, session: SsoSession | None = None
) -> list[SsoSession]:
    """Return the sessions to which a profile with this target belongs; [] if it belongs to none.

    A profile belongs to the session that it names. A legacy profile names its portal only: it uses
    the sign-in of the portal's first session in the file. A profile of granted, which signs in
    itself, belongs to all sessions of its portal. A profile of aws-sso-cli names neither session
    nor portal, so it belongs to none. `session` takes the place of the session of its name in the
    config, which may have none yet.
    """
    if target.form == LEGACY_FORM:
        first = find_session_of_legacy_url(config, target.start_url or "", session)
        return [first] if first else []
    if target.form == GRANTED_FORM:
        return _find_sessions_of_portal(config, target.start_url or "", session)
    if session is not None and session.name == target.session_name:
        return [session]
    return [target.session] if target.session else []


def belongs_to_session(config: ConfigFile, target: TargetRole, session: SsoSession) -> bool:
    """Return whether a profile with this target belongs to this session."""
    found = find_sessions_of_target(config, target, session)
    return session.name in [one.name for one in found]


def find_session_of_legacy_url(
    config: ConfigFile, url: str, session: SsoSession | None = None
) -> SsoSession | None:
    """Return the session whose sign-in legacy profiles with this start URL use, or None.

    A portal can have several sessions, for several users, and such a profile does not name its
    user. So the first session in the file is taken: a session that is added later changes nothing
    for these profiles. `session` is as for `find_sessions_of_target`.
    """
    return next(iter(_find_sessions_of_portal(config, url, session)), None)


def _find_sessions_of_portal(
    config: ConfigFile, url: str, session: SsoSession | None
) -> list[SsoSession]:
    found = config.sessions_of_portal(url)
    if session is None or session in found:
        return found
    others = [one for one in found if one.name != session.name]
    if not is_portal_of(session, url):
        return others
    names = [*config.session_names(), session.name]
    return sorted([*others, session], key=lambda one: names.index(one.name))
