"""shell-init: its text, how fast it is printed, and where installations have it."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ssohelper.system import shell_texts
from tests.programs import require_program, run_program

ROOT = Path(__file__).resolve().parents[2]
NO_RC = {"bash": "--norc", "zsh": "-f", "fish": "--no-config"}
ENDINGS = {"bash": "bash", "zsh": "zsh", "fish": "fish", "pwsh": "ps1"}
_NAME_MODULES = (
    "import sys\n"
    f"sys.path.insert(0, {str(ROOT)!r})\n"
    "from ssohelper.__main__ import main\n"
    "code = main()\n"
    "sys.stderr.write('\\n'.join(sys.modules))\n"
    "sys.exit(code)\n"
)


@pytest.mark.parametrize("shell", shell_texts.SHELLS)
def test_prints_the_function_first_and_imports_nothing_heavy(shell):
    # -S: without the environment's site hooks, which load modules too.
    argv = [sys.executable, "-S", "-c", _NAME_MODULES, "shell-init", shell]
    done = run_program(argv, {"PATH": os.environ["PATH"]})
    assert done.returncode == 0
    assert done.stdout.startswith((ROOT / "shell" / f"ssohelper.{ENDINGS[shell]}").read_text())
    loaded = {name for name in done.stderr.split() if name.startswith("ssohelper")}
    allowed = ("__main__", "fastpath", "system", "system.shell_texts")
    assert loaded == {"ssohelper", *(f"ssohelper.{name}" for name in allowed)}
    assert not {"click", "re", "json", "pathlib", "subprocess"} & set(done.stderr.split())


@pytest.mark.parametrize("shell", NO_RC)
def test_the_shell_reads_the_text_without_output(run, shell):
    argv = [require_program(shell), NO_RC[shell], "-c", run("shell-init", shell).stdout]
    done = run_program(argv, {"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"})
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["bsh"], "is not one of 'bash'"),
        ([], "missing argument"),
        (["bash", "--cmd", "x;touch pwned"], "cannot be the name"),
    ],
)
def test_wrong_arguments_print_no_text(run, argv, says):
    done = run("shell-init", *argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert says in done.stderr


@pytest.mark.parametrize("shell", shell_texts.SHELLS)
def test_without_ssohelper_on_path_its_absolute_path_is_used(run, tmp_path, shell):
    """On Debian, a login shell runs this text before ~/.local/bin is on PATH."""
    program = tmp_path / "it's here" / "ssohelper"
    program.parent.mkdir()
    program.symlink_to(Path(sys.executable).with_name("ssohelper"))
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "AWS_PROFILE": "x", "TERM": "dumb"}
    done = run_program([program, "shell-init", shell], env)
    code = "\n".join(line for line in done.stdout.splitlines() if line.strip()[:1] != "#")
    assert not re.search(r"(command( -q)?|exec|-Name) ssohelper\b", code)
    if shell == "pwsh":
        assert f"-Name '{str(program).replace(chr(39), chr(39) * 2)}' " in code
        return
    script = tmp_path / "script"
    script.write_text(f"{done.stdout}\nssohelper_prompt >>shown\necho $SSOHELPER_PROMPT_TEXT\n")
    drawn = run_program([require_program(shell), NO_RC[shell], script], env, cwd=tmp_path)
    assert (drawn.stdout, drawn.stderr) == ("x\n", "")


@pytest.mark.parametrize("to", [">&-", ">/dev/full"])
def test_a_stdout_that_cannot_be_written_is_an_error(run, to):
    script = Path(sys.executable).with_name("ssohelper")
    done = subprocess.run(["sh", "-c", f"{script} shell-init bash {to}"], capture_output=True)
    assert (done.returncode, b"stdout cannot be written" in done.stderr) == (7, True)


@pytest.mark.parametrize("name", ["sso", "S_so-2"])
@pytest.mark.parametrize("shell", shell_texts.SHELLS)
def test_another_name_changes_only_the_function(run, shell, name):
    plain, named = run("shell-init", shell), run("shell-init", shell, "--cmd", name)
    assert named.returncode == 0
    differing = [
        (one, other)
        for one, other in zip(plain.stdout.splitlines(), named.stdout.splitlines(), strict=True)
        if one != other
    ]
    assert [other for _, other in differing if other.startswith(f"function {name} ")]
    assert [one for one, _ in differing if one.startswith("function ssohelper ")]


@pytest.mark.parametrize("package", ["lib/python3/dist-packages", "Lib/site-packages"])
def test_the_text_is_found_in_an_installation(tmp_path, package):
    """pip installs the package below the prefix's lib, and the shells' texts below its share."""
    home = tmp_path / package / "ssohelper"
    shutil.copytree(ROOT / "ssohelper", home, ignore=shutil.ignore_patterns("__pycache__"))
    texts = tmp_path / "share" / "ssohelper"
    texts.mkdir(parents=True)
    (texts / "ssohelper.bash").write_text("function ssohelper { :; }\n")
    env = {"PYTHONPATH": str(home.parent), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    argv = [sys.executable, "-P", "-m", "ssohelper", "shell-init", "bash"]
    done = run_program(argv, env, cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("function ssohelper { :; }\n")
