"""What answers supplied (T12), laid over the document that was approved and sent, which stays as it is."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from services.exchange.records import Request
from services.exchange.store import Session, entries
from services.exchange.store.entries import StoredEntry
from shared.protocol import canonical
from shared.protocol.canonical import Json
from shared.protocol.entries import EntryType, read_entry
from shared.protocol.errors import FormatError
from shared.protocol.law import documents
from shared.protocol.law.documents import Document
from shared.protocol.legalacts import AnswerBody, QueryBody
from shared.runtime.refusals import Unprocessable

RULE = "T12; spec/request.md"


def document(db: Session, request: Request) -> Document:
    """Return the document of a request with all that was supplied later."""
    found = documents.of_json(canonical.parse(request.document))
    told = entries.of_request(db, request.id)
    asked = _asked(told)
    for _, answer in _supplied(told):
        fields = asked[answer.query_id or ""]
        found = documents.supplemented(found, answer.supplied, fields)
    return found


def changed_at(db: Session, request_id: str) -> datetime | None:
    """Return when the last answer that supplied something was written or taken in here."""
    known = [each.created_at for each, _ in _supplied(entries.of_request(db, request_id))]
    return max(known, default=None)


def check(db: Session, request: Request, query_id: str, supplied: Mapping[str, Json]) -> None:
    """Check that an answer supplies what was asked for, in its shape, and nothing else.

    Raises:
        Unprocessable: it does not, or nobody asked.
    """
    fields = _asked(entries.of_request(db, request.id)).get(query_id)
    if fields is None:
        raise Unprocessable(
            "unknown_query",
            "There is no such question about this request.",
            rule=RULE,
            next_step="Name the id of the question; `messages` of the request have it.",
        )
    try:
        documents.supplemented(document(db, request), supplied, fields)
    except FormatError as error:
        raise Unprocessable(
            "not_asked",
            f"The answer cannot be taken: {error.detail}.",
            rule=RULE,
            next_step=f"Supply the fields that were asked for: {', '.join(fields)}.",
        ) from error


def _asked(told: Iterable[StoredEntry]) -> dict[str, Sequence[str]]:
    """Return the fields of each question, by its id."""
    bodies = (
        QueryBody.read(read_entry(each.jws).entry.body) for each in _of(told, EntryType.QUERY)
    )
    return {body.query_id: body.fields for body in bodies}


def _supplied(told: Iterable[StoredEntry]) -> list[tuple[StoredEntry, AnswerBody]]:
    """Return the answers that supplied something, each with its entry."""
    read = [
        (each, AnswerBody.read(read_entry(each.jws).entry.body))
        for each in _of(told, EntryType.ANSWER)
    ]
    return [(each, answer) for each, answer in read if answer.supplied]


def _of(told: Iterable[StoredEntry], kind: EntryType) -> list[StoredEntry]:
    """Return the entries of a type, in the order of their channel; none that was refused."""
    return [each for each in told if each.type == kind and each.state != "REJECTED"]
