"""Who holds a gateway that is not theirs: writes entries in its country's name, with a key of their own."""

from __future__ import annotations

from deploy.stories.node import Node
from services.exchange.store import channels as heads
from services.exchange.store import entries
from shared.protocol import canonical, channels, identifiers
from shared.protocol.canonical import Json
from shared.protocol.entries import BODIES, EntryType, sign_entry
from shared.protocol.identifiers import Country, new_id
from shared.protocol.keys import SealKey
from shared.protocol.messages import Envelope
from shared.runtime.clock import Clock


def forge(node: Node, to: str, document: dict[str, Json], clock: Clock) -> tuple[int, str]:
    """Send a request that continues a country's chain, sealed with a wrong key.

    The leaf and its proof are stolen from an entry that was sent before.

    Returns:
        Status and code of the answer of the country that was to be deceived.
    """
    database = node.database("exchange")
    assert database is not None
    channel = identifiers.channel(Country(node.country), Country(to))
    with database.read() as db:
        known = heads.find(db, channel)
        assert known is not None
        assert known.head is not None
        last = entries.at(db, channel, known.head.epoch, known.head.seq)
    assert last is not None
    assert last.leaf is not None
    now = clock()
    request = new_id(now)
    body = {"request_id": request, "version": 1, "document": document, "approvals": []}
    entry = channels.next_entry(
        known.head,
        type=EntryType.REQUEST,
        sender=Country(node.country),
        recipient=Country(to),
        peer=None,
        iat=int(now.timestamp()),
        request=request,
        body=BODIES[EntryType.REQUEST].read(body),
    )
    envelope = Envelope(
        entry=sign_entry(entry, SealKey.generate()).decode(),
        leaf=canonical.b64u(last.leaf),
        proof=last.proof or "",
        old_size=0,
        consistency=(),
    )
    return node.send(to, envelope.to_bytes())
