"""What a national system says with an act: the shapes of the bodies of its calls."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.exchange.drafts import Line, Note, Prose
from shared.protocol.messages import Digest, Id, Label, Moment, Term

Codes = Annotated[tuple[Label, ...], Field(min_length=1, max_length=20)]
Measures = Annotated[tuple[Label, ...], Field(min_length=1, max_length=100)]
FieldId = Annotated[str, Field(pattern=r"^[A-K][0-9]{2}$")]


class Content(BaseModel):
    """`measures`: of which measures; without it, of all to which the act is open."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class OfMeasures(Content):
    """An act on single measures."""

    measures: Measures | None = None


class Nothing(Content):
    """An act that says nothing but that it was done."""


class Returning(Content):
    """Why a draft goes back to whoever wrote it."""

    reasons: Prose


class Acknowledging(Content):
    """The executing authority's own reference (EIO Annex B)."""

    reference: Line
    note: Note = ""
    authority: Annotated[str, Field(max_length=500)] = ""


class Forwarding(Content):
    """To which authority the request went on, and under which reference there."""

    authority: Line
    reference: Line
    note: Note = ""


class Reviewing(Content):
    """Who looks at it now."""

    reviewer: Line


class Asking(OfMeasures):
    """What is missing, by field, and by when the answer is wanted."""

    fields: Annotated[tuple[FieldId, ...], Field(min_length=1, max_length=80)]
    text: Prose
    due: Moment
    provisional: bool = False  # protective measures run meanwhile (IMAC 28(6))


class Answering(OfMeasures):
    """The answer to a query; `supplied`: fields that it asked for, by name, of measures by their ids."""

    query_id: Id
    text: Prose
    supplied: dict[str, Any] = Field(default_factory=dict)


class Proposing(OfMeasures):
    """Conditions of use; none: the authorities consult before a refusal or postponement (T13)."""

    terms: Annotated[tuple[Term, ...], Field(max_length=50)] = ()
    text: Prose


class Settling(OfMeasures):
    """Conditions are taken on, or not: the digest says which, word for word."""

    set_id: Id
    digest: Digest
    verdict: Literal["accepted", "declined"]
    text: Note = ""


class Accepting(OfMeasures):
    """Which measures are accepted, and how long they will take."""

    note: Note = ""
    expected: Annotated[str, Field(max_length=500)] = ""
    appeal: Note = ""
    nevertheless: bool = False  # without conditions that were declined (BUD 28(3))


class Refusing(OfMeasures):
    """Grounds for refusal, by code and in words."""

    codes: Codes
    reasons: Prose
    appeal: Note = ""


class Postponing(OfMeasures):
    """Why execution is put off, how long, and when it is looked at again (EIO 15, 16(3)(b))."""

    codes: Codes
    reasons: Prose
    expected: Line
    review: Moment


class Resuming(OfMeasures):
    """The ground to postpone has ceased."""

    note: Note = ""


class DomesticOrder(Content):
    """The order of the executing State that a coercive measure stands on."""

    type: Line
    number: Line
    court: Line
    date: Annotated[str, Field(pattern=r"^\d{4}-\d{2}-\d{2}$")]
    sha256: Digest | None = None


class Executing(OfMeasures):
    """Execution begins; coercive measures name the order of the own courts."""

    order: DomesticOrder | None = None
    note: Note = ""


class Substituting(OfMeasures):
    """Another measure with the same result is used; the other authority hears of it first (EIO 10)."""

    instead: Label
    reasons: Prose


class Fulfilling(OfMeasures):
    """The last package of these measures has left."""

    note: Note = ""


class Withdrawing(Content):
    """Why a request is given up, and what is to become of what was sent already."""

    codes: Codes
    reasons: Prose
    data: Literal["none", "delete", "restrict", "keep"]


class Reopening(OfMeasures):
    """New facts or new assurances after a refusal (T29)."""

    text: Prose


class Closing(Content):
    """The requesting authority is done with the case."""

    note: Note = ""


class Supplementing(Content):
    """A request that supplements this one follows, under its own id."""

    supplement_id: Id
    text: Prose


class Approving(Content):
    """An officer's approval of the document, as a compact JWS."""

    approval: Annotated[str, Field(max_length=4_096)]
