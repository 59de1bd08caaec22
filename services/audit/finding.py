"""Use case: all entries of a case or about a peer, with what shows that none was left out.

An answer is made under one published checkpoint. What the index covers is listed by its key, with the
proof that the list is whole (or that there is nothing to list); what came after it is shown in full,
and whoever asked looks through that himself (spec/indexes.md, 4).
"""

from dataclasses import dataclass, replace

from services.audit import oversight, proofs
from services.audit.confidential import Confidential
from services.audit.oversight import PAGE, Page
from services.audit.store import Session, entries, index, tree
from services.audit.store.entries import Filter, Stored
from services.audit.store.index import Logged
from shared.protocol import tries
from shared.protocol.errors import FormatError
from shared.protocol.identifiers import parse_country
from shared.protocol.indexes import case_key, peer_key
from shared.protocol.logproofs import format_proof
from shared.protocol.tries import TrieProof
from shared.runtime.database import Database
from shared.runtime.refusals import NotFound, Unavailable


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Whose entries: a case's or a peer's. `size` and `covered` pin the answer that a page belongs to."""

    case: str | None = None  # a request id, or the pseudonym it has in the leaves
    peer: str | None = None
    start: int = 0
    size: int | None = None
    covered: int | None = None
    limit: int = PAGE


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The entry that says the root of the index, proven; and what the index of that root says."""

    index: int
    leaf: bytes
    proof: str
    trie: TrieProof


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A page of an answer. Up to `covered` it has the key's entries, from there on all of them.

    The proof is on the first page; there is none where `covered` is 0.
    """

    page: Page
    covered: int
    proof: Proof | None


def find(wanted: Wanted, *, database: Database, confidential: Confidential) -> Found:
    """The entries of a case or about a peer.

    Raises:
        FormatError: neither a case nor a peer is named, or both, or one that cannot be.
        NotFound: there is no such checkpoint, or no such index under it.
        Unavailable: the index is just being made anew.
    """
    key, which = _key(wanted, confidential)
    limit = min(wanted.limit, PAGE)
    with database.read() as db:
        signed = proofs.pinned(db, wanted.size)
        logged = _root(db, signed.size, wanted.covered)
        covered = logged.size if logged else 0
        found = _listed(db, which, range(covered, signed.size), limit + 1)
        more = found[limit:]
        page = Page(
            checkpoint=signed.note,
            size=signed.size,
            entries=oversight.shown(db, found[:limit], signed.size, confidential),
            following=more[0].index if more else None,
        )
        proof = _prove(db, key, logged, signed) if logged and wanted.start == 0 else None
    return Found(page=page, covered=covered, proof=proof)


def _key(wanted: Wanted, confidential: Confidential) -> tuple[bytes, Filter]:
    """The key in the index, and how to look for its entries."""
    onward = range(min(wanted.start, tree.MAX_SIZE), tree.MAX_SIZE)
    if wanted.case is not None and wanted.peer is None:
        case_ref = oversight.case_ref(wanted.case, confidential)
        return case_key(case_ref), Filter(indexes=onward, case_ref=case_ref)
    if wanted.peer is not None and wanted.case is None:
        peer = parse_country(wanted.peer)
        return peer_key(peer), Filter(indexes=onward, peer=peer)
    raise FormatError("name a case or a peer")


def _root(db: Session, size: int, covered: int | None) -> Logged | None:
    """The newest root under a checkpoint, or the one that the answer began with."""
    if covered is None:
        return index.root_within(db, size)
    logged = index.root_at(db, covered) if covered < size else None
    if covered and (logged is None or logged.index is None or logged.index >= size):
        raise NotFound("no_index", "The log has no such index under this checkpoint.")
    return logged


def _listed(db: Session, which: Filter, tail: range, limit: int) -> list[Stored]:
    """The first entries that are the key's, or in the tail."""
    start = which.indexes.start
    found = entries.page(db, replace(which, indexes=range(start, tail.start)), limit)
    rest = Filter(indexes=range(max(start, tail.start), tail.stop))
    return found + entries.page(db, rest, limit - len(found))


def _prove(db: Session, key: bytes, logged: Logged, signed: tree.Signed) -> Proof:
    assert logged.index is not None  # it stands under the checkpoint
    (path,) = proofs.inclusion(db, [(logged.index, signed.size)])
    try:
        records = tries.walk(logged.root, [key], lambda hashes: index.records(db, hashes))
    except KeyError as error:
        raise Unavailable(
            "index_changing",
            "Proofs under this root of the index are not kept any more, or are being made anew.",
            next_step="Ask again for the newest, without size and covered.",
        ) from error
    return Proof(
        index=logged.index,
        leaf=entries.bodies(db, [logged.index])[logged.index],
        proof=format_proof(logged.index, path, signed.note),
        trie=tries.prove(logged.root, key, records),
    )
