"""The command that profiles name: this installation's, quoted so that all readers parse it alike."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from ssohelper.errors import UsageProblem
from ssohelper.system import installation, own_source

SCRIPT = Path(sys.executable).with_name("ssohelper")


LAUNCHER = Path(sys.executable).with_name("ssohelper-credentials")


def test_the_link_on_path_is_named_when_it_is_this_installations(tmp_path):
    environ = {"PATH": str(tmp_path), "HOME": "/nowhere"}
    (tmp_path / "ssohelper").write_text("#!/bin/sh\n")  # another installation's
    (tmp_path / "ssohelper").chmod(0o755)
    assert installation.find_ssohelper_command(environ) == str(SCRIPT)
    (tmp_path / "ssohelper").unlink()
    for path in (SCRIPT, LAUNCHER):
        (tmp_path / path.name).symlink_to(path)
    assert installation.find_profile_command(environ) == f"{tmp_path}/ssohelper-credentials"


def test_a_link_of_ssohelper_alone_leads_to_the_launcher_in_the_scripts_folder(tmp_path):
    (tmp_path / "ssohelper").symlink_to(SCRIPT)
    (tmp_path / "ssohelper-credentials").write_text("#!/bin/sh\n")  # not this installation's
    (tmp_path / "ssohelper-credentials").chmod(0o755)
    environ = {"PATH": str(tmp_path), "HOME": "/nowhere"}
    assert installation.find_profile_command(environ) == str(LAUNCHER)


def test_python_is_named_when_sh_or_the_launcher_is_missing(tmp_path, monkeypatch):
    environ = {"PATH": str(tmp_path), "HOME": "/nowhere"}
    expected = f"{SCRIPT} credential-process"
    with monkeypatch.context() as without_sh:
        without_sh.setattr(installation, "_SH", str(tmp_path / "sh"))
        assert installation.find_profile_command(environ) == expected
    monkeypatch.setattr(installation, "LAUNCHER", "not-installed")
    assert installation.find_profile_command(environ) == expected


def test_the_installed_launcher_equals_the_one_of_this_checkout():
    source = Path(__file__).parents[2] / "shell" / "ssohelper-credentials"
    assert LAUNCHER.read_bytes() == source.read_bytes(), "install it again: uv pip install -e ."
    assert os.access(LAUNCHER, os.X_OK)


@pytest.mark.parametrize(
    ("program", "metadata", "expected"),
    [
        ("bin/ssohelper-credentials", "lib/python3.12/site-packages/ssohelper-1.0.dist-info", True),
        ("bin/ssohelper", "lib64/python3.12/site-packages/ssohelper-1.0.dist-info", True),
        ("bin/ssohelper", "lib/python3/dist-packages/ssohelper-1.0.egg-info", True),
        ("bin/ssohelper", "libexec/lib/python3.13/site-packages/ssohelper-1.0.dist-info", True),
        ("Scripts/ssohelper.exe", "Lib/site-packages/ssohelper-1.0.dist-info", True),
        ("Scripts/ssohelper.exe", "site-packages/ssohelper-1.0.dist-info", True),
        ("bin/ssohelper", "lib/python3.12/site-packages/other-1.0.dist-info", False),
        ("ssohelper", "lib/python3.12/site-packages/ssohelper-1.0.dist-info", False),
    ],
)
def test_a_program_belongs_to_an_installation_if_the_package_is_beside_it(
    tmp_path, program, metadata, expected
):
    prefix = tmp_path / "a[b]"  # brackets in a folder's name are no pattern
    path = prefix / program
    path.parent.mkdir(parents=True)
    path.write_text("")
    (prefix / metadata).mkdir(parents=True)
    link = tmp_path / "link"
    link.symlink_to(path)
    assert installation.belongs_to_installation(str(path)) is expected
    assert installation.belongs_to_installation(str(link)) is expected
    assert installation.belongs_to_installation(str(LAUNCHER))


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
def test_which_installations_are_throw_away(prefix, environ, expected, monkeypatch):
    monkeypatch.setattr(sys, "prefix", prefix)
    if not expected:
        installation.refuse_temporary_installation({"HOME": "/h", **environ}, "")
        return
    with pytest.raises(UsageProblem) as caught:
        installation.find_profile_command({"HOME": "/h", **environ})
    assert caught.value.hint == own_source.install_hint()


@pytest.mark.parametrize(
    "folder", ["plain", "two words", "it's", "a&b;c", "(x)", "~", "*?[x]", "größe", "#x", "a|b>c"]
)
def test_all_readers_parse_the_written_command_alike(folder, tmp_path):
    path = tmp_path / folder / "tool"
    path.parent.mkdir()
    path.write_text('#!/bin/sh\nprintf "%s\\n" "$0" "$@"\n')
    path.chmod(0o755)
    line = f"{installation.quote_program_path(str(path))} credential-process --role-name a=b,c@d"
    argv = [str(path), "credential-process", "--role-name", "a=b,c@d"]
    assert shlex.split(line) == argv
    done = subprocess.run(["/bin/sh", "-c", line], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines() == argv
    # The SDK for Go removes the quotes of a value that begins and ends with one.
    assert not line.endswith('"')


@pytest.mark.parametrize("folder", ["$(id)", "`id`", 'a"b', "a\\b", "a!b", "a\nb"])
def test_a_folder_that_readers_parse_differently_is_refused(folder):
    with pytest.raises(UsageProblem):
        installation.quote_program_path(f"/{folder}/ssohelper")


def test_a_world_writable_folder_is_found_and_a_loop_of_links_ends(tmp_path):
    path = tmp_path / "open" / "tool"
    path.parent.mkdir()
    path.touch()
    assert installation.find_replaceable_part(str(path)) is None
    os.chmod(path.parent, 0o777)
    assert installation.find_replaceable_part(str(path)) == str(path.parent)
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert installation.find_replaceable_part(str(tmp_path / "a")) is None


def test_a_link_in_a_world_writable_folder_is_found(tmp_path):
    """Another user could replace the link."""
    tool = tmp_path / "safe" / "tool"
    shared = tmp_path / "shared"
    for folder in (tool.parent, shared, tmp_path / "bin"):
        folder.mkdir()
    tool.touch()
    (shared / "folder").symlink_to("../safe")
    (tmp_path / "bin" / "tool").symlink_to(shared / "folder" / "tool")
    path = str(tmp_path / "bin" / "tool")
    assert installation.find_replaceable_part(path) is None
    shared.chmod(0o777)
    for way in (path, str(shared / "folder" / "tool"), str(shared / "." / ".." / "bin" / "tool")):
        assert installation.find_replaceable_part(way) == str(shared)
    assert installation.find_replaceable_part(str(tool)) is None


@pytest.mark.parametrize(
    "is_ours", [True, pytest.param(False, marks=pytest.mark.needs_root)], ids=["ours", "others"]
)
def test_a_link_in_a_folder_with_the_sticky_bit_is_replaceable_by_its_owner(tmp_path, is_ours):
    """All users may write to the folder, as to /tmp."""
    tool, shared = tmp_path / "tool", tmp_path / "shared"
    tool.touch()
    shared.mkdir()
    shared.chmod(0o1777)
    link = shared / "tool"
    link.symlink_to(tool)
    if not is_ours:
        os.chown(link, 65534, 65534, follow_symlinks=False)
    assert installation.find_replaceable_part(str(link)) == (None if is_ours else str(link))


@pytest.mark.parametrize(
    "argv", [("install", "--shell", "bash", "--dry-run"), ("profile", "sync", "--dry-run")]
)
def test_a_warning_is_printed_when_the_path_is_written(run, home, emulator, argv):
    shared = home.path / "shared"
    shared.mkdir()
    for name in ("ssohelper", "ssohelper-credentials"):
        (shared / name).symlink_to(Path(sys.executable).with_name(name))
    home.add_session("corp", emulator.world.start_url, emulator.world.region)
    home.write_token(emulator.issue_token("ana", start_url=emulator.world.start_url))
    home.env["PATH"] = f"{shared}:{home.env['PATH']}"
    quiet = run(*argv)
    assert "may replace" not in quiet.stderr
    shared.chmod(0o777)
    result = run(*argv)
    assert result.returncode == quiet.returncode == 0, result.stderr
    assert f'other users may replace "{shared}"' in result.stderr
