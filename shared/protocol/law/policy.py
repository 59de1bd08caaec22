"""The values of policy, for what treaties leave open: this release's, and those of a pair over them.

Policy is no law: an instrument's own number goes first. A pair changes a clock by naming it again with the
lengths and pauses that differ; what it does not mention stays (spec/law.md, 4).
"""

from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Annotated, Literal

from pydantic import Field

from shared.protocol.law import library
from shared.protocol.law.pairs import Clock, Pair
from shared.protocol.law.reading import read_shape
from shared.protocol.law.shapes import Count, Shape

Counts = Annotated[tuple[Count, ...], Field(strict=False)]


class Reminders(Shape):
    """How long before the end of a clock somebody is reminded: long ones in days, short ones in hours."""

    days_before: Counts
    hours_before: Counts


class Policy(Shape):
    """All values of policy."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    revision: date
    clock: Annotated[tuple[Clock, ...], Field(strict=False)]
    reminders: Reminders


@cache
def policy() -> Policy:
    """Return the values that come with this release."""
    return read_shape(Policy, library.policy_text())[0]


def clocks_between(pair: Pair | None) -> Sequence[Clock]:
    """Return the clocks of policy as they run for a pair: its own values over this release's, and more."""
    own = {(each.act, each.starts): each for each in (pair.clock if pair is not None else ())}
    base = [_over(own.pop((each.act, each.starts), None), each) for each in policy().clock]
    return [*base, *own.values()]


def _over(own: Clock | None, base: Clock) -> Clock:
    told = own.model_fields_set if own is not None else ()
    return base.model_copy(update={name: getattr(own, name) for name in told})
