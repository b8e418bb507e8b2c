"""Serves published responses while the keyring, which has the cache's key, is not available.

The credentials in a published response work until they expire, which is later than the time until
which the launcher prints it. Without the keyring we only cannot know whether they should be
renewed.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ssohelper.broker.requests import FoundCredentials
from ssohelper.core.instants import from_iso

if TYPE_CHECKING:
    from ssohelper.app import App
    from ssohelper.core.model import RoleKey, SsoSession
    from ssohelper.stores.session_stamp import SessionStamp

# Credentials with fewer seconds left are not returned: they may expire before AWS gets the request.
_LEAST_SECONDS = 60


def find_published_response(
    app: App, session: SsoSession, key: RoleKey, stamp: SessionStamp
) -> FoundCredentials | None:
    """Return the role's unexpired published response, if it is of the present sign-in; or None.

    A guarded role has no published response. Returns an empty `FoundCredentials` if the session is
    signed out, which can be known without the keyring. Raises: NotOurs.
    """
    if not app.tokens.read_token_file_fingerprint(session):
        return FoundCredentials()
    document = app.credentials.load_published_document(key) if stamp.are_responses_current else None
    if document is None:
        return None
    try:
        expires_at = from_iso(json.loads(document)["Expiration"])
    except (ValueError, KeyError, TypeError):
        return None
    if expires_at is None or expires_at - app.clock.aws_now() < _LEAST_SECONDS:
        return None
    return FoundCredentials(document, True)
