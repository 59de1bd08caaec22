"""A matter is put together here, and nowhere else: everything that gates may look at, as it stands now.

What is bound up with conditions, challenges and emergencies comes from `SOURCES`: functions that know
their own part of the store, and return fields of a `Matter`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from services.exchange import (
    approving,
    binding,
    casework,
    gatefacts,
    holding,
    informing,
    keeping,
    supplying,
    urgent,
)
from services.exchange.approving import Subject
from services.exchange.bench import Bench
from services.exchange.gating.matter import Finding, Item, Matter, Side
from services.exchange.keyring import Declaration
from services.exchange.records import Package, Request
from services.exchange.states import Actor, Direction
from services.exchange.store import Session, contents
from shared.protocol.approvals import (
    PACKAGE_CLEAR,
    PACKAGE_PREPARE,
    REQUEST_APPROVE,
    REQUEST_PREPARE,
)
from shared.protocol.digests import sha256, sha384
from shared.protocol.identifiers import Country
from shared.protocol.law.documents import Document
from shared.protocol.law.pairs import Pair
from shared.protocol.law.shapes import Instrument, Preservation
from shared.runtime.directory import Directory
from shared.runtime.refusals import Conflict

Source = Callable[[Session, Request, Package | None, datetime], Mapping[str, Any]]
SOURCES: list[Source] = [binding.matter, keeping.matter, urgent.matter, informing.matter]


def of_request(
    db: Session, request: Request, *, measures: Sequence[str] = (), bench: Bench, actor: Actor
) -> Matter:
    """Return the matter of a request, at an act on some of its measures (none: all)."""
    subject = Subject(
        act=REQUEST_APPROVE,
        object_id=request.id,
        version=request.version,
        digest=request.digest,
    )
    asking = request.direction is Direction.OUT
    held = approving.given(db, subject, officers=bench.officers) if asking else ()
    prepared = [each.officer for each in held if each.act == REQUEST_PREPARE]
    return replace(
        _common(db, request, None, bench=bench, actor=actor),
        concerned=frozenset(measures),
        approvals=held,
        acts=(REQUEST_PREPARE, REQUEST_APPROVE),
        packer=prepared[0] if prepared else None,
        actor=actor.officer,
    )


def of_package(
    db: Session, package: Package, request: Request, *, bench: Bench, actor: Actor
) -> Matter:
    """Return the matter of a package of our own, or of a peer's that is read here."""
    subject = Subject(
        act=PACKAGE_CLEAR,
        object_id=package.id,
        version=package.version,
        digest=package.index_sha384 or "",
    )
    held = [
        each
        for each in approving.given(db, subject, officers=bench.officers)
        if each.act in {PACKAGE_PREPARE, PACKAGE_CLEAR}
    ]
    prepared = [each.officer for each in held if each.act == PACKAGE_PREPARE]
    found = gatefacts.standing(db, package, bench.officers)
    common = _common(db, request, package, bench=bench, actor=actor)
    return replace(
        common,
        concerned=frozenset(package.measures),
        approvals=tuple(held),
        acts=(PACKAGE_PREPARE, PACKAGE_CLEAR),
        packer=prepared[0] if prepared else None,
        findings=(*common.findings, *(each for each in found if isinstance(each, Finding))),
        package_id=package.id,
        items=_items(db, package, gatefacts.seen(found), bench=bench),
        digest=_stored_digest(package, bench),
        closed_digest=package.index_sha384 or "",
    )


def _common(
    db: Session, request: Request, package: Package | None, *, bench: Bench, actor: Actor
) -> Matter:
    """Return what a request and each of its packages have in common."""
    directory, country = bench.directory, bench.keyring.country
    document = supplying.document(db, request)
    side: Side = "requesting" if request.direction is Direction.OUT else "requested"
    asker, asked = (country, request.peer) if side == "requesting" else (request.peer, country)
    today = actor.at.date()
    pair = directory.pair(Country(asker), Country(asked), today)
    instrument, others = _instruments(document, pair, directory, today)
    found = gatefacts.standing(db, request, bench.officers)
    matter = Matter(
        at=actor.at,
        side=side,
        own=directory.members.get(Country(country)),
        peer=directory.members.get(Country(request.peer)),
        instrument=instrument,
        pair=pair,
        log=bench.own_log.standing,
        document=document,
        request_state=request.state,
        request_digest=sha256(request.document).hex(),
        approved_digest=request.digest,
        measures={each.measure_id: each.state for each in request.measures},
        findings=tuple(each for each in found if isinstance(each, Finding)),
        other_instruments=others,
    )
    for source in SOURCES:
        matter = replace(matter, **source(db, request, package, actor.at))
    rule = holding.rule_of(pair, instrument)
    return replace(matter, **holding.facts(db, request, package, rule))


def challenge_rule(db: Session, request: Request, *, bench: Bench, at: datetime) -> holding.Rule:
    """Return what a challenge against measures of a request does, by the profile of the two countries."""
    return holding.rule_of(*_between(db, request, bench=bench, at=at))


def preservation_rule(db: Session, request: Request, *, bench: Bench, at: datetime) -> Preservation:
    """Return how long data is preserved, by the instrument that counts.

    Raises:
        Conflict: it knows no preservation.
    """
    instrument = _between(db, request, bench=bench, at=at)[1]
    if instrument is None or instrument.preservation is None:
        raise Conflict(
            "no_legal_basis",
            "No instrument of the request that is in force knows preservation.",
            rule="G24",
            next_step="Choose another basis, as BUD 29.",
        )
    return instrument.preservation


def _between(
    db: Session, request: Request, *, bench: Bench, at: datetime
) -> tuple[Pair | None, Instrument | None]:
    """Return the profile of the two countries, and the instrument that counts."""
    country, directory, today = bench.keyring.country, bench.directory, at.date()
    ours = request.direction is Direction.OUT
    asker, asked = (country, request.peer) if ours else (request.peer, country)
    pair = directory.pair(Country(asker), Country(asked), today)
    document = supplying.document(db, request)
    return pair, _instruments(document, pair, directory, today)[0]


def _instruments(
    document: Document, pair: Pair | None, directory: Directory, on: date
) -> tuple[Instrument | None, Sequence[Instrument]]:
    """Return the instrument that counts (the first of the basis in force), and the others in force."""
    if pair is None:
        return None, ()
    asker, asked = Country(pair.requesting), Country(pair.requested)
    known = {
        code: directory.instrument(asker, asked, code, on)
        for code in directory.in_force(asker, asked, on)
    }
    named = [each.instrument for each in document.legal_basis or () if each.instrument in known]
    chosen = named[0] if named else None
    others = [each for code, each in known.items() if code != chosen and each is not None]
    return known.get(chosen or ""), others


def _items(
    db: Session, package: Package, seen: Mapping[str, gatefacts.Seen], *, bench: Bench
) -> tuple[Item, ...]:
    """Open what was said of each file; the receiver, who has no such words, has no items here."""
    if package.direction is Direction.IN:
        return ()
    key = casework.package_key(package, bench.keyring)
    return tuple(
        _item(each.item_id, key.open_declaration(each.item_id, each.sealed_declaration), seen)
        for each in contents.items(db, package.id)
    )


def _item(item_id: str, told: Declaration, seen: Mapping[str, gatefacts.Seen]) -> Item:
    answers, looked = told.answers, seen.get(item_id)
    return Item(
        item_id=item_id,
        measure_id=answers.measure_id if answers else None,
        identifier=answers.identifier if answers else None,
        category=answers.category if answers else None,
        since=answers.since if answers else None,
        until=answers.until if answers else None,
        third_party=bool(answers and answers.third_party),
        treated=bool(answers and answers.treated.strip()),
        privilege=looked.verdict if looked else "unfiltered",
        filtered_by=looked.officer if looked else None,
        readers=answers.readers if answers else (),
    )


def _stored_digest(package: Package, bench: Bench) -> str:
    """Hash the index as it is stored now; one that is gone equals none."""
    blob = package.index_blob
    return sha384(bench.vault.read(blob)).hex() if blob and bench.vault.has(blob) else ""
