"""Use cases of the requesting country: a request is drafted, approved by two officers, and sent.

What the other country does about it comes back as entries (`intake`).
"""

from collections.abc import Iterable

from services.exchange import approving, casework, gates
from services.exchange.approving import Officers, Subject
from services.exchange.drafts import RequestDraft
from services.exchange.keyring import Keyring
from services.exchange.own_log import OwnLog, Standing
from services.exchange.records import Measure, Request, RequestFile
from services.exchange.states import (
    Actor,
    Direction,
    RequestAct,
    RequestState,
)
from services.exchange.store import Session, requests
from shared.protocol import canonical, messages
from shared.protocol.approvals import REQUEST_APPROVE, REQUEST_PREPARE, Approval
from shared.protocol.digests import sha256
from shared.protocol.entries import EntryType
from shared.protocol.identifiers import Country
from shared.runtime.database import Database
from shared.runtime.directory import Directory
from shared.runtime.refusals import Unprocessable


def draft(
    request_id: str, content: RequestDraft, *, country: Country, database: Database, actor: Actor
) -> RequestFile:
    """Begin a request under a new id (S00).

    Raises:
        Unprocessable: it is addressed to the own country.
    """
    request = _request(request_id, 1, content, country=country, actor=actor)
    with database.begin() as db:
        requests.add(db, request)
        casework.record(db, "request.drafted", request, actor)
        return casework.request_file(db, request.id)


def amend(
    request_id: str, content: RequestDraft, *, country: Country, database: Database, actor: Actor
) -> RequestFile:
    """Write a new version of a draft; approvals of the old one are void with it.

    Raises:
        NotFound, WrongStateError: there is no such draft.
        Unprocessable: it is addressed to the own country.
    """
    with database.begin() as db:
        before = _own(db, request_id)
        requests.move(db, request_id, RequestAct.AMEND, actor)
        after = _request(request_id, before.version + 1, content, country=country, actor=actor)
        requests.replace_document(db, after)
        casework.record(db, "request.changed", after, actor)
        return casework.request_file(db, request_id)


def submit(
    request_id: str,
    approval: str,
    *,
    database: Database,
    officers: Officers,
    directory: Directory,
    actor: Actor,
) -> RequestFile:
    """Hand a draft to the approver, with the preparer's own approval (S00 → S01).

    Raises:
        NotFound, WrongStateError: there is no such draft.
        Conflict: no instrument binds both countries, or the other is not active (G01, G24).
        NotAllowed, Unprocessable: the approval is refused.
    """
    with database.begin() as db:
        request = _own(db, request_id)
        requests.move(db, request_id, RequestAct.SUBMIT, actor)
        gates.guard(_case(request, (), directory, None, actor), gates.SUBMIT)
        given = approving.take(
            db, approval, _subject(request, REQUEST_PREPARE), officers=officers, actor=actor
        )
        casework.record(db, "request.submitted", request, actor, approved_by=given.officer)
        return casework.request_file(db, request_id)


def approve(
    request_id: str, approval: str, *, database: Database, officers: Officers, actor: Actor
) -> RequestFile:
    """Approve a submitted request as a second officer (S01 → S03).

    Raises:
        NotFound, WrongStateError: there is no such request, or it was not submitted.
        NotAllowed, Unprocessable: the approval is refused.
    """
    with database.begin() as db:
        request = _own(db, request_id)
        requests.move(db, request_id, RequestAct.APPROVE, actor)
        given = approving.take(
            db, approval, _subject(request, REQUEST_APPROVE), officers=officers, actor=actor
        )
        casework.record(db, "request.approved", request, actor, approved_by=given.officer)
        return casework.request_file(db, request_id)


def send(  # noqa: PLR0913 - what a request rests on
    request_id: str,
    *,
    database: Database,
    keyring: Keyring,
    officers: Officers,
    directory: Directory,
    own_log: OwnLog,
    actor: Actor,
) -> RequestFile:
    """Send an approved request (S03 → S04): its entry is signed and waits for the courier.

    Raises:
        NotFound, WrongStateError: there is no such request, or it was not approved.
        Conflict: a gate is shut, or the channel is frozen.
    """
    try:
        with database.begin() as db:
            request = _own(db, request_id)
            requests.move(db, request_id, RequestAct.SEND, actor)
            held = approving.given(db, _subject(request, REQUEST_APPROVE), officers=officers)
            gates.guard(_case(request, held, directory, own_log.standing, actor), gates.SEND)
            _post_request(db, request, held, keyring=keyring, actor=actor)
            # Commit point: before it nothing is signed and nothing was sent; after it the courier
            # owns the entry and brings it to the log and the peer, however often we die.
            return casework.request_file(db, request_id)
    except gates.GateShutError as shut:
        request = view(request_id, database=database).request
        casework.record_shut(database, request, shut, actor)
        raise


def view(request_id: str, *, database: Database) -> RequestFile:
    """Return one request with what was done about it.

    Raises:
        NotFound: there is none of that id.
    """
    with database.read() as db:
        return casework.request_file(db, request_id)


def listed(
    *, direction: Direction | None, state: RequestState | None, database: Database
) -> tuple[RequestFile, ...]:
    """Return requests with what was done about them, the newest first."""
    with database.read() as db:
        found = requests.listed(db, direction=direction, state=state)
        return tuple(casework.request_file(db, request.id) for request in found)


def _request(
    request_id: str, version: int, content: RequestDraft, *, country: Country, actor: Actor
) -> Request:
    if content.to == country:
        raise Unprocessable(
            "own_country",
            "A request for assistance goes to another country.",
            next_step="Choose the country that is to execute the measures.",
        )
    measures = tuple(
        Measure(measure_id=f"M{number:02d}", code=measure.code, description=measure.description)
        for number, measure in enumerate(content.measures, 1)
    )
    document = _document(request_id, content, country, measures)
    return Request(
        id=request_id,
        direction=Direction.OUT,
        peer=content.to,
        state=RequestState.DRAFT,
        version=version,
        document=document,
        digest=sha256(document).hex(),
        own_reference=content.own_reference,
        measures=measures,
        created_by=actor.client_id,
        created_at=actor.at,
        updated_at=actor.at,
    )


def _document(
    request_id: str, content: RequestDraft, country: Country, measures: Iterable[Measure]
) -> bytes:
    """Write what officers approve and the other country reads: canonical, complete, self-contained."""
    fields = content.model_dump(mode="json", by_alias=True, exclude_none=True)
    for asked, measure in zip(fields["measures"], measures, strict=True):
        asked["measure_id"] = measure.measure_id
    return canonical.encode({"v": 1, "request_id": request_id, "from": country, **fields})


def _own(db: Session, request_id: str) -> Request:
    return casework.of_side(requests.find(db, request_id), Direction.OUT)


def _subject(request: Request, act: str) -> Subject:
    return Subject(act=act, object_id=request.id, version=request.version, digest=request.digest)


def _case(
    request: Request,
    held: tuple[Approval, ...],
    directory: Directory,
    log: Standing | None,
    actor: Actor,
) -> gates.Case:
    document = canonical.parse(request.document)
    assert isinstance(document, dict)
    sender = Country(str(document["from"]))
    return gates.Case(
        own=directory.member(sender),
        peer=directory.members.get(Country(request.peer)),
        at=int(actor.at.timestamp()),
        request_state=request.state,
        instruments=gates.instruments_of(request.document),
        approvals=held,
        acts=(REQUEST_PREPARE, REQUEST_APPROVE),
        digest=sha256(request.document).hex(),
        closed_digest=request.digest,
        log=log,
    )


def _post_request(
    db: Session, request: Request, held: Iterable[Approval], *, keyring: Keyring, actor: Actor
) -> None:
    document = canonical.parse(request.document)
    assert isinstance(document, dict)
    body = messages.RequestBody(
        request_id=request.id,
        version=request.version,
        document=document,
        approvals=tuple(approval.reference() for approval in held),
    )
    posted = casework.post(db, EntryType.REQUEST, request, body, keyring=keyring, actor=actor)
    requests.set_entry(db, request.id, posted)
    casework.record(db, "gate.passed", request, actor)
    casework.record(db, "request.sent", request, actor)
