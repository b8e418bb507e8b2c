"""Checks tokens, client registrations and recorded sign-ins, from files and from sso-oidc."""

import re
from typing import Any

from ssohelper.core.instants import has_time_zone
from ssohelper.core.model import (
    SESSION_NAME,
    AccessToken,
    ClientRegistration,
    Secret,
    SignInFacts,
    SsoSession,
)
from ssohelper.core.schema import fields
from ssohelper.core.schema.fields import LATEST_INSTANT, Damaged
from ssohelper.core.service_hosts import checked_region
from ssohelper.core.start_url import checked_aws_portal_url, checked_start_url
from ssohelper.errors import ConfigInvalid

# The SDKs for JavaScript and Go do not record when a client registration expires. AWS registers a
# client for 90 days.
_REGISTRATION_SECONDS = 90 * 86400
LONGEST_TOKEN_SECONDS = 24 * 3600
# IAM Identity Center's longest session duration is 90 days.
_LONGEST_SIGN_IN_SECONDS = 90 * 86400
# The most texts in a list of scopes or token ids. A client has at most three scopes today, and a
# sign-in of 12 h has about 24 tokens.
_MOST_TEXTS = 100
_USER_CODE = re.compile(r"[A-Za-z0-9-]{1,40}")
_INSTANTS = (
    "signed_in_at",
    "ended_at",
    "refreshed_at",
    "token_expires_at",
    "person_since",
    "notice_end",
)
_TEXTS = ("user", "earlier_user", "sent_id", "issuer", "client", "client_issuer", "of_token_id")


# -- checking token files and other files of sign-ins ----------------------------------------------


def parse_token(document: dict[str, Any]) -> AccessToken:
    """Return the token in a file of the AWS CLI's format.

    If the file has no valid refresh token or no valid client, the token cannot be renewed.
    """
    value = fields.checked_token(document.get("accessToken"), "accessToken")
    expires_at = fields.instant_from_text(document.get("expiresAt"), "expiresAt")
    refresh_token = _optional_token(document, "refreshToken")
    return AccessToken(
        Secret(value),
        expires_at,
        Secret(refresh_token) if refresh_token else None,
        _parse_client(document, expires_at),
    )


def expiry_lacks_zone(document: dict[str, Any]) -> bool:
    """Return whether `expiresAt` in a token file has no time zone, so that it is read as UTC."""
    ends = document.get("expiresAt")
    return isinstance(ends, str) and not has_time_zone(ends)


def parse_registration(document: dict[str, Any]) -> ClientRegistration:
    return ClientRegistration(
        fields.checked_token(document.get("clientId"), "clientId"),
        Secret(fields.checked_token(document.get("clientSecret"), "clientSecret")),
        fields.instant_from_text(document.get("expiresAt"), "expiresAt"),
        _checked_texts(document.get("grantTypes")),
        _checked_texts(document.get("scopes")),
    )


def parse_sign_in_facts(document: dict[str, Any]) -> tuple[SignInFacts, list[str]]:
    """Return what a file records about a sign-in, and the names of the file's invalid fields.

    Each field is useful alone: an invalid field counts as missing, and the other fields stay.
    """
    good: dict[str, Any] = {}
    for name in SignInFacts._fields:
        value = document.get(name)
        try:
            good[name] = None if value is None else _checked_sign_in_fact(name, value)
        except Damaged:
            good[name] = None
    damaged = [name for name, value in good.items() if value is None and document.get(name)]
    good["token_ids"] = good["token_ids"] or ()
    return SignInFacts(**good), damaged


def parse_signed_in_session(value: dict[str, Any]) -> SsoSession:
    """Return the session in the record of a sign-in."""
    try:
        portal_url = value.get("portal_url")
        return SsoSession(
            fields.checked_match(value.get("name"), "name", SESSION_NAME),
            checked_start_url(fields.checked_text(value.get("start_url"), "start_url", 4096)),
            checked_region(fields.checked_text(value.get("region"), "region")),
            _checked_texts(value.get("scopes")),
            None
            if portal_url is None
            else checked_aws_portal_url(fields.checked_text(portal_url, "portal_url")),
        )
    except ConfigInvalid as error:
        raise Damaged("start_url") from error


def _checked_sign_in_fact(name: str, value: object) -> Any:
    if name in _TEXTS:
        return fields.checked_token(value, name)
    if name == "token_ids":
        items = fields.checked_list(value, name, _MOST_TEXTS)
        return tuple(fields.checked_token(item, name) for item in items)
    if name in _INSTANTS:
        return fields.checked_instant(value, name)
    longest = LONGEST_TOKEN_SECONDS if name == "token_life_seconds" else _LONGEST_SIGN_IN_SECONDS
    return fields.checked_whole_number(value, name, 1, longest)


def _parse_client(document: dict[str, Any], token_expires_at: int) -> ClientRegistration | None:
    client_id = _optional_token(document, "clientId")
    secret = _optional_token(document, "clientSecret")
    if client_id is None or secret is None:
        return None
    ends = "registrationExpiresAt"
    expires_at = fields.checked_or_none(fields.instant_from_text, document.get(ends), ends)
    if expires_at is None:
        expires_at = min(token_expires_at + _REGISTRATION_SECONDS, LATEST_INSTANT)
    return ClientRegistration(client_id, Secret(secret), expires_at)


def _optional_token(document: dict[str, Any], name: str) -> str | None:
    return fields.checked_or_none(fields.checked_token, document.get(name), name)


def _checked_texts(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else []
    return tuple(item for item in items[:_MOST_TEXTS] if isinstance(item, str))


# -- checking answers of sso-oidc ------------------------------------------------------------------


def client_from_answer(
    answer: dict[str, Any], grant_types: tuple[str, ...], scopes: tuple[str, ...]
) -> ClientRegistration:
    """Return the client in a RegisterClient answer. Its grants and scopes come from the request."""
    return ClientRegistration(
        fields.checked_token(answer.get("clientId"), "clientId"),
        Secret(fields.checked_token(answer.get("clientSecret"), "clientSecret")),
        fields.checked_instant(answer.get("clientSecretExpiresAt"), "clientSecretExpiresAt"),
        grant_types,
        scopes,
    )


def token_from_answer(
    answer: dict[str, Any], client: ClientRegistration, sent_refresh_token: Secret | None, now: int
) -> tuple[AccessToken, int]:
    """Return the token in a CreateToken answer, and its `expiresIn` as AWS sent it, in seconds.

    `sent_refresh_token` is the refresh token of the request, which stays valid if the answer has no
    new one. A token with a lifetime of more than 24 h is treated as a token of 24 h.
    """
    promised = fields.checked_whole_number(answer.get("expiresIn"), "expiresIn", 1, 1 << 62)
    life = min(promised, LONGEST_TOKEN_SECONDS)
    renewer = sent_refresh_token
    if answer.get("refreshToken") is not None:
        renewer = Secret(fields.checked_token(answer["refreshToken"], "refreshToken"))
    value = Secret(fields.checked_token(answer.get("accessToken"), "accessToken"))
    return AccessToken(value, now + life, renewer, client), promised


def codes_from_answer(answer: dict[str, Any]) -> tuple[Secret, str]:
    user_code = fields.checked_match(answer.get("userCode"), "userCode", _USER_CODE)
    return Secret(fields.checked_token(answer.get("deviceCode"), "deviceCode")), user_code
