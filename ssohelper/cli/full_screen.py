"""Start the full-screen program and say what it ended with. Heavy: textual."""

from ssohelper.app import App
from ssohelper.cli import output
from ssohelper.cli.pickers import ended
from ssohelper.core.text import show
from ssohelper.tui.app import run


def start() -> None:
    """Run it; what to type next, if something was chosen, is said when it has left."""
    # Its warnings would be drawn over: it shows them itself.
    program = run(App())
    ended(program)
    if program.return_value:
        output.say(f"to use it in this shell: {show(program.return_value)}")
