"""An answer of the other country supplies fields of its request: held against the question."""

from services.exchange import supplying
from services.exchange.arrivals import Arrived
from services.exchange.bench import Bench
from services.exchange.records import Request
from services.exchange.store import Session
from shared.protocol.legalacts import AnswerBody


def taken(db: Session, arrived: Arrived, request: Request, _bench: Bench) -> None:
    """Take an answer that supplies what was asked for.

    Raises:
        Unprocessable: it supplies something else; its receipt says so.
    """
    body = AnswerBody.read(arrived.entry.body)
    if body.supplied:
        supplying.check(db, request, body.query_id or "", body.supplied)
