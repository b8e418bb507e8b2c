"""Opens the AWS console as one role: signs a browser in, or returns a link to the console."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ssohelper.actions import environment, fixed_keys, tokens
from ssohelper.core import chains, console_urls
from ssohelper.core.console_urls import ConsolePage
from ssohelper.core.model import Profile, Secret
from ssohelper.core.policy import Way
from ssohelper.core.service_hosts import console_federation_url, partition_of
from ssohelper.errors import ConfigInvalid, LocalState, UsageProblem
from ssohelper.system import browser

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.wire.browser_pages import OneTimeRedirect, Outcome

# A browser may take seconds to start. The console sign-in URL from AWS is valid for 15 minutes.
BROWSER_SECONDS = 30.0
# Wait even after a browser command failed: an already running browser may have got the URL.
_AFTER_FAILURE_SECONDS = 2.0
_POLL_SECONDS = 0.2


def choose_console_page(
    app: App, profile: Profile, service: str | None, region: str | None
) -> ConsolePage:
    """Raises: UsageProblem; ConfigInvalid if the profile's own region is of another partition."""
    # The error of a chain is raised here, before a message says that the console opens.
    if profile.assumed is not None:
        chain = chains.find_chain_by_key(app.config.read(), profile.key)
        chain.check_partition(chain.region(profile.session))
    try:
        chosen = environment.choose_region_for_requests(app, profile, region)
        if partition_of(chosen) != partition_of(profile.session.region):
            home = partition_of(profile.session.region).name
            raise ConfigInvalid(
                f'the region "{chosen}" is not in the partition of the session '
                f'"{profile.session.name}" ({home})',
                hint="name another region: --region REGION",
            )
    except ConfigInvalid as error:
        if region:
            raise UsageProblem(error.message, hint=error.hint) from error
        raise
    return console_urls.console_page_of_service(service or "home", chosen)


def make_portal_link(app: App, profile: Profile, page: ConsolePage) -> str:
    """Raises: Refused (9) for a role without a grant; UsageProblem for a chain."""
    if profile.assumed is not None:
        raise UsageProblem(
            f'the access portal has no link to the role of "{profile.name}", which is assumed '
            "with the credentials of another role",
            hint=f"where a browser can be started: ssohelper console {profile.name}",
        )
    app.vault.permit_release(profile.key, Way.CONSOLE)
    return console_urls.portal_console_link(profile, page.url)


def open_console_in_browser(
    app: App,
    profile: Profile,
    page: ConsolePage,
    opener: browser.Opener,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> int:
    """Sign a browser in to the console page; return when the console session ends."""
    session = profile.session
    # raises an error for a bad AWS_ENDPOINT_URL_SIGNIN
    federation = app.aws.federation(page.region)
    service_url = console_federation_url(page.region, app.environ)
    tokens.check_credentials_destination(app, session, "console sign-in", service_url)
    # The console session ends when these credentials expire, so nearly new credentials are used.
    keys = fixed_keys.release_fixed_keys(app, profile, Way.CONSOLE)
    address = federation.get_login_url(keys, session.start_url, page.url)
    hint = (
        "get a link for any browser with --print, or name the browser's command: "
        f'ssohelper config set sessions.{session.name}.browser "firefox %s"'
    )
    send_browser_to_address(app, address, opener, is_cancelled, hint)
    return keys.expires_at


def send_browser_to_address(
    app: App,
    address: Secret,
    opener: browser.Opener,
    is_cancelled: Callable[[], bool],
    hint: str,
) -> None:
    """Start a browser, and wait until it has opened the address.

    The browser gets a URL of our local server, which works once and redirects to the address: a
    secret, which others could read on a command line. Raises: LocalState with `hint`.
    """
    with app.make_browser_pages() as pages:
        redirect = pages.add_redirect(address)
        started = (
            None if is_cancelled() else browser.start_opener(opener, redirect.url, app.environ)
        )
        if started is None:
            raise LocalState("the browser could not be started", hint=hint)

        def has_failed() -> bool:
            return is_cancelled() or started.poll() not in (None, 0)

        outcome = _wait_for_browser_request(app, redirect, has_failed)
    if outcome == "served":
        return
    what = f"no browser opened the sign-in's address within {BROWSER_SECONDS:.0f} s"
    if outcome == "refused":
        what = (
            "a process of another or an unknown user opened the sign-in's address, and was refused"
        )
    elif has_failed():
        what = "the browser's command failed, and no browser opened the sign-in's address"
    raise LocalState(what, hint=hint)


def _wait_for_browser_request(
    app: App, redirect: OneTimeRedirect, has_failed: Callable[[], bool]
) -> Outcome:
    deadline = app.clock.deadline(BROWSER_SECONDS)
    while True:
        outcome = redirect.wait_for_visit(min(_POLL_SECONDS, deadline.seconds_left()))
        if outcome == "served" or deadline.has_passed:
            return outcome
        if has_failed():
            return redirect.wait_for_visit(min(_AFTER_FAILURE_SECONDS, deadline.seconds_left()))
