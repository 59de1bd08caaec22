"""Use case: what this node can tell of the custody of a package, chains checked, under the country's seal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.exchange import custody
from services.exchange.keyring import Keyring
from services.exchange.records import Package, Request
from services.exchange.states import Actor, Direction
from services.exchange.store import Session, contents, entries, packages, requests
from services.exchange.store.entries import StoredEntry
from shared.protocol import canonical
from shared.protocol.canonical import Json
from shared.protocol.cms import sign_tag_manifest
from shared.protocol.entries import EntryType, read_entry
from shared.protocol.errors import ChainError, SealError
from shared.protocol.law.custody import Record
from shared.protocol.law.custodytrace import Asked, Condition, Exhibit, HandOver, Told, trace
from shared.protocol.messages import PackageBody
from shared.runtime.clock import milliseconds
from shared.runtime.database import Database
from shared.runtime.directory import Directory
from shared.runtime.refusals import Conflict


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What is told, and the country's bag seal over it (CMS, DER, detached)."""

    custody: dict[str, Json]
    signature: bytes


def tell(
    package_id: str, *, database: Database, keyring: Keyring, directory: Directory, actor: Actor
) -> Account:
    """Tell the custody of a package.

    Raises:
        NotFound: there is no such package.
        Conflict: `custody_broken`: a record was changed or is gone; item and record are named.
    """
    with database.read() as db:
        package = packages.find(db, package_id)
        request = requests.find(db, package.request_id)
        case = entries.of_request(db, package.request_id)
        exhibits = _exhibits(db, package, keyring)
        left_out = custody.left_out(db, package_id, keyring=keyring)
        records = _records(db, package_id, keyring)
    ours, theirs = keyring.country, package.peer
    sender, receiver = (ours, theirs) if package.direction is Direction.OUT else (theirs, ours)
    told = Told(
        package_id=package_id,
        request_id=package.request_id,
        sender=sender,
        sender_name=directory.member(sender).name,
        receiver=receiver,
        receiver_name=directory.member(receiver).name,
        shown_by=ours,
        made_at=milliseconds(actor.at),
        state=package.state,
        index_sha384=package.index_sha384,
        tagmanifest_sha256=package.tagmanifest_sha256,
        asked=_asked(request),
        exhibits=exhibits,
        handovers=tuple(_hand_over(entry) for entry in case if _is_about(entry, package)),
        conditions=_conditions(case, package),
        left_out=left_out,
    )
    try:
        value = trace(told, records).to_json()
    except ChainError as error:
        raise _broken(error.detail) from error
    octets = canonical.encode(value)
    signature = sign_tag_manifest(octets, keyring.bag_seal_cert, keyring.bag_seal_key)
    return Account(custody=value, signature=signature)


def _records(db: Session, package_id: str, keyring: Keyring) -> Mapping[str, Sequence[Record]]:
    try:
        return custody.records(db, package_id, keyring=keyring)
    except SealError as error:
        raise _broken(error.detail) from error


def _exhibits(db: Session, package: Package, keyring: Keyring) -> tuple[Exhibit, ...]:
    """Name the items, as long as the content key of the package is not destroyed."""
    items = contents.items(db, package.id)
    if package.wrapped_key is None:
        return tuple(Exhibit(item_id=item.item_id) for item in items)
    key = keyring.unwrap_at_rest(package.wrapped_key, package.id)
    opened = [(i.item_id, key.open_declaration(i.item_id, i.sealed_declaration)) for i in items]
    return tuple(
        Exhibit(item_id=item_id, path=one.path, original_name=one.original_name)
        for item_id, one in opened
    )


def _is_about(entry: StoredEntry, package: Package) -> bool:
    known = package.entry.hash if package.entry else None
    return known is not None and known in {entry.hash, entry.about_hash}


def _hand_over(entry: StoredEntry) -> HandOver:
    return HandOver(
        what=entry.outcome or entry.type,
        country=entry.channel[:2],
        channel=entry.channel,
        epoch=entry.epoch,
        seq=entry.seq,
        hash=entry.hash,
        at=milliseconds(entry.created_at),
        log_index=entry.log_index,
    )


def _conditions(case: Sequence[StoredEntry], package: Package) -> tuple[Condition, ...]:
    """The terms that the package's entry carries."""
    announced = [
        PackageBody.read(read_entry(entry.jws).entry.body)
        for entry in case
        if entry.type == EntryType.PACKAGE and _is_about(entry, package)
    ]
    return tuple(
        Condition(
            code=term.code,
            text=term.text,
            parameters=term.parameters,
            measures=term.measures,
        )
        for body in announced
        for term in body.terms
    )


def _asked(request: Request) -> Asked:
    document: Any = canonical.parse(request.document)
    basis = document.get("legal_basis") or []
    authority = document.get("issuing_authority") or {}
    formalities = [
        str(each)
        for part in (document, *(document.get("measures") or []))
        for each in part.get("formalities") or []
    ]
    return Asked(
        reference=request.own_reference,
        authority=str(authority.get("name", "") if isinstance(authority, dict) else authority),
        legal_basis=tuple(f"{one['instrument']} {one['article']}" for one in basis),
        purpose=str(document.get("purpose") or ""),
        formalities=tuple(formalities),
    )


def _broken(detail: str) -> Conflict:
    return Conflict(
        "custody_broken",
        f"The custody of this package cannot be told: {detail}.",
        rule="custody, 2",
        next_step="Have the operators restore the table of custody records from a backup; the sender's "
        "records stand in the bag as well.",
    )
