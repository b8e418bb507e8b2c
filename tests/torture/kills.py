"""kill -9 at random moments: what is left can be read, and the next run heals."""

import json
import subprocess
import tempfile
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from botocore.configloader import raw_config_parse

from tests.conftest import make_home
from tests.torture.ground import HOME_PREFIX, SSOHELPER, Ground, ground, helper, wrong_in
from tests.torture.rows import Dice, Row, first_of

KILLS, HEAL_EVERY, HOMES = 1000, 20, 2
# A miss takes 0.2 to 0.4 s, of which the first tenth is Python's own start.
_LONGEST_SECONDS = 0.35
TEMP = ".ssohelper-"
_FOREIGN_FILES = {
    ".aws/credentials": "[other]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n",
    ".aws/sso/cache/foreign.json": '{"accessToken": "another tool\'s", "expiresAt": "2099"}',
    ".aws/cli/cache/foreign.json": "{}",
}


def random_kills(dice: Dice) -> Row:
    """kill -9 of misses and token refreshes at random moments"""
    number = dice.count(KILLS, 30)
    with ground() as place, tempfile.TemporaryDirectory(prefix=HOME_PREFIX) as second:
        place.emulator.faults.grace_seconds = 1e6  # a killed refresh can be sent again
        homes = [place, Ground(make_home(Path(second)), place.emulator)]
        for home in homes:
            plant_foreign(home)
        with ThreadPoolExecutor(HOMES) as pool:
            found = list(
                pool.map(lambda at: _killed(homes[at], at, dice, number // HOMES), range(HOMES))
            )
    faults = [fault for faults, _ in found for fault in faults]
    caught = sum(alive for _, alive in found)
    return Row(
        f"{number} random kills ({caught} hit a running process)",
        f"{len(faults)} went wrong{first_of(faults)}",
        "0",
        not faults and caught > number // 6,
    )


def _killed(place: Ground, name: int, dice: Dice, number: int) -> tuple[list[str], int]:
    chance = dice.of(f"kills {name}")
    faults: list[str] = []
    alive = 0
    for index in range(number):
        if index % 3 == 0 or not place.token_file.exists():
            place.sign_in(expires_in=-60)
        for path in (place.kept(), place.document()):
            path.unlink(missing_ok=True)
        process = place.start(helper(program=SSOHELPER))
        try:
            process.wait(chance.uniform(0.03, _LONGEST_SECONDS))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            alive += 1
        fault = broken_files(place) or changed_foreign(place)
        if not fault and index % HEAL_EVERY == HEAL_EVERY - 1:
            healed = place.run(*helper())
            fault = healed.err.strip() if healed.code else wrong_in(place, healed, helper())
        if fault:
            faults.append(f"kill {index}: {fault}")
    return faults, alive


# -- what must be true of a home after any harm -------------------------------------------------


def plant_foreign(place: Ground) -> None:
    """Add files and 60 untidy profiles of other tools, which ssohelper must leave as they are."""
    for name, text in _FOREIGN_FILES.items():
        path = place.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    with place.config.open("a") as config:
        for number in range(60):
            config.write(f"# mine {number}\n[profile  mine-{number}]\nregion=eu-west-{number}\n\n")


def changed_foreign(place: Ground) -> str | None:
    """Return the first foreign file that is not what it was."""
    for name, text in _FOREIGN_FILES.items():
        path = place.home / name
        if not path.exists() or path.read_text() != text:
            return f"{name} was changed"
    return None


def orphans(place: Ground) -> list[Path]:
    return [path for path in place.home.rglob(f"{TEMP}*") if path.is_file()]


def broken_files(place: Ground) -> str | None:
    """Return the first file that cannot be read any more."""
    try:
        raw_config_parse(str(place.config))
    except Exception as error:
        return f"botocore cannot read the config: {error}"
    for path in sorted(place.home.rglob("*")):
        if path.is_file() and not path.name.startswith(TEMP) and (why := _broken(path, place)):
            return f"{path.relative_to(place.home)}: {why}"
    return None


def _broken(path: Path, place: Ground) -> str | None:
    try:
        if path.suffix == ".json":
            json.loads(path.read_bytes())
        elif path.name == "config.toml":
            tomllib.loads(path.read_text())
        elif path.is_relative_to(place.runtime / "credentials") and path.name == "response":
            json.loads(path.read_bytes().partition(b"\n")[0])
    except ValueError as error:
        return f"does not parse: {error}"
    return None
