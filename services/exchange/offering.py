"""Use case: what a peer may read here: what we offer it, and its own entries as we keep them.

A package is offered to its recipient and to nobody else, from the moment the log has proven its entry.
To any other country it does not exist.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from services.exchange import holding, keeping
from services.exchange.records import Package
from services.exchange.states import Direction, PackageState
from services.exchange.store import Session, contents, entries, packages, requests
from services.exchange.store import channels as heads
from services.exchange.store.entries import StoredEntry
from services.exchange.vault import BLOCK, Vault
from shared.protocol import identifiers
from shared.protocol.law.lifecycle import State
from shared.runtime.database import Database
from shared.runtime.refusals import Conflict, NotFound, Unavailable

OFFERED = frozenset(
    {
        PackageState.RELEASED,
        PackageState.RECEIVED,
        PackageState.VERIFIED,
        PackageState.DISPUTED,
        PackageState.IN_USE,
    }
)
_ON_ITS_WAY = frozenset({PackageState.RELEASED, PackageState.RECEIVED, PackageState.DISPUTED})
_GIVEN_UP = frozenset({State.WITHDRAWN, State.LAPSED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """Octets to be sent, block by block."""

    size: int
    sha256: bytes  # as it was stored
    blocks: Iterator[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldHead:
    """The last entry of one direction as we keep it, with its writer's signatures."""

    channel: str
    epoch: int
    seq: int
    hash: str
    entry: str


def index(package_id: str, *, peer: str, database: Database, vault: Vault) -> bytes:
    """Return the segment index of a package that is offered to this peer.

    Raises:
        NotFound: none is.
        Conflict: a challenge holds it.
        Unavailable: it is not in the vault.
    """
    with database.read() as db:
        package = _offered(db, package_id, peer)
    try:
        return vault.read(package.index_blob or "")
    except OSError as error:
        raise _lost("The segment index") from error


def sealed_segment(
    package_id: str, item_id: str, n: int, *, peer: str, database: Database, vault: Vault
) -> Stream:
    """Return a sealed segment of a package that is offered to this peer.

    Raises:
        NotFound: there is no such segment for this peer.
        Conflict: a challenge holds the package.
        Unavailable: it is not in the vault.
    """
    with database.read() as db:
        _offered(db, package_id, peer)
        segment = contents.segment(db, package_id, item_id, n)
    if segment is None:
        raise NotFound("unknown_segment", "The package has no such segment.")
    if not vault.has(segment.digest):
        raise _lost(f"Segment {n} of item {item_id}")
    return Stream(
        size=segment.size,
        sha256=bytes.fromhex(segment.digest),
        blocks=stored_blocks(vault, segment.digest),
    )


def stored_blocks(vault: Vault, digest: str) -> Iterator[bytes]:
    """Give a blob block by block."""
    with vault.open(digest) as file:
        while block := file.read(BLOCK):
            yield block


def held_heads(*, peer: str, country: str, database: Database) -> list[HeldHead]:
    """Return the last entry of both directions between us and a peer."""
    pair = (identifiers.channel(peer, country), identifiers.channel(country, peer))
    with database.read() as db:
        found = [_last(db, name) for name in pair]
    return [
        HeldHead(
            channel=entry.channel,
            epoch=entry.epoch,
            seq=entry.seq,
            hash=entry.hash,
            entry=entry.jws.decode(),
        )
        for entry in found
        if entry is not None
    ]


def held_entries(
    *, peer: str, country: str, epoch: int, seq: int, database: Database
) -> list[StoredEntry]:
    """Return the peer's own entries as we keep them, from a place on: it was restored and lacks them."""
    with database.read() as db:
        return entries.since(db, identifiers.channel(peer, country), epoch, seq)


def _last(db: Session, name: str) -> StoredEntry | None:
    channel = heads.find(db, name)
    if channel is None or channel.head is None:
        return None
    return entries.at(db, name, channel.head.epoch, channel.head.seq)


def _offered(db: Session, package_id: str, peer: str) -> Package:
    package = packages.find(db, package_id)
    offered = package.direction is Direction.OUT and package.state in OFFERED
    if package.peer != peer or not offered:
        raise NotFound("unknown_package", "There is no package of this id here.")
    holding.check_free(db, package)
    keeping.check_usable(db, package)
    _check_wanted(db, package)
    return package


def _check_wanted(db: Session, package: Package) -> None:
    """Check that what has not arrived yet still answers a request.

    Raises:
        Conflict: the request was withdrawn, or its time ran out.
    """
    if package.state in _ON_ITS_WAY and requests.find(db, package.request_id).state in _GIVEN_UP:
        raise Conflict(
            "request_given_up",
            "The request was given up before this package arrived.",
            rule="T24; EIO 6(3)",
            next_step="Send a new request if the evidence is needed after all.",
        )


def _lost(what: str) -> Unavailable:
    return Unavailable(
        "not_in_vault",
        f"{what} is on record, but not in the vault.",
        next_step="Have the operators of the sending node restore the vault.",
    )
