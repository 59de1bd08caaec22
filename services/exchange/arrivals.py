"""What an entry of the peer begins here: an opened channel, an inbound request, an inbound package.

What cannot be accepted raises `ContentRefusedError`: the entry keeps its place in the chain, and the
peer is told why by a receipt.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from services.exchange import casework, judging, timing, urgent
from services.exchange.acts import describing
from services.exchange.bench import Bench
from services.exchange.documents import instrument_of, measures_of, reference_of
from services.exchange.gating.particular import EXECUTED
from services.exchange.keyring import Keyring
from services.exchange.records import EntryRef, Package, Request
from services.exchange.states import Actor, Direction, PackageState
from services.exchange.store import Session, entries, packages, requests, transfers
from shared.protocol import canonical, verification
from shared.protocol.canonical import Json
from shared.protocol.digests import sha256
from shared.protocol.entries import Entry, read_entry
from shared.protocol.identifiers import Country
from shared.protocol.law import documents
from shared.protocol.law.lifecycle import Act, State
from shared.protocol.messages import OpenBody, PackageBody, RequestBody
from shared.protocol.trust import Member


class ContentRefusedError(Exception):
    """An entry is proven and in its place, but what it says cannot be accepted.

    `code` is for machines and for the log; `detail` goes to the peer in the receipt.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code, self.detail = code, detail


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A proven entry of a peer, and who the parties are."""

    entry: Entry
    reference: EntryRef
    sender: Member
    own: Member
    at: datetime

    @property
    def actor(self) -> Actor:
        """The peer, as the history names it."""
        return Actor(client_id=self.entry.sender, at=self.at)


def take_opening(_db: Session, arrived: Arrived, _bench: Bench) -> None:
    """Check that the peer writes to the log that the directory names."""
    origin = OpenBody.read(arrived.entry.body).log_origin
    if arrived.sender.log_named(origin).origin != origin:
        raise ContentRefusedError("other_log", f"The directory names {arrived.sender.log_origin}.")


def take_request(db: Session, arrived: Arrived, bench: Bench) -> Request:
    """Begin an inbound request, delivered (S05)."""
    request = _admitted(db, arrived)
    requests.add(db, request)
    for shut in judging.receive(db, request, bench=bench, actor=arrived.actor):
        raise ContentRefusedError(shut.code, shut.detail)
    casework.record(db, "request.delivered", request, arrived.actor)
    urgent.flag(db, request, urgent.document_of(request), arrived.actor)
    for event in describing.describe(request, bench, arrived.at):
        casework.record(
            db, event.type, request, arrived.actor, reason=event.reason, count=event.count
        )
    timing.on_act(
        db,
        request,
        request,
        Act.DELIVER,
        at=datetime.fromtimestamp(arrived.entry.iat, UTC),
        directory=bench.directory,
        country=bench.keyring.country,
    )
    return request


def _admitted(db: Session, arrived: Arrived) -> Request:
    """Check what a request's entry says of itself."""
    body = RequestBody.read(arrived.entry.body)
    if body.document.get("to") != arrived.own.country:
        raise ContentRefusedError("other_recipient", "The document is addressed elsewhere.")
    _check_text(body.document)
    said = documents.received(body.document)
    if (said.request_id, said.sender) != (body.request_id, arrived.entry.sender):
        raise ContentRefusedError("other_request", "The document is of another request or sender.")
    if not said.measures:
        raise ContentRefusedError("no_measures", "A request asks for measures, each with its id.")
    verification.check_legal_basis(body.document, (arrived.own, arrived.sender))
    if transfers.known_request(db, body.request_id):
        raise ContentRefusedError("known_request", "A request of this id is on record already.")
    document = canonical.encode(body.document)
    return Request(
        id=body.request_id,
        direction=Direction.IN,
        peer=arrived.entry.sender,
        state=State.DELIVERED,
        kind=said.request_kind,
        urgency=said.urgency,
        instrument=instrument_of(said, arrived.own, arrived.sender),
        version=body.version,
        document=document,
        digest=sha256(document).hex(),
        own_reference=reference_of(said),
        measures=measures_of(said, State.DELIVERED),
        entry=arrived.reference,
        created_by=arrived.entry.sender,
        created_at=arrived.at,
        updated_at=arrived.at,
    )


def take_package(db: Session, arrived: Arrived, bench: Bench) -> Request:
    """Begin an inbound package, RECEIVED; its content key is wrapped at rest. Return its request."""
    body = PackageBody.read(arrived.entry.body)
    request = own_request(db, arrived, body.request_id)
    _check_package(db, arrived, body, request)
    keyring = bench.keyring
    content_key = _content_key(arrived, body, keyring)
    packages.add(
        db,
        Package(
            id=body.package_id,
            direction=Direction.IN,
            peer=arrived.entry.sender,
            request_id=request.id,
            state=PackageState.RECEIVED,
            version=1,
            segment_size=body.segment_size,
            wrapped_key=keyring.wrap_at_rest(content_key, body.package_id),
            sealed_title=None,
            measures=body.measures,
            index_sha384=body.index_sha384,
            segments=body.segments,
            items=body.items,
            size=body.size,
            tagmanifest_sha256=body.tagmanifest_sha256,
            entry=arrived.reference,
            expires=datetime.fromtimestamp(body.expires, UTC),
            created_by=arrived.entry.sender,
            created_at=arrived.at,
            updated_at=arrived.at,
        ),
    )
    return request


def own_request(db: Session, arrived: Arrived, request_id: str) -> Request:
    """Return our request to this very peer; another country's is none of its business."""
    request = requests.find(db, request_id)
    if request.direction is not Direction.OUT or request.peer != arrived.entry.sender:
        raise ContentRefusedError("unknown_request", "There is no request of this id here.")
    return request


def common_request(db: Session, arrived: Arrived, request_id: str) -> Request:
    """Return a request between us and this very peer, whoever asked whom."""
    request = requests.find(db, request_id)
    if request.peer != arrived.entry.sender:
        raise ContentRefusedError("unknown_request", "There is no request of this id here.")
    return request


def _check_text(value: Json) -> None:
    """Check that no text holds U+0000, which not every database keeps: here it is told, not failed at."""
    match value:
        case str() if "\0" in value:
            raise ContentRefusedError("zero_character", "A text of the document holds U+0000.")
        case list():
            for each in value:
                _check_text(each)
        case dict():
            for name, each in value.items():
                _check_text(name)
                _check_text(each)
        case _:
            return


def _check_package(db: Session, arrived: Arrived, body: PackageBody, request: Request) -> None:
    """Check that it answers our request, within what was accepted and the law that binds both."""
    sent = entries.by_hash(db, body.request_entry)
    if sent is None or request.entry is None or request.entry.hash != sent.hash:
        raise ContentRefusedError("other_request", "It names another entry as its request.")
    accepted = {m.measure_id for m in request.measures if m.state in EXECUTED}
    if not body.measures or not set(body.measures) <= accepted:
        raise ContentRefusedError("measure_not_accepted", "It answers a measure not accepted.")
    if body.expires <= int(arrived.at.timestamp()):
        raise ContentRefusedError("expired", "The package is no longer offered.")
    if transfers.known_package(db, body.package_id):
        raise ContentRefusedError("known_package", "A package of this id is on record already.")
    said = RequestBody.read(read_entry(sent.jws).entry.body)
    verification.check_legal_basis(said.document, (arrived.own, arrived.sender))
    verification.check_approvals(said.approvals, body.approvals)


def _content_key(arrived: Arrived, body: PackageBody, keyring: Keyring) -> bytes:
    ours = [wrap for wrap in body.keys if wrap.country == keyring.country]
    if [wrap.kid for wrap in ours] != [keyring.kem.public().kid]:
        raise ContentRefusedError("no_key_for_us", "The key is not wrapped to this country's key.")
    return keyring.unwrap(
        canonical.unb64u(ours[0].wrap),
        package_id=body.package_id,
        sender=Country(arrived.entry.sender),
    )
