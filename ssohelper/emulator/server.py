"""The emulated Identity Center on a loopback port, and the function that runs it as a program.

Its state is in memory only. It binds to 127.0.0.1 only, and refuses requests for other hosts.
"""

import json
import os
import shlex
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from ssohelper.emulator.faults import Faults
from ssohelper.emulator.listener import HOST, EmulatorError, Listener
from ssohelper.emulator.organization import World
from ssohelper.emulator.service import Service
from ssohelper.emulator.state import IssuedCredentials
from ssohelper.emulator.tally import Call
from ssohelper.emulator.world import demo_world, load_world

# With one of these a client may bypass the emulator: to be unset where environment() is used.
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


class Emulator:
    """A running Identity Center: `with Emulator() as emulator: … emulator.url …`."""

    def __init__(
        self,
        world: World | None = None,
        port: int = 0,
        clock: Callable[[], float] = time.time,
        host: str = HOST,
    ) -> None:
        if host != HOST:
            raise EmulatorError(f"the emulator binds to {HOST} only, not to {host!r}")
        self.service = Service(world or demo_world(), clock)
        self.port = port
        self.url = ""
        self._server: Listener | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """Listen. After a stop it listens on the same port, with the same state."""
        self._server = Listener(self.service, self.port)
        self.port = self._server.server_port
        self.url = self.service.center.url = f"http://{HOST}:{self.port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="emulator", daemon=True
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Stop listening and close every connection. A second call does nothing."""
        server, self._server = self._server, None
        if server is None:
            return
        server.stopping.set()
        server.shutdown()
        server.server_close()
        server.close_connections()

    def __enter__(self) -> Self:
        return self if self._server else self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    # -- the world and its knobs ---------------------------------------------------

    @property
    def world(self) -> World:
        """The organization that is served first."""
        return self.service.center.world

    @property
    def faults(self) -> Faults:
        """The knobs, scripts and callbacks."""
        return self.service.faults

    @property
    def auto_approve(self) -> str | None:
        """The person for whom the emulator consents at once, without pages. None: no person."""
        return self.service.center.auto_approve

    @auto_approve.setter
    def auto_approve(self, person: str | None) -> None:
        self.service.center.auto_approve = person

    def add_organization(self, world: World) -> World:
        """Serve one more organization, with another start URL."""
        self.service.center.worlds.append(world)
        return world

    @property
    def counters(self) -> Counter[str]:
        """The number of calls by operation, 0 for one that was never called; a copy."""
        return self.service.tally.counters()

    @property
    def calls(self) -> list[Call]:
        """Every call with its status, connection and token mark, oldest first."""
        return self.service.tally.calls()

    def reset_counters(self) -> None:
        """Set all counters to 0 and remove the calls."""
        self.service.tally.reset()

    @property
    def canary(self) -> str:
        """The text that every secret of this run contains."""
        return self.service.center.state.run

    def approve_device(self, user_code: str, person: str = "ana") -> None:
        """Approve a device code as this person. Raises: WorldError for an unknown code."""
        self.service.approve_device(user_code, person)

    def token_for(self, person: str = "ana", **more: Any) -> dict[str, str]:
        """Sign in without a browser; see Service.token_for."""
        return self.service.token_for(person, **more)

    def revoke_session(self, person: str | None = None) -> int:
        """End a person's sign-ins (None: those of all people); return how many were ended."""
        return self.service.revoke_session(person)

    def forget_clients(self) -> None:
        """Remove every client registration."""
        self.service.forget_clients()

    def identity_of(self, access_key_id: str) -> IssuedCredentials | None:
        """Return the credentials with this access key id; None when it was not issued here."""
        return self.service.identity_of(access_key_id)

    def environment(self) -> dict[str, str]:
        """Return the variables that direct AWS clients to the emulator; unset UNSET_VARIABLES too.

        Old Rust SDKs spell SSO_OIDC without the underscore."""
        services = ("SSO", "SSO_OIDC", "SSOOIDC", "STS", "IAM", "SIGNIN")
        return {
            **{f"AWS_ENDPOINT_URL_{service}": self.url for service in services},
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }


def serve(
    port: int = 0,
    world_file: str | Path | None = None,
    ready_file: str | Path | None = None,
    auto_approve: str | None = None,
) -> None:
    """Run an emulator until SIGTERM or SIGINT. Print its URL and write the ready file at the start.

    The ready file is JSON: url, start_url, region, environment, unset. It is removed at the end.
    Raises: WorldError for a bad world file, EmulatorError, OSError for a port in use."""
    if ready_file is not None:
        refuse_aws_folder(ready_file)
    world = demo_world() if world_file is None else load_world(world_file)
    emulator = Emulator(world, port)
    emulator.auto_approve = auto_approve
    done = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: done.set())
        for number in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        with emulator:
            print(f"EMULATOR of IAM Identity Center at {emulator.url}")
            print(how_to_use(emulator), flush=True)
            if ready_file is not None:
                _write_atomically(Path(ready_file), json.dumps(description(emulator), indent=2))
            done.wait()
    finally:
        if ready_file is not None:
            Path(ready_file).unlink(missing_ok=True)
        for number, handler in before.items():
            signal.signal(number, handler)


def how_to_use(emulator: Emulator) -> str:
    """Return lines for another POSIX shell. They set a temporary HOME, so ~/.aws is not used."""
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


def description(emulator: Emulator) -> dict[str, Any]:
    """Return the content of the ready file: what another process needs to use the emulator."""
    return {
        "url": emulator.url,
        "start_url": emulator.world.start_url,
        "region": emulator.world.region,
        "environment": emulator.environment(),
        "unset": list(UNSET_VARIABLES),
    }


def refuse_aws_folder(path: str | Path) -> None:
    """Refuse to write where real credentials are.
    Raises: EmulatorError for a path in a folder named `.aws`, before or after resolving links."""
    places = (Path(path).expanduser().absolute(), Path(path).expanduser().resolve())
    if any(".aws" in place.parts for place in places):
        raise EmulatorError(f"the emulator writes nothing to an .aws folder: {str(path)!r}")


def _write_atomically(path: Path, text: str) -> None:
    """Write a file so that others find it complete or not at all."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
