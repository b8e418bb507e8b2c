"""AWS's MCP proxy from PyPI signs with the profile that `agent install` wrote into its settings."""

import json
import queue
import re
import subprocess
import threading
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.conftest import SCRIPT
from tests.guards.allow_matrix import FREE, OTHER, make_world
from tests.guards.world import Guarded
from tests.programs import run_program

pytestmark = [pytest.mark.network_client, pytest.mark.long]

_HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}
_OPTIONS = ["--service", "x", "--region", "us-east-1"]


@pytest.fixture(scope="module")
def proxy(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("proxy")
    venv.create(folder, with_pip=True)
    pip = [folder / "bin" / "pip", "install", "-q", "mcp-proxy-for-aws==1.7.0"]
    done = run_program(pip)
    if done.returncode:
        pytest.skip(f"mcp-proxy-for-aws cannot be installed: {done.stderr[-200:]}")
    return folder / "bin" / "mcp-proxy-for-aws"


@pytest.fixture
def world(home, emulator) -> Iterator[Guarded]:
    made = make_world(home, emulator)
    yield made
    made.close()


@contextmanager
def endpoint() -> Iterator[tuple[str, "queue.Queue[str]"]]:
    """An MCP server that notes the access key of each request, and answers none."""
    keys: queue.Queue[str] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found = re.search("Credential=([A-Z0-9]+)/", self.headers.get("Authorization", ""))
            keys.put(found[1] if found else "")
            self.send_error(500)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/mcp", keys
        server.shutdown()


def key_of_profile(world: Guarded, profile: str) -> str:
    done = world.run(SCRIPT, "credential-process", "--profile", profile)
    found: str = json.loads(done.stdout)["AccessKeyId"]
    return found


def signing_key(world: Guarded, tool: dict[str, object], keys: "queue.Queue[str]") -> str:
    """Start the server as an agent does; return the access key of its first request."""
    environ, words = tool["env"], tool["args"]
    assert isinstance(environ, dict)
    assert isinstance(words, list)
    started = subprocess.Popen(
        [str(tool["command"]), *words],
        env={**world.home.env, "AWS_REGION": "us-east-1", **environ},
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert started.stdin
    try:
        started.stdin.write(json.dumps(_HELLO) + "\n")
        started.stdin.flush()
        return keys.get(timeout=60)
    finally:
        started.kill()
        started.communicate()


@pytest.mark.parametrize(
    ("words", "environ"),
    [
        (["--profile", f"pay.{OTHER}"], {}),
        ([f"--profile=pay.{OTHER}"], {}),
        ([], {"AWS_MCP_PROXY_PROFILES": f"pay.{OTHER} pay.{FREE}"}),
        ([], {"AWS_DEFAULT_PROFILE": f"pay.{OTHER}"}),
    ],
)
def test_the_proxy_signs_with_the_installed_profile(world, proxy, words, environ):
    path = world.home.path / ".kiro" / "settings" / "mcp.json"
    path.parent.mkdir(parents=True)
    with endpoint() as (url, keys):
        tool = {"command": str(proxy), "args": [url, *_OPTIONS, *words], "env": environ}
        path.write_text(json.dumps({"mcpServers": {"aws": tool}}))
        before = {**tool, "env": {"AWS_PROFILE": f"pay.{FREE}", **environ}}
        if "AWS_DEFAULT_PROFILE" not in environ:  # without it, this setting would win
            assert signing_key(world, before, keys) == key_of_profile(world, f"pay.{OTHER}")
        done = world.run(SCRIPT, "agent", "install", "kiro", f"pay.{FREE}", "--yes")
        assert done.returncode == 0, done.stderr
        tool = json.loads(path.read_text())["mcpServers"]["aws"]
        assert signing_key(world, tool, keys) == key_of_profile(world, f"pay.{FREE}")
