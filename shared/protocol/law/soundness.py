"""What is there and cannot be right: unknown codes, identifiers with a slip, orders nobody attached (G02).

Each rule is a function over the document; `completeness` tells what they find beside what is missing.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from typing_extensions import override

from shared.protocol.errors import FormatError
from shared.protocol.law import library
from shared.protocol.law.documents import Document
from shared.protocol.law.identifying import read_identifier

MISSING: Final = "is missing"
_A_SENTENCE: Final = 40  # characters; a provision that says what is punished, and how, has more


@dataclass(frozen=True, slots=True, kw_only=True)
class Lack:
    """A field that is missing or wrong: id and title, the measure it is about, who asks for it, and what."""

    field: str
    title: str
    measure: str | None
    source: str
    what: str = MISSING

    @override
    def __str__(self) -> str:
        """Tell it in a line, the article last."""
        about = f" (measure {self.measure})" if self.measure else ""
        return f"{self.field} {self.title}{about} {self.what} [{self.source}]"


def lack(
    field: str, what: str = MISSING, *, measure: str | None = None, source: str | None = None
) -> Lack:
    """Say what is wrong with a field; without a source by the one that the list of fields names."""
    listed = library.fields()[field]
    return Lack(
        field=field,
        title=listed["title"],
        measure=measure,
        source=source or listed["source"],
        what=what,
    )


def unsound(document: Document) -> Sequence[Lack]:
    """List what is there and cannot be right."""
    return [found for rule in _RULES for found in rule(document)]


def _kind(document: Document) -> Iterable[Lack]:
    if document.request_kind not in (None, *library.codes()["kind"]):
        yield lack("A03", f"is no code of the list: {document.request_kind}")


def _categories(document: Document) -> Iterable[Lack]:
    for offence in document.offences or ():
        for code in offence.categories:
            if code not in library.codes()["offence"]:
                yield lack("D01", f"has a category that is not in the list: {code}")


def _laws(document: Document) -> Iterable[Lack]:
    for offence in document.offences or ():
        if len(offence.law) < _A_SENTENCE:
            told = f"names {offence.provision} without the text of the law: its number says nothing abroad"
            yield lack("D01", told)


def _measures(document: Document) -> Iterable[Lack]:
    known, data = library.codes()["measure"], library.codes()["data"]
    for measure in document.measures:
        if measure.code not in known:
            yield lack("G01", f"is no code of the list: {measure.code}", measure=measure.measure_id)
            continue
        brings = known[measure.code]["data"] or data
        for code in measure.data or ():
            if code not in data:
                yield lack("G02", f"is not in the list: {code}", measure=measure.measure_id)
            elif code not in brings and not data[code].get("across"):
                told = f"has {code}, which {measure.code} does not bring"
                yield lack("G02", told, measure=measure.measure_id)


def _identifiers(document: Document) -> Iterable[Lack]:
    for measure in document.measures:
        for each in measure.identifiers or ():
            try:
                read_identifier(each.kind, each.value)
            except FormatError as error:
                told = f"cannot be right: {error.detail} ({each.document}, {each.page})"
                yield lack("G03", told, measure=measure.measure_id)


def _orders(document: Document) -> Iterable[Lack]:
    attached = {each.sha256 for each in document.attachments or ()}
    for order in document.orders or ():
        if order.sha256 not in attached:
            yield lack("K01", f"lacks the order {order.number} (C04), known by its SHA-256")
        if order.valid_until is not None and order.valid_until < order.date:
            yield lack("C04", f"names {order.number}, which ends before it begins")


def _second_contact(document: Document) -> Iterable[Lack]:
    first, second = document.person_in_charge, document.confirmation_contact
    if first is not None and second is not None and first.name == second.name:
        yield lack("B05", "is the person in charge; it must be somebody else")


def _validation(document: Document) -> Iterable[Lack]:
    who = document.validating_authority
    if who is not None and who.level == "A":
        yield lack("B03", "is neither a judge nor a prosecutor")


def _time(document: Document) -> Iterable[Lack]:
    needed, issued = document.needed_by, document.issued_at
    if needed is not None and issued is not None and needed.date < issued[:10]:
        yield lack("H03", "lies before the day on which the request was issued")


def _length(document: Document) -> Iterable[Lack]:
    for code, field in library.fields().items():
        least = field.get("least")
        if least is None:
            continue
        told = f"is too short to be examined: {least} characters or more"
        if field.get("per") == "measure":
            for measure in document.measures:
                if _short(getattr(measure, field["name"]), least):
                    yield lack(code, told, measure=measure.measure_id)
        elif _short(getattr(document, field["name"]), least):
            yield lack(code, told)


def _short(text: str | None, least: int) -> bool:
    return text is not None and len(text) < least


_RULES: Final[Sequence[Callable[[Document], Iterable[Lack]]]] = (
    _kind,
    _validation,
    _second_contact,
    _orders,
    _categories,
    _laws,
    _measures,
    _identifiers,
    _time,
    _length,
)
