"""What a sink sends, received and checked without any library: `python program.py [PORT]`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

KEY = base64.b64decode(os.environ["PROGRAM_SECRET"].removeprefix("whsec_"))
OLDEST_S = 300
SEEN: set[str] = set()


class Receiver(BaseHTTPRequestHandler):
    """Answers 204 when it has the event: only then is it not sent again."""

    def do_POST(self) -> None:
        """Check the signature over the bytes as they came, then the time, then read."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        name, at = self.headers.get("webhook-id", ""), self.headers.get("webhook-timestamp", "")
        expected = hmac.digest(KEY, f"{name}.{at}.".encode() + body, hashlib.sha256)
        proofs = self.headers.get("webhook-signature", "").split()
        is_genuine = any(
            hmac.compare_digest(f"v1,{base64.b64encode(expected).decode()}".encode(), proof.encode())
            for proof in proofs
        )
        now = time.time()  # noqa: TID251 - a program of its own has no clock of ours
        if not is_genuine or abs(now - int(at)) > OLDEST_S:
            self.send_error(401)
            return
        if name not in SEEN:  # an event can come twice, with the same id
            SEEN.add(name)
            event = json.loads(body)
            print(f"{event['type']}: {event['summary']}", flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Only events are printed."""


if __name__ == "__main__":
    server = HTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 8485), Receiver)
    print(f"listening at http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()
