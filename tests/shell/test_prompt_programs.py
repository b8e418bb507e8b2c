"""The segments of docs/how-to/prompt.md, as they stand there, in the real starship, tmux, direnv."""

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from tests.long_rows import long_after
from tests.programs import require_program, run_program
from tests.shell.prompt_world import FOLDER, SHELLS, PromptWorld
from tests.shell.test_prompt_at_a_terminal import PATIENCE_SECONDS, Screen

NAME = "payments-prod.ReadOnlyAccess"
TEXT = f"{NAME} 7h12m"
PAGE = FOLDER.parent / "docs" / "how-to" / "prompt.md"


def snippet(first_line: str) -> str:
    """Return the code block of the page that begins with this line."""
    blocks = re.findall(r"^```\w+\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    [found] = [block for block in blocks if block.startswith(f"{first_line}\n")]
    return found


@pytest.fixture
def world(tmp_path) -> PromptWorld:
    made = PromptWorld(tmp_path)
    made.put(int(time.time()) + 7 * 3600 + 12 * 60 + 58, "known")
    (tmp_path / "work").mkdir()
    (tmp_path / ".config").mkdir()
    return made


@pytest.fixture
def screen_of(world) -> Iterator[Callable[..., Screen]]:
    with ExitStack() as stack:

        def open_screen(shell: str, setup_lines: str, **env: str) -> Screen:
            setup = f"source '{FOLDER}/prompt.{shell}'\n{setup_lines}\ncd work"
            screen = Screen(shell, {**world.env, **env}, world.folder, setup)
            return stack.enter_context(closing(screen))

        yield open_screen


def rc_snippet(shell: str, program: str) -> str:
    rc = "~/.config/fish/config.fish" if shell == "fish" else "~/.bashrc or ~/.zshrc"
    return snippet(f"# {rc}, after shell-init: {program}")


@pytest.mark.parametrize("shell", SHELLS)
def test_starship(shell, world, screen_of):
    require_program("starship")
    (world.folder / ".config" / "starship.toml").write_text(snippet("# ~/.config/starship.toml"))
    screen = screen_of(shell, rc_snippet(shell, "starship"))
    # What the page shows, except the end of the line, which is starship's.
    shown = f"{TEXT} ~/work"
    assert f"\n{shown} ❯\n" in PAGE.read_text()
    screen.wait(lambda: screen.prompt().startswith(shown))
    assert screen.cell("payments").fg == "green"
    world.put(int(time.time()) + 238, "known")
    screen.run("true")
    screen.wait(lambda: screen.prompt().startswith(f"{NAME} ==3m== ~/work"))
    assert screen.cell("payments").fg == "red"
    assert screen.prompt().count("==") == 2


@pytest.mark.parametrize("shell", SHELLS)
def test_tmux(shell, world):
    config = world.folder / "tmux.conf"
    more = f"set -g default-shell {require_program(shell)}\nset -g status-interval 1\n"
    config.write_text(snippet("# ~/.tmux.conf") + more)
    setup_lines = rc_snippet(shell, "tmux")
    (world.folder / "rc").write_text(f"source '{FOLDER}/prompt.{shell}'\n{setup_lines}\n")
    socket = f"prompt-{os.getpid()}-{shell}"
    env = {**world.env, "TMUX_TMPDIR": str(world.folder)}
    tmux = [require_program("tmux"), "-L", socket, "-f", str(config)]
    program = {
        "bash": "bash --rcfile rc -i",
        "zsh": "zsh -f -i",
        "fish": "fish --no-config --private -C 'source rc'",
    }[shell]

    def ask(*argv: str) -> str:
        return run_program([*tmux, *argv], env, cwd=world.folder).stdout.strip()

    def wait_for(pane: str, text: str) -> None:
        ends_at, read = time.monotonic() + PATIENCE_SECONDS, ("display-message", "-pt")
        while not (found := ask(*read, pane, "#{T:status-right}")).startswith(f"{text} "):
            assert time.monotonic() < ends_at, found
            time.sleep(0.05)

    try:
        ask("new-session", "-d", "-x", "120", "-y", "20", program)
        if shell == "zsh":
            ask("send-keys", "-t", ":0.0", "source ./rc", "Enter")
        wait_for(":0.0", TEXT)
        # Another pane has another profile: each shows its own.
        world.learn("payments-dev.Developer")
        other = {"fish": "set -gx AWS_PROFILE b"}.get(shell, "export AWS_PROFILE=b")
        ask("split-window", program)
        if shell == "zsh":
            ask("send-keys", "-t", ":0.1", "source ./rc", "Enter")
        ask("send-keys", "-t", ":0.1", other, "Enter")
        wait_for(":0.1", "payments-dev.Developer 7h12m")
        wait_for(":0.0", TEXT)
    finally:
        ask("kill-server")
    assert re.search(rf"\n{re.escape(TEXT)} \d\d:\d\d\n", PAGE.read_text())


@pytest.mark.parametrize("shell", long_after(1, SHELLS))
def test_direnv(shell, world, screen_of):
    library = world.folder / ".config" / "direnv" / "lib" / "ssohelper.sh"
    library.parent.mkdir(parents=True)
    library.write_text(snippet("# ~/.config/direnv/lib/ssohelper.sh"))
    (world.folder / "work" / ".envrc").write_text(snippet("# .envrc"))
    env = {**world.env, "AWS_PROFILE": "", "AWS_ACCESS_KEY_ID": "in the way"}
    allow = [require_program("direnv"), "allow", str(world.folder / "work")]
    subprocess.run(allow, env=env, check=True, capture_output=True, timeout=60)
    hook = "direnv hook fish | source" if shell == "fish" else f'eval "$(direnv hook {shell})"'
    screen = screen_of(shell, f"{hook}\nssohelper_prompt_on", **env)
    screen.shows(TEXT)
    said = "\n".join(screen.lines())
    assert "direnv: using ssohelper payments-prod.ReadOnlyAccess" in said
    assert "+AWS_PROFILE" in said or "~AWS_PROFILE" in said
    screen.run('echo "[$AWS_PROFILE] [$AWS_ACCESS_KEY_ID]"')
    assert f"[{NAME}] []" in screen.lines()
    screen.run("cd ..")
    screen.wait(lambda: NAME not in screen.prompt())
