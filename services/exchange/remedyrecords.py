"""What the exchange knows of challenges, emergencies and preservations, as values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.protocol.law.emergency import EmergencyState
from shared.protocol.law.preservation import PreservationState
from shared.protocol.law.remedies import Stage
from shared.protocol.law.shapes import Suspends


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """The fields of `remedytables.ChallengeRow`."""

    id: str
    request_id: str
    stage: Stage
    suspends: Suspends
    who: str
    court: str
    file_number: str
    measures: Sequence[str]
    packages: Sequence[str]
    items: Sequence[str]
    lodged_at: datetime
    until: datetime | None
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """The fields of `remedytables.EmergencyRow`."""

    request_id: str
    state: EmergencyState
    unvalidated: bool
    validated_at: datetime | None = None
    called_at: datetime | None = None
    called_by: str | None = None
    number: str | None = None
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Preservation:
    """The fields of `remedytables.PreservationRow`."""

    request_id: str
    state: PreservationState
    until: datetime | None = None
    extensions: int = 0
    linked: str | None = None
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SubjectNotice:
    """The fields of `remedytables.SubjectNoticeRow`."""

    request_id: str
    due_at: datetime
    sent_at: datetime | None = None
    remedies: bool = False
    ground: str | None = None
    review: str | None = None
    changed_at: datetime
