"""What a package holds: its declared items and their sealed segments."""

from collections.abc import Iterable

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from services.exchange.records import StoredItem, StoredSegment
from services.exchange.tables import ItemRow, SegmentRow
from shared.runtime.refusals import NotFound


def add_item(db: Session, item: StoredItem) -> None:
    """Put a declared item on record."""
    db.add(
        ItemRow(
            package_id=item.package_id,
            item_id=item.item_id,
            ordinal=item.ordinal,
            sealed_declaration=item.sealed_declaration,
            declaration_mac=item.declaration_mac,
            name_mac=item.name_mac,
            size=item.size,
            segments=item.segments,
            checked=item.checked,
        )
    )
    db.flush()


def look_for_item(db: Session, package_id: str, item_id: str) -> StoredItem | None:
    """Return an item, or None when it was not declared."""
    row = db.get(ItemRow, (package_id, item_id), populate_existing=True)
    return None if row is None else _item(row)


def item(db: Session, package_id: str, item_id: str) -> StoredItem:
    """Return an item.

    Raises:
        NotFound: it was not declared.
    """
    found = look_for_item(db, package_id, item_id)
    if found is None:
        raise NotFound(
            "unknown_item",
            "No such item was declared in this package.",
            next_step="Declare the item (its name, size and SHA-256) before its segments.",
        )
    return found


def items(db: Session, package_id: str) -> tuple[StoredItem, ...]:
    """Return the items in the order of their declaration."""
    rows = db.scalars(
        select(ItemRow)
        .where(ItemRow.package_id == package_id)
        .order_by(ItemRow.ordinal)
        .execution_options(populate_existing=True)
    )
    return tuple(_item(row) for row in rows)


def name_taken(db: Session, package_id: str, name_mac: bytes) -> bool:
    """Return whether an item of the package has this name."""
    taken = select(ItemRow.item_id).where(
        ItemRow.package_id == package_id, ItemRow.name_mac == name_mac
    )
    return db.scalar(taken) is not None


def next_ordinal(db: Session, package_id: str) -> int:
    """Return the place behind the last item."""
    last = db.scalar(select(func.max(ItemRow.ordinal)).where(ItemRow.package_id == package_id))
    return 0 if last is None else last + 1


def set_checked(db: Session, package_id: str, item_ids: Iterable[str]) -> None:
    """Note that the pass under way found items right."""
    for item_id in item_ids:
        db.execute(
            update(ItemRow)
            .where(ItemRow.package_id == package_id, ItemRow.item_id == item_id)
            .values(checked=True)
        )


def forget_checks(db: Session, package_id: str) -> None:
    """Begin a new pass over all items."""
    db.execute(update(ItemRow).where(ItemRow.package_id == package_id).values(checked=False))


def redeclare(db: Session, package_id: str, item_id: str, sealed: bytes, mac: bytes) -> None:
    """Put what is said of a file anew in place of what was said."""
    db.execute(
        update(ItemRow)
        .where(ItemRow.package_id == package_id, ItemRow.item_id == item_id)
        .values(sealed_declaration=sealed, declaration_mac=mac)
    )


def delete_item(db: Session, package_id: str, item_id: str) -> None:
    """Forget an item and its segments."""
    for table in (SegmentRow, ItemRow):
        db.execute(delete(table).where(table.package_id == package_id, table.item_id == item_id))


def add_segments(db: Session, segments: Iterable[StoredSegment]) -> None:
    """Put sealed segments on record."""
    db.add_all(
        SegmentRow(
            package_id=segment.package_id,
            item_id=segment.item_id,
            n=segment.n,
            digest=segment.digest,
            size=segment.size,
            mac=segment.mac,
            stored=segment.stored,
        )
        for segment in segments
    )
    db.flush()


def segment(db: Session, package_id: str, item_id: str, n: int) -> StoredSegment | None:
    """Return a segment, or None when there is none of that number."""
    row = db.get(SegmentRow, (package_id, item_id, n), populate_existing=True)
    return None if row is None else _segment(row)


def segments(db: Session, package_id: str, item_id: str) -> tuple[StoredSegment, ...]:
    """Return an item's segments in order."""
    rows = db.scalars(
        select(SegmentRow)
        .where(SegmentRow.package_id == package_id, SegmentRow.item_id == item_id)
        .order_by(SegmentRow.n)
        .execution_options(populate_existing=True)
    )
    return tuple(_segment(row) for row in rows)


def stored_counts(db: Session, package_id: str) -> dict[str, int]:
    """Return how many segments of each item are stored."""
    rows = db.execute(
        select(SegmentRow.item_id, func.count())
        .where(SegmentRow.package_id == package_id, SegmentRow.stored)
        .group_by(SegmentRow.item_id)
    )
    return dict(rows.all())


def _item(row: ItemRow) -> StoredItem:
    return StoredItem(
        package_id=row.package_id,
        item_id=row.item_id,
        ordinal=row.ordinal,
        sealed_declaration=row.sealed_declaration,
        declaration_mac=row.declaration_mac,
        name_mac=row.name_mac,
        size=row.size,
        segments=row.segments,
        checked=row.checked,
    )


def _segment(row: SegmentRow) -> StoredSegment:
    return StoredSegment(
        package_id=row.package_id,
        item_id=row.item_id,
        n=row.n,
        digest=row.digest,
        size=row.size,
        mac=row.mac,
        stored=row.stored,
    )
