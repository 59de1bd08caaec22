"""The stage, once for each edge."""

import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from typing_extensions import override

from tests.attacks.stage import Stage
from tests.edges import CADDY, EMBEDDED, serve_edge, skip_without_caddy


@dataclass
class Lure:
    """A server of the attacker's that counts who comes."""

    url: str = ""
    seen: list[str] = field(default_factory=list)

    @property
    def visits(self) -> int:
        return len(self.seen)


@contextlib.contextmanager
def lure() -> Iterator[Lure]:
    made = Lure()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.seen.append(self.path)
            self.send_response(404)
            self.end_headers()

        @override
        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module", params=[EMBEDDED, CADDY], ids=[EMBEDDED, CADDY])
def stage(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Stage]:
    """A node of two workers, behind each edge in turn."""
    skip_without_caddy(request.param)
    folder = tmp_path_factory.mktemp(request.param)
    # The proxy reads on in a body that was answered early until this deadline; ten minutes as shipped.
    proxy = {"ROGATORY_PROXY_BODY_DEADLINE": "30s"}
    with lure() as trap, serve_edge(folder, request.param, workers=2, **proxy) as site:
        yield Stage(site, trap)
