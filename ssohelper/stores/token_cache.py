"""Stores each session's token, client registration and sign-in facts (`SignInFacts`).

The AWS CLI and the SDKs read the files of token and registration too (~/.aws/sso/cache). With
`storage = "keyring"` these files are encrypted and have other names. Facts and the session's record
are in our state folder, because SDKs drop keys that they do not know.
"""

import hashlib
import json
import logging
import os
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Literal

from ssohelper.core import issuer
from ssohelper.core.deadline import Deadline
from ssohelper.core.instants import to_iso
from ssohelper.core.model import AccessToken, ClientRegistration, SignInFacts, SsoSession
from ssohelper.core.portal_address import is_portal_of
from ssohelper.core.schema import sign_in_records as schema
from ssohelper.core.schema.fields import Damaged
from ssohelper.core.service_hosts import is_region
from ssohelper.core.start_url import is_session_listed
from ssohelper.errors import LocalState, LoginRequired
from ssohelper.stores import files
from ssohelper.stores.codecs import Codec, Unreadable
from ssohelper.stores.files import Reservation

_log = logging.getLogger(__name__)
_Kind = Literal["token", "registration"]

# How long to read a half-written file again: the AWS CLI and two SDKs (JavaScript, Rust) write in
# place.
_TORN_SECONDS = 1.0
_LEAST_READS, _MOST_READS = 200, 1000
# Maps a token file that stayed half written to its fingerprint: only the first of a broker's
# callers waits for it.
_damaged: dict[str, str] = {}
# AWS's own take less than 8 kB.
_RESERVED_BYTES = 16384
# The ending of the name of a further portal's registration file.
_CLIENT_MARK = "+client"


class TokenFiles:
    def __init__(
        self,
        folder: Path,
        *,
        state: Path,
        runtime: Path,
        codec: Codec | None = None,
    ) -> None:
        self._folder, self._state, self._runtime = folder, state, runtime
        self.codec = codec or Codec()

    # -- tokens ------------------------------------------------------------------------------

    def load(self, session: SsoSession) -> AccessToken | None:
        """Return the token, expired or not; None when the session is signed out.

        Raises: LoginRequired when the file stays half written for a second; NotOurs.
        """
        return self._parse_token(self._read_whole_token(session), session)

    def load_token_for_display(self, session: SsoSession) -> AccessToken | None:
        """Reads the file once; a damaged file counts as missing."""
        return self._parse_token(self._read(session, "token"), session)

    def load_token_ids(self, session: SsoSession) -> set[str]:
        present = self.load_token_for_display(session)
        ids = set(self.load_facts(session.name).token_ids)
        return ids if present is None else ids | {present.id}

    def save(self, session: SsoSession, token: AccessToken) -> None:
        """The caller holds `lock_state`."""
        self._write(session, "token", token_document_of({}, session, token))

    def reserve_space_for_token(self, session: SsoSession) -> AbstractContextManager[Reservation]:
        """Reserve disk space before AWS issues the next token. Raises: LocalState."""
        self._ensure_folder_of(session)
        path = self._path(session, "token")
        present = 0
        with suppress(OSError):
            present = os.stat(path).st_size
        return files.reserve_file(path, max(_RESERVED_BYTES, 2 * present))

    def save_renewed_token(
        self, session: SsoSession, used: AccessToken, fresh: AccessToken, reservation: Reservation
    ) -> AccessToken:
        """Write the renewed token, under both locks; return the file's token.

        A token that another tool has written since `used` was read stays: the user may have signed
        in with that tool. Raises: LoginRequired when the session was signed out meanwhile.
        """
        while True:
            seen = self.read_token_file_fingerprint(session)
            try:
                present = self._read_whole_token(session)
            except LoginRequired:
                present = {}
            value = present.get("accessToken") if present is not None else None
            is_foreign = isinstance(value, str) and value != used.value.reveal()
            replacement = self._parse_token(present, session) if is_foreign else None
            if replacement is not None:
                return replacement
            if present is None or is_foreign:
                raise LoginRequired(
                    f'the session "{session.name}" was signed out meanwhile',
                    hint=f"sign in with: ssohelper login {session.name}",
                )
            document = token_document_of(present, session, fresh)
            encoded = self.codec.encode(document, _context(session, "token"))
            data = json.dumps(encoded).encode("ascii")
            date_ns = mtime_for_token_file(self._path(session, "token")) * 10**9

            def is_unchanged(seen: str = seen) -> bool:
                return self.read_token_file_fingerprint(session) == seen

            # The fsync may take long, so `commit` checks again whether another tool has written the
            # file.
            if reservation.commit(data, date_ns, is_unchanged):
                return fresh

    def forget(self, session: SsoSession) -> None:
        files.remove_file(self._path(session, "token"))
        files.remove_file(self._path(session, "registration"))

    def remove_temporary_files(self) -> None:
        for folder in (self._folder, self._state / "regions"):
            if files.find_other_home_owner(folder) is None:
                files.remove_temporary_files(str(folder))

    def read_token_file_fingerprint(self, session: SsoSession) -> str:
        """Return a text that changes with each write of the file; "" when there is none."""
        try:
            found = os.lstat(self._path(session, "token"))
        except OSError:
            return ""
        return f"{found.st_ino}-{found.st_size}-{found.st_mtime_ns}"

    def check_writable(self, session: SsoSession) -> None:
        files.refuse_another_users_home(self._path(session, "token"))

    def prepare_sign_in(self, session: SsoSession) -> None:
        """Make sure, before the user signs in, that the token can be saved."""
        self.check_writable(session)
        self._ensure_folder_of(session)
        self.codec.ensure_key()

    def token_file(self, session: SsoSession) -> str:
        return str(self._path(session, "token"))

    def list_files(self, session: SsoSession) -> list[tuple[str, str]]:
        candidates = (
            (self._path(session, "token"), "token"),
            (self._path(session, "registration"), "client registration"),
            (self._record("sign-ins", session.sign_in_name), "times and user of the sign-in"),
        )
        return [(str(path), content) for path, content in candidates if os.path.lexists(path)]

    # -- client registrations ----------------------------------------------------------------

    def load_registration(self, session: SsoSession, grant: str) -> ClientRegistration | None:
        """Return the client for this OAuth grant, expired or not.

        The AWS CLI's one file is for `authorization_code` if its grantTypes name that grant, else
        for device codes.
        """
        document = self._read(session, "registration")
        if document is None:
            return None
        path = self._path(session, "registration")
        found = files.parse_record(path, document, schema.parse_registration)
        is_asked = grant == "authorization_code"
        is_for_grant = found is not None and is_asked == ("authorization_code" in found.grant_types)
        return found if is_for_grant else None

    def save_registration(self, session: SsoSession, registration: ClientRegistration) -> None:
        document: dict[str, Any] = {
            "clientId": registration.client_id,
            "clientSecret": registration.client_secret.reveal(),
            "expiresAt": to_iso(registration.expires_at),
        }
        if registration.scopes:
            document["scopes"] = list(registration.scopes)
        if registration.grant_types:
            document["grantTypes"] = list(registration.grant_types)
        self._write(session, "registration", document)

    # -- facts of sign-ins -------------------------------------------------------------------

    def load_facts(self, session_name: str) -> SignInFacts:
        path = self._record("sign-ins", session_name)
        return files.read_valid_parts(path, schema.parse_sign_in_facts, SignInFacts())[0]

    def load_settled_facts(self, session_name: str) -> SignInFacts:
        """Return the facts; wait up to 1 s for a renewal that has not saved them yet."""
        lock = self.lock_state(session_name, Deadline(1.0, time.monotonic))
        with suppress(LocalState), lock:
            return self.load_facts(session_name)
        return self.load_facts(session_name)

    def save_facts(self, session_name: str, facts: SignInFacts) -> None:
        """The caller holds `lock_state`. Raises: LocalState."""
        self._write_record(self._record("sign-ins", session_name), facts._asdict())

    def forget_facts(self, session_name: str) -> None:
        files.remove_file(self._record("sign-ins", session_name))

    # -- records of the sessions with a sign-in ----------------------------------------------

    def save_session(self, session: SsoSession) -> None:
        """Record a session before its token is written, even if the config lacks the session."""
        self._write_record(self._record("signed-in", session.name), session._asdict())

    def load_sessions(self) -> list[SsoSession]:
        return [found for path, found in self._read_records() if found and found.name == path.stem]

    def list_damaged_records(self) -> list[str]:
        """Return the paths of records from which the session cannot be read."""
        folder = self._state / "signed-in"
        if folder.exists() and not folder.is_dir():
            return [str(folder)]  # something else than a folder hides all records
        return [str(path) for path, found in self._read_records() if found is None]

    def remove_session_record(self, session_name: str) -> None:
        files.remove_file(self._record("signed-in", session_name))

    def find_unlisted_sessions(
        self, listed: Iterable[SsoSession], *, has_sign_in: bool = True
    ) -> list[SsoSession]:
        """Return recorded sessions outside `listed`: with a sign-in, or without any."""
        listed = list(listed)
        found = [one for one in self.load_sessions() if not is_session_listed(one, listed)]
        return [one for one in found if self._has_sign_in(one) is has_sign_in]

    def _has_sign_in(self, session: SsoSession) -> bool:
        """Return whether there is a token, and no other tool has overwritten it with its own.

        A token that cannot be read, or that an SDK renewed, counts as ours.
        """
        if any(map(self.read_token_file_fingerprint, self.list_further_portal_sessions(session))):
            return True
        if not self.read_token_file_fingerprint(session):
            return False
        if self.codec.suffix != Codec.suffix:
            return True  # no other tool writes our encrypted token files
        try:
            found = self._read(session, "token") or {}
            if not is_token_of(found, session):
                return False
            token = schema.parse_token(found)
        except (LocalState, Damaged):
            return True
        facts = self.load_facts(session.name)
        if not facts.token_ids or token.id in facts.token_ids:
            return True
        return token.client is not None and issuer.client_hash(token.client) == facts.client

    def _read_records(self) -> Iterator[tuple[Path, SsoSession | None]]:
        folder, found = self._state / "signed-in", None
        for path in [folder / name for name in files.list_names_in_folder(folder)]:
            try:
                if files.read_own_file(path) is None:
                    continue
                found = files.read_record(path, schema.parse_signed_in_session)
            except LocalState:
                found = None
            yield path, found

    # -- portals of an Identity Center in its further regions --------------------------------

    def list_further_portal_sessions(self, session: SsoSession) -> list[SsoSession]:
        """Return a session for each further portal that has files."""
        names = list[str]()
        with suppress(OSError):
            names = os.listdir(self._state / "regions")
        start, end = f"{session.name}@", self.codec.suffix
        regions = {
            name.removeprefix(start).removesuffix(end).removesuffix(_CLIENT_MARK)
            for name in names
            if name.startswith(start) and name.endswith(end)
        }
        found = []
        for region in sorted(filter(is_region, regions)):
            further = session._replace(region=region, portal_url=None, is_further=True)
            url = (self._read(further, "token") or {}).get("startUrl")
            found.append(further._replace(start_url=url) if isinstance(url, str) else further)
        return found

    # -- moving to another storage -----------------------------------------------------------

    def export_documents(self, session: SsoSession) -> list[dict[str, Any] | None]:
        """Return token and registration unencrypted; None for one that cannot be read."""
        return [self._read(session, "token"), self._read(session, "registration")]

    def import_documents(self, session: SsoSession, documents: list[dict[str, Any] | None]) -> None:
        token, registration = documents
        self.forget(session)
        if token is not None:
            self._write(session, "token", token)
        if registration is not None:
            self._write(session, "registration", registration)

    # -- locks -------------------------------------------------------------------------------

    @contextmanager
    def lock_token(self, session: SsoSession, deadline: Deadline) -> Iterator[bool]:
        """Hold the lock for a renewal of the token, which takes up to a minute.

        The lock is beside the token file, so that hosts and containers that share a home folder
        renew the token once. Yields False without that lock, for example in a folder that we cannot
        write.
        """
        with suppress(LocalState):
            self._ensure_folder_of(session)
        folder, name = self._folder_of(session), session.sign_in_name
        path = folder / f".{sha1_file_name(files.session_file_name(name))}.lock"
        if os.access(folder, os.W_OK) and files.find_other_home_owner(path) is None:
            with files.hold_lock(path, deadline, is_private=False) as is_held:
                yield is_held
        else:
            with self._lock(name, "token", deadline):
                yield False

    def lock_state(self, session_name: str, deadline: Deadline) -> AbstractContextManager[object]:
        """The lock to change token, facts or role credentials; not held during requests to AWS."""
        return self._lock(session_name, "state", deadline)

    def lock_sign_in(self, session_name: str, deadline: Deadline) -> AbstractContextManager[object]:
        return self._lock(session_name, "login", deadline)

    def _lock(
        self, session_name: str, what: str, deadline: Deadline
    ) -> AbstractContextManager[object]:
        folder = self._runtime / "locks" / files.session_file_name(session_name)
        return files.hold_lock(folder / f"{what}.lock", deadline, self._runtime)

    # -- files -------------------------------------------------------------------------------

    def _read_whole_token(self, session: SsoSession) -> dict[str, Any] | None:
        path = self._path(session, "token")
        known = self.read_token_file_fingerprint(session)
        began = time.monotonic()
        hint = f"sign in again with: ssohelper login {session.name}"
        for number in range(_MOST_READS):
            content = files.read_own_file(path)
            if content is None:
                return None
            found = files.parse_json_object(content)
            if found is not None:
                try:
                    return self.codec.decode(found, _context(session, "token"))
                except Unreadable as cause:
                    text = f'the sign-in to "{session.name}" cannot be read: {cause}'
                    raise LoginRequired(text, hint=hint) from cause
            now = self.read_token_file_fingerprint(session)
            if known and _damaged.get(str(path)) == known == now:
                break
            if number >= _LEAST_READS and time.monotonic() - began > _TORN_SECONDS:
                _damaged[str(path)] = now
                break
            time.sleep(0.0005 + 0.001 * os.urandom(1)[0] / 255)
        raise LoginRequired(f'the token file "{path}" is damaged', hint=hint)

    def _parse_token(self, found: dict[str, Any] | None, session: SsoSession) -> AccessToken | None:
        if found is None:
            return None
        if not is_token_of(found, session):
            _log.info('the token of "%s" is of another start URL or region', session.name)
            return None
        return files.parse_record(self._path(session, "token"), found, schema.parse_token)

    def _read(self, session: SsoSession, kind: _Kind) -> dict[str, Any] | None:
        """Return the file's document; None if missing, damaged or encrypted with a lost key."""
        path = self._path(session, kind)
        found = files.read_json(path)
        try:
            return None if found is None else self.codec.decode(found, _context(session, kind))
        except Unreadable as cause:
            _log.info('"%s" counts as missing: %s', path, cause)
            return None

    def _write(self, session: SsoSession, kind: _Kind, document: dict[str, Any]) -> None:
        self._ensure_folder_of(session)
        path = self._path(session, kind)
        mtime_ns = mtime_for_token_file(path) * 10**9 if kind == "token" else None
        encoded = self.codec.encode(document, _context(session, kind))
        files.write_json(path, encoded, mtime_ns=mtime_ns)

    def _path(self, session: SsoSession, kind: _Kind) -> Path:
        name = files.session_file_name(session.sign_in_name)
        if session.is_further:
            stem = name + (_CLIENT_MARK if kind == "registration" else "")
        elif kind == "token":
            stem = sha1_file_name(name)
        else:
            # The AWS CLI's name for the file, a hash of these, so that both programs use one
            # client.
            named_by = {
                "tool": "botocore",
                "startUrl": session.start_url,
                "region": session.region,
                "scopes": list(session.scopes) or None,
                "session_name": name,
            }
            stem = sha1_file_name(json.dumps(named_by, sort_keys=True))
        return self._folder_of(session) / f"{stem}{self.codec.suffix}"

    def _folder_of(self, session: SsoSession) -> Path:
        return self._state / "regions" if session.is_further else self._folder

    def _ensure_folder_of(self, session: SsoSession) -> None:
        if session.is_further:
            files.ensure_private_folder(self._state)
            files.ensure_private_folder(self._folder_of(session))
        else:
            files.ensure_folder(self._folder)
            with suppress(LocalState):  # reading closes the file to other users
                files.read_own_file(self._path(session, "registration"))

    def _record(self, folder: str, session_name: str) -> Path:
        return self._state / folder / f"{files.session_file_name(session_name)}.json"

    def _write_record(self, path: Path, record: dict[str, Any]) -> None:
        files.ensure_private_folder(self._state)
        files.ensure_private_folder(path.parent)
        files.write_json(path, record)


def _context(session: SsoSession, kind: _Kind) -> str:
    return f"{kind} {session.sign_in_name}"


def mtime_for_token_file(path: Path) -> int:
    """Return the time to give a token file: 2 s ago, in whole seconds.

    So a later write by another tool changes the time, even in whole seconds, and the session's
    stamp can be written at once (stores/stamps.py).
    """
    date = int(time.time()) - 2
    try:
        present = os.stat(path, follow_symlinks=False).st_mtime_ns // 10**9
    except OSError:
        return date
    return date + 1 if present == date else date


def is_token_of(found: dict[str, Any], session: SsoSession) -> bool:
    # Some tools write neither start URL nor region, and the SDKs read neither.
    start_url, region = found.get("startUrl"), found.get("region")
    if region not in (None, session.region):
        return False
    if start_url is None:
        return True
    return isinstance(start_url, str) and is_portal_of(session, start_url)


def token_document_of(
    present: dict[str, Any], session: SsoSession, token: AccessToken
) -> dict[str, Any]:
    ours = {
        "startUrl": session.start_url,
        "region": session.region,
        "accessToken": token.value.reveal(),
        "expiresAt": to_iso(token.expires_at),
    }
    if token.client:
        ours["clientId"] = token.client.client_id
        ours["clientSecret"] = token.client.client_secret.reveal()
        ours["registrationExpiresAt"] = to_iso(token.client.expires_at)
    if token.refresh_token:
        ours["refreshToken"] = token.refresh_token.reveal()
    return {**present, **ours}


def sha1_file_name(text: str) -> str:
    # SHA-1 names the file, it protects nothing: the AWS CLI looks for this very name.
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
