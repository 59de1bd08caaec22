"""What is kept beside the entries: openings, the peers' leaves, and the place of each event's letter."""

from collections.abc import Sequence

from services.audit.alarms import CorruptLog
from services.audit.catalogue import LOG_OPENED
from services.audit.composition import peer_receipt
from services.audit.confidential import Confidential, open_opening
from services.audit.store import Session, entries, pages
from services.audit.store.entries import PeerLeaf, SealedOpening
from services.audit.store.pages import Row
from shared.protocol import canonical
from shared.protocol.errors import ProtocolError
from shared.protocol.scanning import Scanned


def check(
    db: Session,
    page: range,
    rows: Sequence[Row],
    leaves: Sequence[Scanned],
    confidential: Confidential,
) -> None:
    """Check all that is kept beside the entries of a page; `leaves` are those that could be read.

    Raises:
        CorruptLog: something does not belong to its entry; of several kinds, one is told.
    """
    page = page[: len(leaves)]
    _check_openings(db, page, rows, leaves, confidential)
    _check_counterparts(db, page, leaves)
    wrong = pages.first_misplaced(db, page)
    if wrong is not None:
        raise CorruptLog(wrong, "its event has another place in the inbox")


def _check_openings(
    db: Session,
    page: range,
    rows: Sequence[Row],
    leaves: Sequence[Scanned],
    confidential: Confidential,
) -> None:
    """Check that what is left of a page's openings opens, and that the leaves commit to it."""
    sealed = pages.openings(db, page)
    wrapped = entries.case_keys(db, {each.owner for each in sealed})
    keys: dict[str, bytes] = {}
    for each in sealed:
        at = each.index - page.start
        if each.owner in wrapped:
            try:
                if each.owner not in keys:
                    keys[each.owner] = confidential.case_key(each.owner, wrapped[each.owner])
                _check_opening(each, rows[at], leaves[at], keys[each.owner])
            except ProtocolError as error:
                raise CorruptLog(each.index, f"an opening is bad: {error.detail}") from error


def _check_opening(sealed: SealedOpening, row: Row, leaf: Scanned, key: bytes) -> None:
    opening = open_opening(
        key, sealed.index, name=sealed.name, salt=sealed.salt, sealed=sealed.sealed
    )
    if sealed.owner not in (row.case_ref, row.event_id):
        raise CorruptLog(sealed.index, "an opening is kept under the key of another case")
    if f'"{opening.name}":"{opening.commitment()}"'.encode() not in leaf.commit:
        raise CorruptLog(sealed.index, "an opening is bad: the leaf does not commit to this value")


def _check_counterparts(db: Session, page: range, leaves: Sequence[Scanned]) -> None:
    """Check that the peers' leaves of a page are those whose places the entries tell, no more, no fewer."""
    kept = {each.index: each for each in entries.counterparts(db, page, len(page))}
    for index, leaf in zip(page, leaves, strict=False):
        told = None if leaf.type == LOG_OPENED.encode() else leaf.peer_receipt
        if (told is not None) != (index in kept) or (told and told != _place(kept[index])):
            raise CorruptLog(index, "the peer's leaf beside it is not the one that it tells of")


def _place(kept: PeerLeaf) -> tuple[bytes, bytes, bytes, bytes] | None:
    """Where a peer's leaf stands in its log, as leaves write it; None if that is not proven."""
    try:
        place = peer_receipt(kept.leaf, kept.proof)
    except ProtocolError:
        return None
    root = canonical.b64(place.root).encode()
    return b"%d" % place.index, place.origin.encode(), root, b"%d" % place.size
