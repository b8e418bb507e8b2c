"""The user's editor in the terminal of the full screen: which program, and how its end is told."""

import contextlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.app import SuspendNotSupported

from ssohelper.app import App
from ssohelper.errors import LocalState
from ssohelper.tui import foreground


class ScreenToSuspend:
    """What an editor needs of the full screen, which a test without a terminal cannot suspend."""

    def __init__(self, home: Path, editor: str, *, can_suspend: bool = True) -> None:
        self.services = App({"HOME": str(home), "PATH": "/usr/bin:/bin", "EDITOR": editor})
        self.events: list[str] = []
        self._can_suspend = can_suspend

    @contextlib.contextmanager
    def suspend(self) -> Iterator[None]:
        if not self._can_suspend:
            raise SuspendNotSupported
        self.events.append("suspended")
        yield
        self.events.append("shown again")

    def show_warning(self, message: str) -> None:
        self.events.append(message)


def edit(screen: Any, path: Path) -> None:
    foreground.run_editor(screen, str(path), 3)


def write_editor(folder: Path, script: str) -> Path:
    path = folder / "vi"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def test_an_editor_that_fails_is_named_once_the_screen_is_back(tmp_path: Path) -> None:
    editor = write_editor(tmp_path, 'echo "$@" >"$2.said"; exit 3')
    screen = ScreenToSuspend(tmp_path, str(editor))
    edit(screen, tmp_path / "config")
    assert screen.events == [
        "suspended",
        "shown again",
        f'the editor "{editor}" has ended with exit code 3',
    ]
    assert (tmp_path / "config.said").read_text() == f"+3 {tmp_path}/config\n"


def test_of_an_editor_that_succeeds_nothing_is_said(tmp_path: Path) -> None:
    screen = ScreenToSuspend(tmp_path, str(write_editor(tmp_path, "exit 0")))
    edit(screen, tmp_path / "config")
    assert screen.events == ["suspended", "shown again"]


def test_ctrl_c_in_the_editor_does_not_end_the_program(tmp_path: Path) -> None:
    screen = ScreenToSuspend(tmp_path, str(write_editor(tmp_path, "kill -INT $PPID; exit 0")))

    def interrupt(*_: object) -> None:
        screen.events.append("interrupted")

    before = signal.signal(signal.SIGINT, interrupt)
    try:
        edit(screen, tmp_path / "config")
        assert signal.getsignal(signal.SIGINT) is interrupt
    finally:
        signal.signal(signal.SIGINT, before)
    assert screen.events == ["suspended", "shown again"]


@pytest.mark.parametrize(
    ("editor", "said", "starts"),
    [
        ("", "no editor is chosen", False),
        ("no-such-editor -n", 'there is no editor "no-such-editor" on PATH', False),
        ("'open", "cannot be parsed: No closing quotation", False),
        ("no program", "the editor could not be started: ", True),
    ],
)
def test_an_editor_that_cannot_run_is_an_error(tmp_path, editor, said, starts):
    """The last one is a file that may be executed and has no `#!` line that names a program."""
    broken = write_editor(tmp_path, "")
    broken.write_text("#!/no/such/interpreter\n")
    screen = ScreenToSuspend(tmp_path, str(broken) if starts else editor)
    with pytest.raises(LocalState) as caught:
        edit(screen, tmp_path / "config")
    assert said in caught.value.message
    assert ("EDITOR" in (caught.value.hint or "")) is not starts


def test_where_the_screen_cannot_be_suspended_no_editor_starts(tmp_path: Path) -> None:
    editor = write_editor(tmp_path, f"touch {tmp_path}/started")
    screen = ScreenToSuspend(tmp_path, str(editor), can_suspend=False)
    with pytest.raises(LocalState, match="the editor could not be started"):
        edit(screen, tmp_path / "config")
    assert not (tmp_path / "started").exists()
