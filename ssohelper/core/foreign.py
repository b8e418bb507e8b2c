"""Finds the provider of credentials for profiles that do not get them from ssohelper.

SDKs get such credentials through AWS_PROFILE, ssohelper through botocore
(ssohelper.provider_process).
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import NamedTuple, TypeGuard

from ssohelper.core import chains, process_command
from ssohelper.core.config_file import LEGACY_FORM, ConfigFile, ProfileEntry
from ssohelper.core.instants import from_iso
from ssohelper.core.model import RoleCredentials, Secret
from ssohelper.core.resolver import Resolved, Resolver
from ssohelper.core.text import show
from ssohelper.errors import (
    AwsUnreachable,
    BadAnswer,
    ConfigInvalid,
    LoginRequired,
    RoleNotAssigned,
    SsoHelperError,
)

_PROGRAM = "the program "
# actions.selection reports these problems, and the command to type.
_OF_SELECTION = ("no-source", "session-missing", "role-unreadable")
# An error of ssohelper.provider_process.
NO_PROVIDER = "the profile names no provider of credentials that can be used"
# Limits the characters of access keys, which become environment variables and shell lines.
_KEY = re.compile(r"[!-~]{1,16384}")
_ERRORS = {one.exit_code: one for one in (ConfigInvalid, LoginRequired, RoleNotAssigned)}


class ForeignProfile(NamedTuple):
    """A profile whose credentials another program or file provides.

    `what` names the provider for display. `login_profile` is the profile for which the user signs
    in with the AWS CLI: it has `login_session`, or the `sso_start_url` of a portal for which the
    config has no session. `profiles` are this profile and its sources.
    """

    name: str
    what: str
    login_session: str | None = None
    login_profile: str = ""
    mfa_serials: tuple[str, ...] = ()
    credential_source: str = ""
    profiles: tuple[str, ...] = ()
    sso_start_url: str = ""

    @property
    def sign_in_command(self) -> str:
        if not self.login_profile:
            return ""
        login = "aws sso login" if self.sso_start_url else "aws login"
        return f"{login} --profile {shlex.quote(show(self.login_profile, 80))}"

    @property
    def description(self) -> str:
        return f'profile "{show(self.name)}": not ours, its credentials come from {show(self.what)}'

    @property
    def origin(self) -> str:
        return f"not ours ({show(self.what)})"

    @property
    def is_program(self) -> bool:
        return self.what.startswith(_PROGRAM)


class ForeignCredentials(NamedTuple):
    """Credentials that another program or file provides. The keys of an IAM user have no token.

    `expires_at` (epoch seconds) is None if they do not expire, or their provider does not say when.
    """

    access_key_id: str
    secret_access_key: Secret
    session_token: Secret
    expires_at: int | None

    @property
    def is_temporary(self) -> bool:
        return bool(self.session_token.reveal())

    @property
    def for_request(self) -> RoleCredentials:
        return RoleCredentials(*self[:3], self.expires_at or 0)


def find_provider_of_profile(resolving: Resolver, name: str) -> ForeignProfile | None:
    """Return None if ssohelper provides the credentials. Raises: ConfigInvalid if nothing does."""
    config, answer = resolving.config, resolving.resolve(name)
    found, entry = answer.problem, config.profile(name)
    if entry is not None and _names_role_of_ssohelper(config, entry, answer):
        return None
    if found is not None and found.id in _OF_SELECTION:
        return None
    if found is not None:
        raise ConfigInvalid(found.message, hint=found.fix)
    assumes = answer.source == "assumed role"
    row = (name, *answer.sources)
    keys = resolving.keys(row[-1])
    is_of_aws_login = answer.last == "aws login"
    is_legacy = answer.last == "sso" and "sso_session" not in keys
    serials = (resolving.keys(one).get("mfa_serial", "") for one in row[: max(1, len(row) - 1)])
    return ForeignProfile(
        name,
        _name_provider(answer, keys),
        keys.get("login_session") if is_of_aws_login else None,
        row[-1] if is_of_aws_login or is_legacy else "",
        tuple(dict.fromkeys(filter(None, serials))) if assumes else (),
        keys.get("credential_source", "") if answer.last == "assumed role" else "",
        row,
        keys.get("sso_start_url", "") if is_legacy else "",
    )


def _names_role_of_ssohelper(config: ConfigFile, entry: ProfileEntry, answer: Resolved) -> bool:
    """Return whether ssohelper provides this profile's role, even if SDKs cannot get it."""
    chain = chains.find_chain_or_none(config, entry)
    target = chain.target if chain else config.target_or_none(entry)
    if target is None:
        return False
    has_session = bool(config.sessions_of_target(target))
    # SDKs use the token of `aws sso login` for a legacy profile; ssohelper has no token for it.
    is_taken = answer.problem is not None or answer.last in ("sso", "program")
    return has_session or (is_taken and target.form != LEGACY_FORM)


def _name_provider(answer: Resolved, keys: Mapping[str, str]) -> str:
    match answer.last:
        case "assumed role":
            return f"the credential source {show(keys.get('credential_source', ''), 40)}"
        case "web identity":
            return "a web identity token"
        case "sso":
            return "aws sso login"
        case "aws login":
            return "aws login"
        case "program":
            words = process_command.split_command(keys["credential_process"])
            return f"{_PROGRAM}{show(words[0], 200) if words else 'another program'}"
        case _:
            return "static keys"


def parse_provider_answer(profile: ForeignProfile, answer: bytes) -> ForeignCredentials:
    """Raises: the error in the answer; BadAnswer if the credentials cannot be used."""
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError):
        said = None
    said = said if isinstance(said, dict) else {}
    message = said.get("error")
    if isinstance(message, str):
        raise _error_of_provider(profile, message, said.get("exit_code"))
    key_id, secret = said.get("access_key_id"), said.get("secret_access_key")
    token, ends = said.get("session_token") or "", said.get("expires_at")
    is_token = token == "" or _is_key_or_token(token)
    if not (_is_key_or_token(key_id) and _is_key_or_token(secret) and is_token):
        what = f"{no_credentials_message(profile)}: the provider's answer is not valid"
        raise BadAnswer(what, hint=hint_without_ssohelper(profile))
    expires_at = from_iso(ends) if isinstance(ends, str) else None
    return ForeignCredentials(key_id, Secret(secret), Secret(token), expires_at)


def _is_key_or_token(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and _KEY.fullmatch(value) is not None


def _error_of_provider(profile: ForeignProfile, message: str, exit_code: object) -> SsoHelperError:
    text = f"{no_credentials_message(profile)}: {show(message, 300)}"
    kind = _ERRORS.get(exit_code) if isinstance(exit_code, int) else None
    if kind is LoginRequired and profile.sign_in_command:
        return LoginRequired(text, hint=f"sign in with: {profile.sign_in_command}")
    return (kind or AwsUnreachable)(text, hint=hint_without_ssohelper(profile))


def no_credentials_message(profile: ForeignProfile) -> str:
    return f'no credentials for the profile "{show(profile.name, 80)}" from {profile.what}'


def hint_without_ssohelper(profile: ForeignProfile) -> str:
    return f"see what it says: aws sts get-caller-identity --profile {show(profile.name, 80)}"
