"""Make .venv ready for one make target, with the standard library alone.

Usage: python3 .ci/bootstrap.py (run|dev) | lock | lock --check

`run` installs what `ssohelper` itself needs, `dev` also what tests, checks and docs need. Versions
come from uv.lock: by uv where it is on PATH, else by venv and pip from the hash-pinned export of
the same lock. The newest Python from 3.11 on that works is used; none is ever downloaded. Nothing
is written outside the checkout.
"""

from __future__ import annotations  # `python3` may be an old Python that only looks for a newer one

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
STAMP = VENV / "ssohelper-stamp"
LEVELS = ("run", "dev")
OLDEST = (3, 11)
# The highest minor version that is looked for by name on PATH. `python3` is tried too, whatever
# version it is.
NEWEST = 20
# An editable install has a copy of the launcher beside `ssohelper`.
LAUNCHER = ROOT / "shell" / "ssohelper-credentials"
SBOM = ROOT / ".ci" / "sbom.cdx.json"
SBOM_DESCRIPTION = (
    "The components are those of uv.lock. An installation without the lock may have other versions."
)
EXPORTS = {level: ROOT / ".ci" / f"requirements-{level}.lock" for level in LEVELS}
_PROBE = (
    "import sys, ssl\n"
    "print(*sys.version_info[:2], sys.version_info.releaselevel)\n"
    "try:\n import venv, ensurepip; print('venv')\n"
    "except ImportError: print('none')\n"
)


def main(argv: list[str]) -> int:
    if argv == ["lock"]:
        return write_lock()
    if argv == ["lock", "--check"]:
        return check_lock()
    if len(argv) != 1 or argv[0] not in LEVELS:
        return report_error("usage: bootstrap.py (run|dev) | lock [--check]")
    (ROOT / ".cache").mkdir(exist_ok=True)
    with open(ROOT / ".cache" / "bootstrap.lock", "w") as held:
        # Two make targets that run at once must not both write .venv.
        fcntl.flock(held, fcntl.LOCK_EX)
        return prepare_environment(argv[0])


def prepare_environment(level: str) -> int:
    """Install the packages of `level` into .venv, unless they are installed already."""
    wanted = {name: f"{name} {fingerprint(name)}" for name in LEVELS}
    found = STAMP.read_text().strip() if STAMP.exists() else ""
    if found in (wanted[level], wanted["dev"]) and (VENV / "bin" / "python").exists():
        return 0
    if found.startswith("dev "):
        level = "dev"  # `make demo` does not remove the packages of `dev`
    uv = shutil.which("uv")
    for python in find_pythons(with_venv=uv is None):
        STAMP.unlink(missing_ok=True)
        say(f"preparing .venv with {python} and {'uv' if uv else 'pip'} (once)")
        if install_with_uv(uv, python, level) if uv else install_with_pip(python, level):
            STAMP.write_text(wanted[level] + "\n")
            return 0
        say(f"that did not work with {python}")
    return report_missing_python(uv)


def fingerprint(level: str) -> str:
    """Return a hash that changes when .venv must be rebuilt."""
    digest = hashlib.sha256()
    sources = (ROOT / "uv.lock", ROOT / "pyproject.toml", LAUNCHER, EXPORTS[level], Path(__file__))
    for path in sources:
        digest.update(path.read_bytes())
    return digest.hexdigest()


# -- finding Python interpreters -----------------------------------------------------------------


def find_pythons(*, with_venv: bool) -> list[str]:
    """Return the Python interpreters that can be used, newest first."""
    names = [f"python3.{minor}" for minor in range(NEWEST, OLDEST[1] - 1, -1)] + ["python3"]
    paths = [path for path in map(shutil.which, names) if path] + [sys.executable]
    best: dict[tuple[int, int], str] = {}
    for path in paths:
        version, has_venv = probe_python(path)
        if version >= OLDEST and (has_venv or not with_venv):
            best.setdefault(version, path)
    return [best[version] for version in sorted(best, reverse=True)]


def probe_python(path: str) -> tuple[tuple[int, int], bool]:
    """Return the version of a Python interpreter, and whether it can make environments.

    The version is (0, 0) if the interpreter does not run or is no release. Each interpreter is run,
    because a version manager may have put a program on PATH that only fails.
    """
    answer = subprocess.run([path, "-c", _PROBE], capture_output=True, text=True, check=False)
    words = answer.stdout.split()
    if answer.returncode or len(words) != 4 or words[2] != "final":
        return (0, 0), False
    return (int(words[0]), int(words[1])), words[3] == "venv"


def report_missing_python(uv: str | None) -> int:
    if uv is None and find_pythons(with_venv=False):
        return report_error(
            "this Python cannot make environments (no ensurepip)",
            "install it with: apt-get install python3-venv",
        )
    if find_pythons(with_venv=False):
        return report_error("the environment could not be made, see above")
    return report_error(
        "no Python 3.11 or newer works here", "install one: apt-get install python3"
    )


# -- the two ways to install ---------------------------------------------------------------------


def install_with_uv(uv: str, python: str, level: str) -> bool:
    # Modules are compiled, as pip does, since tests and clients start ssohelper with
    # PYTHONDONTWRITEBYTECODE.
    sync = [uv, "sync", "--quiet", "--frozen", "--compile-bytecode", "--python", python]
    sync += ["--all-groups"] if level == "dev" else ["--no-default-groups", "--group", "build"]
    # uv runs twice: the second run builds the project with the locked hatchling from the first.
    return run_command([*sync, "--no-install-project", "--no-build"]) and run_command(
        [*sync, "--no-build-isolation"]
    )


def install_with_pip(python: str, level: str) -> bool:
    inside = str(VENV / "bin" / "python")
    pip = [inside, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    # Only wheels are installed: to build a source distribution would run its code, and packages
    # that it downloads.
    verified = ["install", "--require-hashes", "--only-binary", ":all:", "--no-deps"]
    return (
        run_command([python, "-m", "venv", "--clear", str(VENV)])
        # Installs the locked versions, checked by their hashes, and no further dependencies.
        and run_command([*pip, *verified, "-r", str(EXPORTS[level])])
        and run_command([*pip, "install", "--no-deps", "--no-build-isolation", "-e", str(ROOT)])
    )


def run_command(command: list[str]) -> bool:
    return (
        subprocess.run(command, cwd=ROOT, env=environment_inside_checkout(), check=False).returncode
        == 0
    )


def environment_inside_checkout() -> dict[str, str]:
    """Return an environment with which uv and pip have all their caches in the checkout."""
    cache = ROOT / ".cache"
    return {
        **{name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
        "UV_CACHE_DIR": str(cache / "uv"),
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_PROJECT_ENVIRONMENT": str(VENV),
        "PIP_CACHE_DIR": str(cache / "pip"),
        # pip runs a rustc on PATH to get its version; rustup's rustc would create a folder in HOME.
        "RUSTUP_HOME": str(cache / "rustup"),
        **system_certificates(),
    }


def system_certificates() -> dict[str, str]:
    """Return the variable that makes uv trust the system's certificates, as pip does on Debian.

    The certificates of a company's package index may be known to the system only, not to uv.
    """
    if not os.path.exists("/etc/ssl/certs/ca-certificates.crt"):
        return {}
    return {"UV_SYSTEM_CERTS": "true"}


# -- making and reading the lock file of dependencies --------------------------------------------


def write_lock() -> int:
    """Rebuild uv.lock from pyproject.toml, and all exports from uv.lock. Needs uv."""
    uv = shutil.which("uv")
    if uv is None:
        return report_error(
            "the lock is made by uv, which is not on PATH", "install it with: pip install uv"
        )
    if not run_command([uv, "lock", "--quiet"]):
        return report_error("uv could not resolve the lock")
    for level in LEVELS:
        EXPORTS[level].write_text(export_requirements(uv, level))
    SBOM.write_text(export_sbom(uv))
    return 0


def check_lock() -> int:
    """Check with uv that uv.lock fits pyproject.toml and the exports fit uv.lock."""
    uv = shutil.which("uv")
    if uv is None:
        say("uv is not on PATH: uv.lock is not compared with pyproject.toml")
        return 0
    if not run_command([uv, "lock", "--check", "--quiet"]):
        return report_error("uv.lock is stale", "renew it with: make lock")
    for level in LEVELS:
        if EXPORTS[level].read_text() != export_requirements(uv, level):
            return report_error(
                f"{EXPORTS[level].relative_to(ROOT)} is stale", "renew it with: make lock"
            )
    if SBOM.read_text() != export_sbom(uv):
        return report_error(f"{SBOM.relative_to(ROOT)} is stale", "renew it with: make lock")
    return 0


def export_requirements(uv: str, level: str) -> str:
    """Return uv.lock in pip's form. The group `build` is what an editable install needs."""
    groups = ["--all-groups"] if level == "dev" else ["--no-default-groups", "--group", "build"]
    text = run_uv_export(uv, "--no-emit-project", "--no-header", *groups)
    return f"# Made from uv.lock by: make lock\n{text}"


def export_sbom(uv: str) -> str:
    """Return the packages of the lock as an SBOM (CycloneDX 1.5). An index may have newer ones.

    uv's date and random id are left out, so that equal packages give equal text.
    """
    options = ["--format", "cyclonedx1.5", "--preview-features", "sbom-export"]
    document = json.loads(run_uv_export(uv, "--no-default-groups", *options))
    document.pop("serialNumber", None)
    document["metadata"].pop("timestamp", None)
    document["metadata"].pop("tools", None)
    document["metadata"]["component"]["description"] = SBOM_DESCRIPTION
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def run_uv_export(uv: str, *options: str) -> str:
    command = [uv, "export", "--quiet", "--frozen", *options]
    return subprocess.run(
        command,
        cwd=ROOT,
        env=environment_inside_checkout(),
        capture_output=True,
        text=True,
        check=True,
    ).stdout


# -- printing messages and errors ----------------------------------------------------------------


def say(text: str) -> None:
    print(f"bootstrap: {text}", file=sys.stderr, flush=True)


def report_error(problem: str, hint: str = "") -> int:
    say(f"error: {problem}")
    if hint:
        say(f"hint: {hint}")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
