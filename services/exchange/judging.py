"""The gates of a moment, asked of a request as it stands."""

from collections.abc import Sequence

from services.exchange import approving, casework, gates
from services.exchange.acts import drafting
from services.exchange.bench import Bench
from services.exchange.records import Request
from services.exchange.states import Actor
from services.exchange.store import Session
from shared.protocol import canonical
from shared.protocol.approvals import REQUEST_APPROVE, REQUEST_PREPARE
from shared.protocol.digests import sha256
from shared.protocol.identifiers import Country


def judge(
    db: Session,
    request: Request,
    moment: str,
    *,
    measures: Sequence[str],
    bench: Bench,
    actor: Actor,
) -> None:
    """Let an act pass if every gate of its moment is open.

    Raises:
        GateShutError: at least one is not.
    """
    asked = {"submit": gates.SUBMIT, "send": gates.SEND}.get(moment)
    if asked is None:
        return
    subject = drafting.subject(request, REQUEST_APPROVE)
    held = approving.given(db, subject, officers=bench.officers)
    document = canonical.parse(request.document)
    assert isinstance(document, dict)
    case = gates.Case(
        own=bench.directory.member(Country(str(document["from"]))),
        peer=bench.directory.members.get(Country(request.peer)),
        at=int(actor.at.timestamp()),
        request_state=request.state,
        instruments=gates.instruments_of(request.document),
        approvals=held,
        acts=(REQUEST_PREPARE, REQUEST_APPROVE),
        digest=sha256(request.document).hex(),
        closed_digest=request.digest,
        log=bench.own_log.standing,
    )
    gates.guard(case, asked)
    casework.record(db, "gate.passed", request, actor, reason=moment)
