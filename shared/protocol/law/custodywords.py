"""What a custody report says of a record, in words and cells; whatever somebody wrote is text and no more."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from shared.protocol.law.custody import Record
from shared.protocol.law.custodytrace import Exhibit

NOT_TOLD: Final = '<p class="none">Not told.</p>'


def by(record: Record) -> str:
    """Who did it."""
    who = record.performer
    return ", ".join(part for part in (who.person, who.role, who.authority) if part)


def order(record: Record) -> str:
    """What allowed it."""
    given = record.authorisation
    if given is None:
        return ""
    until = f", valid to {given.valid_to}" if given.valid_to else ""
    return f"{given.type} {given.number}, {given.court}{until}"


def tool(record: Record) -> str:
    """With what."""
    used = record.tool
    parts = (used.name, used.version, used.settings) if used else ()
    return " ".join(part for part in parts if part)


def when(record: Record) -> str:
    """From when to when, and by whose clock."""
    span = dict.fromkeys((record.started_at, record.ended_at))
    clock = record.clock
    ahead = f", {clock.offset} s ahead" if clock and clock.offset else ""
    return " to ".join(span) + (f" ({clock.source}{ahead})" if clock else "")


def exhibit(item: Exhibit) -> str:
    """An item, by its name where that is known."""
    name = f"<br><bdi>{escape(item.original_name)}</bdi>" if item.original_name else ""
    return f"<code>{escape(item.item_id)}</code>{name}"


def digest(value: str | None) -> str:
    """A digest or a hash."""
    return f"<code>{escape(value)}</code>" if value else ""


def text(said: str) -> str:
    """A text."""
    return f"<bdi>{escape(said)}</bdi>"


def line(said: str) -> str:
    """A paragraph."""
    return f"<p>{text(said)}</p>"


def table(heads: Iterable[str], rows: Sequence[Sequence[str]]) -> str:
    """A table, or that nothing was told."""
    if not rows:
        return NOT_TOLD
    head = "".join(f"<th>{escape(each)}</th>" for each in heads)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table><tr>{head}</tr>{body}</table>"
