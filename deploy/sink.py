"""What stands behind the gateway while it is measured: it believes everybody, and keeps nothing.

`python -m deploy.sink HTTP_PORT HTTPS_PORT FOLDER` serves plain HTTP, as a service inside does, and TLS with
the certificate in the folder, as the gateway does: the same server without the hop between.
"""

import sys
from pathlib import Path

from starlette.types import Receive, Scope, Send

from shared.runtime import server, tls
from shared.runtime.edge import EdgeProtocol

BLOCK = bytes(2**20)
SEGMENT = 16 * 2**20  # bytes of every answer to a GET of a segment
ANSWER = b'{"alarm":null,"status":"ok"}'  # a log that stands, too


async def sink(scope: Scope, receive: Receive, send: Send) -> None:
    """Read a body to its end; answer a segment to who asks for one, else a few bytes (ASGI)."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    large = scope["method"] == "GET" and "/segments/" in scope["path"]
    size = SEGMENT if large else len(ANSWER)
    headers = [(b"content-length", str(size).encode()), (b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    for _ in range(size // len(BLOCK)):
        await send({"type": "http.response.body", "body": BLOCK, "more_body": True})
    await send({"type": "http.response.body", "body": b"" if large else ANSWER})


def main() -> None:
    """Serve until told to stop."""
    http_port, https_port, folder = sys.argv[1:]
    context = tls.server_context(Path(folder) / "tls.pem", Path(folder) / "tls.key")
    outside = f"127.0.0.1:{https_port}"
    server.run(
        server.make_server(sink, f"127.0.0.1:{http_port}"),
        server.make_server(sink, outside, context=context, protocol=EdgeProtocol),
    )


if __name__ == "__main__":
    main()
