"""One country in memory: its keys, its log, the entries that it writes and takes in."""

from __future__ import annotations

import copy
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy import certificates
from shared.protocol import chainfolder, jose, leaves, trust
from shared.protocol.canonical import Json, b64, encode, unb64
from shared.protocol.channels import Head, head_of, next_entry
from shared.protocol.checkpoints import Checkpoint, LogKey, read_checkpoint, sign_checkpoint
from shared.protocol.cosignatures import WitnessKey, cosign
from shared.protocol.entries import Entry, EntryType, entry_hash, sign_entry
from shared.protocol.identifiers import new_id
from shared.protocol.keys import KemKey, OfficerKey, SealKey
from shared.protocol.logproofs import format_proof, parse_proof
from shared.protocol.merkle import inclusion_ranges, leaf_hash, root
from shared.protocol.messages import Body, ReceiptKind
from shared.protocol.notes import read_note
from shared.protocol.receipts import receipt_for
from shared.protocol.verification import entry_facts

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
INSTRUMENTS = ("BUD", "UNTOC")
WITNESS = WitnessKey.generate("witness.example/w1")  # has seen every log from its first entry


def policy(*vkeys: str) -> str:
    """The policy whose quorum is all of these keys."""
    witnesses = "".join(f"witness w{n} {vkey}\n" for n, vkey in enumerate(vkeys))
    members = " ".join(f"w{n}" for n in range(len(vkeys)))
    return f"{witnesses}group witnesses all {members}\nquorum witnesses\n"


@dataclass
class Clock:
    """A clock that goes on a second whenever it is read."""

    now: datetime = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass(frozen=True, kw_only=True)
class Written:
    """An entry that left its country: signed, logged, with the proof it travelled with."""

    entry: Entry
    jws: bytes
    index: int
    leaf: bytes
    proof: str

    @property
    def hash(self) -> str:
        return entry_hash(self.entry.payload())

    def logged(self) -> chainfolder.LoggedEntry:
        return chainfolder.LoggedEntry.of(self.jws, leaf=self.leaf, proof=self.proof.encode())

    def link(self) -> chainfolder.Link:
        place = {name: getattr(self.entry, name) for name in ("channel", "epoch", "seq", "prev")}
        return chainfolder.Link(**place, hash=self.hash)


@dataclass(kw_only=True)
class Node:
    """One country."""

    name: str
    clock: Clock
    seal: SealKey = field(default_factory=SealKey.generate)
    kem: KemKey = field(default_factory=KemKey.generate)
    officers: tuple[OfficerKey, OfficerKey] = field(
        default_factory=lambda: (OfficerKey.generate(), OfficerKey.generate())
    )
    case_key: bytes = b"k" * 32
    log: list[leaves.Leaf] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    counterparts: dict[int, tuple[bytes, str]] = field(default_factory=dict)
    written: list[Written] = field(default_factory=list)
    seen: Head | None = None
    closed: list[Json] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log_key = LogKey.generate(f"log.{self.name.lower()}.example/2026")
        self.ca = certificates.seal_authority(f"{self.name} Bag Seal CA", START)
        self.bag_seal = certificates.seal_certificate(self.ca, f"{self.name} bag seal", START)
        digest = hashlib.sha256(b"rogatory-log-case/v1\0" + self.case_key).hexdigest()
        self.record(type="log.opened", commit={"log_case_key": digest})

    def member(self) -> trust.Member:
        dates = {"nbf": int(START.timestamp()) - 10**6, "exp": int(START.timestamp()) + 10**8}
        document = {
            "v": 1,
            "country": self.name,
            "name": f"Ministry of Justice of {self.name}",
            "status": "active",
            "gateway": f"https://gateway.{self.name.lower()}.example",
            "issuer": f"https://gateway.{self.name.lower()}.example",
            "tls_anchors": [],
            "client_jwks": [jose.public_part(jose.generate())],
            "seal": [self.seal.public().to_json() | dates],
            "kem": [self.kem.public().to_json() | dates],
            "bag_seal_ca": self.ca.pem.decode(),
            "log": {
                "origin": self.log_key.origin,
                "url": f"https://gateway.{self.name.lower()}.example/log",
                "vkeys": list(self.log_key.vkeys()),
                "policy": policy(*WITNESS.vkeys()),
                "unwitnessed_limit": 14400,
            },
            "closed_logs": self.closed,
            "witness": {"url": f"https://gateway.{self.name.lower()}.example/witness", "vkeys": []},
            "suites": ["rogatory-1"],
            "instruments": list(INSTRUMENTS),
            "contacts": {},
            "not_before": dates["nbf"],
            "not_after": dates["exp"],
        }
        return trust.Member.from_bytes(encode(document))

    def record(self, *, case_id: str | None = None, **told: Any) -> int:  # noqa: ANN401 - a leaf's members
        """Append a leaf; the log adds its name, times, pseudonym and counters."""
        now = self.clock()
        peer = told.get("peer")
        counters: dict[str, Any] = {}
        if case_id:
            counters["case_ref"] = hmac.digest(self.case_key, case_id.encode(), "sha256").hex()
            counters |= self._place("case", lambda leaf: leaf.case_ref == counters["case_ref"])
        if peer:
            counters |= self._place("peer", lambda leaf: leaf.peer == peer)
        own = {"log": self.log_key.origin, "seq_time": now, "event_time": now}
        members: dict[str, Any] = {**own, "event_id": new_id(now), **told, **counters}
        leaf = leaves.Leaf(**members)
        self.log.append(leaf)
        self.bodies.append(leaves.build(leaf))
        return len(self.log) - 1

    def turn(self, origin: str, *, dead: bool = False) -> Node:
        """Close the log, unless it died, and begin the next one; give the country as it was."""
        if not dead:
            self.record(type="log.closed", reason="year_ended")
        ended = read_checkpoint(read_note(self.checkpoint()).text)
        log = self.member().log
        self.closed.append(
            {
                "origin": ended.origin,
                "url": "https://gateway.example/logs/0",
                "vkeys": list(log.vkeys),
                "policy": log.policy,
                "size": ended.size,
                "root": b64(ended.root),
            }
        )
        opened, before = self.log[0], copy.copy(self)
        self.log, self.bodies, self.counterparts = [], [], {}
        self.log_key = LogKey.generate(origin)
        self.record(
            type=opened.type,
            commit=opened.commit,
            reason="dead" if dead else "year_ended",
            peer_receipt=leaves.PeerReceipt(
                origin=ended.origin, index=ended.size - 1, size=ended.size, root=ended.root
            ),
        )
        return before

    def _place(self, name: str, same: Callable[[leaves.Leaf], bool]) -> dict[str, int | None]:
        before = [index for index, leaf in enumerate(self.log) if same(leaf)]
        return {f"{name}_seq": len(before), f"{name}_prev": before[-1] if before else None}

    def checkpoint(self) -> str:
        tree = root([leaf_hash(body) for body in self.bodies])
        stated = Checkpoint(origin=self.log_key.origin, size=len(self.bodies), root=tree)
        note = sign_checkpoint(stated, self.log_key, self.clock())
        return note + cosign(note, WITNESS, self.clock())

    def proof(self, index: int) -> str:
        hashes = [leaf_hash(body) for body in self.bodies]
        ranges = inclusion_ranges(index, len(hashes))
        path = [root(hashes[first:last]) for first, last in ranges]
        return format_proof(index, path, self.checkpoint())

    def write(
        self, kind: EntryType, body: Body, *, to: Node, request: str | None = None
    ) -> Written:
        """Sign an entry, log its intent, and let the reader take it in."""
        head = head_of(self.written[-1].entry) if self.written else None
        entry = next_entry(
            head,
            type=kind,
            sender=self.name,
            recipient=to.name,
            peer=self.seen,
            iat=int(self.clock().timestamp()),
            request=request,
            body=body,
        )
        index = self.record(
            type=leaves.TRANSFER_INTENT,
            direction=leaves.Direction.OUT,
            peer=to.name,
            case_id=request,
            **_facts(entry),
        )
        written = Written(
            entry=entry,
            jws=sign_entry(entry, self.seal),
            index=index,
            leaf=self.bodies[index],
            proof=self.proof(index),
        )
        self.written.append(written)
        to.take(written)
        return written

    def take(self, written: Written) -> None:
        """Log what came in, and where its counterpart stands."""
        stated = parse_proof(written.proof).checkpoint.split("\n")
        receipt = leaves.PeerReceipt(
            origin=stated[0],
            index=written.index,
            size=int(stated[1]),
            root=unb64(stated[2]),
        )
        index = self.record(
            type=leaves.TRANSFER_RECEIVED,
            direction=leaves.Direction.IN,
            peer=written.entry.sender,
            case_id=written.entry.request,
            peer_receipt=receipt,
            **_facts(written.entry),
        )
        self.counterparts[index] = (written.leaf, written.proof)
        self.seen = head_of(written.entry)

    def receipt(self, about: Written, kind: ReceiptKind, *, to: Node, **more: str) -> Written:
        body = receipt_for(about.entry, about.hash, kind, **more)
        return self.write(EntryType.RECEIPT, body, to=to, request=about.entry.request)


def _facts(entry: Entry) -> dict[str, Any]:
    facts = entry_facts(entry)
    return {name: getattr(facts, name) for name in facts.__dataclass_fields__}
