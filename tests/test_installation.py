"""The command that profiles name: this installation's, quoted so that everybody reads one thing."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ssohelper import installation
from ssohelper.errors import UsageProblem

SCRIPT = Path(sys.executable).with_name("ssohelper")


LAUNCHER = Path(sys.executable).with_name("ssohelper-credentials")


def test_the_link_on_path_is_named_when_it_is_this_installations(tmp_path: Path) -> None:
    for path in (SCRIPT, LAUNCHER):
        (tmp_path / path.name).symlink_to(path)
    environ = {"PATH": str(tmp_path), "HOME": "/nowhere"}
    assert installation.profile_command(environ) == f"{tmp_path}/ssohelper-credentials"


def test_a_link_of_ssohelper_alone_leads_to_the_launcher_in_the_scripts_folder(
    tmp_path: Path,
) -> None:
    (tmp_path / "ssohelper").symlink_to(SCRIPT)
    (tmp_path / "ssohelper-credentials").write_text("#!/bin/sh\n")  # somebody else's
    (tmp_path / "ssohelper-credentials").chmod(0o755)
    environ = {"PATH": str(tmp_path), "HOME": "/nowhere"}
    assert installation.profile_command(environ) == str(LAUNCHER)


def test_python_is_named_where_sh_or_the_launcher_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environ = {"PATH": str(tmp_path), "HOME": "/nowhere"}
    expected = f"{SCRIPT} credential-process"
    with monkeypatch.context() as without_sh:
        without_sh.setattr(installation, "_SHELL", str(tmp_path / "sh"))
        assert installation.profile_command(environ) == expected
    monkeypatch.setattr(installation, "LAUNCHER", "not-installed")
    assert installation.profile_command(environ) == expected


def test_the_installed_launcher_is_this_trees() -> None:
    source = Path(__file__).parent.parent / "shell" / "ssohelper-credentials"
    assert LAUNCHER.read_bytes() == source.read_bytes(), "install it again: uv pip install -e ."
    assert os.access(LAUNCHER, os.X_OK)


def test_another_installation_on_path_is_not_named(tmp_path: Path) -> None:
    (tmp_path / "ssohelper").write_text("#!/bin/sh\n")
    (tmp_path / "ssohelper").chmod(0o755)
    assert installation.command_path({"PATH": str(tmp_path)}) == str(SCRIPT)


@pytest.mark.parametrize(
    ("prefix", "environ", "expected"),
    [
        ("/h/.cache/uv/archive-v0/abc", {}, True),
        ("/c/uv/environments-v2/abc", {"XDG_CACHE_HOME": "/c"}, True),
        ("/u/archive-v0/abc", {"UV_CACHE_DIR": "/u"}, True),
        ("/h/.local/pipx/.cache/abc", {}, True),
        ("/h/.cache/pipx/abc", {}, True),
        ("/p/.cache/abc", {"PIPX_HOME": "/p"}, True),
        ("/h/.local/share/uv/tools/ssohelper", {}, False),
        ("/h/.local/pipx/venvs/ssohelper", {}, False),
        ("/h/.cache/uvx/abc", {}, False),
        ("/tmp/project/.venv", {}, False),
    ],
)
def test_what_is_thrown_away(
    prefix: str, environ: dict[str, str], expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", prefix)
    assert installation.is_throw_away({"HOME": "/h", **environ}) is expected


def test_a_throw_away_installation_names_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", "/h/.cache/uv/archive-v0/abc")
    with pytest.raises(UsageProblem) as caught:
        installation.profile_command({"HOME": "/h"})
    assert "uv tool install ssohelper" in (caught.value.hint or "")


@pytest.mark.parametrize(
    "folder", ["plain", "two words", "it's", "a&b;c", "(x)", "~", "*?[x]", "größe", "#x", "a|b>c"]
)
def test_the_written_command_is_one_argv_for_all_readers(folder: str, tmp_path: Path) -> None:
    path = tmp_path / folder / "tool"
    path.parent.mkdir()
    path.write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n')
    path.chmod(0o755)
    line = f"{installation.quoted(str(path))} credential-process --role-name a=b,c@d"
    argv = [str(path), "credential-process", "--role-name", "a=b,c@d"]
    assert shlex.split(line) == argv
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == argv
    # Go strips the quotes of a value that begins and ends with one.
    assert not line.endswith('"')


@pytest.mark.parametrize("folder", ["$(id)", "`id`", 'a"b', "a\\b", "a!b", "a\nb"])
def test_a_folder_that_readers_disagree_about_is_refused(folder: str) -> None:
    with pytest.raises(UsageProblem):
        installation.quoted(f"/{folder}/ssohelper")


def test_a_folder_that_everybody_may_write_is_found(tmp_path: Path) -> None:
    path = tmp_path / "open" / "tool"
    path.parent.mkdir()
    path.touch()
    assert installation.open_to_others(str(path)) is None
    os.chmod(path.parent, 0o777)
    assert installation.open_to_others(str(path)) == str(path.parent)
