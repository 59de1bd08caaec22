"""An authenticated conversation with one's own gateway: FAPI 2.0 client credentials with DPoP.

Obligations of a client (RFC 7523, RFC 9449): a new `jti` and `iat` for each request, separate keys
for assertion and proof, the latest `DPoP-Nonce` kept and one repetition when it is asked for, the
audience taken from the metadata's `issuer` after it was compared with the configured one, and a
token used until 30 seconds before it ends.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from secrets import token_urlsafe
from typing import Final
from urllib.parse import urlencode

import urllib3
from urllib3.exceptions import HTTPError

from client.clock import Clock
from client.errors import AccessError, ClientError, IntegrityError
from client.profiles import Profile, read_json
from client.sdk.refusals import from_oauth, from_problem
from client.sdk.wire import (
    BLOCK,
    IDEMPOTENCY_KEY,
    Body,
    Wire,
    open_wire,
    pinned_context,
    unanswered,
)
from shared.protocol.canonical import Json, encode, read
from shared.protocol.digests import content_digest, sha256
from shared.protocol.dpop import sign_proof
from shared.protocol.errors import FormatError
from shared.protocol.jose import Jwk
from shared.protocol.tokens import sign_assertion

METADATA: Final = "/.well-known/oauth-authorization-server"
ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_ANSWER: Final = 64 * 2**20  # bytes of a JSON answer; a list of 100 000 items has about 40 MiB
DONE_ONCE: Final = (
    "/v1/clients",
    "/v1/requests",
    "/v1/packages",
)  # where the gateway takes Idempotency-Key
MARGIN: Final = timedelta(seconds=30)
_REFUSED: Final = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """An access token and when to stop using it."""

    text: str
    scopes: tuple[str, ...]
    until: datetime


@dataclass(slots=True, kw_only=True)
class Session:
    """Calls to one gateway as one client; safe to use from several threads.

    Attributes:
        officer: the officer in whose name calls are made, asserted to the gateway; or None.
        purpose: why an oversight body reads, recorded with each access; or None.
    """

    wire: Wire
    client_id: str
    key: Jwk = field(repr=False)
    dpop_key: Jwk = field(repr=False)
    clock: Clock
    officer: str | None = None
    purpose: str | None = None
    _nonce: str | None = field(default=None, init=False)
    _token: Token | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def get(self, path: str, **query: str | int | None) -> dict[str, Json]:
        """GET a JSON object; members of the query that are None are left out."""
        given = {name: value for name, value in query.items() if value is not None}
        answer = self.call("GET", path + ("?" + urlencode(given) if given else ""))
        return self.json(answer)

    def post(self, path: str, value: object = None) -> dict[str, Json]:
        """POST a JSON value, an empty object if there is none, and give the JSON object answered."""
        return self.json(self.write("POST", path, encode(value or {})))

    def put(self, path: str, value: object) -> dict[str, Json]:
        """PUT a JSON value and give the JSON object answered."""
        return self.json(self.write("PUT", path, encode(value)))

    def write(
        self, method: str, path: str, body: bytes, *, media_type: str = "application/json"
    ) -> urllib3.BaseHTTPResponse:
        """Send a body of a media type; a POST about a case has a key, and is done once however often sent."""
        headers = {"Content-Type": media_type, "Content-Digest": content_digest(sha256(body))}
        if method == "POST" and path.startswith(DONE_ONCE):
            headers[IDEMPOTENCY_KEY] = token_urlsafe(24)
        return self.call(method, path, headers=headers, body=body)

    def json(self, answer: urllib3.BaseHTTPResponse) -> dict[str, Json]:
        """Read an answer as a JSON object; an empty answer is an empty object.

        Raises:
            ClientError: it is something else.
        """
        data = self.content(answer)
        value = _read(data) if data else {}
        if not isinstance(value, dict):
            raise ClientError("the gateway's answer is not a JSON object", code="bad_answer")
        return value

    def content(self, answer: urllib3.BaseHTTPResponse) -> bytes:
        """Read a small answer whole and check its Content-Digest, if it has one.

        Raises:
            IntegrityError: it is not what the gateway announced.
            UnavailableError: the connection broke.
        """
        data = b""
        try:
            with closing(answer):
                # To the end: only there does an answer that was cut short show, and only then
                # can the connection be used again.
                while len(data) <= MAX_ANSWER and (block := answer.read(BLOCK)):
                    data += block
        except HTTPError as error:
            raise unanswered(self.wire.url, error) from error
        announced = answer.headers.get("Content-Digest")
        if announced is not None and announced != content_digest(sha256(data)):
            raise IntegrityError("an answer changed on its way", code="digest_mismatch")
        return data

    def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Body = None,
    ) -> urllib3.BaseHTTPResponse:
        """Make an authenticated call; the body of the answer is not read yet.

        Raises:
            ClientError: it was refused (the gateway's problem), or could not be made.
        """
        answer = self._authenticated(method, path, headers or {}, body)
        if answer.status == 401 and self._can_mend(answer):  # noqa: PLR2004 - RFC 9449, 7.1 and 9
            self.content(answer)
            answer = self._authenticated(method, path, headers or {}, body)
        if answer.status >= _REFUSED:
            raise from_problem(answer.status, answer.headers, self.content(answer))
        return answer

    def token(self) -> Token:
        """Give a token that is good for a while yet; ask for one if need be."""
        with self._lock:
            if self._token is None or self.clock() >= self._token.until:
                self._token = self._new_token()
            return self._token

    def metadata(self) -> dict[str, Json]:
        """Read what the gateway says of itself (RFC 8414).

        Raises:
            AccessError: it calls itself by another name than the profile does.
        """
        answer = self.wire.send("GET", METADATA, headers=dict)
        document = self.json(answer)
        if document.get("issuer") != self.wire.url:
            raise AccessError(
                f"{self.wire.url} calls itself {document.get('issuer')}",
                code="wrong_issuer",
                next_step="write the gateway in the profile exactly as it calls itself",
            )
        return document

    def _authenticated(
        self, method: str, path: str, headers: Mapping[str, str], body: Body
    ) -> urllib3.BaseHTTPResponse:
        def fresh() -> dict[str, str]:
            token = self.token().text
            proof = self._proof(method, path.partition("?")[0], token)
            named = {"X-Officer": self.officer, "X-Purpose": self.purpose}
            # UTF-8 in a header field (RFC 9110, 5.5), which the library writes as ISO 8859-1.
            said = {
                name: v.encode().decode("latin-1") for name, v in named.items() if v is not None
            }
            return {**headers, **said, "Authorization": f"DPoP {token}", "DPoP": proof}

        answer = self.wire.send(method, path, headers=fresh, body=body)
        self._nonce = answer.headers.get("DPoP-Nonce", self._nonce)
        return answer

    def _new_token(self) -> Token:
        metadata = self.metadata()
        path = str(metadata.get("token_endpoint", "")).removeprefix(self.wire.url)
        answer = self._token_answer(path)
        if answer.status == _REFUSED and self._wants_nonce(answer):
            self.content(answer)
            answer = self._token_answer(path)
        if answer.status >= _REFUSED:
            raise from_oauth(answer.status, self.content(answer))
        granted = self.json(answer)
        text, life, scope = (granted.get(name) for name in ("access_token", "expires_in", "scope"))
        if not (isinstance(text, str) and isinstance(life, int) and isinstance(scope, str)):
            raise AccessError("the gateway's token is not usable", code="bad_token")
        until = self.clock() + timedelta(seconds=life) - MARGIN
        return Token(text=text, scopes=tuple(scope.split()), until=until)

    def _token_answer(self, path: str) -> urllib3.BaseHTTPResponse:
        assertion = sign_assertion(
            self.key, client_id=self.client_id, issuer=self.wire.url, now=self.clock()
        )
        form = {
            "grant_type": "client_credentials",
            "client_id": self.client_id,
            "client_assertion_type": ASSERTION_TYPE,
            "client_assertion": assertion,
        }
        content_type = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = self.wire.send(
            "POST",
            path,
            headers=lambda: {**content_type, "DPoP": self._proof("POST", path)},
            body=urlencode(form).encode(),
        )
        self._nonce = answer.headers.get("DPoP-Nonce", self._nonce)
        return answer

    def _proof(self, method: str, path: str, token: str | None = None) -> str:
        return sign_proof(
            self.dpop_key,
            method=method,
            url=self.wire.url + path,
            now=self.clock(),
            access_token=token,
            nonce=self._nonce,
        )

    def _can_mend(self, answer: urllib3.BaseHTTPResponse) -> bool:
        """Say whether a repetition may help: with the nonce asked for, or with a new token."""
        if 'error="invalid_token"' in answer.headers.get("WWW-Authenticate", ""):
            # The gateway's keys, or this client's tokens, may have been taken back before their time.
            with self._lock:
                self._token = None
            return True
        return self._wants_nonce(answer)

    def _wants_nonce(self, answer: urllib3.BaseHTTPResponse) -> bool:
        challenged = "use_dpop_nonce" in answer.headers.get("WWW-Authenticate", "")
        return "DPoP-Nonce" in answer.headers and (challenged or answer.status == _REFUSED)


def connect(
    profile: Profile, *, clock: Clock, purpose: str | None = None, connections: int = 4
) -> Session:
    """Open a session with the gateway of a profile; nothing is sent yet.

    Raises:
        UsageError: the profile's address, CA file or keys cannot be used.
    """
    return Session(
        wire=open_wire(profile.gateway, pinned_context(profile.ca), connections=connections),
        client_id=profile.client_id,
        key=read_json(profile.key),
        dpop_key=read_json(profile.dpop_key),
        clock=clock,
        officer=profile.officer,
        purpose=purpose,
    )


def _read(data: bytes) -> Json:
    try:
        return read(data, max_size=MAX_ANSWER)
    except FormatError as error:
        raise ClientError(f"the gateway's answer: {error.detail}", code="bad_answer") from error
