"""Finds the sign-ins that we made by their records, also where the config lacks the session."""

from collections.abc import Iterable
from contextlib import suppress

from ssohelper.core import issuer
from ssohelper.core.model import SsoSession
from ssohelper.core.recorded_sign_ins import is_session_listed
from ssohelper.core.schema import sign_in_records as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.errors import LocalState
from ssohelper.stores.codecs import PlainCodec
from ssohelper.stores.token_cache import TokenFiles
from ssohelper.stores.token_documents import is_of, token_context


class RecordedSignIns(TokenFiles):
    """The token files, together with the records of the sessions that they are of."""

    def find_unlisted(self, listed: Iterable[SsoSession]) -> list[SsoSession]:
        """Return the sessions of sign-ins that we made and that are here, without those `listed`.

        A session of `listed` that has another portal or region than the sign-in is another one.
        """
        return [one for one in self._load_others(listed) if self._has_sign_in(one)]

    def find_stale(self, listed: Iterable[SsoSession]) -> list[SsoSession]:
        """Return the recorded sessions without those `listed`, of which no sign-in is here."""
        return [one for one in self._load_others(listed) if not self._has_sign_in(one)]

    def _load_others(self, listed: Iterable[SsoSession]) -> list[SsoSession]:
        listed = list(listed)
        return [one for one in self.load_sessions() if not is_session_listed(one, listed)]

    def _has_sign_in(self, session: SsoSession) -> bool:
        if any(map(self.read_fingerprint, self.list_further(session))):
            return True
        return bool(self.read_fingerprint(session)) and not self._is_of_another(session)

    def _is_of_another(self, session: SsoSession) -> bool:
        """Return whether another tool has written the token of another sign-in under our name.

        A token that cannot be read counts as ours. So does one that an SDK renewed: it has an id
        that we do not know, and our client.
        """
        if not isinstance(self._codec, PlainCodec):
            return False  # no other tool writes encrypted files
        found = None
        with suppress(LocalState):
            found = self._read_document(self._token_file(session), token_context(session))
        if found is None:
            return False
        if not is_of(found, session):
            return True
        try:
            token = schema.parse_token(found)
        except Damaged:
            return False
        facts = self.load_facts(session.name)
        if not facts.token_ids or token.id in facts.token_ids:
            return False
        return token.client is None or issuer.client_name(token.client) != facts.client
