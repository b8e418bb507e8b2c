"""Install ssohelper with the lowest and with the newest of its dependencies; does it run?

The lowest are those that pyproject.toml promises, on the oldest Python here; the newest are what
the package index has today, on the newest Python. ONLY=lowest or ONLY=newest makes one of them.
"""

import importlib.util
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

from tests.processes import end_detached_processes
from tests.published import date_back
from tests.torture.ground import START_URL, Ground, ground, key_of
from tests.tui.terminal import Terminal

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / ".cache" / "lowest"
_IMPORT_ALL = (
    "import importlib, pkgutil, ssohelper\n"
    "for module in pkgutil.walk_packages(ssohelper.__path__, 'ssohelper.'):\n"
    "    if module.name != 'ssohelper.__main__': importlib.import_module(module.name)\n"
)


def main() -> int:
    pythons = find_pythons()
    failed = False
    for name, python in (("lowest", pythons[-1]), ("newest", pythons[0])):
        if os.environ.get("ONLY") in (None, "", name):
            failed |= not try_versions(name, python)
    return 1 if failed else 0


def find_pythons() -> list[str]:
    """Return the Pythons that .venv could be made of, the newest first."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / ".ci" / "bootstrap.py")
    assert spec
    assert spec.loader
    bootstrap = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bootstrap)
    found: list[str] = bootstrap.find_pythons(with_venv=True)
    return found


def try_versions(name: str, python: str) -> bool:
    """Install these versions into a new environment, and run each step there."""
    venv = FOLDER / name
    pip = [str(venv / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([python, "-m", "venv", "--clear", str(venv)], check=True)
    lowest = [f"{each}=={version}" for each, version in dependencies()]
    options = ["--only-binary", ":all:", *(lowest if name == "lowest" else [])]
    subprocess.run([*pip, "install", *options, str(ROOT)], cwd=ROOT, check=True)
    names = "|".join(each for each, _ in dependencies())
    listed = subprocess.check_output([*pip, "freeze"], text=True)
    versions = " ".join(re.findall(f"^(?:{names})==.*", listed, re.M))
    print(f"{name}, {python}: {versions}", flush=True)
    passed = True
    with ground() as place:
        program = str(venv / "bin" / "ssohelper")
        place.env["PATH"] = os.pathsep.join([str(venv / "bin"), "/usr/bin", "/bin"])
        for step in STEPS:
            try:
                step(place, program)
                print(f"  ok      {step.__doc__}", flush=True)
            except AssertionError as error:
                passed = False
                print(f"  FAILED  {step.__doc__}: {error}", flush=True)
        end_detached_processes(place.home)
    return passed


def dependencies() -> list[tuple[str, str]]:
    """Return each runtime dependency and the lowest version that is promised."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    found = [re.match(r"([a-z0-9-]+)>=([0-9.]+)", text) for text in project["dependencies"]]
    assert all(found), project["dependencies"]
    return [(each[1], each[2]) for each in found if each]


# -- the steps, in this order ----------------------------------------------------------------------


def import_modules(place: Ground, program: str) -> None:
    """every module can be imported"""
    check(place, str(Path(program).with_name("python")), "-W", "error", "-c", _IMPORT_ALL)


def print_version_and_help(place: Ground, program: str) -> None:
    """--version, --help, and the help of a command"""
    assert check(place, program, "--version").startswith("ssohelper ")
    assert "setup" in check(place, program, "--help")
    assert "--region" in check(place, program, "setup", "--help")


def set_up(place: Ground, program: str) -> None:
    """setup: a sign-in with a QR code, and profiles"""
    options = ["--region", "us-east-1", "--device-code", "--no-browser", "--yes"]
    check(place, program, "setup", START_URL, "--session", "corp", *options)
    assert "[profile account-00000.Role00]" in place.config.read_text()


def get_credentials(place: Ground, program: str) -> None:
    """credential-process: a miss, then a hit"""
    launcher = [f"{program}-credentials", *key_of(0, 0)]
    check(place, program, "cache", "clear", "--yes")
    date_back(place.config)  # nothing is published while the config is younger than 2 s
    before = place.emulator.counters["GetRoleCredentials"]
    miss, hit = (json.loads(check(place, *launcher)) for _ in range(2))
    asked = place.emulator.counters["GetRoleCredentials"] - before
    seen = (miss["AccessKeyId"][:4], hit == miss, asked)
    assert seen == ("ASIA", True, 1), seen


def list_roles(place: Ground, program: str) -> None:
    """list, whoami and config set"""
    assert "Role00" in check(place, program, "list", "--refresh")
    assert "000000000000" in check(place, program, "whoami", "account-00000.Role00")
    check(place, program, "config", "set", "session_hours", "10")


def open_full_screen(place: Ground, program: str) -> None:
    """the full screen starts, shows a role and leaves"""
    terminal = Terminal([program], place.env, size=(100, 30))
    try:
        terminal.until("Role00")
        terminal.send("\x11")
        assert terminal.wait() == 0, terminal.text
    finally:
        terminal.close()


def ask_keyring(place: Ground, program: str) -> None:
    """a keyring that is not there is asked for the key"""
    bus = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent/bus"}
    lock = str(place.home / "keyring.lock")
    said = check(place, program, "keyring-process", "find", "sign-ins", lock, **bus)
    assert said.startswith("asking\nunavailable "), said


STEPS: tuple[Callable[[Ground, str], None], ...] = (
    import_modules, print_version_and_help, set_up, get_credentials, list_roles, open_full_screen,
    ask_keyring,
)  # fmt: skip


def check(place: Ground, *argv: str, **env: str) -> str:
    """Run a program that must succeed; return what it printed."""
    done = place.run(*argv, **env)
    assert done.code == 0, f"{' '.join(argv[:3])}: exit {done.code}: {done.err[-700:]}"
    assert "Traceback" not in done.err, done.err[-700:]
    return done.out


if __name__ == "__main__":
    sys.exit(main())
