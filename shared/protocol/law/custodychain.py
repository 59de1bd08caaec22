"""The chain of an item's custody records: how they follow from each other (custody.md, 2)."""

import secrets
from collections.abc import Iterable
from typing import Annotated, Final

from pydantic import Field

from shared.protocol.errors import ChainError
from shared.protocol.law.custody import Act, Count, Hashes, Record, Source, Statement
from shared.protocol.law.forms import Form
from shared.protocol.law.texts import Id, Line, moment

GENESIS: Final = "0" * 64
"""What the first record of an item names as the one before it."""


class Subject(Form):
    """The item that records are about: what stays the same from record to record."""

    package_id: Id
    item_id: Id
    root_item_id: Id
    derived_from: Annotated[tuple[Source, ...], Field(strict=False)] = ()
    size: Count
    media_type: Line


def follow(
    last: Record | None, statement: Statement, subject: Subject, *, country: str, at: str
) -> Record:
    """Write the record of an act behind the last one of an item.

    Args:
        last: the record before it: of this country, or the one by which the other country sealed the item.
        statement: what was done.
        subject: to which item.
        country: who writes it.
        at: when it is written, by the node's clock.
    """
    return Record(
        **{name: getattr(statement, name) for name in Statement.model_fields},
        **{name: getattr(subject, name) for name in Subject.model_fields},
        country=country,
        n=0 if last is None else last.n + 1,
        recorded_at=at,
        salt=secrets.token_hex(16),
        prev=GENESIS if last is None else last.digest,
    )


def by_item(records: Iterable[Record]) -> dict[str, list[Record]]:
    """Put records with their items, in the order given."""
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.item_id, []).append(record)
    return found


def check_chain(records: Iterable[Record]) -> dict[str, Record]:
    """Check the records of one item: unbroken, and no change of content without its reason.

    The country that sealed the item begins; the other's records follow from the sealed one, so what both
    wrote is one tree with its fork where the item crossed the border.

    Args:
        records: of one item, each country's in order.

    Returns:
        The last record of each country.

    Raises:
        ChainError: a record does not follow, is of another item, or hides a change.
    """
    last: dict[str, Record] = {}
    known: dict[str, Hashes] = {}
    sealed: Record | None = None
    for record in records:
        before = last.get(record.country, sealed)
        if last and before is None:
            raise _broken(record, "another country's record comes before the item was sealed")
        if record.act is Act.SEALED and sealed is not None:
            raise _broken(record, "an item is sealed once in a package")
        _check_follows(before, record)
        held = known.get(record.country, {} if sealed is None else known[sealed.country])
        known[record.country] = _content(held, record)
        last[record.country] = record
        sealed = record if record.act is Act.SEALED else sealed
    return last


def _check_follows(before: Record | None, record: Record) -> None:
    place = (0, GENESIS) if before is None else (before.n + 1, before.digest)
    if (record.n, record.prev) != place:
        raise _broken(record, "it does not follow from the record before it")
    if before is None:
        return
    for name in ("package_id", "item_id", "root_item_id"):
        if getattr(before, name) != getattr(record, name):
            raise _broken(record, f"its {name} is another")
    if before.country == record.country and moment(before.recorded_at) > moment(record.recorded_at):
        raise _broken(record, "it was written before the record before it")


def _content(held: Hashes, record: Record) -> Hashes:
    """Give the digests that the item has after a record; one that changes has its change explained."""
    if record.change is not None:
        return record.outputs or record.inputs
    for name, digest in record.inputs.items():
        if held.get(name, digest) != digest:
            raise _broken(record, f"the item is another ({name}) than the record before it left")
    for name, digest in record.outputs.items():
        if (held | record.inputs).get(name, digest) != digest:
            raise _broken(record, f"the act changed the item ({name}), and it is not said why")
    return held | record.inputs | record.outputs


def _broken(record: Record, why: str) -> ChainError:
    place = f"item {record.item_id}, record {record.n} of {record.country} ({record.act})"
    return ChainError(f"{place}: {why}", item=record.item_id, record=record.n)
