"""The prompt in real shells: the same words as core.prompt_text, no fork, no harm."""

import os
import re
import shlex
import subprocess
import time
from pathlib import Path

import pytest

from ssohelper.core import prompt_text
from ssohelper.core.sign_in_clock import PromptClock
from tests.core.test_prompt_text import TABLE
from tests.programs import need
from tests.shell.hostile import names
from tests.shell.prompt_world import ARGV, FOLDER, SHELLS, PromptWorld

SHOW = {
    "bash": 'ssohelper_prompt; printf "%s|%s\\n" "$SSOHELPER_PROMPT_TEXT" "$SSOHELPER_PROMPT_LEVEL"',
    "zsh": 'ssohelper_prompt; printf "%s|%s\\n" "$SSOHELPER_PROMPT_TEXT" "$SSOHELPER_PROMPT_LEVEL"',
    "fish": (
        'ssohelper_prompt >/dev/null; printf "%s|%s\\n" '
        '"$SSOHELPER_PROMPT_TEXT" "$SSOHELPER_PROMPT_LEVEL"'
    ),
}
NAME = "payments-prod.ReadOnlyAccess"


@pytest.fixture
def world(tmp_path: Path) -> PromptWorld:
    return PromptWorld(tmp_path)


def dated(path: Path, at: int, kind: str) -> str:
    """Return a line for every shell that puts a state file in place."""
    file = shlex.quote(str(path))
    return f"printf '%s\\n' '{at} {kind}' > {file}; touch -d @{at} {file}"


def quoted(shell: str, text: str) -> str:
    if shell == "fish":
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return "'" + text.replace("'", "'\\''") + "'"  # shlex leaves =ls bare, which zsh expands


def looked_long_ago(shell: str) -> str:
    """Return a line that makes the shell forget when it last asked: it asks at most each 2 s."""
    name = "__ssohelper_prompt_tried"
    return f"set -g {name} 0" if shell == "fish" else f"{name}=0"


def set_variable(shell: str, name: str, value: str) -> str:
    word = quoted(shell, value)
    return f"set -gx {name} {word}" if shell == "fish" else f"export {name}={word}"


@pytest.mark.parametrize("shell", SHELLS)
class TestWords:
    def test_are_those_of_the_program(self, shell: str, world: PromptWorld) -> None:
        """Each case twice: when it is new, and from what the shell kept."""
        now = int(time.time())
        roles = [None, None, now + 700, now - 5]
        cases = [
            (at, kind, role, guarded)
            for guarded in (False, True)
            for role in roles[1:]
            for at, kind in ((now + left + 30 * (left > 60), kind) for kind, left, *_ in TABLE)
        ]
        lines = []
        for at, kind, role, _guarded in cases:
            lines.append(dated(world.session, at, kind))
            rm = f"rm -f {shlex.quote(str(world.role))}"
            lines.append(rm if role is None else dated(world.role, role, "known"))
            lines += ["date +%s", SHOW[shell], SHOW[shell], "date +%s"]
        half = len(lines) // 2
        change = set_variable(shell, "AWS_PROFILE", "another")
        guard = f"sed -i 2s/0/1/ {shlex.quote(str(world.learnt))}"
        script = "\n".join([*lines[:half], guard, change, *lines[half:]])
        done = world.run(shell, f"{dated(world.session, now, 'open')}\n{SHOW[shell]}\n{script}")
        assert done.stderr == ""
        said = done.stdout.splitlines()[1:]
        assert len(said) == 4 * len(cases)
        for number, (at, kind, role, guarded) in enumerate(cases):
            before, new, kept, after = said[4 * number : 4 * number + 4]
            right = {
                expected(at, kind, role, guarded, moment)
                # time(2), which zsh asks, runs up to a tick behind date's clock.
                for moment in range(int(before) - 1, int(after) + 1)
            }
            assert {new, kept} <= right, (at - now, kind, role, guarded)
        assert world.starts() == 2

    def test_long_names_lose_their_middle(self, shell: str, world: PromptWorld) -> None:
        name = "customer-data-production-eu-west.AdministratorAccess"
        world.learn(name)
        world.put(world.session, int(time.time()) + 93_000, "known")
        label = prompt_text.shortened(name, 40 - len(" 1d1h"))
        assert label.startswith("customer-data-")
        assert label.endswith("torAccess")
        assert world.run(shell, SHOW[shell]).stdout == f"{label} 1d1h|fine\n"

    def test_the_time_goes_on(self, shell: str, world: PromptWorld) -> None:
        """What the shell kept of the minute before is not shown for long."""
        world.put(world.session, int(time.time()) + 61, "known")
        text = '"$SSOHELPER_PROMPT_TEXT"'
        again = {
            "bash": f"until [[ {text} == *s== ]]; do sleep 0.1; ssohelper_prompt; done",
            "zsh": f"until [[ {text} == *s== ]]; do sleep 0.1; ssohelper_prompt; done",
            "fish": f"while not string match -q '*s==' {text}; sleep 0.1; ssohelper_prompt >/dev/null; end",
        }
        done = world.run(shell, f"{SHOW[shell]}\n{again[shell]}\n{SHOW[shell]}")
        first, last = done.stdout.splitlines()
        assert re.fullmatch(rf"{NAME} ==(1m|[0-9]+s)==\|late", first)
        assert re.fullmatch(rf"{NAME} ==[0-9]+s==\|late", last)

    def test_fixed_keys(self, shell: str, world: PromptWorld) -> None:
        world.learn("keys", ends=str(int(time.time()) + 3658), files=False)
        keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_CREDENTIAL_EXPIRATION": "2099-01-01T00:00:00Z"}
        done = world.run(shell, f"{SHOW[shell]}\n{SHOW[shell]}", AWS_PROFILE="", **keys)
        assert set(done.stdout.splitlines()) <= {"keys 1h00m|fine"}
        world.learn("keys", ends="1600000000", files=False)
        done = world.run(shell, SHOW[shell], AWS_PROFILE="", **keys)
        assert done.stdout == "keys ==expired==|late\n"

    def test_nothing_in_use(self, shell: str, world: PromptWorld) -> None:
        change = set_variable(shell, "AWS_PROFILE", "")
        world.put(world.session, 0, "open")
        done = world.run(shell, f"{SHOW[shell]}\n{change}\n{SHOW[shell]}")
        assert (done.stdout, done.stderr) == (f"{NAME} ok|fine\n|\n", "")
        assert world.starts() == 1

    def test_a_profile_that_is_none_of_ours(self, shell: str, world: PromptWorld) -> None:
        world.learn("plain", files=False)
        assert world.run(shell, f"{SHOW[shell]}\n{SHOW[shell]}").stdout == "plain|\nplain|\n"

    def test_what_another_tool_did_is_learnt(self, shell: str, world: PromptWorld) -> None:
        """A newer token file, or none: the program is asked once more, which says what it means."""
        token, seen = (shlex.quote(str(path)) for path in (world.token, world.seen))
        program = world.folder / "bin" / "ssohelper"
        asked = program.read_text()
        for change, kind, shown in (
            (f"touch -d '1 hour' {token}", "open", f"{NAME} ok|fine"),
            (f"rm {token}", "ended", "payments-pro..dOnlyAccess ==signed out==|late"),
        ):
            world.counted.unlink(missing_ok=True)
            world.put(world.session, int(time.time()) + 9058, "known")
            program.write_text(
                f"{asked}[ $(wc -l < {world.counted}) = 1 ] || {{ touch -r {token} {seen}; "
                f"{dated(world.session, 0, kind)}; }} 2>/dev/null\n"
            )
            done = world.run(
                shell, "\n".join([SHOW[shell], looked_long_ago(shell), change, *[SHOW[shell]] * 5])
            )
            assert done.stdout.splitlines() == [f"{NAME} 2h30m|fine", *[shown] * 5]
            assert done.stderr == ""
            assert world.starts() == 2

    @pytest.mark.parametrize("session", [True, False], ids=["ours", "none of ours"])
    def test_a_changed_config_or_settings_are_learnt_once(
        self, shell: str, world: PromptWorld, session: bool
    ) -> None:
        """The program is asked again, and then no more: what it told of is as old by then."""
        world.put(world.session, int(time.time()) + 9058, "known")
        lines = [SHOW[shell]]
        for number, changed in enumerate((world.config, world.settings)):
            world.learn(f"new{number}", guarded=True, files=number == 1)
            later = world.folder / f"learnt{number}"
            world.learnt.rename(later)
            change, dated_as = shlex.quote(str(changed)), shlex.quote(str(world.dated))
            lines += [
                f"touch -d '{number + 1} hour' {change}; touch -r {change} {dated_as}.new",
                f"mv {later} {world.learnt}",
                SHOW[shell],
                f"mv {dated_as}.new {dated_as}",
                *[SHOW[shell]] * 3,
            ]
        world.learn(NAME, files=session)
        done = world.run(shell, "\n".join(lines))
        assert done.stderr == ""
        first = f"{NAME} 2h30m|fine" if session else f"{NAME}|"
        later_lines = [*["@@new0|"] * 4, *["@@new1 2h30m|fine"] * 4]
        assert done.stdout.splitlines() == [first, *later_lines]
        assert world.starts() == 3


def expected(at: int, kind: str, role: int | None, guarded: bool, now: int) -> str:
    failed = None if role is None else PromptClock(role, "known")
    session = PromptClock(at, kind)  # type: ignore[arg-type]
    clock = prompt_text.nearest(session, failed, now)
    assert clock is not None
    line = prompt_text.line(NAME, guarded, prompt_text.time_text(clock, now))
    return f"{line}|{prompt_text.level(clock, now)}"


@pytest.mark.parametrize("shell", SHELLS)
class TestTrouble:
    @pytest.mark.parametrize(
        "content", [None, b"", b"x", b"12345", b"1 2 3\n", b"$(touch pwned) known\n",
                    b"a[$(touch${IFS}pwned)] known\n", b"-5 known\n", b"9999999999999 known\n",
                    b"9999999999 known; touch pwned\n", b"\x00\xff\n", b"9999999999 later\n"],
    )  # fmt: skip
    def test_a_state_file_that_is_none_shows_nothing(
        self, shell: str, world: PromptWorld, content: bytes | None
    ) -> None:
        if content is not None:
            world.session.write_bytes(content)
        done = world.run(shell, f"{SHOW[shell]}\n{SHOW[shell]}")
        assert (done.stdout, done.stderr) == ("|\n|\n", "")
        assert not (world.folder / "pwned").exists()

    def test_a_runtime_folder_that_vanishes_and_comes_back(
        self, shell: str, world: PromptWorld
    ) -> None:
        world.put(world.session, int(time.time()) + 9058, "known")
        folder = shlex.quote(str(world.state))
        away, back = f"mv {folder} {folder}.away", f"mv {folder}.away {folder}"
        lines = [SHOW[shell], away, SHOW[shell], SHOW[shell], back, SHOW[shell]]
        done = world.run(shell, "\n".join(lines))
        assert done.stderr == ""
        assert done.stdout == f"{NAME} 2h30m|fine\n|\n|\n{NAME} 2h30m|fine\n"

    def test_a_runtime_folder_that_vanished_is_made_anew(
        self, shell: str, world: PromptWorld
    ) -> None:
        """As after the last logout, of which the shells in tmux know nothing."""
        world.put(world.session, int(time.time()) + 9058, "known")
        folder = shlex.quote(str(world.state))
        program = world.folder / "bin" / "ssohelper"
        program.write_text(f"{program.read_text()}mv {folder}.away {folder} 2>/dev/null\n")
        away = f"mv {folder} {folder}.away"
        done = world.run(
            shell, "\n".join([SHOW[shell], away, looked_long_ago(shell), *[SHOW[shell]] * 3])
        )
        assert done.stderr == ""
        assert done.stdout == f"{NAME} 2h30m|fine\n" * 4
        assert world.starts() == 2

    def test_a_fifo_hangs_nobody(self, shell: str, world: PromptWorld) -> None:
        os.mkfifo(world.session)
        assert world.run(shell, SHOW[shell]).stdout == "|\n"

    @pytest.mark.parametrize(
        "says", ["", "exit 3\n", "echo oops >&2; exit 1\n", "printf '%01000d'\n"]
    )
    def test_a_program_that_is_broken(self, shell: str, world: PromptWorld, says: str) -> None:
        program = world.folder / "bin" / "ssohelper"
        program.write_text(f"#!/bin/sh\n{says}")
        done = world.run(shell, f"{SHOW[shell]}\n{SHOW[shell]}")
        assert done.stderr == ""
        assert all(len(line) <= 41 for line in done.stdout.splitlines())

    @pytest.mark.parametrize("name", ["ssohelper", "ssohelper-credentials"])
    def test_a_program_that_is_gone(self, shell: str, world: PromptWorld, name: str) -> None:
        (world.folder / "bin" / name).unlink()
        done = world.run(shell, f"{SHOW[shell]}\n{SHOW[shell]}")
        assert (done.stdout, done.stderr) == ("|\n|\n", "")

    def test_a_program_that_goes_away_leaves_nothing(self, shell: str, world: PromptWorld) -> None:
        """As when a virtual environment is left; not even the space behind the name."""
        world.put(world.session, int(time.time()) + 9058, "known")
        program, folder = (
            shlex.quote(str(path)) for path in (world.folder / "bin" / "ssohelper", world.state)
        )
        away = f"rm {program}; mv {folder} {folder}.away"
        lines = [SHOW[shell], away, looked_long_ago(shell), SHOW[shell]]
        done = world.run(shell, "\n".join([*lines, "printf '[%s]\\n' \"$SSOHELPER_PROMPT\""]))
        assert (done.stdout, done.stderr) == (f"{NAME} 2h30m|fine\n|\n[]\n", "")

    def test_two_hundred_hostile_names(self, shell: str, world: PromptWorld) -> None:
        """The stand-in says the name as it is: the shells must not trust even that."""
        program = world.folder / "bin" / "ssohelper"
        program.write_text("#!/bin/sh\nprintf '%s\\n' \"$AWS_PROFILE\" 0 '' '' '' '' ''\n")
        hostile = names(200)
        lines = [f"{set_variable(shell, 'AWS_PROFILE', name)}\n{SHOW[shell]}" for name in hostile]
        done = world.run(shell, "\n".join(lines))
        assert done.stderr == ""
        said = done.stdout.splitlines()
        assert len(said) == len(hostile)
        for name, line in zip(hostile, said, strict=True):
            assert re.fullmatch(r"[A-Za-z0-9 ._:@/+=,?-]{0,40}\|", line), name
            if name.isascii():
                assert line == f"{prompt_text.safe(name)}|", name
        assert sorted(
            path.name for path in world.folder.iterdir() if path.name[0] != "."
        ) == sorted(["a folder's state", "bin", "learnt", f"script.{shell}"])


@pytest.mark.parametrize("shell", ["bash", "zsh"])
class TestStrictShells:
    def test_unset_variables_and_failures_end_nothing(self, shell: str, world: PromptWorld) -> None:
        world.put(world.session, int(time.time()) + 9058, "known")
        script = (
            f"set -eu\n{SHOW[shell]}\n! true\nssohelper_prompt\n{SHOW[shell]}\n"
            f"unset AWS_PROFILE\n{SHOW[shell]}\n__ssohelper_prompt_hook\nssohelper_prompt_on\necho end"
        )
        done = world.run(shell, script)
        assert (done.stdout, done.stderr) == (f"{NAME} 2h30m|fine\n" * 2 + "|\nend\n", "")

    def test_the_status_before_is_kept(self, shell: str, world: PromptWorld) -> None:
        world.put(world.session, 0, "open")
        done = world.run(
            shell, "(exit 7)\nssohelper_prompt\necho $?\n(exit 8)\nssohelper_prompt\necho $?"
        )
        assert done.stdout == "7\n8\n"

    def test_strange_options(self, shell: str, world: PromptWorld) -> None:
        world.put(world.session, int(time.time()) + 9058, "known")
        options = {
            "bash": "shopt -s nocasematch nullglob failglob extglob; IFS=0123456789; set -f",
            "zsh": "setopt ksharrays shwordsplit globsubst promptsubst promptbang; IFS=0123456789",
        }
        done = world.run(shell, f"{options[shell]}\n{SHOW[shell]}\n{SHOW[shell]}")
        assert (done.stdout, done.stderr) == (f"{NAME} 2h30m|fine\n" * 2, "")


def test_each_option_of_zsh_leaves_a_prompt_as_it_is(world: PromptWorld) -> None:
    """What is drawn anew and what is not, with the option and without it."""
    world.put(world.session, int(time.time()) + 9058, "known")
    shown, anew = f"{{ {SHOW['zsh']}; }} 2>&1", "__ssohelper_prompt_until=0 psvar=()"
    # These run nothing, print all, or are not to be changed in a shell that runs.
    others = (
        "exec|interactive|monitor|privileged|restricted|shinstdin|singlecommand|verbose|xtrace|zle"
    )
    script = f"""
        {shown} >/dev/null
        for option in ${{(k)options}}; do
            if [[ $option == ({others}) ]]; then continue; fi
            for change in setopt unsetopt; do
                ($change $option 2>/dev/null; print -rn -- "$option "; {shown}; {anew}; {shown})
            done
        done
    """
    done = world.run("zsh", script)
    lines = done.stdout.splitlines()
    assert len(lines) > 600
    right = f"{NAME} 2h30m|fine"
    assert [line for line in lines if line.split(" ", 1)[-1] != right and line != right] == []


LOOP = {
    "bash": "for ((i = 0; i < {n}; i++)); do ssohelper_prompt; done",
    "zsh": "repeat {n} ssohelper_prompt",
    "fish": "for i in (seq {n}); ssohelper_prompt >/dev/null; end",
}


@pytest.mark.parametrize("shell", SHELLS)
def test_ten_thousand_prompts_start_no_process(shell: str, world: PromptWorld) -> None:
    world.put(world.session, int(time.time()) + 9058, "known")
    script = world.folder / "loop"
    first = "ssohelper_prompt >/dev/null" if shell == "fish" else "ssohelper_prompt"
    counts = []
    for prompts in (1, 10_000):
        source = f"source {shlex.quote(str(FOLDER / f'prompt.{shell}'))}"
        script.write_text(f"{source}\n{first}\n{LOOP[shell].format(n=prompts)}\n{SHOW[shell]}\n")
        log = world.folder / "log"
        trace = [need("strace"), "-f", "--seccomp-bpf", "-qq", "-o", str(log)]
        trace += ["-e", "trace=fork,vfork,clone,clone3,execve"]
        done = subprocess.run(
            [*trace, need(shell), *ARGV[shell], str(script)],
            env=world.env, capture_output=True, text=True, timeout=300, check=True,
        )  # fmt: skip
        assert re.fullmatch(rf"{NAME} 2h\d\dm\|fine\n", done.stdout)
        # A thread is no process: fish starts some for itself.
        calls = [line for line in log.read_text().splitlines() if "CLONE_THREAD" not in line]
        counts.append(sum(" = " in line and "exited" not in line for line in calls))
    assert counts[0] == counts[1] > 0
