"""Execution in the requested country (T19, T20, T22)."""

from services.exchange.acts.contents import Executing, Fulfilling, Substituting
from services.exchange.acts.deciding import decided, step
from services.exchange.acts.deeds import Deed, Event, Outcome
from shared.protocol.law import library
from shared.protocol.legalacts import NoticeBody
from shared.runtime.refusals import Conflict, Unprocessable


def execute(deed: Deed) -> Outcome:
    """T19: the domestic order was obtained, where the measure needs one."""
    said = deed.content
    assert isinstance(said, Executing)
    named = {each.measure_id: each.code for each in deed.request.measures}
    coercive = [each for each in deed.measures if _coercive(named[each])]
    if coercive and said.order is None:
        raise Unprocessable(
            "order_missing",
            f"{', '.join(coercive)} may only be executed on an order of an own court.",
            rule="T19; EIO 9(1), 10; BUD 27(3)",
            next_step="Name type, number, court and date of the order.",
        )
    body = step(deed, "executing", said.note)
    return Outcome(body=body, events=[Event("request.executing"), *decided(deed)])


def substitute(deed: Deed) -> Outcome:
    """T20: another measure with the same result; the other authority hears of it first (EIO 10)."""
    said = deed.content
    assert isinstance(said, Substituting)
    if said.instead not in library.codes()["measure"]:
        raise Unprocessable(
            "unknown_measure_code",
            f"There is no measure {said.instead}.",
            next_step="Choose a code of the list of measures, as MEA-06.",
        )
    body = NoticeBody(
        kind="substitution",
        request_id=deed.request.id,
        states=deed.told,
        codes=(said.instead,),
        details={"measures": list(deed.measures)},
        text=said.reasons,
    )
    return Outcome(body=body, events=[Event("request.substituted", said.instead)])


def fulfil(deed: Deed) -> Outcome:
    """T22: the last package of these measures has left."""
    said = deed.content
    assert isinstance(said, Fulfilling)
    body = step(deed, "fulfilled", said.note)
    return Outcome(body=body, events=decided(deed))


def _coercive(code: str) -> bool:
    measure = library.codes()["measure"].get(code)
    if measure is None:
        raise Conflict("unknown_measure_code", f"{code} is no measure of the list.", rule="G03")
    return bool(measure["coercive"])
