"""Entries of a channel: legal acts that cross a border, signed twice (spec/entries.md).

An entry is a JWS in General JSON serialisation (RFC 7515, 7.2.1) with exactly two signatures,
ES384 and ML-DSA-87 in this order, over one canonical payload that names both. Its hash is taken
over the payload alone, so that signing again does not fork the chain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from shared.protocol import legalacts, messages
from shared.protocol.canonical import Json, b64u, encode, parse, unb64u
from shared.protocol.digests import sha384
from shared.protocol.errors import FormatError, MissingSignatureError, UnknownKeyError
from shared.protocol.identifiers import channel
from shared.protocol.keys import SealKey, SealPublic
from shared.protocol.messages import Body, ChannelName, Count, CountryCode, Hash, Head, Id, Seconds
from shared.protocol.signatures import SIGNATURE_ALGORITHMS, protected_header

MAX_ENTRY: Final = 2**20  # bytes of the JWS
ENTRY_TYP: Final = "rogatory-entry+jws"
PeerHead = Head
"""The last entry of the other direction that the writer had taken in."""


class EntryType(StrEnum):
    """Every legal act that crosses a border, and what keeps the channel itself."""

    OPEN = "open"
    REQUEST = "request"
    AMENDMENT = "amendment"
    ACKNOWLEDGEMENT = "acknowledgement"
    QUERY = "query"
    ANSWER = "answer"
    DECISION = "decision"
    CONDITIONS = "conditions"
    WITHDRAWAL = "withdrawal"
    CHALLENGE = "challenge"
    PRESERVATION = "preservation"
    PACKAGE = "package"
    RECEIPT = "receipt"
    NOTICE = "notice"
    KEY_ROTATION = "key-rotation"
    CHECKPOINT = "checkpoint"
    RESYNC = "resync"
    SELFTEST = "selftest"


BODIES: Final[dict[EntryType, type[Body]]] = {
    EntryType.OPEN: messages.OpenBody,
    EntryType.REQUEST: messages.RequestBody,
    EntryType.AMENDMENT: messages.AmendmentBody,
    EntryType.ACKNOWLEDGEMENT: legalacts.AcknowledgementBody,
    EntryType.QUERY: legalacts.QueryBody,
    EntryType.ANSWER: legalacts.AnswerBody,
    EntryType.DECISION: legalacts.DecisionBody,
    EntryType.CONDITIONS: legalacts.ConditionsBody,
    EntryType.WITHDRAWAL: legalacts.WithdrawalBody,
    EntryType.CHALLENGE: legalacts.ChallengeBody,
    EntryType.PRESERVATION: legalacts.PreservationBody,
    EntryType.PACKAGE: messages.PackageBody,
    EntryType.RECEIPT: messages.ReceiptBody,
    EntryType.NOTICE: legalacts.NoticeBody,
    EntryType.KEY_ROTATION: messages.KeyRotationBody,
    EntryType.CHECKPOINT: messages.CheckpointBody,
    EntryType.RESYNC: messages.ResyncBody,
    EntryType.SELFTEST: messages.SelftestBody,
}


class Entry(Body):
    """The payload of an entry.

    Attributes:
        channel: `FROM>TO`, and so are `sender` and `recipient`.
        epoch: counts the resyncs of this direction.
        seq: the place in the epoch, from 0, without holes.
        prev: the hash of the entry before; 96 zeros for the first of all.
        peer: the last entry of the other direction that the writer had; None if none yet.
        iat: when it was written, Unix seconds by the writer's clock.
        request: the request it belongs to; None for what keeps the channel.
        body: of the shape that `type` has in `BODIES`.
    """

    model_config = ConfigDict(validate_by_name=True, validate_by_alias=True)

    v: Literal[1] = 1
    type: EntryType
    channel: ChannelName
    sender: CountryCode = Field(validation_alias="from", serialization_alias="from")
    recipient: CountryCode = Field(validation_alias="to", serialization_alias="to")
    epoch: Count
    seq: Count
    prev: Hash
    peer: PeerHead | None
    iat: Seconds
    request: Id | None
    body: dict[str, Json]
    sigalgs: tuple[Literal["ES384"], Literal["ML-DSA-87"]] = ("ES384", "ML-DSA-87")

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        if self.channel != channel(self.sender, self.recipient):
            raise FormatError("an entry's channel must join its sender and its recipient")
        BODIES[self.type].read(self.body)
        if self.body.get("request_id", self.request) != self.request:
            raise FormatError("an entry and its body must belong to one request")
        return self

    def payload(self) -> bytes:
        """Write the bytes that are signed and hashed: canonical JSON."""
        return encode(self.to_json())

    def reference(self) -> messages.EntryReference:
        """Name this entry by place and hash."""
        digest = entry_hash(self.payload())
        return messages.EntryReference(
            channel=self.channel, epoch=self.epoch, seq=self.seq, hash=digest
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class UnverifiedEntry:
    """What an entry claims, before its signatures are checked: enough to find the keys.

    Attributes:
        payload: as received, after base64url.
        entry: the same, read.
        kids: the key ids of the ES384 and the ML-DSA-87 key.
    """

    payload: bytes
    entry: Entry
    kids: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Jws:
    payload: bytes
    kids: tuple[str, str]
    signatures: tuple[str, str]


def sign_entry(entry: Entry, key: SealKey) -> bytes:
    """Sign an entry with both keys of the seal.

    Returns:
        The JWS in General JSON serialisation, itself canonical JSON.

    Raises:
        FormatError: if the JWS would be larger than `MAX_ENTRY`.
    """
    payload = entry.payload()
    signatures: list[Json] = [
        {"protected": b64u(half.header(ENTRY_TYP)), "signature": half.sign(ENTRY_TYP, payload)}
        for half in (key.es384, key.mldsa87)
    ]
    jws = encode({"payload": b64u(payload), "signatures": signatures})
    if len(jws) > MAX_ENTRY:
        raise FormatError("the entry is too large", size=len(jws), limit=MAX_ENTRY)
    return jws


def read_entry(jws: bytes) -> UnverifiedEntry:
    """Read an entry without trusting it.

    Raises:
        MissingSignatureError: if it has not one signature of each algorithm.
        FormatError: if anything else is not as `sign_entry` writes it.
    """
    opened = _open(jws)
    entry = _read_payload(opened.payload)
    return UnverifiedEntry(payload=opened.payload, entry=entry, kids=opened.kids)


def verify_entry(jws: bytes, keys: Sequence[SealPublic]) -> Entry:
    """Check both signatures of an entry by the keys of one seal.

    Args:
        jws: as received.
        keys: the seals of the entry's sender that were valid at its time, from the directory.

    Returns:
        The entry, which the holder of that seal has signed.

    Raises:
        UnknownKeyError: if no seal has both key ids.
        SignatureError: if either signature is missing or does not hold.
        FormatError: if it is no entry.
    """
    opened = _open(jws)
    seal = next((k for k in keys if (k.es384.kid, k.mldsa87.kid) == opened.kids), None)
    if seal is None:
        raise UnknownKeyError(
            "no valid seal of the sender has these two key ids",
            es384=opened.kids[0],
            mldsa87=opened.kids[1],
        )
    for key, signature in zip((seal.es384, seal.mldsa87), opened.signatures, strict=True):
        header = protected_header(key.algorithm, key.kid, ENTRY_TYP)
        key.check(header, opened.payload, signature)
    return _read_payload(opened.payload)


def entry_hash(jws_or_payload: bytes) -> str:
    """Hash an entry: SHA-384 over its payload bytes as received, hex.

    Raises:
        FormatError: if a JWS is given that cannot be read.
    """
    # A payload begins with its member "body": the two cannot be mistaken for each other.
    is_jws = jws_or_payload.startswith(b'{"payload":')
    return sha384(_open(jws_or_payload).payload if is_jws else jws_or_payload).hex()


def _open(jws: bytes) -> _Jws:
    value = parse(jws, max_size=MAX_ENTRY)
    if not isinstance(value, dict) or value.keys() != {"payload", "signatures"}:
        raise FormatError("an entry has the members payload and signatures and no other")
    kids, signatures = _signatures(value["signatures"])
    return _Jws(payload=unb64u(_string(value["payload"])), kids=kids, signatures=signatures)


def _read_payload(payload: bytes) -> Entry:
    entry = Entry.read(parse(payload))
    if entry.payload() != payload:
        raise FormatError("an entry's payload is not as its writer would have written it")
    return entry


def _signatures(value: Json) -> tuple[tuple[str, str], tuple[str, str]]:
    rows = [_signature(row) for row in value] if isinstance(value, list) else []
    if tuple(algorithm for algorithm, _, _ in rows) != SIGNATURE_ALGORITHMS:
        raise MissingSignatureError(
            "an entry has one signature by ES384 and then one by ML-DSA-87", found=len(rows)
        )
    (_, kid, signature), (_, pq_kid, pq_signature) = rows
    return (kid, pq_kid), (signature, pq_signature)


def _signature(row: Json) -> tuple[str, str, str]:
    if not isinstance(row, dict) or row.keys() != {"protected", "signature"}:
        raise FormatError("a signature has the members protected and signature and no other")
    header = parse(unb64u(_string(row["protected"])))
    if not isinstance(header, dict) or header.keys() != {"alg", "kid", "typ"}:
        raise FormatError("a protected header has the members alg, kid and typ and no other")
    if header["typ"] != ENTRY_TYP:
        raise FormatError(f"the signature of an entry has typ {ENTRY_TYP}")
    return _string(header["alg"]), _string(header["kid"]), _string(row["signature"])


def _string(value: Json) -> str:
    if not isinstance(value, str):
        raise FormatError("text was expected here")
    return value
