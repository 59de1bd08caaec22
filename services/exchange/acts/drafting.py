"""The requesting country's own steps, up to the entry that carries the request (T01 to T05)."""

from services.exchange import approving, urgent
from services.exchange.acts import describing
from services.exchange.acts.contents import Approving, Returning
from services.exchange.acts.deeds import Deed, Event, Outcome
from services.exchange.approving import Subject
from services.exchange.records import GivenApproval, Request
from shared.protocol import canonical, messages
from shared.protocol.approvals import REQUEST_APPROVE, REQUEST_PREPARE


def submit(deed: Deed) -> Outcome:
    """T01: the preparer's own approval goes with the draft."""
    _take(deed, REQUEST_PREPARE)
    return Outcome(events=[Event("request.submitted")])


def give_back(deed: Deed) -> Outcome:
    """T02: the reviewer gives a draft back, with reasons."""
    assert isinstance(deed.content, Returning)
    return Outcome(events=[Event("request.returned")])


def approve(deed: Deed) -> Outcome:
    """T03: a second officer approves."""
    _take(deed, REQUEST_APPROVE)
    urgent.flag(deed.db, deed.request, urgent.document_of(deed.request), deed.actor)
    return Outcome(events=[Event("request.approved")])


def send(deed: Deed) -> Outcome:
    """T05: the entry is signed and waits for the courier."""
    request = deed.request
    held = approving.given(deed.db, subject(request, REQUEST_APPROVE), officers=deed.bench.officers)
    document = canonical.parse(request.document)
    assert isinstance(document, dict)
    body = messages.RequestBody(
        request_id=request.id,
        version=request.version,
        document=document,
        approvals=tuple(approval.reference() for approval in held),
    )
    told = describing.describe(request, deed.bench, deed.actor.at)
    return Outcome(body=body, events=[Event("request.sent"), *told])


def subject(request: Request, act: str) -> Subject:
    """Return what an approval of a request is about."""
    return Subject(act=act, object_id=request.id, version=request.version, digest=request.digest)


def _take(deed: Deed, act: str) -> GivenApproval:
    assert isinstance(deed.content, Approving)
    return approving.take(
        deed.db,
        deed.content.approval,
        subject(deed.request, act),
        officers=deed.bench.officers,
        actor=deed.actor,
    )
