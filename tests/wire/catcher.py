"""An HTTP server that counts its requests: a client's callback, or one that must hear nothing."""

import http.server
import threading
from urllib.parse import parse_qs, urlsplit


class Catcher:
    """`query` is that of the last request to the callback."""

    def __init__(self) -> None:
        self.hits = 0
        self.query: dict[str, str] = {}
        catcher = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                catcher.hits += 1
                parts = urlsplit(self.path)
                if parts.path == "/oauth/callback":
                    catcher.query = {
                        name: last for name, (*_, last) in parse_qs(parts.query).items()
                    }
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<title>back</title><link rel=icon href='data:,'>back here")

            do_POST = do_GET

            def log_message(self, format: str, *args: object) -> None: ...

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self.callback = f"{self.url}/oauth/callback"

    def __enter__(self) -> "Catcher":
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
