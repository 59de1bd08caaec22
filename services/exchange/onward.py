"""Evidence is handed on to a third State only with the consent of the State that sent it (G17).

ask ─entry→ there: consent (signed: recipient, purpose, items) ─entry→ here: the token ─→ export
                   └refuse
in an urgent threat to public security: export at once, on an officer's word, and the sender is told at once
(LED 35(2)); the same entry tells it.
"""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import Field

from services.exchange import approving, casework, custody, keeping, matters
from services.exchange.bench import Bench
from services.exchange.drafts import Line, Note, Prose
from services.exchange.gating import moments
from services.exchange.gating.matter import Export
from services.exchange.gating.moments import Moment
from services.exchange.gating.results import GateShutError
from services.exchange.records import Package
from services.exchange.signed import Said, Signed
from services.exchange.states import Actor
from services.exchange.store import Session, onwards, packages, requests, uses
from services.exchange.store.onwards import Onward
from shared.protocol import identifiers
from shared.protocol.approvals import ONWARD_CONSENT, Approval
from shared.protocol.entries import EntryType
from shared.protocol.law.custody import Act
from shared.protocol.legalacts import NoticeBody
from shared.protocol.messages import Id
from shared.runtime.refusals import Conflict, Unprocessable

RULE = "G17; 2AP 14(10); LED 35(1)(e)"
Recipient = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]


class Asking(Said):
    """To whom evidence is to go on, for what, which items (none: all), and why."""

    recipient: Recipient
    purpose: Line
    items: Annotated[tuple[Id, ...], Field(max_length=10_000)] = ()
    text: Prose


class Consenting(Said):
    """What the sending State says to that; a consent counts until a moment, or without end."""

    onward_id: Id
    verdict: Literal["consent", "refuse"]
    until: Annotated[int, Field(ge=0, lt=2**37)] | None = None  # Unix seconds
    text: Note = ""


class Exporting(Said):
    """What is handed on now: to whom, for what, which items (none: all).

    `urgent`: an immediate and serious threat to public security leaves no time to ask.
    """

    recipient: Recipient
    purpose: Line
    items: Annotated[tuple[Id, ...], Field(max_length=10_000)] = ()
    urgent: bool = False
    text: Note = ""


def ask(package_id: str, content: Asking, *, bench: Bench, actor: Actor) -> Onward:
    """Ask the country that sent a package whether it may go on.

    Raises:
        NotFound: there is no such package.
        Conflict: it was sent from here, or is destroyed.
        Unprocessable: it has no such item.
    """
    with bench.database.begin() as db:
        package = keeping.received(packages.find(db, package_id))
        asked = Onward(
            id=identifiers.new_id(actor.at),
            package_id=package_id,
            state=onwards.ASKED,
            recipient=content.recipient,
            purpose=content.purpose,
            items=_items(db, package, content.items),
            urgent=False,
            text=content.text,
            asked_at=actor.at,
        )
        onwards.add(db, asked)
        _post(db, package, "onward-request", asked, content.text, bench=bench, actor=actor)
        casework.record(db, "evidence.onward_requested", package, actor)
        # Commit point: before it nobody was asked; after it the courier brings the question.
        return asked


def consent(package_id: str, content: Signed[Consenting], *, bench: Bench, actor: Actor) -> Onward:
    """Say, on an officer's signature, whether evidence that was sent may go on.

    Raises:
        NotFound: nobody asked for it, or there is no such package.
        Conflict: it was received here, or is answered already.
        NotAllowed, Unprocessable: the officer's signature is refused.
    """
    with bench.database.begin() as db:
        package = keeping.sent(packages.find(db, package_id))
        given = approving.check_statement(
            content,
            "onward-consent",
            ONWARD_CONSENT,
            package,
            officers=bench.officers,
            now=actor.at,
        )
        said = content.statement
        until = None if said.until is None else datetime.fromtimestamp(said.until, UTC)
        asked = _open(onwards.find(db, package_id, said.onward_id))
        agrees = said.verdict == "consent"
        token = _post(
            db,
            package,
            "onward-consent" if agrees else "onward-refusal",
            replace(asked, until=until),
            said.text,
            bench=bench,
            actor=actor,
            given=given,
        )
        state = onwards.CONSENTED if agrees else onwards.REFUSED
        onwards.decide(db, asked.id, state, at=actor.at, until=until, token=token)
        event = "evidence.onward_consented" if agrees else "evidence.onward_refused"
        casework.record(db, event, package, actor, approved_by=given.officer)
        # Commit point: before it nothing was said; after it the token is signed and on its way.
        return onwards.find(db, package_id, asked.id)


def export(package_id: str, content: Exporting, *, bench: Bench, actor: Actor) -> Onward:
    """Put on record that evidence is handed on now; without leave every gate stays shut (G17).

    Raises:
        NotFound: there is no such package.
        Conflict: a gate is shut, the use is restricted, or it was sent from here.
        Unprocessable: it has no such item.
    """
    try:
        with bench.database.begin() as db:
            return _export(db, package_id, content, bench=bench, actor=actor)
            # Commit point: before it nobody may hand it on; after it log, custody and sender are told.
    except GateShutError as shut:
        with bench.database.read() as db:
            package = packages.find(db, package_id)
        casework.record_shut(bench.database, package, shut, actor)
        raise


def _export(
    db: Session, package_id: str, content: Exporting, *, bench: Bench, actor: Actor
) -> Onward:
    package = keeping.received(packages.find(db, package_id))
    keeping.check_usable(db, package)
    items = _items(db, package, content.items)
    wanted = Export(
        recipient=content.recipient,
        purpose=content.purpose,
        items=frozenset(items),
        urgent=content.urgent,
    )
    request = requests.find(db, package.request_id)
    matter = matters.of_package(db, package, request, bench=bench, actor=actor)
    moments.guard(replace(matter, export=wanted), Moment.EXPORT)
    casework.record(db, "gate.passed", package, actor, reason="export")
    return _handed_on(db, package, content, items, bench=bench, actor=actor)


def _handed_on(
    db: Session,
    package: Package,
    content: Exporting,
    items: tuple[str, ...],
    *,
    bench: Bench,
    actor: Actor,
) -> Onward:
    """Put on record what goes on; custody, log, and in a threat the sender are told."""
    done = Onward(
        id=identifiers.new_id(actor.at),
        package_id=package.id,
        state=onwards.TOLD,
        recipient=content.recipient,
        purpose=content.purpose,
        items=items,
        urgent=content.urgent,
        text=content.text,
        asked_at=actor.at,
        decided_at=actor.at,
    )
    onwards.add(db, done)
    if content.urgent:
        _post(db, package, "onward-request", done, content.text, bench=bench, actor=actor)
    by = custody.performer(actor, bench.directory.member(bench.keyring.country).name)
    custody.note(
        db,
        package,
        Act.EXPORTED,
        keyring=bench.keyring,
        actor=actor,
        by=by,
        items=items,
        reason=f"to {content.recipient}",
    )
    casework.record(db, "evidence.exported", package, actor, purpose=content.purpose)
    return done


def _open(asked: Onward) -> Onward:
    if asked.state != onwards.ASKED:
        raise Conflict(
            "answered",
            f"This was answered before ({asked.state}).",
            rule=RULE,
            next_step="Have the other country ask again.",
        )
    return asked


def _items(db: Session, package: Package, named: tuple[str, ...]) -> tuple[str, ...]:
    known = uses.items(db, package.id)
    unknown = sorted(set(named) - set(known))
    if unknown:
        raise Unprocessable(
            "unknown_item",
            f"The package has no item {', '.join(unknown[:3])}.",
            next_step="List its items.",
        )
    return tuple(sorted(set(named))) or tuple(known)


def _post(  # noqa: PLR0913 - what the notice says, and for whom
    db: Session,
    package: Package,
    kind: Literal["onward-request", "onward-consent", "onward-refusal"],
    onward: Onward,
    text: str,
    *,
    bench: Bench,
    actor: Actor,
    given: Approval | None = None,
) -> str:
    body = NoticeBody(
        kind=kind,
        request_id=package.request_id,
        package_id=package.id,
        items=onward.items,
        details={
            "onward_id": onward.id,
            "recipient": onward.recipient,
            "purpose": onward.purpose,
            "urgent": onward.urgent,
            "until": None if onward.until is None else int(onward.until.timestamp()),
        },
        text=text,
        approval=None if given is None else given.reference(),
    )
    keyring = bench.keyring
    return casework.post(db, EntryType.NOTICE, package, body, keyring=keyring, actor=actor).hash
