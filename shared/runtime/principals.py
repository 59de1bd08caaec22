"""Who is calling, inside a node: a signed assertion of at most 30 s for every internal call.

The header `Txn-Token` carries a JWT of type `rogatory-internal+jwt`, bound to method, address and body,
signed by the calling service's own key; a service accepts nothing else (`shared.runtime.guard`), also
not from the gateway's address. The keys come from bootstrap and are replaced by
`python -m deploy.internal_keys`, without a restart. (Draft OAuth Transaction Tokens is the model.)
"""

import hashlib
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from shared.protocol import canonical, internal, jose
from shared.protocol.errors import FormatError
from shared.runtime import logs
from shared.runtime.clock import Clock
from shared.runtime.keystore import Keystore, KeystoreError

HEADER = "Txn-Token"
LIFETIME = 30  # seconds
OVERLAP = timedelta(seconds=60)  # for which a key that was replaced still counts
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
    key: Mapping[str, str]  # private ES256 JWK, as it was at the start
    clock: Clock
    stored: "_StoredKey | None" = None

    @classmethod
    def load(cls, service: str, keystore: Keystore, clock: Clock) -> "Assertions":
        """Take the service's own key `internal-<service>` from the keystore; also when it changes."""
        stored = _StoredKey(keystore, f"internal-{service}")
        return cls(service, stored.now(), clock, stored)

    def mint(
        self,
        audience: str,
        method: str,
        target: str,
        on_behalf: Principal | None = None,
        *,
        body: bytes | None = None,
    ) -> str:
        """Return the header value for one call.

        Args:
            audience: the service that is called.
            method: as sent.
            target: the path and, after `?`, the query, as sent.
            on_behalf: of whom; None: the service calls for itself.
            body: the SHA-256 that the body has; None: there is none, or it is empty.
        """
        now = int(self.clock().timestamp())
        claims: dict[str, canonical.Json] = {
            "iss": self.service,
            "aud": audience,
            **internal.bound(method, target, body),
            "iat": now,
            "exp": now + LIFETIME,
            "jti": jose.new_jti(),
        }
        if on_behalf is not None:
            claims |= _claims(on_behalf)
        return internal.sign(self.stored.now() if self.stored else self.key, claims)


@dataclass(frozen=True, slots=True)
class InternalAuth:
    """The `auth` of an HTTP client: signs each of its requests for one service behind it."""

    assertions: Assertions
    audience: str

    def __call__(self, request: httpx.Request) -> httpx.Request:
        """Add the assertion for this very method, address and body."""
        request.headers[HEADER] = self.assertions.mint(
            self.audience,
            request.method,
            request.url.raw_path.decode(),
            body=digest(request.read()),
        )
        return request


class _StoredKey:
    """A key in the keystore, read again when its file changes."""

    def __init__(self, keystore: Keystore, name: str) -> None:
        self._keystore, self._name = keystore, name
        self._path = keystore.folder / f"{name}.key"
        self._lock = threading.Lock()
        self._key = _jwk(keystore.get(name))
        self._stamp: object = _stamp(self._path)

    def now(self) -> Mapping[str, str]:
        """Return the key that signs now."""
        try:
            stamp = _stamp(self._path)
            if stamp != self._stamp:
                with self._lock:
                    self._key, self._stamp = _jwk(self._keystore.get(self._name)), stamp
        except (OSError, KeystoreError, FormatError) as error:
            logs.log().error("internal_key_not_reloaded", key=self._name, error=str(error))
        return self._key


class InternalKeys:
    """The public keys of the node's services: files that are read again when they change.

    A key that is replaced counts for `OVERLAP` more, so that no call on its way is lost.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        """Read `<service>.pub.jwk` of every service of the node."""
        self._folder, self._clock = folder, clock
        self._lock = threading.Lock()
        self._stamp = self._stamps()
        self._keys = {name: _read_key(folder, name) for name in SERVICES}
        self._before: list[tuple[str, Mapping[str, str], datetime]] = []

    def now(self) -> Mapping[str, Sequence[Mapping[str, str]]]:
        """Return the keys that count now, by service; the newest first."""
        stamps = self._stamps()
        with self._lock:
            if stamps != self._stamp:
                self._reload(stamps)
            counting = {name: [key] for name, key in self._keys.items()}
            for name, key, until in self._before:
                if self._clock() < until:
                    counting[name].append(key)
        return counting

    def _reload(self, stamps: Sequence[object]) -> None:
        try:
            read = {name: _read_key(self._folder, name) for name in SERVICES}
        except (OSError, FormatError) as error:
            # A file that is half written; it is read again when it is whole.
            logs.log().error("internal_keys_not_reloaded", error=str(error))
            return
        until = self._clock() + OVERLAP
        replaced = [name for name in SERVICES if read[name] != self._keys[name]]
        self._before = [each for each in self._before if self._clock() < each[2]]
        self._before += [(name, self._keys[name], until) for name in replaced]
        self._keys, self._stamp = read, stamps
        logs.log().info("internal_keys_reloaded", replaced=replaced)

    def _stamps(self) -> Sequence[object]:
        return [_stamp(self._folder / f"{name}.pub.jwk") for name in SERVICES]


def digest(body: bytes) -> bytes | None:
    """Return what an assertion is bound to: the SHA-256 of a body, None for an empty one."""
    return hashlib.sha256(body).digest() if body else None


def _claims(principal: Principal) -> dict[str, canonical.Json]:
    told = {
        "sub": principal.client_id,
        "cc": principal.country,
        "officer": principal.officer,
        "purpose": principal.purpose,
        "scope": " ".join(sorted(principal.scopes)) or None,
    }
    return {name: value for name, value in told.items() if value}


def _stamp(path: Path) -> object:
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _read_key(folder: Path, service: str) -> Mapping[str, str]:
    return _jwk((folder / f"{service}.pub.jwk").read_bytes())


def _jwk(content: bytes) -> Mapping[str, str]:
    value = canonical.read(content)
    assert isinstance(value, dict)
    return {name: str(part) for name, part in value.items()}
