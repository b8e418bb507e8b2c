"""install puts one line into a real rc file, real shells start with it, --uninstall takes it away."""

import json
import os
import re
import subprocess
import sys

import pexpect
import pytest

from ssohelper.actions import install as installing
from ssohelper.app import App
from tests.conftest import SCRIPT, Home, Run
from tests.programs import need

WHERE = {"bash": ".bashrc", "zsh": ".zshrc", "fish": ".config/fish/conf.d/ssohelper.fish"}
SHELLS = sorted(WHERE)
# What a person's own file may hold: nothing, no end, CRLF, no UTF-8, links and comments.
CONTENTS = [None, b"", b"x=1", b"x=1\n", b"x=1\r\ny=2\r\n", b"# \xff\n\n\n"]
# An interactive start that says what it has, then ends.
ASK = {
    "bash": ["-i", "-c", "declare -F ssohelper && complete -p ssohelper"],
    "zsh": ["-i", "-c", "whence -w ssohelper && print $_comps[ssohelper]"],
    "fish": ["-i", "-c", "functions -q ssohelper; and complete -C 'ssohelper whoa'"],
}
ANSWER = {
    "bash": ["ssohelper", "complete -F _ssohelper ssohelper"],
    "zsh": ["ssohelper: function", "_ssohelper"],
    "fish": ["whoami\tShow which account and role a profile is"],
}
COMPINIT = "autoload -U compinit && compinit -u -D\n"


def started(home: Home, shell: str) -> list[str]:
    """Return what a new interactive shell says about ssohelper."""
    said = subprocess.run(
        [need(shell), *ASK[shell]],
        env={**home.env, "TERM": "xterm"},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        cwd=home.path,
        timeout=60,
        start_new_session=True,
    )
    return said.stdout.splitlines()


class TestRealShells:
    @pytest.mark.parametrize("shell", SHELLS)
    @pytest.mark.parametrize("on_path", [True, False])
    def test_start_with_the_function_and_the_completion(
        self, home: Home, run: Run, shell: str, on_path: bool
    ) -> None:
        if not on_path:
            home.env["PATH"] = "/usr/bin:/bin"
        file = home.path / WHERE[shell]
        if shell == "zsh":
            file.write_text(COMPINIT)
        assert started(home, shell)[:1] != ANSWER[shell][:1]
        said = run("install", "--shell", shell, "--yes")
        assert said.returncode == 0
        assert "shell-init" in said.stderr
        assert started(home, shell) == ANSWER[shell]
        assert run("install", "--shell", shell, "--uninstall", "--yes").returncode == 0
        assert started(home, shell)[:1] != ANSWER[shell][:1]

    @pytest.mark.parametrize("deferred", [False, True])
    def test_zsh_that_runs_compinit_later_completes_too(
        self, home: Home, run: Run, deferred: bool
    ) -> None:
        run("install", "--shell", "zsh", "--yes")
        rc = home.path / ".zshrc"
        now, later = ("", COMPINIT) if deferred else (COMPINIT, "")
        rc.write_text(f"{rc.read_text()}{now}PS1='$ '\n")
        shell = pexpect.spawn(need("zsh"), ["-i"], env={**home.env, "TERM": "xterm"}, timeout=60)
        shell.expect_exact("$ ")
        shell.send(f"{later}print rea''dy\n")
        shell.expect_exact("ready\r\n")
        shell.send("ssohelper whoa\t--he\t")
        shell.expect_exact("whoami")
        shell.expect_exact("--help")
        shell.close(force=True)

    @pytest.mark.parametrize("shell", SHELLS)
    @pytest.mark.parametrize("on_path", [True, False])
    def test_start_without_a_word_when_the_command_is_gone(
        self, home: Home, run: Run, shell: str, on_path: bool
    ) -> None:
        elsewhere = {"PATH": "/usr/bin:/bin"}
        run("install", "--shell", shell, "--yes", env={} if on_path else elsewhere)
        file = home.path / WHERE[shell]
        file.write_text(file.read_text().replace(SCRIPT, "/gone/ssohelper"))
        said = subprocess.run(
            [need(shell), "-i", "-c", "echo well"],
            env={**home.env, **elsewhere, "TERM": "xterm"},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            start_new_session=True,
        )
        assert said.stdout == "well\n"
        assert "ssohelper" not in said.stderr

    @pytest.mark.parametrize("name", [".bash_profile", ".profile", None])
    def test_a_login_shell_of_bash_is_told_what_it_lacks(
        self, home: Home, run: Run, name: str | None
    ) -> None:
        """tmux and ssh start such; they read no .bashrc of themselves."""
        if name:
            (home.path / name).write_text("export A=1\n")
        said = run("install", "--shell", "bash", "--yes").stderr
        place, line = re.findall(r"login shells .* add to (.*?): (.*)", said)[0]
        assert place == str(home.path / (name or ".bash_profile"))
        with open(place, "a") as file:
            file.write(f"{line}\n")
        done = subprocess.run(
            [need("bash"), "-l", *ASK["bash"]],
            env={**home.env, "TERM": "xterm"},
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
            timeout=60,
            start_new_session=True,
        )
        assert done.stdout.splitlines() == ANSWER["bash"]
        run("install", "--shell", "bash", "--uninstall", "--yes")
        assert "login shells" not in run("install", "--shell", "bash", "--yes").stderr

    @pytest.mark.parametrize(("line", "lacks"), [(". ~/.bashrc", False), ("export A=1", True)])
    def test_a_login_file_that_reads_another_is_followed(
        self, home: Home, run: Run, line: str, lacks: bool
    ) -> None:
        (home.path / ".bash_profile").write_text(". ~/.profile\n")
        (home.path / ".profile").write_text(f"{line}\n")
        said = run("install", "--shell", "bash", "--yes").stderr
        assert (f"for login shells (ssh, tmux), add to {home.path}/" in said) == lacks
        assert ("/.bash_profile: " in said) == lacks


class TestFile:
    @pytest.mark.parametrize("place", [{}, {"HOME": ""}, {"HOME": "/"}])
    def test_a_path_is_below_no_home_where_there_is_none(
        self, home: Home, place: dict[str, str]
    ) -> None:
        line = installing.lines("bash", {"PATH": home.env["PATH"], **place})[-1]
        assert SCRIPT in line
        assert "~" not in line

    # The bytes do not depend on the shell: bash has them all.
    @pytest.mark.parametrize(
        ("shell", "content"),
        [("bash", content) for content in CONTENTS] + [("zsh", b"x=1"), ("fish", None)],
    )
    def test_is_as_it_was_after_uninstall(
        self, home: Home, run: Run, shell: str, content: bytes | None
    ) -> None:
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
            (None, None, None),
            (".config", None, ".config"),
            (".config/fish/conf.d", None, ".config/fish/conf.d"),
            (None, ".config/fish/config.fish", ".config/fish"),
        ],
    )
    def test_takes_the_folders_along_that_were_made_for_it(
        self, home: Home, run: Run, before: str | None, meanwhile: str | None, left: str | None
    ) -> None:
        if before:
            (home.path / before).mkdir(parents=True)
        run("install", "--shell", "fish", "--yes")
        run("install", "--shell", "fish", "--yes", env={"PATH": "/usr/bin:/bin"})
        if meanwhile:
            (home.path / meanwhile).touch()
        assert run("install", "--shell", "fish", "--uninstall", "--yes").returncode == 0
        places = [".config/fish/conf.d", ".config/fish", ".config"]
        assert next((name for name in places if (home.path / name).exists()), None) == left

    def test_is_not_touched_off_a_terminal_without_yes(self, home: Home, run: Run) -> None:
        said = run("install", "--shell", "bash")
        assert said.returncode == 2
        assert "+# >>> ssohelper >>>" in said.stderr
        assert not (home.path / ".bashrc").exists()

    def test_is_shown_and_asked_for_on_a_terminal(self, home: Home) -> None:
        for answer, there in (("n", False), ("y", True)):
            asked = pexpect.spawn(SCRIPT, ["install", "--shell", "bash"], env=home.env, timeout=60)
            asked.expect_exact("+# >>> ssohelper >>>")
            asked.expect_exact("[y/N]")
            asked.sendline(answer)
            asked.expect(pexpect.EOF)
            asked.close()
            assert (home.path / ".bashrc").exists() == there

    def test_dry_run_prints_the_diff_alone(self, home: Home, run: Run) -> None:
        said = run("install", "--shell", "bash", "--dry-run")
        assert (said.returncode, said.stderr) == (0, "")
        assert said.stdout.startswith("--- /dev/null\n")
        assert not (home.path / ".bashrc").exists()

    def test_a_link_stays_one(self, home: Home, run: Run) -> None:
        target = home.path / "dotfiles" / "bashrc"
        target.parent.mkdir()
        target.write_text("x=1\n")
        (home.path / ".bashrc").symlink_to("dotfiles/bashrc")
        run("install", "--shell", "bash", "--yes")
        assert (home.path / ".bashrc").is_symlink()
        assert "shell-init" in target.read_text()
        run("install", "--shell", "bash", "--uninstall", "--yes")
        assert (home.path / ".bashrc").is_symlink()
        assert target.read_text() == "x=1\n"

    def test_is_where_zdotdir_and_xdg_config_home_say(self, home: Home, run: Run) -> None:
        env = {"ZDOTDIR": str(home.path / "z"), "XDG_CONFIG_HOME": str(home.path / "c")}
        run("install", "--shell", "zsh", "--yes", env=env)
        run("install", "--shell", "fish", "--yes", env=env)
        assert (home.path / "z" / ".zshrc").exists()
        assert (home.path / "c" / "fish" / "conf.d" / "ssohelper.fish").exists()

    def test_is_where_a_zshenv_puts_zdotdir_without_exporting_it(
        self, home: Home, run: Run
    ) -> None:
        need("zsh")
        (home.path / ".zshenv").write_text("echo hello\nZDOTDIR=$HOME/dots\n")
        run("install", "--shell", "zsh", "--yes")
        assert (home.path / "dots" / ".zshrc").exists()
        assert not (home.path / ".zshrc").exists()

    @pytest.mark.parametrize("shell", ["bash", "fish"])
    def test_a_line_by_hand_is_left_alone(self, home: Home, run: Run, shell: str) -> None:
        by_hand = home.path / {"bash": ".bash_profile", "fish": ".config/fish/config.fish"}[shell]
        by_hand.parent.mkdir(parents=True, exist_ok=True)
        by_hand.write_text(f"\nssohelper shell-init {shell} | source\n")
        for more in ([], ["--uninstall"]):
            said = run("install", "--shell", shell, "--yes", *more)
            assert said.returncode == 0
            assert f"{by_hand}:2; nothing was changed" in said.stderr
        assert not (home.path / WHERE[shell]).exists()

    def test_twice_is_once(self, home: Home, run: Run) -> None:
        run("install", "--shell", "bash", "--yes")
        before = (home.path / ".bashrc").read_bytes()
        said = run("install", "--shell", "bash", "--yes")
        assert "already has the line" in said.stderr
        assert (home.path / ".bashrc").read_bytes() == before

    def test_marks_that_are_no_pair_are_exit_3_with_the_line(self, home: Home, run: Run) -> None:
        (home.path / ".bashrc").write_text("x\n# >>> ssohelper >>>\n")
        for more in ([], ["--uninstall"]):
            said = run("install", "--shell", "bash", "--yes", *more)
            assert said.returncode == 3
            assert ".bashrc:2: " in said.stderr

    @pytest.mark.parametrize("trouble", ["read-only", "folder", "fifo"])
    def test_what_cannot_be_written_is_exit_7(self, home: Home, run: Run, trouble: str) -> None:
        file = home.path / ".bashrc"
        if trouble == "read-only":
            file.write_text("x\n")
            file.chmod(0o400)
        elif trouble == "folder":
            file.mkdir()
        else:
            os.mkfifo(file)
        said = run("install", "--shell", "bash", "--yes")
        assert said.returncode == 7
        assert trouble != "read-only" or file.read_text() == "x\n"

    def test_the_prompts_line_is_a_persons_own_and_said(self, home: Home, run: Run) -> None:
        done = run("install", "--shell", "bash", "--yes")
        assert "add a line below it: ssohelper_prompt_on" in done.stderr
        rc_file = home.path / ".bashrc"
        rc_file.write_text(rc_file.read_text() + "ssohelper_prompt_on\n")
        done = run("install", "--shell", "bash", "--uninstall", "--yes")
        assert "your line with ssohelper_prompt is still in the file" in done.stderr
        assert rc_file.read_text() == "ssohelper_prompt_on\n"


class TestWhichShell:
    def test_is_that_of_shell(self, home: Home, run: Run) -> None:
        said = run("install", "--dry-run", "--json", env={"SHELL": "/usr/local/bin/zsh"})
        data = json.loads(said.stdout)["data"]
        assert (data["shell"], data["file"]) == ("zsh", str(home.path / ".zshrc"))
        assert data["written"] is False

    @pytest.mark.parametrize("argv", [["--shell", "tcsh"], []])
    def test_an_unknown_one_is_exit_2(self, run: Run, argv: list[str]) -> None:
        said = run("install", "--yes", *argv, env={"SHELL": "/bin/tcsh"})
        assert said.returncode == 2
        assert "zsh" in said.stderr

    def test_bash_on_macos_reads_the_login_file_unless_that_reads_bashrc(self, home: Home) -> None:
        app = App(home.env)
        assert installing.find_rc_file(app, "bash", "darwin").name == ".bash_profile"
        (home.path / ".bash_profile").write_text(". ~/.bashrc\n")
        assert installing.find_rc_file(app, "bash", "darwin").name == ".bashrc"


def test_a_throw_away_installation_writes_nothing(home: Home, run: Run) -> None:
    said = run("install", "--shell", "bash", "--yes", env={"UV_CACHE_DIR": sys.prefix})
    assert said.returncode == 2
    assert "uv tool install" in said.stderr
    assert not (home.path / ".bashrc").exists()


class TestTheCommand:
    @pytest.mark.parametrize("shell", SHELLS)
    def test_is_named_by_its_path(self, home: Home, shell: str) -> None:
        assert f"'{SCRIPT}-credentials' shell-init {shell}" in "\n".join(
            installing.lines(shell, home.env)
        )

    @pytest.mark.parametrize("shell", SHELLS)
    def test_is_found_before_anything_puts_it_on_path(
        self, home: Home, run: Run, shell: str
    ) -> None:
        """Debian's .profile reads .bashrc, and then puts ~/.local/bin, uv's and pipx's, on PATH."""
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
