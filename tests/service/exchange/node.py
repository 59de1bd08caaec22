"""One country's exchange as a real app, on a real database and real files; the gateway is played."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from anyio.from_thread import BlockingPortal
from fastapi import FastAPI
from fastapi.testclient import TestClient

from services.exchange.closing import Closer
from services.exchange.main import compose
from services.exchange.records import EntryRef, Measure, Request
from services.exchange.routes.parts import Parts
from services.exchange.routes.told_request import DRAFT
from services.exchange.settings import ExchangeSettings
from services.exchange.states import Direction
from services.exchange.store import events, requests
from shared.protocol import canonical, trust
from shared.protocol.approvals import Act, sign_approval, statement_digest
from shared.protocol.identifiers import new_id
from shared.protocol.keys import OfficerKey
from shared.protocol.law.lifecycle import State
from shared.runtime.keystore import Keystore
from shared.runtime.principals import Assertions, Principal
from tests.asserting import Asserting

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
MIB = 2**20
SCOPES = {
    "preparer": "requests:read requests:write requests:execute packages:prepare",
    "approver": "requests:read requests:approve requests:decide packages:approve",
    "court": "requests:read courts:record",
    "privilege": "requests:read packages:filter",
    "assessor": "requests:read protection:assess",
    "duty": "requests:read duty:act",
    "minister": "requests:read gates:override",
    "receiver": "requests:read packages:receive",
    "oversight": "audit:read",
    "ops": "ops:health",
}
CASE = quote(DRAFT["own_references"][0])
Answer = dict[str, Any]


@dataclass
class Clock:
    """A clock that stands still until it is told."""

    now: datetime = START

    def __call__(self) -> datetime:
        return self.now

    def advance(self, step: timedelta) -> None:
        self.now += step


@dataclass
class Node:
    """One country: its app, and clients of every role."""

    country: str
    federation: Path
    app: FastAPI
    clock: Clock
    assertions: Assertions
    clients: dict[str, TestClient] = field(default_factory=dict)
    portal: BlockingPortal | None = (
        None  # one event loop for all calls; else each call makes its own
    )

    @property
    def parts(self) -> Parts:
        parts: Parts = self.app.state.parts
        return parts

    @property
    def closer(self) -> Closer:
        closer: Closer = self.app.state.jobs["closer"]
        return closer

    def client(self, role: str) -> TestClient:
        """Call with the scopes of a role."""
        principal = Principal(
            service="gateway",
            client_id=f"urn:rogatory:{self.country}:{role}",
            country=self.country,
            scopes=frozenset(SCOPES[role].split()),
            officer=f"{role} at the desk",
        )
        if role not in self.clients:
            self.clients[role] = self.bare_client()
            self.clients[role].auth = Asserting(self.assertions, "exchange", principal)
        return self.clients[role]

    def bare_client(self) -> TestClient:
        """Call as whoever the headers say."""
        client = TestClient(self.app, raise_server_exceptions=False)
        client.portal = self.portal
        return client

    def approval(self, role: str, act: Act, subject: Mapping[str, Any], **changed: Any) -> Answer:  # noqa: ANN401
        """Sign an approval as the officer of a role."""
        folder = self.federation / self.country / "authorities"
        key = OfficerKey.from_bytes((folder / f"{role}.officer.key").read_bytes())
        parts: Answer = {
            "object_id": subject.get("package_id") or subject["request_id"],
            "version": subject["version"],
            "digest": subject["digest"],
            "officer": f"{self.country}-{role}",
            "iat": int(self.clock().timestamp()),
        } | changed
        return {"approval": sign_approval(key, act=act, **parts)}

    def said(
        self, role: str, act: Act, what: str, subject: Mapping[str, Any], /, **said: object
    ) -> Answer:
        """Sign a statement as the officer of a role: what goes to an address that demands one."""
        statement: dict[str, Any] = dict(said)
        digest = statement_digest(what, statement)
        return {"statement": statement, **self.approval(role, act, subject, digest=digest)}


def grant(node: Node, package_id: str, **changed: Any) -> dict[str, str]:  # noqa: ANN401
    """Have the receiver's officer sign that the package may be read."""
    found = node.client("receiver").get(f"/v1/packages/{package_id}").json()
    signed = node.approval("receiver", "package.receive", found, **changed)
    return {"Officer-Grant": signed["approval"], "Case-Reference": CASE}


def release(node: Node, package_id: str, **changed: Any) -> Any:  # noqa: ANN401
    """Release a cleared package, as the approver's officer."""
    client = node.client("approver")
    found = client.get(f"/v1/packages/{package_id}").json()
    found["digest"] = found["digest"] or "00" * 48  # not closed yet: refused for that
    signed = node.approval("approver", "package.release", found, **changed)
    return client.post(f"/v1/packages/{package_id}/release", json=signed)


def open_node(
    country: str, federation: Path, data: Path, clock: Clock, database: str | None = None
) -> Node:
    """Start (or, over the same data, start again) one country's exchange."""
    etc = federation / country / "exchange/etc"
    data.mkdir(exist_ok=True)
    settings = ExchangeSettings(
        country=country,
        data=data,
        passphrase_file=etc / "passphrase",
        keystore=etc / "keystore",
        internal_keys=etc / "internal",
        root=etc / "root.json",
        database=database,
        exchange_listen="127.0.0.1:0",
        gateway_internal_url="http://127.0.0.1:9",
        audit_url="http://127.0.0.1:9",
        log_origin=f"{country.lower()}.rogatory.example/log",
        officers=etc / "officers.json",
        bag_seal_cert=etc / "bag-seal.pem",
        bag_seal_ca=etc / "bag-seal-ca.pem",
    )
    app = compose(settings, _keystore(etc), clock)
    app.state.parts.directory.adopt(trust_bundle(federation))
    assertions = Assertions("gateway", _gateway_key(federation, country), clock)
    return Node(country, federation, app, clock, assertions)


@cache
def _keystore(etc: Path) -> Keystore:
    """Open a keystore once: it takes as long as all the rest."""
    return Keystore.open(etc / "keystore", etc / "passphrase")


@cache
def _gateway_key(federation: Path, country: str) -> Mapping[str, str]:
    """Open the gateway's keystore once: it takes as long as all the rest."""
    etc = federation / country / "gateway/etc"
    keystore = Keystore.open(etc / "keystore", etc / "passphrase")
    return Assertions.load("gateway", keystore, Clock()).key


def trust_bundle(federation: Path, **changes: bytes) -> bytes:
    """Return the trust bundle as a gateway would hand it on."""
    repository = federation / "directory/repository"
    documents = {p.name[-7:-5]: p for p in (repository / "targets/members").iterdir()}
    metadata = repository / "metadata"
    pairs = repository / "targets/pairs"
    return trust.write_bundle(
        roots=[(metadata / "1.root.json").read_bytes()],
        targets=(metadata / "1.targets.json").read_bytes(),
        roles={
            trust.role_name(country): (metadata / f"1.country-{country}.json").read_bytes()
            for country in documents
        },
        members={country: path.read_bytes() for country, path in documents.items()} | changes,
        pairs={f"pairs/{path.name}": path.read_bytes() for path in pairs.iterdir()},
    )


def draft(**changed: Any) -> Answer:  # noqa: ANN401
    """Return the draft that the interface is described with; the receiving country can accept it."""
    return deepcopy(DRAFT) | changed


def receive_request(
    node: Node,
    sender: str = "QM",
    state: State = State.DELIVERED,
    entry: str | None = "ab" * 48,
    **changed: Any,  # noqa: ANN401
) -> str:
    """Put a peer's request on record, as its intake does (S05), or in a later state."""
    request_id = new_id(node.clock())
    content = draft(to=node.country, **changed)
    document = canonical.encode({"v": 2, "request_id": request_id, "from": sender, **content})
    request = Request(
        id=request_id,
        direction=Direction.IN,
        peer=sender,
        state=state,
        version=1,
        document=document,
        digest=hashlib.sha256(document).hexdigest(),
        own_reference=content["own_references"][0],
        kind="MLA",
        urgency="ROUTINE",
        instrument="BUD",
        measures=tuple(
            Measure(
                measure_id=m["measure_id"],
                code=m["code"],
                description=m["description"],
                state=state,
            )
            for m in content["measures"]
        ),
        entry=None
        if entry is None
        else EntryRef(channel=f"{sender}>{node.country}", epoch=0, seq=1, hash=entry),
        created_by=sender,
        created_at=node.clock(),
        updated_at=node.clock(),
    )
    with node.parts.database.begin() as db:
        requests.add(db, request)
    return request_id


def accepted_request(node: Node, **changed: Any) -> str:  # noqa: ANN401
    """Put a peer's request on record that was accepted (S14)."""
    return receive_request(node, state=State.EXECUTING, **changed)


def outbox(node: Node) -> list[dict[str, canonical.Json]]:
    """Return the events that wait for the log, oldest first."""
    with node.parts.database.begin() as db:
        pending = events.due(db, node.clock(), 200)
    values = [canonical.parse(event.payload) for event in pending]
    return [value for value in values if isinstance(value, dict)]


def blobs(node: Node) -> list[Path]:
    """Return every blob in the vault."""
    return sorted(p for p in (node.parts.vault.folder / "blobs").rglob("*") if p.is_file())


def drafts(node: Node) -> list[Path]:
    """Return what is being written to the vault."""
    return list((node.parts.vault.folder / "drafts").iterdir())
