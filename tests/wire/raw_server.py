"""A server on loopback that sends exactly what a test says, plain or over TLS; a CONNECT proxy."""

import contextlib
import socket
import ssl
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Literal

Serve = Callable[[socket.socket, int], None]
Then = Literal["repeat", "close", "wait", "drip", "flood"]
_MORE: dict[str, tuple[float, bytes]] = {"drip": (0.05, b"a"), "flood": (0, b" " * 65536)}


class RawServer:
    """Calls `serve(connection, number)` in a thread for each connection, then closes it."""

    def __init__(self, serve: Serve, tls: ssl.SSLContext | None = None) -> None:
        self._serve = serve
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.connections = 0
        self.requests: list[bytes] = []
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self.stopping = threading.Event()
        self._start(self._accept)

    def read_request(self, connection: socket.socket) -> bytes:
        """Return one request with its body, and record it; b"" when the client has gone."""
        data = b""
        while b"\r\n\r\n" not in data:
            piece = connection.recv(65536)
            if not piece:
                return b""
            data += piece
        head, _, body = data.partition(b"\r\n\r\n")
        length = 0
        for line in head.split(b"\r\n"):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        while len(body) < length:
            body += connection.recv(65536)
        self.requests.append(head + b"\r\n\r\n" + body)
        return self.requests[-1]

    def __enter__(self) -> "RawServer":
        return self

    def __exit__(self, *_: object) -> None:
        self.stopping.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            self._start(self._run, connection, self.connections)

    def _run(self, connection: socket.socket, number: int) -> None:
        with contextlib.suppress(OSError), contextlib.ExitStack() as stack:
            stack.callback(connection.close)
            if self._tls is not None:
                connection = self._tls.wrap_socket(connection, server_side=True)
                stack.callback(connection.close)
                self._open.append(connection)
            self._serve(connection, number)


def serving(
    reply: bytes, then: Then = "repeat", tls: ssl.SSLContext | None = None, *, reads: bool = True
) -> RawServer:
    """Return a server that reads a request and replies; `then` says how it goes on.

    It repeats that, closes the connection, sends nothing more, or more bytes slowly or without end.
    """

    def serve(connection: socket.socket, number: int) -> None:
        while not reads or made.read_request(connection):
            connection.sendall(reply)
            while then in _MORE and not made.stopping.wait(_MORE[then][0]):
                connection.sendall(_MORE[then][1])
            if then == "wait":
                made.stopping.wait()
            if then != "repeat":
                return

    made = RawServer(serve, tls)
    return made


def answer(body: bytes = b"{}", *more: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *more]
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def connect_proxy(target_port: int, tls: ssl.SSLContext | None = None) -> RawServer:
    """Return a proxy that opens a tunnel to a port on loopback, whatever host is requested."""

    def serve(connection: socket.socket, number: int) -> None:
        if not proxy.read_request(connection).startswith(b"CONNECT "):
            return
        with socket.create_connection(("127.0.0.1", target_port)) as target:
            connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
            back = threading.Thread(target=_pump, args=(target, connection), daemon=True)
            back.start()
            _pump(connection, target)
            back.join(10)

    proxy = RawServer(serve, tls)
    return proxy


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def make_certificate(folder: Path, names: str) -> tuple[Path, ssl.SSLContext]:
    """Return the file of a self-signed certificate, and a server context with it."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "2", "-subj", "/CN=test", "-addext", f"subjectAltName={names}"),
            *("-keyout", str(key), "-out", str(certificate)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context
