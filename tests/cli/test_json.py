"""Every `--json` has exactly these keys and types, and the reference names each key."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

COMMANDS_PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "commands.md"
PROFILE = "payments-dev.ReadOnlyAccess"


class Instant(str):
    """2026-11-25T18:59:39Z"""


class AccountId(str):
    """000040000001"""


def each(kind: object, names: str) -> dict[str, Any]:
    return dict.fromkeys(names.split(), kind)


OR_NULL, TIME_OR_NULL, ID_OR_NULL = (str, None), (Instant, None), (AccountId, None)
PLAN = {
    **each([str], "add remove stale"),
    "change": [{"profile": str, "before": {}, "after": {}}],
    "skipped": [{"name": str, "reason": str}],
}
ROLE = {"session": str, "account_id": AccountId, "role_name": str}
STORED = {
    "name": str,
    "account_id": ID_OR_NULL,
    **each(OR_NULL, "session role_name form region"),
    "managed": bool,
}
SETTING = {"key": str, "value": object, "origin": str, "place": OR_NULL, "what": str}
FAVOURITE = {**ROLE, "favourite": bool}
AUDIT = {
    "at": Instant,
    "event": str,
    "uid": int,
    "account_id": ID_OR_NULL,
    "until": TIME_OR_NULL,
    "background": (bool, None),
    **each((int, None), "others added changed removed"),
    **each(OR_NULL, "session account_name role_name chain role_arn access_key_id parent terminal"),
    **each(OR_NULL, "user how way reason grant rule what before after command file"),
}
SHAPES: dict[str, Any] = {
    "login corp": {**each(str, "session result"), "token_expires_at": Instant, "user": OR_NULL},
    f"exec {PROFILE} -- true": None,
    f"favourite add {PROFILE}": FAVOURITE,
    "list": [
        {
            **FAVOURITE,
            **each(str, "account_name account_email"),
            "profiles": [str],
            "guarded": bool,
            "last_used_at": TIME_OR_NULL,
            "session_duration_seconds": (int, None),
        }
    ],
    "list --accounts": [
        {
            **each(str, "session account_name account_email"),
            "account_id": AccountId,
            "roles": [str],
        }
    ],
    f"whoami {PROFILE}": {
        **ROLE,
        "profile": str,
        **each(OR_NULL, "account_name user arn"),
        "confirmed": bool,
    },
    f"doctor {PROFILE}": {
        "findings": [
            {**each(str, "id severity subject message fix"), **each(bool, "fixable fixed")}
        ],
        "counts": each(int, "problems sign_ins notes fixed"),
        "sdks": [
            {**each(str, "family takes from"), "account_id": ID_OR_NULL, "role_name": OR_NULL}
        ],
        "proven": [str],
    },
    "status": {
        "storage": str,
        "sessions": [
            {
                **each(str, "name start_url region state"),
                **each(bool, "refreshable in_config"),
                **each(OR_NULL, "user sign_in_ends_source answering_region"),
                **each(TIME_OR_NULL, "token_expires_at signed_in_at sign_in_ends_at"),
                "reason": (None,),
            }
        ],
        "credentials": [{**ROLE, "expires_at": Instant, "session_duration_seconds": int}],
    },
    "favourite list": [ROLE],
    f"env {PROFILE}": {
        **each(str, "AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN"),
        **each(Instant, "AWS_CREDENTIAL_EXPIRATION AWS_SESSION_EXPIRATION"),
        "AWS_ACCOUNT_ID": AccountId,
        **each(str, "AWS_REGION AWS_DEFAULT_REGION"),
    },
    "prompt": {
        **each(OR_NULL, "profile session role_name clock level"),
        "account_id": ID_OR_NULL,
        "guarded": bool,
        "ends_at": TIME_OR_NULL,
        "left_seconds": (int, None),
        "line": str,
    },
    f"console {PROFILE} --print": {
        **ROLE,
        **each(str, "profile region destination link"),
        "opened": bool,
        "console_session_ends_at": TIME_OR_NULL,
    },
    "profile list": [STORED],
    f"profile show {PROFILE}": {**STORED, "keys": dict, "place": str},
    "profile sync --dry-run": PLAN,
    "profile sync --form sso --dry-run": PLAN,
    "profile add payments-dev/Developer --name dev --dry-run": PLAN,
    f"profile rm {PROFILE} --dry-run": {"remove": [str]},
    "profile undo --dry-run": {
        "diff": [str],
        "options": [
            {
                "session": str,
                "accounts": [str],
                "roles": [str],
                **each(OR_NULL, "name_template form default_region"),
            }
        ],
    },
    "profile undo --print": {"lines": [str]},
    "setup --yes": PLAN,
    "config list": [SETTING],
    "config get form": SETTING,
    "config set form sso": SETTING,
    "config path": {"path": str, "exists": bool},
    "cache list": [
        {
            **each(str, "kind session path"),
            "account_id": ID_OR_NULL,
            "role_name": OR_NULL,
            "chain": OR_NULL,
            "expires_at": TIME_OR_NULL,
        }
    ],
    "install --shell bash --yes": {
        **each(str, "shell file"),
        "diff": [str],
        "written": bool,
        "by_hand": OR_NULL,
    },
    "audit --event config-write": [AUDIT],
    f"favourite rm {PROFILE}": FAVOURITE,
    "cache clear --yes": {"removed": int},
    "logout": [{"session": str, "revoked": bool}],
}


def wrong(said: Any, shape: Any, where: str) -> list[str]:
    """Return the differences from the shape; a list's shape is that of each of its items."""
    if isinstance(shape, tuple):
        return [] if said is None else wrong(said, shape[0], where)
    if isinstance(shape, list):
        if not isinstance(said, list):
            return [f"{where} is no list: {said!r}"]
        return [w for n, item in enumerate(said) for w in wrong(item, shape[0], f"{where}[{n}]")]
    if isinstance(shape, dict) and shape:
        if not isinstance(said, dict) or list(said) != list(said | shape) or set(said) - set(shape):
            return [f"{where} has the keys {sorted(said)}, not {sorted(shape)}"]
        return [
            w for key, inner in shape.items() for w in wrong(said[key], inner, f"{where}.{key}")
        ]
    if shape is Instant:
        good = bool(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", str(said)))
    elif shape is AccountId:
        good = isinstance(said, str) and bool(re.fullmatch(r"\d{12}", said))
    else:
        kind = dict if shape == {} else shape
        good = isinstance(said, kind) and (kind is not int or not isinstance(said, bool))
    return [] if good else [f"{where} is {said!r}"]


def test_every_json_has_the_documented_keys_and_types(home, run, emulator):
    home.browser()
    start = ("setup", emulator.world.start_url, "--region", "us-east-1", "--session", "corp")
    assert run(*start, "--yes").returncode == 0
    for command, shape in SHAPES.items():
        done = run.ok(*(() if shape is None else ("--json",)), *command.split())
        if shape is None:
            continue
        assert done.stdout.startswith('{\n  "version": 1,\n  "data": '), command
        said = json.loads(done.stdout)
        assert list(said) == ["version", "data", "warnings"], command
        assert (said["version"], wrong(said["warnings"], [str], "warnings")) == (1, [])
        assert wrong(said["data"], shape, command) == []
        assert said["data"], command
        assert all(ord(character) < 127 for character in done.stdout)


def test_a_warning_is_in_the_json_object_or_on_stderr_beside_an_error(home, run, emulator):
    home.add_session("corp", emulator.world.start_url, emulator.world.region)
    home.write_token(emulator.issue_token("ana"))
    done = run("profile", "sync", "--account", "no-such", "--dry-run", "--json")
    [warning] = json.loads(done.stdout)["warnings"]
    assert warning.startswith("no role matches --account no-such")
    assert done.stderr == ""
    away = {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ENDPOINT_URL_SSO": "http://127.0.0.1:9"}
    done = run("list", "--refresh", "--json", env=away)
    assert (done.returncode, done.stdout) == (6, "")
    warning, error, hint = done.stderr.splitlines()
    assert warning.startswith("ssohelper: warning: AWS_ENDPOINT_URL is ignored")
    assert error.startswith("ssohelper: error: ")
    assert hint.startswith("ssohelper: hint: ")


def keys_of(shape: Any) -> set[str]:
    if isinstance(shape, tuple | list):
        return keys_of(shape[0])
    if not isinstance(shape, dict):
        return set()
    return set(shape).union(*map(keys_of, shape.values()))


@pytest.mark.parametrize(("command", "shape"), [pair for pair in SHAPES.items() if pair[1]])
def test_the_reference_names_each_key(command, shape):
    words = [
        word for word in command.split() if not re.search(r"[./-]|^(corp|dev|form|sso|bash)$", word)
    ]
    text = COMMANDS_PAGE.read_text().partition("## JSON")[2]
    entries = re.findall(r"^(`.+)\n: ((?:.+\n(?:  .+\n)*))", text, re.MULTILINE)
    [entry] = [body for names, body in entries if f"`{' '.join(words)}`" in names]
    own = set(re.findall(r'"(\w+)"', entry))
    assert keys_of(shape) <= own | (keys_of([STORED]) if "same object" in entry else set())
