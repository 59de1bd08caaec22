"""On what the clocks of a request stand at a moment: instrument, profile of the two countries, document."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from services.exchange.calendars import calendar
from services.exchange.clockwork import Hanging
from services.exchange.records import Request
from services.exchange.states import Direction
from shared.protocol import canonical
from shared.protocol.identifiers import Country
from shared.protocol.law.duties import Duty, duties
from shared.protocol.law.pairs import Pair
from shared.runtime.directory import Directory

_NEVER: Final = date(9000, 1, 1)  # what is wanted by then or later has no date
_NOWHERE: Final = Hanging(zone="UTC", calendar="", label="UTC: no profile of the two is in force")


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What decides which clocks run, and where they hang.

    `stated`: the date by which the request needs an answer. `hanging`: by whose calendar it is.
    """

    duties: Sequence[Duty]
    stated: date | None
    hanging: Mapping[str, Hanging]
    side: str  # this country's: requesting or requested


def side(request: Request) -> str:
    """Say on which side of a request this country is."""
    return "requesting" if request.direction is Direction.OUT else "requested"


def basis(request: Request, at: datetime, directory: Directory, country: Country) -> Basis:
    """Find what counts for a request on the day of `at`."""
    document = canonical.parse(request.document)
    assert isinstance(document, dict)
    asks = side(request) == "requesting"
    requesting, requested = (country, request.peer) if asks else (request.peer, country)
    on = at.date()
    pair = directory.pair(requesting, requested, on)
    found = [directory.instrument(requesting, requested, code, on) for code in _codes(document)]
    return Basis(
        duties=duties(
            next((each for each in found if each is not None), None),
            pair,
            kind=str(document.get("request_kind")),
            urgency=str(document.get("urgency")),
        ),
        stated=_stated(document),
        hanging={
            "requested": _hanging(pair),
            # The profile of the other direction has what hangs in the requesting State.
            "requesting": _hanging(directory.pair(requested, requesting, on) or pair),
        },
        side=side(request),
    )


def _codes(document: Mapping[str, Any]) -> list[str]:
    named = document.get("legal_basis")
    return [str(one.get("instrument")) for one in named] if isinstance(named, list) else []


def _stated(document: Mapping[str, Any]) -> date | None:
    needed = document.get("needed_by")
    stated = date.fromisoformat(str(needed["date"])) if isinstance(needed, dict) else None
    return stated if stated is not None and stated < _NEVER else None


def _hanging(pair: Pair | None) -> Hanging:
    if pair is None:
        return _NOWHERE
    label = f"{pair.time_zone}; {calendar(pair.calendar).label}"
    return Hanging(zone=pair.time_zone, calendar=pair.calendar, label=label)
