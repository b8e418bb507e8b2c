"""Finds the session for a start URL in ~/.aws/config, or makes a new one for `setup`.

The other steps of `setup` are in the modules login, directory and profile_edit.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import (
    missing_sessions,
    own_settings,
    protected_sign_ins,
    regions,
    selection,
)
from ssohelper.core.config_file import DEFAULT_SCOPES
from ssohelper.core.further_portals import (
    Claim,
    FurtherPortal,
    compare_portal_urls,
    parse_further_portals,
)
from ssohelper.core.model import SESSION_NAME, SsoSession
from ssohelper.core.portal_address import instance_id_of_portal, is_portal_of
from ssohelper.core.profile_origin import GRANTED_PREFIX
from ssohelper.core.service_hosts import checked_region
from ssohelper.core.start_url import (
    checked_typed_start_url,
    default_session_name,
    is_company_url,
    is_same_portal,
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

    Without `name`, a new session gets the name that profiles or a sign-in of ours have for this
    portal, else one made from the URL's host. Its region is `region`, else that of the host name,
    else that of another session or sign-in of this portal, else the user's answer. `ask_region` gets
    the URL, and the region that the portal's page names, or None. Raises: ConfigInvalid if the name
    belongs to another URL; UsageProblem if a sign-in at another portal has that name, or if no
    region is known; ConfigInvalid or AwsUnreachable if a company's own URL leads to no portal.
    """
    url = checked_typed_start_url(start_url)
    if name == "":
        raise _invalid_session_name_error(name)
    config = app.config.read()
    known = _find_session_in_config(config, url, name)
    if known is not None:
        return known._replace(region=checked_region(region)) if region else known
    own = _find_recorded_session(app, config, url, name, region)
    chosen = own.name if own else name or default_session_name(url)
    if not SESSION_NAME.fullmatch(chosen):
        raise _invalid_session_name_error(chosen)
    new = make_session_at_url(
        app,
        url,
        chosen,
        region=region,
        known_region=own.region if own else None,
        ask_region=ask_region,
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
    """Return a session of this name and start URL, with the region as in `choose_session`."""
    url = checked_typed_start_url(start_url)
    portal_url = url
    if is_company_url(url):  # where it leads is kept for the sign-in that follows
        portal_url = app.aws.find_portal_url(url)
        app.aws.remember_portal_url(url, portal_url)
    in_host = region_of_start_url(portal_url)
    found = (
        (in_host if is_company_url(url) else None)
        or region
        or in_host
        or _find_region_in_config(app.config.read(), url)
        or known_region
        or (ask_region and ask_region(url, app.aws.propose_region_of_portal(portal_url)))
    )
    if region and found != region:
        app.warn(f"{url} leads to {found}, not to {region}")
    if not found:
        raise UsageProblem(
            f"the region of {url} is not known",
            hint=WHERE_THE_REGION_IS,
            option="--region eu-west-1",
        )
    return SsoSession(name, _start_url_without_page(url), checked_region(found), DEFAULT_SCOPES)


def _invalid_session_name_error(name: str) -> UsageProblem:
    return UsageProblem(
        f'"{name}" is not a valid name for a session',
        hint="use letters, digits, dot, dash and underscore, at most 64",
        option="--session NAME",
    )


class PortalInConfig(NamedTuple):
    """A portal in ~/.aws/config. `session_name` is None if only profiles name the portal."""

    start_url: str
    region: str
    session_name: str | None


def find_portals_in_config(app: App) -> list[PortalInConfig]:
    config = app.config.read()
    found = [
        PortalInConfig(session.start_url, session.region, session.name)
        for session in config.sso_sessions()
    ]
    for url, region in _portals_of_profiles(config):
        is_known = config.sessions_of_portal(url) or any(
            is_same_portal(url, one.start_url) for one in found
        )
        if url.startswith("https://") and not is_known:
            found.append(PortalInConfig(url, region, None))
    return found


def _portals_of_profiles(config: ConfigFile) -> Iterator[tuple[str, str]]:
    for entry in config.profiles():
        for prefix in ("sso_", GRANTED_PREFIX):
            url = entry.keys.get(f"{prefix}start_url", "")
            if url:
                yield url, entry.keys.get(f"{prefix}region", "")


def _find_recorded_session(
    app: App, config: ConfigFile, url: str, name: str | None, region: str | None
) -> SsoSession | None:
    """Return the only session of this portal that the config lacks, or None.

    Such a session has a sign-in of ours, or profiles name it.
    """
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


def _start_url_without_page(url: str) -> str:
    portal, _, page = url.partition("#")
    return portal if page.strip("/") else url


def _find_region_in_config(config: ConfigFile, url: str) -> str | None:
    regions = [one.region for one in config.sessions_of_portal(url)]
    regions += [
        region
        for known_url, region in _portals_of_profiles(config)
        if region and is_same_portal(known_url, url)
    ]
    return regions[0] if regions else None


def _find_session_in_config(config: ConfigFile, url: str, name: str | None) -> SsoSession | None:
    if name:
        named = config.sso_session(name)
        if named is not None and not is_portal_of(named, url):
            raise ConfigInvalid(
                f'session "{name}" already has another start URL: {named.start_url}',
                hint="choose another name",
                option="--session NAME",
            )
        return named
    matching = config.sessions_of_portal(url)
    if len(matching) > 1:
        names = ", ".join(f'"{session.name}"' for session in matching)
        raise UsageProblem(
            f"several sessions have this start URL: {names}",
            hint="name one, such as",
            option=f"--session {matching[0].name}",
        )
    if matching:
        return matching[0]
    taken = config.sso_session(default_session_name(url))
    if taken is not None:
        raise ConfigInvalid(
            f'session "{taken.name}" already has another start URL: {taken.start_url}',
            hint="if its portal moved to this address: ssohelper session set-url "
            f"{taken.name} {shlex.quote(url)}; else choose another name",
            option="--session NAME",
        )
    return None


# -- the portal of another region ------------------------------------------------------------------


def find_further_portal(
    app: App, start_url: str, name: str | None
) -> tuple[SsoSession, FurtherPortal] | None:
    """Return the further portal that the URL names, and the session that it belongs to; or None.

    `name` is the session that the user named. Raises: UsageProblem if only the user can know whether
    the URL is such a portal; ConfigInvalid for a portal that cannot be one.
    """
    url = checked_typed_start_url(start_url)
    # A company's own URL may redirect to any region, so it gets a session of its own.
    sessions = [] if is_company_url(url) else app.config.read().sso_sessions()
    named = [one for one in sessions if name in (None, one.name)]
    if any(is_portal_of(one, url) for one in named):
        return None
    for session in named:
        for portal in parse_further_portals(app.settings.get("regions", session=session.name)):
            if is_same_portal(portal.start_url, url):
                return session, portal
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


def add_further_portal(app: App, session: SsoSession, portal: FurtherPortal) -> bool:
    """Add the portal to the setting `sessions.NAME.regions`; return False if the setting has it."""
    texts = list(app.settings.get("regions", session=session.name))
    if portal.text in texts:
        return False
    texts = [text for text in texts if not text.startswith(f"{portal.region}=")]
    regions.check_regions_setting(app, session.name, [*texts, portal.text])
    key = f"sessions.{session.name}.regions"
    own_settings.change_setting(app, key, [*texts, portal.text], "setup")
    app.forget_settings()
    return True


def _belongs_to_session(session: SsoSession, portal: FurtherPortal, name: str | None) -> bool:
    claim = compare_portal_urls(session.aws_url, portal.start_url)
    if claim is Claim.PARTITION:
        raise ConfigInvalid(
            f'session "{session.name}" cannot have the further portal {portal.start_url}, which '
            f"{claim.value}",
            hint="ask your administrator for the right start URL",
        )
    if claim in (Claim.SAME, Claim.OTHER_HOSTS) and portal.region == session.region:
        raise ConfigInvalid(
            f'session "{session.name}" already has another start URL of this instance in '
            f"{portal.region}: {session.start_url}",
            hint=f"use that one: ssohelper setup {session.start_url}",
        )
    if claim is Claim.OTHER_HOSTS or (claim is Claim.UNKNOWN and name is not None):
        raise UsageProblem(
            f'{portal.start_url} {claim.value} than the session "{session.name}"',
            hint="if it is another region of the same instance: ssohelper config set "
            f"sessions.{session.name}.regions {portal.text}",
        )
    return claim is Claim.SAME
