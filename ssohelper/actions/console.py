"""The AWS console as one role: a page of it, the portal's link to it, a browser signed in to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from ssohelper.actions import credentials, environment, tokens
from ssohelper.core import console_urls, issuer
from ssohelper.core.console_urls import ConsolePage
from ssohelper.core.endpoints import console_sign_in_endpoint, partition_of
from ssohelper.core.model import Profile, RoleKey
from ssohelper.errors import ConfigInvalid, LocalState, SsoHelperError, UsageProblem

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.wire.browser_pages import OneTimeRedirect, Outcome

# A browser that has to start first takes seconds; AWS's token lasts some 15 minutes.
BROWSER_SECONDS = 30.0
# An opener that failed has most likely opened nothing; one that handed over and then failed has.
_AFTER_FAILURE_SECONDS = 2.0
_LOOK_SECONDS = 0.2


class Opened(NamedTuple):
    """A console session that a browser was sent to; it ends with the keys it was made from."""

    page: ConsolePage
    ends_at: int


def choose_page(app: App, profile: Profile, service: str | None, region: str | None) -> ConsolePage:
    """Return the page of the console that is meant. No network, no sign-in.

    The region is the one asked for, else the one that `use` would set.
    Raises: UsageProblem for an unknown service or region, or one of another partition;
    ConfigInvalid when the profile names such a region.
    """
    try:
        chosen = environment.choose_endpoint_region(app, profile, region)
        if partition_of(chosen) != partition_of(profile.session.region):
            home = partition_of(profile.session.region).name
            raise ConfigInvalid(
                f'the region "{chosen}" is not in the partition of the session '
                f'"{profile.session.name}" ({home})',
                hint="name another one: --region REGION",
            )
    except ConfigInvalid as error:
        if region:
            raise UsageProblem(error.message, hint=error.hint) from error
        raise
    return console_urls.service_page(service or "home", chosen)


def link(profile: Profile, page: ConsolePage) -> str:
    """Return the access portal's deep link to the page. It holds no secret."""
    return console_urls.portal_link(profile, page.url)


def open_in_browser(
    app: App,
    profile: Profile,
    page: ConsolePage,
    start: Callable[[str], bool],
    has_failed: Callable[[], bool] = lambda: False,
) -> Opened:
    """Sign a browser in to the page: `start` starts it with a one-shot address on this machine.

    `has_failed` tells that what was started has ended with an error: then nobody is awaited long.
    Returns when the browser has come for it. AWS's own address, which is a secret, goes from our
    listener to the browser: it stands in no process list.
    Raises: LoginRequired (4), RoleNotAssigned (5), AwsUnreachable (6), LocalState (7) when no
    browser comes.
    """
    session, role = profile.session, profile.role
    federation = app.federation(page.region)  # says what is wrong with the environment, first
    endpoint = console_sign_in_endpoint(page.region, app.environ)
    issuer.check_keys(tokens.issuer_of(app, session), "console sign-in", endpoint, session)
    # The console session lasts as long as these.
    keys = credentials.release(
        app, session, role, app.deadline(), least_share=credentials.NEARLY_WHOLE
    )
    address = federation.login_url(keys, session.start_url, page.url)
    with app.browser_pages() as pages:
        redirect = pages.redirect(address)
        if not start(redirect.url):
            raise LocalState("the browser could not be started", hint=_other_ways(profile))
        outcome = _awaited(app, redirect, has_failed)
    if outcome == "refused":
        raise LocalState(
            "a process of another or an unknown user came for the sign-in, and was refused",
            hint=_other_ways(profile),
        )
    if outcome != "served" and has_failed():
        raise LocalState(
            "the browser's command failed, and no browser came for the sign-in",
            hint=_other_ways(profile),
        )
    if outcome != "served":
        raise LocalState(
            f"no browser came for the sign-in within {BROWSER_SECONDS:.0f} s",
            hint=_other_ways(profile),
        )
    return Opened(page, keys.expires_at)


def _awaited(app: App, redirect: OneTimeRedirect, has_failed: Callable[[], bool]) -> Outcome:
    deadline = app.deadline(BROWSER_SECONDS)
    while True:
        outcome = redirect.wait(min(_LOOK_SECONDS, deadline.left()))
        if outcome == "served" or deadline.passed:
            return outcome
        if has_failed():
            return redirect.wait(min(_AFTER_FAILURE_SECONDS, deadline.left()))


def record_visit(app: App, browser: str, profile: Profile, ends_at: int) -> RoleKey | None:
    """Note this visit; return the role that the browser may still be signed in as, if another.

    Once for each browser: who has turned on multi-session support need not hear it again.
    """
    key = profile.key
    try:
        last = app.console_visits.load(browser)
        was_told = last is not None and last.is_told
        others = last is not None and last.key != key and last.ends_at > app.aws_now()
        app.console_visits.save(browser, key, ends_at, is_told=was_told or others)
    except (SsoHelperError, OSError) as trouble:
        app.warn(f"this visit could not be noted: {trouble}")
        return None
    return last.key if last is not None and others and not was_told else None


def _other_ways(profile: Profile) -> str:
    return (
        "get a link for any browser with --print, or name the browser's command: "
        f'ssohelper config set sessions.{profile.session.name}.browser "firefox %s"'
    )
