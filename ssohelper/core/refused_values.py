"""Finds keys of a profile and variables of a shell that make AWS tools stop with an error.

Measured with botocore 1.44.8 and AWS CLI 2.23.6.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from ssohelper.core import resolver
from ssohelper.core.findings import Finding, finding
from ssohelper.core.text import show

SHELL = "this shell"
_BOTO3, _CLI, _BOTH = "boto3 stops", "the AWS CLI stops", "boto3 and the AWS CLI stop"
_CHECKSUM = "(?i:when_supported|when_required)"


class _Accepted(NamedTuple):
    """A key's accepted values, the variable with the same effect, and which tools refuse others."""

    pattern: str
    text: str
    variable: str = ""
    who: str = _BOTH


# AWS CLI 2.23 refuses `output = off`; later versions accept it.
_ACCEPTED = {
    "retry_mode": _Accepted("legacy|standard|adaptive", "standard or adaptive", "AWS_RETRY_MODE"),
    "max_attempts": _Accepted(r"\s*\+?0*[1-9][0-9]*\s*", "a number from 1", "AWS_MAX_ATTEMPTS"),
    "request_checksum_calculation": _Accepted(
        _CHECKSUM, "when_supported or when_required", "AWS_REQUEST_CHECKSUM_CALCULATION"
    ),
    "response_checksum_validation": _Accepted(
        _CHECKSUM, "when_supported or when_required", "AWS_RESPONSE_CHECKSUM_VALIDATION"
    ),
    "defaults_mode": _Accepted(
        "(?i:legacy|auto|standard|in-region|cross-region|mobile)",
        *("standard", "AWS_DEFAULTS_MODE", _BOTO3),
    ),
    "cli_timestamp_format": _Accepted("(?i:none|wire|iso8601)", "wire or iso8601", "", _CLI),
    "cli_binary_format": _Accepted(
        "base64|raw-in-base64-out", "base64 or raw-in-base64-out", "", _CLI
    ),
    "output": _Accepted(
        "json|text|table|yaml|yaml-stream|off",
        *("json, text, table, yaml or yaml-stream", "AWS_DEFAULT_OUTPUT", _CLI),
    ),
}
# Variables that hold a region are refused only if they are empty. boto3 does not read AWS_REGION.
_VARIABLES = {
    "AWS_REGION": _Accepted(".+", "", "AWS_REGION", _CLI),
    "AWS_DEFAULT_REGION": _Accepted(".+", "", "AWS_DEFAULT_REGION"),
    **{one.variable: one for one in _ACCEPTED.values() if one.variable},
}
_EMPTY = "empty-variable", "is set and empty"
_FILES = {"AWS_CONFIG_FILE": "config", "AWS_SHARED_CREDENTIALS_FILE": "credentials file"}
_TOKENS = ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")
# All regions of all partitions have names of this form: eu-west-1, us-isob-east-1.
_REGION = re.compile(r"[a-z]{2,}(?:-[a-z]+)+-[0-9]{1,2}")


def find_refused_value(key: str, value: str) -> tuple[str, str] | None:
    """Return the message and the fix for a value that AWS tools refuse; None if they accept it."""
    accepted = _ACCEPTED.get(key)
    who = _who_stops(accepted, value) if accepted is not None else ""
    if accepted is None or not who:
        return None
    message = f'"{key}" is "{show(value, 60)}": {who} with an error'
    return message, f"write in an editor {accepted.text}, or remove the line"


def _who_stops(accepted: _Accepted, value: str) -> str:
    if (value, accepted.variable) == ("legacy", "AWS_RETRY_MODE"):
        return "AWS CLI 2 stops"
    return "" if re.fullmatch(accepted.pattern, value) else accepted.who


def find_refused_variables(environ: Mapping[str, str]) -> Iterator[Finding]:
    for name, accepted in _VARIABLES.items():
        who = _who_stops(accepted, environ[name]) if name in environ else ""
        if name == "AWS_DEFAULT_REGION" and who and "AWS_REGION" in environ:
            who = _BOTO3  # the AWS CLI reads AWS_REGION first
        if who:
            value = show(environ[name], 60)
            id, what = ("variable-refused", f'is "{value}"') if value else _EMPTY
            yield finding(id, SHELL, f"{name} {what}: {who} with an error", f"unset {name}")


def check_environ(environ: Mapping[str, str], chosen: str | None) -> Iterator[Finding]:
    """Find variables that make AWS tools stop, or that they prefer to the profile in use.

    `chosen` is the profile that the user asks about, None for the profile in the shell's variables.
    """
    yield from find_refused_variables(environ)
    for name, what in _FILES.items():
        if environ.get(name) == "":
            message = f"{name} {_EMPTY[1]}: boto3 and the AWS CLI read no {what}"
            is_note = what != "config"
            yield finding(_EMPTY[0], SHELL, message, f"unset {name}", is_note=is_note)
    named = {name: environ[name] for name in resolver.PROFILE_VARIABLES if name in environ}
    for name in (name for name, value in named.items() if not value):
        # boto3 reads AWS_DEFAULT_PROFILE first, the AWS CLI reads AWS_PROFILE first.
        who = _BOTH if len(named) == 1 else _CLI if name == "AWS_PROFILE" else _BOTO3
        message = f'{name} {_EMPTY[1]}: {who} with "The config profile () could not be found"'
        yield finding(_EMPTY[0], SHELL, message, f"unset {name}")
    first, second = (environ.get(name) for name in resolver.PROFILE_VARIABLES)
    if first and second and first != second:
        message = f'boto3 takes AWS_DEFAULT_PROFILE ("{show(second, 80)}"), the AWS CLI and other '
        yield finding("two-profiles", SHELL, f'{message}SDKs AWS_PROFILE ("{show(first, 80)}")')
    if environ.get("AWS_ENDPOINT_URL"):
        message = "AWS tools send every call to AWS_ENDPOINT_URL, sign-ins too"
        yield finding("general-endpoint", SHELL, f"{message}; ssohelper ignores it")
    profile = first or chosen
    yield from _check_keys(environ, profile)
    if profile and all(environ.get(name) for name in resolver.WEB_IDENTITY_VARIABLES):
        both = " and ".join(resolver.WEB_IDENTITY_VARIABLES)
        message = f"{both} are set: boto3, the AWS CLI, Java and Go use that role instead of the "
        message += f'profile "{show(profile, 80)}"'
        fix = f"unset {' '.join(resolver.WEB_IDENTITY_VARIABLES)}"
        yield finding("web-identity-in-environment", SHELL, message, fix)


def _check_keys(environ: Mapping[str, str], profile: str | None) -> Iterator[Finding]:
    present = [name for name in (*resolver.KEY_VARIABLES, *_TOKENS) if environ.get(name)]
    unset = f"unset {' '.join(present)}"
    key_id, secret = resolver.KEY_VARIABLES
    if key_id in present and secret in present:
        account, ends = environ.get("AWS_ACCOUNT_ID"), environ.get("AWS_CREDENTIAL_EXPIRATION")
        shown = f" (account {show(account, 20)})" if account else ""
        instead = f'instead of the profile "{show(profile, 80)}"' if profile else "for every call"
        who = "boto3, the AWS CLI, Java, Go and Rust use this key"
        message = f"{key_id} is set{shown}: {who} {instead}"
        if ends:
            message += f"; the key expires at {show(ends, 40)}, and nothing renews it"
        # `exec` and `env` also set the variable with the key's expiry, so this key was set on
        # purpose.
        is_note = bool(ends) and not profile
        if is_note:
            unset += "; for a job that outlasts the key: AWS_PROFILE, or ssohelper exec --server"
        yield finding("keys-in-environment", SHELL, message, unset, is_note=is_note)
    elif key_id in present:
        message = f"{key_id} is set without {secret}: AWS tools stop with an error, except for "
        yield finding("half-a-key", SHELL, f"{message}commands that name a profile", unset)
    elif present and present != [secret]:
        message = f"{present[-1]} is set without a key"
        message += ": it would be sent with keys that are set later"
        yield finding("token-without-keys", SHELL, message, unset)


def find_unknown_region(region: str) -> tuple[str, str] | None:
    """Return the message and the fix for a region that no partition of AWS can have, else None."""
    if _REGION.fullmatch(region):
        return None
    # matches us-east1, and the availability zone us-east-1a
    found = re.fullmatch(r"([a-z-]+?)-?([0-9]{1,2})[a-z]?", region.lower())
    meant = f"{found[1]}-{found[2]}" if found else ""
    message = f'no region of AWS has a name like "{show(region, 60)}": AWS tools find no host'
    is_known = _REGION.fullmatch(meant)
    return message, f'did you mean "{meant}"? correct it in an editor' if is_known else ""
