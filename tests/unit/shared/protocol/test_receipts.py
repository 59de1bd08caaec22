from typing import Any

import pytest

from shared.protocol.entries import Entry, EntryType
from shared.protocol.errors import ChainError, DigestMismatchError, FormatError
from shared.protocol.messages import Body, CheckpointBody, ReceiptBody, ReceiptKind
from shared.protocol.receipts import (
    BY_WRITER,
    CONFIRMATIONS,
    FAILURES,
    UNRECEIPTED,
    check_receipt,
    kinds_for,
    receipt_for,
)
from tests.unit.shared.protocol.examples import (
    DIGEST,
    PACKAGE,
    REQUEST,
    entry,
    hash_of,
    receipt,
)

ABOUT = entry(EntryType.PACKAGE)
HASH = hash_of(ABOUT.to_json())
EACH = pytest.mark.parametrize("kind", ReceiptKind)


def _made(kind: ReceiptKind, about: Entry = ABOUT) -> ReceiptBody:
    return receipt_for(
        about,
        hash_of(about.to_json()),
        kind,
        tagmanifest_sha256=DIGEST if kind in CONFIRMATIONS else None,
        reason="late" if kind in FAILURES else None,
    )


def _written(body: Body, kind: ReceiptKind, *, request: str | None = REQUEST) -> Entry:
    sides = ("QM", "QN") if kind in BY_WRITER else ("QN", "QM")
    return entry(EntryType.RECEIPT, body, sender=sides[0], recipient=sides[1], request=request)


@EACH
def test_a_package_can_have_a_receipt_of_every_kind(kind: ReceiptKind) -> None:
    body = _made(kind)

    assert check_receipt(_written(body, kind), ABOUT) == body
    assert (body.package_id, body.about.hash) == (PACKAGE, HASH)


@EACH
def test_a_request_is_accepted_rejected_or_unanswered(kind: ReceiptKind) -> None:
    request = entry(EntryType.REQUEST)
    allowed = kind.value.startswith("Relay")

    if allowed:
        assert _made(kind, request).package_id is None
        return
    with pytest.raises(FormatError):
        _made(kind, request)


@pytest.mark.parametrize("about", sorted(UNRECEIPTED))
def test_a_receipt_a_checkpoint_and_a_resync_have_no_receipt(about: EntryType) -> None:
    assert kinds_for(about) == frozenset()


def test_no_receipt_is_written_for_a_checkpoint() -> None:
    checkpoint = entry(EntryType.CHECKPOINT, CheckpointBody(own="…", peer=None))

    with pytest.raises(FormatError):
        _made(ReceiptKind.RELAY_ACCEPTANCE, checkpoint)


@pytest.mark.parametrize(
    ("kind", "members"),
    [
        (ReceiptKind.RELAY_ACCEPTANCE, {"reason": "why"}),
        (ReceiptKind.RELAY_ACCEPTANCE, {"tagmanifest_sha256": DIGEST}),
        (ReceiptKind.RELAY_REJECTION, {}),
        (ReceiptKind.CONTENT_CONSIGNMENT, {}),
        (ReceiptKind.CONTENT_CONSIGNMENT_FAILURE, {"tagmanifest_sha256": DIGEST, "reason": "x"}),
        (ReceiptKind.CONTENT_HANDOVER, {"tagmanifest_sha256": DIGEST, "reason": "x"}),
    ],
)
def test_each_kind_has_its_own_members(kind: ReceiptKind, members: dict[str, Any]) -> None:
    with pytest.raises(FormatError):
        receipt_for(ABOUT, HASH, kind, **members)


@pytest.mark.parametrize("kind", sorted(CONFIRMATIONS))
def test_another_tag_manifest_is_not_confirmed(kind: ReceiptKind) -> None:
    with pytest.raises(DigestMismatchError):
        receipt_for(ABOUT, HASH, kind, tagmanifest_sha256="00" * 32)


@EACH
def test_each_kind_is_written_by_one_side(kind: ReceiptKind) -> None:
    wrong = ReceiptKind.RELAY_ACCEPTANCE if kind in BY_WRITER else ReceiptKind.RELAY_FAILURE

    with pytest.raises(ChainError):
        check_receipt(_written(_made(kind), wrong), ABOUT)


def test_a_third_country_writes_no_receipt() -> None:
    body = _made(ReceiptKind.RELAY_ACCEPTANCE)
    written = entry(EntryType.RECEIPT, body, sender="QN", recipient="QO", request=REQUEST)

    with pytest.raises(ChainError):
        check_receipt(written, ABOUT)


def test_a_receipt_belongs_to_the_request_of_its_entry() -> None:
    kind = ReceiptKind.RELAY_ACCEPTANCE

    with pytest.raises(ChainError):
        check_receipt(_written(_made(kind), kind, request=None), ABOUT)


def test_a_receipt_is_about_one_entry() -> None:
    kind = ReceiptKind.RELAY_ACCEPTANCE

    with pytest.raises(ChainError):
        check_receipt(_written(_made(kind, entry(EntryType.REQUEST)), kind), ABOUT)


def test_a_receipt_names_the_package_of_its_entry() -> None:
    kind = ReceiptKind.RELAY_ACCEPTANCE
    body = ReceiptBody.read(receipt(ABOUT, kind, package_id=REQUEST))

    with pytest.raises(FormatError):
        check_receipt(_written(body, kind), ABOUT)


def test_what_is_no_receipt_is_refused() -> None:
    with pytest.raises(FormatError):
        check_receipt(entry(), ABOUT)
