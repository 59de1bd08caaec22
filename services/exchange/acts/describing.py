"""What the log is told of a request, so that statistics need nothing else: codes, never words.

One event `request.described` for each: kind, urgency, instrument, profile of the two countries, offences,
level of the authority, basis of transfer, what needs care, measures. What the log must recognise again
without knowing it (identifiers, reasons of necessity) is told as a code of this country's own: a MAC that
only its exchange can make.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from services.exchange.acts.deeds import Event
from services.exchange.bench import Bench
from services.exchange.records import Request
from services.exchange.states import Direction
from shared.protocol import canonical
from shared.protocol.law import documents
from shared.protocol.law.documents import Document

DESCRIBED = "request.described"


def describe(request: Request, bench: Bench, at: datetime) -> Sequence[Event]:
    """Return the events that describe a request, as it is at a moment."""
    document, keyring = documents.of_json(canonical.parse(request.document)), bench.keyring
    codes = [*_whole(document, request.instrument), *_persons(document)]
    codes += _profile(request, bench, at)
    codes += [f"ID-{keyring.recognise(each)}" for each in _identifiers(document)]
    codes += [
        f"TXT-{keyring.recognise(each.necessity)}" for each in document.measures if each.necessity
    ]
    measures = [
        Event(DESCRIBED, measure.code, place) for place, measure in enumerate(request.measures, 1)
    ]
    return [*(Event(DESCRIBED, code) for code in dict.fromkeys(codes)), *measures]


def _whole(document: Document, instrument: str | None) -> Iterable[str]:
    if document.request_kind:
        yield f"KIND-{document.request_kind}"
    yield f"URG-{document.urgency or 'ROUTINE'}"
    if instrument:
        yield f"INS-{instrument}"
    for offence in document.offences or ():
        yield from offence.categories
    authority = document.validating_authority or document.issuing_authority
    if authority:
        yield f"LVL-{authority.level}"
    if document.transfer_basis:
        yield f"GTW-{document.transfer_basis.gateway}"
    if document.penalties and document.penalties.death_penalty:
        yield "PEN-DEATH"


def _profile(request: Request, bench: Bench, at: datetime) -> Iterable[str]:
    """Name the version of what the two countries agreed on, by which the request is judged."""
    sides = (bench.keyring.country, request.peer)
    asker, asked = sides if request.direction is Direction.OUT else sides[::-1]
    found = bench.directory.agreement(asker, asked, at.date())
    if found is not None:
        yield found.name.reason


def _persons(document: Document) -> Iterable[str]:
    flags = document.sensitive_persons
    if flags is None:
        return
    yield from (f"PRT-{role}" for role in flags.privileged)
    for name in ("minor", "vulnerable"):
        if getattr(flags, name):
            yield f"PRT-{name.upper()}"


def _identifiers(document: Document) -> Iterable[str]:
    for measure in document.measures:
        for identifier in measure.identifiers or ():
            yield f"{identifier.kind}:{identifier.value}"
