"""Who may ask for a token: the node's own clients from a file, the peers from the directory."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from services.gateway.addresses import NODE_DELIVER
from services.gateway.admission import PEER_ROLE, ROLES
from services.gateway.directory import Directory
from shared.protocol import canonical, jose
from shared.protocol.errors import ProtocolError
from shared.runtime import logs
from shared.runtime.clock import Clock

MAX_FILE = 2**20  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A system that may be given a token, with the keys that prove it."""

    client_id: str
    role: str
    country: str
    scopes: tuple[str, ...]
    keys: tuple[jose.Jwk, ...]


class RegistryError(Exception):
    """The file of clients cannot be used; says what is wrong with which client."""


class _Entry(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    client_id: str
    role: str
    scopes: tuple[str, ...]
    keys: tuple[dict[str, str | int], ...]
    status: str = "active"


class _File(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    clients: tuple[_Entry, ...]


class Registry:
    """Finds clients. A change of the file counts at once, so a client can be suspended."""

    def __init__(self, path: Path, *, country: str, directory: Directory, clock: Clock) -> None:
        """Read the file.

        Raises:
            RegistryError: it cannot be used.
        """
        self._path, self._country = path, country
        self._directory, self._clock = directory, clock
        self._lock = threading.Lock()
        self._stamp = self._stamp_now()
        self._clients = read_clients(path, country)

    def find(self, client_id: str) -> Client | None:
        """Return an active client: one of the file, or a peer by its issuer URL.

        Raises:
            Unavailable: it could be a peer, and the directory has expired.
        """
        self._reload()
        if client_id in self._clients:
            return self._clients[client_id]
        if not client_id.startswith("https://"):
            return None
        return self._peer(client_id, self._clock())

    def _peer(self, issuer: str, now: datetime) -> Client | None:
        member = self._directory.issuer(issuer)
        if member is None or member.country == self._country:
            return None
        return Client(
            client_id=issuer,
            role=PEER_ROLE,
            country=member.country,
            scopes=(NODE_DELIVER,),
            keys=tuple(member.client_keys_at(int(now.timestamp()))),
        )

    def _reload(self) -> None:
        stamp = self._stamp_now()
        with self._lock:
            if stamp == self._stamp:
                return
            self._stamp = stamp
            try:
                self._clients = read_clients(self._path, self._country)
            except RegistryError as error:
                logs.log().error("clients_not_reloaded", error=str(error))

    def _stamp_now(self) -> tuple[int, int]:
        known = self._path.stat()
        return known.st_mtime_ns, known.st_size


def read_clients(path: Path, country: str) -> dict[str, Client]:
    """Read the file of clients; suspended ones are left out.

    Raises:
        RegistryError: not of the right shape, an unknown role, a scope outside the role, a bad key.
    """
    try:
        content = path.read_bytes()
        canonical.read(content, max_size=MAX_FILE)
        entries = _File.model_validate_json(content).clients
        clients = [_client(entry, country) for entry in entries if entry.status == "active"]
    except (OSError, ProtocolError, ValidationError) as error:
        raise RegistryError(f"{path}: {error}") from error
    return {client.client_id: client for client in clients}


def _client(entry: _Entry, country: str) -> Client:
    allowed = ROLES.get(entry.role, frozenset()) if entry.role != PEER_ROLE else frozenset()
    excess = sorted(set(entry.scopes) - allowed)
    if excess or not entry.scopes:
        raise RegistryError(f"{entry.client_id}: the role {entry.role} has no scope {excess}")
    return Client(
        client_id=entry.client_id,
        role=entry.role,
        country=country,
        scopes=entry.scopes,
        keys=_keys(entry.keys),
    )


def _keys(keys: Sequence[dict[str, str | int]]) -> tuple[jose.Jwk, ...]:
    for key in keys:
        jose.public_key(key)
    return tuple(keys)
