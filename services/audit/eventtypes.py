"""What a type of event is: who records it, what it must tell and what it may; the forms of a reason."""

import re
from dataclasses import dataclass
from enum import Enum

# What every event of another service may tell.
COMMON = frozenset({"case_id", "transfer_id", "peer", "personal", "count"})
# What may be told of people; it reaches the log as salted commitments alone.
PERSONAL = frozenset(
    {"address", "approved_by", "authority", "call", "claimed_client", "client", "custody"}
    | {"keys", "officer", "person", "purpose", "query", "role", "subject"}
)


class Reason(Enum):
    """The forms of a reason: codes that programs and lists make, never words that people type."""

    CODE = r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*(?:/[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*)?"
    GATE = r"[GT][0-9]{2}"
    # A code of the lists of the law, and the state that it reached: MEA-06/S12, OFF-E08, KIND-MLA, FLD-D01.
    LAW = r"(?:[A-Z0-9]{1,5}-[A-Z0-9_]{1,40}|G[0-9]{2}|T[0-9]{2})(?:/S[0-9]{2})?"
    ITEM = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    GROUND = r"retention-ended|unlawful|legal-duty|court-order|supervisory-order"

    def allows(self, text: str) -> bool:
        """Whether a reason has this form."""
        return len(text) <= 60 and re.fullmatch(self.value, text) is not None  # noqa: PLR2004


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """What happened, which services record it, what it must and what it may tell."""

    says: str
    writers: frozenset[str]
    needs: frozenset[str] = frozenset()
    allows: frozenset[str] = COMMON
    reasons: tuple[Reason, ...] = ()
    outcomes: frozenset[str] = frozenset()
    commits: frozenset[str] = frozenset()  # names of plain digests, of the log's own events
