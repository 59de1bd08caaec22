"""The way to time-stamping authorities (RFC 3161, 3.4): those of the node's own file, no others."""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import urllib3
from urllib3.exceptions import HTTPError

from shared.runtime import deadline, http, logs, outward
from shared.runtime.authorities import Authority
from shared.runtime.refusals import BadUpstream, NotFound, PeerUnanswered

QUERY, REPLY = "application/timestamp-query", "application/timestamp-reply"
MAX_ANSWER = 2**16  # bytes
PATIENCE = urllib3.Timeout(connect=http.CONNECT_TIMEOUT, read=10.0)  # seconds
DEADLINE = 20.0  # seconds from the question to the end of the answer
OK = 200


@dataclass(frozen=True, slots=True)
class Timekeepers:
    """The authorities by name."""

    authorities: Mapping[str, Authority]

    def ask(self, name: str, request: bytes) -> bytes:
        """Bring a time-stamp request; what comes back is judged by whoever asked.

        Raises:
            NotFound: no such authority is configured.
            PeerUnanswered: it does not answer.
            BadUpstream: it answers, but no time-stamp response.
        """
        authority = self.authorities.get(name)
        if authority is None:
            raise NotFound(
                "unknown_time_authority",
                f"No time-stamping authority {name} is configured.",
                next_step="Give gateway and audit the same ROGATORY_TIME_AUTHORITIES.",
            )
        try:
            return _post(authority, request)
        except HTTPError as error:
            logs.log().warning("time_authority_unreachable", authority=name, error=repr(error))
            raise PeerUnanswered(
                "time_authority_unreachable",
                f"The time-stamping authority {name} does not answer ({type(error).__name__}).",
                next_step="Nothing waits for it; it is asked again.",
            ) from error


def _post(authority: Authority, request: bytes) -> bytes:
    # One request an hour: a connection of its own is simpler than one that has gone stale.
    # The operators' own file may name this machine.
    context = _context(authority)
    pool = outward.pool(authority.url, reach=outward.Reach.NEARBY, context=context, size=1)
    with pool, deadline.within(DEADLINE):
        answer = pool.urlopen(
            "POST",
            urllib3.util.parse_url(authority.url).request_uri,
            body=request,
            headers={"content-type": QUERY},
            timeout=PATIENCE,
            redirect=False,
            preload_content=False,
        )
        content = answer.read(MAX_ANSWER + 1)
        kind = answer.headers.get("content-type", "").partition(";")[0].strip()
        answer.close()
    if answer.status != OK or kind != REPLY or len(content) > MAX_ANSWER:
        raise BadUpstream(
            "no_time_stamp",
            f"The time-stamping authority {authority.name} answers {answer.status} ({kind}).",
            next_step="Check its address; ask its operators.",
        )
    return content


def _context(authority: Authority) -> ssl.SSLContext:
    context = http.pinned_context(*filter(None, [authority.tls]))
    context.minimum_version = ssl.TLSVersion.TLSv1_2  # the web's servers, not ours
    return context
