"""Which clocks a request has: the deadlines of its instrument, and what policy or the two countries add.

An instrument's number is law: policy never lengthens or replaces it. Where the instrument has none, or
only a least one, the value of the pair counts (its clock of the same act and start), else that of policy.
Where both have a number, the shorter one runs beside the law's as a target. spec/clocks.md has the rules.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from shared.protocol.law.clocks import Rule
from shared.protocol.law.clockwords import Kind, vocabulary
from shared.protocol.law.pairs import Clock, Length, Pair
from shared.protocol.law.policy import clocks_between, policy
from shared.protocol.law.shapes import (
    Calendar,
    Count,
    Deadline,
    Instrument,
    Many,
    Missed,
    Shape,
    Unit,
    Words,
)

WHOLE: Final = "request"  # the subject of a clock that is about the request and no part of it


class Duty(Shape):
    """A clock as it runs in one case, whole enough to be kept with it.

    `revision`: of the profile or policy it was taken from. `law`: an instrument's, else policy or agreed.
    """

    id: Words
    act: Words
    starts: Words
    length: Count | None = None  # none: the instrument has no number, and nobody agreed on one
    unit: Unit | None = None
    rolls: bool = False
    calendar: Calendar = "requested"
    extension: Count | None = None
    extensions: Count | None = None
    extension_needs: Words | None = None
    pauses: Many = ()
    missed: Missed | None = None
    measures: Many = ()
    source: Words
    revision: Words
    law: bool

    @property
    def rule(self) -> Rule | None:
        """Return its length as `clocks.due` takes it; none for a clock without a number."""
        if self.length is None or self.unit is None:
            return None
        return Rule(length=self.length, unit=self.unit, rolls=self.rolls)

    @property
    def kind(self) -> Kind:
        """Return what it is about."""
        return vocabulary().duty[self.act]

    @property
    def code(self) -> str:
        """Return its act as the log's statistics name it."""
        return self.act.replace(" ", "_")


def duties(
    instrument: Instrument | None, pair: Pair | None, *, kind: str, urgency: str
) -> Sequence[Duty]:
    """Return the clocks of a request under an instrument, between two countries.

    Args:
        instrument: the one on which the request stands; none: nothing is known of it, and policy counts.
        pair: the profile of the two; none: the values of this release's policy.
        kind: of the request (A03).
        urgency: of the request (H01).
    """
    agreed = {(each.act, each.starts): each for each in clocks_between(pair)}
    law = [] if instrument is None else list(_law(instrument, agreed, kind, urgency))
    numbers = {(duty.act, duty.starts): duty for duty in law if duty.length is not None}
    beside = [
        _agreed(clock, length, pair, target=key in numbers)
        for key, clock in agreed.items()
        if (length := _length(clock, urgency)) is not None and not _settled(numbers.get(key))
    ]
    return [*law, *beside, *_of_pair(instrument, pair, urgency)]


def _settled(duty: Duty | None) -> bool:
    """Say whether the agreed value stands in a deadline already, or has nothing to add to it."""
    return duty is not None and (not duty.law or duty.kind.lasts)


def _law(
    instrument: Instrument, agreed: Mapping[tuple[str, str], Clock], kind: str, urgency: str
) -> Iterable[Duty]:
    rules = [
        each
        for each in instrument.deadline
        if (not each.kinds or kind in each.kinds) and (not each.urgency or urgency in each.urgency)
    ]
    closer = {(each.act, each.starts) for each in rules if each.urgency}
    for each in rules:
        if each.urgency or (each.act, each.starts) not in closer:
            yield _duty(instrument, each, agreed.get((each.act, each.starts)), urgency)


def _duty(instrument: Instrument, deadline: Deadline, clock: Clock | None, urgency: str) -> Duty:
    source = f"{instrument.code} {deadline.article}"
    hang = instrument.clocks
    own = Duty(
        id=deadline.id,
        act=deadline.act,
        starts=deadline.starts,
        length=deadline.length,
        unit=deadline.unit,
        rolls=hang is not None and hang.rolls,
        calendar="requested" if hang is None else hang.calendar,
        extension=deadline.extension,
        extensions=deadline.extensions,
        extension_needs=deadline.extension_needs,
        pauses=deadline.pauses,
        missed=deadline.missed,
        measures=deadline.measures,
        source=source,
        revision=f"{instrument.code} of {instrument.revision}",
        law=True,
    )
    length = None if clock is None or deadline.starts == "stated" else _length(clock, urgency)
    if clock is None or length is None or not _may_differ(deadline, length):
        return own
    return own.model_copy(
        update={
            "length": length.length,
            "unit": length.unit,
            "rolls": clock.rolls or own.rolls,
            "extension": clock.extension or own.extension,
            "extensions": clock.extensions or own.extensions,
            "pauses": clock.pauses or own.pauses,
            "missed": clock.missed or own.missed,
            "source": f"{clock.article or 'agreed'}; {source}",
            "law": deadline.length is not None,
        }
    )


def _may_differ(deadline: Deadline, length: Length) -> bool:
    """Say whether an agreed length stands in a deadline's place: where it has none, or a least one."""
    if deadline.length is None:
        return True
    return deadline.least and length.unit == deadline.unit and length.length > deadline.length


def _agreed(clock: Clock, length: Length, pair: Pair | None, *, target: bool) -> Duty:
    """Make a clock of policy, or of the pair; a target of policy beside the law's number binds nobody."""
    own = pair is not None and (clock.act, clock.starts) in {(c.act, c.starts) for c in pair.clock}
    return Duty(
        id=f"P-{clock.act.replace(' ', '-')}",
        act=clock.act,
        starts=clock.starts,
        length=length.length,
        unit=length.unit,
        rolls=clock.rolls,
        extension=clock.extension,
        extensions=clock.extensions,
        pauses=clock.pauses,
        missed="note" if target and not own else clock.missed,
        source=clock.article or ("agreed between the two" if own else "policy"),
        revision=_revision(pair if own else None),
        law=False,
    )


def _of_pair(instrument: Instrument | None, pair: Pair | None, urgency: str) -> Iterable[Duty]:
    """What a pair says elsewhere in its profile: validation in emergencies, and the time to appeal."""
    law = instrument.deadline if instrument is not None else ()
    rule = pair.emergency if pair is not None else None
    if rule is not None and urgency == "EMERGENCY" and all(each.act != "validate" for each in law):
        yield _simple("validate", "issued", rule.validation, "withdraw and delete", pair=pair)
    if pair is not None and pair.challenge is not None and pair.challenge.appeal_days is not None:
        length = Length(length=pair.challenge.appeal_days, unit="day")
        yield _simple("appeal", "ruled", length, "right lost", pair=pair)
    elif instrument is not None and instrument.challenge.appeal_days is not None:
        length = Length(length=instrument.challenge.appeal_days, unit="day")
        source = f"{instrument.code} {instrument.challenge.article}"
        yield _simple("appeal", "ruled", length, "right lost", pair=pair, source=source)


def _simple(
    act: str,
    starts: str,
    length: Length,
    missed: Missed,
    *,
    pair: Pair | None,
    source: str = "agreed between the two",
) -> Duty:
    return Duty(
        id=f"P-{act}",
        act=act,
        starts=starts,
        length=length.length,
        unit=length.unit,
        missed=missed,
        source=source,
        revision=_revision(pair),
        law=False,
    )


def _revision(pair: Pair | None) -> str:
    if pair is None:
        return f"policy of {policy().revision}"
    return f"{pair.requesting}-{pair.requested} of {pair.revision}"


def _length(clock: Clock, urgency: str) -> Length | None:
    """Return the length at an urgency; what is urgent and has none of its own runs as the next calmer."""
    lengths = {"EMERGENCY": clock.emergency, "URGENT": clock.urgent, "ROUTINE": clock.routine}
    order = list(lengths)
    calmer = order[order.index(urgency) if urgency in lengths else -1 :]
    return next((lengths[name] for name in calmer if lengths[name] is not None), None)
