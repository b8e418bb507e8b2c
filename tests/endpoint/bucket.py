"""A storage service without buckets: it answers every caller with valid credentials."""

import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Self

from ssohelper.emulator.server import Emulator

_NONE = (
    b'<?xml version="1.0"?><ListAllMyBucketsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
    b"<Owner><ID>1</ID></Owner><Buckets></Buckets></ListAllMyBucketsResult>"
)


def rclone(program: str, url: str, profile: str = "") -> list[str]:
    """Return the command that lists the buckets of this service, once."""
    named = f"env_auth=true,profile={profile}" if profile else "env_auth=true"
    remote = f":s3,provider=Other,{named},region=us-east-1,endpoint='{url}':"
    return [program, "--config", "", "--retries", "1", "--low-level-retries", "1", "lsd", remote]


class EmptyStorage:
    """`with EmptyStorage(emulator) as storage`: has `url`, and each caller's account or None."""

    def __init__(self, emulator: Emulator) -> None:
        self.accounts: list[str | None] = []
        accounts = self.accounts

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                found = re.search(r"Credential=([^/]+)/", self.headers.get("Authorization", ""))
                issued = emulator.issued.get(found.group(1)) if found else None
                is_good = (
                    issued is not None
                    and issued.session_token == self.headers.get("x-amz-security-token")
                    and issued.expires_at > emulator.now()
                )
                accounts.append(issued.account_id if issued and is_good else None)
                self.send_response(200 if is_good else 403)
                self.send_header("Content-Length", str(len(_NONE) if is_good else 0))
                self.end_headers()
                self.wfile.write(_NONE if is_good else b"")

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
