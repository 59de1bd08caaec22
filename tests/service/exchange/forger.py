"""Entries that a country would never write, with its true signatures and in its true log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.exchange import correspondence
from services.exchange.store import channels as heads
from services.exchange.store import entries, peers
from shared.protocol import canonical, channels, identifiers
from shared.protocol.channels import Head
from shared.protocol.checkpoints import read_checkpoint
from shared.protocol.entries import BODIES, Entry, EntryType, read_entry, sign_entry
from shared.protocol.logproofs import parse_proof
from shared.protocol.messages import Envelope
from shared.protocol.notes import read_note
from shared.runtime.clock import milliseconds
from shared.runtime.principals import Principal
from tests.asserting import Asserting
from tests.service.exchange.pair import OTHER, Country, Pair


@dataclass
class Forger:
    """Writes in the name of a country whose keys were stolen."""

    country: Country
    after: Country | None = None  # whose copy of the chain is continued; the true one if None

    @property
    def channel(self) -> str:
        return identifiers.channel(self.country.name, OTHER[self.country.name])

    def head(self) -> Head | None:
        """Where the chain stands."""
        with (self.after or self.country).database.read() as db:
            channel = heads.find(db, self.channel)
        return channel.head if channel else None

    def entry(
        self,
        kind: EntryType,
        body: dict[str, Any],
        request: str | None = None,
        **changed: Any,  # noqa: ANN401
    ) -> Entry:
        """The next entry of the chain, with any body, and anything changed."""
        made = channels.next_entry(
            self.head(),
            type=kind,
            sender=self.country.name,
            recipient=OTHER[self.country.name],
            peer=None,
            iat=int(self.country.node.clock().timestamp()),
            request=request,
            body=BODIES[kind].read(body),
        )
        return made.model_copy(update=changed)

    def envelope(self, entry: Entry, *, known: int = 0, **event: Any) -> Envelope:  # noqa: ANN401
        """Log an entry and wrap it up; `event` changes what the log is told."""
        leaf, proof = self.logged(entry, **event)
        return Envelope(
            entry=sign_entry(entry, self.country.node.parts.keyring.seal).decode(),
            leaf=leaf,
            proof=proof,
            old_size=known,
            consistency=self.consistency(known, log_size(proof)) if known else (),
        )

    def logged(self, entry: Entry, **changed: Any) -> tuple[str, str]:  # noqa: ANN401
        """Have an entry recorded and witnessed; return leaf and proof."""
        now = self.country.node.clock()
        event = correspondence.entry_fields(entry) | {
            "event_id": identifiers.new_id(now),
            "type": "transfer.intent",
            "event_time": milliseconds(now),
            "direction": "out",
            "peer": entry.recipient,
        }
        event = {name: value for name, value in (event | changed).items() if value is not None}
        answer = self.country.recorder.audit.post(
            "/entries",
            content=canonical.encode({"events": [event]}),
            headers={"Content-Type": "application/json"},
        )
        assert answer.is_success, answer.text
        result = answer.json()["results"][0]
        self.country.witnessed()
        index = str(result["index"])
        shown = self.country.recorder.audit.get("/proofs/published", params={"index": index})
        # What no witness has cosigned has the proof that the node itself gets.
        return result["leaf"], shown.json()["proofs"].get(index, result["proof"])

    def consistency(self, old: int, new: int) -> tuple[str, ...]:
        query = {"from": str(min(old, new)), "to": str(max(old, new))}
        answer = self.country.recorder.audit.get("/proofs/consistency", params=query)
        return tuple(answer.json()["hashes"])


def log_size(proof: str) -> int:
    return read_checkpoint(read_note(parse_proof(proof).checkpoint).text).size


def deliver(to: Country, envelope: Envelope | bytes, sender: str | None = None) -> Any:  # noqa: ANN401
    """Bring an envelope to a country, as the gateway does for an authenticated peer."""
    content = envelope if isinstance(envelope, bytes) else envelope.to_bytes()
    path = "/peer/v1/entries"
    principal = Principal(
        service="gateway",
        client_id="https://peer.example",
        country=sender or OTHER[to.name],
        scopes=frozenset({"node:deliver"}),
    )
    client = to.node.bare_client()
    client.auth = Asserting(to.node.assertions, "exchange", principal)
    return client.post(path, content=content, headers={"Content-Type": "application/json"})


def say(to: Country, pair: Pair, kind: EntryType, body: dict[str, Any], request: str | None) -> str:
    """Have the other country say something; return the receipt's kind and reason."""
    speaker = pair.qn if to is pair.qm else pair.qm
    forger = Forger(speaker, after=to)
    with to.database.begin() as db:
        kept = peers.kept_log(db, speaker.name)
    entry = forger.entry(kind, body, request)
    size = kept.checkpoint.size if kept else 0
    answer = deliver(to, forger.envelope(entry, known=size))
    assert answer.status_code == 202, answer.text
    return outcome(to, answer.json()["hash"])


def outcome(country: Country, digest: str) -> str:
    """What a country made of an entry: `ACCEPTED`, or the code of its refusal."""
    with country.database.read() as db:
        held = entries.by_hash(db, digest)
        receipts = entries.receipts(db, digest)
    assert held is not None
    for receipt in receipts:
        accepted = receipt.outcome == "RelayAcceptance"
        assert accepted == (held.state == "ACCEPTED")
        assert accepted or read_entry(receipt.jws).entry.body["reason"] == held.last_error
    return str(held.last_error or held.state).partition(":")[0]
