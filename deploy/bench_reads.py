"""Reading the log as it grows: proofs and tiles from the service, and an overseer's full audit."""

import secrets
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from time import monotonic, perf_counter, sleep

from services.audit import proofs, publication
from services.audit.store import entries, tree
from services.audit.worker import Log
from shared.protocol import leaves
from shared.protocol.identifiers import new_id
from shared.protocol.leaves import Direction, Leaf
from shared.protocol.merkle import leaf_hash
from shared.protocol.tiles import Tile
from tests.long_log import LongLog

AT_ONCE = 10_000  # leaves in one transaction while a log is filled


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """What a log of this size gives, one thing at a time."""

    size: int
    proofs: float  # a second
    tiles: float
    bytes_per_entry: float  # leaf and tree, with what indexes them


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What `rogatory audit verify` took for a mirror of this size."""

    size: int
    seconds: float
    peak: int  # MB of all its processes at once, shared pages counted once


def fill(log: Log, size: int, stored: Callable[[], int]) -> Reads:
    """Let a log grow to a size without its sequencer, then read from it."""
    while (head := _head(log)).size < size:
        _append(log, head, min(AT_ONCE, size - head.size))
    publication.sign(database=log.database, signer=log.signer, clock=log.clock)
    policy = log.policy()
    assert policy is not None
    publication.publish(database=log.database, policy=policy, clock=log.clock)
    full = [Tile(level=0, n=n) for n in range(size // 256)] or [Tile(level=0, n=0, width=1)]
    return Reads(
        size=size,
        proofs=_rate(lambda: proofs.published(log.database, [secrets.randbelow(size)])),
        tiles=_rate(lambda: proofs.tile(log.database, secrets.choice(full))),
        bytes_per_entry=stored() / size,
    )


def _head(log: Log) -> tree.Head:
    with log.database.read() as db:
        head = tree.head(db)
    assert head is not None
    return head


def _append(log: Log, head: tree.Head, count: int) -> None:
    made = [_leaf(log, head.size + number) for number in range(count)]
    bodies = [leaves.build(leaf) for leaf in made]
    with log.database.begin() as db:
        frontier = tree.frontier(db, head.size)
        nodes = [node for body in bodies for node in frontier.add(leaf_hash(body))]
        tree.move_head(db, head, size=frontier.size, root=frontier.root(), time=head.last_time)
        numbered = enumerate(zip(made, bodies, strict=True), start=head.size)
        entries.add(db, [entries.columns(index, leaf, body) for index, (leaf, body) in numbered])
        tree.add_nodes(db, nodes)


def _leaf(log: Log, index: int) -> Leaf:
    """A leaf of the usual size; every twentieth begins another case."""
    now = log.clock()
    now -= timedelta(microseconds=now.microsecond % 1000)
    return Leaf(
        type="transfer.intent",
        log=log.origin,
        seq_time=now,
        event_id=new_id(now),
        event_time=now,
        direction=Direction.OUT,
        peer="QN",
        channel="QM>QN",
        epoch=0,
        seq=index,
        entry_type="package",
        entry_hash=f"{index:096x}",
        case_ref=f"{index // 20:064x}",
        case_seq=index % 20,
        case_prev=index - 1 if index % 20 else None,
        peer_seq=index,
        peer_prev=index - 1 if index else None,
        commit={"client": f"{index:064x}", "officer": f"{index:064x}"},
    )


def _rate(read: Callable[[], object], seconds: float = 2.0) -> float:
    """How often a second something can be read, by one thread."""
    read()
    count, began = 0, perf_counter()
    while perf_counter() - began < seconds:
        read()
        count += 1
    return count / (perf_counter() - began)


def audits(folder: Path, sizes: Sequence[int]) -> list[Audited]:
    """Make one long mirror and audit it at each of these sizes, each time from nothing."""
    log = LongLog(folder / "mirror")
    root = folder / "root.json"
    root.write_bytes(log.pinned)
    found = []
    for size in sizes:
        log.grow(size)
        log.publish()
        found.append(_audit(log.mirror.folder, root, size))
    return found


def _audit(mirror: Path, root: Path, size: int) -> Audited:
    command = [sys.executable, "-m", "client", "audit", "verify", str(mirror), "--root", str(root)]
    began, peak = monotonic(), 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        while process.poll() is None:
            peak = max(peak, _memory(process.pid))
            sleep(0.05)
        seconds = monotonic() - began
        assert process.stdout is not None
        said = process.stdout.read().decode(errors="replace")
    if process.returncode != 0:
        sys.exit(f"the audit of {size} entries failed:\n{said}")
    return Audited(size=size, seconds=seconds, peak=peak)


def _memory(pid: int) -> int:
    """Return the memory of a process and its children in MB: proportional, so that pages count once."""
    total = 0
    for each in [pid, *_children(pid)]:
        with suppress(OSError):
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total * 1024 // 10**6


def _children(pid: int) -> list[int]:
    with suppress(OSError):
        told = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [below for child in map(int, told) for below in (child, *_children(child))]
    return []
