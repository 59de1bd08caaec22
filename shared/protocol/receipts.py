"""Receipts: what became of an entry, in the words of ETSI EN 319 522-1 (spec/receipts.md).

| kind | written by | about | says |
|---|---|---|---|
| RelayAcceptance | reader | any but those below | signatures, proof and place are in order |
| RelayRejection | reader | the same | the content is refused; the seq is consumed |
| ContentConsignment | reader | package | every segment opened, every digest recomputed |
| ContentConsignmentFailure | reader | package | that failed |
| ContentHandover | reader | package | the authority's client confirmed what it computed |
| RelayFailure | writer | any but those below | no answer came before the deadline |
| DeliveryExpired | writer | package | nor was its content confirmed in time |

Receipts, checkpoints and resyncs are never receipted: the next `peer` field acknowledges them.
"""

from __future__ import annotations

from typing import Final

from shared.protocol.entries import Entry, EntryType
from shared.protocol.errors import ChainError, DigestMismatchError, FormatError
from shared.protocol.messages import EntryReference, PackageBody, ReceiptBody, ReceiptKind

UNRECEIPTED: Final = frozenset({EntryType.RECEIPT, EntryType.CHECKPOINT, EntryType.RESYNC})
"""What is acknowledged by the next `peer` field alone."""
BY_WRITER: Final = frozenset({ReceiptKind.RELAY_FAILURE, ReceiptKind.DELIVERY_EXPIRED})
"""What the writer of an entry says about it itself, when the reader keeps silent."""
FAILURES: Final = BY_WRITER | {
    ReceiptKind.RELAY_REJECTION,
    ReceiptKind.CONTENT_CONSIGNMENT_FAILURE,
}
"""What gives a reason."""
CONFIRMATIONS: Final = frozenset({ReceiptKind.CONTENT_CONSIGNMENT, ReceiptKind.CONTENT_HANDOVER})
"""What repeats a tag-manifest digest that was recomputed."""

_ANY: Final = frozenset(
    {ReceiptKind.RELAY_ACCEPTANCE, ReceiptKind.RELAY_REJECTION, ReceiptKind.RELAY_FAILURE}
)


def kinds_for(type: EntryType) -> frozenset[ReceiptKind]:  # noqa: A002  as on the wire
    """Give the kinds of receipt that an entry of this type can have."""
    if type in UNRECEIPTED:
        return frozenset()
    return frozenset(ReceiptKind) if type is EntryType.PACKAGE else _ANY


def receipt_for(
    about: Entry,
    hash: str,  # noqa: A002  as on the wire
    kind: ReceiptKind,
    *,
    tagmanifest_sha256: str | None = None,
    reason: str | None = None,
) -> ReceiptBody:
    """Write a receipt.

    Args:
        about: the entry.
        hash: of its payload, hex.
        kind: what became of it.
        tagmanifest_sha256: hex, recomputed, for a consignment or a hand-over.
        reason: for a failure.

    Raises:
        FormatError: if an entry of this type has no receipt of this kind, or the digest or the
            reason is missing or out of place.
    """
    body = ReceiptBody(
        kind=kind,
        about=EntryReference(channel=about.channel, epoch=about.epoch, seq=about.seq, hash=hash),
        package_id=_package_id(about),
        tagmanifest_sha256=tagmanifest_sha256,
        reason=reason,
    )
    _check_members(body, about)
    return body


def check_receipt(receipt: Entry, about: Entry) -> ReceiptBody:
    """Check that a receipt, whose signatures hold, says what it may say about an entry.

    Returns:
        The receipt's body.

    Raises:
        ChainError: if it is about another entry, or not written by the one who may.
        DigestMismatchError: if it confirms another tag manifest than the package's.
        FormatError: if it is no receipt, or of a kind that this entry cannot have.
    """
    if receipt.type is not EntryType.RECEIPT:
        raise FormatError("this entry is not a receipt")
    body = ReceiptBody.read(receipt.body)
    if body.about != about.reference():
        raise ChainError("the receipt is about another entry")
    _check_members(body, about)
    writer = about.sender if body.kind in BY_WRITER else about.recipient
    if receipt.sender != writer or {receipt.sender, receipt.recipient} != {
        about.sender,
        about.recipient,
    }:
        raise ChainError(f"a {body.kind} is written by the other side", seq=receipt.seq)
    if receipt.request != about.request:
        raise ChainError("a receipt belongs to the request of its entry", seq=receipt.seq)
    return body


def _check_members(body: ReceiptBody, about: Entry) -> None:
    if body.kind not in kinds_for(about.type):
        raise FormatError(f"an entry of type {about.type} has no receipt {body.kind}")
    if body.package_id != _package_id(about):
        raise FormatError("a receipt names the package of its entry")
    if (body.reason is not None) != (body.kind in FAILURES):
        raise FormatError("a receipt gives a reason if it tells of a failure, and only then")
    if (body.tagmanifest_sha256 is not None) != (body.kind in CONFIRMATIONS):
        raise FormatError("a receipt has a digest if it confirms content, and only then")
    if body.kind in CONFIRMATIONS:
        announced = PackageBody.read(about.body).tagmanifest_sha256
        if body.tagmanifest_sha256 != announced:
            raise DigestMismatchError("the receipt confirms another tag manifest")


def _package_id(about: Entry) -> str | None:
    if about.type is not EntryType.PACKAGE:
        return None
    return PackageBody.read(about.body).package_id
