"""What an entry of the other country means here for conditions, and for the use of evidence.

In the transaction of its intake, after the request moved; a Refusal takes all of it back, and the other
country hears of it by a receipt.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from services.exchange import binding, casework, disposal, keeping, timing
from services.exchange.arrivals import Arrived
from services.exchange.bench import Bench
from services.exchange.records import Package, Request
from services.exchange.store import Session, emergencies, onwards, packages, uses
from services.exchange.store.conditions import ConditionSet
from services.exchange.store.onwards import Onward
from shared.protocol.canonical import Json
from shared.protocol.law.conditions import ConditionAct, ConditionState
from shared.protocol.legalacts import ConditionsBody, DecisionBody, NoticeBody, WithdrawalBody
from shared.runtime.refusals import Conflict


def of_conditions(db: Session, arrived: Arrived, request: Request, _bench: Bench) -> None:
    """Keep a set that was proposed, or settle it as the other country did."""
    body = ConditionsBody.read(arrived.entry.body)
    at = _at(arrived)
    terms = body.terms
    if body.state == "proposed":
        binding.check_terms(terms, body.measures)
        proposed = ConditionSet(
            id=body.set_id,
            request_id=request.id,
            state=ConditionState.PROPOSED,
            digest=body.digest,
            terms=terms,
            measures=body.measures,
            text=body.text,
            proposed_at=at,
        )
        binding.propose(db, proposed)
    else:
        said = binding.Settlement(
            set_id=body.set_id, digest=body.digest, verdict=body.state, measures=body.measures
        )
        terms = binding.settle(db, request.id, said, at).terms
    for code in [term.code for term in terms] or ["consultation"]:
        casework.record(db, f"condition.{body.state}", request, arrived.actor, reason=code)


def of_decision(db: Session, arrived: Arrived, request: Request, _bench: Bench) -> None:
    """Leave out conditions that we declined, where the other country decided without them."""
    body = DecisionBody.read(arrived.entry.body)
    if body.decision == "accepted":
        binding.give_up(db, request.id, body.measures)


def of_withdrawal(db: Session, arrived: Arrived, request: Request, _bench: Bench) -> None:
    """Give up what has not left; what was sent is for the other country to delete, and we are told."""
    body = WithdrawalBody.read(arrived.entry.body)
    if body.kind == "lapsed" and emergencies.look_for(db, request.id) is None:
        raise Conflict("no_emergency", "Only an emergency lapses, by want of a judge's word.")
    code = "lapsed" if body.kind == "lapsed" else "withdrawn"
    keeping.end(db, request, body.data, code, actor=arrived.actor)


def of_notice(db: Session, arrived: Arrived, request: Request, bench: Bench) -> None:
    """Do what a notice of the other country is about, if it is about conditions or use."""
    body = NoticeBody.read(arrived.entry.body)
    act = _NOTICES.get(body.kind)
    if act is not None:
        act(db, arrived, request, body, bench)


def _report_asked(
    db: Session, arrived: Arrived, request: Request, _body: NoticeBody, _bench: Bench
) -> None:
    casework.record(db, "condition.report_asked", request, arrived.actor, reason="COND-09")


def _reported(
    db: Session, arrived: Arrived, request: Request, body: NoticeBody, _bench: Bench
) -> None:
    binding.mark(db, request.id, body.codes, ConditionAct.REPORT)
    casework.record(db, "condition.reported", request, arrived.actor, reason="COND-09")


def _breached(
    db: Session, arrived: Arrived, request: Request, body: NoticeBody, _bench: Bench
) -> None:
    for code in binding.mark(db, request.id, body.codes, ConditionAct.BREACH):
        casework.record(db, "condition.breached", request, arrived.actor, reason=code)


def _onward_asked(
    db: Session, arrived: Arrived, request: Request, body: NoticeBody, _bench: Bench
) -> None:
    package = keeping.sent(_package(db, request, body))
    urgent = body.details.get("urgent") is True
    _check_wanted(db, package, body)
    onwards.add(
        db,
        Onward(
            id=str(body.details.get("onward_id")),
            package_id=package.id,
            state=onwards.TOLD if urgent else onwards.ASKED,
            recipient=str(body.details.get("recipient")),
            purpose=str(body.details.get("purpose")),
            items=body.items,
            urgent=urgent,
            text=body.text,
            asked_at=_at(arrived),
        ),
    )
    event = "evidence.exported" if urgent else "evidence.onward_requested"
    casework.record(db, event, package, arrived.actor)


def _onward_answered(
    db: Session, arrived: Arrived, request: Request, body: NoticeBody, _bench: Bench
) -> None:
    package = keeping.received(_package(db, request, body))
    asked = onwards.find(db, package.id, str(body.details.get("onward_id")))
    same = (body.details.get("recipient"), body.details.get("purpose"), body.items)
    if asked.state != onwards.ASKED or same != (asked.recipient, asked.purpose, asked.items):
        raise Conflict("other_onward", "This was answered before, or it is not what was asked.")
    agrees = body.kind == "onward-consent"
    state = onwards.CONSENTED if agrees else onwards.REFUSED
    token, until = arrived.reference.hash, _moment(body.details.get("until"))
    onwards.decide(db, asked.id, state, at=_at(arrived), until=until, token=token)
    event = "evidence.onward_consented" if agrees else "evidence.onward_refused"
    casework.record(db, event, package, arrived.actor)


def _deletion_asked(
    db: Session, arrived: Arrived, request: Request, body: NoticeBody, _bench: Bench
) -> None:
    """Restrict it at once; what is to be deleted waits for an officer of ours (`disposal.destroy`)."""
    package = keeping.received(_package(db, request, body))
    measure = body.details.get("measure")
    if measure == "lift":
        keeping.free(db, package, actor=arrived.actor)
    elif measure == "delete":
        keeping.ask_deletion(db, package, keeping.REQUESTED, actor=arrived.actor)
    else:
        keeping.order(db, package, "restrict", keeping.REQUESTED, actor=arrived.actor)


def _destroyed(
    db: Session, arrived: Arrived, request: Request, body: NoticeBody, bench: Bench
) -> None:
    """Hold the certificate against what was sent, and let our own sealed copy follow."""
    package = keeping.sent(_package(db, request, body))
    _check_same(package, body)
    known = [code for code in body.codes if code in disposal.REASONS]
    reason = "returned" if body.kind == "return" else next(iter(known), "destroyed")
    disposal.taken(db, package, reason, arrived.reference.hash, actor=arrived.actor)
    timing.of_package(
        db,
        package,
        "returned" if reason == "returned" else "destroyed",
        at=_at(arrived),
        directory=bench.directory,
        country=bench.keyring.country,
    )


def _countersigned(
    db: Session, arrived: Arrived, request: Request, body: NoticeBody, _bench: Bench
) -> None:
    package = keeping.received(_package(db, request, body))
    _check_same(package, body)
    use = uses.of(db, package.id)
    if body.about is None or use.certificate != body.about.hash:
        raise Conflict("other_certificate", "It is about another certificate than ours.")
    uses.note(db, package.id, countersigned=arrived.reference.hash)
    casework.record(db, "package.destruction_countersigned", package, arrived.actor)


def _check_wanted(db: Session, package: Package, body: NoticeBody) -> None:
    """Check that it names a recipient, a purpose and items of the package, under an id of its own."""
    told = body.details
    if onwards.known(db, str(told.get("onward_id"))):
        raise Conflict("known_onward", "This was asked before.")
    recipient, purpose = told.get("recipient"), told.get("purpose")
    named = isinstance(recipient, str) and _COUNTRY.fullmatch(recipient) is not None
    if not named or not isinstance(purpose, str) or not 0 < len(purpose) <= _LINE:
        raise Conflict("bad_onward", "It names no State, or no purpose.")
    if not body.items or not set(body.items) <= set(uses.items(db, package.id)):
        raise Conflict("other_items", "The items are not of this package.")


def _check_same(package: Package, body: NoticeBody) -> None:
    wanted = (package.index_sha384, package.tagmanifest_sha256)
    if (body.details.get("index_sha384"), body.details.get("tagmanifest_sha256")) != wanted:
        raise Conflict("other_digest", "The digests are not those of this package.")


def _package(db: Session, request: Request, body: NoticeBody) -> Package:
    package = packages.find(db, body.package_id or "")
    if package.request_id != request.id:
        raise Conflict("other_package", "The package is not of this request.")
    return package


def _moment(value: Json) -> datetime | None:
    if not isinstance(value, int):
        return None
    if not 0 <= value < _LATEST:
        raise Conflict("bad_moment", "The consent ends at no moment that a calendar has.")
    return datetime.fromtimestamp(value, UTC)


def _at(arrived: Arrived) -> datetime:
    return datetime.fromtimestamp(arrived.entry.iat, UTC)


_COUNTRY = re.compile("[A-Z]{2}")
_LINE = 500  # characters
_LATEST = 2**37  # seconds: the year 6325
Act = Callable[[Session, Arrived, Request, NoticeBody, Bench], None]
_NOTICES: Mapping[str, Act] = {
    "use-report-request": _report_asked,
    "use-report": _reported,
    "incident": _breached,
    "onward-request": _onward_asked,
    "onward-consent": _onward_answered,
    "onward-refusal": _onward_answered,
    "deletion-request": _deletion_asked,
    "destruction": _destroyed,
    "return": _destroyed,
    "destruction-countersigned": _countersigned,
}
