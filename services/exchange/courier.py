"""Carry our entries to the peers, in order, until each has arrived. Nothing is ever dropped.

    SIGNED ─(our log has it)→ LOGGED ─(its witnesses stand for it)→ WITNESSED ─(the peer has it)→ DELIVERED

What is not WITNESSED does not leave; `recording` and `proving` bring an entry so far.

Claim, send, mark: a claim ends by itself, an entry sent twice is answered twice the same, so the
courier is safe to kill at any line. All network stands outside transactions. Before the first entry
to a peer, its view of our own channel is asked for: a node restored from a backup sends nothing before
it has its own entries back (`recovery`).
"""

from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from services.exchange import patience, recovery
from services.exchange.keyring import Keyring
from services.exchange.states import Direction, EntryState
from services.exchange.store import channels as heads
from services.exchange.store import entries, peers, waiting
from services.exchange.store.entries import StoredEntry
from services.exchange.store.relogging import log_of
from shared.protocol import canonical, identifiers
from shared.protocol.canonical import Json
from shared.protocol.checkpoints import read_checkpoint
from shared.protocol.errors import FormatError, ProtocolError
from shared.protocol.logproofs import parse_proof
from shared.protocol.messages import Envelope
from shared.protocol.notes import read_note
from shared.runtime import logs
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.refusals import Refusal

LEASE = timedelta(seconds=10)  # of one attempt; then another courier may try
AT_ONCE = 3  # attempts that a repair may follow without a pause
MAX_ANSWER = 128 * 2**20  # bytes: fifty entries of the largest kind


class UndeliveredError(Exception):
    """An attempt has failed; the text is for people: who did not do what."""


class ToldToWaitError(Exception):
    """Whoever was asked did nothing, and says when to ask again; the text is for people."""

    def __init__(self, why: str, wait: timedelta) -> None:
        super().__init__(why)
        self.wait = wait


@dataclass(slots=True, kw_only=True)
class Courier:
    """Carries entries over the gateway; one round at a time."""

    database: Database
    gateway: httpx.Client
    audit: httpx.Client
    keyring: Keyring
    clock: Clock
    greeted: set[str] = field(default_factory=set)  # peers that were asked for our own head

    def begin(self) -> None:
        """Make everything due: whoever had claimed it is gone."""
        with self.database.begin() as db:
            entries.hasten(db, self.clock())

    def work(self) -> bool:
        """Try the first waiting entry of every channel; False when nothing got on."""
        with self.database.read() as db:
            open_channels = [
                channel.name
                for channel in heads.listed(db, Direction.OUT)
                if channel.frozen is None and entries.is_due(db, channel.name, self.clock())
            ]
        got_on = False
        for name in open_channels:
            got_on |= self._advance(name)
        return got_on

    def _advance(self, channel: str) -> bool:
        """Bring the next entry of a channel over; False when there is none, or it failed."""
        entry = self._claim(channel)
        if entry is None:
            return False
        peer = identifiers.parse_channel(channel)[1]
        try:
            if peer in self.greeted:
                self._send(peer, entry)
            else:
                self._greet(peer, channel, entry)
        except ToldToWaitError as error:
            self._wait(entry, error)
            return False
        except (UndeliveredError, ProtocolError, Refusal) as error:
            self._put_off(entry, str(error))
            return False
        return True

    def _claim(self, channel: str) -> StoredEntry | None:
        now = self.clock()
        with self.database.begin() as db:
            entry = entries.next_to_send(db, channel)
            if entry is None or entry.state is not EntryState.WITNESSED:
                return None
            return entry if entries.claim(db, entry, now, now + LEASE) else None

    def _send(self, peer: str, entry: StoredEntry) -> None:
        """Send one entry and act on the answer."""
        with self.database.read() as db:
            known = peers.delivered_size(db, peer)
        size = _log_size(entry)
        envelope = self._envelope(entry, known=known, size=size)
        # Network, outside every transaction. Died here: the claim ends, the entry is sent again.
        answer = self._ask("POST", peer, "entries", content=envelope.to_bytes())
        if answer.is_success:
            with self.database.begin() as db:
                entries.set_delivered(db, entry.hash)
                peers.set_delivered_size(db, peer, max(known, size))
            # Commit point: before it the peer is asked again and says the same.
        else:
            self._refused(peer, entry, answer)

    def _refused(self, peer: str, entry: StoredEntry, answer: httpx.Response) -> None:
        """Mend what can be mended at once.

        Raises:
            UndeliveredError: it cannot.
        """
        problem = _problem(answer)
        match answer.status_code, problem:
            case (httpx.codes.CONFLICT, {"code": "gap", "expected": int(expected)}) if (
                expected < entry.seq
            ):
                with self.database.begin() as db:
                    now = self.clock()
                    entries.send_again_from(db, entry.channel, entry.epoch, expected, now)
                    entries.release(db, entry.hash, now)
            case (httpx.codes.CONFLICT, {"code": "log_size", "known": int(known)}) if (
                entry.attempts < AT_ONCE
            ):
                with self.database.begin() as db:
                    peers.set_delivered_size(db, peer, known)
                    entries.release(db, entry.hash, self.clock())
            case (httpx.codes.UNPROCESSABLE_ENTITY, {"code": "unwitnessed"}):
                # Its directory names other witnesses than ours did when the proof was made.
                with self.database.begin() as db:
                    entries.prove_again(db, entry.hash)
                raise UndeliveredError(f"{peer} wants a newer proof ({problem.get('detail', '')})")
            case (httpx.codes.CONFLICT, {"code": "fork"}):
                self._forked(peer, entry)
            case _:
                code, detail = problem.get("code", answer.status_code), problem.get("detail", "")
                raise UndeliveredError(f"{peer} refuses it ({code}: {detail})"[:500])

    def _forked(self, peer: str, entry: StoredEntry) -> None:
        """The peer holds another entry of ours at this place: keep both, and write nothing more."""
        held = self._pull(peer, entry.epoch, entry.seq)
        theirs = held[0].entry.encode() if held else b""
        with self.database.begin() as db:
            recovery.freeze_forked(db, entry, theirs, peer=peer, now=self.clock())
        logs.log().error("channel_forked", channel=entry.channel, seq=entry.seq)

    def _greet(self, peer: str, channel: str, entry: StoredEntry) -> None:
        """Ask what the peer has of our own channel, and set ours right by it before anything is sent."""
        answer = self._ask("GET", peer, "heads")
        if not answer.is_success:
            raise UndeliveredError(f"{peer} does not tell its heads ({answer.status_code})")
        shown = recovery.shown_head(_json(answer), channel, self.keyring)
        with self.database.begin() as db:
            place = recovery.compare(db, channel, shown, peer=peer, now=self.clock())
        while place is not None:
            # Restored from a backup: the peer has entries that we have signed and do not know.
            envelopes = self._pull(peer, *place)
            with self.database.begin() as db:
                place = recovery.take_back(
                    db, channel, envelopes, keyring=self.keyring, now=self.clock()
                )
        self.greeted.add(peer)
        with self.database.begin() as db:
            entries.release(db, entry.hash, self.clock())

    def _pull(self, peer: str, epoch: int, seq: int) -> list[recovery.Returned]:
        query = {"epoch": str(epoch), "from": str(seq)}
        answer = self._ask("GET", peer, "entries", params=query)
        if not answer.is_success:
            raise UndeliveredError(f"{peer} does not return our entries ({answer.status_code})")
        return recovery.read_returned(_json(answer))

    def _envelope(self, entry: StoredEntry, *, known: int, size: int) -> Envelope:
        assert entry.leaf is not None
        assert entry.proof is not None
        return Envelope(
            entry=entry.jws.decode(),
            leaf=canonical.b64u(entry.leaf),
            proof=entry.proof,
            old_size=known,
            consistency=self._consistency(entry, known, size) if known not in {0, size} else (),
        )

    def _consistency(self, entry: StoredEntry, known: int, size: int) -> tuple[str, ...]:
        """Get the proof between two sizes of the log that has the entry.

        There is none if the peer's size is of the log before: the peer then says where to begin.
        """
        query = {"from": str(min(known, size)), "to": str(max(known, size)), "log": log_of(entry)}
        try:
            answer = self.audit.get("/proofs/consistency", params=query)
        except httpx.TransportError as error:
            raise UndeliveredError("this country's audit does not answer") from error
        match _problem(answer):
            case {"hashes": list(hashes)} if answer.is_success:
                return tuple(str(each) for each in hashes)
            case {"code": "no_checkpoint"}:
                return ()
            case _:
                raise UndeliveredError(
                    f"this country's audit gives no proof that the log grew from {known} to {size}"
                )

    def _ask(
        self,
        method: str,
        peer: str,
        path: str,
        *,
        content: bytes | None = None,
        params: dict[str, str] | None = None,
    ) -> httpx.Response:
        headers = {"Content-Type": "application/json"} if content is not None else {}
        try:
            answer = self.gateway.request(
                method, f"/egress/{peer}/{path}", content=content, params=params, headers=headers
            )
        except httpx.TransportError as error:
            raise UndeliveredError("this country's gateway does not answer") from error
        wait = patience.told(answer.status_code, answer.headers.get("Retry-After"))
        if wait is not None:
            told = _problem(answer).get("detail", f"The gateway of {peer} asks to wait.")
            raise ToldToWaitError(str(told).rstrip("."), wait)
        if answer.is_server_error:
            told = _problem(answer).get("detail", f"The gateway of {peer} does not answer.")
            raise UndeliveredError(str(told).rstrip("."))
        return answer

    def _wait(self, entry: StoredEntry, told: ToldToWaitError) -> None:
        due_at = self.clock() + told.wait
        logs.log().info("told_to_wait", channel=entry.channel, seq=entry.seq, why=str(told))
        with self.database.begin() as db:
            waiting.put_off(db, entry.hash, str(told), due_at=due_at)

    def _put_off(self, entry: StoredEntry, why: str) -> None:
        now = self.clock()
        due_at = now + patience.pause(entry.attempts)
        logs.log().info("undelivered", channel=entry.channel, seq=entry.seq, why=why)
        with self.database.begin() as db:
            entries.set_failed(db, entry.hash, why, now=now, due_at=due_at)


def _log_size(entry: StoredEntry) -> int:
    """Return the size of our log under which an entry is proven."""
    assert entry.proof is not None
    return read_checkpoint(read_note(parse_proof(entry.proof).checkpoint).text).size


def _json(answer: httpx.Response) -> Json:
    return canonical.read(answer.content, max_size=MAX_ANSWER)


def _problem(answer: httpx.Response) -> dict[str, Json]:
    try:
        value = _json(answer)
    except FormatError:
        return {}
    return value if isinstance(value, dict) else {}
