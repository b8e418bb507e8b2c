"""`install` as the real program: real shells start with its line, and --uninstall removes it."""

import json
import os
import re
import sys
from subprocess import CompletedProcess

import pytest

from tests.conftest import SCRIPT, Home
from tests.long_rows import long_after
from tests.programs import require_program, run_program
from tests.terminal import Conversation

WHERE = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/conf.d/ssohelper.fish"}
SHELLS = sorted(WHERE)
# An interactive shell that prints what it defines and ends.
ASK = {
    "bash": "declare -F ssohelper && complete -p ssohelper && echo $PROMPT_COMMAND",
    "zsh": "whence -w ssohelper && print $_comps[ssohelper] && print $precmd_functions",
    "fish": "set -g fish_greeting; functions -q ssohelper; and complete -C 'ssohelper whoa'; "
    "emit fish_prompt >/dev/null; functions fish_right_prompt | string match '*ssohelper_prompt*'",
}
ANSWER = {
    "bash": ["ssohelper", "complete -F _ssohelper ssohelper", "__ssohelper_prompt_hook"],
    "zsh": ["ssohelper: function", "_ssohelper", "__ssohelper_prompt_hook"],
    "fish": [
        "whoami\tShow which account and role a profile stands for",
        "     ssohelper_prompt; __ssohelper_prompt_right; ",
    ],
}
NO_RC = {"bash": "--norc", "zsh": "-f", "fish": "--no-config"}
COMPINIT = "autoload -U compinit && compinit -u -D\n"


def start(home: Home, shell: str, text: str, *options: str, **more: str) -> "CompletedProcess[str]":
    """Run a new interactive shell."""
    return run_program(
        [require_program(shell), *options, "-i", "-c", text],
        {**home.env, "TERM": "xterm", **more},
        cwd=home.path,
        start_new_session=True,
    )


def started(home: Home, shell: str, *options: str) -> list[str]:
    """Return what a new interactive shell prints about ssohelper."""
    # At its prompt, fish also tells the terminal the folder.
    printed = start(home, shell, ASK[shell], *options).stdout
    return re.sub("\x1b][^\x07]*\x07", "", printed).splitlines()


class TestRealShells:
    @pytest.mark.parametrize("shell", SHELLS)
    @pytest.mark.parametrize("on_path", long_after(1, [False, True]))
    def test_start_with_the_function_and_the_completion(self, home, run, shell, on_path):
        if not on_path:
            home.env["PATH"] = "/usr/bin:/bin"
        file = home.path / WHERE[shell]
        if shell == "zsh":
            file.write_text(COMPINIT)
        assert started(home, shell)[:1] != ANSWER[shell][:1]
        said = run.ok("install", "--shell", shell, "--yes").stderr
        assert "shell-init" in said
        assert started(home, shell) == ANSWER[shell]
        # A shell that runs already needs only the line that is named.
        line = said.partition("this shell after: ")[2].splitlines()[0]
        here = start(home, shell, f"{line}; {ASK[shell]}", NO_RC[shell])
        assert ANSWER[shell][0] in here.stdout.splitlines()
        # There is no error when the command no longer exists.
        text = file.read_text()
        file.write_text(text.replace(SCRIPT, "/gone/ssohelper"))
        gone = start(home, shell, "echo well", PATH="/usr/bin:/bin")
        assert (gone.stdout, "ssohelper" in gone.stderr) == ("well\n", False)
        file.write_text(text)
        assert run("install", "--shell", shell, "--uninstall", "--yes").returncode == 0
        assert started(home, shell)[:1] != ANSWER[shell][:1]

    @pytest.mark.long
    @pytest.mark.parametrize(("now", "later"), [("", COMPINIT), ("", ""), (COMPINIT, "")])
    def test_completion_works_in_a_zsh_that_runs_compinit_later_or_never(
        self, home, run, now, later
    ):
        run("install", "--shell", "zsh", "--yes")
        rc = home.path / ".zshrc"
        rc.write_text(f"{rc.read_text()}{now}PS1='$ '\n")
        shell = Conversation([require_program("zsh"), "-i"], {**home.env, "TERM": "xterm"})
        shell.expect_exact("$ ")
        shell.send(f"{later}print rea''dy\n")
        shell.expect_exact("ready\r\n")
        shell.send("ssohelper whoa\t--he\t")
        shell.expect_exact("whoami")
        shell.expect_exact("--help")
        shell.close(force=True)

    @pytest.mark.parametrize("name", [".bash_profile", ".profile", None])
    def test_prints_the_line_that_login_shells_of_bash_need(self, home, run, name):
        """tmux and ssh start login shells, which do not read .bashrc by themselves."""
        if name:
            (home.path / name).write_text("export A=1\n")
        printed = run("install", "--shell", "bash", "--yes").stderr
        place, line = re.findall(r"login shells .* add to (.*?): (.*)", printed)[0]
        assert place == str(home.path / (name or ".bash_profile"))
        with open(place, "a") as file:
            file.write(f"{line}\n")
        assert started(home, "bash", "-l") == ANSWER["bash"]
        run("install", "--shell", "bash", "--uninstall", "--yes")
        assert "login shells" not in run("install", "--shell", "bash", "--yes").stderr


class TestFile:
    # tests/core/test_rc_text.py has more contents.
    @pytest.mark.parametrize(
        ("shell", "content"),
        [("bash", None), ("bash", b"# \xff\r\nx"), ("zsh", b"x=1"), ("fish", None)],
    )
    def test_the_rc_file_is_as_before_after_uninstall(self, home, run, shell, content):
        file = home.path / WHERE[shell]
        if content is not None:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
            file.chmod(0o640)
        run("install", "--shell", shell, "--yes")
        assert file.read_bytes().startswith(content or b"")
        assert file.stat().st_mode & 0o777 == (0o644 if content is None else 0o640)
        run("install", "--shell", shell, "--uninstall", "--yes")
        assert (file.read_bytes() if file.exists() else None) == content

    @pytest.mark.parametrize(
        ("before", "meanwhile", "left"),
        [
            (None, None, ".config"),
            (".config/fish/conf.d", None, ".config"),
            (None, ".config/fish/config.fish", ".config/fish"),
        ],
    )
    def test_uninstall_removes_the_empty_folders_above_its_file(
        self, home, run, before, meanwhile, left
    ):
        if before:
            (home.path / before).mkdir(parents=True)
        run("install", "--shell", "fish", "--yes")
        run("install", "--shell", "fish", "--yes", env={"PATH": "/usr/bin:/bin"})
        if meanwhile:
            (home.path / meanwhile).touch()
        assert run("install", "--shell", "fish", "--uninstall", "--yes").returncode == 0
        places = [".config/fish/conf.d", ".config/fish", ".config"]
        assert next((name for name in places if (home.path / name).exists()), None) == left

    def test_is_not_written_off_a_terminal_without_yes(self, home, run):
        printed = run("install", "--shell", "bash")
        assert printed.returncode == 2
        assert "+# >>> ssohelper >>>" in printed.stderr
        printed = run("install", "--shell", "bash", "--dry-run")
        assert (printed.returncode, printed.stderr) == (0, "")
        assert printed.stdout.startswith("--- /dev/null\n")
        printed = run("install", "--shell", "bash", "--yes", env={"UV_CACHE_DIR": sys.prefix})
        assert printed.returncode == 2
        assert "uv tool install" in printed.stderr  # this is a throw-away installation
        assert run("install", "--uninstall", "--no-prompt", "--yes").returncode == 2
        assert not (home.path / ".bashrc").exists()

    def test_is_written_on_a_terminal_only_after_the_answer_yes(self, home, terminal):
        for answer, is_written in (("n", False), ("y", True)):
            asked = terminal("install", "--shell", "bash")
            asked.talk("+# >>> ssohelper >>>", ("[y/N]", answer))
            asked.ended()
            assert (home.path / ".bashrc").exists() == is_written

    def test_a_symlink_stays_a_symlink_and_a_second_install_changes_nothing(self, home, run):
        target = home.path / "dotfiles" / "bashrc"
        target.parent.mkdir()
        target.write_text("x=1\n")
        (home.path / ".bashrc").symlink_to("dotfiles/bashrc")
        run("install", "--shell", "bash", "--yes")
        assert (home.path / ".bashrc").is_symlink()
        before = target.read_bytes()
        assert b"shell-init" in before
        printed = run("install", "--shell", "bash", "--yes")
        assert "already has the line of ssohelper" in printed.stderr
        assert target.read_bytes() == before
        run("install", "--shell", "bash", "--uninstall", "--yes")
        assert (home.path / ".bashrc").is_symlink()
        assert target.read_text() == "x=1\n"

    def test_is_in_the_zdotdir_that_a_zshenv_sets_without_exporting_it(self, home, run):
        require_program("zsh")
        (home.path / ".zshenv").write_text("echo hello\nZDOTDIR=$HOME/dots\n")
        run("install", "--shell", "zsh", "--yes")
        assert (home.path / "dots" / ".zshrc").exists()
        assert not (home.path / ".zshrc").exists()

    @pytest.mark.parametrize("shell", ["bash", "fish"])
    def test_a_line_that_the_user_wrote_stays(self, home, run, shell):
        by_hand = home.path / {"bash": ".bash_profile", "fish": ".config/fish/config.fish"}[shell]
        by_hand.parent.mkdir(parents=True, exist_ok=True)
        by_hand.write_text(f"\nssohelper shell-init {shell} | source\n")
        for more in ([], ["--uninstall"]):
            printed = run.ok("install", "--shell", shell, "--yes", *more)
            assert f"{by_hand}:2; nothing was changed" in printed.stderr
        assert not (home.path / WHERE[shell]).exists()

    @pytest.mark.parametrize("obstacle", ["read-only", "folder", "fifo"])
    def test_a_file_that_cannot_be_written_is_exit_7(self, home, run, obstacle):
        file = home.path / ".bashrc"
        if obstacle == "read-only":
            file.write_text("x\n")
            file.chmod(0o400)
        elif obstacle == "folder":
            file.mkdir()
        else:
            os.mkfifo(file)
        assert run("install", "--shell", "bash", "--yes").returncode == 7
        assert obstacle != "read-only" or file.read_text() == "x\n"

    @pytest.mark.parametrize("shell", SHELLS)
    def test_no_prompt_leaves_the_prompt_out_until_prompt_is_given(self, home, run, shell):
        file = home.path / WHERE[shell]
        run("install", "--shell", shell, "--no-prompt", "--yes")
        assert "ssohelper_prompt" not in file.read_text()
        without = file.read_text()
        assert "already has" in run("install", "--shell", shell, "--yes").stderr
        assert file.read_text() == without
        run("install", "--shell", shell, "--prompt", "--yes")
        assert "ssohelper_prompt_on" in file.read_text()
        run("install", "--shell", shell, "--no-prompt", "--yes")
        assert file.read_text() == without
        run("install", "--shell", shell, "--uninstall", "--yes")
        assert not file.exists()


@pytest.mark.parametrize("argv", [["--shell", "tcsh"], []])
def test_an_unsupported_shell_is_exit_2_and_the_option_wins_over_the_variable(run, argv):
    printed = run("install", "--yes", *argv, env={"SHELL": "/bin/tcsh"})
    assert printed.returncode == 2
    assert "zsh" in printed.stderr
    printed = run("install", "--dry-run", "--json", "--shell", "fish", env={"SHELL": "/bin/zsh"})
    assert json.loads(printed.stdout)["data"]["shell"] == "fish"


class TestTheCommand:
    @pytest.mark.parametrize("shell", SHELLS)
    def test_the_command_is_found_before_another_line_puts_it_on_path(self, home, run, shell):
        """Debian's .profile reads .bashrc first, and only then adds ~/.local/bin to PATH."""
        link = home.path / ".local" / "bin" / "ssohelper"
        link.parent.mkdir(parents=True)
        link.symlink_to(SCRIPT)
        link.with_name("ssohelper-credentials").symlink_to(f"{SCRIPT}-credentials")
        if shell == "zsh":
            (home.path / ".zshrc").write_text(COMPINIT)
        run("install", "--shell", shell, "--yes", env={"PATH": f"{link.parent}:/usr/bin:/bin"})
        assert (
            "~/.local/bin/ssohelper-credentials shell-init"
            in (home.path / WHERE[shell]).read_text()
        )
        home.env["PATH"] = "/usr/bin:/bin"
        assert started(home, shell) == ANSWER[shell]
