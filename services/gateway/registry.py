"""Who may ask for a token: the clients of the registry, and the peers of the directory.

The database is asked on each call, for the version of the one client that calls: so a suspension counts
from the next call on, in every worker. What the version stands for is remembered.
"""

import re
import threading
from dataclasses import dataclass

from services.gateway import enrolment
from services.gateway.addresses import CLIENT_ID, NODE_DELIVER
from services.gateway.admission import PEER_ROLE
from services.gateway.directory import Directory
from services.gateway.records import Enrolled, Status
from services.gateway.store import clients
from shared.protocol import jose
from shared.runtime import logs
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.refusals import Refusal

_NAME = re.compile(CLIENT_ID)


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A system that may be given a token, with the keys that prove it now."""

    client_id: str
    role: str
    country: str
    scopes: tuple[str, ...]
    keys: tuple[jose.Jwk, ...]
    tokens_not_before: int = 0  # seconds since 1970; a token issued before counts no more


class RegistryError(Exception):
    """The registry holds a client that there may not be; says which, and why."""


class Registry:
    """Finds those who may call, as of this moment."""

    def __init__(
        self, database: Database, *, country: str, directory: Directory, clock: Clock
    ) -> None:
        """Check every client there is.

        Raises:
            RegistryError: one of them is none that there may be.
        """
        self._database, self._country = database, country
        self._directory, self._clock = directory, clock
        self._lock = threading.Lock()
        self._remembered: dict[str, Enrolled] = {}
        self._check_all()

    def find(self, client_id: str) -> Client | None:
        """Return an active client: one of the registry, or a peer by its issuer URL.

        Raises:
            Unavailable: it could be a peer, and the directory has expired.
        """
        now = int(self._clock().timestamp())
        if client_id.startswith("https://"):
            return self._peer(client_id, now)
        # What no client can be called is not looked up: databases differ in which characters they take.
        enrolled = self._enrolled(client_id) if _NAME.fullmatch(client_id) else None
        if enrolled is None or enrolled.status is not Status.ACTIVE:
            return None
        return Client(
            client_id=client_id,
            role=enrolled.role,
            country=self._country,
            scopes=enrolled.scopes,
            keys=tuple(key.jwk for key in enrolled.keys if key.counts(now)),
            tokens_not_before=enrolled.tokens_not_before,
        )

    def _enrolled(self, client_id: str) -> Enrolled | None:
        with self._lock:
            remembered = self._remembered.get(client_id)
        version = clients.version(self._database, client_id)
        if version is None:
            return None
        if remembered is not None and remembered.version == version:
            return remembered
        with self._database.read() as db:
            found = clients.find(db, client_id)
        if found is None or not self._may_be(found):
            return None
        with self._lock:
            self._remembered[client_id] = found
        return found

    def _may_be(self, client: Enrolled) -> bool:
        """Whether a client that was read back keeps the rules; a row that came in otherwise does not."""
        try:
            enrolment.check(client, self._country)
        except Refusal as refusal:
            logs.log().error("client_not_allowed", client=client.client_id, error=refusal.detail)
            return False
        return True

    def _check_all(self) -> None:
        with self._database.read() as db:
            everyone = clients.everyone(db)
        enrolment.check_roles()
        for client in everyone:
            try:
                enrolment.check(client, self._country)
            except Refusal as refusal:
                raise RegistryError(f"{client.client_id}: {refusal.detail}") from refusal

    def _peer(self, issuer: str, now: int) -> Client | None:
        member = self._directory.issuer(issuer)
        if member is None or member.country == self._country:
            return None
        return Client(
            client_id=issuer,
            role=PEER_ROLE,
            country=member.country,
            scopes=(NODE_DELIVER,),
            keys=tuple(member.client_keys_at(now)),
        )
