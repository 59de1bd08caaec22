"""Is this the evidence that was sent, as both countries recorded it? Thirteen checks, in this order.

Each function `check_…` is one of them (spec/verification.md): it takes bytes and what was proven before,
returns what is now proven, and raises; the last is `law.custodyfile.check_custody`. `client.verifier` runs
all over a bag; the receiving exchange those it can: 6, 8 and 11 when an entry comes in, 3, 4, 5, 7 and 13
when the content is open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from shared.protocol import bag as bags
from shared.protocol import leaves
from shared.protocol.approvals import (
    PACKAGE_CLEAR,
    PACKAGE_PREPARE,
    REQUEST_APPROVE,
    REQUEST_PREPARE,
)
from shared.protocol.canonical import Json
from shared.protocol.chainfolder import (
    BAG_SEAL_CA,
    FIXED,
    FOLDER,
    README,
    README_TEXT,
    ROOT,
    LoggedEntry,
    check_linked,
    read_chain,
    read_links,
)
from shared.protocol.checkpoints import verify_checkpoint
from shared.protocol.checks import Payload, PayloadFile, naming
from shared.protocol.cms import verify_cms
from shared.protocol.digests import sha256
from shared.protocol.entries import Entry, EntryType, entry_hash, verify_entry
from shared.protocol.errors import (
    ApprovalError,
    BagError,
    ChainError,
    DigestMismatchError,
    ProofError,
    TrustError,
)
from shared.protocol.identifiers import Country
from shared.protocol.logproofs import parse_proof
from shared.protocol.merkle import leaf_hash, verify_inclusion
from shared.protocol.messages import ApprovalReference, PackageBody, ReceiptBody, ReceiptKind
from shared.protocol.policies import check_quorum
from shared.protocol.receipts import CONFIRMATIONS, check_receipt
from shared.protocol.trust import Member, find_member, read_bundle, read_roots

TAG_FILES: Final = frozenset(
    {bags.BAGIT, bags.BAG_INFO, bags.MANIFEST, bags.CASE, bags.CUSTODY}
    | {bags.TAG_MANIFEST, bags.SIGNATURE}
)
DATA: Final = "data/"


def check_trust(bundle: bytes, *, pinned_root: bytes, shown_root: bytes) -> dict[Country, Member]:
    """1. The trust bundle holds from the pinned root, by its own signatures, without a clock.

    Args:
        bundle: the content of chain/directory.json.
        pinned_root: what the verifier trusts, from outside.
        shown_root: the content of chain/root.json: the pinned root, or another of its history.

    Returns:
        What the directory vouches for, by country.
    """
    members = read_bundle(bundle, pinned_root)
    if shown_root not in {pinned_root, *read_roots(bundle)}:
        raise TrustError("it is no root of this directory", object=ROOT)
    return members


def check_layout(paths: Iterable[str], files: Mapping[str, bytes]) -> dict[str, bytes]:
    """2. The bag holds every file that it must, and no other (RFC 8493, 3).

    Args:
        paths: of all files in it.
        files: the content of those outside `data/`.

    Returns:
        The SHA-256 that each evidence file should have, by path.
    """
    present = set(paths)
    for path in sorted((TAG_FILES | FIXED) - present):
        raise BagError("a file is missing", object=path)
    read_chain(files)
    if files[README] != README_TEXT:
        raise BagError("it is not the text that a bag has", object=README)
    listed = bags.parse_manifest(files[bags.MANIFEST])
    found = {path for path in present - TAG_FILES if not path.startswith(FOLDER)}
    for path in sorted(listed.keys() - found):
        raise BagError("a file is missing", object=path)
    for path in sorted(found - listed.keys()):
        raise BagError("this file is in no manifest", object=path)
    return listed


def check_payload(listed: Mapping[str, bytes], payload: Iterable[PayloadFile]) -> Payload:
    """3. Every evidence file has the SHA-256 that the manifest gives it."""
    files = size = 0
    wrong: list[str] = []
    for each in payload:
        files, size = files + 1, size + each.size
        wrong += [each.path] if listed[each.path] != each.sha256 else []
    if wrong:
        more = f" ({len(wrong)} files in all)" if len(wrong) > 1 else ""
        raise DigestMismatchError(
            f"the file is not the one that was sealed{more}", object=wrong[0], count=len(wrong)
        )
    return Payload(files=files, size=size)


def check_tag_files(files: Mapping[str, bytes]) -> bytes:
    """4. Every tag file has the SHA-256 that the tag manifest gives it, and none is left out.

    Returns:
        The SHA-256 of the tag manifest: what signature, entry and receipts rest on.
    """
    bags.check_tag_files(files)
    return sha256(files[bags.TAG_MANIFEST])


def check_sender_signature(files: Mapping[str, bytes], sender: Member) -> str:
    """5. The sender's detached CMS signature over the tag manifest holds, by the CA it names itself.

    Returns:
        The subject of the certificate that signed.
    """
    ca = sender.bag_seal_ca.encode()
    if files[BAG_SEAL_CA] != ca:
        raise TrustError("it is not the one in the sender's member document", object=BAG_SEAL_CA)
    try:
        return verify_cms(files[bags.SIGNATURE], files[bags.TAG_MANIFEST], ca)
    except DigestMismatchError as error:
        error.facts["object"] = bags.TAG_MANIFEST
        raise


def check_entry(jws: bytes, claimed: Entry, members: Mapping[Country, Member]) -> Entry:
    """6. Both signatures of an entry hold, by seal keys of its sender in force when it was written.

    Args:
        jws: the entry as received.
        claimed: the same entry, read and not proven: it says whose keys to take.
        members: of the directory.
    """
    sender = find_member(members, claimed.sender)
    find_member(members, claimed.recipient)
    return verify_entry(jws, sender.seal_keys_at(claimed.iat))


def check_binding(
    package: PackageBody, *, tag_manifest: bytes, info: bytes, payload: Payload
) -> None:
    """7. The package entry names this tag manifest, this package, this many files and bytes.

    Args:
        package: the body of the package entry.
        tag_manifest: the SHA-256 that check 4 returned.
        info: the content of bag-info.txt.
        payload: what check 3 returned.
    """
    if package.tagmanifest_sha256 != tag_manifest.hex():
        raise DigestMismatchError("the entry seals another tag manifest", object=bags.TAG_MANIFEST)
    oxum = f"{payload.size}.{payload.files}"
    for line in (f"External-Identifier: {package.package_id}", f"Payload-Oxum: {oxum}"):
        if line.encode() not in info.split(b"\n"):
            raise BagError(f"it must say {line}", object=bags.BAG_INFO)
    if (package.items, package.size) != (payload.files, payload.size):
        raise BagError("the entry counts other files or bytes than there are", object=DATA)


def check_logged(logged: LoggedEntry, entry: Entry, sender: Member) -> leaves.Leaf:
    """8. The leaf is of this entry and stands in a log of the sender, signed and witnessed as it must be.

    The seal keys must have been in force at the logged time as well, which the sender alone does not
    choose: its log is witnessed.
    """
    with naming(logged.name + ".leaf"):
        leaf = leaves.parse(logged.leaf)
        log = sender.log_named(leaf.log)
        leaves.check_transfer_leaf(leaf, entry_facts(entry), origin=log.origin)
    with naming(logged.name + ".tlog-proof"):
        proof = parse_proof(logged.proof.decode("utf-8", "replace"))
        checkpoint = verify_checkpoint(proof.checkpoint, log.vkeys)
        log.check_end(checkpoint)
        check_quorum(log.witnessed_by, proof.checkpoint)
    # Which of the two was changed cannot be told: they do not belong together.
    with naming(logged.name + ".{leaf,tlog-proof}"):
        place = leaf_hash(logged.leaf)
        verify_inclusion(proof.index, checkpoint.size, place, proof.path, checkpoint.root)
    verify_entry(logged.jws, sender.seal_keys_at(int(leaf.seq_time.timestamp())))
    return leaf


def check_chain(links: bytes, entries: Mapping[str, Entry], package: PackageBody) -> Entry:
    """9. Both directions are unbroken from their first entry, and the case stands in them whole.

    Args:
        links: the content of chain/links.json.
        entries: of the case, proven, by the name of their files.
        package: the body of the package entry.

    Returns:
        The request that the package answers.
    """
    check_linked(read_links(links), entries)
    for name, entry in entries.items():
        if entry.request != package.request_id:
            raise ChainError("this entry is of another case", object=name + ".json")
    for entry in entries.values():
        if entry_hash(entry.payload()) == package.request_entry:
            return entry
    raise ChainError("the request that the package answers is missing", object=FOLDER)


def check_receipts(
    about: Entry, receipts: Iterable[Entry], *, tag_manifest: bytes
) -> dict[ReceiptKind, Entry]:
    """10. The receiver took the package in, opened it, and recomputed the same tag manifest.

    Args:
        about: the package entry.
        receipts: the receipts in the case, proven and each found in its writer's log.
        tag_manifest: the SHA-256 that check 4 returned.

    Returns:
        The receiver's receipts, by kind.
    """
    reference = about.reference()
    found: dict[ReceiptKind, Entry] = {}
    for receipt in receipts:
        if ReceiptBody.read(receipt.body).about == reference:
            body = check_receipt(receipt, about)
            if body.kind in CONFIRMATIONS and body.tagmanifest_sha256 != tag_manifest.hex():
                raise DigestMismatchError(f"{body.kind} confirms another tag manifest")
            found[body.kind] = receipt
    for kind in (ReceiptKind.RELAY_ACCEPTANCE, ReceiptKind.CONTENT_CONSIGNMENT):
        if kind not in found:
            raise ProofError(f"the receiver's {kind} of the package is missing", object=FOLDER)
    return found


def check_legal_basis(document: Mapping[str, Json], parties: Sequence[Member]) -> str:
    """11. The request names an instrument that the directory names for both countries.

    Returns:
        The first such instrument.
    """
    basis = document.get("legal_basis")
    rows = basis if isinstance(basis, list) else []
    named = [row.get("instrument") for row in rows if isinstance(row, dict)]
    for instrument in named:
        if isinstance(instrument, str) and all(instrument in each.instruments for each in parties):
            return instrument
    raise TrustError(f"no instrument that the request names binds both countries: {named}")


def check_approvals(
    request: Sequence[ApprovalReference], package: Sequence[ApprovalReference]
) -> None:
    """12. Request and package were each prepared and approved with the keys of two officers.

    The sender's exchange checked the approvals themselves by its own registry of officers; here stand
    their hashes, so that they can be demanded and compared.
    """
    for acts, given in (
        ((REQUEST_PREPARE, REQUEST_APPROVE), request),
        ((PACKAGE_PREPARE, PACKAGE_CLEAR), package),
    ):
        if tuple(each.act for each in given) != acts:
            raise ApprovalError(f"the approvals {acts[0]} and {acts[1]} are demanded")
        first, second = given
        if first.officer_kid == second.officer_kid or first.hash == second.hash:
            raise ApprovalError(f"{acts[0]} and {acts[1]} are by one officer's key")


def entry_facts(entry: Entry) -> leaves.EntryFacts:
    """Give what a leaf must say about an entry."""
    receipt = ReceiptBody.read(entry.body) if entry.type is EntryType.RECEIPT else None
    return leaves.EntryFacts(
        channel=entry.channel,
        epoch=entry.epoch,
        seq=entry.seq,
        entry_type=entry.type.value,
        entry_hash=entry_hash(entry.payload()),
        about=leaves.About(**receipt.about.model_dump()) if receipt else None,
        outcome=receipt.kind.value if receipt else None,
    )
