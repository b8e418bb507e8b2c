"""Finds out from which source and commit this ssohelper was installed. Hatch calls `find_version`.

Imported for `--version` and hints only: `importlib.metadata` takes 10 ms.
"""

import json
import shlex
import subprocess
from contextlib import suppress
from importlib import metadata
from pathlib import Path
from urllib.parse import unquote, urlsplit

from ssohelper import __version__

# the root of a clone; in an installation, the folder of all packages
_ROOT = Path(__file__).parents[2]


def find_version() -> str:
    """Return the version; of an unreleased build with the commit, as 0.1.0+g8f3a09c2b1de (PEP 440).

    In a clone git names the commit; a wheel or sdist has it in its metadata.
    """
    release = f"v{__version__}"
    options = ("--always", "--dirty", "--abbrev=12", "--tags")
    command = ["git", "describe", *options, "--match", release]
    with suppress(OSError, subprocess.CalledProcessError, metadata.PackageNotFoundError):
        if not (_ROOT / ".git").exists():
            return metadata.version("ssohelper")
        done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=True)
        found = done.stdout.strip()
        if found != release:
            return f"{__version__}+g{found.rpartition('-g')[2].replace('-', '.')}"
    return __version__


def install_hint() -> str:
    """Say how to install ssohelper from its recorded source (PEP 610).

    The project of that name on PyPI may be anybody's.
    """
    try:
        package = metadata.distribution("ssohelper")
        found = json.loads(package.read_text("direct_url.json") or "{}")
        source = found["url"]
        if "vcs_info" in found:
            source = f"{found['vcs_info']['vcs']}+{source}@{found['vcs_info']['commit_id']}"
        elif source.startswith("file:"):
            source = unquote(urlsplit(source).path)
    except (metadata.PackageNotFoundError, ValueError, KeyError):
        return "how to install it: docs/how-to/install.md in ssohelper's source"
    word = shlex.quote(source)
    return f"install it with: uv tool install {word} (or: pipx install {word})"
