"""What leaves the country: calls to the gateways of peers, authenticated, pinned, allow-listed.

A peer is reached at the address of its member document, over TLS that trusts that document's anchors
and nothing else; no redirect is followed, no proxy asked. We authenticate there as any client does,
with our issuer URL as client id and the keys of our own member document.
"""

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError, SSLError

from services.gateway.addresses import NODE_DELIVER
from services.gateway.directory import Directory
from services.gateway.issuing import ASSERTION_TYPE, FORM, GRANT, TOKEN_PATH
from services.gateway.proving import NONCE_HEADER
from shared.protocol import canonical, dpop, jose, tokens, trust
from shared.protocol.errors import FormatError
from shared.runtime import deadline, http, logs, outward
from shared.runtime.clock import Clock
from shared.runtime.refusals import BadUpstream, PeerUnanswered, Refusal, Unavailable

TOKEN_MARGIN = 30  # seconds before its end at which a token is renewed
TRIES = 3  # one for a nonce, one for a token that no longer counts
MAX_TOKEN_ANSWER = 2**16  # bytes
CONNECTIONS = 16  # to one peer
# Seconds for a call until the head of its answer, tokens and repetitions included; our exchange waits 60.
PATIENCE = 50.0
TURN = 10.0  # seconds in which another call should have got the token
OK, UNAUTHENTICATED, BROKEN, REDIRECT = 200, 401, 500, range(300, 400)
WAIT = frozenset({429, 503})


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """With what we authenticate at peers."""

    client_id: str  # our issuer URL
    assertion_key: jose.Jwk  # private; its public half is in our member document
    proof_key: jose.Jwk  # private


class Delivery:
    """Makes calls to peers; keeps a connection pool and a token for each."""

    def __init__(self, identity: Identity, *, directory: Directory, clock: Clock) -> None:
        self._identity, self._directory, self._clock = identity, directory, clock
        self.reach = outward.reach_of(identity.client_id)
        self._lock = threading.Lock()
        self._peers: dict[str, tuple[bytes, _Peer]] = {}

    def call(
        self, country: str, method: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> urllib3.BaseHTTPResponse:
        """Call a peer on behalf of our exchange, with our token.

        Args:
            country: an active member of the directory.
            method: GET or POST.
            path: an address of spec/delivery.md, with its query.
            headers: content-type and the like.
            body: empty for GET.

        Raises:
            NotFound, NotAllowed, Unavailable: by the directory.
            PeerUnanswered: no answer.
            BadUpstream: not the peer that the directory means, or it refuses to know us.
        """
        return self._peer(country).call(method, path, headers=headers, body=body)

    def read_open(self, country: str, path: str) -> urllib3.BaseHTTPResponse:
        """Read an open address of a peer (its log); raises as `call`."""
        return self._peer(country).send("GET", path, headers={}, body=b"")

    def _peer(self, country: str) -> "_Peer":
        member = self._directory.peer_at_work(country)
        digest = hashlib.sha256(member.to_bytes()).digest()
        with self._lock:
            known = self._peers.get(country)
            if known is None or known[0] != digest:
                # Other keys or anchors: what was built on the old ones must not be used again.
                peer = _Peer(member, self._identity, self._clock, self.reach)
                self._peers[country] = digest, peer
            return self._peers[country][1]


class _Peer:
    def __init__(
        self, member: trust.Member, identity: Identity, clock: Clock, reach: outward.Reach
    ) -> None:
        context = http.pinned_context(*member.tls_anchors)
        self._pool = outward.pool(member.gateway, reach=reach, context=context, size=CONNECTIONS)
        self._member, self._identity, self._clock = member, identity, clock
        self._lock = threading.Lock()
        self._token: str | None = None
        self._expires = 0.0
        self._nonce: str | None = None

    def call(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> urllib3.BaseHTTPResponse:
        """Call with token and proof; a nonce or a new token is got where the peer asks for it."""
        try:
            with deadline.within(PATIENCE):
                return self._call(method, path, headers=headers, body=body)
        except deadline.OverdueError as error:
            raise self._unreachable(error) from error

    def _call(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> urllib3.BaseHTTPResponse:
        for _ in range(TRIES):
            token = self._current_token()
            proof = self._proof(method, path.partition("?")[0], token)
            ours = {**headers, "authorization": f"DPoP {token}", "dpop": proof}
            answer = self.send(method, path, headers=ours, body=body)
            if answer.status != UNAUTHENTICATED:
                return answer
            answer.close()  # whoever it is could go on with its body for ever
            if not self._learn_nonce(answer):
                self._forget(token)
        raise self._refused()

    def send(
        self, method: str, path: str, *, headers: Mapping[str, str], body: bytes
    ) -> urllib3.BaseHTTPResponse:
        """Send as it is, and read the head of the answer."""
        try:
            with deadline.within(PATIENCE):
                answer = self._pool.urlopen(
                    method, path, body=body, headers=headers, redirect=False, preload_content=False
                )
        except SSLError as error:
            logs.log().warning("peer_untrusted", peer=self._member.country, error=repr(error))
            raise BadUpstream(
                "peer_untrusted",
                f"{self._member.country} did not show a certificate that the directory vouches for.",
                next_step=f"Nothing was sent. Ask its operators: {self._contacts()}.",
            ) from error
        except HTTPError as error:
            raise self._unreachable(error) from error
        if answer.status in REDIRECT:
            answer.close()
            raise BadUpstream("peer_redirects", "The peer answered with a redirect; none is taken.")
        return answer

    def _current_token(self) -> str:
        if not self._lock.acquire(timeout=TURN):
            raise self._busy("10")
        try:
            if self._token is None or self._clock().timestamp() > self._expires - TOKEN_MARGIN:
                self._token, life = self._get_token()
                self._expires = self._clock().timestamp() + life
            return self._token
        finally:
            self._lock.release()

    def _forget(self, token: str) -> None:
        # Without the lock, which is held as long as a new token is got: at worst one more is got.
        if self._token == token:
            self._token = None

    def _get_token(self) -> tuple[str, int]:
        for _ in range(TRIES):
            answer = self.send(
                "POST",
                TOKEN_PATH,
                headers={"content-type": FORM, "dpop": self._proof("POST", TOKEN_PATH, None)},
                body=urlencode(self._form()).encode(),
            )
            content = self._read(answer)
            if answer.status == OK:
                return _read_token(content)
            if answer.status in WAIT and "retry-after" in answer.headers:
                raise self._busy(answer.headers["retry-after"])
            if answer.status >= BROKEN:
                raise self._unreachable(answer.status)
            if not self._learn_nonce(answer):
                break
        raise self._refused()

    def _form(self) -> dict[str, str]:
        assertion = tokens.sign_assertion(
            self._identity.assertion_key,
            client_id=self._identity.client_id,
            issuer=self._member.issuer,
            now=self._clock(),
        )
        return {
            "grant_type": GRANT,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
            "scope": NODE_DELIVER,
        }

    def _proof(self, method: str, path: str, token: str | None) -> str:
        return dpop.sign_proof(
            self._identity.proof_key,
            method=method,
            url=self._member.issuer + path,
            now=self._clock(),
            access_token=token,
            nonce=self._nonce,
        )

    def _learn_nonce(self, answer: urllib3.BaseHTTPResponse) -> bool:
        nonce = answer.headers.get(NONCE_HEADER)
        if nonce is not None:
            self._nonce = nonce
        return nonce is not None

    def _read(self, answer: urllib3.BaseHTTPResponse) -> bytes:
        try:
            with deadline.within(PATIENCE, answer):
                content = answer.read(MAX_TOKEN_ANSWER)
        except HTTPError as error:
            raise self._unreachable(error) from error
        finally:
            http.let_go(answer)
        return content

    def _contacts(self) -> str:
        return ", ".join(self._member.contacts.values()) or "the directory names no contact"

    def _unreachable(self, error: Exception | int) -> Refusal:
        logs.log().warning("peer_unreachable", peer=self._member.country, error=repr(error))
        return PeerUnanswered(
            "peer_unreachable",
            f"The gateway of {self._member.country} does not answer.",
            next_step="Nothing was lost; it is tried again until the deadline.",
        )

    def _busy(self, seconds: str) -> Refusal:
        return Unavailable(
            "peer_busy",
            f"The gateway of {self._member.country} asks to wait, or is slow.",
            next_step="Nothing was done, and it is tried again by itself.",
            headers={"Retry-After": seconds},
        )

    def _refused(self) -> Refusal:
        logs.log().warning("peer_refuses_us", peer=self._member.country)
        return BadUpstream(
            "peer_refuses_us",
            f"The gateway of {self._member.country} does not accept who we are.",
            next_step="Check both member documents in the directory and both clocks; "
            f"ask its operators: {self._contacts()}.",
        )


def _read_token(content: bytes) -> tuple[str, int]:
    try:
        answer = canonical.read(content)
    except FormatError as error:
        raise BadUpstream("peer_refuses_us", "The peer's token cannot be read.") from error
    token = answer.get("access_token") if isinstance(answer, dict) else None
    life = answer.get("expires_in") if isinstance(answer, dict) else None
    if not isinstance(token, str) or not isinstance(life, int):
        raise BadUpstream("peer_refuses_us", "The peer's token cannot be read.")
    return token, life
