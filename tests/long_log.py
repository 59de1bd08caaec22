"""A long log and its mirror, made quickly: leaves by template, everything signed and proven as in life."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from client.oversight.mirror import CASE_KEY, CHECKPOINT, DIRECTORY, Mirror, counterpart_paths
from shared.protocol.canonical import b64
from shared.protocol.chainfolder import Link
from shared.protocol.channels import GENESIS_PREV
from shared.protocol.checkpoints import Checkpoint, LogKey, sign_checkpoint
from shared.protocol.cosignatures import cosign
from shared.protocol.indexes import INDEX_ROOT, INDEX_ROOT_FIELD
from shared.protocol.indexroots import IndexRoots
from shared.protocol.leaves import format_time
from shared.protocol.logproofs import format_proof
from shared.protocol.merkle import (
    Frontier,
    Node,
    hash_ranges,
    inclusion_ranges,
    leaf_hash,
)
from shared.protocol.tiles import WIDTH, Tile, bundle
from tests.simulated_case import make_directory
from tests.simulated_node import WITNESS, Clock
from tests.simulated_node import Node as Country

CASE_LENGTH = 20  # leaves of one case, one after the other
STEP = timedelta(milliseconds=900)
_LEAF = (
    '{"about":%(about)s,"case_prev":%(case_prev)s,"case_ref":%(case_ref)s,"case_seq":%(case_seq)s,'
    '"channel":%(channel)s,"commit":%(commit)s,"count":%(count)s,"direction":%(direction)s,'
    '"entry_hash":%(entry_hash)s,"entry_type":%(entry_type)s,"epoch":%(epoch)s,'
    '"event_id":"01890a5d-ac96-774b-8000-%(index)012x","event_time":"%(time)s","log":"%(log)s",'
    '"nonce":"%(nonce)032x","outcome":%(outcome)s,"peer":%(peer)s,"peer_prev":%(peer_prev)s,'
    '"peer_receipt":%(peer_receipt)s,"peer_seq":%(peer_seq)s,"reason":null,"seq":%(seq)s,'
    '"seq_time":"%(time)s","size":null,"transfer_id":null,"type":"%(type)s","v":1}'
)
_NOTHING = dict.fromkeys(
    (
        "about", "case_prev", "case_ref", "case_seq", "channel", "count", "direction", "entry_hash",
        "entry_type", "epoch", "outcome", "peer", "peer_prev", "peer_receipt", "peer_seq", "seq",
    ),
    "null",
)  # fmt: skip
_TYPES = ("request.changed", "package.item_declared", "request.reviewed", "package.verified")


@dataclass
class Grown:
    """A log that only grows; what is complete is given to `keep` and forgotten."""

    key: LogKey
    frontier: Frontier = field(default_factory=Frontier)
    nodes: dict[Node, bytes] = field(default_factory=dict)

    def add(self, body: bytes) -> int:
        self.nodes.update(self.frontier.add(leaf_hash(body)))
        return self.frontier.size - 1

    def checkpoint(self, time: datetime) -> str:
        origin, size = self.key.origin, self.frontier.size
        told = Checkpoint(origin=origin, size=size, root=self.frontier.root())
        note = sign_checkpoint(told, self.key, time)
        return note + cosign(note, WITNESS, time)

    def proof(self, index: int, time: datetime) -> str:
        path = hash_ranges(inclusion_ranges(index, self.frontier.size), self.nodes)
        return format_proof(index, path, self.checkpoint(time))


class LongLog:
    """QM's log of any length, in a mirror, and so much of QN's as answers it.

    Every `transfers`-th leaf is of a transfer: a package sent, its receipt, a request received, ours; and
    every `roots`-th says the root of the index.
    """

    def __init__(self, folder: Path, *, transfers: int = 20, roots: int = 1000) -> None:
        self.mirror, self.every, self.clock = Mirror(folder), transfers, Clock()
        self.roots, self.index = roots, IndexRoots()
        qm, qn = (Country(name=name, clock=self.clock) for name in ("QM", "QN"))
        bundle_, self.pinned = make_directory(qm.member(), qn.member())
        self.mirror.write(DIRECTORY, bundle_)
        self.mirror.write(CASE_KEY, qm.case_key, mode=0o600)
        self.case_key = qm.case_key
        self.log, self.other = Grown(qm.log_key), Grown(qn.log_key)
        self.other.add(qn.bodies[0])
        self.size, self.now = 0, self.clock()
        self.pending: list[bytes] = []
        self.links: dict[str, list[Link]] = {"QM>QN": [], "QN>QM": []}
        self.waiting: str | None = None
        self.peer: tuple[int, int] | None = None
        self._append(qm.bodies[0])
        self.index.add(None, None)

    def case(self, number: int) -> str:
        """The request id of a case."""
        return f"01890a5d-ac96-774b-9000-{number:012x}"

    def grow(self, size: int) -> None:
        while self.size < size:
            index = self.size
            self.now += STEP
            told = {**_NOTHING, **self._case(index)}
            told["commit"] = f'{{"officer":"{index:064x}"}}'
            if index % self.roots == 1:
                root = self.index.root(index).hex()
                told |= {"type": INDEX_ROOT, "count": f"{index}"}
                told["commit"] = f'{{"{INDEX_ROOT_FIELD}":"{root}"}}'
            elif index % self.every == 0:
                told |= self._transfer(index // self.every % 4, index)
            else:
                told["type"] = _TYPES[index % 4]
            told |= {"time": format_time(self.now), "log": self.log.key.origin}
            self.index.add(_value(told["case_ref"]), _value(told["peer"]))
            self._append((_LEAF % {**told, "index": index, "nonce": index}).encode())

    def publish(self) -> str:
        """Write what is not yet on the disk, and a checkpoint over all of it."""
        self.now += STEP
        note = self.log.checkpoint(self.now)
        self._write_partial()
        self.mirror.keep_checkpoint(note)
        self.mirror.write(CHECKPOINT, note.encode())
        for name, links in self.links.items():
            self.mirror.write_links(name, links)
        return note

    def _append(self, body: bytes) -> None:
        self.log.add(body)
        self.pending.append(body)
        self.size += 1
        if len(self.pending) == WIDTH:
            n = self.size // WIDTH - 1
            self.mirror.write(f"tile/{Tile(level=None, n=n).path()}", bundle(self.pending))
            self._write_tile(Tile(level=0, n=n))
            self.pending.clear()

    def _write_tile(self, tile: Tile) -> None:
        self.mirror.write(
            f"tile/{tile.path()}", b"".join(self.log.nodes[node] for node in tile.nodes())
        )

    def _write_partial(self) -> None:
        rest = self.size % WIDTH
        if rest:
            tile = Tile(level=None, n=self.size // WIDTH, width=rest)
            self.mirror.write(f"tile/{tile.path()}", bundle(self.pending))
        level, nodes = 0, self.size
        while nodes:
            for n in range(nodes // WIDTH if level else 0):
                self._write_tile(Tile(level=level, n=n))
            if nodes % WIDTH:
                self._write_tile(Tile(level=level, n=nodes // WIDTH, width=nodes % WIDTH))
            level, nodes = level + 1, nodes >> 8

    def _case(self, index: int) -> dict[str, str]:
        number, seq = divmod(index, CASE_LENGTH)
        if number == 0:
            return {}
        name = self.case(number).encode()
        return {
            "case_ref": f'"{hmac.digest(self.case_key, name, "sha256").hex()}"',
            "case_seq": str(seq),
            "case_prev": str(index - 1) if seq else "null",
        }

    def _transfer(self, kind: int, index: int) -> dict[str, str]:
        """A package sent, its receipt received, a request received, its receipt sent."""
        out = kind in {0, 3}
        channel = "QM>QN" if out else "QN>QM"
        chain = self.links[channel]
        made = hashlib.sha384(b"%d" % index).hexdigest()
        prev = chain[-1].hash if chain else GENESIS_PREV
        link = Link(channel=channel, epoch=0, seq=len(chain), prev=prev, hash=made)
        about, self.waiting = self.waiting, _about(link)
        number, before = (self.peer[0] + 1, str(self.peer[1])) if self.peer else (0, "null")
        self.peer = (number, index)
        chain.append(link)
        told = {
            "type": "transfer.intent" if out else "transfer.received",
            "direction": '"out"' if out else '"in"',
            "peer": '"QN"',
            "peer_seq": str(number),
            "peer_prev": before,
            "channel": f'"{channel}"',
            "epoch": "0",
            "seq": str(link.seq),
            "entry_hash": f'"{made}"',
            "entry_type": ('"package"', '"receipt"', '"request"', '"receipt"')[kind],
        }
        if kind in {1, 3} and about:
            told |= {"about": about, "outcome": '"RelayAcceptance"'}
            self.waiting = None
        return told if out else {**told, "peer_receipt": self._counterpart(told, index)}

    def _counterpart(self, told: dict[str, str], index: int) -> str:
        """QN's own leaf of what it sent, in QN's log, and where it stands there."""
        at = self.other.frontier.size
        seq = {"peer_seq": str(at - 1), "peer_prev": str(at - 1) if at > 1 else "null"}
        own = {"type": "transfer.intent", "direction": '"out"', "peer": '"QM"', **seq}
        own |= {"index": str(index), "log": self.other.key.origin, "time": format_time(self.now)}
        full = {**_NOTHING, **told, **own, "commit": "{}", "index": index, "nonce": index}
        body = (_LEAF % full).encode()
        assert self.other.add(body) == at
        proof = self.other.proof(at, self.now)
        leaf, name = counterpart_paths(index)
        self.mirror.write(leaf, body)
        self.mirror.write(name, proof.encode())
        root = b64(self.other.frontier.root())
        place = f'"index":{at},"origin":"{self.other.key.origin}","root":"{root}","size":{at + 1}'
        return "{" + place + "}"


def _value(member: str) -> str | None:
    return None if member == "null" else member.strip('"')


def _about(link: Link) -> str:
    place = f'"channel":"{link.channel}","epoch":0,"hash":"{link.hash}","seq":{link.seq}'
    return "{" + place + "}"
