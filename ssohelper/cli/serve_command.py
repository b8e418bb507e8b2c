"""The command serve: runs the credentials endpoint in the foreground, or for `exec --server`."""

import contextlib
import os
import re
import signal
import sys
import threading
from pathlib import Path

import click

from ssohelper.actions import clocks, credentials, favourites, guards, notices, run, run_child
from ssohelper.actions.agents import Limits
from ssohelper.app import App
from ssohelper.cli import choosing, output, profile_use
from ssohelper.core import shell_text
from ssohelper.core.model import Profile
from ssohelper.core.policy import Way
from ssohelper.core.text import is_harmless, show
from ssohelper.endpoint.serving import Endpoint
from ssohelper.errors import LocalState, LoginRequired, UsageProblem

if sys.platform == "win32":
    raise ImportError("there is no endpoint on Windows")

_PLAIN_PATH = re.compile(r"[A-Za-z0-9@%+=:,./_-]+")
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@click.command("serve", cls=output.Command)
@click.argument("profile", required=False)
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    metavar="PORT",
    help="Listen on this port of 127.0.0.1. Default: any free port.",
)
@click.option(
    "--env-file",
    metavar="PATH",
    help="Write the endpoint's address and token to this file; each start makes a new token.",
)
@click.option(
    "--token-folder",
    metavar="DIR",
    help="Write the token to DIR/token; containers that mount DIR see a new one after a restart.",
)
@click.option(
    "--socket",
    "socket_file",
    metavar="PATH",
    help="Listen on a socket file, for containers that mount it.",
)
def serve_credentials(
    app: App,
    profile: str | None,
    port: int | None,
    env_file: str | None,
    token_folder: str | None,
    socket_file: str | None,
) -> int:
    """Serve credentials of a role to programs that request new ones automatically.

    \b
    Examples:
      ssohelper serve payments-prod.ReadOnlyAccess
      ssohelper serve payments-prod.ReadOnlyAccess --socket ~/.payments.sock
      ssohelper serve payments-prod.ReadOnlyAccess --env-file ~/.payments.env \\
          --token-folder ~/.payments

    Runs in the foreground until Ctrl-C, renews credentials before they expire, and prints a notice
    before an interactive sign-in is needed. Prints the variables by which programs find this
    endpoint. Listens on 127.0.0.1 only.
    """
    chosen = choosing.choose_profile(profile)
    # Before unreadable settings end the command: a refusal must get a line in the journal.
    app.vault.check_release(chosen.key, Way.SERVE)
    env_path, token_path = _absolute_path(env_file), _absolute_path(token_folder)
    socket_path = _absolute_path(socket_file)
    if env_path and token_path and not _PLAIN_PATH.fullmatch(str(token_path)):
        raise UsageProblem(  # docker and shells would read the path differently
            f'"{show(str(token_path), 80)}" cannot be written to an env file',
            hint="use a folder whose path has only letters, digits and @%+=:,./_-",
        )
    old_port = app.make_env_file(env_path).load_port() if env_path else None
    with _make_endpoint(app, chosen) as endpoint:
        # Before the sign-in, so that an unusable address is an error at once.
        if socket_path:
            endpoint.listen_on_socket(socket_path)
        if token_path:
            endpoint.save_token_in(token_path)
        if port or not socket_path or env_path or token_path:
            _listen_on_port(endpoint, port, old_port)
        _ensure_signed_in(app, chosen)
        ending = _block_signals()
        endpoint.start()
        output.say(f"serving {profile_use.describe_role(app, chosen)} until Ctrl-C")
        _warn_of_unknown_end(app, chosen)
        if env_path:
            app.make_env_file(env_path).save(endpoint.env_file_variables())
        _print_endpoint_usage(endpoint, env_path, token_path, socket_path, by_port=port is not None)
        favourites.record_use_of_role(app, chosen)
        received = signal.sigwait(ending)
    return 128 + received


def run_with_endpoint(
    app: App,
    chosen: Profile,
    program: list[str],
    hold_text: str,
    limits: Limits,
) -> int:
    """Return the program's exit code. Raises: ProgramNotFound (127), NotExecutable (126).

    `hold_text` says how long this process and the program wait for a sign-in; "" if they do not.
    """
    run.find_program(program[0], app.environ)
    _ensure_signed_in(app, chosen, hold_text)
    with _make_endpoint(app, chosen) as endpoint:
        run_child.block_signals()
        endpoint.listen_on_port()
        endpoint.start()
        found = guards.with_grant_reason(app, chosen.key, endpoint.prepare_environment(limits.kept))
        child = found.environ_with_changes(app.environ)
        child.update({**notices.build_wait_variables(hold_text), **limits.variables})
        output.say(
            f"{profile_use.describe_role(app, chosen)}: these keys are renewed automatically"
        )
        _warn_of_unknown_end(app, chosen)
        favourites.record_use_of_role(app, chosen)
        ended = run_child.run_program_to_end(program, child)
    if ended.by_terminal:
        # A script that runs this process stops at Ctrl-C only if SIGINT has ended this process too.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        os.kill(os.getpid(), signal.SIGINT)
    return ended.code


# -- starting an endpoint, and printing how to use it ------------------------------------------


def _ensure_signed_in(app: App, chosen: Profile, hold_text: str = "") -> None:
    profile_use.run_with_sign_in(
        app,
        chosen,
        lambda: credentials.release_credentials(
            app, chosen.session, chosen.role, Way.SERVE, app.clock.deadline()
        ),
        way=Way.SERVE,
        hold_seconds=notices.parse_wait_seconds(hold_text),
    )


def _warn_of_unknown_end(app: App, chosen: Profile) -> None:
    """The user gets no advance notice of an end that is unknown."""
    with contextlib.suppress(LoginRequired):
        token = app.tokens.load(chosen.session)
        if token:
            clocks.warn_of_unknown_end(app, chosen.session, token)


def _make_endpoint(app: App, chosen: Profile) -> Endpoint:
    return Endpoint(
        app,
        chosen,
        print_notice=lambda message: _print_in_thread(f"ssohelper: notice: {show(message)}"),
        warn=lambda message: _print_in_thread(f"ssohelper: warning: {show(message)}"),
    )


def _print_in_thread(text: str) -> None:
    """A terminal stopped with Ctrl-S would block renewals."""
    thread = threading.Thread(target=output.say, args=(text,), daemon=True, name="ssohelper-print")
    with contextlib.suppress(RuntimeError):  # without a new thread, the text is lost
        thread.start()


def _block_signals() -> set[signal.Signals]:
    """Return the blocked signals for `sigwait`. Threads that start later block them too.

    SIGHUP stays ignored under nohup. SIGINT ends the endpoint even if a script ignores it for
    commands started with `&`: Ctrl-C that ends the script must end the endpoint too.
    """
    ending = set(_ENDING)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        ending.remove(signal.SIGHUP)
    # With `stty tostop`, a notice of a background job would stop the endpoint.
    signal.pthread_sigmask(signal.SIG_BLOCK, {*ending, signal.SIGTTOU})
    return ending


def _listen_on_port(endpoint: Endpoint, port: int | None, old_port: int | None) -> None:
    """Listen on `port`, else on the previous endpoint's port, which its clients still use."""
    try:
        endpoint.listen_on_port(port or old_port or 0)
    except LocalState:
        if port or old_port is None:
            raise
        endpoint.listen_on_port()
        output.warn(f"the previous port {old_port} is taken: clients must read the env file again")


def _absolute_path(text: str | None) -> Path | None:
    if text is None:
        return None
    if not text or not is_harmless(text):
        raise UsageProblem(f'"{show(text, 80)}" cannot be the name of a file')
    try:
        return Path(text).absolute()
    except OSError as cause:
        raise LocalState(
            "the current folder no longer exists", hint="give an absolute path"
        ) from cause


def _print_endpoint_usage(
    endpoint: Endpoint,
    env_file: Path | None,
    token_folder: Path | None,
    socket_path: Path | None,
    *,
    by_port: bool,
) -> None:
    is_used_otherwise = env_file or token_folder or socket_path
    exports = None if is_used_otherwise and not by_port else endpoint.prepare_environment()
    data = {
        "url": endpoint.url if exports or env_file or token_folder else None,
        "environment": exports.reveal_variables() if exports else None,
        "unset": list(exports.unset) if exports else None,
        "env_file": str(env_file) if env_file else None,
        "token_folder": str(token_folder) if token_folder else None,
        "socket": str(socket_path) if socket_path else None,
    }
    if output.print_if_json(data):
        return
    if exports:
        output.echo(shell_text.assignment_text("bash", exports.reveal_variables(), exports.unset))
    if token_folder:
        output.echo(show(f"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE={token_folder}/token"))
        output.echo(f"AWS_CONTAINER_CREDENTIALS_FULL_URI={endpoint.url}")
    if env_file:
        output.echo(show(str(env_file)))
    if socket_path:
        line = f"curl -sS --fail-with-body --unix-socket {shell_text.quoted_word('bash', str(socket_path))}"
        output.echo(f"credential_process = {line} http://localhost/")
