"""Custody as a sender writes it, for tests to start from."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace

from shared.protocol.digests import sha256
from shared.protocol.identifiers import ItemId
from shared.protocol.law.custody import (
    Authorisation,
    Change,
    Performer,
    Record,
    Source,
    Statement,
    TimeSource,
    Tool,
)
from shared.protocol.law.custodychain import Subject, follow
from shared.protocol.law.custodyfile import Closing, Custody, Held, LeftOut, close_custody
from shared.protocol.law.custodytrace import (
    Asked,
    Condition,
    Exhibit,
    HandOver,
    Told,
    Trace,
    trace,
)
from shared.protocol.manifest import Item

AT = "2026-11-21T12:00:00.000Z"
NODE = Performer(role="node", authority="Ministry of Justice")
OFFICER = Performer(person="QN-7", role="investigator", authority="Police of QN")
CLOCK = TimeSource(source="node", offset=0)
WARRANT = Authorisation(
    type="search warrant",
    number="W-12345",
    court="District Court of QN",
    valid_from="2026-11-01",
    valid_to="2026-12-01",
)
ORDER = Authorisation(type="order", number="O-1", court="District Court of QN")  # without an end


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


PACKAGE = "01a20143-90a0-7d11-a3f2-5b9c21a07e44"
ITEM = ItemId("01a20144-0c11-7a52-9d3e-2f6b8c4d1e90")
ORIGINAL = Source(item_id="01a20144-0000-7a52-9d3e-2f6b8c4d1e90", relation="REDACTION")


def account(content: bytes = b"a mailbox", name: str = "mail <b>box</b>.mbox") -> Trace:
    """An account of one item that was redacted, sent, received and read; another was left out."""
    item = Item(
        item_id=ITEM,
        path="data/mail.mbox",
        size=len(content),
        sha256=sha256(content),
        media_type="application/mbox",
    )
    exhibit = Exhibit(item_id=ITEM, path=item.path, original_name=name)
    return trace(_told(exhibit), {ITEM: _taken(_sent(item, content), item.sha256.hex())})


def _sent(item: Item, content: bytes) -> list[Record]:
    whole, now = sha256(b"the whole mailbox").hex(), {"sha256": item.sha256.hex()}
    change = Change(what="letters of counsel", why="privileged")
    before = [
        statement("SEIZED", tool=None, authorisation=None),
        statement("IMAGED", outputs={"sha256": whole, "md5": "ab" * 16}),
        statement(
            "REDACTED", inputs={"sha256": whole}, outputs=now, change=change, authorisation=ORDER
        ),
    ]
    one = held(item, PACKAGE, before=before, content=content)
    root = {"root_item_id": ORIGINAL.item_id, "derived_from": (ORIGINAL,)}
    one = replace(one, subject=one.subject.model_copy(update=root))
    tool = Tool(name="Rogatory", version="rogatory-1")
    closing = Closing(country="QN", performer=NODE, tool=tool, clock=CLOCK, begun=AT, ended=AT)
    return list(close_custody(PACKAGE, [one], closing).items[item.item_id])


def _taken(chain: list[Record], digest: str) -> list[Record]:
    """Go on in the other country."""
    last, now = chain[-1], {"sha256": digest}
    subject = Subject(**{name: getattr(last, name) for name in Subject.model_fields})
    later = {"tool": Tool(name="Rogatory"), "started_at": AT, "ended_at": AT, "authorisation": None}
    acts: dict[str, dict[str, object]] = {
        "RECEIVED": {"outputs": now, "seal": "ab" * 48, "countersigned": "cd" * 48},
        "OPENED": {"reason": "read from segment 0 on"},
        "EXPORTED": {"outputs": now},
    }
    for act, more in acts.items():
        said = statement(act, inputs=now, **later, **more)
        chain.append(follow(chain[-1], said, subject, country="QM", at=AT))
    return chain


def _told(exhibit: Exhibit) -> Told:
    handed = HandOver(
        what="package",
        country="QN",
        channel="QN>QM",
        epoch=0,
        seq=7,
        hash="ab" * 48,
        at=AT,
        log_index=12,
    )
    asked = Asked(
        reference="QM-2026-0042",
        authority="Prosecutor of QM",
        legal_basis=("BUD 31",),
        purpose="to find out who did it",
        formalities=("affidavit of the custodian",),
    )
    return Told(
        package_id=PACKAGE,
        request_id="01a1fdfa-4600-7c63-8c66-804dc68564d2",
        sender="QN",
        sender_name="Ministry of Justice of QN",
        receiver="QM",
        receiver_name="Ministry of Justice of QM",
        shown_by="QM",
        made_at=AT,
        state="IN_USE",
        index_sha384="ef" * 48,
        tagmanifest_sha256="12" * 32,
        asked=asked,
        exhibits=(exhibit,),
        handovers=(handed,),
        conditions=(Condition(code="COND-05", text="By then", parameters={"until": "2027-11-21"}),),
        left_out=(LeftOut(item_id="01a20144-1111-7a52-9d3e-2f6b8c4d1e90", why="PRIVILEGED"),),
    )


def custody_file() -> bytes:
    """What travels with the package of `account`: its records up to the seal."""
    sealed = {item: chain[:5] for item, chain in account().records.items()}
    return Custody(package_id=PACKAGE, country="QN", items=sealed).to_bytes()
