"""The command console: opens the AWS console in a browser as one role, or prints a link to it."""

import textwrap
from typing import Any

import click

from ssohelper.actions import console as consoles
from ssohelper.actions import favourites, foreign_credentials
from ssohelper.app import App
from ssohelper.cli import foreign_use, guarding, output, profile_use
from ssohelper.core.console_urls import SERVICES, ConsolePage, portal_console_link
from ssohelper.core.foreign import ForeignProfile
from ssohelper.core.instants import duration_text, to_iso
from ssohelper.core.model import Profile
from ssohelper.core.policy import Way
from ssohelper.core.text import show
from ssohelper.errors import UsageProblem
from ssohelper.system import browser

_SERVICES = "\n".join(textwrap.wrap(" ".join(SERVICES), 74))


@click.command(
    "console", cls=output.Command, epilog=f"\b\nServices:\n{textwrap.indent(_SERVICES, '  ')}"
)
@click.argument("profile_words", metavar="[PROFILE|WORDS...]", nargs=-1)
@click.option("--service", metavar="NAME", help="The service to open: ec2, s3, logs, iam, …")
@click.option("--region", metavar="REGION", help="The region to open. Default: the profile's.")
@click.option(
    "--print",
    "only_print",
    is_flag=True,
    help="Print the portal's link to the console; open no browser.",
)
@guarding.reason_option
def open_console(
    app: App,
    profile_words: tuple[str, ...],
    service: str | None,
    region: str | None,
    only_print: bool,
    grant_reason: str | None,
) -> None:
    """Open the AWS console in a browser, signed in as a profile's role.

    \b
    Examples:
      ssohelper console                                     the role of AWS_PROFILE
      ssohelper console payments-prod.ReadOnlyAccess --service logs
      ssohelper console payments-prod/ReadOnlyAccess --region eu-west-1
      ssohelper console pay prod read                       the only role with these words, or a picker
      ssohelper console --print | wl-copy                   a link, which holds no secret

    The browser's command is taken from the setting sessions.NAME.browser, else from BROWSER, else
    from the desktop. If no browser can be started, the link is printed, as with --print. A profile
    of another tool works too if its credentials are temporary; it has no link.
    """
    chosen = profile_use.choose_profile(profile_words)
    if isinstance(chosen, ForeignProfile):
        page = foreign_credentials.choose_console_page(app, chosen, service, region)
        opener = None if only_print else _find_browser_opener(app, None)
        if opener is None:
            what = f'the profile "{chosen.name}" belongs to no access portal, so there is no link'
            hint = f"where a browser can be started: ssohelper console {chosen.name}"
            raise UsageProblem(f"{what} to print", hint=hint)
        keys = foreign_use.get_foreign_credentials(app, chosen)
        output.say(f'opening the console as "{show(chosen.name)}" in {page.region}')
        foreign_credentials.open_console_in_browser(app, chosen, keys, page, opener)
        _say_console_is_open(app, chosen, page, None, keys.expires_at)
        return
    if grant_reason is None:
        # Before a sign-in is offered, which would be useless for a refused role, and before
        # unreadable settings end the command: a refusal gets a line in the journal.
        app.vault.check_release(chosen.key, Way.CONSOLE)
    page = consoles.choose_console_page(app, chosen, service, region)
    guarding.grant_role_for_reason(app, chosen, grant_reason)
    opener = None if only_print else _find_browser_opener(app, chosen.session.name)
    if opener is not None:
        _open_own_console(app, chosen, page, opener)
        return
    profile_use.warn_about_lost_role(app, chosen)  # no request to AWS finds it out
    link = consoles.make_portal_link(app, chosen, page)
    if not only_print:
        output.say(
            "no browser can be started on this host: open this link in any browser, "
            "where you are or will be signed in to the access portal"
        )
    if not output.print_if_json(_console_json(chosen, page, link, None)):
        output.echo(link)


def _open_own_console(app: App, chosen: Profile, page: ConsolePage, opener: browser.Opener) -> None:
    output.say(f"opening the console in {page.region}: {profile_use.describe_role(app, chosen)}")
    ends_at = profile_use.run_with_sign_in(
        app,
        chosen,
        lambda: consoles.open_console_in_browser(app, chosen, page, opener),
        way=Way.CONSOLE,
    )
    favourites.record_use_of_role(app, chosen)
    # The portal has no link to the role that a chain assumes.
    link = None if chosen.assumed else portal_console_link(chosen, page.url)
    _say_console_is_open(app, chosen, page, link, ends_at)


def _say_console_is_open(
    app: App,
    chosen: Profile | ForeignProfile,
    page: ConsolePage,
    link: str | None,
    ends_at: int | None,
) -> None:
    if ends_at is not None:
        left = duration_text(ends_at - app.clock.aws_now())
        output.say(f"the console session lasts until {to_iso(ends_at)} ({left})")
    output.print_if_json(_console_json(chosen, page, link, ends_at, opened=True))


def _find_browser_opener(app: App, session_name: str | None) -> browser.Opener | None:
    setting = app.settings.get("browser", session=session_name) if session_name else None
    opener = browser.find_opener(app.environ, setting)
    command = setting or app.environ.get("BROWSER")
    if opener is None and command:
        origin = f"sessions.{session_name}.browser" if setting else "BROWSER"
        app.warn(f'the browser command in {origin} cannot be started here: "{command}"')
    return opener


def _console_json(
    chosen: Profile | ForeignProfile,
    page: ConsolePage,
    link: str | None,
    ends_at: int | None,
    *,
    opened: bool = False,
) -> dict[str, Any]:
    return {
        "profile": chosen.name,
        **dict.fromkeys(("session", "account_id", "role_name")),
        **(chosen.json_fields if isinstance(chosen, Profile) else {}),
        "region": page.region,
        "destination": page.url,
        "link": link,
        "opened": opened,
        "console_session_ends_at": None if ends_at is None else to_iso(ends_at),
    }
