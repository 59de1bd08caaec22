"""Use cases of a request before its first act, and what is seen of it: drafted, amended, shown, found."""

from services.exchange import casework
from services.exchange.bench import Bench
from services.exchange.documents import instrument_of, measures_of, reference_of
from services.exchange.records import Request, RequestFile, RequestsWanted
from services.exchange.states import Actor, Direction, advance
from services.exchange.store import requests
from shared.protocol import canonical
from shared.protocol.digests import sha256
from shared.protocol.identifiers import Country
from shared.protocol.law import documents
from shared.protocol.law.documents import Document
from shared.protocol.law.lifecycle import Act, State
from shared.runtime.database import Database
from shared.runtime.refusals import Unprocessable


def draft(request_id: str, content: Document, *, bench: Bench, actor: Actor) -> RequestFile:
    """Begin a request under a new id (S00); it may still lack anything but a recipient.

    Raises:
        Unprocessable: it is addressed to the own country, or to none that the directory knows.
    """
    request = _request(request_id, 1, content, bench=bench, actor=actor)
    with bench.database.begin() as db:
        requests.add(db, request)
        casework.record(db, "request.drafted", request, actor)
        return casework.request_file(db, request.id)


def amend(request_id: str, content: Document, *, bench: Bench, actor: Actor) -> RequestFile:
    """Write a new version of a draft (T00); approvals of the old one are void with it.

    Raises:
        NotFound, WrongStateError: there is no such draft.
        Unprocessable: it is addressed to the own country, or to none that the directory knows.
    """
    with bench.database.begin() as db:
        before = casework.of_side(requests.find(db, request_id), Direction.OUT)
        after = advance(before.state, Act.AMEND)
        request = _request(request_id, before.version + 1, content, bench=bench, actor=actor)
        requests.move(
            db, before, dict.fromkeys([m.measure_id for m in before.measures], after), actor
        )
        requests.replace_document(db, request)
        casework.record(db, "request.changed", request, actor)
        return casework.request_file(db, request_id)


def view(request_id: str, *, database: Database) -> RequestFile:
    """Return one request with what was done about it.

    Raises:
        NotFound: there is none of that id.
    """
    with database.read() as db:
        return casework.request_file(db, request_id)


def listed(wanted: RequestsWanted, *, database: Database) -> tuple[RequestFile, ...]:
    """Return requests with what was done about them, the newest first."""
    with database.read() as db:
        return casework.request_files(db, requests.listed(db, wanted))


def _request(
    request_id: str, version: int, content: Document, *, bench: Bench, actor: Actor
) -> Request:
    country = bench.keyring.country
    if content.to == country:
        raise Unprocessable(
            "own_country",
            "A request for assistance goes to another country.",
            next_step="Choose the country that is to execute the measures.",
        )
    document = canonical.encode(documents.sent(content, request_id=request_id, sender=country))
    parties = [bench.directory.members.get(Country(each)) for each in (country, content.to)]
    known = [each for each in parties if each is not None]
    return Request(
        id=request_id,
        direction=Direction.OUT,
        peer=content.to,
        state=State.DRAFT,
        kind=content.request_kind,
        urgency=content.urgency,
        instrument=instrument_of(content, *known) if len(known) == len(parties) else None,
        version=version,
        document=document,
        digest=sha256(document).hex(),
        own_reference=reference_of(content),
        measures=measures_of(content, State.DRAFT),
        created_by=actor.client_id,
        created_at=actor.at,
        updated_at=actor.at,
    )
