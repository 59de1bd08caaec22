"""Logs of whole years, made quickly from what happened: signed as in life, for all that counts entries.

Transfers in it are leaves alone: there is no channel behind them, so that an audit has more to say.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path

from client.oversight.mirror import CASE_KEY, CHECKPOINT, DIRECTORY, Mirror, hash_tiles
from client.oversight.tree import Tree
from shared.protocol.canonical import Json, b64
from shared.protocol.checkpoints import Checkpoint, LogKey, sign_checkpoint
from shared.protocol.cosignatures import cosign
from shared.protocol.leaves import PeerReceipt, format_time
from shared.protocol.merkle import leaf_hash
from shared.protocol.tiles import WIDTH, Tile, bundle
from tests.simulated_case import make_directory
from tests.simulated_node import WITNESS, Clock, Node

_LEAF = (
    '{"about":null,"case_prev":%s,"case_ref":%s,"case_seq":%s,"channel":null,"commit":{},"count":%s,'
    '"direction":null,"entry_hash":null,"entry_type":%s,"epoch":null,"event_id":"01890a5d-ac96-774b-'
    '8000-%012x","event_time":"%s","log":"%s","nonce":"%032x","outcome":%s,"peer":%s,"peer_prev":%s,'
    '"peer_receipt":null,"peer_seq":%s,"reason":%s,"seq":null,"seq_time":"%s","size":null,'
    '"transfer_id":%s,"type":"%s","v":1}'
)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Told:
    """One entry to come. A kind may name the channel entry behind a transfer."""

    at: datetime
    kind: str
    case: str | None = None
    peer: str | None = None
    reason: str | None = None
    count: int | None = None
    package: str | None = None
    outcome: str | None = None


def request_id(number: int) -> str:
    return f"01890a5d-ac96-774b-9000-{number:012x}"


def package_id(number: int) -> str:
    return f"01890a5d-ac96-774b-a000-{number:012x}"


@dataclass(kw_only=True)
class Story:
    """One case, told day by day."""

    number: int
    peer: str = "QN"
    year: int = 2026
    told: list[Told] = field(default_factory=list)

    def on(self, day: str, kind: str, reason: str | None = None, **more: int | str) -> Story:
        """Add an entry: `03-01`, `03-01T23:30` of the year, or a whole date; any year but this one."""
        text = day if day[:4].isdigit() else f"{self.year}-{day}"
        at = datetime.fromisoformat(text).replace(tzinfo=UTC)
        members = {"peer": self.peer, "case": request_id(self.number), **more}
        self.told.append(Told(at=at, kind=kind, reason=reason, **members))  # type: ignore[arg-type]
        return self

    def described(self, day: str, *codes: str, kind: str = "request.described") -> Story:
        """Describe the request; measures are numbered."""
        number = 0
        for code in codes:
            if code.startswith("MEA-"):
                number += 1
                self.on(day, kind, code, count=number)
            else:
                self.on(day, kind, code)
        return self


class YearLog:
    """QM's log over the years, in a mirror."""

    def __init__(self, folder: Path, *, qm: Node | None = None) -> None:
        clock = Clock()
        self.qm = qm or Node(name="QM", clock=clock)
        self.mirror = Mirror(folder)
        directory, self.pinned = make_directory(
            self.qm.member(), Node(name="QN", clock=clock).member()
        )
        self.mirror.write(DIRECTORY, directory)
        self.mirror.write(CASE_KEY, self.qm.case_key, mode=0o600)
        self.tree, self.size = Tree(), 0
        self.pending: list[bytes] = []
        self.hashes: list[bytes] = []
        self.cases: dict[str, tuple[str, int, int]] = {}
        self.peers: dict[str, tuple[int, int]] = {}
        self.ref = lru_cache(maxsize=None)(self._ref)
        self._append(self.qm.bodies[0].replace(*self._times()))

    def _times(self) -> tuple[bytes, bytes]:
        """The first entry is older than all."""
        old = format_time(self.qm.log[0].seq_time).encode()
        return old, b"2020-01-01T00:00:00.000Z"

    def tell(self, told: Told) -> None:
        """Append an entry; times must not go back."""
        index, time = self.size, format_time(told.at)
        kind, _, entry_type = told.kind.partition("/")
        body = _LEAF % (
            *self._case(told.case, index), _maybe(told.count), _text(entry_type or None), index, time,
            self.qm.log_key.origin, index, _text(told.outcome), _text(told.peer),
            *self._peer(told.peer, index), _text(told.reason), time,
            _text(told.package or told.case), kind,
        )  # fmt: skip
        self._append(body.encode())

    def write(self, told: Iterable[Told]) -> YearLog:
        """Append entries in the order of their times, and publish."""
        for each in sorted(told, key=lambda each: each.at):
            self.tell(each)
        self.publish()
        return self

    def publish(self) -> str:
        """Write what is not yet on the disk, and a checkpoint over all of it."""
        rest = self.size % WIDTH
        if rest:
            self._write(Tile(level=None, n=self.size // WIDTH, width=rest), bundle(self.pending))
            self._write(Tile(level=0, n=self.size // WIDTH, width=rest), b"".join(self.hashes))
        for tile in hash_tiles(self.size):
            if tile.level:
                self._write(tile, b"".join(self.tree.nodes[node] for node in tile.nodes()))
        stated = Checkpoint(
            origin=self.qm.log_key.origin, size=self.size, root=self.tree.root(self.hashes)
        )
        note = sign_checkpoint(stated, self.qm.log_key, self.qm.clock())
        note += cosign(note, WITNESS, self.qm.clock())
        self.mirror.keep_checkpoint(note)
        self.mirror.write(CHECKPOINT, note.encode())
        return note

    def next(self, folder: Path, origin: str) -> YearLog:
        """Begin the log that goes on where this one, published, ends."""
        qm, opened = self.qm, self.qm.log[0]
        log, root = qm.member().log, self.tree.root(self.hashes)
        ended: dict[str, Json] = {"origin": log.origin, "size": self.size, "root": b64(root)}
        ended |= {"url": "https://gateway.example/logs/0", "policy": log.policy}
        qm.closed.append({**ended, "vkeys": [*log.vkeys]})
        qm.log, qm.bodies, qm.log_key = [], [], LogKey.generate(origin)
        receipt = PeerReceipt(origin=log.origin, index=self.size - 1, size=self.size, root=root)
        qm.record(type=opened.type, commit=opened.commit, peer_receipt=receipt)
        return YearLog(folder, qm=qm)

    def _append(self, body: bytes) -> None:
        self.pending.append(body)
        self.hashes.append(leaf_hash(body))
        self.size += 1
        if len(self.pending) == WIDTH:
            n = self.size // WIDTH - 1
            self._write(Tile(level=None, n=n), bundle(self.pending))
            self._write(Tile(level=0, n=n), b"".join(self.hashes))
            self.tree.add_tile(self.hashes)
            self.pending, self.hashes = [], []

    def _write(self, tile: Tile, content: bytes) -> None:
        self.mirror.write(f"tile/{tile.path()}", content)

    def _case(self, case: str | None, index: int) -> tuple[str, str, str]:
        if case is None:
            return "null", "null", "null"
        ref, seq, prev = self.cases.get(case) or (self.ref(case), 0, -1)
        self.cases[case] = ref, seq + 1, index
        return (str(prev) if seq else "null"), f'"{ref}"', str(seq)

    def _ref(self, case: str) -> str:
        return hmac.digest(self.qm.case_key, case.encode(), "sha256").hex()

    def _peer(self, peer: str | None, index: int) -> tuple[str, str]:
        if peer is None:
            return "null", "null"
        seq, prev = self.peers.get(peer, (0, -1))
        self.peers[peer] = seq + 1, index
        return (str(prev) if seq else "null"), str(seq)


def _maybe(number: int | None) -> str:
    return "null" if number is None else str(number)


def _text(value: str | None) -> str:
    return "null" if value is None else f'"{value}"'
