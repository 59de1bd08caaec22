"""What two countries agreed on beside the treaties: which are in force between them, and their own values.

One profile for each ordered pair (who asks whom). It changes nothing in an instrument: it says which
count since when, chooses where the instrument lets States choose, and gives numbers where it has none.
"""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.protocol.law import library
from shared.protocol.law.shapes import (
    Count,
    CountryCode,
    Level,
    Many,
    Missed,
    Shape,
    Suspends,
    Unit,
    Words,
)

Channel = Literal["CA_TO_CA", "JUDICIAL_DIRECT", "JUDICIAL_DIRECT_COPY_CA", "POINT_24_7"]
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Tier = Annotated[int, Field(ge=1, le=4)]


class Length(Shape):
    """How long: a number and its unit."""

    length: Count
    unit: Unit


class Clock(Shape):
    """A policy value of the pair, by urgency; `act` and `starts` as in `Deadline`."""

    act: Words
    starts: Words
    routine: Length | None = None
    urgent: Length | None = None
    emergency: Length | None = None
    pauses: Many = ()
    rolls: bool = False  # an end on a day off moves to the next working day
    extension: Count | None = None  # at most, in the unit of the length
    extensions: Count | None = None
    missed: Missed | None = None
    article: Words | None = None  # none: policy


class Between(Shape):
    """An instrument between the two: since and until when, with which reservations of the requested State."""

    code: Words
    since: date | None = None  # none: signed by one or both, and not in force between them
    until: date | None = None
    reservations: Many = ()
    measures: Many = ()  # none: all of the instrument
    profile: Digest | None = None  # of the instrument's profile; none: the one of this release

    def holds(self, on: date) -> bool:
        """Say whether it is in force between the two on a day."""
        return (
            self.since is not None and self.since <= on and (self.until is None or on < self.until)
        )

    def meets(self, other: "Between") -> bool:
        """Say whether both are in force on some day."""
        starts = [each.since for each in (self, other) if each.since is not None]
        ends = [each.until for each in (self, other) if each.until is not None]
        return len(starts) == 2 and all(max(starts) < end for end in ends)  # noqa: PLR2004 - both


class DeathPenalty(Shape):
    """G07: whether the requesting State retains it, and who can bind it not to use it."""

    requesting_retains: bool
    assurance_required: bool
    binding_signatories: Many = ()


class DataProtection(Shape):
    """G09: on what a transfer of personal data stands."""

    sender_bound_by: Words
    adequacy: bool
    default_gateway: Literal["ADEQUACY", "APPROPRIATE_SAFEGUARDS", "SPECIAL_CIRCUMSTANCES"]


class Weighting(Shape):
    """G08: the requested State's note on the requesting one."""

    id: Words
    valid_until: date
    tiers: Annotated[tuple[Tier, ...], Field(strict=False)]


class Oversight(Shape):
    """Who oversees, and whether it may see content."""

    bodies: Many
    sees_content: bool
    cross_check_with_peer: bool


class ChallengeRule(Shape):
    """What a challenge does here; goes before the instrument's own value."""

    suspends: Suspends
    appeal_days: Count | None = None
    who: Annotated[tuple[Literal["HOLDER", "SUSPECT", "THIRD_PARTY"], ...], Field(strict=False)]


class EmergencyRule(Shape):
    """G20: what may leave before validation, and within which time it must come."""

    unvalidated: Many
    validation: Length
    call_back: bool


class Channels(Shape):
    """Which way a request goes, by urgency."""

    routine: Channel
    urgent: Channel
    emergency: Channel


class Receiver(Shape):
    """An authority of the requested State, and which kinds of request it takes (none: all)."""

    id: Words
    name: Words
    receives: Many = ()


class Thresholds(Shape):
    """Penalties (maximum, months) below which the two do not ask for traffic data or content."""

    traffic_or_content_months: Count | None = None


class Pair(Shape):
    """The profile of an ordered pair of countries."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    requesting: CountryCode
    requested: CountryCode
    revision: date
    valid_from: date
    valid_until: date | None = None
    time_zone: Words  # of the requested State, IANA: due dates are its instants
    calendar: Words  # of working days: country, or country-subdivision, of the `holidays` library
    languages: Many
    channels: Channels | None = None
    authority: Annotated[tuple[Receiver, ...], Field(strict=False)] = ()
    thresholds: Thresholds | None = None
    instrument: Annotated[tuple[Between, ...], Field(strict=False, min_length=1)]
    authority_levels: dict[str, Level] = Field(default_factory=dict)
    extra_fields: Many = ()
    grounds: Many = ()  # none: all that the instrument has
    clock: Annotated[tuple[Clock, ...], Field(strict=False)] = ()
    challenge: ChallengeRule | None = None
    death_penalty: DeathPenalty
    data_protection: DataProtection
    weighting: Weighting | None = None
    emergency: EmergencyRule | None = None
    oversight: Oversight
    speciality: Many = ()
    political_families: Many = ()

    def in_force(self, on: date) -> Sequence[Between]:
        """Return the instruments in force between the two on a day, in the order in which they count."""
        known = self.valid_from <= on and (self.valid_until is None or on < self.valid_until)
        return [each for each in self.instrument if each.holds(on)] if known else []

    def between(self, code: str, on: date) -> Between | None:
        """Return what the two say of an instrument that is in force on a day; none if it is not."""
        return next((each for each in self.in_force(on) if each.code == code), None)

    def least_months(self, measure: str) -> int:
        """Return the maximum penalty from which the two ask for a measure at all; 0: from any."""
        codes = library.codes()
        brings = codes["measure"][measure]["data"]
        kept = any(codes["data"][each].get("grave") for each in brings)
        least = self.thresholds.traffic_or_content_months if self.thresholds is not None else None
        return least or 0 if kept else 0


def in_force(pairs: Sequence[Pair], a: str, b: str, on: date) -> Sequence[str]:
    """Return the codes of the instruments under which `a` may ask `b` on a day (G24)."""
    return [
        between.code
        for pair in pairs
        if (pair.requesting, pair.requested) == (a, b)
        for between in pair.in_force(on)
    ]
