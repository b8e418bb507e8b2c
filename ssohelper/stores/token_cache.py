"""Stores each session's token, client registration and sign-in facts (`SignInFacts`).

Token and registration are in files that the AWS CLI and the SDKs read too (~/.aws/sso/cache), in
their format, so that one sign-in serves all tools. With `storage = "keyring"`, token and
registration are encrypted, in the same folder under other names, which no other tool reads. Sign-in
facts, which only ssohelper uses, are in our state folder, because an SDK that writes a token file
drops the JSON keys that the SDK does not know.
"""

import json
import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from ssohelper.core.deadline import Deadline
from ssohelper.core.instants import to_iso
from ssohelper.core.model import (
    AccessToken,
    ClientRegistration,
    SsoSession,
)
from ssohelper.core.schema import sign_in_records as schema
from ssohelper.errors import LocalState, LoginRequired
from ssohelper.stores import files
from ssohelper.stores.codecs import Codec, PlainCodec, Unreadable
from ssohelper.stores.files import Reservation
from ssohelper.stores.sign_in_facts import SignInFactsFiles
from ssohelper.stores.token_documents import (
    encryption_context_of_registration,
    encryption_context_of_token,
    is_token_of,
    list_further_regions,
    mtime_for_token_file,
    registration_file_stem,
    sha1_file_name,
    token_document_of,
    token_file_stem,
)

_log = logging.getLogger(__name__)

# How long to read a token file that is half written. The AWS CLI, the JavaScript and the Rust SDK
# write token files in place, so a reader can see half a file. On ext4, a file that is rewritten in
# a loop is complete for about 1 ms of every 50. So we read it every millisecond (a read takes 20
# us) for a second, and on a busy machine at least 200 times.
_TORN_SECONDS = 1.0
_LEAST_READS, _MOST_READS = 200, 1000
# The fingerprints of token files that stayed half written for a second, by path. A broker reads the
# token file for each caller: if it waited each time, 40 callers would wait 40 s.
_damaged: dict[str, str] = {}
# Disk space to reserve for a token file. AWS's own take less than 8 kB; larger files get more.
_RESERVED_BYTES = 16384


class TokenFiles(SignInFactsFiles):
    """Stores tokens in files with mode 0600: in the AWS CLI's format, unless the codec encrypts."""

    def __init__(
        self,
        folder: Path,
        *,
        state: Path,
        runtime: Path,
        warn: Callable[[str], None] = lambda _message: None,
        codec: Codec | None = None,
    ) -> None:
        self._folder = folder
        self._codec = codec or PlainCodec()
        self._warn = warn
        super().__init__(state, runtime)

    # -- reading and writing tokens ----------------------------------------------------------

    def load(self, session: SsoSession) -> AccessToken | None:
        """Return the session's token, expired or not; None when the session is signed out.

        A token of another start URL or region counts as signed out.
        Raises: LoginRequired when the file stays half written for a second; NotOurs for a link, a
        FIFO, another user's file.
        """
        found = self._read_whole_document(session)
        return self._parse_token(found, session) if found is not None else None

    def save(self, session: SsoSession, token: AccessToken) -> None:
        """Write the token of a new sign-in, whatever the token file holds.

        The caller holds `lock_state`. Raises: LocalState.
        """
        self._write_token(session, token_document_of({}, session, token))

    def _write_token(self, session: SsoSession, document: dict[str, Any]) -> None:
        self._ensure_folder_of(session)
        path = self._token_file(session)
        encoded = self._codec.encode(document, encryption_context_of_token(session))
        files.write_json(path, encoded, mtime_ns=mtime_for_token_file(path) * 10**9)

    @contextmanager
    def reserve_space_for_token(self, session: SsoSession) -> Iterator[Reservation]:
        """Allocate disk space for the next token, before AWS issues it. Raises: LocalState."""
        self._ensure_folder_of(session)
        path = self._token_file(session)
        try:
            present = os.stat(path).st_size
        except OSError:
            present = 0
        with files.reserve_file(path, max(_RESERVED_BYTES, 2 * present)) as reservation:
            yield reservation

    def save_renewed_token(
        self,
        session: SsoSession,
        used: AccessToken,
        fresh: AccessToken,
        reservation: Reservation,
    ) -> AccessToken:
        """Write the renewed token, unless another tool wrote a token; return the file's token.

        A token that another tool has written since `used` was read stays and is returned: the user
        may have signed in with that tool. The caller holds `lock_token` and `lock_state`.
        Raises: LoginRequired when the session was signed out meanwhile; LocalState.
        """
        while True:
            seen = self.read_token_file_fingerprint(session)
            replacement = self._load_foreign_token(session, used)
            if replacement is not None:
                return replacement
            present = self._read_whole_or_empty(session) or {}
            document = token_document_of(present, session, fresh)
            encoded = self._codec.encode(document, encryption_context_of_token(session))
            data = json.dumps(encoded).encode("ascii")
            date_ns = mtime_for_token_file(self._token_file(session)) * 10**9
            # After the fsync, which may take long, `commit` checks again for a write of another
            # tool. The rename follows at once, so such a write is hardly ever lost.
            if reservation.commit(data, date_ns, partial(self._has_fingerprint, session, seen)):
                return fresh

    def _load_foreign_token(self, session: SsoSession, used: AccessToken) -> AccessToken | None:
        """Return the token with which another tool replaced `used`; None if no tool did.

        Raises: LoginRequired when `used` was removed, or replaced by a token of another portal.
        """
        present = self._read_whole_or_empty(session)
        value = present.get("accessToken") if present is not None else None
        is_foreign = isinstance(value, str) and value != used.value.reveal()
        replacement = self._parse_token(present, session) if present and is_foreign else None
        if replacement is None and (present is None or is_foreign):
            raise LoginRequired(
                f'the session "{session.name}" was signed out meanwhile',
                hint=f"sign in with: ssohelper login {session.name}",
            )
        return replacement

    def forget(self, session: SsoSession) -> None:
        """Remove the session's token and client registration from this machine."""
        files.remove_file(self._token_file(session))
        files.remove_file(self._registration_file(session))

    def remove_temporary_files(self) -> None:
        """Remove the temporary files of processes that were killed while they wrote a token."""
        for folder in (self._folder, self._state / "regions"):
            if not files.is_in_other_home(folder):
                files.remove_temporary_files(str(folder))

    def read_token_file_fingerprint(self, session: SsoSession) -> str:
        """Return a text that changes when the token file is written; "" when there is no file."""
        try:
            found = os.lstat(self._token_file(session))
        except OSError:
            return ""
        return f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}"

    def _has_fingerprint(self, session: SsoSession, fingerprint: str) -> bool:
        return self.read_token_file_fingerprint(session) == fingerprint

    def check_writable(self, session: SsoSession) -> None:
        """Raise LocalState if the token file is in another user's home, where we write nothing."""
        files.refuse_another_users_home(self._token_file(session))

    def prepare_sign_in(self, session: SsoSession) -> None:
        """Make sure, before the user signs in, that the token can be saved. Raises: LocalState."""
        self.check_writable(session)
        self._ensure_folder_of(session)
        self._codec.ensure_key()

    def load_token_for_display(self, session: SsoSession) -> AccessToken | None:
        """Return the token for display. Reads the file once; a damaged file counts as missing."""
        found = self._read_token(session)
        return self._parse_token(found, session) if found is not None else None

    def load_token_ids(self, session: SsoSession) -> set[str]:
        """Return the known ids of the access tokens that the session's sign-in has had."""
        present = self.load_token_for_display(session)
        ids = set(self.load_facts(session.name).token_ids)
        return ids if present is None else ids | {present.id}

    def token_file(self, session: SsoSession) -> str:
        return str(self._token_file(session))

    def list_files(self, session: SsoSession) -> list[tuple[str, str]]:
        """Return the session's existing files: of each, the path and a description for the user."""
        candidates = (
            (self._token_file(session), "token"),
            (self._registration_file(session), "client registration"),
            (self._facts_file(session.sign_in_name), "times and user of the sign-in"),
        )
        return [(str(path), content) for path, content in candidates if os.path.lexists(path)]

    # -- reading and writing the registration of the OIDC client -------------------------------

    def load_registration(self, session: SsoSession, grant: str) -> ClientRegistration | None:
        """Return the client registered for this OAuth grant, expired or not; None if there is none.

        The AWS CLI has one file for both grants: a client is for `authorization_code` when its
        grantTypes name that grant, and for device codes otherwise.
        """
        path, document = self._registration_file(session), self._read_registration(session)
        if document is None:
            return None
        found = files.parse_record(path, document, schema.parse_registration)
        is_asked = grant == "authorization_code"
        is_for_grant = found is not None and is_asked == ("authorization_code" in found.grant_types)
        return found if is_for_grant else None

    def save_registration(self, session: SsoSession, registration: ClientRegistration) -> None:
        """Write the client registration to a file for the AWS CLI and us. Raises: LocalState."""
        document: dict[str, Any] = {
            "clientId": registration.client_id,
            "clientSecret": registration.client_secret.reveal(),
            "expiresAt": to_iso(registration.expires_at),
        }
        if registration.scopes:
            document["scopes"] = list(registration.scopes)
        if registration.grant_types:
            document["grantTypes"] = list(registration.grant_types)
        self._write_registration(session, document)

    def _write_registration(self, session: SsoSession, document: dict[str, Any]) -> None:
        self._ensure_folder_of(session)
        encoded = self._codec.encode(document, encryption_context_of_registration(session))
        files.write_json(self._registration_file(session), encoded)

    # -- portals of an Identity Center in its further regions ----------------------------------

    def list_further_portal_sessions(self, session: SsoSession) -> list[SsoSession]:
        """Return a session for each further region's portal for which this session has files.

        A portal whose token cannot be read gets the session's start URL.
        """
        found = []
        for region in list_further_regions(
            self._state / "regions", session.name, self._codec.suffix
        ):
            further = session._replace(region=region, portal_url=None, is_further=True)
            url = (self._read_token(further) or {}).get("startUrl")
            found.append(further._replace(start_url=url) if isinstance(url, str) else further)
        return found

    # -- moving to another storage -------------------------------------------------------------

    def export_documents(self, session: SsoSession) -> list[dict[str, Any] | None]:
        """Return token and registration as unencrypted documents, None for a missing one.

        A document that is damaged, or whose key is lost, counts as missing.
        Raises: KeyringUnavailable, NotOurs.
        """
        return [self._read_token(session), self._read_registration(session)]

    def import_documents(self, session: SsoSession, documents: list[dict[str, Any] | None]) -> None:
        """Replace token and registration by those from `export_documents` of another store."""
        token, registration = documents
        self.forget(session)
        if token is not None:
            self._write_token(session, token)
        if registration is not None:
            self._write_registration(session, registration)

    # -- the lock for a renewal of the token --------------------------------------------------

    @contextmanager
    def lock_token(self, session: SsoSession, deadline: Deadline) -> Iterator[bool]:
        """Hold the lock for a renewal of the token, which takes up to a minute.

        The lock file is beside the token file, so that hosts and containers that share a home
        folder renew the token only once. If that folder cannot be written, the lock file is in the
        runtime folder, or no lock is held. Yields False in both cases, since other processes may
        hold the lock beside the token file.
        """
        with suppress(LocalState):
            self._ensure_folder_of(session)
        folder, name = self._folder_of(session), session.sign_in_name
        path = folder / f".{sha1_file_name(files.session_file_name(name))}.lock"
        if os.access(folder, os.W_OK) and not files.is_in_other_home(path):
            with files.hold_lock(path, deadline, is_private=False) as is_held:
                yield is_held
        else:
            with files.hold_lock(self._lock_file(name, "token"), deadline, self._runtime):
                yield False

    # -- reading and naming token files --------------------------------------------------------

    def _read_whole_document(self, session: SsoSession) -> dict[str, Any] | None:
        path = self._token_file(session)
        known = self.read_token_file_fingerprint(session)
        began = time.monotonic()
        for number in range(_MOST_READS):
            content = files.read_own_file(path)
            if content is None:
                return None
            found = files.parse_json_object(content)
            if found is not None:
                return self._decode_token(found, session)
            if known and _damaged.get(str(path)) == known == self.read_token_file_fingerprint(
                session
            ):
                break
            if number >= _LEAST_READS and time.monotonic() - began > _TORN_SECONDS:
                _damaged[str(path)] = self.read_token_file_fingerprint(session)
                break
            time.sleep(0.0005 + 0.001 * os.urandom(1)[0] / 255)
        raise LoginRequired(
            f'the token file "{path}" is damaged',
            hint=f"sign in again with: ssohelper login {session.name}",
        )

    def _decode_token(self, found: dict[str, Any], session: SsoSession) -> dict[str, Any]:
        try:
            return self._codec.decode(found, encryption_context_of_token(session))
        except Unreadable as cause:
            raise LoginRequired(
                f'the sign-in to "{session.name}" cannot be read: {cause}',
                hint=f"sign in again with: ssohelper login {session.name}",
            ) from cause

    def _read_token(self, session: SsoSession) -> dict[str, Any] | None:
        return self._read_document(self._token_file(session), encryption_context_of_token(session))

    def _read_registration(self, session: SsoSession) -> dict[str, Any] | None:
        context = encryption_context_of_registration(session)
        return self._read_document(self._registration_file(session), context)

    def _read_document(self, path: Path, context: str) -> dict[str, Any] | None:
        """Return the file's document; None if missing, damaged or encrypted with a lost key."""
        found = files.read_json(path)
        try:
            return None if found is None else self._codec.decode(found, context)
        except Unreadable as cause:
            _log.info('"%s" counts as missing: %s', path, cause)
            return None

    def _parse_token(self, found: dict[str, Any], session: SsoSession) -> AccessToken | None:
        token = files.parse_record(self._token_file(session), found, schema.parse_token)
        if token is None:
            return None
        if not is_token_of(found, session):
            _log.info('the token of "%s" is of another start URL or region', session.name)
            return None
        if schema.expiry_lacks_zone(found):
            path = self._token_file(session)
            self._warn(f'"expiresAt" in "{path}" names no time zone: it is taken as UTC')
        return token

    def _read_whole_or_empty(self, session: SsoSession) -> dict[str, Any] | None:
        try:
            return self._read_whole_document(session)
        except LoginRequired:
            return {}

    def _token_file(self, session: SsoSession) -> Path:
        return self._folder_of(session) / f"{token_file_stem(session)}{self._codec.suffix}"

    def _registration_file(self, session: SsoSession) -> Path:
        return self._folder_of(session) / f"{registration_file_stem(session)}{self._codec.suffix}"

    def _folder_of(self, session: SsoSession) -> Path:
        return self._state / "regions" if session.is_further else self._folder

    def _ensure_folder_of(self, session: SsoSession) -> None:
        if session.is_further:
            files.ensure_private_folder(self._state)
            files.ensure_private_folder(self._folder_of(session))
        else:
            files.ensure_folder(self._folder)
            with suppress(LocalState):  # reading tightens the mode with which another tool wrote it
                files.read_own_file(self._registration_file(session))
