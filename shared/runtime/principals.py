"""Who is calling, inside a node: a signed assertion of at most 30 s for every internal call.

The header `Txn-Token` carries a JWT of type `rogatory-internal+jwt`, bound to method and path, signed by
the calling service's own key; a service accepts nothing else, also not from the gateway's address. The
public keys of the three services come from bootstrap. (Draft OAuth Transaction Tokens is the model.)
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx
from fastapi import Request

from shared.protocol import canonical, tokens
from shared.runtime.clock import Clock
from shared.runtime.keystore import Keystore
from shared.runtime.refusals import NotAllowed, Unauthenticated

HEADER = "Txn-Token"
LIFETIME = 30  # seconds
SERVICES = ("gateway", "exchange", "audit")


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """The service that calls, and on whose behalf."""

    service: str
    client_id: str | None = None
    country: str | None = None  # of the client: the node's own, or a peer's
    scopes: frozenset[str] = frozenset()
    officer: str | None = None  # asserted by the national system
    purpose: str | None = None  # stated by an overseer

    @property
    def personal(self) -> dict[str, str]:
        """Return what an audit event keeps as salted commitments: client and officer."""
        known = {"client": self.client_id, "officer": self.officer}
        return {name: value for name, value in known.items() if value}


@dataclass(frozen=True, slots=True)
class Assertions:
    """Make the assertions of one service."""

    service: str
    key: Mapping[str, str]  # private ES256 JWK
    clock: Clock

    @classmethod
    def load(cls, service: str, keystore: Keystore, clock: Clock) -> "Assertions":
        """Take the service's own key `internal-<service>` from the keystore."""
        return cls(service, _jwk(keystore.get(f"internal-{service}")), clock)

    def mint(
        self, audience: str, method: str, path: str, on_behalf: Principal | None = None
    ) -> str:
        """Return the header value for one call; `path` is without the query."""
        now = int(self.clock().timestamp())
        claims: dict[str, canonical.Json] = {
            "iss": self.service,
            "aud": audience,
            "htm": method,
            "path": path,
            "iat": now,
            "exp": now + LIFETIME,
            "jti": tokens.new_jti(),
        }
        if on_behalf is not None:
            claims |= _claims(on_behalf)
        return tokens.mint_internal(self.key, claims)


@dataclass(frozen=True, slots=True)
class InternalAuth:
    """The `auth` of an HTTP client: signs each of its requests for one service behind it."""

    assertions: Assertions
    audience: str

    def __call__(self, request: httpx.Request) -> httpx.Request:
        """Add the assertion for this very method and path."""
        path = request.url.raw_path.decode().partition("?")[0]
        request.headers[HEADER] = self.assertions.mint(self.audience, request.method, path)
        return request


@dataclass(frozen=True, slots=True)
class Doorman:
    """Check the assertions that reach one service. It hangs on the app as `app.state.doorman`."""

    service: str
    keys: Mapping[str, Mapping[str, str]]  # public ES256 JWK by calling service
    clock: Clock

    @classmethod
    def load(cls, service: str, folder: Path, clock: Clock) -> "Doorman":
        """Read `<service>.pub.jwk` of every service of the node."""
        return cls(
            service,
            {name: _jwk((folder / f"{name}.pub.jwk").read_bytes()) for name in SERVICES},
            clock,
        )

    def admit(self, request: Request) -> Principal:
        """Return who calls.

        Raises:
            Unauthenticated: no assertion, or one that is not for exactly this call.
        """
        token = request.headers.getlist(HEADER)
        if len(token) != 1:
            raise Unauthenticated(
                "no_assertion", "This address takes calls of the node's own services only."
            )
        try:
            claims = tokens.verify_internal(
                token[0],
                self.keys,
                audience=self.service,
                method=request.method,
                path=request.scope["raw_path"].decode(),
                now=self.clock(),
            )
        except tokens.TokenError as error:
            raise Unauthenticated(
                "bad_assertion", f"The internal assertion is refused. {error}"
            ) from error
        return Principal(
            service=claims.issuer,
            client_id=claims.client_id,
            country=claims.country,
            scopes=frozenset(claims.scope.split()),
            officer=claims.officer,
            purpose=claims.purpose,
        )


def requires(*services: str, scope: str | None = None) -> Callable[[Request], Principal]:
    """Return a dependency that admits these services, and through the gateway only with `scope`.

    Raises (when called):
        Unauthenticated: no valid assertion.
        NotAllowed: another service, or a client without the scope.
    """
    alternatives = frozenset((scope or "").split("|")) - {""}

    def admitted(request: Request) -> Principal:
        doorman: Doorman = request.app.state.doorman
        principal = doorman.admit(request)
        if principal.service not in services:
            raise NotAllowed(
                "wrong_service", f"The {principal.service} has no business at this address."
            )
        if alternatives and not alternatives & principal.scopes:
            raise NotAllowed("insufficient_scope", f"This takes the scope {scope}.", rule="R5")
        return principal

    return admitted


def gateway_client(scope: str) -> Callable[[Request], Principal]:
    """Return `requires("gateway", scope=scope)`: a client of the gateway with a scope (`a|b`: either)."""
    return requires("gateway", scope=scope)


def _claims(principal: Principal) -> dict[str, canonical.Json]:
    told = {
        "sub": principal.client_id,
        "cc": principal.country,
        "officer": principal.officer,
        "purpose": principal.purpose,
        "scope": " ".join(sorted(principal.scopes)) or None,
    }
    return {name: value for name, value in told.items() if value}


def _jwk(content: bytes) -> Mapping[str, str]:
    value = canonical.read(content)
    assert isinstance(value, dict)
    return {name: str(part) for name, part in value.items()}
