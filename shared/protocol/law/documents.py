"""The document of a request, put together from `fields.toml` and `forms` (spec/request.md, 1).

Every field may be absent here: what is missing is a finding of `completeness`, with its reason, and not an
error of form. What is there must have its shape. What is stored, signed and sent is `sent`, and nothing
that it would not have written is taken from another country.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, ValidationError, create_model, model_validator

from shared.protocol import canonical
from shared.protocol.canonical import Json
from shared.protocol.errors import FormatError
from shared.protocol.law import forms, library, texts

VERSION: Final = 2
_FIXED: Final = frozenset(
    {"request_id", "measures", "request_kind", "legal_basis"}
)  # another request, then
_MANY: Final[Mapping[str, Any]] = {"strict": False, "min_length": 1, "max_length": 1_000}
TYPES: Final[Mapping[str, Any]] = {
    "id": texts.Id,
    "line": texts.Line,
    "lines": texts.Lines,
    "text": texts.Text,
    "truth": bool,
    "undertaking": bool,  # that is not given is as good as missing
    "day": texts.Day,
    "country": texts.CountryCode,
    "instant": texts.Instant,
    "kind": texts.Code,
    "channel": forms.Channel,
    "proceedings": forms.Proceedings,
    "stage": forms.Stage,
    "nature": forms.Nature,
    "urgency": forms.Urgency,
    "urgency_reasons": Annotated[tuple[forms.UrgencyReason, ...], Field(**_MANY)],
    "data": texts.Codes,
    "legal_basis": Annotated[tuple[forms.LegalBasis, ...], Field(**_MANY)],
    "attachments": Annotated[tuple[forms.Attachment, ...], Field(**_MANY)],
    "language": forms.Spoken,
    "previous": forms.Previous,
    "authority": forms.Authority,
    "contact": forms.Contact,
    "orders": Annotated[tuple[forms.Order, ...], Field(**_MANY)],
    "offences": Annotated[tuple[forms.Offence, ...], Field(**_MANY)],
    "penalties": forms.Penalties,
    "persons": Annotated[tuple[forms.Person, ...], Field(**_MANY)],
    "person_flags": forms.PersonFlags,
    "identifiers": Annotated[tuple[forms.Identifier, ...], Field(**_MANY)],
    "range": forms.Range,
    "custodian": forms.Custodian,
    "preserved": forms.Preserved,
    "needed_by": forms.NeededBy,
    "confidentiality": forms.Confidentiality,
    "subject_notice": forms.SubjectNotice,
    "retention": forms.Retention,
    "assurance": forms.Assurance,
    "transfer_basis": forms.TransferBasis,
}


def _optional(of: str | None) -> dict[str, Any]:
    return {
        field["name"]: (
            TYPES[field["type"]] | None,
            Field(None, title=f"{code} {field['title']}", description=field["source"]),
        )
        for code, field in library.fields().items()
        if field.get("per") == of and field["type"] != "measures"
    }


_Measure: Any = create_model(
    "_Measure",
    __base__=forms.Form,
    measure_id=(texts.Id, Field(title="Number of the measure, as M01")),
    code=(texts.Code, Field(title="Measure (MEA-..)")),
    description=(texts.Text, Field(title="What is to be done")),
    **_optional("measure"),
)


class Measure(_Measure):  # type: ignore[misc]  # made from data: its fields are not known to a checker
    """One measure asked for."""


_MEASURES: Any = Annotated[tuple[Measure, ...], Field(strict=False, max_length=100)]
_Document: Any = create_model(
    "_Document",
    __base__=forms.Form,
    v=(Literal[2], Field(VERSION, title="Version of this form")),
    sender=(texts.CountryCode | None, Field(None, alias="from", title="Requesting State")),
    to=(texts.CountryCode, Field(title="Requested State")),
    measures=(_MEASURES, Field((), title=f"G01 {library.fields()['G01']['title']}")),
    **_optional(None),
)


class Document(_Document):  # type: ignore[misc]  # made from data: its fields are not known to a checker
    """A request for mutual legal assistance."""

    @model_validator(mode="after")
    def _names_each_measure_once(self) -> Self:
        names = [measure.measure_id for measure in self.measures]
        if len(set(names)) < len(names):
            raise ValueError("two measures have the same measure_id")
        return self


def of_json(value: Json) -> Document:
    """Take a document from JSON that was read; what is not there is None.

    Raises:
        FormatError: something has another shape; says which field.
    """
    try:
        document: Document = Document.model_validate(value)
    except ValidationError as error:
        flaw = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = named(flaw["loc"])
        raise FormatError(f"{place}: {flaw['msg']}", field=place) from error
    return document


def sent(draft: Document, *, request_id: str, sender: str) -> dict[str, Json]:
    """Write the document of a draft as it is stored, signed and sent.

    Args:
        draft: what the authority filled in.
        request_id: A01; it replaces what the draft says.
        sender: the requesting State; the same.
    """
    filled = draft.model_dump(mode="json", by_alias=True, exclude_none=True)
    told = canonical.parse(
        canonical.encode({**filled, "v": VERSION, "request_id": request_id, "from": sender})
    )
    assert isinstance(told, dict)
    return told


def received(value: Json) -> Document:
    """Take the document of another country's request.

    Raises:
        FormatError: something has another shape, its version, id or sender is missing, or it is written as
            `sent` would not have written it.
    """
    document = of_json(value)
    if document.request_id is None or document.sender is None:
        raise FormatError("a request that was sent has an id (request_id) and a sender (from)")
    again = sent(document, request_id=document.request_id, sender=document.sender)
    if canonical.encode(again) != canonical.encode(value):
        raise FormatError("the document is not written in its one form")
    return document


def supplemented(
    document: Document, supplied: Mapping[str, Any], asked: Collection[str]
) -> Document:
    """Lay what an answer supplies over a document; what was approved and sent stays as it is.

    Args:
        document: what was sent, or what came of earlier answers.
        supplied: field name → value; fields of measures as `measures`: measure_id → field name → value.
        asked: ids of the fields that were asked for (E01, G04, …).

    Raises:
        FormatError: a field that nobody asked for, a measure that is not there, or another shape.
    """
    told = document.model_dump(mode="json", by_alias=True, exclude_none=True)
    wanted = {library.fields()[code]["name"] for code in asked if code in library.fields()}
    by_id = {each["measure_id"]: each for each in told["measures"]}
    of_measures = supplied.get("measures", {})
    fields = {name: value for name, value in supplied.items() if name != "measures"}
    for name in (*fields, *(name for each in of_measures.values() for name in each)):
        if name not in wanted - _FIXED:
            raise FormatError(f"{name} was not asked for", field=name)
    for measure_id, values in of_measures.items():
        if measure_id not in by_id:
            raise FormatError(f"there is no measure {measure_id}", field="measures")
        by_id[measure_id].update(values)
    return of_json({**told, **fields})


def named(place: Sequence[str | int]) -> str:
    """Name a place in a document: field id and name where it is a field, else the names alone."""
    ids = {field["name"]: code for code, field in library.fields().items()}
    parts = [str(part) for part in place]
    code = next((ids[part] for part in parts if part in ids and part != "measures"), None)
    path = ".".join(parts) or "document"
    return f"{code} {path}" if code else path
