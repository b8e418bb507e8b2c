"""The command setup: signs in, lists the roles and writes all profiles to the config at once."""

import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ssohelper.actions import (
    adopting,
    doctor,
    guards,
    profile_edit,
    session_edit,
    session_move,
    setup_text,
    sync_choices,
)
from ssohelper.actions import setup as onboarding
from ssohelper.actions.login import LoginOptions
from ssohelper.app import App
from ssohelper.cli import listing_progress, output
from ssohelper.cli.plan_output import (
    ACCOUNT_HELP,
    ADOPT_HELP,
    DEFAULT_REGION_HELP,
    FORM_HELP,
    PORTABLE_HELP,
    ROLE_HELP,
    choose_profiles_to_adopt,
    warn_if_nothing_matches,
    write_plan,
)
from ssohelper.cli.sign_in_commands import sign_in_on_terminal
from ssohelper.core import clock_text
from ssohelper.core.choices import FORMS, Choices
from ssohelper.core.further_portals import FurtherPortal
from ssohelper.core.listing import Listing
from ssohelper.core.model import SsoSession
from ssohelper.core.text import show, show_message
from ssohelper.errors import SsoHelperError, UsageProblem
from ssohelper.system import installation, programs


@click.command()
@click.argument("start_url", required=False, metavar="[START_URL]")
@click.option("--region", metavar="R", help="The region of your Identity Center.")
@click.option("--name-template", metavar="T", help="Names: default {account_name}.{role_name}")
@click.option("--form", type=click.Choice(FORMS), help=FORM_HELP)
@click.option("--portable/--no-portable", "is_portable", default=None, help=PORTABLE_HELP)
@click.option("--default-region", metavar="R", help=DEFAULT_REGION_HELP)
@click.option("--account", "accounts", multiple=True, metavar="GLOB", help=ACCOUNT_HELP)
@click.option("--role", "roles", multiple=True, metavar="GLOB", help=ROLE_HELP)
@click.option("--adopt", multiple=True, metavar="GLOB", help=ADOPT_HELP)
@click.option("--device-code", is_flag=True, help="Confirm a code in a browser on any machine.")
@click.option("--no-browser", is_flag=True, help="Print the page's address, open no browser.")
@click.option("--yes", is_flag=True, help="Write without asking.")
@output.common_options
def setup(
    start_url: str | None,
    region: str | None,
    name_template: str | None,
    form: str | None,
    is_portable: bool | None,
    default_region: str | None,
    accounts: tuple[str, ...],
    roles: tuple[str, ...],
    adopt: tuple[str, ...],
    device_code: bool,
    no_browser: bool,
    yes: bool,
) -> None:
    """Onboard in one command: sign in, list your accounts, write a profile for each role.

    \b
    Examples:
      ssohelper setup https://d-0000000000.awsapps.com/start
      ssohelper setup https://d-0000000000.awsapps.com/start --region eu-west-1 --session corp
      ssohelper setup --role 'Read*' --yes       uses the portal that is in ~/.aws/config
      ssohelper setup --adopt '*'                takes over the profiles of other tools

    Shows what it will write and asks first. Run it again to write profiles that are missing.
    """
    app = output.get_app()
    # These checks come before the sign-in, which would be useless if one of them fails.
    app.config.check_writable()
    session, portal = _choose_session(app, start_url, region, yes=yes)
    given = Choices(accounts, roles, name_template, form, default_region)
    choices = sync_choices.merge_choices(app, session, given)
    installation.find_profile_command(app.environ)
    adopting.check_adopt_globs(app, adopt)
    if not yes:
        output.require_terminal("setup")
    if portal is not None and (added := onboarding.add_further_portal(app, session, portal)):
        output.say(added)
    with _continued_by_setup(app, session):
        options = LoginOptions(device_code, completes=True)
        outcome = sign_in_on_terminal(app, session, options, no_browser=no_browser, yes=yes)
    session = outcome.session
    with _sign_out_if_interrupted(app, session), _continued_by_setup(app, session):
        listing = listing_progress.fetch_listing(app, session, refresh=True)
        _say_known_session(app, session, listing)
        others, adopted = choose_profiles_to_adopt(
            app, session, listing, adopt, yes=yes, offers=True
        )
        if default_region is None and listing.roles():
            choices = _choose_default_region(app, session, choices, yes=yes)
        plan = profile_edit.plan_sync(
            app,
            session,
            listing,
            choices,
            given,
            adopt=adopted,
            others=others,
            is_portable=is_portable,
        )
        warn_if_nothing_matches(app, plan)
        if not write_plan(app, plan, yes=yes, what="setup"):
            output.say(setup_text.kept_sign_in_line(session))
            return
    _offer_guard_rules(app, listing, yes=yes, is_config_written=bool(plan.changes))
    _print_setup_results(app, session, listing)


@contextmanager
def _continued_by_setup(app: App, session: SsoSession) -> Iterator[None]:
    """While the session is not in the config, name `setup` in hints: other commands do not know it."""
    try:
        yield
    except SsoHelperError as error:
        if error.hint and not session_edit.has_config_section(app, session):
            for other in (f"login {session.name}", f"list --refresh --session {session.name}"):
                error.hint = error.hint.replace(f"ssohelper {other}", output.command_line())
        raise


@contextmanager
def _sign_out_if_interrupted(app: App, session: SsoSession) -> Iterator[None]:
    """Sign out again if setup is interrupted, unless the session is in the config.

    SIGTERM and SIGHUP (a closed window) act as Ctrl-C, unless they are ignored. After an error, the
    sign-in is kept for the next `setup`, and a message says so.
    """
    before = {}
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is signal.SIG_DFL:
            before[number] = signal.signal(number, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        session_edit.discard_unfinished(app, session)
        raise
    except SsoHelperError:
        if not session_edit.has_config_section(app, session):
            output.say(clock_text.still_signed_in_text(session.name))
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _offer_guard_rules(app: App, listing: Listing, *, yes: bool, is_config_written: bool) -> None:
    guarded = guards.propose_usual_rules(app, listing)
    if not guarded:
        return
    command = setup_text.guard_rules_command(guarded)
    if yes or not output.can_ask_user():
        output.say(f"no role is guarded; guard administrators' roles with: {command}")
        return
    output.say(setup_text.proposed_guard_rules_line(guarded))
    if output.confirm(setup_text.GUARD_QUESTION, yes=False, what="setup"):
        onboarding.add_guard_rules(app, guarded, is_config_written=is_config_written)
    else:
        output.say(f"later: {command}")


def _say_known_session(app: App, session: SsoSession, listing: Listing) -> None:
    """Print which session has the same user and roles, and how to move it to this address."""
    is_new = not session_edit.has_config_section(app, session)
    known = session_move.find_session_to_move(app, session, listing) if is_new else None
    if known is not None:
        output.say(
            f'{show(session.start_url, 200)} has the user and the roles of "{show(known.name)}", '
            f"which is at {show(known.start_url, 200)}: it is probably the same portal"
        )
        command = f"ssohelper session set-url {known.name} {shlex.quote(session.start_url)}"
        output.say(f"to move that session in place of a second one: {command}")


def _choose_session(
    app: App, start_url: str | None, region: str | None, *, yes: bool
) -> tuple[SsoSession, FurtherPortal | None]:
    name = output.options().session
    on_terminal = output.can_ask_user()
    if start_url is None:
        known = _choose_portal(app, name, on_terminal)
        start_url, region = known.start_url, region or known.region
        name = name or known.name or None
    found = onboarding.find_further_portal(app, start_url, name)
    if found is not None:
        return found

    def take_region(url: str, proposal: str | None) -> str:
        """With --yes, take the region that the portal's page names; else ask on a terminal."""
        if proposal is not None and yes:
            app.warn(f"the region of {url} is {proposal}, as the portal's page says")
            return proposal
        if not on_terminal:
            return ""
        if proposal is not None:
            output.say(f"the page of {show(url)} says that its region is {proposal}")
            return _ask_region("region", proposal)
        output.say(f"the region of {show(url)} is not known; {onboarding.WHERE_THE_REGION_IS}")
        return _ask_region("region (such as eu-west-1)")

    ask = take_region if yes or on_terminal else None
    session = onboarding.choose_session(app, start_url, name=name, region=region, ask_region=ask)
    return session, None


def _choose_portal(app: App, name: str | None, on_terminal: bool) -> SsoSession:
    """Return a portal in ~/.aws/config.

    Asks on the terminal which one, if there are several. Raises: UsageProblem.
    """
    found = onboarding.find_portals_in_config(app)
    if name:
        found = [portal for portal in found if portal.name == name] or found
    if not found:
        raise UsageProblem(
            "~/.aws/config has no portal",
            hint="give the address of the page on which you sign in to AWS: "
            "ssohelper setup START_URL",
        )
    if len(found) == 1:
        return found[0]
    # The session's name is shown too, because several sessions may have the same URL.
    shown = [show(one.start_url) + (f" ({one.name})" if one.name else "") for one in found]
    if not on_terminal:
        first = found[0]
        choice = "--session " * bool(first.name) + shlex.quote(first.name or first.start_url)
        raise UsageProblem(
            f"which portal? ~/.aws/config has: {', '.join(shown)}",
            hint=f"name one, such as: ssohelper setup {choice}",
        )
    output.say("portals in ~/.aws/config; for another one: ssohelper setup START_URL")
    for number, line in enumerate(shown, 1):
        output.say(f"  {number}  {line}")
    numbers = click.IntRange(1, len(found))
    question = f"which one (1-{len(found)}, ctrl+c to leave)"
    return found[int(output.ask(question, default="1", type=numbers)) - 1]


def _choose_default_region(
    app: App, session: SsoSession, choices: Choices, *, yes: bool
) -> Choices:
    """Return the options with a default region, which the user is asked for unless one is saved."""
    proposal = sync_choices.propose_default_region(app, session)
    if proposal is None or (yes and proposal == session.region):
        return choices
    if yes:
        output.say(setup_text.default_region_line(proposal))
    region = proposal if yes else _ask_region(setup_text.DEFAULT_REGION, proposal)
    return choices.with_chosen_fields(default_region=region)


def _ask_region(question: str, proposal: str | None = None) -> str:
    def parse_answer(answer: str) -> str:
        try:
            return sync_choices.parse_region_name(answer.strip())
        except UsageProblem as error:
            raise click.UsageError(f"{show_message(error.message)}; {error.hint}") from error

    return output.ask(question, default=proposal, value_proc=parse_answer)


def _print_setup_results(app: App, session: SsoSession, listing: Listing) -> None:
    if output.options().json:
        return
    if not listing.roles():
        output.say(setup_text.NO_ACCOUNT)
        return
    report = doctor.prove_session(app, session)
    has_aws = programs.find_program("aws", app.environ) is not None
    for line in setup_text.setup_result_lines(report, session.name, has_aws=has_aws):
        output.say(line)
