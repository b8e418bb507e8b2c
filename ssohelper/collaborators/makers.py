"""Makes objects of which a command may need several, or a new one for each use."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ssohelper.errors import LocalState, NotOurs
from ssohelper.stores.child_files import ChildFiles
from ssohelper.stores.files import ExaminedFiles
from ssohelper.stores.user_file import UserFile

if TYPE_CHECKING:
    import socket

    from ssohelper.core.local_http import RequestHandler
    from ssohelper.core.model import Secret
    from ssohelper.stores.endpoint_files import EnvFile, PrivateFolder
    from ssohelper.system.locations import Locations
    from ssohelper.wire.browser_pages import BrowserPages, SignInPages
    from ssohelper.wire.local_server import LocalServer


class Makers:
    """Makes file objects, servers and folders. `App` keeps none of these."""

    def __init__(self, locations: Locations) -> None:
        self._locations = locations

    def make_user_file(self, path: Path) -> UserFile:
        """Return a `UserFile` for a shell's rc file. A new file gets mode 0644, as is usual."""
        return UserFile(path, new_mode=0o644)

    def make_examined_files(self) -> ExaminedFiles:
        return ExaminedFiles()

    def make_child_files(self) -> ChildFiles:
        return ChildFiles(self._locations.runtime_folder)

    def make_browser_pages(self) -> BrowserPages:
        from ssohelper.wire.browser_pages import BrowserPages

        return BrowserPages()

    def make_sign_in_pages(self, state: Secret) -> SignInPages:
        from ssohelper.wire.browser_pages import SignInPages

        return SignInPages(state)

    def bind_local_server(
        self,
        port_or_socket: int | socket.socket,
        make_handler: Callable[[int], RequestHandler],
        report: Callable[[BaseException], None],
    ) -> LocalServer:
        """Return a server on a port of 127.0.0.1 (0 means any free port), or on a socket."""
        from ssohelper.wire.local_server import LocalServer

        return LocalServer.bind(port_or_socket, make_handler, report)

    def make_endpoint_folder(self) -> PrivateFolder:
        """Create an endpoint's folder in the state folder: the runtime folder is removed at logout.

        The runtime folder is for users with a read-only home folder. Raises: LocalState, NotOurs.
        """
        from ssohelper.stores.endpoint_files import PrivateFolder

        try:
            return PrivateFolder(self._locations.state_folder / "serve")
        except NotOurs:
            raise
        except LocalState:
            with contextlib.suppress(LocalState):
                return PrivateFolder(self._locations.runtime_folder / "serve")
            raise

    def make_env_file(self, path: Path) -> EnvFile:
        from ssohelper.stores.endpoint_files import EnvFile

        return EnvFile(path)
