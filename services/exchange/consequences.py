"""What an entry of the other country means here for conditions, and for the use of evidence.

In the transaction of its intake, after the request moved; a Refusal takes all of it back, and the other
country hears of it by a receipt.
"""

from datetime import UTC, datetime

from services.exchange import binding, casework
from services.exchange.arrivals import Arrived
from services.exchange.bench import Bench
from services.exchange.records import Request
from services.exchange.store import Session
from services.exchange.store.conditions import ConditionSet
from shared.protocol.law.conditions import ConditionState
from shared.protocol.legalacts import ConditionsBody, DecisionBody


def of_conditions(db: Session, arrived: Arrived, request: Request, _bench: Bench) -> None:
    """Keep a set that was proposed, or settle it as the other country did."""
    body = ConditionsBody.read(arrived.entry.body)
    at = datetime.fromtimestamp(arrived.entry.iat, UTC)
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
