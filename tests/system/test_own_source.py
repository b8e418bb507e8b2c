"""From where ssohelper was installed: what `--version` and the hints of errors say of it."""

import json
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from unittest.mock import Mock

import pytest

from ssohelper import __version__
from ssohelper.system import own_source

ROOT = Path(__file__).parents[2]
PAGE = "docs/how-to/install.md"
GIT = {"vcs": "git", "commit_id": "0123abcd"}


@pytest.fixture
def installed(tmp_path, monkeypatch) -> Path:
    """The folder of metadata that an installer would have written, found before this one's."""
    folder = tmp_path / "packages" / "ssohelper-9.8.7.dist-info"
    folder.mkdir(parents=True)
    text = "Metadata-Version: 2.4\nName: ssohelper\nVersion: 9.8.7+g1a2b\n"
    (folder / "METADATA").write_text(text)
    monkeypatch.syspath_prepend(str(folder.parent))
    return folder


@pytest.mark.parametrize(
    ("recorded", "expected"),
    [
        ({"url": "file:///src/sso%20helper", "dir_info": {}}, "install '/src/sso helper' "),
        ({"url": "file:///x/ssohelper-0.1.0-py3-none-any.whl", "archive_info": {}}, "e-any.whl "),
        ({"url": "https://git.example/s", "vcs_info": GIT}, "git+https://git.example/s@0123abcd "),
        ({"url": "https://x.example/$(id)", "archive_info": {}}, "'https://x.example/$(id)' "),
        *((recorded, PAGE) for recorded in (None, "{", {})),
    ],
)
def test_a_hint_names_the_source_and_never_the_bare_name(installed, recorded, expected):
    if recorded is not None:
        text = recorded if isinstance(recorded, str) else json.dumps(recorded)
        (installed / "direct_url.json").write_text(text)
    hint = own_source.install_hint()
    assert expected in hint
    assert "install ssohelper" not in hint


def test_no_text_tells_to_install_the_bare_name():
    """Until the name is ours on a package index, anybody could publish a package under it."""
    command = re.compile(r"(uv tool install|pipx install|pip install|uvx|pipx run) ['\"]?ssohelper")
    folders = [ROOT / name for name in ("ssohelper", "shell", "docs", "completions")]
    files = [
        ROOT / "README.md",
        ROOT / "SECURITY.md",
        *(p for one in folders for p in one.rglob("*")),
    ]
    endings = (".py", ".md", ".bash", ".zsh", ".fish", ".ps1", ".1")
    assert not [p for p in files if p.suffix in endings and command.search(p.read_text())]


def test_version_names_the_commit_of_this_clone(run):
    if not (ROOT / ".git").exists():
        pytest.skip("this is no clone: an sdist has no commits")
    git = ["git", "-C", str(ROOT), "rev-parse", "--short=12", "HEAD"]
    commit = subprocess.run(git, capture_output=True, text=True, check=True).stdout.strip()
    printed = run("--version").stdout
    assert printed.startswith(f"ssohelper {__version__}+g{commit}")
    assert printed.count("\n") == 1


def test_an_installation_has_the_commit_in_its_metadata(installed, tmp_path, monkeypatch):
    monkeypatch.setattr(own_source, "_ROOT", tmp_path)
    assert own_source.find_version() == "9.8.7+g1a2b"
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    missing = Mock(side_effect=metadata.PackageNotFoundError("ssohelper"))
    monkeypatch.setattr(metadata, "version", missing)
    assert own_source.find_version() == __version__


def test_a_released_or_changed_clone_says_so(tmp_path, monkeypatch):
    def git(*words: str) -> None:
        identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"]
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True)

    monkeypatch.setattr(own_source, "_ROOT", tmp_path)
    git("init")
    assert own_source.find_version() == __version__  # there is no commit yet
    (tmp_path / "file").write_text("a")
    git("add", "file")
    git("commit", "-m", "a")
    commit = own_source.find_version()
    assert commit.startswith(f"{__version__}+g")
    git("tag", f"v{__version__}")
    assert own_source.find_version() == __version__
    (tmp_path / "file").write_text("b")
    assert own_source.find_version().endswith(".dirty")
    git("commit", "-am", "b")
    assert own_source.find_version().startswith(f"{__version__}+g")
    assert own_source.find_version() != commit
