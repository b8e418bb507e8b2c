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


PLAN = {
    "add": [str],
    "change": [{"profile": str, "before": {}, "after": {}}],
    "remove": [str],
    "stale": [str],
    "skipped": [{"name": str, "reason": str}],
}
ROLE = {"session": str, "account_id": AccountId, "role_name": str}
STORED = {
    "name": str,
    "session": (str, None),
    "account_id": (AccountId, None),
    "role_name": (str, None),
    "form": (str, None),
    "region": (str, None),
    "managed": bool,
}
SETTING = {"key": str, "value": object, "origin": str, "place": (str, None), "what": str}
AUDIT = {
    "at": Instant,
    "event": str,
    "uid": int,
    "session": (str, None),
    "account_id": (AccountId, None),
    "account_name": (str, None),
    "role_name": (str, None),
    "chain": (str, None),
    "role_arn": (str, None),
    "until": (Instant, None),
    "access_key_id": (str, None),
    "background": (bool, None),
    "others": (int, None),
    "parent": (str, None),
    "terminal": (str, None),
    "user": (str, None),
    "how": (str, None),
    "way": (str, None),
    "reason": (str, None),
    "grant": (str, None),
    "rule": (str, None),
    "what": (str, None),
    "before": (str, None),
    "after": (str, None),
    "command": (str, None),
    "file": (str, None),
    "added": (int, None),
    "changed": (int, None),
    "removed": (int, None),
}
SHAPES: dict[str, Any] = {
    "login corp": {
        "session": str,
        "result": str,
        "token_expires_at": Instant,
        "user": (str, None),
    },
    f"exec {PROFILE} -- true": None,
    f"favourite add {PROFILE}": {**ROLE, "favourite": bool},
    "list": [
        {
            **ROLE,
            "account_name": str,
            "account_email": str,
            "profiles": [str],
            "guarded": bool,
            "favourite": bool,
            "last_used_at": (Instant, None),
            "session_duration_seconds": (int, None),
        }
    ],
    "list --accounts": [
        {
            "session": str,
            "account_id": AccountId,
            "account_name": str,
            "account_email": str,
            "roles": [str],
        }
    ],
    f"whoami {PROFILE}": {
        **ROLE,
        "profile": str,
        "account_name": (str, None),
        "user": (str, None),
        "arn": (str, None),
        "confirmed": bool,
    },
    f"doctor {PROFILE}": {
        "findings": [
            {
                "id": str,
                "severity": str,
                "subject": str,
                "message": str,
                "fix": str,
                "fixable": bool,
                "fixed": bool,
            }
        ],
        "counts": {"problems": int, "sign_ins": int, "notes": int, "fixed": int},
        "sdks": [
            {
                "family": str,
                "takes": str,
                "from": str,
                "account_id": (AccountId, None),
                "role_name": (str, None),
            }
        ],
        "proven": [str],
    },
    "status": {
        "storage": str,
        "sessions": [
            {
                "name": str,
                "start_url": str,
                "region": str,
                "user": (str, None),
                "state": str,
                "refreshable": bool,
                "token_expires_at": (Instant, None),
                "signed_in_at": (Instant, None),
                "sign_in_ends_at": (Instant, None),
                "sign_in_ends_source": (str, None),
                "reason": (None,),
                "in_config": bool,
                "answering_region": (str, None),
            }
        ],
        "credentials": [{**ROLE, "expires_at": Instant, "session_duration_seconds": int}],
    },
    "favourite list": [ROLE],
    f"env {PROFILE}": {
        "AWS_ACCESS_KEY_ID": str,
        "AWS_SECRET_ACCESS_KEY": str,
        "AWS_SESSION_TOKEN": str,
        "AWS_CREDENTIAL_EXPIRATION": Instant,
        "AWS_SESSION_EXPIRATION": Instant,
        "AWS_ACCOUNT_ID": AccountId,
        "AWS_REGION": str,
        "AWS_DEFAULT_REGION": str,
    },
    "prompt": {
        "profile": (str, None),
        "session": (str, None),
        "account_id": (AccountId, None),
        "role_name": (str, None),
        "guarded": bool,
        "clock": (str, None),
        "level": (str, None),
        "ends_at": (Instant, None),
        "left_seconds": (int, None),
        "line": str,
    },
    f"console {PROFILE} --print": {
        **ROLE,
        "profile": str,
        "region": str,
        "destination": str,
        "link": str,
        "opened": bool,
        "console_session_ends_at": (Instant, None),
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
                "name_template": (str, None),
                "form": (str, None),
                "default_region": (str, None),
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
            "kind": str,
            "session": str,
            "account_id": (AccountId, None),
            "role_name": (str, None),
            "chain": (str, None),
            "path": str,
            "expires_at": (Instant, None),
        }
    ],
    "install --shell bash --yes": {
        "shell": str,
        "file": str,
        "diff": [str],
        "written": bool,
        "by_hand": (str, None),
    },
    "audit --event config-write": [AUDIT],
    f"favourite rm {PROFILE}": {**ROLE, "favourite": bool},
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
        done = run(*(() if shape is None else ("--json",)), *command.split())
        assert done.returncode == 0, (command, done.stderr)
        if shape is None:
            continue
        assert done.stdout.startswith('{\n  "version": 1,\n  "data": '), command
        said = json.loads(done.stdout)
        assert list(said) == ["version", "data", "warnings"], command
        assert (said["version"], wrong(said["warnings"], [str], "warnings")) == (1, [])
        assert wrong(said["data"], shape, command) == []
        assert said["data"], command
        assert all(ord(character) < 127 for character in done.stdout)


def test_a_warning_is_in_the_json_object_and_not_on_stderr(home, run, emulator):
    home.add_session("corp", emulator.world.start_url, emulator.world.region)
    home.write_token(emulator.issue_token("ana"))
    done = run("profile", "sync", "--account", "no-such", "--dry-run", "--json")
    [warning] = json.loads(done.stdout)["warnings"]
    assert warning.startswith("no role matches --account no-such")
    assert done.stderr == ""


def test_a_warning_is_on_stderr_when_an_error_leaves_no_json_object(home, run, emulator):
    home.add_session("corp", emulator.world.start_url, emulator.world.region)
    home.write_token(emulator.issue_token("ana"))
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
