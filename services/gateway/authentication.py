"""Who is calling the API: a token of ours, bound to the key that proves this very request.

Order (each before anything of the next is believed): token → client still active → proof → same key →
same certificate, if the token is bound to one → not taken back and its key still ours → proof unused.
A verified token is remembered by its SHA-256 until it expires; all but its signature is checked anew
each time.
"""

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field

from services.gateway import external, store
from services.gateway.proving import Challenged, Provers
from services.gateway.registry import Client, Registry
from services.gateway.store import rings
from services.gateway.tokenkeys import TokenKeys
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
    keys: TokenKeys
    registry: Registry
    provers: Provers
    clock: Clock
    externals: Mapping[str, external.ExternalIssuer] = field(default_factory=dict)
    _remembered: OrderedDict[bytes, tokens.AccessToken] = field(default_factory=OrderedDict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def authenticate(
        self,
        method: str,
        path: str,
        *,
        authorization: str | None,
        proof: str | None,
        certificate: bytes | None = None,
    ) -> Caller:
        """Find out who calls.

        Args:
            method: the request's method.
            path: the raw path, without the query.
            authorization: the header Authorization, if there is one.
            proof: the header DPoP, if there is one.
            certificate: the client's own (DER), where it showed one.

        Raises:
            Challenged: `unauthenticated`, `invalid_token`, `invalid_dpop_proof`, `use_dpop_nonce`.
            Unavailable: a peer calls, and the directory has expired.
        """
        text = _bearer(authorization)
        token = self._token(text)
        client = self._client(token)
        proven = self.provers.check(
            proof, method=method, url=self.issuer + path, refusal=Challenged, access_token=text
        )
        if proven.jkt != token.jkt:
            raise Challenged("invalid_token", "The token is bound to another key.", reason="jkt")
        if token.x5t not in {None, tokens.certificate_thumbprint(certificate)}:
            raise Challenged("invalid_token", "The token is bound to a certificate.", reason="x5t")
        with self.provers.place(proven).begin() as db:
            self._check_standing(db, token)
            self.provers.use(db, proven, Challenged)
        return Caller(
            client_id=client.client_id,
            role=client.role,
            country=client.country,
            scopes=frozenset(token.scopes) & frozenset(client.scopes),
        )

    def _client(self, token: tokens.AccessToken) -> Client:
        client = self.registry.find(token.client_id)
        # Another server does not know our roles; it is believed for some of them.
        own = token.issuer == self.issuer
        allowed = {token.role} if own else self.externals[token.issuer].roles
        if client is None or client.role not in allowed:
            raise Challenged("invalid_token", "The client is no longer active.", reason="client")
        if token.issued < client.tokens_not_before:
            raise Challenged("invalid_token", "The token was taken back.", reason="not_before")
        return client

    def _check_standing(self, db: store.Session, token: tokens.AccessToken) -> None:
        taken_back, key_known = rings.standing(db, token.jti, token.kid)
        if token.issuer != self.issuer:
            key_known = self.externals[token.issuer].knows(token.kid)
        if taken_back:
            raise Challenged("invalid_token", "The token was taken back.", reason="revoked")
        if not key_known:
            raise Challenged("invalid_token", "The token's key was dropped.", reason="kid")

    def _token(self, text: str) -> tokens.AccessToken:
        name = hashlib.sha256(text.encode()).digest()
        with self._lock:
            token = self._remembered.get(name)
        if token is None:
            token = self._verify(text)
            self._remember(name, token)
        now = self.clock().timestamp()
        if token.expires <= now:
            raise Challenged("invalid_token", "The token has expired.", reason="exp")
        if token.issued > now + jose.FUTURE_SKEW:
            raise Challenged("invalid_token", "The token comes from the future.", reason="iat")
        return token

    def _verify(self, text: str) -> tokens.AccessToken:
        try:
            server = external.of(self.externals, text)
            if server is not None:
                return server.verify(text, self.clock())
            with self.provers.marks.read() as db:
                keys = self.keys.public(db)
            return tokens.verify_access_token(text, keys, issuer=self.issuer, now=self.clock())
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
