"""The bodies of legal acts on a request: what each side tells the other (spec/messages.md, 3).

All of them carry `states`: where each measure stands after the act, by the writer's own machine. The
reader applies the same act to its own; a difference is found and named, and never travels on unseen.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.protocol.canonical import Json
from shared.protocol.messages import (
    ApprovalReference,
    Body,
    Digest,
    EntryReference,
    Id,
    Label,
    Moment,
    Term,
    Text,
)

Measures = tuple[Label, ...]
Named = Annotated[Measures, Field(min_length=1)]  # an act on single measures says which


class MeasureState(Body):
    """Where one measure of a request stands: a state S04 to S21."""

    measure_id: Label
    state: Annotated[str, StringConstraints(pattern=r"^S(0[0-9]|1[0-9]|2[01])$")]


class ActBody(Body):
    """What every act says: of which request, and where its measures stand then."""

    request_id: Id
    states: tuple[MeasureState, ...] = ()


class AcknowledgementBody(ActBody):
    """The executing authority has the request, under its own reference (EIO 16(1), Annex B)."""

    reference: Text
    note: Text
    authority: Text = ""


class QueryBody(ActBody):
    """The executing authority asks for more about these measures; `query_id` is answered (T11).

    `fields` are ids of fields of a request; `provisional`: protective measures run meanwhile.
    """

    query_id: Id
    measures: Named
    text: Text
    fields: tuple[Label, ...] = ()
    due: Moment | None = None
    provisional: bool = False


class AnswerBody(ActBody):
    """The answer to a query (T12), or with no query: new facts after a refusal (T29).

    `supplied`: fields of the request that were asked for, by name; of measures as `measures`: by their ids.
    """

    query_id: Id | None
    measures: Named  # that it moves: others may wait for another answer
    text: Text
    supplied: dict[str, Json] = Field(default_factory=dict)


class DecisionBody(ActBody):
    """What the executing authority decided on the measures it names, and why.

    `consulted`: when the authorities consulted before a refusal or postponement (BUD 27(6)); `expected`:
    how long it takes; `review`: when a postponement is looked at again; `appeal`: what a person may do.
    """

    decision: Literal["accepted", "refused", "postponed", "resumed", "executing", "fulfilled"]
    measures: Measures = ()
    codes: tuple[Label, ...]
    reasons: Text
    consulted: Moment | None = None
    expected: Text = ""
    review: Moment | None = None
    appeal: Text = ""
    approval: ApprovalReference | None = None


class ConditionsBody(ActBody):
    """Conditions proposed (T13), also none: then it is a consultation; accepted or declined (T14)."""

    state: Literal["proposed", "accepted", "declined"]
    set_id: Id
    digest: Digest  # `terms_digest` of the terms that are meant
    terms: tuple[Term, ...] = ()  # when proposed
    measures: Measures = ()
    text: Text
    approval: ApprovalReference | None = None


class WithdrawalBody(ActBody):
    """The requesting authority gives a request up (T24), or its time ran out (T28)."""

    kind: Literal["withdrawn", "lapsed"] = "withdrawn"
    codes: tuple[Label, ...] = ()
    reasons: Text
    data: Literal["none", "delete", "restrict", "keep"] = "none"  # with what was sent already


class ChallengeBody(ActBody):
    """A person's remedy: lodged, admitted or not, suspensive or not, decided (process 2.4)."""

    challenge_id: Id
    state: Literal[
        "lodged",
        "admitted",
        "inadmissible",
        "suspensive",
        "not_suspensive",
        "dismissed",
        "upheld",
        "upheld_part",
        "withdrawn",
    ]
    who: Text = ""
    court: Text = ""
    file_number: Text = ""
    suspends: Literal["BY_LAW", "BY_ORDER", "NO"] = "BY_ORDER"
    measures: Measures = ()  # that this moved
    packages: tuple[Id, ...] = ()
    items: tuple[Id, ...] = ()
    until: Moment | None = None
    text: Text
    approval: ApprovalReference | None = None


class PreservationBody(ActBody):
    """Data is to be kept, or is kept, until `until` (BUD 29; process 2.4)."""

    state: Literal[
        "ordered", "extended", "linked", "released", "expired", "refused", "warning", "asked"
    ]
    measures: Measures = ()
    until: Moment | None = None
    codes: tuple[Label, ...] = ()
    text: Text


class NoticeBody(Body):
    """What else one authority tells the other: see the list in spec/messages.md, 3."""

    kind: Literal[
        "forwarded",
        "reviewing",
        "substitution",
        "extension",
        "unanswered",
        "validation",
        "emergency",
        "confidentiality",
        "closing",
        "supplement",
        "use-report-request",
        "use-report",
        "onward-request",
        "onward-consent",
        "onward-refusal",
        "deletion-request",
        "destruction",
        "destruction-countersigned",
        "restriction",
        "return",
        "costs",
        "incident",
        "appeal-waiver",
    ]
    request_id: Id | None = None
    package_id: Id | None = None
    states: tuple[MeasureState, ...] = ()
    about: EntryReference | None = None
    codes: tuple[Label, ...] = ()
    items: tuple[Id, ...] = ()
    details: dict[str, Json] = Field(default_factory=dict)
    text: Text
    approval: ApprovalReference | None = None
