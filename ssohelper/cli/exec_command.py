"""The command exec: replaces this process with a program that gets a role's credentials."""

import sys
from itertools import takewhile
from typing import Any

import click

from ssohelper.actions import agents, favourites, foreign_profiles, notices, run
from ssohelper.actions.agents import Limits
from ssohelper.app import App
from ssohelper.cli import foreign_use, guarding, output, profile_use
from ssohelper.core import served_role
from ssohelper.core.foreign import ForeignProfile
from ssohelper.core.policy import Way
from ssohelper.core.text import show
from ssohelper.errors import UsageProblem

_EXAMPLE = "for example: ssohelper exec PROFILE -- aws s3 ls"
_SEVERAL = "for example: ssohelper exec --account 'pay*' --role ReadOnlyAccess -- aws s3 ls"


class _CommandBeforeProgram(output.Command):
    """A command whose own arguments end at the first `--`; a program's argv follows."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ours = list(takewhile(lambda word: word != "--", args))
        program = args[len(ours) + 1 :]
        if not program and not {"-h", "--help"}.intersection(ours):
            raise UsageProblem("exec takes a command after --", hint=_EXAMPLE)
        rest = super().parse_args(ctx, ours)
        ctx.params["program"] = program
        return rest


@click.command("exec", cls=_CommandBeforeProgram, options_metavar="[OPTIONS]")
@click.argument("profile_words", metavar="[PROFILE|WORDS...] -- COMMAND...", nargs=-1)
@click.option(
    "--server", is_flag=True, help="Give the command renewed credentials instead of fixed keys."
)
@click.option("--hold", is_flag=True, help="If a sign-in is needed, wait for it.")
@click.option(
    "--allow",
    "allowed",
    multiple=True,
    metavar="GLOB",
    help="Give the command these roles only: ACCOUNT/ROLE or a profile. Repeatable.",
)
@output.account_option
@output.role_option
@click.option("--failed", "is_failed", is_flag=True, help="Run as the roles that failed last time.")
@click.option(
    "-j",
    "--jobs",
    type=click.IntRange(1, 64),
    metavar="N",
    help="So many roles at once; usually 4.",
)
@click.option(
    "--output", "folder", metavar="DIR", help="Write the stdout of each role into a file there."
)
@guarding.reason_option
def exec_program(
    app: App,
    profile_words: tuple[str, ...],
    server: bool,
    hold: bool,
    allowed: tuple[str, ...],
    accounts: tuple[str, ...],
    roles: tuple[str, ...],
    is_failed: bool,
    grant_reason: str | None,
    program: list[str],
    **how: Any,
) -> int:
    """Run a command with credentials of a role, or once for each of several roles.

    \b
    Examples:
      ssohelper exec payments-prod.ReadOnlyAccess -- aws s3 ls
      ssohelper exec payments-prod/ReadOnlyAccess -- terraform plan
      ssohelper exec pay prod read -- terraform plan     asks before it takes the only match
      ssohelper exec --server payments-prod.ReadOnlyAccess -- ./two-day-job
      ssohelper exec --hold payments-prod.ReadOnlyAccess -- ./nightly-job
      ssohelper exec --allow '*/ReadOnlyAccess' payments-prod.ReadOnlyAccess -- claude
      AWS_PROFILE=payments-prod.ReadOnlyAccess ssohelper exec -- env
      ssohelper exec --account 'pay*' --role ReadOnlyAccess -j 8 -- aws s3 ls
      ssohelper exec --account '!*-test' --role ReadOnlyAccess --output out -- aws s3 ls
      ssohelper exec --failed -- aws s3 ls               as the roles that failed last time

    The command's environment gets fixed keys, and the variables that take precedence over them are
    unset. The keys expire after one or a few hours. With --server, the command gets credentials
    from a local endpoint instead, which renews them. The exit code is the command's; 126 when it
    cannot be run, 127 when it is not found.

    With --hold and without a terminal, when a sign-in is needed, the command waits until you sign
    in from any shell: for 12 hours, or as long as the setting wait_for_sign_in says. Every managed
    profile that the command uses waits in the same way.

    With --allow, the command and its children get no other roles from ssohelper, find no other
    profiles in their AWS config, and cannot start a sign-in. This stops mistakes; a hostile program
    can unset the variable SSOHELPER_ALLOW.

    With --account and --role, the command runs once for each role of the session's list that
    matches, without a terminal and with an empty stdin. Each line of output begins with the account
    and the role; --json prints one object at the end instead. Sign-ins and grants are asked for
    before the first command starts. The exit code is the highest one; a role that gives no
    credentials counts with ours, such as 5.
    """
    if accounts or roles or is_failed:
        if profile_words or server or hold:
            raise UsageProblem("a PROFILE, --server and --hold are for one role", hint=_SEVERAL)
        if is_failed == bool(accounts and roles) or (is_failed and (accounts or roles)):
            raise UsageProblem("give both --account and --role, or --failed", hint=_SEVERAL)
        from ssohelper.cli import exec_roles

        variables = agents.limit_command(app, allowed, has_endpoint=False).variables
        return exec_roles.run_command(
            app, program, (accounts, roles), grant_reason, variables, **how
        )
    if output.options().json or any(how.values()):
        message = "--json, --jobs and --output are for several roles"
        raise UsageProblem(message, hint=_SEVERAL)
    if sys.platform == "win32" and server:
        raise output.no_windows_error("exec --server")
    run.find_program(program[0], app.environ)
    chosen = profile_use.choose_profile(profile_words, confirm=f'run "{show(program[0])}"')
    listed = app.environ.pop(served_role.CHOSEN, None)
    now = chosen.origin if isinstance(chosen, ForeignProfile) else chosen.key.text
    if listed not in (None, now):  # the profile was edited since the full screen listed it
        raise guarding.edited_profile_error(chosen.name, listed, now)
    limits = agents.limit_command(app, allowed, has_endpoint=server)
    if isinstance(chosen, ForeignProfile):
        return _run_as_foreign_profile(app, chosen, program, limits, server=server)
    profile_use.warn_of_problem(app, chosen.name)
    guarding.grant_role_for_reason(app, chosen, grant_reason)
    # An `ssohelper exec` that runs inside of `exec --hold` waits for a sign-in too.
    is_held = hold or notices.WAIT_VARIABLE in app.environ
    hold_text = notices.exec_hold_duration_text(app, chosen.session) if is_held else ""
    if server:
        from ssohelper.cli import serve_command

        return serve_command.run_with_endpoint(app, chosen, program, hold_text, limits)
    hold_seconds = notices.parse_wait_seconds(hold_text)
    found, said = profile_use.get_fixed_keys(app, chosen, Way.EXEC, hold_seconds)
    output.say(said)
    favourites.record_use_of_role(app, chosen)
    child = found.environ_with_changes(app.environ)
    more = {**notices.build_wait_variables(hold_text), **limits.variables}
    return run.replace_process(program, {**child, **more})


def _run_as_foreign_profile(
    app: App,
    found: ForeignProfile,
    program: list[str],
    limits: Limits,
    *,
    server: bool,
) -> int:
    if server:
        what = "--server serves only credentials from ssohelper"
        hint = f"without --server: ssohelper exec {found.name} -- COMMAND"
        raise UsageProblem(f'{what}, not those of profile "{found.name}"', hint=hint)
    if found.credential_source == foreign_profiles.FROM_ENVIRONMENT:
        # The command's SDK would use the environment's keys, and not assume the profile's role.
        keys = foreign_use.get_foreign_credentials(app, found)
        variables = foreign_profiles.build_environment(app, found, keys)
    else:
        foreign_profiles.check_usable(app, found, is_on_terminal=output.can_ask_user())
        variables = foreign_profiles.build_environment(app, found)
        said = found.description
        # The profile's program is not run here first: it could ask twice for a touch or a code.
        output.say(
            f"{said}; the command that you run waits for that program" if found.is_program else said
        )
    child = variables.environ_with_changes(app.environ)
    return run.replace_process(program, {**child, **limits.variables})
