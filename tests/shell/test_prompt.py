"""The prompt in real shells: the same text as core.prompt_text, no fork, no harm."""

import os
import re
import shlex
import time

import pytest

from ssohelper.core import prompt_text
from ssohelper.core.prompt_text import NOTHING_ENDS
from ssohelper.core.shell_text import quoted_variable_value
from ssohelper.core.sign_in_outlook import PromptClock
from tests.core.test_prompt_text import TABLE
from tests.long_rows import long_after
from tests.programs import require_program, run_program
from tests.shell.prompt_world import ARGV, FOLDER, SHELLS, PromptWorld, line

_PRINT = 'printf "%s|%s\\n" "$SSOHELPER_PROMPT_TEXT" "$SSOHELPER_PROMPT_LEVEL"'
SHOW = {
    **dict.fromkeys(("bash", "zsh"), f"ssohelper_prompt; {_PRINT}"),
    "fish": f"ssohelper_prompt >/dev/null; {_PRINT}",
}
NAME = "payments-prod.ReadOnlyAccess"
NOW = 1_800_000_000


@pytest.fixture
def world(tmp_path) -> PromptWorld:
    return PromptWorld(tmp_path)


def write_file(world: PromptWorld, at: int, kind: str) -> str:
    """Return a line for every shell that rewrites the role's file, with the config's time."""
    file, config = shlex.quote(str(world.file)), shlex.quote(str(world.config))
    return f"echo '{line(at, kind)}' > {file}; touch -r {config} {file}"


def set_variable(shell: str, name: str, value: str) -> str:
    word = quoted_variable_value(shell, value)
    return f"set -gx {name} {word}" if shell == "fish" else f"export {name}={word}"


def expected(at: int, kind: str, *, guarded: bool = False, now: int = NOW) -> str:
    """Return what SHOW prints, by the program's own text."""
    rows = prompt_text.prompt_rows(PromptClock(at, kind))  # type: ignore[arg-type]
    label = prompt_text.prompt_label(NAME, guarded=guarded)
    level = prompt_text.prompt_row_at(rows, now).level
    return f"{prompt_text.prompt_line(label, rows, now)}|{level}"


@pytest.mark.parametrize("shell", SHELLS)
class TestText:
    @pytest.mark.parametrize("guarded", long_after(1, [True, False]))
    def test_a_shells_prompt_is_that_of_the_program(self, shell, world, guarded):
        """Each state twice: when it is new, and from what the shell has drawn."""
        world.learn(NAME, guarded=guarded)
        cases = [(NOW + left, kind) for kind, left, *_ in TABLE]
        world.put(NOW, "open")
        lines = [f"set_clock {NOW}", SHOW[shell]]
        for case in cases:
            lines += [write_file(world, *case), SHOW[shell], SHOW[shell]]
        done = world.run(shell, "\n".join(lines), is_clock_set=True)
        assert done.stderr == ""
        shown = done.stdout.splitlines()[1:]
        wanted = [expected(*case, guarded=guarded) for case in cases for _ in range(2)]
        twice = [case for case in cases for _ in range(2)]
        assert list(zip(twice, shown, strict=True)) == list(zip(twice, wanted, strict=True))
        assert world.starts() == 1

    @pytest.mark.parametrize("kind", ["known", "assumed"])
    def test_changes_in_the_second_that_the_program_says(self, shell, world, kind):
        """The thresholds, each minute around them, and a clock that is set back."""
        ends_at = NOW + 100_000
        lefts = {
            left + second
            for left in (86400, 7200, 3600, 3540, 1860, 1800, 1740, 360, 300, 240, 120, 60, 0)
            for second in (-1, 0, 1)
        }
        moments = [ends_at - left for left in (*sorted(lefts, reverse=True), 1801, 7201)]
        world.put(ends_at, kind)
        script = "\n".join(f"set_clock {now}\n{SHOW[shell]}" for now in moments)
        done = world.run(shell, script, is_clock_set=True)
        assert done.stderr == ""
        wanted = [expected(ends_at, kind, now=now) for now in moments]
        shown = dict(zip(moments, done.stdout.splitlines(), strict=True))
        assert shown == dict(zip(moments, wanted, strict=True))

    def test_is_drawn_by_the_machines_clock_and_nonsense_is_harmless(self, shell, world):
        world.put(int(time.time()) + 7 * 3600 + 30 * 60 + 30, "known")
        assert re.fullmatch(rf"{NAME} 7h(30|29)m\|fine\n", world.run(shell, SHOW[shell]).stdout)
        world.file.write_text("99999999999|0|fine|$(touch pwned)`x`\\%F{red}\x1b[31m\n")
        done = world.run(shell, SHOW[shell])
        assert re.fullmatch(r"[A-Za-z0-9 .?-]+\|fine\n", done.stdout)
        assert not (world.folder / "pwned").exists()

    @pytest.mark.parametrize("name", ["n" * 25, "n" * 31, "n" * 32, "n" * 33, "n" * 26 + "m" * 26])
    def test_a_long_name_loses_its_middle(self, shell, world, name):
        states = [(NOW + 93_000, "known"), (NOW + 59, "assumed"), (NOW - 1, "known"), (0, "open")]
        every_rows = [prompt_text.prompt_rows(PromptClock(*state)) for state in states]  # type: ignore[arg-type]
        world.learn(name, every_rows[0])
        world.put(*states[0])
        lines = [f"set_clock {NOW}"]
        for state in states:
            lines += [write_file(world, *state), SHOW[shell]]
        shown = world.run(shell, "\n".join(lines), is_clock_set=True).stdout.splitlines()
        wanted = [prompt_text.prompt_line(name, rows, NOW) for rows in every_rows]
        assert [text.partition("|")[0] for text in shown] == wanted

    def test_the_prompt_counts_down_to_the_expiry_of_fixed_keys(self, shell, world):
        keys = {"AWS_ACCESS_KEY_ID": "x", "AWS_CREDENTIAL_EXPIRATION": "2099-01-01T00:00:00Z"}
        rows = prompt_text.prompt_rows(PromptClock(NOW + 3658, "known"), text_after_end="expired")
        world.learn("keys", rows, has_file=False)
        moments = (NOW, NOW + 60, NOW + 3657, NOW + 3658)
        script = "\n".join(f"set_clock {now}\n{SHOW[shell]}" for now in moments)
        done = world.run(shell, script, is_clock_set=True, AWS_PROFILE="", **keys)
        shown = "keys 1h00m|fine\nkeys 59m|fine\nkeys ==1s==|late\nkeys ==expired==|late\n"
        assert (done.stdout, done.stderr) == (shown, "")
        assert world.starts() == 1

    def test_of_the_role_of_an_endpoint(self, shell, world):
        rows = prompt_text.prompt_rows(PromptClock(NOW + 3658, "known"))
        world.learn("payments-prod/ReadOnlyAccess", rows, has_file=False)
        change = set_variable(shell, "SSOHELPER_SERVED_ROLE", "")
        script = f"set_clock {NOW}\n{SHOW[shell]}\n{SHOW[shell]}\n{change}\n{SHOW[shell]}"
        served = {"AWS_PROFILE": "", "SSOHELPER_SERVED_ROLE": "corp:000030000001/ReadOnlyAccess"}
        done = world.run(shell, script, is_clock_set=True, **served)
        shown = "payments-prod/ReadOnlyAccess 1h00m|fine\n"
        assert (done.stdout, done.stderr) == (f"{shown}{shown}|\n", "")
        assert world.starts() == 1

    @pytest.mark.parametrize("has_file", [True, False])
    def test_of_a_profile_that_is_none_of_ours(self, shell, world, has_file):
        world.learn("plain", NOTHING_ENDS, has_file=has_file)
        world.file.write_text(f"{prompt_text.prompt_rows_to_line(NOTHING_ENDS)}\n")
        done = world.run(shell, f"{SHOW[shell]}\n{SHOW[shell]}")
        assert (done.stdout, done.stderr) == ("plain|\nplain|\n", "")
        assert world.starts() == 1

    def test_another_profile_is_asked_for_once_and_without_one_it_is_empty(self, shell, world):
        world.put(0, "open")
        another, none = (set_variable(shell, "AWS_PROFILE", name) for name in ("another", ""))
        lines = [*[SHOW[shell]] * 2, another, *[SHOW[shell]] * 3, none, SHOW[shell]]
        done = world.run(shell, "\n".join(lines))
        assert (done.stdout, done.stderr) == (f"{NAME} ok|fine\n" * 5 + "|\n", "")
        assert world.starts() == 2

    def test_a_changed_config_is_asked_for_once(self, shell, world):
        """The program gives the file the config's time; from then on it is asked no more."""
        world.put(0, "open")
        answer, config = shlex.quote(str(world.answer)), shlex.quote(str(world.config))
        file = shlex.quote(str(world.file))
        program = world.folder / "bin" / "ssohelper"
        program.write_text(f"{program.read_text()}touch -r {config} {file}\n")
        other = world.answer.read_text().replace(NAME, "@@new")
        world.answer.with_name("answer.new").write_text(other)
        lines = [SHOW[shell], f"mv {answer}.new {answer}", SHOW[shell]]
        lines += [f"touch -d '1 hour' {config}", *[SHOW[shell]] * 3]
        done = world.run(shell, "\n".join(lines))
        assert done.stderr == ""
        assert done.stdout == f"{NAME} ok|fine\n" * 2 + "@@new ok|fine\n" * 3
        assert world.starts() == 2


@pytest.mark.parametrize("shell", SHELLS)
class TestFailures:
    @pytest.mark.parametrize(
        "content", [None, "fifo", b"", b"x", b"12345", b"12345\n", b"1 2 3\n", b"|||\n", b"\n",
                    b"$(touch pwned)|9|fine|left\n", b"a[$(touch${IFS}pwned)]|0|fine|left\n",
                    b"99999999999|a[$(touch${IFS}pwned)]|fine|left\n", b"-5|0|late|left\n",
                    b"99999999999|HOME|fine|left\n", b"99999999999; touch pwned|0|fine|ok\n",
                    b"\x00\xff\n", b"1|2|fine|left\n", b"1|2|fine|left|\n"],
    )  # fmt: skip
    def test_a_file_with_nonsense_shows_nothing(self, shell, world, content):
        if content == "fifo":
            os.mkfifo(world.file)
        elif content is not None:
            world.file.write_bytes(content)
        done = world.run(shell, f"{SHOW[shell]}\n{SHOW[shell]}")
        assert (done.stdout, done.stderr) == ("|\n|\n", "")
        assert not (world.folder / "pwned").exists()

    @pytest.mark.parametrize(
        ("program_adds", "change", "shown", "starts"),
        [
            # The last logout removes the runtime folder, and with it the file that the prompt reads.
            ("mv {0}.away {0} 2>/dev/null\n", "mv {0} {0}.away", f"{NAME} ok|fine\n", 2),
            # No program writes the prompt's file if the runtime folder cannot be written.
            ("", "rm {1}", "|\n", 2),
            # A virtual environment was left: not even the space after the profile's name stays.
            ("", "rm {2}; mv {0} {0}.away", "|\n", 1),
        ],
    )
    def test_a_file_or_program_goes_away(self, shell, world, program_adds, change, shown, starts):
        world.put(0, "open")
        program = world.folder / "bin" / "ssohelper"
        places = [shlex.quote(str(path)) for path in (world.state, world.file, program)]
        program.write_text(program.read_text() + program_adds.format(*places))
        lines = [SHOW[shell], change.format(*places), *[SHOW[shell]] * 3]
        done = world.run(shell, "\n".join([*lines, "printf '[%s]\\n' \"$SSOHELPER_PROMPT\""]))
        *printed, prompt = done.stdout.splitlines(keepends=True)
        assert ("".join(printed), done.stderr) == (f"{NAME} ok|fine\n" + shown * 3, "")
        assert (prompt == "[]\n") == (shown == "|\n")
        assert world.starts() == starts

    @pytest.mark.parametrize(
        ("name", "prints"),
        [
            *(("ssohelper", text) for text in ("", "exit 3\n", "echo oops >&2; exit 1\n")),
            *(("ssohelper", text) for text in ("printf '%01000d'\n", "echo '|||||'\n", None)),
            ("ssohelper-credentials", None),
        ],
    )
    def test_a_program_that_is_broken_or_gone(self, shell, world, name, prints):
        program = world.folder / "bin" / name
        if prints is None:
            program.unlink()
        else:
            program.write_text(f"#!/bin/sh\n{prints}")
        done = world.run(shell, f"{SHOW[shell]}\n{SHOW[shell]}")
        assert (done.stdout, done.stderr) == ("|\n|\n", "")


# The name twice, as it is but for the character between fields, and nothing else to show.
RAW_NAME = """#!/bin/sh
name=$(printf '%s_' "$AWS_PROFILE" | tr '|' '?')
printf '%s|%s|||99999999999|0||\\n' "${name%_}" "${name%_}"
"""


@pytest.mark.parametrize("shell", ["bash", "zsh"])
class TestStrictShells:
    def test_unset_variables_and_failures_end_nothing(self, shell, world):
        world.put(int(time.time()) + 9058, "known")
        script = (
            f"set -eu\n{SHOW[shell]}\n! true\nssohelper_prompt\n{SHOW[shell]}\n"
            f"unset AWS_PROFILE\n{SHOW[shell]}\n__ssohelper_prompt_hook\nssohelper_prompt_on\n"
            "set +e\n(exit 7)\nssohelper_prompt\necho $?\n(exit 8)\nssohelper_prompt\necho $?"
        )
        done = world.run(shell, script)
        # The status from before the prompt is kept.
        assert (done.stdout, done.stderr) == (f"{NAME} 2h30m|fine\n" * 2 + "|\n7\n8\n", "")

    def test_strange_options(self, shell, world):
        world.put(int(time.time()) + 9058, "known")
        options = {
            "bash": "shopt -s nocasematch nullglob failglob extglob; IFS=0123456789; set -f",
            "zsh": "setopt ksharrays shwordsplit globsubst promptsubst promptbang; IFS=0123456789",
        }
        done = world.run(shell, f"{options[shell]}\n{SHOW[shell]}\n{SHOW[shell]}")
        assert (done.stdout, done.stderr) == (f"{NAME} 2h30m|fine\n" * 2, "")


def test_each_option_of_zsh_leaves_a_prompt_as_it_is(world):
    """With each option and without it: what has been drawn, and what is drawn again."""
    world.put(int(time.time()) + 9058, "known")
    shown, redraw = f"{{ {SHOW['zsh']}; }} 2>&1", "__ssoh_until=0"
    # These run nothing, print all, or are not to be changed in a shell that runs.
    others = "exec|interactive|monitor|privileged|restricted|shinstdin|singlecommand"
    others += "|verbose|xtrace|zle"
    script = f"""
        {shown} >/dev/null
        for option in ${{(k)options}}; do
            if [[ $option == ({others}) ]]; then continue; fi
            for change in setopt unsetopt; do
                ($change $option 2>/dev/null; print -rn -- "$option "; {shown}; {redraw}; {shown})
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


@pytest.mark.parametrize("shell", long_after(1, ["zsh", "bash", "fish"]))
def test_ten_thousand_prompts_start_no_process(shell, world):
    world.put(int(time.time()) + 9058, "known")
    script = world.folder / "loop"
    first = "ssohelper_prompt >/dev/null" if shell == "fish" else "ssohelper_prompt"
    counts = []
    for prompts in (1, 10_000):
        source = f"source {shlex.quote(str(FOLDER / f'prompt.{shell}'))}"
        script.write_text(f"{source}\n{first}\n{LOOP[shell].format(n=prompts)}\n{SHOW[shell]}\n")
        log = world.folder / "log"
        trace = [require_program("strace"), "-f", "--seccomp-bpf", "-qq", "-o", str(log)]
        trace += ["-e", "trace=fork,vfork,clone,clone3,execve"]
        done = run_program([*trace, require_program(shell), *ARGV[shell], str(script)], world.env, check=True)  # fmt: skip
        assert re.fullmatch(rf"{NAME} 2h\d\dm\|fine\n", done.stdout)
        # A thread is no process: fish starts some for itself.
        calls = [line for line in log.read_text().splitlines() if "CLONE_THREAD" not in line]
        counts.append(sum(" = " in line and "exited" not in line for line in calls))
    assert counts[0] == counts[1] > 0
