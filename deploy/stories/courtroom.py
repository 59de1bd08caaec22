"""What a court's officer records of a person's challenge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from client.sdk import challenges
from deploy.stories.desk import APPROVER, COURT, Desks
from shared.protocol.canonical import Json


class Courts(Desks):
    """The court of a country, as its officer writes down what happens there."""

    def lodges(self, request_id: str, packages: Sequence[str], text: str) -> str:
        """Record that the holder of an account challenges these packages; return the challenge's id."""
        said: dict[str, Json] = {
            "who": "HOLDER",
            "court": f"Court of Appeal of {self.country}",
            "file_number": "3 Ws 71/30",
            "packages": list(packages),
            "text": text,
        }
        challenges.lodge(
            self.session(COURT),
            self.request(request_id),
            said,
            officer=self.officer(COURT),
            clock=self.clock,
        )
        return str(self._known(request_id)[-1]["challenge_id"])

    def rules(
        self, request_id: str, challenge: str, state: str, text: str, *, items: Sequence[Json] = ()
    ) -> None:
        """Record what the court decides."""
        said: dict[str, Json] = {"challenge_id": challenge, "state": state, "text": text}
        if items:
            said["items"] = list(items)
        challenges.decide(
            self.session(COURT),
            self.request(request_id),
            said,
            officer=self.officer(COURT),
            clock=self.clock,
        )

    def challenges(self, request_id: str) -> list[str]:
        """Return the stage of each challenge, as this country has it."""
        return [str(each["stage"]) for each in self._known(request_id)]

    def _known(self, request_id: str) -> list[Mapping[str, Json]]:
        return challenges.listed(self.session(APPROVER), request_id)
