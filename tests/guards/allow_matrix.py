"""Each way below an allow-list, and lists that do not include the role that is asked for."""

import shlex
from collections.abc import Callable
from functools import partial

from ssohelper.app import App
from ssohelper.emulator.server import Emulator
from tests.conftest import SCRIPT, Home
from tests.guards.matrix import Cell
from tests.guards.ways import key_of, ways_of
from tests.guards.world import FREE, GUARDED, LAUNCHER, NAME, Guarded, has_secret

OTHER = GUARDED  # the second role, here without a rule
ROLE = {FREE: f"corp:{NAME}/{FREE}", OTHER: f"corp:{NAME}/{OTHER}"}
ENDPOINT = '-H "Authorization: $AWS_CONTAINER_AUTHORIZATION_TOKEN"'
_SERVE_AND_ASK = """
rm -f "$HOME/s" "$HOME/e"
"$0" serve "$1" %s >/dev/null & serve=$!
trap 'kill $serve 2>/dev/null' EXIT
while kill -0 $serve 2>/dev/null; do
    [ ! -e "$HOME/e" ] || . "$HOME/e"
    if [ -n "${AWS_CONTAINER_CREDENTIALS_FULL_URI-}" ] || [ -e "$HOME/s" ]; then
        curl -sS --fail-with-body %s "${AWS_CONTAINER_CREDENTIALS_FULL_URI-http://localhost/}"
        case $? in 7) ;; *) exit ;; esac
    fi
    sleep 0.1
done
wait $serve
"""


def serve(role: str, place: str, options: str) -> list[str]:
    """Return a shell's command that serves the role and asks for it; if refused, `serve`'s code."""
    return ["sh", "-c", _SERVE_AND_ASK % (place, options), SCRIPT, role]


def _way(name: str, role: str) -> list[str]:
    return ways_of(role)[name].argv


# Each way in which a program below the list asks for a role. A hit, then Python, then the rest.
WAYS: dict[str, Callable[[str], list[str]]] = {
    **{name: partial(_way, name) for name in ways_of(FREE) if name != "console, no browser"},
    "serve --socket": lambda role: serve(ROLE[role], "--socket $HOME/s", "--unix-socket $HOME/s"),
    "serve": lambda role: serve(ROLE[role], "--env-file $HOME/e", ENDPOINT),
}


def make_world(home: Home, emulator: Emulator) -> Guarded:
    """Return a signed-in home with a profile for each of two roles, and no guard rule."""
    made = Guarded(home, emulator)
    home.browser()
    made.set_rules()
    made.app.protections.save_rules(())
    text = home.config_file.read_text()
    for role in (FREE, OTHER):
        line = " ".join([LAUNCHER, *key_of(role)])
        text += f"[profile pay.{role}]\ncredential_process = {line}\n"
    home.write_config(text)
    return made


def ask(world: Guarded, way: str, argv: list[str], **more: str) -> Cell:
    """Run the way's command line, and look at what it gave."""
    notes = world.home.path / "opened"
    pages, before = notes.exists() and notes.read_text(), _refusals(world)
    done = world.run(*argv, **more)
    shown = done.stdout + done.stderr
    is_released = (
        done.returncode == 0
        or has_secret(shown)
        or "/start/#/console" in shown
        or (notes.exists() and notes.read_text()) != pages
    )
    return Cell(way, done.returncode, shown, is_released, _refusals(world) > before)


def _refusals(world: Guarded) -> int:
    lines = App(world.home.env).journal.read().lines
    return sum(line.event == "refused" for line in lines)


def ask_below(*allowed: str) -> Callable[[Guarded], list[Cell]]:
    """Return a function that asks for OTHER in each way below this value of the variable."""
    return lambda world: [
        ask(world, name, way(OTHER), SSOHELPER_ALLOW=";".join(allowed))
        for name, way in WAYS.items()
    ]


def ask_below_exec(*globs: str) -> Callable[[Guarded], list[Cell]]:
    """Return a function that asks for OTHER below an `exec --allow` for each glob, one in another."""
    outer = [word for glob in globs for word in (SCRIPT, "exec", "--allow", glob, ROLE[FREE], "--")]
    return lambda world: [ask(world, name, [*outer, *way(OTHER)]) for name, way in WAYS.items()]


def ask_with_widened_variable(world: Guarded) -> list[Cell]:
    """A child appends to the variable what would allow each role."""
    outer = [SCRIPT, "exec", "--allow", f"{NAME}/{FREE}", ROLE[FREE], "--", "sh", "-c"]
    found = []
    for name, way in WAYS.items():
        line = f'export SSOHELPER_ALLOW="$SSOHELPER_ALLOW;*/*"; exec {shlex.join(way(OTHER))}'
        found.append(ask(world, name, [*outer, line]))
    return found


def ask_after_edited_profile(world: Guarded) -> list[Cell]:
    """A child lets the profile that it may use stand for another role."""
    text = world.home.config_file.read_text()
    world.home.write_config(text.replace(f"--role-name {FREE}", f"--role-name {OTHER}"))
    return [
        ask(world, name, way(FREE if "profile" in name else OTHER), SSOHELPER_ALLOW=f"pay.{FREE}")
        for name, way in WAYS.items()
    ]


def start_sign_ins(world: Guarded) -> list[Cell]:
    """Each command that would start a sign-in, with no sign-in there and everything allowed."""
    for path in world.home.token_folder.glob("*.json"):
        path.unlink()
    url = world.emulator.world.start_url
    commands = [
        *(f"login corp {more}" for more in ("", "--force", "--device-code", "--no-browser")),
        *(f"setup {url} {more} --yes" for more in ("", "--session new --region us-east-1")),
    ]
    started = "RegisterClient", "StartDeviceAuthorization", "CreateToken"
    world.emulator.reset_counters()
    found = []
    for command in commands:
        asked = ask(world, command, [SCRIPT, *command.split()], SSOHELPER_ALLOW="*/*")
        calls = sum(world.emulator.counters[call] for call in started)
        found.append(asked._replace(is_released=asked.is_released or calls > 0))
    return found


SITUATIONS: dict[str, Callable[[Guarded], list[Cell]]] = {
    "not in the list": ask_below(f"{NAME}/{FREE}"),
    "empty list": ask_below(""),
    "damaged list": ask_below("*/*", ""),
    "a name as pattern": ask_below(f"pay.{OTHER}"),
    "narrowed by a child": ask_below_exec("*/*", f"{NAME}/{FREE}"),
    "widened by a child": ask_below_exec(f"{NAME}/{FREE}", "*/*"),
    "widened by hand": ask_with_widened_variable,
    "edited profile": ask_after_edited_profile,
    "started sign-in": start_sign_ins,
}
