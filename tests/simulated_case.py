"""Two countries in memory that play one case, up to the bag that a court is handed."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

from securesystemslib.signer import CryptoSigner

from services.directory.repository import OnlineKeys, refresh
from shared.protocol import (
    bag,
    case,
    chainfolder,
    cms,
    legalacts,
    manifest,
    messages,
    trust,
)
from shared.protocol.canonical import Json
from shared.protocol.digests import sha256
from shared.protocol.entries import EntryType
from shared.protocol.identifiers import TAG_ITEM, ItemId, new_id
from shared.protocol.messages import ApprovalReference, ReceiptKind
from tests.custodies import closed
from tests.founding import OfflineKeys, create_repository, publish_member
from tests.simulated_node import START, Clock, Node, Written

SALT = b"s" * 32


@dataclass(kw_only=True)
class Case:
    """QM asks, QN answers with one package of three files."""

    clock: Clock = field(default_factory=Clock)
    evidence: dict[str, bytes] = field(
        default_factory=lambda: {
            "data/chat.db": b"SQLite format 3\0" + b"message " * 999,
            "data/pictures/house 1.jpg": b"\xff\xd8" + bytes(range(256)) * 20,
            "data/empty.txt": b"",
        }
    )
    legal_basis: str = "BUD"
    approvals: int = 2
    consigned: bool = True

    def __post_init__(self) -> None:
        self.qm = Node(name="QM", clock=self.clock)
        self.qn = Node(name="QN", clock=self.clock)
        self.request_id, self.package_id = new_id(self.clock()), new_id(self.clock())
        self._open()
        self.request = self._request()
        self.package = self._package()
        self._receipt()

    def answer_again(self) -> None:
        """Send a second package in answer to the same request."""
        self.package_id = new_id(self.clock())
        self.evidence = {"data/more.txt": b"found later"}
        del self.items, self.tags
        self.package = self._package()
        self._receipt()

    def _receipt(self) -> None:
        self.qm.receipt(self.package, ReceiptKind.RELAY_ACCEPTANCE, to=self.qn)
        digest = sha256(self.tags[bag.TAG_MANIFEST]).hex()
        kind = ReceiptKind.CONTENT_CONSIGNMENT
        if self.consigned:
            self.qm.receipt(self.package, kind, to=self.qn, tagmanifest_sha256=digest)

    def _open(self) -> None:
        for node, other in ((self.qm, self.qn), (self.qn, self.qm)):
            opening = messages.OpenBody(log_origin=node.log_key.origin)
            node.write(EntryType.OPEN, opening, to=other)
        self.qm.receipt(self.qn.written[0], ReceiptKind.RELAY_ACCEPTANCE, to=self.qn)
        self.qn.receipt(self.qm.written[0], ReceiptKind.RELAY_ACCEPTANCE, to=self.qm)

    def _request(self) -> Written:
        document: dict[str, Json] = {
            "legal_basis": [{"instrument": self.legal_basis, "article": "29"}]
        }
        body = messages.RequestBody(
            request_id=self.request_id,
            version=1,
            document=document,
            approvals=self._approved(self.qm, "request.prepare", "request.approve"),
        )
        written = self.qm.write(EntryType.REQUEST, body, to=self.qn, request=self.request_id)
        self.qn.receipt(written, ReceiptKind.RELAY_ACCEPTANCE, to=self.qm)
        decision = legalacts.DecisionBody(
            request_id=self.request_id, decision="accepted", measures=(), codes=(), reasons=""
        )
        decided = self.qn.write(EntryType.DECISION, decision, to=self.qm, request=self.request_id)
        self.qm.receipt(decided, ReceiptKind.RELAY_ACCEPTANCE, to=self.qn)
        return written

    def _package(self) -> Written:
        index = manifest.SegmentIndex(tuple(self._rows()))
        wrap = messages.KeyWrap(country="QM", kid="A" * 43, wrap="A" * 2284)
        body = messages.PackageBody(
            package_id=self.package_id,
            request_id=self.request_id,
            request_entry=self.request.hash,
            measures=("m1",),
            segment_size=2**20,
            segments=len(index.rows),
            items=len(self.evidence),
            size=sum(map(len, self.evidence.values())),
            index_sha384=index.digest().hex(),
            tagmanifest_sha256=sha256(self.tags[bag.TAG_MANIFEST]).hex(),
            keys=(wrap,),
            approvals=self._approved(self.qn, "package.prepare", "package.clear"),
            expires=int(START.timestamp()) + 10**6,
        )
        return self.qn.write(EntryType.PACKAGE, body, to=self.qm, request=self.request_id)

    def _rows(self) -> Iterator[manifest.SegmentRow]:
        for each in [*(item.item_id for item in self.items), TAG_ITEM]:
            yield manifest.SegmentRow(item_id=each, n=0, sha256=b"s" * 32, size=72)

    def _approved(self, node: Node, *acts: str) -> tuple[ApprovalReference, ...]:
        keys = zip(acts, node.officers, ("a" * 96, "b" * 96), strict=True)
        given = [
            ApprovalReference(act=act, officer_kid=key.kid, hash=digest)
            for act, key, digest in keys
        ]
        return tuple(given[: self.approvals])

    @cached_property
    def items(self) -> list[manifest.Item]:
        return [
            manifest.Item(
                item_id=ItemId(new_id(self.clock())),
                path=path,
                size=len(content),
                sha256=sha256(content),
                media_type="application/octet-stream",
            )
            for path, content in self.evidence.items()
        ]

    @cached_property
    def tags(self) -> dict[str, bytes]:
        graph = case.minimal_graph(
            self.items,
            names={},
            package_id=self.package_id,
            request_id=self.request_id,
            authority="QN",
            at=START,
        )
        info = {"External-Identifier": self.package_id}
        custody = closed(self.items, self.package_id).to_bytes()
        files = bag.tag_files(self.items, case_jsonld=graph, custody=custody, info=info, salt=SALT)
        seal = self.qn.bag_seal
        signed = cms.sign_tag_manifest(files[bag.TAG_MANIFEST], seal.pem, seal.key_pem)
        return {**files, bag.SIGNATURE: signed}

    @cached_property
    def directory(self) -> tuple[bytes, bytes]:
        """The trust bundle and the root to pin."""
        return make_directory(self.qm.member(), self.qn.member())

    def bag_files(self) -> dict[str, bytes]:
        """Every file of the bag as QM's authority has it."""
        bundle, pinned = self.directory
        entries = [
            written
            for node in (self.qm, self.qn)
            for written in node.written
            if written.entry.request == self.request_id
        ]
        last = {written.entry.channel: written.entry.seq for written in entries}
        links = [
            written.link()
            for node in (self.qm, self.qn)
            for written in node.written
            if written.entry.seq <= last[written.entry.channel]
        ]
        chain = chainfolder.write_chain(
            directory=bundle,
            root=pinned,
            bag_seal_ca=self.qn.ca.pem,
            entries=[written.logged() for written in entries],
            links=links,
        )
        return {**self.evidence, **self.tags, **chain}


def make_directory(*members: trust.Member) -> tuple[bytes, bytes]:
    """Hold the ceremony of a directory; give the trust bundle and the root to pin."""
    with tempfile.TemporaryDirectory() as name:
        folder, offline, online = Path(name), OfflineKeys.generate(), OnlineKeys.generate()
        signers = {member.country: CryptoSigner.generate_ed25519() for member in members}
        keys = {country: signer.public_key for country, signer in signers.items()}
        pinned = create_repository(
            folder, offline=offline, online=online, countries=keys, now=START
        )
        for member in members:
            signer = signers[member.country]
            publish_member(folder, member.to_bytes(), signer=signer, now=START)
        refresh(folder, online=online, now=START)
        metadata = {path.name: path.read_bytes() for path in (folder / "metadata").iterdir()}
    roles = {trust.role_name(country): f"1.{trust.role_name(country)}.json" for country in keys}
    bundle = trust.write_bundle(
        roots=[pinned],
        targets=metadata["1.targets.json"],
        roles={role: metadata[file] for role, file in roles.items()},
        members={member.country: member.to_bytes() for member in members},
    )
    return bundle, pinned


@cache
def standard_case() -> Case:
    """Give a case that was played in order; not to be changed."""
    return Case()


def write_files(folder: Path, files: dict[str, bytes]) -> Path:
    """Put files on the disk."""
    for path, content in files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return folder
