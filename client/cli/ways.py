"""The way to each peer: what the gateway finds step by step, and an entry that goes the whole way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic, sleep
from typing import Final

from client.cli.findings import Finding, away, failed, fine, listed, members, text
from client.errors import ClientError
from client.sdk.session import Session
from shared.protocol.canonical import Json

POLL: Final = 0.2  # seconds between two looks at a self-test
CARRIED: Final = {
    "SIGNED": "this country's log has not taken it: does audit run?",
    "LOGGED": "the witnesses of this country's log have not cosigned it: reach them",
    "WITNESSED": "it has not arrived: see the steps before this one",
    "DELIVERED": "it arrived, and no receipt came back: ask the operators of the other country",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ways:
    """How to test the way to peers; `patience` in seconds for a receipt, 0 for no self-test."""

    session: Session
    patience: float
    pause: Callable[[float], None] = sleep

    def examine(self, country: str) -> Iterator[Finding]:
        """Say how far one gets on the way to a country."""
        name = f"peer {country}"
        told = self.session.get(f"/v1/ops/peers/{country}")
        steps = [_step(name, each) for each in listed(told, "steps")]
        yield from steps
        if self.patience and not any(each.exit_code for each in steps):
            yield self._selftest(name, f"/v1/ops/peers/{country}/selftest")

    def _selftest(self, name: str, path: str) -> Finding:
        name = f"{name} selftest"
        try:
            return self._awaited(name, path)
        except ClientError as error:
            return failed(name, error)

    def _awaited(self, name: str, path: str) -> Finding:
        began, told = monotonic(), self.session.post(path)
        while not text(told, "outcome") and monotonic() - began < self.patience:
            self.pause(POLL)
            told = self.session.get(path)
        outcome, place = text(told, "outcome"), members(told, "entry")
        where = f"entry {place.get('epoch')}/{place.get('seq')} of {text(place, 'channel')}"
        if outcome == "RelayAcceptance":
            return fine(name, f"{where}: receipted after {monotonic() - began:.1f} s")
        if outcome:
            return away(name, f"{where}: {outcome}", "ask the operators of the other country why")
        detail = "; ".join(filter(None, (f"{where} waits", text(told, "reason"))))
        return away(name, detail, CARRIED.get(text(told, "state"), "look again in a minute"))


def _step(name: str, told: Json) -> Finding:
    name, detail = f"{name} {text(told, 'name')}", text(told, "detail")
    if text(told, "result") == "ok":
        return fine(name, detail)
    return away(name, detail, text(told, "next"))
