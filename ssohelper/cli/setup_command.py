"""The command setup: signs in, lists the roles and writes all profiles to the config at once."""

import shlex
import signal
from collections.abc import Iterator
from contextlib import contextmanager

import click

from ssohelper.actions import adopting, run, session_edit, setup_text, sync_choices
from ssohelper.actions import setup as onboarding
from ssohelper.actions.flows import setup_plan
from ssohelper.actions.flows.setup_plan import Wish
from ssohelper.actions.login import LoginOptions
from ssohelper.app import App
from ssohelper.cli import listing_progress, output
from ssohelper.cli.plan_output import plan_json, sync_options
from ssohelper.cli.sign_in_commands import sign_in_on_terminal
from ssohelper.cli.terminal_dialogue import TerminalDialogue
from ssohelper.core import clock_text
from ssohelper.core.choices import Choices
from ssohelper.core.further_portals import FurtherPortal
from ssohelper.core.model import SsoSession
from ssohelper.core.text import show
from ssohelper.errors import SsoHelperError, UsageProblem
from ssohelper.system import installation
from ssohelper.system.signals import handle_signals


@click.command(cls=output.Command)
@click.argument("start_url", required=False, metavar="[START_URL]")
@click.option("--region", metavar="R", help="The region of your Identity Center.")
@sync_options
@click.option("--device-code", is_flag=True, help="Confirm a code in a browser on any machine.")
@click.option("--no-browser", is_flag=True, help="Print the page's address, open no browser.")
@click.option("--new-shell", is_flag=True, help="Then start a shell that has the command `use`.")
@click.option("--dry-run", is_flag=True, help="Print what would be written; stay signed in.")
@click.option("--yes", is_flag=True, help="Add profiles without asking; nothing else.")
def setup(
    app: App,
    start_url: str | None,
    region: str | None,
    given: Choices,
    is_portable: bool | None,
    adopt: tuple[str, ...],
    device_code: bool,
    no_browser: bool,
    new_shell: bool,
    dry_run: bool,
    yes: bool,
) -> int:
    """Onboard in one command: sign in, list your accounts, write a profile for each role.

    \b
    Examples:
      ssohelper setup https://d-0000000000.awsapps.com/start
      ssohelper setup https://d-0000000000.awsapps.com/start --region eu-west-1 --session corp
      ssohelper setup --role 'Read*' --yes       uses the portal that is in ~/.aws/config
      ssohelper setup --adopt '*'                takes over the profiles of other tools

    Shows what it found and would write, adopt, guard and install, and asks once. Run it again to
    write profiles that are missing.
    """
    # These checks come before the sign-in, which would be useless if one of them fails.
    if new_shell and (dry_run or yes or output.options().json):
        raise UsageProblem(
            "--new-shell goes without --yes, --dry-run and --json",
            hint="in a script, install the command `use` with: ssohelper install --yes",
        )
    app.config.check_writable()
    session, portal = _choose_session(app, start_url, region, yes=yes)
    sync_choices.merge_choices(app, session, given)
    installation.find_profile_command(app.environ)
    adopting.check_adopt_globs(app, adopt)
    if not yes and not dry_run:
        output.require_terminal("setup")
    if portal is not None and dry_run:
        output.say(f'{portal.region} would be a further region of "{session.name}"')
    elif portal is not None and (added := onboarding.add_further_portal(app, session, portal)):
        output.say(added)
    with _continued_by_setup(app, session):
        options = LoginOptions(device_code, completes=True)
        outcome = sign_in_on_terminal(app, session, options, no_browser=no_browser, yes=yes)
    session = outcome.session
    with _sign_out_if_interrupted(app, session), _continued_by_setup(app, session):
        listing = listing_progress.fetch_listing(app, session, refresh=True)
        wish = Wish(
            session, listing, output.command_line(), given, adopt, is_portable, is_unasked=yes
        )
        if dry_run:
            _print_dry_run(app, wish)
            return 0
        found = setup_plan.write_set_up(app, TerminalDialogue("setup", yes=yes), wish)
    if found is None:
        return 0
    if output.print_if_json(plan_json(found.plan)):
        return 0
    for line in setup_plan.result_lines(app, session, found):
        output.say(line)
    if not new_shell:
        return 0
    shell = run.find_own_shell(app.environ)
    output.say(f"this is a new shell in your shell, {show(shell)}: exit ends it")
    return run.replace_process([shell], app.environ)


def _print_dry_run(app: App, wish: Wish) -> None:
    found = setup_plan.propose(app, wish)
    shown = setup_plan.show_proposal(app, wish, found)
    if output.print_if_json(plan_json(found.plan)):
        return
    output.print_diff(shown.diff, on_stdout=True)
    for line in shown.summary[:-1]:
        output.say(show(line, 2000))
    if not found.has_changes:
        output.say("nothing to change")
    output.say(setup_text.kept_sign_in_line(wish.session))


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
    try:
        with handle_signals(("SIGTERM", "SIGHUP"), signal.default_int_handler):
            yield
    except KeyboardInterrupt:
        session_edit.discard_unfinished(app, session)
        raise
    except SsoHelperError:
        if not session_edit.has_config_section(app, session):
            output.say(clock_text.still_signed_in_text(session.name))
        raise


def _choose_session(
    app: App, start_url: str | None, region: str | None, *, yes: bool
) -> tuple[SsoSession, FurtherPortal | None]:
    name = output.options().session
    on_terminal = output.can_ask_user()
    if start_url is None:
        known = _choose_portal(app, name, on_terminal)
        start_url, region = known.start_url, region or known.region
        name = name or known.name or None
    dialogue = TerminalDialogue("setup") if on_terminal else None
    return setup_plan.choose_session(app, dialogue, start_url, name, region, is_unasked=yes)


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
