"""Runs the process that gets the credentials of a profile which does not get them from ssohelper.

botocore gets them, since the profile is written for its providers. Such a provider may hang, so
this process leads a process group, which the caller kills.
stdin is a JSON object: `codes` has codes of MFA devices, by serial number; `environ` is the
provider's environment, with variables that ssohelper's own Python must ignore. The answer on stdout
is one JSON object, which core.foreign reads.
"""

import json
import os
import re
import signal
import sys
from datetime import UTC, datetime
from typing import Any

import botocore.session
from botocore import credentials, exceptions, utils

from ssohelper.core.foreign import NO_PROVIDER
from ssohelper.core.instants import from_iso
from ssohelper.core.redaction import redacted
from ssohelper.core.text import show, to_json
from ssohelper.errors import AwsUnreachable, ConfigInvalid, LoginRequired, RoleNotAssigned

# After this time the process group ends itself: our parent, which ends it earlier, may have been
# killed.
_LONGEST_LIFE_SECONDS = 25
_MOST_SHOWN = 200
_COLOUR = re.compile("\x1b\\[[0-9;?]*[A-Za-z]")
# botocore's provider and error for `aws login`, which older versions of botocore do not have.
_LoginProvider: Any = getattr(credentials, "LoginProvider", object)
_LoginError: Any = getattr(exceptions, "LoginError", ())
_SSO_LOGIN_ERRORS = (exceptions.UnauthorizedSSOTokenError, exceptions.SSOTokenLoadError)
# botocore tries these if a profile has no provider. They give the credentials of the machine.
_MACHINE_PROVIDERS = ("boto-config", "ec2-credentials-file", "container-role", "iam-role")
_BAD_CONFIG = (
    exceptions.InvalidConfigError,
    exceptions.ConfigParseError,
    exceptions.ProfileNotFound,
    exceptions.PartialCredentialsError,
    exceptions.MissingDependencyException,
)


def run_provider_process(argv: list[str]) -> int:
    if len(argv) != 1:
        return 2
    if sys.platform != "win32":
        signal.signal(signal.SIGALRM, lambda *_: os.killpg(0, signal.SIGKILL))
        signal.alarm(_LONGEST_LIFE_SECONDS)
    given = json.loads(sys.stdin.buffer.read())
    os.environ.clear()
    os.environ.update(given["environ"])
    try:
        answer = _get_credentials_from_provider(argv[0], given["codes"])
    except Exception as cause:
        # A provider raises errors of any library. Each of them means that there are no credentials.
        answer = {"exit_code": _exit_code_of(cause), "error": _message_of(cause)}
    sys.stdout.buffer.write(to_json(answer).encode() + b"\n")
    return 0


def _get_credentials_from_provider(name: str, codes: dict[str, str]) -> dict[str, Any]:
    if getattr(credentials, "EC", object) is None:
        credentials.LoginProvider = _UnrenewedLogin
    session = botocore.session.Session(profile=name)
    resolver = session.get_component("credential_provider")
    for each in _MACHINE_PROVIDERS:
        resolver.remove(each)
    resolver.get_provider("assume-role")._prompter = lambda prompt: _find_mfa_code(prompt, codes)
    found = session.get_credentials()
    if found is None:
        raise exceptions.InvalidConfigError(error_msg=NO_PROVIDER)
    frozen = found.get_frozen_credentials()
    ends = getattr(found, "_expiry_time", None)
    return {
        "access_key_id": frozen.access_key,
        "secret_access_key": frozen.secret_key,
        "session_token": frozen.token,
        "expires_at": ends.astimezone(UTC).isoformat() if isinstance(ends, datetime) else None,
    }


def _find_mfa_code(prompt: str, codes: dict[str, str]) -> str:
    for serial, code in codes.items():
        if serial in prompt:
            return code
    raise exceptions.InvalidConfigError(error_msg="no code was given for an MFA device")


class _UnrenewedLogin(_LoginProvider):  # type: ignore[misc]
    """Reads the cache of `aws login` if botocore cannot, because `botocore[crt]` is missing."""

    def load(self) -> Any:
        config = self._load_config().get("profiles", {}).get(self._profile_name, {})
        if "login_session" not in config:
            return None
        token = utils.LoginTokenLoader(self._token_cache).load_token(config["login_session"]) or {}
        keys = token.get("accessToken") or {}
        ends = from_iso(keys.get("expiresAt", ""))
        if ends is None or ends <= datetime.now(UTC).timestamp():
            raise exceptions.LoginRefreshRequired()
        made = credentials.Credentials(
            keys["accessKeyId"], keys["secretAccessKey"], keys["sessionToken"], method=self.METHOD
        )
        made._expiry_time = datetime.fromtimestamp(ends, UTC)
        return made


# -- errors of botocore's providers --------------------------------------------------------------


def _exit_code_of(cause: Exception) -> int:
    if isinstance(cause, (*_SSO_LOGIN_ERRORS, _LoginError)):
        return LoginRequired.exit_code
    if isinstance(cause, _BAD_CONFIG):
        return ConfigInvalid.exit_code
    if isinstance(cause, exceptions.ClientError):
        status = cause.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if 400 <= status < 500 and status != 429:
            return RoleNotAssigned.exit_code
    return AwsUnreachable.exit_code


def _message_of(cause: Exception) -> str:
    """Return a provider's error as one line for the user, without secrets and colours."""
    text = _COLOUR.sub("", str(cause))
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return show(redacted(lines[-1] if lines else type(cause).__name__), _MOST_SHOWN)
