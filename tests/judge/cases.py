"""Makes configs, credentials files and environments around one profile, by a seed."""

import random
from collections.abc import Mapping
from typing import NamedTuple

NAME = "a"
ACCOUNT, OTHER_ACCOUNT = "001234567890", "111122223333"
PORTAL, OTHER_PORTAL = "https://d-0000000000.awsapps.com/start", "https://other.awsapps.com/start"
OWN = "ssohelper-credentials"
_ROLE = f"--session corp --account-id {ACCOUNT} --role-name ReadOnly"
# The command lines of `credential_process`, and what a run of each gives: "ACCOUNT/ROLE" or keys; ""
# if the program ends with an error; None if boto3 cannot start it.
COMMANDS: Mapping[str, str | None] = {
    f"{OWN} {_ROLE}": f"{ACCOUNT}/ReadOnly",
    f"{OWN} --session corp --account-id {OTHER_ACCOUNT} --role-name Admin": f"{OTHER_ACCOUNT}/Admin",
    f"{OWN} --session corp --role-name ReadOnly": "",
    f"{OWN} {_ROLE} --fast": "",
    "other-tool --role x": "PROGRAM",
    "missing-tool --role x": None,
    "missing-tool --role 'x": None,
    "": None,
}
_SESSIONS = f"""[sso-session corp]
sso_start_url = {PORTAL}
sso_region = eu-west-1

"""


class Case(NamedTuple):
    """The text of both files, and the variables of the shell. The profile asked for is NAME."""

    config: str
    credentials: str
    environ: Mapping[str, str]


def make_case(seed: int) -> Case:
    """Return the case of this seed, always the same."""
    chance = random.Random(seed)
    # The profile is followed by the profiles that may be its sources, from rich to plain.
    config = _SESSIONS
    credentials = ""
    if chance.random() < 0.06:
        config += _section("DEFAULT", _keys_of_profile(chance, 0.05))
    if chance.random() < 0.15:
        config += _section("default", _keys_of_profile(chance, 0.1))
    for name in (NAME, "b", "c"):
        config += _section(f"profile {name}", _keys_of_profile(chance, 0.16))
        if chance.random() < 0.2:
            credentials += _section(name, _keys_of_credentials(chance))
    if chance.random() < 0.5:
        credentials += _section("only", _keys_of_credentials(chance))
    return Case(config, credentials, _variables(chance))


def _section(header: str, keys: Mapping[str, str]) -> str:
    return "".join((f"[{header}]\n", *(f"{key} = {value}\n" for key, value in keys.items()), "\n"))


def _keys_of_profile(chance: random.Random, often: float) -> dict[str, str]:
    keys: dict[str, str] = {"region": "eu-west-1"} if chance.random() < 0.8 else {}
    has = lambda factor=1.0: chance.random() < often * factor  # noqa: E731
    if has(2):
        keys["role_arn"] = f"arn:aws:iam::{OTHER_ACCOUNT}:role/Deploy"
    if has(1.5 if "role_arn" not in keys else 4):
        keys["source_profile"] = chance.choice(("a", "b", "c", "b", "c", "only", "nobody"))
    if has(0.5 if "role_arn" not in keys else 2):
        keys["credential_source"] = chance.choice(
            ("Environment", "EcsContainer", "Ec2InstanceMetadata", "environment", "Bogus")
        )
    if has(0.5 if "role_arn" not in keys else 1):
        keys["web_identity_token_file"] = chance.choice(("TOKEN", "/no/such/file"))
    if has(2):
        keys |= _sso_keys(chance)
    keys |= _fixed_keys(chance) if has(1.5) else {}
    if has(2):
        keys["credential_process"] = chance.choice(tuple(COMMANDS))
    if has(0.5):
        keys["login_session"] = "arn:aws:iam::001234567890:user/ana"
    if has(0.3):
        keys["services"] = "local"
    return keys


def _sso_keys(chance: random.Random) -> dict[str, str]:
    keys = {"sso_account_id": ACCOUNT, "sso_role_name": "ReadOnly"}
    keys |= chance.choice(
        (
            {"sso_session": "corp"},
            {"sso_session": "corp", "sso_region": "eu-west-1"},
            {"sso_session": "corp", "sso_region": "us-east-1"},
            {"sso_session": "corp", "sso_start_url": OTHER_PORTAL},
            {"sso_session": "gone"},
            {"sso_start_url": PORTAL, "sso_region": "eu-west-1"},
            {"sso_start_url": OTHER_PORTAL, "sso_region": "eu-west-1"},
        )
    )
    if chance.random() < 0.3:
        keys.pop(chance.choice(tuple(keys)))
    return keys


def _fixed_keys(chance: random.Random) -> dict[str, str]:
    keys = {"aws_access_key_id": "AKIDFIXED", "aws_secret_access_key": "secret"}
    if chance.random() < 0.4:
        keys.pop(chance.choice(tuple(keys)))
    return keys


def _keys_of_credentials(chance: random.Random) -> dict[str, str]:
    if chance.random() < 0.7:
        keys = _fixed_keys(chance)
        return {key: value.replace("FIXED", "FILE") for key, value in keys.items()}
    return _keys_of_profile(chance, 0.15)


def _variables(chance: random.Random) -> dict[str, str]:
    found: dict[str, str] = {"AWS_PROFILE": NAME}
    if chance.random() < 0.15:
        found["AWS_ACCESS_KEY_ID"] = "AKIDENV"
        found["AWS_SECRET_ACCESS_KEY"] = "secret"
        if chance.random() < 0.4:
            found.pop(chance.choice(("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")))
    if chance.random() < 0.06:
        found["AWS_WEB_IDENTITY_TOKEN_FILE"] = chance.choice(("TOKEN", "/no/such/file"))
        found["AWS_ROLE_ARN"] = f"arn:aws:iam::{OTHER_ACCOUNT}:role/Pod"
        if chance.random() < 0.3:
            found.pop(chance.choice(("AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN")))
    if chance.random() < 0.1:
        found["AWS_CONTAINER_CREDENTIALS_FULL_URI"] = "http://127.0.0.1:1/creds"
    return found
