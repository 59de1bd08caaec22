"""Tokens of other authorization servers, where the operator of the node has named some.

`ROGATORY_EXTERNAL_ISSUERS` names a JSON file:

    {"issuers": [{"issuer": "https://login.example", "audience": "https://gateway.example/api",
                  "jwks": "login.jwks.json", "roles": ["preparer", "receiver"]}]}

`jwks` is a file (a path that is not absolute counts from the folder of this one), reread when it changes;
nothing is ever fetched. It is believed for clients of the named roles alone: whoever holds the server is
all of them. What it says of scopes counts only within what the client has here. See spec/tokens.md, 3.5.
"""

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from services.gateway.admission import PEER_ROLE, ROLES
from shared.protocol import canonical, jose, jwk, tokens
from shared.protocol.errors import ProtocolError
from shared.runtime import logs

MAX_FILE = 2**18  # bytes
REGISTRY = frozenset({"ops", "registrar"})  # who proposes clients and who admits them


class ExternalError(Exception):
    """What was configured of an external issuer cannot be used; says what is wrong."""


class _Issuer(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    issuer: str
    audience: str
    jwks: str
    roles: tuple[str, ...]


class _File(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    issuers: tuple[_Issuer, ...]


@dataclass(frozen=True, slots=True)
class _Keys:
    stamp: tuple[int, int]
    by_kid: Mapping[str, jose.Jwk]


class ExternalIssuer:
    """One server whose tokens count here, and its pinned keys."""

    def __init__(self, issuer: str, audience: str, path: Path, roles: Collection[str]) -> None:
        """Read the keys; `roles` are those of the clients for which it is believed.

        Raises:
            ExternalError: there are none that can be used.
        """
        self._issuer, self._audience, self._path = issuer, audience, path
        self.roles = frozenset(roles)
        self._lock = threading.Lock()
        self._keys = _Keys(_stamp(path), read_keys(path))

    def verify(self, text: str, now: datetime) -> tokens.AccessToken:
        """Check a token of this server; its `kid` is then the thumbprint (RFC 7638) of the key itself.

        Raises:
            TokenError: it does not hold.
        """
        keys = self._current()
        token = tokens.verify_external_token(
            text, keys, issuer=self._issuer, audience=self._audience, now=now
        )
        # By the name that the server gives it, another key could come into its place.
        return replace(token, kid=jose.thumbprint(keys[token.kid]))

    def knows(self, thumbprint: str) -> bool:
        """Say whether a key is still one of this server's."""
        return any(jose.thumbprint(key) == thumbprint for key in self._current().values())

    def _current(self) -> Mapping[str, jose.Jwk]:
        with self._lock:
            stamp = _stamp(self._path, self._keys.stamp)
            if stamp != self._keys.stamp:
                self._keys = _Keys(stamp, self._reread())
            return self._keys.by_kid

    def _reread(self) -> Mapping[str, jose.Jwk]:
        """Read the changed file; a broken one leaves the keys as they were."""
        try:
            return read_keys(self._path)
        except ExternalError as error:
            logs.log().error("external_keys_not_reread", issuer=self._issuer, error=str(error))
            return self._keys.by_kid


def read_issuers(path: Path | None, *, own: str) -> Mapping[str, ExternalIssuer]:
    """Read which other servers' tokens count, by issuer; none without a file. `own` is not another's.

    Raises:
        ExternalError: the file or one of the key files cannot be used.
    """
    if path is None:
        return {}
    try:
        content = path.read_bytes()
        canonical.read(content, max_size=MAX_FILE)
        named = _File.model_validate_json(content).issuers
    except (OSError, ProtocolError, ValidationError) as error:
        raise ExternalError(f"{path}: {error}") from error
    if any(not each.issuer.startswith("https://") or each.issuer == own for each in named):
        raise ExternalError(f"{path}: an issuer is the https address of another server")
    if any(not set(each.roles) <= ROLES.keys() - {PEER_ROLE} for each in named):
        raise ExternalError(f"{path}: the roles are those of this node's own clients")
    if any(set(each.roles) >= REGISTRY for each in named):
        raise ExternalError(f"{path}: one server alone could admit clients; name ops or registrar")
    return {
        each.issuer: ExternalIssuer(each.issuer, each.audience, path.parent / each.jwks, each.roles)
        for each in named
    }


def read_keys(path: Path) -> Mapping[str, jose.Jwk]:
    """Read a JWK set (RFC 7517, 5) and keep what can sign tokens here.

    Raises:
        ExternalError: no such set, or no key of it is of use.
    """
    try:
        content = canonical.read(path.read_bytes(), max_size=MAX_FILE)
    except (OSError, ProtocolError) as error:
        raise ExternalError(f"{path}: {error}") from error
    listed = content.get("keys") if isinstance(content, dict) else None
    usable = [_usable(key) for key in listed] if isinstance(listed, list) else []
    found = {str(key["kid"]): key for key in usable if key is not None}
    if not found:
        raise ExternalError(f"{path}: holds no key for ES256, PS256 or Ed25519 with a kid")
    return found


def _usable(key: canonical.Json) -> jose.Jwk | None:
    """Reduce a key to what is looked at; one for another use or algorithm is passed over."""
    if not isinstance(key, dict) or not isinstance(key.get("kid"), str):
        return None
    noted: jose.Claims = {name: key[name] for name in ("kid", "use", "alg") if name in key}
    try:
        reduced: jose.Jwk = {**jwk.members(key), **noted}
        jose.public_key(reduced)
    except jose.TokenError:
        return None
    return reduced


def _stamp(path: Path, before: tuple[int, int] = (0, 0)) -> tuple[int, int]:
    try:
        known = path.stat()
    except OSError:
        return before
    return known.st_mtime_ns, known.st_size


def of(issuers: Mapping[str, ExternalIssuer], text: str) -> ExternalIssuer | None:
    """Return the named server that a token claims to come from, if any; nothing is proven.

    Raises:
        TokenError: it is no token at all.
    """
    return issuers.get(tokens.claimed_issuer(text)) if issuers else None
