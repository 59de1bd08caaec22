"""The bodies of entries, and what nodes say to each other (spec/messages.md).

Every model is strict, frozen and refuses members it does not know: a reader takes nothing that
the writer would not have written. Digests are lower-case hex, octets base64url, times Unix
seconds; personal data stands in `document`, `text`, `note` and `reasons` alone.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from shared.protocol.canonical import Json, encode, parse
from shared.protocol.digests import sha256
from shared.protocol.encryption import MAX_SEGMENT, MIN_SEGMENT
from shared.protocol.errors import FormatError
from shared.protocol.keys import KEM_SUITE, SUITE

_UUID7 = r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$"

Id = Annotated[str, StringConstraints(pattern=_UUID7)]
Hash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{96}$")]  # SHA-384, hex
Digest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]  # SHA-256, hex
CountryCode = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
ChannelName = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}>[A-Z]{2}$")]
Kid = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""A SHA-256 thumbprint, base64url."""
Label = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:/-]{0,127}$")]
"""A name that a machine gave."""
Text = Annotated[str, StringConstraints(max_length=20_000)]
Count = Annotated[int, Field(ge=0, lt=2**53)]
Seconds = Annotated[int, Field(ge=0, lt=2**40)]  # Unix time
Moment = Annotated[
    int, Field(ge=0, lt=2**37)
]  # Unix time, of a year that every calendar has (to 6325)


class Body(BaseModel):
    """A JSON object of a fixed shape."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    @classmethod
    def read(cls, value: object) -> Self:
        """Take a JSON value of this shape.

        Raises:
            FormatError: if it is anything else; the detail names the member, never its value.
        """
        try:
            return cls.model_validate_json(encode(value))
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            place = ".".join(str(step) for step in first["loc"])
            reason = f"{place or 'value'}: {first['type']}"
            raise FormatError(f"this is no {cls.__name__}: {reason}", member=place) from None

    def to_json(self) -> dict[str, Json]:
        """Give the JSON object, every member present."""
        return self.model_dump(mode="json", by_alias=True)


class Head(Body):
    """A place in one direction of a channel, and the hash of the entry that stands there."""

    epoch: Count
    seq: Count
    hash: Hash


class EntryReference(Head):
    """An entry, wherever it stands."""

    channel: ChannelName


class ApprovalReference(Body):
    """An officer's approval: what for, with which key, and the SHA-384 of its bytes."""

    act: Label
    officer_kid: Kid
    hash: Hash


class KeyWrap(Body):
    """A content key, wrapped to one recipient (spec/segments.md, 4): 1713 bytes, base64url."""

    country: CountryCode
    kid: Kid
    suite: Literal["0x0051-0x0002-0x0002"] = KEM_SUITE
    wrap: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{2284}$")]


class OpenBody(Body):
    """The first entry of a direction."""

    suite: Literal["rogatory-1"] = SUITE
    log_origin: Annotated[str, StringConstraints(min_length=1, max_length=255)]


class RequestBody(Body):
    """A request for assistance; `document` is what its officers approved."""

    request_id: Id
    version: Count
    document: dict[str, Json]
    approvals: tuple[ApprovalReference, ...]


class AmendmentBody(RequestBody):
    """A later version of a request, whole."""


Code = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,4}-[A-Z0-9]{2,3}$")]
"""A code of a list in shared/protocol/law/data/codes.toml."""


class Term(Body):
    """One condition on the use of evidence: its code, what fills it in, and its words."""

    code: Code
    text: Text
    parameters: dict[str, str] = Field(default_factory=dict)
    measures: Annotated[tuple[Label, ...], Field(strict=False)] = ()  # none: all


def terms_digest(terms: tuple[Term, ...]) -> str:
    """Digest a set of terms, as it is signed when it is accepted: SHA-256, hex, of canonical JSON."""
    return sha256(encode([term.to_json() for term in terms])).hex()


class PackageBody(Body):
    """An evidence package is released: what it is, and for whom its key is wrapped.

    `items` and `size` count the files of evidence and their plaintext, without the tag files;
    `segments` counts all rows of the segment index, whose SHA-384 is `index_sha384`.
    """

    package_id: Id
    request_id: Id
    request_entry: Hash
    measures: tuple[Label, ...]
    suite: Literal["rogatory-1"] = SUITE
    segment_size: Annotated[int, Field(ge=MIN_SEGMENT, le=MAX_SEGMENT)]
    segments: Count
    items: Count
    size: Count
    index_sha384: Hash
    tagmanifest_sha256: Digest
    keys: Annotated[tuple[KeyWrap, ...], Field(min_length=1, max_length=16)]
    approvals: tuple[ApprovalReference, ...]
    expires: Seconds
    terms: tuple[Term, ...] = ()  # the conditions that bind whoever uses the evidence


class ReceiptKind(StrEnum):
    """What is receipted, in the words of ETSI EN 319 522-1, 6.2."""

    RELAY_ACCEPTANCE = "RelayAcceptance"
    RELAY_REJECTION = "RelayRejection"
    CONTENT_CONSIGNMENT = "ContentConsignment"
    CONTENT_CONSIGNMENT_FAILURE = "ContentConsignmentFailure"
    CONTENT_HANDOVER = "ContentHandover"
    RELAY_FAILURE = "RelayFailure"
    DELIVERY_EXPIRED = "DeliveryExpired"


class ReceiptBody(Body):
    """What became of the entry `about`; shared.protocol.receipts says which members go with which.

    `tagmanifest_sha256` is recomputed by the holder of the content key, never copied.
    """

    kind: ReceiptKind
    about: EntryReference
    package_id: Id | None
    tagmanifest_sha256: Digest | None
    reason: Text | None


class KeyRotationBody(Body):
    """New keys are announced; the directory alone decides which are valid."""

    purpose: Literal["seal", "kem", "log", "tls", "bag-seal"]
    kids: Annotated[tuple[Label, ...], Field(min_length=1, max_length=8)]
    effective: Seconds


class CheckpointBody(Body):
    """Both logs as the writer knows them: its own checkpoint, and the last it saw of the peer."""

    own: Text
    peer: Text | None


class ResyncBody(Body):
    """A new epoch begins behind `resumes`, the last entry of its own that the writer stands by.

    `orphans` are the hashes of entries signed behind it and now given up, oldest first.
    """

    resumes: Head
    reason: Text
    orphans: tuple[Hash, ...]
    approvals: Annotated[tuple[ApprovalReference, ...], Field(min_length=2, max_length=2)]


class SelftestBody(Body):
    """An entry that proves that the channel works, and nothing else."""

    nonce: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{32}$")]


class Envelope(Body):
    """What leaves: an entry, and the proof that its intent stands in the sender's log.

    Attributes:
        entry: the JWS, canonical JSON as text.
        leaf: base64url.
        proof: a C2SP tlog-proof.
        old_size: the size of the sender's log that the peer knew last; 0 if none.
        consistency: hashes in base64 that prove the tree of `proof` an extension of it.
    """

    entry: str
    leaf: str
    proof: str
    old_size: Count
    consistency: tuple[str, ...]

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Read what `to_bytes` wrote.

        Raises:
            FormatError: if it is anything else.
        """
        return cls.read(parse(data, max_size=4 * 2**20))

    def to_bytes(self) -> bytes:
        """Write canonical JSON."""
        return encode(self.to_json())
