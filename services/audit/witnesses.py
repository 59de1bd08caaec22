"""The witnesses of our policy, as they are asked: through the gateway, one address after the other.

A witness may stand in a policy under several names, one for each of its keys; it is one station, and one
question brings all of its lines.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from urllib.parse import quote

import httpx

from services.audit.publication import signer_of
from shared.protocol.notes import MAX_NOTE
from shared.protocol.policies import Policy
from shared.protocol.witnessing import monitoring_path

PATIENCE = httpx.Timeout(15.0, connect=2.0)  # seconds; the gateway itself gives up after 10


class UnansweredError(Exception):
    """There is no answer; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Station:
    """A witness: the first name that the policy gives it, and its keys."""

    name: str
    vkeys: tuple[str, ...]

    @property
    def signers(self) -> frozenset[str]:
        """The short names of its keys."""
        return frozenset(map(signer_of, self.vkeys))


def stations(policy: Policy) -> list[Station]:
    """The witnesses that can be asked, each once."""
    found: dict[str, list[tuple[str, str]]] = {}
    for each in policy.witnesses:
        if each.url is not None:
            found.setdefault(each.url, []).append((each.name, each.vkey))
    return [
        Station(name=keys[0][0], vkeys=tuple(vkey for _, vkey in keys)) for keys in found.values()
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Witnesses:
    """The way to them."""

    gateway: httpx.Client
    origin: str

    def add_checkpoint(self, name: str, submission: bytes) -> tuple[int, bytes]:
        """Submit a checkpoint; return status and body as they came.

        Raises:
            UnansweredError: the gateway does not answer.
        """
        return self._ask("POST", f"{_prefix(name)}/add-checkpoint", submission)

    def newest(self, name: str) -> str | None:
        """The newest note of our log that it shows; nothing about it is proven. None: it has none.

        Raises:
            UnansweredError: it does not answer, or with something else.
        """
        status, body = self._ask("GET", f"{_prefix(name)}/{monitoring_path(self.origin)}")
        if status == httpx.codes.NOT_FOUND:
            return None
        if status != httpx.codes.OK or len(body) > MAX_NOTE:
            raise UnansweredError(f"status {status}")
        try:
            return body.decode()
        except UnicodeDecodeError as error:
            raise UnansweredError("the note is no text") from error

    def _ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, bytes]:
        try:
            answer = self.gateway.request(method, path, content=body, timeout=PATIENCE)
        except httpx.TransportError as error:
            raise UnansweredError(f"the gateway does not answer: {type(error).__name__}") from error
        return answer.status_code, answer.content


def incomplete(station: Station, signers: AbstractSet[str]) -> bool:
    """Whether a line of one of its keys is missing among those that stand under a checkpoint."""
    return not station.signers <= signers


def _prefix(name: str) -> str:
    return f"/egress/witness/{quote(name, safe='', errors='surrogateescape')}"
