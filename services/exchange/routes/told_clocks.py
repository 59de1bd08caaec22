"""Examples of deadlines."""

from collections.abc import Mapping
from typing import Final

from shared.runtime.openapi import Told

_CLOCK: Final = {
    "clock_id": "D02.M01.1",
    "request_id": "01a1fdfa-4600-7c63-8c66-804dc68564d2",
    "subject": "M01",
    "act": "decide",
    "what": "decide on the measure",
    "whose": "requested",
    "ours": True,
    "state": "RUNNING",
    "source": "EIO 12(3), 12(5)",
    "revision": "EIO of 2026-11-22",
    "law": True,
    "starts": "it was delivered",
    "started_at": "2026-11-20T12:00:00.000Z",
    "due_at": "2026-12-21T23:00:00.000Z",
    "last_day": "2026-12-21 23:59",
    "ended_at": None,
    "place": "Europe/Paris; FR (holidays 0.109)",
    "length": 30,
    "unit": "day",
    "missed": "breach",
    "extension": 30,
    "extension_needs": "reasons and an estimate, before the end",
    "extensions": [],
    "steps": None,
}
_STEP: Final = {
    "day": "2026-11-21",
    "since": "2026-11-20T23:00:00.000Z",
    "until": "2026-11-21T23:00:00.000Z",
    "counted": True,
    "number": 1,
    "why": "day 1 of 30 (Saturday)",
}
_SAID: Final = {
    "length": 10,
    "reasons": "The provider needs a second order.",
    "estimate": "2026-12-30",
}
_EXPLAINED: Final = {**_CLOCK, "steps": [_STEP]}
TOLD_CLOCKS: Final[Mapping[str, Told]] = {
    "GET /v1/requests/{request_id}/clocks": Told(answer={"clocks": [_EXPLAINED]}),
    "POST /v1/requests/{request_id}/clocks/{clock}/extend": Told(body=_SAID, answer=_EXPLAINED),
    "GET /v1/clocks": Told(answer={"clocks": [_CLOCK]}),
}
