"""Gate G03: what is asked for, and what goes out for it, is about somebody in particular."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from services.exchange.gating.matter import Item, Matter
from services.exchange.gating.results import Pass, Result, fail
from shared.protocol.errors import FormatError
from shared.protocol.law import library
from shared.protocol.law.identifying import read_identifier
from shared.protocol.law.lifecycle import State

EXECUTED: Final = frozenset({State.EXECUTING, State.PARTIALLY_FULFILLED})


def particular_request(matter: Matter) -> Result:
    """G03, when a request is sent: each thing is looked for once, as its source page has it."""
    wrong = [measure.measure_id for measure in matter.asked() if _repeats(measure)]
    if not wrong:
        return Pass("G03")
    return fail(
        "G03",
        "not_particular",
        f"Measures {', '.join(wrong)} name one identifier twice.",
        "Compare G03 of these measures with the pages that it was copied from.",
        wrong,
    )


def _repeats(measure: Any) -> bool:  # noqa: ANN401 - documents.Measure
    values = [_spelling(each.kind, each.value) for each in measure.identifiers or ()]
    return len(set(values)) != len(values)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What one measure in execution asks for, in the form in which items are compared with it."""

    categories: frozenset[str]
    kinds: frozenset[str]
    identifiers: frozenset[str]  # in their one spelling
    since: datetime | None
    until: datetime | None

    def answered_by(self, item: Item) -> bool:
        if item.category not in self.categories or not self._about(item.identifier):
            return False
        if self.since is None or self.until is None:
            return True
        if item.since is None or item.until is None:
            return False
        return self.since <= item.since <= item.until <= self.until

    def _about(self, identifier: str | None) -> bool:
        if not self.identifiers or identifier in self.identifiers:
            return True
        spelt = {_spelling(kind, identifier or "") for kind in self.kinds}
        return not self.identifiers.isdisjoint(spelt)


def particularity(matter: Matter) -> Result:
    """G03: each item answers one measure in execution: about what was asked, of the time that was asked."""
    wanted = {
        measure.measure_id: _wanted(measure)
        for measure in matter.document.measures
        if matter.measures.get(measure.measure_id) in EXECUTED
    }
    blocked = [
        item.item_id
        for item in matter.items
        if item.measure_id not in wanted or not wanted[item.measure_id].answered_by(item)
    ]
    if not blocked:
        return Pass("G03")
    return fail(
        "G03",
        "beyond_request",
        f"{len(blocked)} items answer no measure in execution as it was asked: "
        "identifier, time or category differ, or were not declared.",
        "Take these items out, or have the authority record why incidental evidence goes along.",
        blocked,
    )


def _wanted(measure: Any) -> _Wanted:  # noqa: ANN401 - documents.Measure
    named = measure.identifiers or ()
    asked = measure.range
    return _Wanted(
        categories=frozenset(measure.data or library.codes()["measure"][measure.code]["data"]),
        kinds=frozenset(each.kind for each in named),
        identifiers=frozenset(_spelling(each.kind, each.value) for each in named),
        since=None if asked is None else datetime.fromisoformat(asked.since),
        until=None if asked is None else datetime.fromisoformat(asked.until),
    )


def _spelling(kind: str, value: str) -> str:
    """Return the spelling by which two identifiers are compared; what cannot be read stands for itself."""
    try:
        return read_identifier(kind, value)
    except FormatError:
        return value
