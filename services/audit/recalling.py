"""Ask another country's log what it publishes, through the node's own gateway."""

from dataclasses import dataclass

import httpx

from shared.protocol.notes import MAX_NOTE
from shared.runtime.refusals import Unavailable

PATIENCE = 5.0  # seconds; the log that asks us to cosign waits


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """Called with a country, it gives the checkpoint that its log publishes."""

    gateway: httpx.Client

    def __call__(self, country: str) -> str | None:
        """Ask; None if there is no checkpoint yet.

        Raises:
            Unavailable: there is no answer, or none that can be understood.
        """
        try:
            answer = self.gateway.get(f"/egress/{country}/log/checkpoint", timeout=PATIENCE)
        except httpx.TransportError as error:
            raise _unanswered(country, type(error).__name__) from error
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if not answer.is_success or len(answer.content) > MAX_NOTE:
            raise _unanswered(country, f"status {answer.status_code}")
        return answer.content.decode(errors="replace")


def _unanswered(country: str, detail: str) -> Unavailable:
    return Unavailable(
        "log_unanswered",
        f"Before a log is first cosigned it is asked what it has published; that of {country}"
        f" cannot be read now ({detail}).",
        rule="witnessing.md 2",
        next_step="Ask again when the log can be read.",
        headers={"Retry-After": "2"},
    )
