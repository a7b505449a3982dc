"""The HTTP server of labs: each answer names the server and the client. It serves no files.

It is slow to load: import it where a server is started.
"""

from __future__ import annotations

import http.server
import socket


def _plain(address: str) -> str:
    return address.removeprefix("::ffff:")


class _Answer(http.server.BaseHTTPRequestHandler):
    """Answers with both ends' addresses as the server sees them, which shows address translation."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answers any path and method."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        mine, theirs = self.connection.getsockname(), self.client_address
        text = (
            f"This is {socket.gethostname()} at {_plain(mine[0])} port {mine[1]}; "
            f"you are {_plain(theirs[0])} port {theirs[1]}.\n"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text)

    do_HEAD = do_POST = do_GET  # noqa: N815 - the base class names them so

    def log_message(self, format: str, *args: object) -> None:
        """Logs nothing: captures show the requests."""


def serve(listening: socket.socket) -> None:
    """Answers on a listening socket until the process is killed."""
    server = http.server.ThreadingHTTPServer(("", 0), _Answer, bind_and_activate=False)
    server.socket.close()
    server.socket = listening
    server.daemon_threads = True
    server.serve_forever(poll_interval=3600)
