"""The document of a request, put together from `fields.toml` and `forms` (spec/law.md, 2).

Every field may be absent here: what is missing is a finding of `completeness`, with its reason, and not an
error of form. What is there must have its shape.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import Field, ValidationError, create_model

from shared.protocol import canonical
from shared.protocol.errors import FormatError
from shared.protocol.law import forms, library

_MANY = {"strict": False, "min_length": 1, "max_length": 1_000}
TYPES: Final[Mapping[str, Any]] = {
    "id": forms.Id,
    "line": forms.Line,
    "lines": forms.Lines,
    "text": forms.Text,
    "truth": bool,
    "day": forms.Day,
    "instant": forms.Instant,
    "kind": forms.Code,
    "channel": forms.Channel,
    "proceedings": forms.Proceedings,
    "stage": forms.Stage,
    "nature": forms.Nature,
    "urgency": forms.Urgency,
    "urgency_reasons": Annotated[tuple[forms.UrgencyReason, ...], Field(**_MANY)],
    "data": forms.Codes,
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
        field["name"]: (TYPES[field["type"]] | None, Field(None, title=field["title"]))
        for field in library.fields().values()
        if field.get("per") == of and field["type"] != "measures"
    }


Measure = create_model(
    "Measure",
    __base__=forms.Form,
    __doc__="One measure asked for.",
    measure_id=(forms.Id, ...),
    code=(forms.Code, ...),
    description=(forms.Text, ...),
    **_optional("measure"),
)
_MEASURES: Any = Annotated[tuple[Measure, ...], Field(strict=False, max_length=100)]  # type: ignore[valid-type]
Document = create_model(
    "Document",
    __base__=forms.Form,
    __doc__="A request for mutual legal assistance.",
    to=(forms.CountryCode, ...),
    measures=(_MEASURES, ()),
    **_optional(None),
)


def read_document(data: bytes) -> Any:  # noqa: ANN401 - a model made from data
    """Read a request's document (JSON).

    Returns:
        A `Document`; what is not there is None.

    Raises:
        FormatError: something has another shape; says which field.
    """
    canonical.read(data)
    try:
        return Document.model_validate_json(data)
    except ValidationError as error:
        flaw = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in flaw["loc"])
        raise FormatError(f"{place}: {flaw['msg']}", field=place) from error
