"""The commands demo and emulator serve, with an emulated Identity Center on this machine."""

import sys
from pathlib import Path

import click

from ssohelper.cli import demo_run, output
from ssohelper.emulator import server
from ssohelper.emulator.listener import EmulatorError
from ssohelper.errors import ConfigInvalid, LocalState, UsageProblem


@click.command("demo")
@output.common_options
@click.pass_context
def run_demo(ctx: click.Context) -> None:
    """Try everything on a local Identity Center; no AWS account needed.

    \b
    Examples:
      ssohelper demo                 sign in with your browser, then a shell to try things in
      ssohelper demo < /dev/null | cat      the main commands, run and explained

    It runs in a temporary home folder; your own ~/.aws is not changed.
    """
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    ctx.exit(demo_run.run_demo_with_shell() if on_terminal else demo_run.run_narrated_demo())


@click.group("emulator")
@output.common_options
def emulator_command_group() -> None:
    """Run the demo's Identity Center alone.

    \b
    Examples:
      ssohelper emulator serve
    """


@emulator_command_group.command("serve")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=0,
    metavar="PORT",
    help="0, the default, means any free port.",
)
@click.option(
    "--world",
    "world_file",
    type=click.Path(path_type=Path),
    help="A JSON or TOML file with the users, accounts and roles to serve.",
)
@click.option(
    "--ready-file", type=click.Path(path_type=Path), help="A file to write once the server listens."
)
@output.common_options
@click.pass_context
def serve_emulator(
    ctx: click.Context, port: int, world_file: Path | None, ready_file: Path | None
) -> None:
    """Serve an emulated Identity Center until Ctrl-C.

    \b
    Examples:
      ssohelper emulator serve
      ssohelper emulator serve --port 8765 --world world.json --ready-file ready.json

    Listens on 127.0.0.1 only, and prints the commands that make another shell use it. The ready
    file gets the same settings as JSON.
    """
    if world_file is not None and not world_file.exists():
        hint = "without --world, the demo's users, accounts and roles are served"
        raise UsageProblem(f'there is no world file "{world_file}"', hint=hint)
    try:
        server.serve_until_signal(
            port=port,
            world_file=str(world_file) if world_file else None,
            ready_file=str(ready_file) if ready_file else None,
        )
    except ValueError as cause:
        raise ConfigInvalid(str(cause)) from cause
    except EmulatorError as cause:
        raise UsageProblem(str(cause)) from cause
    except OSError as cause:
        # An OSError of the socket names no file. With a file name, the error is about the ready
        # file, the only one that the server writes.
        what = f"port {port} cannot be used" if cause.filename is None else f'"{ready_file}"'
        raise LocalState(f"{what}: {cause.strerror or cause}") from cause
    ctx.exit(0)
