"""What the log shows of itself: checkpoints, tiles, bundles, inclusion and consistency proofs.

Only what is published is shown: sizes whose checkpoint has the cosignatures of our policy. Every proof
is folded from stored complete subtrees: at most two rows for each level of the tree.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from services.audit.store import Session, entries, publication, tree
from services.audit.store.entries import Filter
from shared.protocol.logproofs import format_proof
from shared.protocol.merkle import (
    Range,
    complete,
    consistency_ranges,
    hash_ranges,
    inclusion_ranges,
)
from shared.protocol.tiles import Tile, bundle
from shared.runtime.database import Database
from shared.runtime.refusals import NotFound

MAX_ASKED = 256  # entries in one question for proofs
First = Callable[[Session, range], tree.Signed | None]


def checkpoint(database: Database) -> str:
    """The newest checkpoint that is published, with the cosignatures under it.

    Raises:
        NotFound: there is none yet.
    """
    with database.read() as db:
        return newest(db).note


def signed_checkpoint(database: Database) -> str:
    """The newest checkpoint that is signed, whoever has cosigned it; for the services of the node.

    Raises:
        NotFound: there is none yet.
    """
    with database.read() as db:
        return _existing(tree.latest_checkpoint(db)).note


def newest(db: Session) -> tree.Signed:
    """The newest checkpoint that is published.

    Raises:
        NotFound: there is none yet.
    """
    return _existing(publication.latest_published(db))


def pinned(db: Session, size: int | None) -> tree.Signed:
    """The published checkpoint of this size, or the newest.

    Raises:
        NotFound: no checkpoint has this size.
    """
    if size is None:
        return newest(db)
    signed = publication.published_at(db, size) if size < tree.MAX_SIZE else None
    if signed is None:
        raise NotFound("no_checkpoint", "No checkpoint has this size.")
    return signed


def consistency(database: Database, *, old: int, new: int) -> list[bytes]:
    """The proof that the log of `new` entries extends that of `old`; empty from size 0.

    Raises:
        NotFound: `new` lies beyond the newest checkpoint.
        LogProofError: `old` is larger than `new`.
    """
    with database.read() as db:
        if new > newest(db).size:
            raise NotFound("no_checkpoint", "The log has no checkpoint of this size yet.")
        return _hashes(db, [consistency_ranges(old, new) if old else []])[0]


def inclusion(db: Session, wanted: Sequence[tuple[int, int]]) -> list[list[bytes]]:
    """The inclusion proofs of entries, each as index and tree size, with one look at the tree."""
    return _hashes(db, [inclusion_ranges(index, size) for index, size in wanted])


def published(database: Database, indexes: Iterable[int]) -> Mapping[int, str]:
    """The log proofs of those of these entries that a published checkpoint covers; it never changes."""
    return _proofs(database, indexes, publication.first_published)


def published_last(database: Database, indexes: Iterable[int]) -> Mapping[int, str]:
    """The same under the newest checkpoint: a peer may have other witnesses in mind than the first had."""
    return _proofs(database, indexes, _last_published)


def _proofs(database: Database, indexes: Iterable[int], over: First) -> Mapping[int, str]:
    wanted = sorted({each for each in indexes if each < tree.MAX_SIZE})
    with database.read() as db:
        return log_proofs(db, wanted, over)


def _last_published(db: Session, sizes: range) -> tree.Signed | None:
    last = publication.latest_published(db)
    return last if last is not None and last.size in sizes else None


def log_proofs(db: Session, indexes: Sequence[int], first: First) -> dict[int, str]:
    """A proof for each index in ascending order, under the first checkpoint that covers it, if any.

    Under the first, so that the same entry always gets the same proof.
    """
    wanted: dict[int, tree.Signed] = {}
    over: tree.Signed | None = None
    for index in indexes:
        if over is None or over.size <= index:
            over = first(db, range(index + 1, tree.MAX_SIZE))
        if over is None:
            break
        wanted[index] = over
    paths = inclusion(db, [(index, each.size) for index, each in wanted.items()])
    return {
        index: format_proof(index, path, each.note)
        for (index, each), path in zip(wanted.items(), paths, strict=True)
    }


def tile(database: Database, wanted: Tile) -> bytes:
    """A hash tile or an entry bundle.

    Raises:
        NotFound: no checkpoint vouches for it.
    """
    with database.read() as db:
        sizes = range(min(wanted.sizes().start, tree.MAX_SIZE), wanted.sizes().stop)
        known = range(sizes.start, min(sizes.stop, tree.MAX_SIZE))
        if not known or publication.first_published(db, known) is None:
            raise NotFound("no_tile", "No checkpoint vouches for this tile.")
        return _bundle(db, wanted) if wanted.level is None else _tile(db, wanted)


def _existing(found: tree.Signed | None) -> tree.Signed:
    if found is None:
        raise NotFound("no_checkpoint", "The log has no checkpoint yet.")
    return found


def _tile(db: Session, wanted: Tile) -> bytes:
    found = tree.nodes(db, wanted.nodes())
    return b"".join(found[node] for node in wanted.nodes())


def _bundle(db: Session, wanted: Tile) -> bytes:
    start = wanted.nodes()[0][1]
    which = Filter(indexes=range(start, start + wanted.width))
    return bundle([each.body for each in entries.page(db, which, wanted.width)])


def _hashes(db: Session, wanted: Sequence[Sequence[Range]]) -> list[list[bytes]]:
    needed: Iterable[Range] = (each for ranges in wanted for each in ranges)
    nodes = tree.nodes(db, {node for each in needed for node in complete(*each)})
    return [hash_ranges(ranges, nodes) for ranges in wanted]
