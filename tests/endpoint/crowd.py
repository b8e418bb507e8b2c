"""Clients that keep an endpoint busy without an answer: idle ones, and ones that send slowly."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def crowd(port: int, *, idle: int, slow: int, request: bytes) -> Iterator[None]:
    """Keep clients connected: `idle` send nothing, `slow` send the request, a byte a second."""
    stop = threading.Event()
    waiting = [socket.create_connection(("127.0.0.1", port)) for _ in range(idle)]
    dripping = threading.Thread(target=_drip, args=(port, slow, request, stop))
    dripping.start()
    try:
        yield
    finally:
        stop.set()
        dripping.join()
        for client in waiting:
            client.close()


def _drip(port: int, number: int, request: bytes, stop: threading.Event) -> None:
    """Send a byte a second on each connection; replace a connection that the server closes."""
    clients: dict[socket.socket, int] = {}
    while not stop.is_set():
        while len(clients) < number:
            clients[socket.create_connection(("127.0.0.1", port))] = 0
        for client, sent in list(clients.items()):
            try:
                client.send(request[sent : sent + 1])
                clients[client] = sent + 1
            except OSError:
                client.close()
                del clients[client]
        stop.wait(1)
    for client in clients:
        client.close()
