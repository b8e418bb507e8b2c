"""Finds the session for a start URL in ~/.aws/config, or makes a new one for `setup`.

The other steps of `setup` are in the modules login, directory and profile_edit.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from typing import TYPE_CHECKING

from ssohelper.actions import (
    missing_sessions,
    own_settings,
    protected_sign_ins,
    regions,
    selection,
    undoing,
)
from ssohelper.core.config_file import DEFAULT_SCOPES
from ssohelper.core.further_portals import Claim, FurtherPortal, compare_portal_urls, find_refusal
from ssohelper.core.model import SESSION_NAME, SsoSession
from ssohelper.core.other_writes import OtherWrites
from ssohelper.core.portal_address import instance_id_of_portal, is_portal_of
from ssohelper.core.profile_origin import GRANTED_PREFIX
from ssohelper.core.service_hosts import checked_region
from ssohelper.core.start_url import (
    checked_typed_start_url,
    default_session_name,
    is_company_url,
    is_same_portal,
    normalized_start_url,
    region_of_start_url,
)
from ssohelper.errors import ConfigInvalid, UsageProblem

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.config_file import ConfigFile

# Tells users who do not know the region of their portal where to find it.
WHERE_THE_REGION_IS = (
    'the portal shows its region as "SSO Region", behind "Access keys" of any role'
)


def choose_session(
    app: App,
    start_url: str,
    *,
    name: str | None,
    region: str | None,
    ask_region: Callable[[str, str | None], str] | None,
) -> SsoSession:
    """Return the session in the config that has this start URL, or a new session.

    A new session is named as profiles or a sign-in of ours name this portal, else by the URL's host.
    Its region is `region`, else that of the host, of another session, or the user's answer.
    `ask_region` gets the URL, and the region that the portal's page names, or None. Raises:
    ConfigInvalid if the name belongs to another URL; UsageProblem for a sign-in of that name
    elsewhere, or an unknown region; AwsUnreachable.
    """
    url = checked_typed_start_url(start_url)
    config = app.config.read()
    known = _find_session_in_config(config, url, name)
    if known is not None:
        return known._replace(region=checked_region(region)) if region else known
    own = _find_recorded_session(app, config, url, name, region)
    chosen = own.name if own else default_session_name(url) if name is None else name
    if not SESSION_NAME.fullmatch(chosen):
        raise UsageProblem(
            f'"{chosen}" is not a valid name for a session',
            hint="use letters, digits, dot, dash and underscore, at most 64: --session NAME",
        )
    known_region = own.region if own else None
    new = make_session_at_url(
        app, url, chosen, region=region, known_region=known_region, ask_region=ask_region
    )
    protected_sign_ins.refuse_other_portal(app, new)
    return new


def make_session_at_url(
    app: App,
    start_url: str,
    name: str,
    *,
    region: str | None,
    known_region: str | None,
    ask_region: Callable[[str, str | None], str] | None = None,
) -> SsoSession:
    url = checked_typed_start_url(start_url)
    portal_url = app.aws.find_portal_url(url) if is_company_url(url) else url
    in_host = region_of_start_url(portal_url)
    found = (
        (in_host if is_company_url(url) else None)
        or region
        or in_host
        or next((one.region for one in find_portals_in_config(app) if is_portal_of(one, url)), None)
        or known_region
        or (ask_region and ask_region(url, app.aws.propose_region_of_portal(portal_url)))
    )
    if region and found != region:
        app.warn(f"{url} leads to {found}, not to {region}")
    if not found:
        raise UsageProblem(
            f"the region of {url} is not known",
            hint=f"{WHERE_THE_REGION_IS}: --region eu-west-1",
        )
    portal, _, page = url.partition("#")
    url = portal if page.strip("/") else url
    return SsoSession(name, url, checked_region(found), DEFAULT_SCOPES)


def find_portals_in_config(app: App) -> list[SsoSession]:
    """Return the sessions in ~/.aws/config, and one without a name for each further portal there."""
    config, found = app.config.read(), dict[str, SsoSession]()
    for entry in config.profiles():
        for prefix in ("sso_", GRANTED_PREFIX):
            url, region = (entry.keys.get(f"{prefix}{key}", "") for key in ("start_url", "region"))
            key = normalized_start_url(url)
            is_new = key not in found or not found[key].region
            if is_new and url.startswith("https://") and not config.sessions_of_portal(url):
                found[key] = SsoSession("", url, region, DEFAULT_SCOPES)
    return [*config.sso_sessions(), *found.values()]


def _find_recorded_session(
    app: App, config: ConfigFile, url: str, name: str | None, region: str | None
) -> SsoSession | None:
    """Return the only session of this portal with a sign-in or profiles that the config lacks."""
    missing = [one.recorded for one in missing_sessions.list_missing_sessions(app) if one.recorded]
    known = [*missing, *selection.find_unlisted_sessions(app)]
    found = [
        one
        for one in {one.name: one for one in known}.values()
        if is_portal_of(one, url)
        and name in (None, one.name)
        and region in (None, one.region)
        and config.session_header(one.name) is None
    ]
    return found[0] if len(found) == 1 else None


def _find_session_in_config(config: ConfigFile, url: str, name: str | None) -> SsoSession | None:
    if name is not None:
        named = config.sso_session(name)
        if named is not None and not is_portal_of(named, url):
            raise ConfigInvalid(
                f'session "{name}" already has another start URL: {named.start_url}',
                hint="choose another name: --session NAME",
            )
        return named
    matching = config.sessions_of_portal(url)
    if len(matching) > 1:
        names = ", ".join(f'"{session.name}"' for session in matching)
        raise UsageProblem(
            f"several sessions have this start URL: {names}",
            hint=f"name one, such as: --session {matching[0].name}",
        )
    if matching:
        return matching[0]
    taken = config.sso_session(default_session_name(url))
    if taken is not None:
        raise ConfigInvalid(
            f'session "{taken.name}" already has another start URL: {taken.start_url}',
            hint="if its portal moved to this address: ssohelper session set-url "
            f"{taken.name} {shlex.quote(url)}; else choose another name: --session NAME",
        )
    return None


# -- the portal of another region ------------------------------------------------------------------


def find_further_portal(
    app: App, start_url: str, name: str | None
) -> tuple[SsoSession, FurtherPortal] | None:
    """Return the further portal that the URL names, and the session that it belongs to; or None.

    Raises: UsageProblem if only the user can know whether it is one; ConfigInvalid if it cannot be.
    """
    url = checked_typed_start_url(start_url)
    # A company's own URL may redirect to any region, so it gets a session of its own.
    sessions = [] if is_company_url(url) else app.config.read().sso_sessions()
    named = [one for one in sessions if name in (None, one.name)]
    if any(is_portal_of(one, url) for one in named):
        return None
    for session in named:
        for one in regions.list_further_portals(app, session):
            if is_same_portal(one.start_url, url):
                return session, FurtherPortal(one.region, one.start_url)
    region = region_of_start_url(url)
    if instance_id_of_portal(url) is None or region is None:
        return None
    portal = FurtherPortal(region, url)
    found = [one for one in named if _belongs_to_session(one, portal, name)]
    if len(found) > 1:
        names = ", ".join(one.name for one in found)
        raise UsageProblem(
            f"several sessions are of this Identity Center instance: {names}",
            hint=f"name one, such as: --session {found[0].name}",
        )
    return (found[0], portal) if found else None


def add_further_portal(app: App, session: SsoSession, portal: FurtherPortal) -> str:
    """Return a message, or "" if the setting sessions.NAME.regions had the portal already."""
    texts = list(app.settings.get("regions", session=session.name))
    if portal.text in texts:
        return ""
    texts = [text for text in texts if not text.startswith(f"{portal.region}=")]
    regions.check_regions_setting(app, session.name, [*texts, portal.text])
    key = f"sessions.{session.name}.regions"
    changed = undoing.setting_to_record(app, key, [*texts, portal.text])
    undoing.record_other_writes(app, OtherWrites(changed))
    own_settings.change_setting(app, key, [*texts, portal.text], "setup")
    app.forget_settings()
    return f'{portal.region} is a further region of "{session.name}" from now on'


def _belongs_to_session(session: SsoSession, portal: FurtherPortal, name: str | None) -> bool:
    claim = compare_portal_urls(session.aws_url, portal.start_url)
    if claim is Claim.OTHER or (claim is Claim.UNKNOWN and name is None):
        return False
    why = find_refusal(session, portal)
    if why:
        hint = f"use the session's own start URL: ssohelper setup {session.start_url}"
        raise ConfigInvalid(f"{portal.start_url} {why}", hint=hint)
    if claim is not Claim.SAME:
        raise UsageProblem(
            f'{portal.start_url} {claim.value} than the session "{session.name}"',
            hint="if it is another region of the same instance: ssohelper config set "
            f"sessions.{session.name}.regions {portal.text}",
        )
    return True
