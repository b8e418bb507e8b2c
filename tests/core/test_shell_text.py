"""Quoting, read back by the real shells: every value arrives unchanged, and nothing runs."""

import os
import subprocess
from pathlib import Path

import pytest

from ssohelper.core import shell_text
from ssohelper.errors import UsageProblem
from tests.hostile import account_names, role_names
from tests.programs import require_program

# How each shell is started without rc files.
START = {
    "bash": ["bash", "--norc", "--noprofile"],
    "bash-posix": ["bash", "--posix"],
    "dash": ["dash"],
    "zsh": ["zsh", "-f"],
    "zsh-options": ["zsh", "-f", "-o", "rc_quotes", "-o", "sh_word_split", "-o", "ksh_arrays"],
    "zsh-as-sh": ["zsh", "--emulate", "sh", "-f"],
    "fish": ["fish", "--no-config"],
}
DIALECT = {"dash": "bash", "bash-posix": "bash", "zsh-options": "zsh", "zsh-as-sh": "zsh"}
UNICODE = ["ü", "€", "日本", "a\u00a0b", "\u2018\u2019", "👩\u200d💻"]


def evaluated(shell: str, text: bytes, folder: Path, **more: str) -> dict[bytes, bytes]:
    """Return the environment of a child process after the shell has evaluated the text."""
    (folder / "text").write_bytes(text)
    read = "source text" if shell == "fish" else 'eval "$(cat text)"'
    env = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "LANG": "C.UTF-8", **more}
    first, *rest = START[shell]
    done = subprocess.run(
        [require_program(first), *rest, "-c", f"{read}; env -0"],
        env=env,
        cwd=folder,
        capture_output=True,
        timeout=60,
    )
    assert done.stderr == b""
    return dict(entry.split(b"=", 1) for entry in done.stdout.split(b"\0") if entry)


@pytest.mark.parametrize("shell", sorted(START))
def test_every_value_is_read_back_unchanged_and_nothing_runs(shell, tmp_path):
    values = [*account_names(), *role_names(), *UNICODE, ""]
    wanted = {f"V{number}": value for number, value in enumerate(values)}
    dialect = DIALECT.get(shell, shell)
    text = shell_text.assignment_text(dialect, wanted, ("GONE", "NEVER_THERE"))
    got = evaluated(shell, text.encode(), tmp_path, GONE="x", STAYS="y")
    assert {name: got[name.encode()].decode() for name in wanted} == wanted
    assert b"GONE" not in got
    assert got[b"STAYS"] == b"y"
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["text"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_any_earlier_value_is_restored(shell, tmp_path):
    before = {
        "V0": "two\nlines\n",
        "V1": "\ttab\x01\x7f\x1b[31m",
        "V2": os.fsdecode(b"not \xff\xfe utf-8 \xc3"),
        "V3": "\n",
        "V4": "",
        "V5": "'\\''",
    }
    names = [*before, "V6"]
    text = shell_text.text_that_restores_variables(shell, names, before)
    changed = dict.fromkeys(names, "changed")
    got = evaluated(shell, os.fsencode(text), tmp_path, **changed)
    wanted = {os.fsencode(name): os.fsencode(value) for name, value in before.items()}
    assert {name: value for name, value in got.items() if name.startswith(b"V")} == wanted


@pytest.mark.parametrize("value", ["a\nb", "a\0b", "\x1b[31m", "\r", "\x7f", "\x9b", "\u2028"])
@pytest.mark.parametrize("shell", shell_text.SHELLS)
def test_control_characters_are_refused(shell, value):
    with pytest.raises(UsageProblem):
        shell_text.quoted_word(shell, value)
    with pytest.raises(UsageProblem, match="the value of AWS_REGION has a control character"):
        shell_text.assignment_text(shell, {"AWS_REGION": value}, ())


def test_a_read_only_variable_fails_the_whole_text(tmp_path):
    lines = [
        *shell_text.assignment_lines("bash", {"AWS_REGION": "x"}, ("AWS_VAULT",)),
        "echo went on",
    ]
    for shell in ("bash", "zsh-as-sh"):
        for name in ("AWS_REGION", "AWS_VAULT"):
            script = (
                f"{name}=fixed; readonly {name}\n{shell_text.joined_shell_lines('bash', lines)}"
            )
            first, *rest = START[shell]
            done = subprocess.run(
                [require_program(first), *rest, "-c", script], capture_output=True
            )
            assert (done.returncode != 0, done.stdout) == (True, b""), (shell, name)


@pytest.mark.parametrize(
    ("value", "text", "word"),
    [
        *(("a'b", "'a''b'", r"'a'\''b'"), ("a\u2019b", "'a\u2019\u2019b'", "'a\u2019b'")),
        *(("$x`", "'$x`'", "'$x`'"), ("\\", "'\\'", "'\\'"), ("a b", "'a b'", "'a b'")),
        *(("", "''", "''"), ("a.b-c_1/x:y@z", "'a.b-c_1/x:y@z'", "a.b-c_1/x:y@z")),
    ],
)
def test_powershell_quotes_are_doubled_and_a_word_is_quoted_where_needed(value, text, word):
    assert shell_text.quoted_word("pwsh", value) == text
    assert shell_text.word_as_typed(value) == word


def test_a_universal_fish_variable_is_neither_erased_nor_copied(tmp_path):
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path)}
    there = shell_text.assignment_text("fish", {"AWS_PROFILE": "other"}, ("AWS_VAULT",))
    back = shell_text.text_that_restores_variables(
        "fish", ("AWS_PROFILE", "AWS_VAULT"), {"AWS_PROFILE": "mine"}
    )
    script = (
        "set -Ux AWS_PROFILE mine; set -Ux AWS_VAULT mine\n"
        f"{there}\nenv | grep AWS_PROFILE; set -qU AWS_VAULT; and echo kept\n"
        f"{back}\nenv | grep AWS_PROFILE; set -qg AWS_PROFILE; or echo no copy\n"
    )
    # With --no-config fish has no universal variables.
    done = subprocess.run(
        [require_program("fish"), "-c", script], env=env, capture_output=True, text=True
    )
    said = ["AWS_PROFILE=other", "kept", "AWS_PROFILE=mine", "no copy"]
    assert (done.stdout.splitlines(), done.stderr) == (said, "")


@pytest.mark.parametrize(
    ("shell", "variable", "exports", "restored"),
    [
        ("bash", r"V='a'\''b'", "unset -v G H\nexport A='1'", "unset -v G &&\nexport A='1'"),
        ("zsh", r"V='a'\''b'", "unset -v G H\nexport A='1'", "unset -v G &&\nexport A='1'"),
        (
            "fish",
            r"set -gu V 'a\'b'",
            "set -eg G\nset -eg H\nset -gx A '1'",
            "set -eg G\n"
            "set -eg A; set -qx A; and test \"$A\" = '1'; or set -gx A '1'",
        ),
        (
            "pwsh",
            "$global:V = 'a''b'",
            "Remove-Item -LiteralPath Env:G -ErrorAction Ignore\n"
            "Remove-Item -LiteralPath Env:H -ErrorAction Ignore\n$env:A = '1'",
            "Remove-Item -LiteralPath Env:G -ErrorAction Ignore\n$env:A = '1'",
        ),
    ],
)  # fmt: skip
def test_each_shell_gets_its_own_statements(shell, variable, exports, restored):
    assert shell_text.set_variable_text(shell, "V", "a'b") == variable
    assert shell_text.assignment_text(shell, {"A": "1"}, ("G", "H")) == exports
    assert shell_text.assignment_text(shell, {}, ()) == ""
    assert (
        shell_text.text_that_restores_variables(shell, ("A", "G"), {"A": "1", "B": "2"}) == restored
    )
