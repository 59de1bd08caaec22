"""The checks 9 to 12: the chain, the receipts, the legal basis, four eyes."""

import pytest

from shared.protocol import bag, chainfolder, trust, verification
from shared.protocol.canonical import Json
from shared.protocol.digests import sha256
from shared.protocol.entries import Entry, EntryType
from shared.protocol.errors import (
    ApprovalError,
    ChainError,
    DigestMismatchError,
    ProofError,
    TrustError,
)
from shared.protocol.identifiers import Country
from shared.protocol.messages import ApprovalReference, PackageBody, ReceiptBody, ReceiptKind
from tests.simulated_case import standard_case


def members() -> dict[Country, trust.Member]:
    return trust.read_bundle(*standard_case().directory)


def body() -> PackageBody:
    return PackageBody.read(standard_case().package.entry.body)


def tag_manifest() -> bytes:
    return sha256(standard_case().tags[bag.TAG_MANIFEST])


def entries() -> dict[str, Entry]:
    case = standard_case()
    return {
        written.logged().name: written.entry
        for node in (case.qm, case.qn)
        for written in node.written
        if written.entry.request == case.request_id
    }


def test_9_the_chain_leads_to_the_request() -> None:
    links = standard_case().bag_files()[chainfolder.LINKS]
    assert verification.check_chain(links, entries(), body()) == standard_case().request.entry


def test_9_an_entry_of_another_case_is_named() -> None:
    case, links = standard_case(), standard_case().bag_files()[chainfolder.LINKS]
    stray = case.qm.written[0].logged().name
    mixed = {stray: case.qm.written[0].entry, **entries()}
    with pytest.raises(ChainError, match="another case") as refused:
        verification.check_chain(links, mixed, body())
    assert refused.value.facts["object"] == stray + ".json"


def test_9_a_package_without_its_request_is_refused() -> None:
    links = standard_case().bag_files()[chainfolder.LINKS]
    other = body().model_copy(update={"request_entry": "ab" * 48})
    with pytest.raises(ChainError, match="request"):
        verification.check_chain(links, entries(), other)


def receipts() -> list[Entry]:
    return [entry for entry in entries().values() if entry.type is EntryType.RECEIPT]


def test_10_the_receiver_has_receipted() -> None:
    about = standard_case().package.entry
    found = verification.check_receipts(about, receipts(), tag_manifest=tag_manifest())
    assert set(found) == {ReceiptKind.RELAY_ACCEPTANCE, ReceiptKind.CONTENT_CONSIGNMENT}


@pytest.mark.parametrize("kind", [ReceiptKind.RELAY_ACCEPTANCE, ReceiptKind.CONTENT_CONSIGNMENT])
def test_10_each_receipt_is_demanded(kind: ReceiptKind) -> None:
    kept = [each for each in receipts() if ReceiptBody.read(each.body).kind is not kind]
    with pytest.raises(ProofError, match=kind):
        verification.check_receipts(
            standard_case().package.entry, kept, tag_manifest=tag_manifest()
        )


def test_10_a_receipt_confirms_this_very_bag() -> None:
    with pytest.raises(DigestMismatchError, match="another tag manifest"):
        verification.check_receipts(
            standard_case().package.entry, receipts(), tag_manifest=b"x" * 32
        )


def test_11_a_common_instrument_is_found() -> None:
    document: dict[str, Json] = {"legal_basis": [{"instrument": "XX"}, {"instrument": "UNTOC"}]}
    assert verification.check_legal_basis(document, list(members().values())) == "UNTOC"


@pytest.mark.parametrize(
    "basis", [None, [], ["BUD"], [{"instrument": 1}], [{"instrument": "XX"}]], ids=str
)
def test_11_without_a_common_instrument_nothing_holds(basis: Json) -> None:
    with pytest.raises(TrustError, match="no instrument"):
        verification.check_legal_basis({"legal_basis": basis}, list(members().values()))


def approval(act: str, kid: str, digest: str) -> ApprovalReference:
    return ApprovalReference(act=act, officer_kid=kid * 43, hash=digest * 96)


def approvals(
    prefix: str, second: str, kids: str = "AB", digests: str = "ab"
) -> list[ApprovalReference]:
    acts = (f"{prefix}.prepare", f"{prefix}.{second}")
    return [approval(*each) for each in zip(acts, kids, digests, strict=True)]


def test_12_four_eyes_saw_both() -> None:
    verification.check_approvals(approvals("request", "approve"), approvals("package", "clear"))


@pytest.mark.parametrize(
    "package",
    [
        approvals("package", "clear", kids="AA"),
        approvals("package", "clear", digests="aa"),
        approvals("package", "clear")[:1],
        approvals("request", "approve"),
    ],
    ids=["one_key", "one_approval_twice", "one_approval", "of_the_request"],
)
def test_12_two_eyes_are_too_few(package: list[ApprovalReference]) -> None:
    with pytest.raises(ApprovalError):
        verification.check_approvals(approvals("request", "approve"), package)
