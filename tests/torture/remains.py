"""What must be true of a home after any harm: everything parses, what is not ours is untouched."""

import json
import tomllib
from pathlib import Path

from botocore.configloader import raw_config_parse

from tests.torture.ground import Ground

TEMP = ".ssohelper-"
_FOREIGN_FILES = {
    ".aws/credentials": "[other]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n",
    ".aws/sso/cache/foreign.json": '{"accessToken": "another tool\'s", "expiresAt": "2099"}',
    ".aws/cli/cache/foreign.json": "{}",
}


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
