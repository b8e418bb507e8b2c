"""Serving: the endpoint of one role, from listening to the last file that is taken away again."""

import contextlib
import ctypes
import secrets
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ssohelper import crash
from ssohelper.actions import environment
from ssohelper.actions.credentials import Way
from ssohelper.app import App
from ssohelper.core.local_http import Entry
from ssohelper.core.model import Profile, Secret
from ssohelper.endpoint.background import LONGEST_PAUSE_SECONDS, Keeper, Tell
from ssohelper.endpoint.child_files import config_text, minimal_text
from ssohelper.endpoint.handlers import PATH, ContainerDoor, SocketDoor
from ssohelper.endpoint.serving_app import Lasting, ServingApp
from ssohelper.endpoint.source import Source
from ssohelper.errors import ConfigInvalid, LocalState, SsoHelperError, no_more_threads

if sys.platform == "win32":
    raise ImportError("there is no endpoint on Windows")

if TYPE_CHECKING:
    from ssohelper.wire.local_server import LocalServer

_PR_SET_DUMPABLE = 4
# A warning that is said again for each request would fill a terminal; kept few, days long.
_MOST_WARNINGS = 50


class Serving:
    """The credentials of one profile for others, renewed; `with` ends it and cleans up.

    `open_port` and `open_socket` are the doors, `environment` what leads a program to the first.
    """

    def __init__(
        self,
        app: App,
        profile: Profile,
        way: Way,
        *,
        tell: Tell,
        warn: Callable[[str], None],
        make_app: Callable[..., ServingApp] = ServingApp,
        steady: Callable[[], float] = time.monotonic,
        pause_seconds: float = LONGEST_PAUSE_SECONDS,
    ) -> None:
        self._app = app
        self._profile = profile
        self._make_app = make_app
        self._warn = warn
        self._warned: set[str] = set()
        self._lasting = Lasting(app.settings)
        self._servers: list[LocalServer] = []
        self._port = 0
        self._token = Secret(secrets.token_urlsafe(32))
        self._token_file: Path | None = None
        self.keeper: Keeper | None = None
        self.files = app.endpoint_folder()
        self.source = Source(self._new_app, profile.session, profile.role, way, steady=steady)
        self.keeper = Keeper(
            self._new_app,
            profile.session,
            profile.role,
            self.source,
            tell=tell,
            upkeep=self.files.mend,
            pause_seconds=pause_seconds,
        )

    def open_port(self, port: int = 0) -> None:
        """Listen on 127.0.0.1; with no port on one that is free. Raises: LocalState (taken)."""
        try:
            self._add(port, self._container_door)
        except LocalState as error:
            error.hint = "name another one with --port, or none: a free one is taken"
            raise

    def open_socket(self, path: Path) -> None:
        """Listen on a socket file. Raises: UsageProblem (too long), LocalState (there already)."""
        account_id = self._profile.role.account_id
        bound = self.files.listening_at(path)
        self._add(bound, lambda _port: SocketDoor(self.source, account_id))

    def _add(self, place: int | socket.socket, make_entry: Callable[[int], Entry]) -> None:
        self._servers.append(self._app.local_server(place, make_entry, _report))

    def _container_door(self, port: int) -> ContainerDoor:
        self._port = port
        return ContainerDoor(self.source, self._profile.role.account_id, port, self._token)

    def keep_token_in(self, folder: Path) -> None:
        """Keep the token in this folder too, for containers that mount it. Raises: LocalState."""
        self._token_file = self.files.keep_token_at(folder, self._token)

    def start(self) -> None:
        """Answer from now on, and tell and renew in time. Raises: LocalState (no thread to be had)."""
        _refuse_core_dumps()
        try:
            for server in self._servers:
                server.start()
            if self.keeper:
                self.keeper.start()
        except RuntimeError as cause:
            raise no_more_threads() from cause

    def environment(self) -> environment.Environment:
        """Return what a program needs, and what would lead it elsewhere. Holds no secret.

        The token is in a file that each request reads; the config is the user's own without the
        identity of [default] and without static keys.
        """
        config = self._child_config()
        variables = {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.url,
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(
                # No newline behind it: every SDK refuses one.
                self.files.keep("token", self._token.reveal().encode())
            ),
            "AWS_CONFIG_FILE": str(self.files.keep("config", config.encode())),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.files.keep("credentials", b"")),
            "AWS_EC2_METADATA_DISABLED": "true",
        }
        return environment.served_environment(self._app, self._profile, variables)

    def _child_config(self) -> str:
        region = environment.region_of(self._app, self._profile)
        # An unreadable credentials file is no file of ours, and the command gets an empty one.
        keyed: set[str] = set()
        with contextlib.suppress(SsoHelperError):
            keyed = self._app.config.read_credentials_names()
        try:
            return config_text(self._app.config.read(), self._profile, region, keyed)
        except ConfigInvalid as trouble:
            self._app.warn(
                "the command gets a config without your other profiles and sessions: "
                f"{trouble.message}"
            )
            return minimal_text(region)

    def env_file_variables(self) -> Mapping[str, str]:
        """Return what a container needs: the token's file in its folder, else the token, a secret."""
        region = environment.region_of(self._app, self._profile)
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
        if self.keeper:
            self.keeper.stop()
        for server in self._servers:
            server.close()
        self.files.remove()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _new_app(self) -> ServingApp:
        made = self._make_app(self._app.environ, warn=self._warn_once)
        made.lasting = self._lasting
        return made

    def _warn_once(self, message: str) -> None:
        if message not in self._warned:
            if len(self._warned) >= _MOST_WARNINGS:
                self._warned.clear()
            self._warned.add(message)
            self._warn(message)


def _report(error: BaseException) -> None:
    """Log what went wrong with one client; the others are answered on."""
    crash.report(error, error.__traceback__)


def _refuse_core_dumps() -> None:
    """Keep what this process holds out of core dumps and other processes' eyes, on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
