"""What people do with requests, in their words; each is one call of the interface."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from client.sdk import requests
from client.sdk.records import Request, as_list, as_object, read_request
from deploy.stories.courtroom import Courts
from deploy.stories.desk import APPROVER, PREPARER
from deploy.stories.dutydesk import DutyDesks
from deploy.stories.packing import Packers
from shared.protocol.approvals import CONDITIONS_SETTLE, FINDING, REQUEST_DECIDE
from shared.protocol.canonical import Json

Verdict = Literal["pass", "fail", "override"]


class Office(Packers, Courts, DutyDesks):
    """The people of a country."""

    # --- the requesting country ---

    def drafts(self, document: Mapping[str, Json]) -> Request:
        """Write a request; it is not handed in."""
        return requests.draft(self.session(PREPARER), document)

    def hands_in(self, request_id: str) -> Request:
        """Hand a draft to the second officer, signed."""
        return requests.submit(
            self.session(PREPARER),
            self.request(request_id),
            officer=self.officer(PREPARER),
            clock=self.clock,
        )

    def approves(self, request_id: str) -> Request:
        """Approve what was handed in, as the second officer."""
        return requests.approve(
            self.session(APPROVER),
            self.request(request_id),
            officer=self.officer(APPROVER),
            clock=self.clock,
        )

    def sends(self, request_id: str) -> Request:
        """Send an approved request."""
        return self.does(APPROVER, request_id, "send")

    def answers(self, request_id: str, text: str, **supplied: Json) -> Request:
        """Answer the last question, and supply fields that it asked for."""
        query = self.letters(request_id, "query")[-1]["query_id"]
        said: dict[str, Json] = {"supplied": supplied} if supplied else {}
        return self.does(APPROVER, request_id, "answer", query_id=query, text=text, **said)

    def settles(
        self,
        request_id: str,
        verdict: Literal["accepted", "declined"],
        text: str,
        *,
        offer: int = -1,
    ) -> Request:
        """Take conditions on by signature, word for word, or decline: the last ones, or of a place."""
        proposed = self.letters(request_id, "conditions")
        chosen = [each for each in proposed if each["state"] == "proposed"][offer]
        said: dict[str, Json] = {
            "set_id": chosen["set_id"],
            "digest": chosen["digest"],
            "measures": chosen["measures"],
            "verdict": verdict,
            "text": text,
        }
        path = f"/v1/requests/{request_id}/settle"
        version = self.request(request_id).version
        return read_request(self.signs(APPROVER, path, CONDITIONS_SETTLE, version, said))

    # --- the requested country ---

    def takes_up(self, request_id: str, reference: str) -> Request:
        """Confirm that the request is with an authority, and have somebody look at it."""
        self.does(APPROVER, request_id, "acknowledge", reference=reference)
        return self.does(APPROVER, request_id, "review", reviewer=f"Desk 4 of {self.country}")

    def asks(
        self, request_id: str, fields: Sequence[str], text: str, *, due: datetime, **more: Json
    ) -> Request:
        """Ask for what is missing, by fields."""
        return self.does(
            APPROVER,
            request_id,
            "ask",
            fields=list(fields),
            text=text,
            due=int(due.timestamp()),
            **more,
        )

    def consults(
        self, request_id: str, text: str, *, terms: Sequence[Json] = (), **more: Json
    ) -> Request:
        """Say on which conditions it could be granted; without any it is a consultation."""
        return self.does(APPROVER, request_id, "propose", terms=list(terms), text=text, **more)

    def executes(self, request_id: str, number: str = "", **more: Json) -> Request:
        """Begin to execute, on an order of an own court if there is a number."""
        order: dict[str, Json] = {
            "type": "Order to hand over data",
            "number": number,
            "court": f"District Court, Capital of {self.country}",
            "date": f"{self.clock():%Y-%m-%d}",
        }
        said: dict[str, Json] = {"order": order} if number else {}
        return self.does(PREPARER, request_id, "execute", **said, **more)

    # --- either ---

    def finds(
        self,
        desk: str,
        request_id: str,
        gate: str,
        role: str,
        text: str,
        verdict: Verdict = "pass",
    ) -> None:
        """Write down and sign what a person in a role found about a request."""
        path = f"/v1/requests/{request_id}/findings"
        said: dict[str, Json] = {"gate": gate, "role": role, "verdict": verdict, "text": text}
        self.signs(desk, path, FINDING, self.request(request_id).version, said)

    def terms(self, offer: Mapping[str, Json]) -> list[dict[str, Json]]:
        """Return the single conditions of an offer."""
        return [as_object(each) for each in as_list(offer["terms"])]

    def letters(self, request_id: str, kind: str) -> list[dict[str, Json]]:
        """Read what was written about a request in entries of a type; the newest last."""
        found = requests.messages(self.session(APPROVER), request_id)
        return [as_object(each["body"]) for each in found if each["type"] == kind]

    def decides(self, request_id: str, what: str, **said: Json) -> Request:
        """Decide, with the signature of the authority: accept, refuse, postpone, withdraw."""
        path = f"/v1/requests/{request_id}/{what}"
        version = self.request(request_id).version
        return read_request(self.signs(APPROVER, path, REQUEST_DECIDE, version, said))

    def does(self, desk: str, request_id: str, what: str, **said: Json) -> Request:
        """Do an act that takes no signature, by its address."""
        return read_request(self.tells(desk, f"/v1/requests/{request_id}/{what}", said))
