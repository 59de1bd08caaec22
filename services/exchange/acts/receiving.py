"""The requested country takes a request up: acknowledged, forwarded, under review (T08 to T10)."""

from services.exchange.acts.contents import Acknowledging, Forwarding, Reviewing
from services.exchange.acts.deeds import Deed, Event, Outcome
from shared.protocol.legalacts import AcknowledgementBody, NoticeBody


def acknowledge(deed: Deed) -> Outcome:
    """T08: the legal receipt, under a reference of one's own."""
    said = deed.content
    assert isinstance(said, Acknowledging)
    body = AcknowledgementBody(
        request_id=deed.request.id,
        states=deed.told,
        reference=said.reference,
        note=said.note,
        authority=said.authority,
    )
    return Outcome(body=body, events=[Event("request.acknowledged")])


def forward(deed: Deed) -> Outcome:
    """T09: it went on to the competent authority, and the sender is told."""
    said = deed.content
    assert isinstance(said, Forwarding)
    body = NoticeBody(
        kind="forwarded",
        request_id=deed.request.id,
        states=deed.told,
        details={"authority": said.authority, "reference": said.reference},
        text=said.note,
    )
    return Outcome(body=body, events=[Event("request.forwarded")])


def review(deed: Deed) -> Outcome:
    """T10: somebody looks at it; who, the other country is not told."""
    assert isinstance(deed.content, Reviewing)
    body = NoticeBody(kind="reviewing", request_id=deed.request.id, states=deed.told, text="")
    return Outcome(body=body, events=[Event("request.reviewed")])
