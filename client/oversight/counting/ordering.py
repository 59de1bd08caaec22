"""In which order the steps of a case happened: by the time of the event, then as a case goes.

A log numbers what reaches it together in any order, and the events of one act have one time. Among those
the course of a case decides: what opens a gate comes before what went through it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final

_COURSE: Final = (
    "request.drafted", "request.submitted", "request.returned", "gate.", "request.validated",
    "request.approved", "request.sent", "transfer.intent/request", "transfer.received/request",
    "request.described", "emergency.flagged", "emergency.", "request.delivered", "request.rejected",
    "request.rejected_auth", "request.acknowledged", "request.forwarded", "request.reviewed",
    "request.info_requested", "request.info_supplied", "request.unanswered", "condition.proposed",
    "request.consulted",
    "condition.accepted", "condition.declined", "request.accepted", "request.decision/S07",
    "request.decision/S09", "request.decision/S10", "request.executing", "request.decision/S14",
    "package.category", "package.collected", "package.filtered", "package.cleared", "package.sealed",
    "transfer.intent/package", "transfer.received/package", "package.", "request.decision/S15",
    "request.decision/S16", "request.decision/S12", "request.decision/S13", "request.refused",
    "request.postponed", "request.resumed", "request.reopened", "challenge.lodged", "challenge.suspended",
    "request.suspended", "request.decision/S19", "challenge.decided", "evidence.", "clock.",
    "deletion.ordered", "deletion.done", "request.validation_expired", "request.withdrawn",
    "request.lapsed", "request.closed",
)  # fmt: skip
_RANKS: Final = {name: rank for rank, name in enumerate(_COURSE)}
RANKS: Final = 128  # more than there are
_STATE: Final = -4  # `/S10` at the end of a reason


@lru_cache(maxsize=4096)
def rank(kind: str, reason: str | None) -> int:
    """Give the place of a step among those of the same time."""
    if kind == "request.decision" and reason:
        kind += reason[_STATE:]
    known = _RANKS.get(kind)
    if known is None:
        known = _RANKS.get(f"{kind.partition('.')[0]}.", RANKS - 1)
    return known
