"""Checks tokens, client registrations and recorded sign-ins, from files and from sso-oidc."""

import re
from typing import Any

from ssohelper.core.model import (
    SESSION_NAME,
    AccessToken,
    ClientRegistration,
    IssuedToken,
    Secret,
    SignInFacts,
    SsoSession,
)
from ssohelper.core.schema import fields
from ssohelper.core.schema.fields import LATEST_INSTANT, Check, accepted_by, optional, valid_or_none
from ssohelper.core.service_hosts import checked_region
from ssohelper.core.start_url import checked_aws_portal_url, checked_start_url

# How long AWS registers a client (the SDKs for JavaScript and Go do not record it), and the longest
# session of Identity Center.
_90_DAYS_SECONDS = 90 * 86400
_LONGEST_TOKEN_SECONDS = 24 * 3600
# A client has at most three scopes today, and a sign-in of 12 h has about 24 tokens.
_MOST_TEXTS = 100


def _texts(value: object, _field: str) -> tuple[str, ...]:
    found = value if isinstance(value, list) else []
    return tuple(item for item in found[:_MOST_TEXTS] if isinstance(item, str))


# -- tables ----------------------------------------------------------------------------------------

_TOKEN: dict[str, Check] = {
    "accessToken": fields.secret,
    "expiresAt": fields.instant_from_text,
    "refreshToken": valid_or_none(fields.secret),
    "clientId": valid_or_none(fields.checked_token),
    "clientSecret": valid_or_none(fields.secret),
    "registrationExpiresAt": valid_or_none(fields.instant_from_text),
}
_REGISTRATION: dict[str, Check] = {
    "clientId": fields.checked_token,
    "clientSecret": fields.secret,
    "expiresAt": fields.instant_from_text,
    "grantTypes": _texts,
    "scopes": _texts,
}
_SESSION: dict[str, Check] = {
    "name": fields.matching(SESSION_NAME),
    "start_url": accepted_by(checked_start_url),
    "region": accepted_by(checked_region),
    "scopes": _texts,
    "portal_url": optional(accepted_by(checked_aws_portal_url)),
}
_FACTS: dict[str, Check] = {
    **dict.fromkeys(("signed_in_at", "ended_at", "refreshed_at"), fields.checked_instant),
    **dict.fromkeys(("token_expires_at", "person_since", "notice_end"), fields.checked_instant),
    **dict.fromkeys(("user", "earlier_user", "issuer", "client_issuer"), fields.checked_token),
    **dict.fromkeys(("client", "sent_id", "of_token_id"), fields.checked_token),
    "token_ids": fields.items(fields.checked_token, _MOST_TEXTS),
    "token_life_seconds": fields.number(1, _LONGEST_TOKEN_SECONDS),
    "observed_hours_seconds": fields.number(1, _90_DAYS_SECONDS),
    "notice_stage": fields.number(1, _90_DAYS_SECONDS),
}
_CLIENT_ANSWER: dict[str, Check] = {
    "clientId": fields.checked_token,
    "clientSecret": fields.secret,
    "clientSecretExpiresAt": fields.checked_instant,
}
_TOKEN_ANSWER: dict[str, Check] = {
    "accessToken": fields.secret,
    "expiresIn": fields.number(1, 1 << 62),
    "refreshToken": optional(fields.secret),
}
_CODES_ANSWER: dict[str, Check] = {
    "deviceCode": fields.secret,
    "userCode": fields.matching(re.compile(r"[A-Za-z0-9-]{1,40}")),
}

# -- files -----------------------------------------------------------------------------------------


def parse_token(document: dict[str, Any]) -> AccessToken:
    """Return the token in a file of the AWS CLI's format.

    Without a valid refresh token and client, the token cannot be renewed.
    """
    value, expires_at, refresh_token, client_id, secret, ends = fields.read(document, _TOKEN)
    client = None
    if client_id and secret:
        ends = ends or min(expires_at + _90_DAYS_SECONDS, LATEST_INSTANT)
        client = ClientRegistration(client_id, secret, ends)
    return AccessToken(value, expires_at, refresh_token, client)


def parse_registration(document: dict[str, Any]) -> ClientRegistration:
    return ClientRegistration(*fields.read(document, _REGISTRATION))


def parse_sign_in_facts(document: dict[str, Any]) -> tuple[SignInFacts, list[str]]:
    """Return the facts, and the names of invalid fields, which count as missing."""
    good, damaged = fields.read_valid(document, _FACTS)
    return SignInFacts(**good), damaged


def parse_signed_in_session(document: dict[str, Any]) -> SsoSession:
    return SsoSession(*fields.read(document, _SESSION))


# -- answers of sso-oidc ---------------------------------------------------------------------------


def client_from_answer(
    answer: dict[str, Any], grant_types: tuple[str, ...], scopes: tuple[str, ...]
) -> ClientRegistration:
    client_id, secret, ends = fields.read(answer, _CLIENT_ANSWER)
    return ClientRegistration(client_id, secret, ends, grant_types, scopes)


def token_from_answer(
    answer: dict[str, Any], client: ClientRegistration, sent_refresh_token: Secret | None, now: int
) -> IssuedToken:
    """Return the token in a CreateToken answer, and its lifetime (at most 24 h).

    The refresh token of the request stays valid if the answer has no new one.
    """
    value, promised, renewer = fields.read(answer, _TOKEN_ANSWER)
    life = min(promised, _LONGEST_TOKEN_SECONDS)
    token = AccessToken(value, now + life, renewer or sent_refresh_token, client)
    return IssuedToken(token, life)


def codes_from_answer(answer: dict[str, Any]) -> tuple[Secret, str]:
    device_code, user_code = fields.read(answer, _CODES_ANSWER)
    return device_code, user_code
