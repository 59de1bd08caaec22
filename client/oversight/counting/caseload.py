"""O01, O02, O13, O14, O15: how many cases, with whom, about what, how old."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from client.oversight.counting.casefile import Case, Outcome, Side
from client.oversight.counting.lists import lists, titled
from shared.protocol.law.lifecycle import word

Told = tuple[str, str, str, int]
"""Table, row, column, value."""

SIDES: Final = tuple(side.value for side in Side)
START, NEW, REOPENED, END = "open at the start", "new", "reopened", "open at the end"
_DAY: Final = 86_400
_LIVE: Final = frozenset({"MEA-08", "MEA-09", "MEA-14"})
_ORDERS: Final = frozenset({"KIND-EIO", "INS-EIO"})


def caseload(case: Case) -> Iterator[Told]:
    """Count the spells in which it was open: what was, came, ended, is."""
    if case.side is None:
        return
    for number, spell in enumerate(case.spells):
        if spell.ended is not None and spell.ended < case.since:
            continue
        begun = (REOPENED if number else NEW) if spell.began >= case.since else START
        yield "O01", case.side.value, begun, 1
        yield "O01", case.side.value, spell.outcome.value if spell.outcome else END, 1


def partners(case: Case) -> Iterator[Told]:
    """Count by country and by offence."""
    if case.side is not None and case.is_new:
        yield "O02-partner", case.peer, case.side.value, 1
        for offence in case.of("OFF-"):
            yield "O02-offence", titled(offence), case.side.value, 1


def pending(case: Case) -> Iterator[Told]:
    """Count what is open at the end by its age."""
    if case.side is not None and case.is_open:
        table = "O13-made" if case.side is Side.MADE else "O13-received"
        began = case.spells[-1].began
        column = band((case.end - began) // _DAY) if began else "began before these logs"
        yield table, f"{case.state.value} {word(case.state)}", column, 1


def balance(case: Case) -> Iterator[Told]:
    """Count measures by who asks whom."""
    if case.side is not None and case.is_new:
        for code in case.codes:
            live = "live" if code in _LIVE else "stored and other"
            yield "O14", case.peer, f"{case.side.value}, {live}", 1


def investigation_orders(case: Case) -> Iterator[Told]:
    """Count European Investigation Orders as Eurojust does."""
    if case.side is None or not (case.traits & _ORDERS) or not case.spells:
        return
    if case.is_new:
        yield "O15", case.side.value, "new", 1
    elif case.spells[-1].ended is None or case.spells[-1].ended >= case.since:
        yield "O15", case.side.value, "ongoing from before", 1
    else:
        return
    yield "O15", case.side.value, "in all", 1


def bands() -> list[str]:
    """Name the bands of age."""
    ages = lists().policy.ages
    starts = [0, *(each + 1 for each in ages)]
    spans = [f"{first} to {last} days" for first, last in zip(starts, ages, strict=False)]
    return [*spans, f"over {ages[-1]} days"]


def band(age: int) -> str:
    """Name the band of an age in days."""
    ages = lists().policy.ages
    return bands()[sum(age > each for each in ages)]


COLUMNS: Final = {
    "O01": (START, NEW, REOPENED, *(each.value for each in Outcome), END),
    "O02-partner": SIDES,
    "O02-offence": SIDES,
    "O13-made": (*bands(), "began before these logs"),
    "O13-received": (*bands(), "began before these logs"),
    "O14": tuple(f"{side}, {each}" for side in SIDES for each in ("live", "stored and other")),
    "O15": ("ongoing from before", "new", "in all"),
}
RULES: Final = (caseload, partners, pending, balance, investigation_orders)
