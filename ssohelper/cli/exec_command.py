"""exec: a program with a role's credentials, in our place. argv is split at the first `--`."""

import shlex
import sys

import click

from ssohelper.actions import credentials, environment, favourites, run, sign_in_wait
from ssohelper.app import App
from ssohelper.cli import output, profile_use
from ssohelper.core.model import Profile
from ssohelper.errors import UsageProblem

_PROGRAM = "ssohelper.exec.program"


class _Split(click.Command):
    """A command whose arguments end at the first `--`; the rest is the program's, untouched."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if "--" not in args:
            return self._parse_without_program(ctx, args)
        at = args.index("--")
        ctx.meta[_PROGRAM] = args[at + 1 :]
        return super().parse_args(ctx, args[:at])

    def _parse_without_program(self, ctx: click.Context, args: list[str]) -> list[str]:
        try:
            return super().parse_args(ctx, list(args))
        except click.UsageError as cause:
            # Words too many, or an option that is the command's: the "--" was left out.
            parser = self.make_parser(ctx)
            parser.allow_interspersed_args = False
            program = parser.parse_args(list(args))[1]
            if not program:
                raise
            ours = args[: -len(program)]
            raise UsageProblem(
                "exec takes a command behind --",
                hint=shlex.join(["ssohelper", "exec", *ours, "--", *program]),
            ) from cause


@click.command("exec", cls=_Split, options_metavar="[OPTIONS]")
@click.argument("profile", metavar="[PROFILE] -- COMMAND...", required=False)
@click.option("--server", is_flag=True, help="Give it an endpoint that renews, not fixed keys.")
@click.option("--hold", is_flag=True, help="Wait for a sign-in, here and in what it runs.")
@output.common_options
@click.pass_context
def exec_program(ctx: click.Context, profile: str | None, server: bool, hold: bool) -> None:
    """Run a command with credentials of a role.

    \b
    Examples:
      ssohelper exec payments-prod.ReadOnlyAccess -- aws s3 ls
      ssohelper exec payments-prod/ReadOnlyAccess -- terraform plan
      ssohelper exec --server payments-prod.ReadOnlyAccess -- ./two-day-job
      ssohelper exec --hold payments-prod.ReadOnlyAccess -- ./nightly-job
      AWS_PROFILE=payments-prod.ReadOnlyAccess ssohelper exec -- env

    Fixed keys in the command's environment alone, everything that would win over them taken
    away. They end after an hour or some: with --server the command asks an endpoint of its own,
    which renews. The exit code is the command's; 126 when it cannot be run, 127 when it is not
    found.

    With --hold, signed out and off a terminal, it waits for a sign-in in any shell, 12 hours or what
    wait_for_sign_in says; so does every profile of ours that the command uses.
    """
    program: list[str] = ctx.meta.get(_PROGRAM, [])
    if not program or output.options().json:
        raise UsageProblem(
            "exec takes a command behind --" if not program else "exec has no JSON",
            hint="for example: ssohelper exec PROFILE -- aws s3 ls",
        )
    if sys.platform == "win32" and server:
        raise output.not_on_windows("exec --server")
    app = output.get_app()
    run.find_program(program[0], app.environ)
    chosen = profile_use.choose_profile(profile)
    # What runs below `exec --hold` waits too.
    is_held = hold or sign_in_wait.VARIABLE in app.environ
    hold_text = sign_in_wait.hold_text(app, chosen.session) if is_held else ""
    if server:
        from ssohelper.cli import serve_command

        ctx.exit(serve_command.run_with_server(app, chosen, program, hold_text))
    ctx.exit(_run_with_keys(app, chosen, program, hold_text))


def _run_with_keys(app: App, chosen: Profile, program: list[str], hold_text: str) -> int:
    keys = profile_use.run_signed_in(
        app,
        chosen,
        lambda: credentials.release(
            app,
            chosen.session,
            chosen.role,
            app.deadline(),
            least_share=credentials.NEARLY_WHOLE,
        ),
        hold_seconds=sign_in_wait.parse_wait_seconds(hold_text),
    )
    child = environment.build_keys_environment(app, chosen, keys).for_child(app.environ)
    child.update(sign_in_wait.child_variables(hold_text))
    output.say(f"{profile_use.describe_role(app, chosen)}: {profile_use.keys_left_text(app, keys)}")
    favourites.record_use(app, chosen)
    return run.replace_process(program, child)
