"""Ask another country's log what it shows, through the node's own gateway."""

import time
from dataclasses import dataclass

import httpx

from shared.protocol.notes import MAX_NOTE
from shared.runtime.refusals import Unavailable

PATIENCE = 5.0  # seconds of silence, twice as many for all; the log that asks us to cosign waits
BLOCK = 2**14  # bytes


class UnreadError(Exception):
    """The log does not show this now."""


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
            found = read(self.gateway, country, "checkpoint")
        except UnreadError as error:
            raise _unanswered(country, str(error)) from error
        return None if found is None else found.decode(errors="replace")


def read(gateway: httpx.Client, country: str, path: str) -> bytes | None:
    """Read a checkpoint or a hash tile of a country's log; None if there is none.

    Raises:
        UnreadError: there is no answer, or one that is too large or no success.
    """
    content, end = b"", time.monotonic() + 2 * PATIENCE
    try:
        with gateway.stream("GET", f"/egress/{country}/log/{path}", timeout=PATIENCE) as answer:
            if answer.status_code == httpx.codes.NOT_FOUND:
                return None
            if not answer.is_success:
                raise UnreadError(f"status {answer.status_code}")
            for block in answer.iter_bytes(BLOCK):
                content += block
                if len(content) > MAX_NOTE or time.monotonic() > end:
                    raise UnreadError("it answers with too much, or too slowly")
    except httpx.TransportError as error:
        raise UnreadError(type(error).__name__) from error
    return content


def _unanswered(country: str, detail: str) -> Unavailable:
    return Unavailable(
        "log_unanswered",
        f"Before a log is first cosigned it is asked what it has published; that of {country}"
        f" cannot be read now ({detail}).",
        rule="witnessing.md 2",
        next_step="Ask again when the log can be read.",
        headers={"Retry-After": "2"},
    )
