"""The way to the witnesses of our log: those that the policy of our own member document names, no others.

What a witness answers is judged by the log, which has the keys; here it is only bounded in size and
time. A witness at a member's gateway is reached over TLS that trusts that member's anchors and nothing
else; any other over TLS that trusts the operator's file of anchors, or by plain http: a cosignature
proves itself, and nothing that is sent is secret.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import urllib3
from urllib3.exceptions import HTTPError

from services.gateway.directory import Directory
from shared.protocol import trust
from shared.protocol.identifiers import Country
from shared.runtime import deadline, http, logs, outward
from shared.runtime.refusals import BadUpstream, NotFound, PeerUnanswered

MAX_ANSWER = 2**17  # bytes; a note of sixteen witnesses is half of it
DEADLINE = 10.0  # seconds from the question to the end of the answer
SILENCE = 5.0  # seconds that a witness may say nothing
_REDIRECT = range(300, 400)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a witness answered."""

    status: int
    media_type: str
    body: bytes


class Witnesses:
    """Keeps connections to each witness; safe to share between threads."""

    def __init__(
        self, directory: Directory, *, country: str, own: str, anchors: Path | None = None
    ) -> None:
        """Ask for our log.

        Args:
            directory: whose members' policies name witnesses.
            country: ours.
            own: the URL of our gateway.
            anchors: PEM; what witnesses outside the federation are trusted by.
        """
        self._directory, self._country = directory, Country(country)
        self._reach = outward.reach_of(own)
        self._others = () if anchors is None else (anchors.read_text(encoding="ascii"),)
        self._lock = threading.Lock()
        self._pools: dict[str, tuple[tuple[str, ...], urllib3.HTTPConnectionPool]] = {}

    def ask(self, name: str, method: str, path: str, body: bytes = b"") -> Reply:
        """Call a witness by the name that our policy gives it; `path` is below its prefix.

        Raises:
            NotFound: our policy names no such witness, or gives no address for it.
            Unavailable: there is no directory yet.
            PeerUnanswered: it does not answer in time.
            BadUpstream: it answers with a redirect, or too much, is where nothing is sent, or has no anchors.
        """
        members = self._directory.members()
        url = _address(members, self._country, name)
        if url is None:
            raise NotFound(
                "unknown_witness",
                f"The policy of our log has no address for a witness {name}.",
                next_step="The member document names the witnesses of a log in its policy.",
            )
        anchors = _anchors(members, url) or self._others
        if url.startswith("https:") and not anchors:
            raise BadUpstream(
                "witness_unpinned",
                f"Nothing says by which certificates the witness {name} is trusted.",
                next_step="Give the gateway the file ROGATORY_WITNESS_ANCHORS.",
            )
        try:
            return _call(self._pool(url, anchors), method, f"{url}/{path}", body)
        except HTTPError as error:
            logs.log().info("witness_unanswered", witness=name, error=repr(error))
            raise PeerUnanswered(
                "witness_unanswered",
                f"The witness {name} does not answer ({type(error).__name__}).",
                next_step="It is asked again; the policy says what happens without it.",
            ) from error

    def _pool(self, url: str, anchors: tuple[str, ...]) -> urllib3.HTTPConnectionPool:
        with self._lock:
            known = self._pools.get(url)
            if known is None or known[0] != anchors:
                # Other anchors: what was connected under the old ones must not be used again.
                context = http.pinned_context(*anchors)
                pool = outward.pool(url, reach=self._reach, context=context, size=2)
                self._pools[url] = anchors, pool
                return pool
            return known[1]


def _address(members: Mapping[Country, trust.Member], country: Country, name: str) -> str | None:
    own = members.get(country)
    if own is None:
        return None
    for log in (own.log, *own.closed_logs):  # the end of a closed log is to be witnessed, too
        for each in log.witnessed_by.witnesses:
            if each.name == name and each.url is not None:
                return each.url.rstrip("/")
    return None


def _anchors(members: Mapping[Country, trust.Member], url: str) -> tuple[str, ...]:
    """The TLS anchors of the member whose gateway this is; none if it is nobody's."""
    for member in members.values():
        if url.startswith(f"{member.gateway}/"):
            return member.tls_anchors
    return ()


def _call(pool: urllib3.HTTPConnectionPool, method: str, url: str, body: bytes) -> Reply:
    with deadline.within(DEADLINE):
        answer = pool.urlopen(
            method,
            urllib3.util.parse_url(url).request_uri,
            body=body or None,
            headers={"content-type": "text/plain; charset=utf-8"} if body else {},
            timeout=urllib3.Timeout(connect=http.CONNECT_TIMEOUT, read=SILENCE),
            redirect=False,
            preload_content=False,
        )
        try:
            content = _read(answer)
        finally:
            http.let_go(answer)
    if answer.status in _REDIRECT:
        raise BadUpstream(
            "witness_redirects", "The witness answers with a redirect; none is taken."
        )
    media_type = answer.headers.get("content-type", "text/plain")
    return Reply(status=answer.status, media_type=media_type, body=content)


def _read(answer: urllib3.BaseHTTPResponse) -> bytes:
    content = answer.read(MAX_ANSWER + 1)
    if len(content) > MAX_ANSWER:
        raise BadUpstream("witness_answer_too_large", "The witness answers with too much.")
    return content
