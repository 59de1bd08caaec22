"""Two countries, each with its real exchange and its real audit; gateways and witnesses are played."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from anyio.from_thread import start_blocking_portal
from fastapi.testclient import TestClient

from services.audit import publication
from services.exchange.courier import Courier
from services.exchange.deadlines import Deadlines
from services.exchange.fetching import Fetcher
from services.exchange.proving import Prover
from services.exchange.recording import Recorder
from services.exchange.wire import Wire
from shared.protocol.cosignatures import WitnessKey, cosign, read_cosignatures
from shared.runtime.http import bulk_pool
from shared.runtime.principals import HEADER, Assertions, InternalAuth, Principal
from tests.asserting import Asserting
from tests.service.exchange.audits import exchange_key, open_audit, witness_of
from tests.service.exchange.filling import assessed, cleared_package
from tests.service.exchange.node import Clock, Node, draft, open_node, release, trust_bundle
from tests.simulator import Answered, BulkServer, FaultyTransport

NAMES = ("QM", "QN")
FILES = {"notes.txt": b"what was said\n" * 100, "disk.img": bytes(range(256)) * 10_000}
OTHER = {"QM": "QN", "QN": "QM"}


@dataclass
class Country:
    """One country's parts and jobs, and the faults of its wires."""

    node: Node
    audit_app: TestClient
    to_peer: FaultyTransport  # our gateway, on its way to the peer
    to_audit: FaultyTransport
    bulk: BulkServer
    recorder: Recorder
    prover: Prover
    witness: WitnessKey | None  # the other country's; None: it does not answer
    courier: Courier
    fetcher: Fetcher
    deadlines: Deadlines

    @property
    def name(self) -> str:
        return self.node.country

    @property
    def database(self) -> Any:  # noqa: ANN401 - the exchange's
        return self.node.parts.database

    def step(self) -> bool:
        """Let every job do one bit."""
        return any([self.logged(), self.courier.work(), self.fetcher.work()])

    def logged(self) -> bool:
        """Bring to the log what happened, have it witnessed, and take the proofs."""
        return any([self.recorder.work(), self.witnessed(), bool(self.prover.look())])

    def witnessed(self) -> bool:
        """Let the other country cosign the newest checkpoint, and publish it; False for no news."""
        log = self.audit_app.app.state.parts.log  # type: ignore[attr-defined]
        policy = self.node.parts.directory.member(self.name).log.witnessed_by
        signed = publication.newest_signed(log.database)
        before = publication.publish(database=log.database, policy=policy, clock=log.clock)
        if self.witness is None or signed is None or signed.size == before:
            return False
        note = signed.note + cosign(signed.note, self.witness, log.clock())
        lines = read_cosignatures(note, self.witness.vkeys())
        publication.keep(database=log.database, size=signed.size, cosignatures=lines)
        publication.publish(database=log.database, policy=policy, clock=log.clock)
        return True

    def call(self, role: str, method: str, path: str, **more: Any) -> Any:  # noqa: ANN401
        """Call the API and expect success."""
        answer = self.node.client(role).request(method, path, **more)
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


@dataclass
class Pair:
    """Two countries that can reach each other."""

    qm: Country
    qn: Country
    clock: Clock
    stack: ExitStack = field(default_factory=ExitStack)

    def settle(self, rounds: int = 60) -> None:
        """Let all jobs run until nobody has anything to do."""
        for _ in range(rounds):
            if not [one for one in (self.qm, self.qn) if one.step()]:
                return
        raise AssertionError("the two countries do not come to rest")

    def sent_request(self, **changed: Any) -> str:  # noqa: ANN401
        """QM drafts, approves and sends a request; nothing has left yet."""
        qm = self.qm
        made = qm.call("preparer", "POST", "/v1/requests", json=draft(**changed))
        path = f"/v1/requests/{made['request_id']}"
        first = qm.node.approval("preparer", "request.prepare", made)
        qm.call("preparer", "POST", f"{path}/submit", json=first)
        assessed(qm.node, made["request_id"])
        second = qm.node.approval("approver", "request.approve", made)
        qm.call("approver", "POST", f"{path}/approve", json=second)
        qm.call("approver", "POST", f"{path}/send")
        return str(made["request_id"])

    def accepted_request(self) -> str:
        """QM's request has been sent, acknowledged and accepted."""
        request_id = self.sent_request()
        self.settle()
        self.taken_up(request_id)
        self.decided(request_id, "accept", note="")
        self.qn.call("preparer", "POST", f"/v1/requests/{request_id}/execute", json={})
        self.settle()
        return request_id

    def taken_up(self, request_id: str) -> None:
        """QN acknowledges a request and looks at it (S07)."""
        path = f"/v1/requests/{request_id}"
        said = {"reference": "QN-7", "note": ""}
        self.qn.call("approver", "POST", f"{path}/acknowledge", json=said)
        self.qn.call("approver", "POST", f"{path}/review", json={"reviewer": "Section 3"})

    def decided(self, request_id: str, what: str, **said: Any) -> Any:  # noqa: ANN401
        """QN decides, with its officer's signature."""
        if what == "accept":
            assessed(self.qn.node, request_id, "G04", "G05")
        found = self.request(self.qn, request_id)
        signed = self.qn.node.said("approver", "request.decide", what, found, **said)
        return self.qn.call("approver", "POST", f"/v1/requests/{request_id}/{what}", json=signed)

    def released_package(self, files: Mapping[str, bytes] | None = None) -> str:
        """QN has released a package; nothing of it has left yet."""
        request_id = self.accepted_request()
        package_id = cleared_package(self.qn.node, files or FILES, request_id)
        answer = release(self.qn.node, package_id)
        assert answer.is_success, answer.text
        return package_id

    def package(self, country: Country, package_id: str) -> Any:  # noqa: ANN401
        return country.call("approver", "GET", f"/v1/packages/{package_id}")

    def request(self, country: Country, request_id: str) -> Any:  # noqa: ANN401
        return country.call("approver", "GET", f"/v1/requests/{request_id}")


@contextmanager
def open_pair(
    federation: Path, data: Path, clock: Clock, databases: Mapping[str, str] | None = None
) -> Iterator[Pair]:
    """Start both countries over (new or old) data; `databases` are URLs other than SQLite's."""
    urls = databases or {}
    data.mkdir(exist_ok=True)
    with ExitStack() as stack:
        portal = stack.enter_context(start_blocking_portal())
        nodes = {
            name: open_node(name, federation, data / name, clock, urls.get(name)) for name in NAMES
        }
        for node in nodes.values():
            stack.callback(node.parts.database.close)
            node.portal = portal
        audits = {
            name: stack.enter_context(TestClient(open_audit(name, federation, data, clock)))
            for name in NAMES
        }
        made = {name: _country(name, nodes, audits[name], stack) for name in NAMES}
        yield Pair(made["QM"], made["QN"], clock, stack)


def _country(name: str, nodes: Mapping[str, Node], audit: TestClient, stack: ExitStack) -> Country:
    node, clock = nodes[name], nodes[name].clock
    assertions = Assertions("exchange", exchange_key(node.federation, name), clock)

    def egress(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answered:
        return _egress(name, nodes, method, path, headers, body)

    def to_audit(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Answered:
        answer = audit.request(method, path, content=body, headers=dict(headers))
        return _answered(answer)

    wires = FaultyTransport(egress), FaultyTransport(to_audit)
    gateway, log = (
        httpx.Client(transport=wire, base_url=f"http://{to}", auth=InternalAuth(assertions, to))
        for wire, to in zip(wires, ("gateway", "audit"), strict=True)
    )
    bulk = BulkServer(egress)
    stack.callback(bulk.close)
    parts = node.parts
    database, keyring = parts.database, parts.keyring
    country = Country(
        node=node,
        audit_app=audit,
        to_peer=wires[0],
        to_audit=wires[1],
        bulk=bulk,
        recorder=Recorder(database=database, audit=log, clock=clock),
        prover=_prover(node, log),
        witness=witness_of(OTHER[name], node.federation),
        courier=Courier(
            database=database, gateway=gateway, audit=log, keyring=keyring, clock=clock
        ),
        fetcher=_fetcher(node, assertions, bulk, stack),
        deadlines=Deadlines(database=database, keyring=keyring, clock=clock),
    )
    for job in (country.recorder, country.prover, country.courier, country.fetcher):
        job.begin()
    return country


def _prover(node: Node, log: httpx.Client) -> Prover:
    return Prover(
        database=node.parts.database,
        audit=log,
        country=node.country,
        directory=node.parts.directory,
        clock=node.clock,
        wait=lambda _: None,
    )


def _fetcher(node: Node, assertions: Assertions, bulk: BulkServer, stack: ExitStack) -> Fetcher:
    pool = bulk_pool(bulk.url)
    stack.callback(pool.close)

    def mint(method: str, path: str) -> Mapping[str, str]:
        return {HEADER: assertions.mint("gateway", method, path)}

    return Fetcher(
        database=node.parts.database,
        vault=node.parts.vault,
        keyring=node.parts.keyring,
        directory=node.parts.directory,
        wire=Wire(pool, mint),
        clock=node.clock,
        stopping=lambda: False,
        name=f"fetcher@{node.country}",
    )


def _egress(
    name: str,
    nodes: Mapping[str, Node],
    method: str,
    path: str,
    headers: Mapping[str, str],
    body: bytes,
) -> Answered:
    """Do what both gateways do: ask who calls, go to the peer, and tell it who we are."""
    if path == "/egress/directory":
        content = trust_bundle(nodes[name].federation)
        return Answered(status=200, headers={}, content=content)
    _, _, country, rest = path.split("/", 3)
    assert country == OTHER[name]
    assert HEADER.lower() in {each.lower() for each in headers}
    peer = nodes[country]
    target = f"/peer/v1/{rest}"
    principal = Principal(
        service="gateway",
        client_id=f"https://{name.lower()}.example",
        country=name,
        scopes=frozenset({"node:deliver"}),
    )
    kind = {"content-type": "application/json"} if body else {}
    client = peer.bare_client()
    client.auth = Asserting(peer.assertions, "exchange", principal)
    answer = client.request(method, target, content=body, headers=kind)
    return _answered(answer)


def _answered(answer: Any) -> Answered:  # noqa: ANN401 - the test client's response
    kept = {"content-type": answer.headers.get("content-type", "")}
    return Answered(status=answer.status_code, headers=kept, content=answer.content)
