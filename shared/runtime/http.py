"""The one way to make an HTTP client: time-outs, pinned anchors, no redirects, no proxy environment."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import urllib3

from shared.runtime import logs

CONNECT_TIMEOUT = 2.0  # seconds
READ_TIMEOUT = 60.0  # seconds
BLOCK = (
    2**20
)  # bytes read at a time from a bulk body; smaller costs a factor (performance notes in README)

Trust = Callable[[], ssl.SSLContext]  # whom to trust now


def pinned_context(*anchors: str) -> ssl.SSLContext:
    """Return a TLS 1.3 client context that trusts these PEM certificates and nothing else."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    for anchor in anchors:
        context.load_verify_locations(cadata=anchor)
    return context


def pinned_file(path: Path) -> Trust:
    """Return what gives `pinned_context` for a PEM file as it is when asked.

    A file that cannot be read later changes nothing, and is logged; it must be right at first.
    """
    held = pinned_context(path.read_text(encoding="ascii"))

    def current() -> ssl.SSLContext:
        nonlocal held
        try:
            held = pinned_context(path.read_text(encoding="ascii"))
        except (OSError, ValueError) as error:  # an SSLError is an OSError
            logs.log().error("anchors_not_taken_up", file=str(path), error=str(error))
        return held

    return current


def json_client(
    base_url: str,
    *,
    context: ssl.SSLContext | None = None,
    auth: Callable[[httpx.Request], httpx.Request] | None = None,
) -> httpx.Client:
    """Return a client for small bodies; without a context it trusts no certificate at all."""
    return httpx.Client(
        base_url=base_url,
        verify=context if context is not None else pinned_context(),
        auth=auth,
        timeout=httpx.Timeout(READ_TIMEOUT, connect=CONNECT_TIMEOUT),
        follow_redirects=False,
        trust_env=False,
    )


def bulk_pool(
    url: str, *, context: ssl.SSLContext | None = None, size: int = 8
) -> urllib3.HTTPConnectionPool:
    """Return a pool of keep-alive connections to one host for large bodies (`BLOCK` bytes a read)."""
    parts = urllib3.util.parse_url(url)
    options: dict[str, Any] = {
        "host": parts.host,
        "port": parts.port,
        "timeout": urllib3.Timeout(connect=CONNECT_TIMEOUT, read=READ_TIMEOUT),
        "retries": False,
        "maxsize": size,
        "blocksize": BLOCK,
    }
    if parts.scheme == "https":
        return urllib3.HTTPSConnectionPool(ssl_context=context, **options)
    return urllib3.HTTPConnectionPool(**options)


def let_go(answer: urllib3.BaseHTTPResponse) -> None:
    """Give the connection back to its pool if the answer was read to its end, else close it."""
    if answer.connection is not None:  # whoever reads to the end gives it back by that
        answer.close()
    answer.release_conn()
