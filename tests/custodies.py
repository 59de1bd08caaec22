"""Custody as a sender writes it, for tests to start from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from shared.protocol.law.custody import Authorisation, Performer, Statement, TimeSource, Tool
from shared.protocol.law.custodychain import Subject
from shared.protocol.law.custodyfile import Closing, Custody, Held, LeftOut, close_custody
from shared.protocol.manifest import Item

AT = "2026-11-21T12:00:00.000Z"
NODE = Performer(role="node", authority="Ministry of Justice")
OFFICER = Performer(person="QN-7", role="investigator", authority="Police of QN")
CLOCK = TimeSource(source="node", offset=0)
WARRANT = Authorisation(type="search warrant", number="W-12345", court="District Court of QN")


def statement(act: str = "RECEIVED_FROM_PROVIDER", **changed: object) -> Statement:
    """Say what was done before the node had it."""
    parts: dict[str, object] = {
        "act": act,
        "performer": OFFICER,
        "tool": Tool(name="dd", version="9.4"),
        "authorisation": WARRANT,
        "place": "Evidence room, QN",
        "started_at": "2026-11-20T10:00:00+01:00",
        "ended_at": "2026-11-20T10:30:00+01:00",
        "clock": TimeSource(source="workstation", offset=2),
        **changed,
    }
    return Statement(**parts)  # type: ignore[arg-type]


def held(
    item: Item, package_id: str, *, before: Sequence[Statement] = (), content: bytes | None = None
) -> Held:
    """An item as a closer has read it back."""
    found = {"sha256": item.sha256.hex()}
    more = {} if content is None else {"blake2b": hashlib.blake2b(content).hexdigest()}
    subject = Subject(
        package_id=package_id,
        item_id=item.item_id,
        root_item_id=item.item_id,
        size=item.size,
        media_type=item.media_type,
    )
    return Held(subject=subject, before=before, declared=found, computed=found | more)


def closed(
    items: Sequence[Item],
    package_id: str,
    *,
    country: str = "QN",
    before: Mapping[str, Sequence[Statement]] | None = None,
    left_out: Sequence[LeftOut] = (),
) -> Custody:
    """The custody of a package that was closed."""
    told = before or {}
    closing = Closing(
        country=country,
        performer=NODE,
        tool=Tool(name="Rogatory"),
        clock=CLOCK,
        begun=AT,
        ended=AT,
    )
    rows = [held(item, package_id, before=told.get(item.item_id, ())) for item in items]
    return close_custody(package_id, rows, closing, left_out=left_out)
