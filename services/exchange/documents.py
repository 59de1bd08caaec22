"""What the exchange keeps of a request's document beside its bytes."""

from services.exchange.records import Measure
from shared.protocol.law.documents import Document
from shared.protocol.law.lifecycle import State
from shared.protocol.trust import Member


def measures_of(document: Document, state: State) -> tuple[Measure, ...]:
    """Return the measures that a document asks for, all in one state."""
    return tuple(
        Measure(
            measure_id=each.measure_id, code=each.code, description=each.description, state=state
        )
        for each in document.measures
    )


def reference_of(document: Document) -> str:
    """Return the reference by which its authority finds it; empty if it has none."""
    return str(document.own_references[0]) if document.own_references else ""


def instrument_of(document: Document, *parties: Member) -> str | None:
    """Return the instrument that counts: the first of its legal basis that all parties have."""
    named = [str(each.instrument) for each in document.legal_basis or ()]
    both = [each for each in named if all(each in party.instruments for party in parties)]
    return both[0] if both else None
