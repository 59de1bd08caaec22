"""What an export holds: a mirror whole, or the entries of one case with their proofs (spec/exports.md)."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from client.errors import MissingError
from client.oversight.mirror import (
    CASE_KEY,
    CHECKPOINT,
    DIRECTORY,
    Mirror,
    counterpart_paths,
    entry_bundles,
    hash_tiles,
    tile_path,
)
from client.oversight.proving import Mirrored
from client.oversight.quorum import with_all_lines
from client.oversight.trusting import Keys
from shared.protocol import tries
from shared.protocol.canonical import Json, encode
from shared.protocol.indexes import INDEX_ROOT, case_key, index_hash, peer_key
from shared.protocol.leaves import TRANSFER_RECEIVED
from shared.protocol.logproofs import format_proof
from shared.protocol.merkle import Frontier
from shared.protocol.scanning import Scanned, scan
from shared.protocol.tiles import parse_bundle

_RECEIVED = TRANSFER_RECEIVED.encode()

Files = Iterator[tuple[str, bytes]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A mirror that is exported, its newest checkpoint with all lines, and its log's keys."""

    newest: Mirrored
    keys: Keys

    @property
    def mirror(self) -> Mirror:
        """The files."""
        return self.newest.mirror

    @property
    def note(self) -> str:
        """The newest checkpoint with the signature lines of all notes of it."""
        return with_all_lines(self.mirror, self.keys.policy).encode()

    def told(self) -> dict[str, Json]:
        """Say whose log it is."""
        stated = self.newest.checkpoint
        return {"v": 1, "country": self.keys.country, "origin": stated.origin, "size": stated.size}

    def entries(self) -> Iterator[tuple[int, bytes]]:
        """Give all entries by their index."""
        index = 0
        for tile in entry_bundles(self.newest.checkpoint.size):
            for body in parse_bundle(self.mirror.read(tile_path(tile))):
                yield index, body
                index += 1


def common_files(source: Source, pinned_root: bytes) -> Files:
    """Give what every export has: checkpoint, directory, keys, policy, evidence, time stamps."""
    mirror, keys = source.mirror, source.keys
    yield CHECKPOINT, source.note.encode()
    yield "root.json", pinned_root
    yield DIRECTORY, mirror.read(DIRECTORY)
    yield "keys.txt", "".join(f"{vkey}\n" for vkey in keys.all_vkeys).encode()
    yield "policy.txt", keys.named[0].policy.encode()
    for folder in ("directories", "evidence"):
        yield from _below(mirror, folder)


def whole_log(source: Source) -> tuple[dict[str, Json], Files]:
    """Say what an export of a whole log is, and give its files."""
    told = {**source.told(), "kind": "log", "case_ref": None, "index": None}
    indices: list[Json] = []
    return {**told, "indices": indices}, _whole_log(source)


def _whole_log(source: Source) -> Files:
    mirror, size = source.mirror, source.newest.checkpoint.size
    for tile in (*hash_tiles(size), *entry_bundles(size)):
        yield tile_path(tile), mirror.read(tile_path(tile))
    for folder in ("checkpoints", "counterparts", "channels"):
        yield from _below(mirror, folder)


def one_case(source: Source, case_id: str) -> tuple[dict[str, Json], Files]:
    """Say what an export of a case is, and give its files.

    Raises:
        MissingError: the log says nothing of the case.
        FormatError: the mirror has no case key, or a file of it is no such file.
    """
    case_ref = hmac.digest(source.mirror.read(CASE_KEY), case_id.encode(), "sha256").hex()
    found = _Found(case_ref=case_ref, entries={})
    root = found.read(source)
    if not found.entries:
        raise MissingError(
            f"the log says nothing of {case_id}",
            code="no_such_case",
            next_step="`rogatory audit find --case` gives the proof that there is none",
        )
    index: Json = None if root is None else {"entry": root[0], "size": root[1]}
    told = {**source.told(), "kind": "case", "case_ref": case_ref, "index": index}
    indices: list[Json] = [*found.entries]
    return {**told, "indices": indices}, _one_case(source, found, root)


def _one_case(source: Source, found: _Found, root: tuple[int, int, bytes] | None) -> Files:
    note = source.note
    for at, body in found.entries.items():
        yield f"entries/{at:08d}.leaf", body
        yield f"entries/{at:08d}.tlog-proof", _proof(source, at, note)
        if scan(body).type == _RECEIVED:
            for path in counterpart_paths(at):
                yield path, source.mirror.read(path)
    if root is not None:
        entry, size, leaf = root
        yield "index/root.leaf", leaf
        yield "index/root.tlog-proof", _proof(source, entry, note)
        yield "index/proof.json", encode(_trie_proof(source, size, found.case_ref).to_json())


def _proof(source: Source, index: int, note: str) -> bytes:
    return format_proof(index, source.newest.inclusion(index), note).encode()


@dataclass(slots=True, kw_only=True)
class _Found:
    """The entries of a case."""

    case_ref: str
    entries: dict[int, bytes]

    def read(self, source: Source) -> tuple[int, int, bytes] | None:
        """Find them, and the newest root of the index: where it stands, of how many, its leaf."""
        wanted, newest = self.case_ref.encode(), None
        for index, body in source.entries():
            leaf = scan(body)
            if leaf.case_ref == wanted:
                self.entries[index] = body
            if leaf.type == INDEX_ROOT.encode() and leaf.counted is not None:
                newest = index, int(leaf.counted), body
        return newest


def _trie_proof(source: Source, size: int, case_ref: str) -> tries.TrieProof:
    """Make the index of the first entries, and prove what it says of a case."""
    lists: dict[bytes, Frontier] = {}
    for index, body in source.entries():
        if index == size:
            break
        for key in _keys(scan(body)):
            lists.setdefault(key, Frontier()).add(index_hash(index))
    records: Mapping[bytes, bytes] = {tries.EMPTY: b""}
    values = {key: each.root() for key, each in lists.items()}
    made = tries.update(tries.EMPTY, values, records)
    return tries.prove(made.root, case_key(case_ref), {**records, **made.added})


def _keys(leaf: Scanned) -> Sequence[bytes]:
    case = [case_key(leaf.case_ref.decode())] if leaf.case_ref is not None else []
    return [*case, *([peer_key(leaf.peer.decode())] if leaf.peer is not None else [])]


def _below(mirror: Mirror, folder: str) -> Files:
    for path in sorted((mirror.folder / folder).glob("*")):
        if not path.name.endswith(".part"):
            yield f"{folder}/{path.name}", path.read_bytes()
