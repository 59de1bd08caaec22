"""What an entry of the peer changes here, by its type; in the transaction of its intake.

open             nothing; it must name the log that the directory names
request          an inbound request begins, in S05
package          an inbound package begins, RECEIVED; its measures go to S15
receipt          settles our request (S04 → S05 | S20) or our package
                 (RELEASED → RECEIVED → VERIFIED → IN_USE, or → DISPUTED)
a legal act      moves the request as it did there (`mirroring`)
any other        is kept in the chain and changes nothing here
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime

from services.exchange import (
    arrivals,
    binding,
    casework,
    keeping,
    mirroring,
    preserving,
    telling,
    timing,
)
from services.exchange.arrivals import Arrived, ContentRefusedError
from services.exchange.bench import Bench
from services.exchange.states import PackageAct
from services.exchange.store import Session, entries, packages, requests, transfers
from shared.protocol.entries import Entry, EntryType, read_entry
from shared.protocol.errors import DigestMismatchError, ProtocolError
from shared.protocol.law import lifecycle
from shared.protocol.messages import PackageBody, ReceiptBody, ReceiptKind
from shared.protocol.receipts import check_receipt
from shared.runtime.refusals import Refusal

Act = Callable[[Session, Arrived, Bench], None]

_RACE = (
    "moved_meanwhile"  # lost to somebody here at the same moment: no fault of what the entry says
)

_REQUEST_ACTS = {
    ReceiptKind.RELAY_ACCEPTANCE: (lifecycle.Act.DELIVER, "request.delivered"),
    ReceiptKind.RELAY_REJECTION: (lifecycle.Act.REJECT, "request.rejected"),
}
_PACKAGE_ACTS = {
    ReceiptKind.RELAY_ACCEPTANCE: PackageAct.RECEIVE,
    ReceiptKind.RELAY_REJECTION: PackageAct.DISPUTE,
    ReceiptKind.CONTENT_CONSIGNMENT: PackageAct.VERIFY,
    ReceiptKind.CONTENT_CONSIGNMENT_FAILURE: PackageAct.DISPUTE,
    ReceiptKind.CONTENT_HANDOVER: PackageAct.HAND_OVER,
}

_WORDS = {PackageAct.VERIFY: ("verified", "received"), PackageAct.DISPUTE: ("disputed",)}


def settle(db: Session, arrived: Arrived, bench: Bench) -> None:
    """Do what an entry says, or nothing.

    Raises:
        ContentRefusedError: it cannot be accepted; the store is as it was before.
    """
    act = _ACTS.get(arrived.entry.type)
    if act is None:
        return
    try:
        with db.begin_nested():
            act(db, arrived, bench)
    except ProtocolError as error:
        raise ContentRefusedError(error.code, error.detail) from error
    except Refusal as refusal:
        if refusal.code == _RACE:
            raise
        raise ContentRefusedError(refusal.code, refusal.detail) from refusal


def _request(db: Session, arrived: Arrived, bench: Bench) -> None:
    preserving.link(db, arrivals.take_request(db, arrived, bench), bench=bench, actor=arrived.actor)


def _package(db: Session, arrived: Arrived, bench: Bench) -> None:
    request = arrivals.take_package(db, arrived, bench)
    body = PackageBody.read(arrived.entry.body)
    mirroring.answered(db, request, body.measures, arrived, bench)
    binding.check_released(
        db,
        request,
        body.measures,
        body.terms,
        directory=bench.directory,
        country=bench.keyring.country,
        at=arrived.at,
    )
    keeping.begin(db, packages.find(db, body.package_id), request, body.terms)
    _time(db, body.package_id, ("released",), arrived, bench)


def _receipt(db: Session, arrived: Arrived, bench: Bench) -> None:
    body = ReceiptBody.read(arrived.entry.body)
    held = entries.by_hash(db, body.about.hash)
    if held is None:
        raise ContentRefusedError("unknown_entry", "It is about an entry that is not here.")
    about = read_entry(held.jws).entry
    reason = body.reason
    act = _PACKAGE_ACTS.get(body.kind)
    try:
        check_receipt(arrived.entry, about)
    except DigestMismatchError as error:
        # The peer has opened something else than we sealed: nothing is more disputed than that.
        act, reason = PackageAct.DISPUTE, error.detail
    if about.type is EntryType.REQUEST and body.kind in _REQUEST_ACTS:
        mirroring.receipted(db, str(about.request), *_REQUEST_ACTS[body.kind], arrived, bench)
        if body.kind is ReceiptKind.RELAY_ACCEPTANCE:
            sent = requests.find(db, str(about.request))
            preserving.link(db, sent, bench=bench, actor=arrived.actor)
    if about.type in telling.ACTS and body.kind is ReceiptKind.RELAY_REJECTION:
        mirroring.contradicted(db, str(about.request), reason or "", arrived)
    if about.type is EntryType.PACKAGE and act is not None:
        _settle_package(db, arrived, about, act, reason)
        _time(db, str(about.body["package_id"]), _WORDS.get(act, ()), arrived, bench)


def _settle_package(
    db: Session, arrived: Arrived, about: Entry, act: PackageAct, reason: str | None
) -> None:
    package_id = str(about.body["package_id"])
    packages.move(db, package_id, act, arrived.actor)
    if act is PackageAct.VERIFY:
        # The receiver has confirmed every byte: ours can no longer be opened here.
        packages.destroy_key(db, package_id)
    if act is PackageAct.DISPUTE:
        told = {"code": "disputed", "title": "Disputed by the receiver", "detail": str(reason)}
        transfers.set_error(db, package_id, told)
        casework.record(db, "package.disputed", packages.find(db, package_id), arrived.actor)


def _time(
    db: Session, package_id: str, words: Sequence[str], arrived: Arrived, bench: Bench
) -> None:
    timing.of_package(
        db,
        packages.find(db, package_id),
        *words,
        at=datetime.fromtimestamp(arrived.entry.iat, UTC),
        directory=bench.directory,
        country=bench.keyring.country,
    )


_ACTS: Mapping[EntryType, Act] = {
    EntryType.OPEN: arrivals.take_opening,
    EntryType.REQUEST: _request,
    EntryType.PACKAGE: _package,
    **dict.fromkeys(telling.ACTS, mirroring.take),
    EntryType.RECEIPT: _receipt,
}
