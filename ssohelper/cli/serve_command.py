"""serve: the credentials endpoint in the foreground. `exec --server` is the same beside a command."""

import contextlib
import os
import re
import signal
import sys
import threading
from pathlib import Path

import click

from ssohelper.actions import clocks, credentials, favourites, run, run_beside, sign_in_wait
from ssohelper.app import App
from ssohelper.cli import choosing, output, profile_use
from ssohelper.core import shell_text
from ssohelper.core.model import Profile
from ssohelper.core.text import is_harmless, show
from ssohelper.endpoint.serving import Serving
from ssohelper.errors import LocalState, LoginRequired, UsageProblem

if sys.platform == "win32":
    raise ImportError("there is no endpoint on Windows")

_PLAIN_PATH = re.compile(r"[A-Za-z0-9@%+=:,./_-]+")
_ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)


@click.command("serve")
@click.argument("profile", required=False)
@click.option("--port", type=click.IntRange(1, 65535), help="Listen on this port of 127.0.0.1.")
@click.option(
    "--env-file",
    metavar="PATH",
    help="Write address and token there, for containers; the token is new at each start.",
)
@click.option(
    "--token-folder",
    metavar="DIR",
    help="Keep the token in DIR/token, for containers that mount DIR; it reaches them at a restart.",
)
@click.option(
    "--socket",
    "socket_file",
    metavar="PATH",
    help="Answer on a socket file, for containers that mount it.",
)
@output.common_options
def serve(
    profile: str | None,
    port: int | None,
    env_file: str | None,
    token_folder: str | None,
    socket_file: str | None,
) -> None:
    """Serve credentials of a role to programs that renew by themselves.

    \b
    Examples:
      ssohelper serve payments-prod.ReadOnlyAccess
      ssohelper serve payments-prod.ReadOnlyAccess --socket ~/.payments.sock
      ssohelper serve payments-prod.ReadOnlyAccess --env-file ~/.payments.env \\
          --token-folder ~/.payments

    Stays in the foreground until Ctrl-C, renews before anything ends, and says in time when a
    person will be needed. Prints what a shell needs to use it. It listens on 127.0.0.1 alone.
    """
    app = output.app()
    chosen = choosing.profile(profile)
    env_path, socket_path = _absolute(env_file), _absolute(socket_file)
    token_path = _absolute(token_folder)
    if env_path and token_path:
        _check_plain(token_path)
    old_port = app.env_file(env_path).load_port() if env_path else None
    with _serving(app, chosen) as serving:
        # Before the sign-in: what cannot be is said at once.
        if socket_path:
            serving.open_socket(socket_path)
        if token_path:
            serving.keep_token_in(token_path)
        if port or env_path or token_path or not socket_path:
            _open_port(serving, port, old_port)
        _signed_in(app, chosen)
        ending = _hold_signals()
        serving.start()
        output.say(f"serving {profile_use.who(app, chosen)} until Ctrl-C")
        _warn_of_unknown_end(app, chosen)
        if env_path:
            app.env_file(env_path).save(serving.env_file_variables())
        _print_way(serving, env_path, token_path, socket_path, by_port=port is not None)
        output.flush()
        favourites.record(app, chosen)
        came = signal.sigwait(ending)
    click.get_current_context().exit(128 + came)


def run_beside_server(app: App, chosen: Profile, program: list[str], hold_text: str) -> int:
    """Run the program with an endpoint of its own; return its exit code.

    `hold_text`: how long it, and what it runs, waits for a sign-in; "" for not at all.
    Raises: ProgramNotFound (127), NotExecutable (126).
    """
    run.found_program(program[0], app.environ)
    _signed_in(app, chosen, hold_text)
    with _serving(app, chosen) as serving:
        run_beside.hold_signals()
        serving.open_port()
        serving.start()
        child = serving.environment().of_child(app.environ)
        child.update(sign_in_wait.variables(hold_text))
        output.say(f"{profile_use.who(app, chosen)}: these credentials are renewed")
        _warn_of_unknown_end(app, chosen)
        favourites.record(app, chosen)
        ended = run_beside.to_its_end(program, child)
    if ended.by_terminal:
        # A script above us stops at Ctrl-C only when it sees that we ended by it too.
        output.flush()
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
        os.kill(os.getpid(), signal.SIGINT)
    return ended.code


# -- pieces ------------------------------------------------------------------------------------


def _signed_in(app: App, chosen: Profile, hold_text: str = "") -> None:
    """Have credentials before anybody asks: what is wrong is said here, with its exit code."""
    profile_use.signed_in(
        app,
        chosen,
        lambda: credentials.release(app, chosen.session, chosen.role, "serve", app.deadline()),
        hold_seconds=sign_in_wait.seconds_in(hold_text),
    )


def _warn_of_unknown_end(app: App, chosen: Profile) -> None:
    """A job must not end because nobody knew that nothing would be said before."""
    with contextlib.suppress(LoginRequired):
        token = app.tokens.load(chosen.session)
        if token:
            clocks.warn_of_unknown_end(app, chosen.session, token)


def _serving(app: App, chosen: Profile) -> Serving:
    return Serving(app, chosen, "serve", tell=_tell, warn=_warn)


def _tell(message: str) -> None:
    _say_aside(f"ssohelper: notice: {show(message)}")


def _warn(message: str) -> None:
    _say_aside(f"ssohelper: warning: {show(message)}")


def _say_aside(text: str) -> None:
    """Say lines without waiting: a terminal that Ctrl-S has stopped takes no words.

    Who answers and renews must not wait for it.
    """
    says = threading.Thread(target=output.say, args=(text,), daemon=True, name="ssohelper-says")
    with contextlib.suppress(RuntimeError):  # the system gives no more threads: nobody's end
        says.start()


def _hold_signals() -> set[signal.Signals]:
    """Keep the signals that end us for `sigwait`; before any thread is made: they inherit it.

    What nohup had ignored stays ignored. Not Ctrl-C, which a script ignores in what it starts
    with `&`: when the script ends by it nobody needs us any more.
    """
    ending = set(_ENDING)
    if signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        ending.remove(signal.SIGHUP)
    # SIGTTOU: a notice from the background must not stop us where `stty tostop` is set.
    signal.pthread_sigmask(signal.SIG_BLOCK, {*ending, signal.SIGTTOU})
    return ending


def _open_port(serving: Serving, port: int | None, old_port: int | None) -> None:
    """Listen where the endpoint before did, so that clients which have its address find this one."""
    try:
        serving.open_port(port or old_port or 0)
    except LocalState:
        if port or old_port is None:
            raise
        serving.open_port()
        output.warn(
            f"port {old_port} of before is taken: the address is new, read the env file anew"
        )


def _check_plain(folder: Path) -> None:
    """Refuse a path that docker and a shell would read from an env file in two ways."""
    if not _PLAIN_PATH.fullmatch(str(folder)):
        raise UsageProblem(
            f'"{show(str(folder), 80)}" cannot stand in an env file',
            hint="use a folder whose path has letters, digits and @%+=:,./_- alone",
        )


def _absolute(text: str | None) -> Path | None:
    if text is None:
        return None
    if not text or not is_harmless(text):
        raise UsageProblem(f'"{show(text, 80)}" cannot be the name of a file')
    try:
        return Path(text).absolute()
    except OSError as cause:
        raise LocalState(
            "the folder that you are in is no longer there", hint="name the whole path"
        ) from cause


def _print_way(
    serving: Serving,
    env_file: Path | None,
    token_folder: Path | None,
    socket_path: Path | None,
    *,
    by_port: bool,
) -> None:
    """Print how to use it: data, so on stdout, and never the token."""
    has_other_way = env_file or token_folder or socket_path
    exports = None if has_other_way and not by_port else serving.environment()
    if output.talk().json:
        data = {
            "url": serving.url if exports or env_file or token_folder else None,
            "environment": exports.revealed() if exports else None,
            "unset": list(exports.unset) if exports else None,
            "env_file": str(env_file) if env_file else None,
            "token_folder": str(token_folder) if token_folder else None,
            "socket": str(socket_path) if socket_path else None,
        }
        output.print_json(data, output.app().warnings)
        return
    if exports:
        output.echo(shell_text.assignments("bash", exports.revealed(), exports.unset))
    if token_folder:
        output.echo(show(f"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE={token_folder}/token"))
        output.echo(f"AWS_CONTAINER_CREDENTIALS_FULL_URI={serving.url}")
    if env_file:
        output.echo(show(str(env_file)))
    if socket_path:
        line = (
            f"curl -sS --fail-with-body --unix-socket {shell_text.quoted('bash', str(socket_path))}"
        )
        output.echo(f"credential_process = {line} http://localhost/")
