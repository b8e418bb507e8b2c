"""Textual's driver of the pickers, which are drawn below the prompt, for Unix. Import on Unix only."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from textual.drivers.linux_inline_driver import LinuxInlineDriver

from ssohelper.tui.terminal_driver import clean_input, end_at_signals
from ssohelper.tui.terminal_output import TerminalOutput

if TYPE_CHECKING:
    from ssohelper.tui.base import TuiApp

if sys.platform == "win32":
    raise ImportError("on Windows, Textual's own driver reads the terminal")


class InlineDriver(LinuxInlineDriver):
    """Textual's driver for the pickers, with input by TerminalInput, output by TerminalOutput."""

    def __init__(self, app: TuiApp[Any], **more: Any) -> None:
        super().__init__(app, **more)
        self.program = app
        self.output = app.output = TerminalOutput(
            sys.__stderr__ or sys.stderr, is_full_screen=False
        )
        end_at_signals(app, self.output)

    def start_application_mode(self) -> None:
        """Take the terminal."""
        self.output.start()
        super().start_application_mode()

    def write(self, data: str) -> None:
        """Write to the terminal at the next `flush`."""
        self.output.add(data)

    def flush(self) -> None:
        """Write to the terminal soon."""
        self.output.write("")

    def close(self) -> None:
        """Write all output that is still waiting."""
        self.output.close()
        super().close()

    def run_input_thread(self) -> None:
        """Read the terminal until the picker ends. Textual calls this in a thread."""
        with clean_input(self, self.program):
            super().run_input_thread()
