"""Who is calling the API: a token of ours, bound to the key that proves this very request.

Order (each before anything of the next is believed): token → client still active → not taken back →
proof → same key → proof unused. A verified token is remembered by its SHA-256 until it expires;
all but its signature is checked anew each time.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field

from services.gateway import store
from services.gateway.proving import Challenged, Provers
from services.gateway.registry import Registry
from shared.protocol import jose, tokens
from shared.protocol.jose import TokenError
from shared.runtime.clock import Clock

REMEMBERED = 1024  # tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A client that has proven itself; `scopes` are those of the token that it still holds."""

    client_id: str
    role: str
    country: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticator:
    """Checks tokens and proofs at the API."""

    issuer: str
    keys: Sequence[jose.Jwk]  # the gateway's public token keys
    registry: Registry
    provers: Provers
    clock: Clock
    _remembered: OrderedDict[bytes, tokens.AccessToken] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def authenticate(
        self, method: str, path: str, *, authorization: str | None, proof: str | None
    ) -> Caller:
        """Find out who calls.

        Args:
            method: the request's method.
            path: the raw path, without the query.
            authorization: the header Authorization, if there is one.
            proof: the header DPoP, if there is one.

        Raises:
            Challenged: `unauthenticated`, `invalid_token`, `invalid_dpop_proof`, `use_dpop_nonce`.
            Unavailable: a peer calls, and the directory has expired.
        """
        text = _bearer(authorization)
        token = self._token(text)
        client = self.registry.find(token.client_id)
        if client is None or client.role != token.role:
            raise Challenged("invalid_token", "The client is no longer active.", reason="client")
        proven = self.provers.check(
            proof, method=method, url=self.issuer + path, refusal=Challenged, access_token=text
        )
        if proven.jkt != token.jkt:
            raise Challenged("invalid_token", "The token is bound to another key.", reason="jkt")
        with self.provers.marks.begin() as db:
            if store.is_revoked(db, token.jti):
                raise Challenged("invalid_token", "The token was taken back.", reason="revoked")
            self.provers.use(db, proven, Challenged)
        return Caller(
            client_id=client.client_id,
            role=client.role,
            country=client.country,
            scopes=frozenset(token.scopes) & frozenset(client.scopes),
        )

    def _token(self, text: str) -> tokens.AccessToken:
        name = hashlib.sha256(text.encode()).digest()
        with self._lock:
            token = self._remembered.get(name)
        if token is None:
            token = self._verify(text)
            self._remember(name, token)
        if token.expires <= self.clock().timestamp():
            raise Challenged("invalid_token", "The token has expired.", reason="exp")
        return token

    def _verify(self, text: str) -> tokens.AccessToken:
        try:
            return tokens.verify_access_token(text, self.keys, issuer=self.issuer, now=self.clock())
        except TokenError as error:
            reason = str(error.facts["reason"])
            raise Challenged("invalid_token", error.detail, reason=reason) from error

    def _remember(self, name: bytes, token: tokens.AccessToken) -> None:
        with self._lock:
            self._remembered[name] = token
            if len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)


def _bearer(authorization: str | None) -> str:
    if authorization is None:
        raise Challenged("unauthenticated", "A token is needed here.", reason="missing")
    scheme, _, text = authorization.partition(" ")
    # RFC 9110, 11.1: the scheme is compared without case. A bound token is no Bearer token.
    if scheme.lower() != "dpop":
        raise Challenged("invalid_token", "Only the scheme DPoP is taken here.", reason="scheme")
    return text
