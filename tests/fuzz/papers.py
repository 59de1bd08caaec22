"""Requests as parsers: what a country sends, and what a person drafts."""

from deploy.case_draft import DRAFT as CASE
from services.exchange.routes.told_request import DRAFT
from shared.protocol import canonical
from shared.protocol.law import documents, rendering
from shared.protocol.law.completeness import missing
from shared.protocol.law.instruments import packed
from shared.protocol.law.soundness import unsound

BUDAPEST = packed("BUD")
EXAMPLES = tuple(
    canonical.encode(documents.sent(documents.of_json(draft), request_id="R1", sender="QM"))
    for draft in (DRAFT, CASE)
)


def sent(data: bytes) -> bytes:
    """A request of another country has one form, and whatever it says its page is a page."""
    document = documents.received(canonical.parse(data))
    assert "<script" not in rendering.render(document, unsound(document)).lower()
    told = documents.sent(document, request_id=document.request_id, sender=document.sender or "")
    return canonical.encode(told)


def draft(data: bytes) -> None:
    """A draft that people wrote is read or refused; what it lacks can always be told."""
    document = documents.of_json(canonical.read(data))
    assert all(map(str, missing(document, BUDAPEST)))
