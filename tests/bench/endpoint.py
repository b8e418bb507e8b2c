"""A crowd of botocore's clients at one endpoint, beside a bare Python server."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from tests.bench.world import Bench
from tests.programs import run_program
from tests.torture.ground import SSOHELPER
from tests.torture.rows import Row

CLIENTS = 300
ROUNDS = 3
PROFILES = 5_000
TARGET = 3.0
URI, TOKEN_FILE = "AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"

# Each client is a thread with a provider of its own: 2 s for an answer, three times. Prints the
# seconds until the last one is done, and how many failed.
_CLIENTS = f"""
import threading, time
from botocore.credentials import ContainerProvider
begin, failed = threading.Barrier({CLIENTS} + 1), []
def load():
    provider = ContainerProvider()
    begin.wait()
    try:
        assert provider.load().get_frozen_credentials().token
    except Exception as error:
        failed.append(error)
threads = [threading.Thread(target=load) for _ in range({CLIENTS})]
for each in threads:
    each.start()
begin.wait()
began = time.monotonic()
for each in threads:
    each.join()
print(time.monotonic() - began, len(failed))
"""
# Answers every request with its stdin, and prints its port.
_BARE_SERVER = """
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
body = sys.stdin.buffer.read()
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *words):
        pass
class Server(ThreadingHTTPServer):
    request_queue_size = 512
server = Server(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""


class _Crowd(NamedTuple):
    seconds: float
    failures: int


def endpoint_crowd(bench: Bench) -> list[Row]:
    """300 botocore clients at once at one endpoint, 5,000 profiles, against a bare Python server"""
    bench.sign_in()
    bench.change_config(bench.config.read_bytes() + bench.profiles(PROFILES))
    ours, bare = list[_Crowd](), list[_Crowd]()
    with _served(bench) as variables, _bare(_answer(variables)) as address:
        for _ in range(ROUNDS):
            ours.append(_crowd(bench, variables))
            bare.append(_crowd(bench, {**variables, URI: address}))
    failures = [sum(crowd.failures for crowd in crowds) for crowds in (ours, bare)]
    ratio = median(crowd.seconds for crowd in ours) / median(crowd.seconds for crowd in bare)
    figure = f"{failures[0]} failures, {ratio:.2f} (bare: {failures[1]} failures)"
    what = f"{CLIENTS} botocore clients at one endpoint against a bare server"
    return [Row(what, figure, f"0 failures, ≤ {TARGET}", failures[0] == 0 and ratio <= TARGET)]


@contextmanager
def _served(bench: Bench) -> Iterator[dict[str, str]]:
    """Run `serve`; yield the variables by which clients find it."""
    command = [SSOHELPER, "serve", "native", "--json"]
    with _running(command, bench.env) as serve:
        assert serve.stdout
        lines = b"".join(iter(serve.stdout.readline, b"}\n"))
        printed = json.loads(lines + b"}")["data"]["environment"]
        yield {name: printed[name] for name in (URI, TOKEN_FILE)}


@contextmanager
def _bare(body: bytes) -> Iterator[str]:
    with _running([sys.executable, "-c", _BARE_SERVER], None) as server:
        assert server.stdin
        assert server.stdout
        server.stdin.write(body)
        server.stdin.close()
        yield f"http://127.0.0.1:{int(server.stdout.readline())}/credentials"


@contextmanager
def _running(command: list[str], environ: dict | None) -> Iterator["subprocess.Popen[bytes]"]:
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, env=environ, **pipes) as process:
        try:
            yield process
        finally:
            process.terminate()


def _answer(variables: dict[str, str]) -> bytes:
    token = Path(variables[TOKEN_FILE]).read_text()
    request = urllib.request.Request(variables[URI], headers={"Authorization": token})
    with urllib.request.urlopen(request, timeout=10) as reply:
        return bytes(reply.read())


def _crowd(bench: Bench, variables: dict[str, str]) -> _Crowd:
    environ = {"HOME": str(bench.home), "PATH": bench.env["PATH"], **variables}
    done = run_program([sys.executable, "-c", _CLIENTS], environ, check=True)
    seconds, failures = done.stdout.split()
    return _Crowd(float(seconds), int(failures))
