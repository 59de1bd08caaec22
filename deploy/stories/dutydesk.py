"""What duty officers and judges do when there is no time, and what becomes of data that is to be kept."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from client.sdk.records import Request, read_request
from deploy.stories.desk import APPROVER, COURT, DUTY, PREPARER, Desks
from shared.protocol.approvals import (
    COURT_RECORD,
    DUTY_RECORD,
    REQUEST_APPROVE,
    REQUEST_PREPARE,
    Act,
)
from shared.protocol.canonical import Json

Kept = Literal["ordered", "extended", "released", "warning", "refused", "asked"]


class DutyDesks(Desks):
    """The duty desk of a country, and its judges."""

    def approves_unvalidated(self, request_id: str, reason: str) -> Request:
        """Sign a draft as who wrote it and as the duty officer, without a judge (T04)."""
        found = self.request(request_id)
        signers: tuple[tuple[str, str, Act], ...] = (
            ("prepared", PREPARER, REQUEST_PREPARE),
            ("approval", DUTY, REQUEST_APPROVE),
        )
        signed = {
            name: self.officer(desk).approve(
                act,
                object_id=request_id,
                version=found.version,
                digest=found.digest,
                now=self.clock(),
            )["approval"]
            for name, desk, act in signers
        }
        path = f"/v1/requests/{request_id}/approve-unvalidated"
        return read_request(self.tells(DUTY, path, {**signed, "reason": reason}))

    def calls_back(self, request_id: str, *, confirmed: bool, text: str, number: str = "") -> None:
        """Call the other country's duty desk back, at the number of the directory unless another is given."""
        asked = self.session(APPROVER).get(f"/v1/requests/{request_id}/emergency")
        said: dict[str, Json] = {
            "number": number or asked["call"],
            "spoke_with": "Duty desk of the other country",
            "confirmed": confirmed,
            "text": text,
        }
        path = f"/v1/requests/{request_id}/call-back"
        self.signs(DUTY, path, DUTY_RECORD, self.request(request_id).version, said)

    def validates(self, request_id: str, *, granted: bool, text: str) -> None:
        """Record what a judge said of a request that was sent before."""
        said: dict[str, Json] = {
            "granted": granted,
            "authority": f"Investigating judge, {self.country}",
            "text": text,
        }
        path = f"/v1/requests/{request_id}/validation"
        self.signs(COURT, path, COURT_RECORD, self.request(request_id).version, said)

    def urgency(self, request_id: str) -> str:
        """Return how an emergency stands, as this country has it."""
        return str(self.session(APPROVER).get(f"/v1/requests/{request_id}/emergency")["state"])

    def keeps(
        self, request_id: str, state: Kept, text: str, *, until: datetime | None = None
    ) -> None:
        """Say what becomes of data that is to be kept."""
        said: dict[str, Json] = {"state": state, "text": text}
        if until is not None:
            said["until"] = int(until.timestamp())
        desk = APPROVER if state == "asked" else PREPARER
        self.tells(desk, f"/v1/requests/{request_id}/preservation", said)

    def kept(self, request_id: str) -> tuple[str, str]:
        """Return how a preservation stands, and until which day, as this country has it."""
        found = self.session(APPROVER).get(f"/v1/requests/{request_id}/preservation")
        return str(found["state"]), str(found["until"] or "")[:10]
