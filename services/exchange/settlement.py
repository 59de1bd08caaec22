"""What an entry of the peer changes here, by its type; in the transaction of its intake.

open             nothing; it must name the log that the directory names
request          an inbound request begins, in S05
acknowledgement  our request goes S05 → S06
decision         our request goes S06 → S07 → S10 | S11 → S14, or → S12
package          an inbound package begins, RECEIVED
receipt          settles our request (S04 → S05 | S20) or our package
                 (RELEASED → RECEIVED → VERIFIED → IN_USE, or → DISPUTED)
any other        is kept in the chain and changes nothing here
"""

from collections.abc import Callable, Mapping

from services.exchange import arrivals
from services.exchange.arrivals import Arrived, ContentRefusedError
from services.exchange.keyring import Keyring
from services.exchange.states import MeasureState, PackageAct, RequestAct
from services.exchange.store import Session, entries, packages, requests, transfers
from shared.protocol.entries import Entry, EntryType, read_entry
from shared.protocol.errors import DigestMismatchError, ProtocolError
from shared.protocol.messages import AcknowledgementBody, DecisionBody, ReceiptBody, ReceiptKind
from shared.protocol.receipts import check_receipt
from shared.runtime.refusals import Refusal

Act = Callable[[Session, Arrived, Keyring], None]

_RACE = (
    "moved_meanwhile"  # lost to somebody here at the same moment: no fault of what the entry says
)

_REQUEST_ACTS = {
    ReceiptKind.RELAY_ACCEPTANCE: RequestAct.DELIVER,
    ReceiptKind.RELAY_REJECTION: RequestAct.REJECT,
}
_PACKAGE_ACTS = {
    ReceiptKind.RELAY_ACCEPTANCE: PackageAct.RECEIVE,
    ReceiptKind.RELAY_REJECTION: PackageAct.DISPUTE,
    ReceiptKind.CONTENT_CONSIGNMENT: PackageAct.VERIFY,
    ReceiptKind.CONTENT_CONSIGNMENT_FAILURE: PackageAct.DISPUTE,
    ReceiptKind.CONTENT_HANDOVER: PackageAct.HAND_OVER,
}


def settle(db: Session, arrived: Arrived, keyring: Keyring) -> None:
    """Do what an entry says, or nothing.

    Raises:
        ContentRefusedError: it cannot be accepted; the store is as it was before.
    """
    act = _ACTS.get(arrived.entry.type)
    if act is None:
        return
    try:
        with db.begin_nested():
            act(db, arrived, keyring)
    except ProtocolError as error:
        raise ContentRefusedError(error.code, error.detail) from error
    except Refusal as refusal:
        if refusal.code == _RACE:
            raise
        raise ContentRefusedError(refusal.code, refusal.detail) from refusal


def _acknowledgement(db: Session, arrived: Arrived, _keyring: Keyring) -> None:
    body = AcknowledgementBody.read(arrived.entry.body)
    arrivals.own_request(db, arrived, body.request_id)
    requests.move(db, body.request_id, RequestAct.ACKNOWLEDGE, arrived.actor)


def _decision(db: Session, arrived: Arrived, _keyring: Keyring) -> None:
    body = DecisionBody.read(arrived.entry.body)
    request = arrivals.own_request(db, arrived, body.request_id)
    decided = {row.measure_id: row.state for row in body.measures}
    if decided.keys() != {measure.measure_id for measure in request.measures}:
        raise ContentRefusedError("other_measures", "A decision is about every measure asked for.")
    if not set(decided.values()) <= {MeasureState.ACCEPTED, MeasureState.REFUSED}:
        raise ContentRefusedError("undecided", "A measure is accepted or refused.")
    states = {measure: MeasureState(state) for measure, state in decided.items()}
    requests.set_measures(db, request.id, states)
    for act in _decided(body, states):
        requests.move(db, request.id, act, arrived.actor)


def _decided(body: DecisionBody, measures: Mapping[str, MeasureState]) -> tuple[RequestAct, ...]:
    if body.decision == "refused":
        return RequestAct.REVIEW, RequestAct.REFUSE
    whole = all(state is MeasureState.ACCEPTED for state in measures.values())
    accept = RequestAct.ACCEPT if whole else RequestAct.ACCEPT_IN_PART
    return RequestAct.REVIEW, accept, RequestAct.EXECUTE


def _receipt(db: Session, arrived: Arrived, _keyring: Keyring) -> None:
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
        requests.move(db, str(about.request), _REQUEST_ACTS[body.kind], arrived.actor)
    if about.type is EntryType.PACKAGE and act is not None:
        _settle_package(db, arrived, about, act, reason)


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


_ACTS: Mapping[EntryType, Act] = {
    EntryType.OPEN: arrivals.take_opening,
    EntryType.REQUEST: arrivals.take_request,
    EntryType.PACKAGE: arrivals.take_package,
    EntryType.ACKNOWLEDGEMENT: _acknowledgement,
    EntryType.DECISION: _decision,
    EntryType.RECEIPT: _receipt,
}
