"""The text of `shell-init`: for which arguments it is printed, and which commands it names."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from ssohelper.system import shell_texts

LAUNCHER = "ssohelper-credentials"


@pytest.fixture
def command(tmp_path, monkeypatch) -> Path:
    """Make this process the program in a folder that is not on PATH, with a launcher beside it."""
    folder = tmp_path / "it's here"
    folder.mkdir()
    for name in ("ssohelper", LAUNCHER):
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(folder / "ssohelper")])
    monkeypatch.setenv("PATH", "/nowhere")
    return folder / "ssohelper"


@pytest.mark.parametrize(
    "argv",
    [
        *([], ["tcsh"], ["bash", "zsh", "fish"], ["bash", "--cmd"], ["bash", "--name", "x"]),
        *(["bash", "--cmd", name] for name in ("", "1x", "a b", "x" * 65)),
    ],
)
def test_other_arguments_are_left_to_click(argv, capfdbinary):
    assert not shell_texts.print_shell_init(argv)
    assert capfdbinary.readouterr().out == b""


def test_a_stdout_that_cannot_be_written_is_left_to_click():
    kept, full = os.dup(1), os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, 1)
    try:
        assert not shell_texts.print_shell_init(["bash"])
    finally:
        os.dup2(kept, 1)
        os.close(kept)
        os.close(full)


def test_an_installation_has_the_shipped_files_below_share(tmp_path, monkeypatch):
    prefix = tmp_path / "prefix"
    roots = [str(tmp_path), str(prefix)]
    monkeypatch.setattr(shell_texts, "_list_possible_installation_roots", lambda: roots)
    assert not shell_texts.print_shell_init(["bash"])
    assert shell_texts.completion_script_of("bash") is None
    path = prefix / "share" / "ssohelper" / "ssohelper.bash"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"function ssohelper { :; }\n")
    assert shell_texts.shell_init_text("bash", "ssohelper") == b"function ssohelper { :; }\n"
    assert shell_texts.shell_init_text("bash", "sso") == b"function sso { :; }\n"


class TestPaths:
    TEXT = b"command ssohelper x; command ssohelper-credentials y; exec ssohelper z; ssohelper\n"

    def test_commands_that_path_does_not_find_are_named_by_their_paths(self, command):
        word = "'" + str(command).replace("'", "'\\''") + "'"
        launcher = "'" + str(command.with_name(LAUNCHER)).replace("'", "'\\''") + "'"
        assert shell_texts.with_absolute_command_paths(self.TEXT, "bash").decode() == (
            f"command {word} x; command {launcher} y; exec {word} z; ssohelper\n"
        )

    @pytest.mark.parametrize(("shell", "quote"), [("fish", "\\'"), ("pwsh", "''")])
    def test_a_quote_is_written_as_the_shell_reads_it(self, command, shell, quote):
        text = shell_texts.with_absolute_command_paths(b"command ssohelper x", shell).decode()
        assert text == f"command '{str(command).replace(chr(39), quote)}' x"

    def test_commands_on_path_keep_their_names(self, command, monkeypatch):
        """And a missing launcher is not named."""
        command.with_name(LAUNCHER).unlink()
        text = shell_texts.with_absolute_command_paths(b"command ssohelper-credentials y", "zsh")
        assert LAUNCHER.encode() not in text
        assert os.fsencode(command.name) in text
        monkeypatch.setenv("PATH", f"/nowhere:{command.parent}")
        text = self.TEXT.replace(b"-credentials", b"")
        assert shell_texts.with_absolute_command_paths(text, "bash") == text

    def test_the_launcher_beside_a_links_target_is_found(self, command, tmp_path, monkeypatch):
        link = tmp_path / "bin" / "ssohelper"
        link.parent.mkdir()
        link.symlink_to(command)
        monkeypatch.setattr(sys, "argv", [str(link)])
        assert shell_texts._find_path_of_launcher(str(link)) == str(command.with_name(LAUNCHER))

    @pytest.mark.parametrize("name", ["/usr/bin/pytest", "/a\nb/ssohelper"])
    def test_another_program_changes_nothing(self, monkeypatch, name):
        monkeypatch.setattr(sys, "argv", [name])
        assert shell_texts.with_absolute_command_paths(self.TEXT, "bash") == self.TEXT


def test_the_program_ends_without_python_s_cleanup():
    """The cleanup takes 2 ms, which each new shell would wait for."""
    program = (
        "import atexit, sys\n"
        "atexit.register(print, 'cleanup')\n"
        "sys.argv = ['ssohelper', 'shell-init', 'bash']\n"
        "from ssohelper.__main__ import main\n"
        "main()\n"
        "print('still here')\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, timeout=60)
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"ssohelper_prompt_on" in ended.stdout
    assert not {b"cleanup", b"still here"} & set(ended.stdout.splitlines())
