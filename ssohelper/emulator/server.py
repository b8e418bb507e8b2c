"""Runs the emulated Identity Center on a port of 127.0.0.1, for tests or as a program."""

import copy
import json
import os
import shlex
import signal
import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from ssohelper.emulator.faults import Faults
from ssohelper.emulator.listener import HOST, EmulatorError, Listener
from ssohelper.emulator.organization import World
from ssohelper.emulator.service import Service
from ssohelper.emulator.world import demo_world
from ssohelper.emulator.world_file import load_world

# A client with one of these environment variables may bypass the emulator.
UNSET_VARIABLES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_SECURITY_TOKEN",
    "AWS_CREDENTIAL_EXPIRATION",
    "AWS_PROFILE",
    "AWS_DEFAULT_PROFILE",
    "AWS_ENDPOINT_URL",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_USE_FIPS_ENDPOINT",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_CA_BUNDLE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_ROLE_ARN",
)


class Emulator(Service):
    """Example: `with Emulator() as emulator: … emulator.url …`."""

    def __init__(
        self,
        world: World | None = None,
        port: int = 0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(world or demo_world(), clock)
        self.port = port
        # With `internet`, a client that uses the emulator as its https proxy reaches AWS's hosts in
        # the emulator.
        self.tls: ssl.SSLContext | None = None
        self._server: Listener | None = None
        # A socket that is bound to the port and does not listen, while the emulator is stopped.
        self._port_keeper: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Listen; after `stop`, on the same port and with the same state."""
        self._server = Listener(self, self.port, self.tls)
        self._release_port()
        self.port = self._server.server_port
        self.url = f"http://{HOST}:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="emulator", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close all connections. The port stays reserved: another program must not answer on it."""
        server, self._server = self._server, None
        if server is None:
            return
        server.stopping.set()
        server.shutdown()
        server.server_close()
        self._port_keeper = socket.socket()
        # This option lets the next listener bind the port while this socket has it.
        self._port_keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._port_keeper.bind((HOST, self.port))
        server.close_connections()

    def _release_port(self) -> None:
        if self._port_keeper is not None:
            self._port_keeper.close()
            self._port_keeper = None

    def __enter__(self) -> Self:
        return self if self._server else self.start()

    def __exit__(self, *_error: object) -> None:
        self.stop()
        self._release_port()

    def add_organization(self, world: World) -> World:
        self.worlds.append(world)
        return world

    def add_region(self, start_url: str, region: str) -> Faults:
        """Add a portal of the first organization in a further region; return that region's faults.

        Sign-ins and tokens of one region are unknown in the other, as at AWS.
        """
        # People, accounts and assignments are shared, also after changes.
        world = self.add_organization(copy.copy(self.world))
        world.start_url, world.region = start_url, region
        return self.faults_in(region)

    def faults_in(self, region: str) -> Faults:
        return self.region_faults.setdefault(region, Faults())

    def environment(self) -> dict[str, str]:
        """Return the environment variables that direct AWS clients to this emulator.

        The caller must also unset UNSET_VARIABLES. The variable with SSOOIDC is for old Rust SDKs.
        """
        services = ("SSO", "SSO_OIDC", "SSOOIDC", "STS", "IAM", "SIGNIN")
        return {
            **{f"AWS_ENDPOINT_URL_{service}": self.url for service in services},
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }


def serve_until_signal(
    port: int = 0, world_file: str | Path | None = None, ready_file: str | Path | None = None
) -> None:
    """Run an emulator until SIGTERM or SIGINT, and print its URL when it listens.

    The ready file exists as long as the emulator listens. Raises: WorldError (invalid world file),
    OSError (port in use), EmulatorError (ready file in an `.aws` folder).
    """
    for place in (Path(ready_file).absolute(), Path(ready_file).resolve()) if ready_file else ():
        if ".aws" in place.parts:
            raise EmulatorError(
                f"the emulator writes nothing to an .aws folder: {str(ready_file)!r}"
            )
    emulator = Emulator(demo_world() if world_file is None else load_world(world_file), port)
    done = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: done.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        with emulator:
            print(f"EMULATOR of IAM Identity Center at {emulator.url}")
            print(_shell_usage_text(emulator), flush=True)
            if ready_file is not None:
                _write_ready_file(Path(ready_file), emulator)
            done.wait()
    finally:
        if ready_file is not None:
            Path(ready_file).unlink(missing_ok=True)
        for number, handler in before.items():
            signal.signal(number, handler)


def _shell_usage_text(emulator: Emulator) -> str:
    """Return shell lines that use the emulator, with a temporary HOME, so that ~/.aws is not used."""
    set_here = " ".join(
        f"{key}={shlex.quote(value)}" for key, value in emulator.environment().items()
    )
    world = emulator.world
    people = ", ".join(list(world.people)[:6])
    return f"""\
In another shell:
  export HOME="$(mktemp -d)"; export SSOHELPER_HOME="$HOME/ssohelper"
  unset {" ".join(UNSET_VARIABLES)}
  export {set_here}
  ssohelper setup {shlex.quote(world.start_url)} --region {world.region}
People: {people}"""


def _write_ready_file(path: Path, emulator: Emulator) -> None:
    """Write the file at once, so that readers never see a part of it."""
    content = {
        "url": emulator.url,
        "start_url": emulator.world.start_url,
        "region": emulator.world.region,
        "environment": emulator.environment(),
        "unset": list(UNSET_VARIABLES),
    }
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(json.dumps(content, indent=2), encoding="utf-8")
    part.replace(path)
