"""The wires between real apps: they lose requests and, worse, only the answers."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from typing_extensions import override

LOSE_REQUEST, LOSE_ANSWER = "lose request", "lose answer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer, whole."""

    status: int
    headers: Mapping[str, str]
    content: bytes


Serve = Callable[[str, str, Mapping[str, str], bytes], Answered]
"""Method, path with its query, headers, body."""


@dataclass
class FaultyTransport(httpx.BaseTransport):
    """A wire to an app that can lose the request or, worse, only the answer.

    `plan` says what happens to the next calls, one after the other: None is no fault; a callable
    changes the answer on its way.
    """

    serve: Serve
    plan: list[str | Callable[[Answered], Answered] | None] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        fault = self.plan.pop(0) if self.plan else None
        path = request.url.raw_path.decode()
        self.calls.append(f"{request.method} {path}")
        if fault == LOSE_REQUEST:
            raise httpx.ConnectError("lost", request=request)
        answer = self.serve(request.method, path, dict(request.headers), request.read())
        if fault == LOSE_ANSWER:
            raise httpx.ReadTimeout("lost", request=request)
        if callable(fault):
            answer = fault(answer)
        return httpx.Response(answer.status, headers=dict(answer.headers), content=answer.content)


class BulkServer:
    """A real listener on loopback for what is fetched in bulk; `faults` are used up one a call.

    A fault is `cut` (the connection ends in the middle of the body), `hang up` (no answer at all), or a
    callable that changes the answer.
    """

    def __init__(self, serve: Serve) -> None:
        self.faults: list[Any] = []
        self.calls: list[str] = []
        bulk = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                bulk.calls.append(self.path)
                fault = bulk.faults.pop(0) if bulk.faults else None
                if fault == "hang up":
                    self.close_connection = True
                    return
                answer = serve("GET", self.path, dict(self.headers), b"")
                if callable(fault):
                    answer = fault(answer)
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                if fault == "cut":
                    self.wfile.write(answer.content[: len(answer.content) // 2])
                    self.close_connection = True
                    return
                self.wfile.write(answer.content)

            @override
            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True)
        self.thread.start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


def path_of(url: str) -> str:
    """Give the path of a URL, without its query."""
    return urlsplit(url).path
