"""AWS SDK for JavaScript v3, in the versions of tests/node/package-lock.json.

Installed once below `.cache/node`, with npm's own cache beside it: nothing outside the checkout.
"""

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

from tests.programs import require_program, run_program

_SOURCE = Path(__file__).parent / "node"
_CACHE = Path(__file__).parent.parent / ".cache"
_FOLDER = _CACHE / "node"


def install_scripts() -> Path:
    """Return the folder that holds the scripts and node_modules; install them if they changed."""
    npm = require_program("npm")
    _FOLDER.mkdir(parents=True, exist_ok=True)
    with open(_CACHE / "node.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for script in _SOURCE.glob("*.mjs"):
            shutil.copy2(script, _FOLDER)
        wanted = (_SOURCE / "package-lock.json").read_bytes()
        installed = _FOLDER / "installed-lock.json"
        if not installed.exists() or installed.read_bytes() != wanted:
            for name in ("package.json", "package-lock.json"):
                shutil.copy2(_SOURCE / name, _FOLDER)
            command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
            settings = {
                "npm_config_cache": str(_CACHE / "npm"),
                "npm_config_update_notifier": "false",
            }
            env = {**os.environ, **settings}
            subprocess.run(command, cwd=_FOLDER, env=env, check=True, timeout=300)
            installed.write_bytes(wanted)
    return _FOLDER


def run_node_script(script: str, *arguments: str, env) -> subprocess.CompletedProcess[str]:
    """Run one of tests/node's scripts with Node.js and return what it printed."""
    node = require_program("node")
    return run_program([node, str(install_scripts() / script), *arguments], env)
