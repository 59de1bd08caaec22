"""The shape of an instrument's profile; every rule names its article and whether that text was read.

`read = false` means: known, but to be compared with the official text before a State relies on it.
"""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Words = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9-]{1,31}$")]
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
# TOML has lists; a profile, once read, does not change.
Many = Annotated[tuple[Words, ...], Field(strict=False)]
Urgencies = Annotated[tuple[Literal["ROUTINE", "URGENT", "EMERGENCY"], ...], Field(strict=False)]
Count = Annotated[int, Field(ge=1, le=10_000)]

Level = Literal["A", "P", "J"]
Unit = Literal["minute", "hour", "day", "working-day"]
Missed = Literal[
    "breach", "note", "lapse", "right lost", "decide on the file", "withdraw and delete"
]
Suspends = Literal["BY_LAW", "BY_ORDER", "NO"]
Calendar = Literal["requesting", "requested"]
# What a field may depend on: `completeness.facts` derives each of a request.
Condition = Literal[
    "kinds", "urgency", "measures", "instruments", "personal", "electronic", "electronic_or_coercive",
    "coercive", "stored", "identify_only", "service_only", "unvalidated", "judicial", "to_filter",
    "death_penalty", "listed", "special",
]  # fmt: skip


class Shape(BaseModel):
    """Strict: a misspelt key or a value of another type is a mistake, not a default."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Sourced(Shape):
    """A rule and where it stands."""

    article: Words
    read: bool


class Party(Sourced):
    """A State for which the instrument is in force."""

    country: CountryCode
    since: date
    until: date | None = None


class Applies(Sourced):
    """When the instrument may be chosen at all."""

    only_without_treaty: Many = ()
    replaces: Many = ()
    for_third_state: bool


class FieldRule(Sourced):
    """A field that the instrument asks for: of these kinds, when all of these hold; `known`: where known.

    `when` has the conditions of `fields.toml`.
    """

    kinds: Many = ()
    when: dict[Condition, bool | Many] = {}
    known: bool = False


class MeasureRule(Sourced):
    """Who must have ordered a measure, and for which offences.

    `level`: A any authority, P a prosecutor or judge, J a judge, court or investigating judge.
    `months`: the least maximum penalty; `or_listed`: or an offence of the instrument's list. `always`:
    a measure that must always be available (EIO 10(2)).
    """

    level: Level
    kinds: Many = ()
    months: Count | None = None
    or_listed: bool = False
    always: bool = False


class Deadline(Sourced):
    """A clock: without a length it has no number, and only the pair's policy gives one."""

    id: Words
    act: Words
    starts: Words
    length: Count | None = None
    unit: Unit | None = None
    least: bool = False
    extension: Count | None = None
    extensions: Count | None = None
    extension_needs: Words | None = None
    pauses: Many = ()
    missed: Missed | None = None
    kinds: Many = ()
    measures: Many = ()
    urgency: Urgencies = ()

    @model_validator(mode="after")
    def _has_a_unit(self) -> Self:
        if (self.length is None) != (self.unit is None):
            raise ValueError("length and unit stand together, or neither")
        if self.extension is not None and self.length is None:
            raise ValueError("an extension needs a length to extend")
        return self


class Ground(Sourced):
    """A ground to refuse.

    `unless_listed_months`: not for a listed offence with at least this maximum; `not_for_always`: not for
    a measure that must always be available.
    """

    kinds: Many = ()
    unless_listed_months: Count | None = None
    not_for_always: bool = False


class Barred(Sourced):
    """A ground that the instrument takes away; `alone`: only where it is the only one."""

    why: Words
    alone: bool = False
    kinds: Many = ()
    unless: Words | None = None  # a reservation that gives it back


class BarredReason(Sourced):
    """Something that is no reason, whatever ground it is put under."""

    why: Words


class Consultation(Sourced):
    """Whether the requesting State must be consulted before a refusal (for `grounds`; none: for all)."""

    required: bool
    grounds: Many = ()


class Challenge(Sourced):
    """What a person's challenge does to a transfer."""

    suspends: Suspends
    irreparable: bool = False
    appeal_days: Count | None = None


class Preservation(Sourced):
    """How long data are preserved."""

    least_days: Count
    extension_days: Count | None = None
    extensions: Count | None = None
    kept_until_decided: bool = False
    dual_criminality: bool


class Emergency(Sourced):
    """What may leave before a judge has validated the request."""

    call_back: bool
    unvalidated: Many = ()


class Thresholds(Sourced):
    """Penalties (maximum, months) from which an offence counts as listed or serious."""

    listed_months: Count | None = None
    serious_months: Count | None = None


class Clocks(Sourced):
    """Whose calendar counts, and whether an end on a day off moves to the next working day."""

    calendar: Calendar
    rolls: bool = False


class Instrument(Shape):
    """A treaty, directive or regulation, or what two States do without one."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    code: Code
    name: Words
    citation: Words
    kind: Literal[
        "convention", "protocol", "directive", "regulation", "treaty", "template", "reciprocity"
    ]
    revision: date
    in_force: date | None = None
    text: Words | None = None
    request_kinds: Many
    applies: Applies
    party: Annotated[tuple[Party, ...], Field(strict=False)] = ()
    field: dict[str, FieldRule]
    measure: dict[str, MeasureRule]
    deadline: Annotated[tuple[Deadline, ...], Field(strict=False)] = ()
    ground: dict[str, Ground]
    barred: dict[str, Barred] = {}
    barred_reasons: dict[str, BarredReason] = {}
    postponement: dict[str, Sourced] = {}
    condition: dict[str, Sourced] = {}
    consultation: Consultation
    challenge: Challenge
    preservation: Preservation | None = None
    emergency: Emergency | None = None
    thresholds: Thresholds | None = None
    clocks: Clocks | None = None
    reservations: dict[str, Words] = {}

    def unread(self) -> tuple[str, ...]:
        """Return the articles that were not compared with the official text, as they stand."""
        return tuple(dict.fromkeys(_unread(self.model_dump())))


def _unread(value: Any) -> list[str]:  # noqa: ANN401 - any part of a profile
    if isinstance(value, dict):
        own = [value["article"]] if value.get("read") is False else []
        return own + [article for part in value.values() for article in _unread(part)]
    return (
        [article for part in value for article in _unread(part)] if isinstance(value, tuple) else []
    )
