"""What keeps a log sound and lawful: inspections of it, and erasures of what its entries commit to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from client.errors import ClientError
from client.sdk.session import Session
from shared.protocol.canonical import Json, unb64u
from shared.protocol.leaves import parse

INSPECTIONS: Final = "/v1/ops/inspections"
ERASURES: Final = "/v1/audit/erasures"
ERASED: Final = "erasure.executed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """An inspection as the node tells of it; `bad` is the first entry that does not fit."""

    state: str
    checked: int
    size: int
    bad: int | None
    detail: str | None
    told: dict[str, Json]

    @property
    def waiting_for(self) -> str | None:
        """How far it is, in steps of a tenth."""
        tenths = 10 * self.checked // self.size if self.size else 0
        return f"the inspection has passed {10 * tenths} % of {self.size} entries"

    @property
    def ended(self) -> bool:
        """Whether nothing more is to come."""
        return self.state != "running"


def begin_inspection(session: Session) -> Inspection:
    """Have the log inspected, or join the inspection that is running."""
    return _inspection(session.post(INSPECTIONS))


def newest_inspection(session: Session) -> Inspection:
    """How the newest inspection goes, or went."""
    return _inspection(session.get(f"{INSPECTIONS}/newest"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """An erasure: its entry of the log, and how many openings were destroyed."""

    erasure_id: str
    index: int
    count: int


def erase(session: Session, *, case: str, ground: str, erasure_id: str) -> Erasure:
    """Erase the openings of a case; the same id again is the same erasure.

    Raises:
        ClientError: it was refused, or the node answers with an entry of something else.
    """
    order = {"case_id": case, "ground": ground, "erasure_id": erasure_id}
    match session.post(ERASURES, order):
        case {"index": int(index), "leaf": str(text)}:
            leaf = parse(unb64u(text))
        case _:
            raise ClientError("the node's answer is not an erasure", code="bad_answer")
    if (leaf.type, leaf.event_id, leaf.reason) != (ERASED, erasure_id, ground):
        raise ClientError("the node shows an entry of something else", code="bad_answer")
    return Erasure(erasure_id=erasure_id, index=index, count=leaf.count or 0)


def _inspection(answer: dict[str, Json]) -> Inspection:
    match answer:
        case {
            "state": str(state),
            "checked": int(checked),
            "size": int(size),
            "bad": int() | None as bad,
            "detail": str() | None as detail,
        }:
            return Inspection(
                state=state, checked=checked, size=size, bad=bad, detail=detail, told=answer
            )
        case _:
            raise ClientError("the node's answer is not an inspection", code="bad_answer")
