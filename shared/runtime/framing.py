"""Requests that two readers could divide in two different ways: none of them goes on."""

from collections.abc import Sequence

from httptools import HttpRequestParser

from shared.runtime.answers import malformed
from shared.runtime.refusals import Refusal

VERSIONS = ("1.0", "1.1")
Headers = Sequence[tuple[bytes, bytes]]


def find_ambiguity(
    headers: Headers, url: bytes, parser: HttpRequestParser
) -> tuple[str, Refusal] | None:
    """Find what the parser lets through (RFC 9112 §3.2, §6.1); return a reason, and what to answer.

    Args:
        headers: names in lower case.
        url: the target as it came.
        parser: at the end of the headers.
    """
    codings = [value for name, value in headers if name == b"transfer-encoding"]
    plain = not codings or (len(codings) == 1 and codings[0].strip().lower() == b"chunked")
    if not plain or (codings and parser.get_http_version() != "1.1"):
        return "framing", malformed("A body comes with a length, or chunked alone.")
    # A line without a version would be HTTP/0.9, whose headers are none.
    if parser.get_http_version() not in VERSIONS:
        return "version", malformed("Only HTTP/1.1 is spoken here.")
    if parser.should_upgrade() or url[:1] != b"/" or b"#" in url:
        return "target", malformed("Only paths are asked for, and nothing but HTTP/1.1 is spoken.")
    return None


def announced(headers: Headers) -> int | None:
    """Return how long a body is to be; none: its end will show (the parser has read the lengths)."""
    given = dict(headers)
    return None if b"transfer-encoding" in given else int(given.get(b"content-length", b"0"))
