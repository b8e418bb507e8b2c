"""Runs the endpoint of one role: listens, renews credentials, removes its files at the end."""

import contextlib
import ctypes
import hmac
import secrets
import socket
import sys
import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from ssohelper.actions import environment
from ssohelper.app import App
from ssohelper.core.child_config import child_config_text
from ssohelper.core.instants import to_iso
from ssohelper.core.local_http import HEALTH_PATH, Answer, ClosableServer, HttpRules, Request
from ssohelper.core.model import Profile, Secret
from ssohelper.core.schema.credential_records import credential_document
from ssohelper.core.text import show, to_json
from ssohelper.endpoint.background_work import LONGEST_PAUSE_SECONDS, BackgroundWork
from ssohelper.endpoint.source import CredentialSource
from ssohelper.errors import (
    AwsUnreachable,
    ConfigInvalid,
    LocalState,
    LoginRequired,
    Refused,
    RoleNotAssigned,
    SsoHelperError,
    no_more_threads_error,
)
from ssohelper.fastpath import CALL_SECONDS, folders
from ssohelper.system import crash_report

if sys.platform == "win32":
    raise ImportError("there is no endpoint on Windows")

if TYPE_CHECKING:
    from ssohelper.settings import Settings
    from ssohelper.wire.local_server import LocalServer

_PR_SET_DUMPABLE = 4
PATH = "/credentials"
# botocore waits 2 s for an answer, and tries three times.
CONTAINER_SECONDS = 1.5
# Each client takes a descriptor. If there are more, the client that has been sending for longest is
# disconnected.
MOST_CLIENTS = 400
_CODES = (
    (LoginRequired, 401, "LoginRequired"),
    (RoleNotAssigned, 403, "AccessDenied"),
    (Refused, 403, "Refused"),
    (AwsUnreachable, 503, "AwsUnreachable"),
)


def _error_answer(status: int, code: str, message: str) -> Answer:
    return Answer(status, to_json({"code": code, "message": message}).encode())


# The same answer to each forbidden request, so that it does not say why.
_FORBIDDEN = _error_answer(403, "Forbidden", "this request is not answered")


class EndpointApp(App):
    """While config.toml has an error, uses the settings of `first`, the App of the endpoint's
    start.
    """

    first: App | None = None

    def read_settings(self) -> "Settings":
        """An error in the file, while the user edits it, must not end a job that runs for days."""
        if self.first is None:
            return super().read_settings()
        try:
            self.first.settings = super().read_settings()
        except SsoHelperError as error:
            self.warn(f"using the previous settings: {error.message}")
        return self.first.settings


class Endpoint(ClosableServer):
    """Serves one profile's credentials and renews them, until `close`, which removes all its files."""

    def __init__(
        self,
        app: App,
        profile: Profile,
        *,
        print_notice: Callable[[str], None],
        warn: Callable[[str], None],
        make_app: Callable[..., EndpointApp] = EndpointApp,
        monotonic: Callable[[], float] = time.monotonic,
        pause_seconds: float = LONGEST_PAUSE_SECONDS,
    ) -> None:
        self._app = app
        self._profile = profile
        self._make_app = make_app
        self._warn = warn
        self._warned: set[str] = set()  # one line for each request would fill a terminal
        _ = app.settings  # the settings are read now, before the user can make an error in them
        self._servers: list[LocalServer] = []
        self._port = 0
        self._token = Secret(secrets.token_urlsafe(32))
        self._token_file: Path | None = None
        self.files = app.make_endpoint_folder()
        self.source = CredentialSource(
            self._make_new_app, profile.session, profile.role, monotonic=monotonic
        )
        self.background = BackgroundWork(
            self.source, print_notice=print_notice, pause_seconds=pause_seconds
        )

    def listen_on_port(self, port: int = 0) -> None:
        """Listen on this port of 127.0.0.1, 0 for any free port. Raises: LocalState if it is taken."""
        try:
            self._listen(port)
        except LocalState as error:
            error.hint = "name another port with --port, or leave out --port to take a free one"
            raise

    def listen_on_socket(self, path: Path) -> None:
        """Raises: UsageProblem when the path is too long, LocalState when the file exists already."""
        self._listen(self.files.bind_socket(path))

    def save_token_in(self, folder: Path) -> None:
        """Write the endpoint's token to this folder, which containers mount. Raises: LocalState."""
        self._token_file = self.files.write_token_folder(folder, self._token)

    def start(self) -> None:
        """Raises: LocalState when the system allows no more threads."""
        if sys.platform == "linux":  # no core dumps; other processes cannot read our memory
            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
        for server in self._servers:
            server.start()
        try:
            self.background.start()
        except RuntimeError as cause:
            raise no_more_threads_error() from cause

    def prepare_environment(self, kept: Collection[str] | None = None) -> environment.Environment:
        """Write the files for a program that uses the port; return variables that name the files.

        `child_config_text` explains `kept`. No variable holds a secret: SDKs read the token from
        its file for each request. In the program's copy of the config, [default] leads to no
        credentials.
        """
        self.files.write_file("config", self._make_child_config(kept).encode())
        self.files.write_file("credentials", b"")
        variables = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(
                # SDKs refuse a token that ends with a newline.
                self.files.write_file("token", self._token.reveal().encode())
            ),
            **folders.config_copy_variables(str(self.files.path), *self._app.locations.aws_files),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return environment.build_endpoint_environment(self._app, self._profile, variables)

    def env_file_variables(self) -> Mapping[str, str]:
        """Return the variables for a container, with the token file's path or the token itself."""
        region = environment.choose_region_of_profile(self._app, self._profile)
        token = {"AWS_CONTAINER_AUTHORIZATION_TOKEN": self._token.reveal()}
        if self._token_file is not None:
            token = {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(self._token_file)}
        return {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url,
            **token,
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
        }

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}{PATH}"

    def close(self) -> None:
        self.background.stop()
        for server in self._servers:
            server.close()
        self.files.remove()

    def _listen(self, port_or_socket: int | socket.socket) -> None:
        def report(error: BaseException) -> None:  # the endpoint continues to run
            crash_report.report_crash(error, error.__traceback__)

        def make_handler(port: int) -> CredentialHandler:
            self._port = port or self._port
            account_id = self._profile.shown_role.account_id
            return CredentialHandler(self.source, account_id, port, self._token)

        make_server = self._app.bind_local_server
        self._servers.append(make_server(port_or_socket, make_handler, report))

    def _make_child_config(self, kept: Collection[str] | None) -> str:
        region = environment.choose_region_of_profile(self._app, self._profile)
        # An unreadable file counts as empty: the command gets an empty credentials file anyway.
        keyed: set[str] = set()
        with contextlib.suppress(SsoHelperError):
            keyed = set(self._app.config.read_credentials_sections())
        try:
            return child_config_text(self._app.config.read(), self._profile, region, keyed, kept)
        except ConfigInvalid as error:
            self._app.warn(
                "the command gets a config without your other profiles and sessions: "
                f"{error.message}"
            )
            return f"[default]\nregion = {region}\n"

    def _make_new_app(self) -> EndpointApp:
        made = self._make_app(self._app.environ, warn=self._warn_once)
        made.first = self._app
        # only after a change of the file, because parsing 5,000 profiles takes 40 ms
        made.config = self._app.config
        return made

    def _warn_once(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            self._warn(message)


class CredentialHandler:
    """Answers clients of our user or root, at 127.0.0.1 only with the token, or at a socket file."""

    def __init__(self, source: CredentialSource, account_id: str, port: int, token: Secret) -> None:
        """`port` is 0 for a socket file."""
        # Most clients leave out HTTP's default port.
        suffixes = (":80", "") if port == 80 else (f":{port}",)
        hosts = {f"{host}{suffix}" for host in ("127.0.0.1", "localhost") for suffix in suffixes}
        self.rules = HttpRules(
            frozenset(hosts if port else {"localhost"}), _FORBIDDEN, MOST_CLIENTS
        )
        self._source = source
        self._account_id = account_id
        self._is_socket = not port
        self._token = token.reveal().encode()

    def answer(self, request: Request) -> Answer:
        if request.target == HEALTH_PATH:
            return Answer(200, b"")
        token = request.headers.get(b"authorization", b"")
        may = self._is_socket or hmac.compare_digest(token, self._token)
        if not may or request.target != ("/" if self._is_socket else PATH):
            return _FORBIDDEN
        try:
            return Answer(200, self._make_document())
        except SsoHelperError as failure:
            error = failure
        except Exception as failure:
            crash_report.report_crash(failure, sys.exc_info()[2])
            error = SsoHelperError("internal error")
        message = show(error.message + (f" ({error.hint})" if error.hint else ""))
        for kind, status, code in _CODES:
            if isinstance(error, kind):
                return _error_answer(status, code, message)
        return _error_answer(
            500, "LocalState" if error.exit_code == 7 else "InternalError", message
        )

    def _make_document(self) -> bytes:
        if self._is_socket:
            # Clients at a socket may wait: curl without limit, Rust's SDK a little longer than
            # CALL_SECONDS. SDKs at the container address wait only 1 to 9 s.
            found = self._source.get_after_sign_in(CALL_SECONDS)
            return credential_document(found, self._account_id)
        found = self._source.get_credentials(CONTAINER_SECONDS)
        document = {
            "AccessKeyId": found.access_key_id,
            "SecretAccessKey": found.secret_access_key.reveal(),
            "Token": found.session_token.reveal(),
            "Expiration": to_iso(found.expires_at),
            "AccountId": self._account_id,
        }
        return to_json(document).encode()
