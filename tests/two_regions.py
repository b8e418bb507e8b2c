"""A sign-in to both regions of one instance, as `login` leaves it in the files of a home."""

import hashlib
import json
from pathlib import Path

from ssohelper.emulator.server import Emulator
from tests.issuers import record_issuer
from tests.published import date_back

FIRST, SECOND = "eu-west-1", "eu-central-1"
INSTANCE = "ssoins-7223a1b2c3d4e5f6"
HERE = f"https://{INSTANCE}.{FIRST}.portal.amazonaws.com"
THERE = f"https://{INSTANCE}.{SECOND}.portal.amazonaws.com"
HOSTS = tuple(
    f"{service}.{region}.amazonaws.com"
    for region in (FIRST, SECOND)
    for service in ("oidc", "portal.sso", "sts")
)


def add_second_region(emulator: Emulator) -> None:
    """Give the emulator's organization a portal in each of both regions."""
    emulator.world.start_url, emulator.world.region = HERE, FIRST
    emulator.add_region(THERE, SECOND)


def sign_in_to_both(home: Path, emulator: Emulator, person: str = "ana") -> None:
    """Write the tokens of both regions, their facts, and the setting that names the second one."""
    state = home / ".local" / "state" / "ssohelper"
    own = emulator.issue_token(person, start_url=HERE)
    record_issuer(home, "corp", own["accessToken"], f"aws/{FIRST}")
    name = hashlib.sha1(b"corp").hexdigest()  # the AWS CLI's name; sha1 protects nothing here
    _write_json(home / ".aws" / "sso" / "cache" / f"{name}.json", own)
    further = emulator.issue_token(person, start_url=THERE)
    record_issuer(home, f"corp@{SECOND}", further["accessToken"], f"aws/{SECOND}")
    facts = state / "sign-ins" / f"corp@{SECOND}.json"
    token_id = hashlib.sha256(own["accessToken"].encode()).hexdigest()[:16]
    _write_json(facts, {**json.loads(facts.read_text()), "of_token_id": token_id})
    _write_json(further_token_file(home), further)
    settings = home / ".config" / "ssohelper" / "config.toml"
    settings.parent.mkdir(parents=True, exist_ok=True)
    settings.write_text(f'[sessions.corp]\nregions = ["{SECOND}={THERE}"]\n')
    date_back(settings)


def further_token_file(home: Path) -> Path:
    """Return the file of the second region's token."""
    return home / ".local" / "state" / "ssohelper" / "regions" / f"corp@{SECOND}.json"


def _write_json(path: Path, content: dict[str, object] | dict[str, str]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_text(json.dumps(content))
    path.chmod(0o600)
    date_back(path)
