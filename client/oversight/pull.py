"""Bring a mirror up to date: the log first, then what must hold all of it.

The chains and counterparts are read after the checkpoint, so whatever the mirrored log tells of must be in
them. Full tiles never change and are read once; `compare_all` reads them again, for a node that serves
something else now than it did has rewritten its log.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from client.errors import MissingError, UsageError, VerificationFailedError
from client.oversight.mirror import (
    CASE_KEY,
    CHECKPOINT,
    DIRECTORY,
    Mirror,
    counterpart_paths,
    entry_bundles,
    hash_tiles,
    size_of,
    tile_path,
)
from client.oversight.stamps import pull_stamps
from client.sdk.records import as_list, as_object, number, text
from client.sdk.session import Session
from shared.protocol.canonical import Json, unb64u
from shared.protocol.chainfolder import Link
from shared.protocol.checkpoints import Checkpoint, read_checkpoint
from shared.protocol.digests import sha256
from shared.protocol.identifiers import Country, channel
from shared.protocol.notes import read_note
from shared.protocol.tiles import WIDTH, Tile
from shared.protocol.trust import Member, read_bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What a mirror holds now, and held before."""

    origin: str
    size: int
    before: int
    counterparts: int
    links: int
    stamps: int


@dataclass(frozen=True, slots=True)
class Source:
    """Where a log is read at its node: the one that is written, or a closed one by its origin."""

    closed: str | None = None

    @property
    def prefix(self) -> str:
        """The path under which its checkpoint and tiles are."""
        return f"/logs/{sha256(self.closed.encode()).hex()}" if self.closed else "/log"

    @property
    def query(self) -> dict[str, str]:
        """What is asked of everything else, beside its own question."""
        return {"log": self.closed} if self.closed else {}


def pull(
    session: Session,
    mirror: Mirror,
    *,
    pinned_root: bytes,
    compare_all: bool,
    log: str | None = None,
) -> Pulled:
    """Bring a mirror up to date.

    Args:
        session: with the scope audit:read and a purpose.
        mirror: an earlier one of the same log, or an empty folder.
        pinned_root: of the directory.
        compare_all: whether to read again what cannot have changed.
        log: the origin of a log that was closed; by default the mirror's, or the one that is written.

    Raises:
        VerificationFailedError: the log went back, or serves other tiles than before.
        UsageError: the directory knows no such log.
    """
    before = _before(mirror)
    note = pull_head(session, mirror, pinned_root=pinned_root, compare_all=compare_all, log=log)
    members, stated = read_bundle(mirror.read(DIRECTORY), pinned_root), _stated(note)
    source = _source(members, mirror, log)
    if not mirror.has(CASE_KEY):  # the first entry commits to it: it never changes
        mirror.write(CASE_KEY, unb64u(text(session.get("/v1/audit/key"), "key")), mode=0o600)
    for tile in entry_bundles(stated.size):
        _fetch(session, mirror, tile, source, again=compare_all)
    mirror.write(CHECKPOINT, note.encode())
    mirror.settle(stated.size)
    for tile in (*hash_tiles(stated.size), *entry_bundles(stated.size)):
        if tile.width < WIDTH or before is None or tile.sizes()[0] > before.size:
            mirror.drop_narrower(tile)
    own = next(
        member
        for member in members.values()
        if member.log_named(stated.origin).origin == stated.origin
    )
    return Pulled(
        origin=stated.origin,
        size=stated.size,
        before=before.size if before else 0,
        counterparts=_pull_counterparts(session, mirror, source),
        links=sum(_pull_links(session, mirror, own, peer) for peer in members.values()),
        stamps=pull_stamps(session, mirror, size=stated.size, query=source.query),
    )


def pull_head(
    session: Session,
    mirror: Mirror,
    *,
    pinned_root: bytes,
    compare_all: bool,
    log: str | None = None,
) -> str:
    """Fetch directory, newest checkpoint and hash tiles: all that is read without a trace in the log.

    The mirror stays what it was, and keeps the checkpoint among its heads.

    Returns:
        The checkpoint.

    Raises:
        VerificationFailedError: the log went back, or serves other tiles than before.
        UsageError: the directory knows no such log.
    """
    directory = session.content(session.call("GET", "/v1/directory"))
    members = read_bundle(directory, pinned_root)
    mirror.keep_directory(directory)
    source = _source(members, mirror, log)
    note = session.content(session.call("GET", f"{source.prefix}/checkpoint")).decode()
    stated, before = _stated(note), _before(mirror)
    seen = max([before.size if before else 0, *(size_of(name) for name, _ in mirror.checkpoints())])
    mirror.keep_head(note)
    if (before and before.origin != stated.origin) or seen > stated.size:
        mirror.settle(seen)  # from now on `audit verify` tells of it
        raise VerificationFailedError(
            f"the log went back: it had {seen} entries and now shows {stated.size}",
            code="inconsistent_log",
            next_step="keep this mirror: both signed checkpoints are in it, and prove it",
        )
    for tile in hash_tiles(stated.size):
        _fetch(session, mirror, tile, source, again=compare_all)
    return note


def _source(members: Mapping[Country, Member], mirror: Mirror, log: str | None) -> Source:
    """Say where to read: a mirror stays the mirror of its log, when that is closed as well."""
    before = _before(mirror)
    wanted = log or (before.origin if before else None)
    if wanted is None or any(member.log_origin == wanted for member in members.values()):
        return Source()
    if any(wanted == each.origin for member in members.values() for each in member.closed_logs):
        return Source(wanted)
    raise UsageError(
        f"the directory knows no log {wanted}",
        code="unknown_log",
        next_step="read a log that follows another one into a folder of its own",
    )


def _stated(note: str) -> Checkpoint:
    return read_checkpoint(read_note(note).text)


def _before(mirror: Mirror) -> Checkpoint | None:
    return _stated(mirror.read(CHECKPOINT).decode()) if mirror.has(CHECKPOINT) else None


def _fetch(session: Session, mirror: Mirror, tile: Tile, source: Source, *, again: bool) -> None:
    path = tile_path(tile)
    known = mirror.read(path) if mirror.has(path) else None
    if known is not None and not again:
        return
    content = session.content(session.call("GET", f"{source.prefix}/{path}"))
    if known not in {None, content}:
        raise VerificationFailedError(
            f"{path} is not what it was: the log was rewritten",
            code="inconsistent_log",
            next_step="keep this mirror and show it to the other country's overseer",
        )
    mirror.write(path, content)


def _pull_counterparts(session: Session, mirror: Mirror, source: Source) -> int:
    """Fetch the counterparts that are not here yet; give how many came."""
    came, start = 0, mirror.next_counterpart()
    while True:
        page = session.get("/v1/audit/counterparts", **source.query, **{"from": start})
        for row in as_list(page.get("counterparts")):
            record = as_object(row)
            leaf, proof = counterpart_paths(number(record, "index"))
            mirror.write(leaf, unb64u(text(record, "leaf")))
            mirror.write(proof, text(record, "proof").encode())
            came += 1
        if page.get("next") is None:
            return came
        start = number(page, "next")


def _pull_links(session: Session, mirror: Mirror, own: Member, peer: Member) -> int:
    if peer.country == own.country:
        return 0
    try:
        answer = session.get(f"/v1/audit/channels/{peer.country}/links")
    except MissingError:
        return 0  # nothing was ever exchanged with this country
    links = [_link(row) for row in as_list(answer.get("links"))]
    for name in (channel(own.country, peer.country), channel(peer.country, own.country)):
        mirror.write_links(name, [link for link in links if link.channel == name])
    return len(links)


def _link(row: Json) -> Link:
    record = as_object(row)
    return Link.read({name: record.get(name) for name in Link.model_fields})
