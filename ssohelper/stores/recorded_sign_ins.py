"""Finds sign-ins that ssohelper made, by their records, even if the config lacks their session."""

from collections.abc import Iterable
from contextlib import suppress

from ssohelper.core import issuer
from ssohelper.core.model import SsoSession
from ssohelper.core.schema import sign_in_records as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.core.start_url import is_session_listed
from ssohelper.errors import LocalState
from ssohelper.stores.codecs import PlainCodec
from ssohelper.stores.token_cache import TokenFiles
from ssohelper.stores.token_documents import is_token_of


class RecordedSignIns(TokenFiles):
    """Compares token files with the records that say for which session each sign-in is."""

    def find_unlisted_sessions(self, listed: Iterable[SsoSession]) -> list[SsoSession]:
        """Return the sessions that are not `listed` and whose token ssohelper got and still has.

        A session of `listed` that has the same name but another portal or region counts as another
        session.
        """
        return [one for one in self._load_unlisted_sessions(listed) if self._has_sign_in(one)]

    def find_stale_sessions(self, listed: Iterable[SsoSession]) -> list[SsoSession]:
        """Return the recorded sessions that are not `listed` and have no token on this machine."""
        return [one for one in self._load_unlisted_sessions(listed) if not self._has_sign_in(one)]

    def _load_unlisted_sessions(self, listed: Iterable[SsoSession]) -> list[SsoSession]:
        listed = list(listed)
        return [one for one in self.load_sessions() if not is_session_listed(one, listed)]

    def _has_sign_in(self, session: SsoSession) -> bool:
        if any(map(self.read_token_file_fingerprint, self.list_further_portal_sessions(session))):
            return True
        return bool(self.read_token_file_fingerprint(session)) and not self._has_foreign_token(
            session
        )

    def _has_foreign_token(self, session: SsoSession) -> bool:
        """Return whether another tool has overwritten our token file with another sign-in's token.

        A token that cannot be read counts as ours. So does a token that an SDK renewed: the token's
        id is not recorded, but it was issued to our client.
        """
        if not isinstance(self._codec, PlainCodec):
            return False  # no other tool writes our encrypted token files
        found = None
        with suppress(LocalState):
            found = self._read_token(session)
        if found is None:
            return False
        if not is_token_of(found, session):
            return True
        try:
            token = schema.parse_token(found)
        except Damaged:
            return False
        facts = self.load_facts(session.name)
        if not facts.token_ids or token.id in facts.token_ids:
            return False
        return token.client is None or issuer.client_hash(token.client) != facts.client
