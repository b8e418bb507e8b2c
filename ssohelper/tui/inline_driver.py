"""The driver of the pickers, which are drawn below the prompt. Import on Unix only."""

import sys

from textual.drivers.linux_inline_driver import LinuxInlineDriver

from ssohelper.tui.terminal_driver import CleanTerminalDriver

if sys.platform == "win32":
    raise ImportError("on Windows, Textual's own driver reads the terminal")


class InlineDriver(CleanTerminalDriver, LinuxInlineDriver):
    IS_FULL_SCREEN = False

    def write(self, data: str) -> None:
        """Write to the terminal at the next `flush`."""
        self.output.add(data)

    def flush(self) -> None:
        self.output.write("")
