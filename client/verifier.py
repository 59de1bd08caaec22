"""Verify a bag offline: the thirteen checks of `shared.protocol.verification`, from a pinned root alone.

A check that fails does not stop the others; only those that rest on it are not made. So the report names
everything that is wrong, each with the object it was found in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Final

from client.bundle import BagOnDisk, Progress
from shared.protocol import bag as bags
from shared.protocol import verification
from shared.protocol.chainfolder import (
    DIRECTORY,
    FOLDER,
    LINKS,
    ROOT,
    LoggedEntry,
    entry_name,
    read_chain,
)
from shared.protocol.checks import (
    Check,
    Failed,
    NotChecked,
    Passed,
    Payload,
    PayloadFile,
    Report,
    Result,
    naming,
)
from shared.protocol.digests import sha256
from shared.protocol.entries import Entry, EntryType, read_entry
from shared.protocol.errors import BagError, ProtocolError
from shared.protocol.identifiers import Country
from shared.protocol.law.custodyfile import check_custody
from shared.protocol.messages import PackageBody, RequestBody
from shared.protocol.trust import Member, find_member
from shared.protocol.verification import DATA

NONE_HASHED: Final[Mapping[str, PayloadFile]] = MappingProxyType({})


def verify_bag(
    bag: BagOnDisk,
    *,
    pinned_root: bytes,
    hashed: Mapping[str, PayloadFile] = NONE_HASHED,
    tell: Callable[[Result], None] = lambda _: None,
    progress: Progress = lambda _: None,
) -> Report:
    """Make all checks of a bag.

    Args:
        bag: as found on the disk.
        pinned_root: the root of the directory, from a source that the verifier trusts.
        hashed: evidence files that the caller has just hashed as they lie on the disk, by path.
        tell: is given each result as soon as it stands.
        progress: is told of bytes of evidence as they are hashed.
    """
    payload = bag.payload(hashed, progress)
    case = _Case(bag=bag, pinned_root=pinned_root, hashes=payload)
    results: list[Result] = []
    for step in _STEPS:
        held = {result.check for result in results if isinstance(result, Passed)}
        results.append(_make(step, case, [need for need in step.needs if need not in held]))
        tell(results[-1])
    return Report(results=tuple(results))


@dataclass(kw_only=True)
class _Case:
    """A bag and what its checks prove, computed when first asked for; a step's needs are its order."""

    bag: BagOnDisk
    pinned_root: bytes
    hashes: Iterator[PayloadFile]

    @cached_property
    def members(self) -> dict[Country, Member]:
        return verification.check_trust(
            self.file(DIRECTORY), pinned_root=self.pinned_root, shown_root=self.file(ROOT)
        )

    @cached_property
    def listed(self) -> dict[str, bytes]:
        return verification.check_layout(self.bag.paths, self.bag.files)

    @cached_property
    def payload(self) -> Payload:
        return verification.check_payload(self.listed, self.hashes)

    @cached_property
    def tag_manifest(self) -> bytes:
        return verification.check_tag_files(self.bag.files)

    @cached_property
    def claims(self) -> dict[str, Entry | ProtocolError]:
        """Each entry as it claims to be, or why it cannot be read, by the name of its files."""
        return {logged.name: _claim(logged) for logged in self.chain.values()}

    @cached_property
    def chain(self) -> dict[str, LoggedEntry]:
        return {logged.name: logged for logged in read_chain(self.bag.files)}

    @cached_property
    def package(self) -> Entry:
        """The package entry of this bag, as it claims to be: by its id, else by its digest."""
        info, digest = self.file(bags.BAG_INFO), sha256(self.file(bags.TAG_MANIFEST)).hex()
        packages = [
            claim
            for claim in self.claims.values()
            if isinstance(claim, Entry) and claim.type is EntryType.PACKAGE
        ]
        if not packages:
            unread = [claim for claim in self.claims.values() if isinstance(claim, ProtocolError)]
            raise unread[0] if unread else BagError("the package entry is missing", object=FOLDER)

        def likeness(entry: Entry) -> tuple[bool, bool]:
            body = PackageBody.read(entry.body)
            return body.package_id.encode() in info, body.tagmanifest_sha256 == digest

        return max(packages, key=likeness)

    @cached_property
    def body(self) -> PackageBody:
        return PackageBody.read(self.package.body)

    @cached_property
    def sender(self) -> Member:
        return find_member(self.members, self.package.sender)

    @cached_property
    def recipient(self) -> Member:
        return find_member(self.members, self.package.recipient)

    @cached_property
    def entries(self) -> dict[str, Entry]:
        """All entries of the case, both signatures of each checked."""
        return {name: self.proven(name) for name in self.chain}

    @cached_property
    def request(self) -> Entry:
        return verification.check_chain(self.file(LINKS), self.entries, self.body)

    def proven(self, name: str) -> Entry:
        with naming(name + ".json"):
            claim = self.claims[name]
            if isinstance(claim, ProtocolError):
                raise claim
            if entry_name(claim) != name:
                raise BagError(f"this is the entry of {entry_name(claim)}")
            return verification.check_entry(self.chain[name].jws, claim, self.members)

    def logged_by(self, writer: Member) -> list[Entry]:
        """The entries that a country wrote, each found in its log."""
        found = []
        for name, logged in self.chain.items():
            entry = self.proven(name)
            if entry.sender == writer.country:
                with naming(name + ".json"):
                    verification.check_logged(logged, entry, writer)
                found.append(entry)
        return found

    def file(self, path: str) -> bytes:
        if path not in self.bag.files:
            raise BagError("a file is missing", object=path)
        return self.bag.files[path]


def _claim(logged: LoggedEntry) -> Entry | ProtocolError:
    try:
        return read_entry(logged.jws).entry
    except ProtocolError as error:
        error.facts["object"] = logged.name + ".json"
        return error


def _trust(case: _Case) -> str:
    return "the directory vouches for " + ", ".join(sorted(case.members))


def _layout(case: _Case) -> str:
    return f"{len(case.listed)} evidence files, {len(verification.TAG_FILES)} tag files"


def _payload(case: _Case) -> str:
    return f"{case.payload.files} files, {case.payload.size} bytes"


def _tags(case: _Case) -> str:
    return f"tag manifest {case.tag_manifest.hex()}"


def _signature(case: _Case) -> str:
    subject = verification.check_sender_signature(case.bag.files, case.sender)
    return f"{subject}, for {case.sender.name}"


def _entry(case: _Case) -> str:
    name = entry_name(case.package)
    case.proven(name)
    return f"{case.package.channel} {case.package.epoch}/{case.package.seq} by {case.sender.name}"


def _binding(case: _Case) -> str:
    verification.check_binding(
        case.body,
        tag_manifest=case.tag_manifest,
        info=case.file(bags.BAG_INFO),
        payload=case.payload,
    )
    return f"package {case.body.package_id}"


def _log(case: _Case) -> str:
    return f"{len(case.logged_by(case.sender))} entries in {case.sender.log_origin}"


def _chain(case: _Case) -> str:
    return f"{len(case.entries)} entries of request {case.request.request}"


def _receipts(case: _Case) -> str:
    receipts = [
        entry for entry in case.logged_by(case.recipient) if entry.type is EntryType.RECEIPT
    ]
    found = verification.check_receipts(case.package, receipts, tag_manifest=case.tag_manifest)
    return f"{', '.join(sorted(found))} in {case.recipient.log_origin}"


def _basis(case: _Case) -> str:
    body = RequestBody.read(case.request.body)
    return verification.check_legal_basis(body.document, (case.sender, case.recipient))


def _approvals(case: _Case) -> str:
    request = RequestBody.read(case.request.body)
    verification.check_approvals(request.approvals, case.body.approvals)
    return "two keys each"


def _custody(case: _Case) -> str:
    found = check_custody(
        case.file(bags.CUSTODY),
        listed=bags.parse_manifest(case.file(bags.MANIFEST)),
        package_id=case.body.package_id,
        country=case.package.sender,
    )
    return f"{found.size} records of {len(found.items)} items, {len(found.left_out)} left out"


@dataclass(frozen=True, slots=True)
class _Step:
    """A check, how it is made, what it is about unless its error says so, and what it rests on."""

    check: Check
    make: Callable[[_Case], str]
    object: str
    needs: tuple[Check, ...] = ()


_STEPS: Final = (
    _Step(Check.TRUST, _trust, DIRECTORY),
    _Step(Check.LAYOUT, _layout, bags.MANIFEST),
    _Step(Check.PAYLOAD, _payload, DATA, (Check.LAYOUT,)),
    _Step(Check.TAGS, _tags, bags.TAG_MANIFEST),
    _Step(Check.SIGNATURE, _signature, bags.SIGNATURE, (Check.TRUST, Check.LAYOUT)),
    _Step(Check.ENTRY, _entry, FOLDER, (Check.TRUST,)),
    _Step(Check.BINDING, _binding, FOLDER, (Check.PAYLOAD, Check.TAGS, Check.ENTRY)),
    _Step(Check.LOG, _log, FOLDER, (Check.ENTRY,)),
    _Step(Check.CHAIN, _chain, LINKS, (Check.ENTRY,)),
    _Step(Check.RECEIPTS, _receipts, FOLDER, (Check.CHAIN, Check.TAGS)),
    _Step(Check.BASIS, _basis, FOLDER, (Check.CHAIN,)),
    _Step(Check.APPROVALS, _approvals, FOLDER, (Check.CHAIN,)),
    _Step(Check.CUSTODY, _custody, bags.CUSTODY, (Check.TAGS, Check.ENTRY)),
)


def _make(step: _Step, case: _Case, missing: list[Check]) -> Result:
    if missing:
        rests = ", ".join(str(need.number) for need in missing)
        return NotChecked(check=step.check, detail=f"it rests on {rests}")
    try:
        with naming(step.object):
            return Passed(check=step.check, detail=step.make(case), object=step.object)
    except ProtocolError as error:
        return Failed(
            check=step.check,
            detail=error.detail,
            object=str(error.facts["object"]),
            code=error.code,
        )
