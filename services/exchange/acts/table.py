"""Which function does an act, what is said with it, whose signature it takes, and which gates are asked.

`act` is also the last part of its address. An act that is not here is the machine's own, or one that
another use case does: a delivery by its receipt, a package by its release.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.exchange.acts import (
    asking,
    conditions,
    contents,
    deciding,
    drafting,
    emergencies,
    ending,
    executing,
    receiving,
)
from services.exchange.acts.contents import Content
from services.exchange.acts.deeds import Deed, Outcome
from shared.protocol import approvals
from shared.protocol.law.lifecycle import Act

Effect = Callable[[Deed], Outcome]


@dataclass(frozen=True, slots=True, kw_only=True)
class Performance:
    """How an act is done."""

    act: Act
    content: type[Content]
    effect: Effect
    signs: str | None = None  # the act of an officer's approval over the statement
    moment: str | None = None  # `judging`


def _row(
    act: Act,
    content: type[Content],
    effect: Effect,
    *,
    signs: str | None = None,
    moment: str | None = None,  # `judging`,
) -> Performance:
    return Performance(act=act, content=content, effect=effect, signs=signs, moment=moment)


_DECIDE = approvals.REQUEST_DECIDE
PERFORMANCES: Mapping[Act, Performance] = {
    row.act: row
    for row in (
        _row(Act.SUBMIT, contents.Approving, drafting.submit, moment="submit"),
        _row(Act.RETURN, contents.Returning, drafting.give_back),
        _row(Act.APPROVE, contents.Approving, drafting.approve, moment="approve"),
        _row(
            Act.APPROVE_UNVALIDATED,
            emergencies.ApprovingUnvalidated,
            emergencies.approve_unvalidated,
            moment="submit",
        ),
        _row(Act.SEND, contents.Nothing, drafting.send, moment="send"),
        _row(Act.ACKNOWLEDGE, contents.Acknowledging, receiving.acknowledge),
        _row(Act.FORWARD, contents.Forwarding, receiving.forward),
        _row(Act.REVIEW, contents.Reviewing, receiving.review),
        _row(Act.ASK, contents.Asking, asking.ask),
        _row(Act.ANSWER, contents.Answering, asking.answer),
        _row(Act.PROPOSE, contents.Proposing, conditions.propose),
        _row(Act.SETTLE, contents.Settling, conditions.settle, signs=approvals.CONDITIONS_SETTLE),
        _row(Act.ACCEPT, contents.Accepting, deciding.accept, signs=_DECIDE, moment="accept"),
        _row(Act.REFUSE, contents.Refusing, deciding.refuse, signs=_DECIDE),
        _row(Act.POSTPONE, contents.Postponing, deciding.postpone, signs=_DECIDE),
        _row(Act.RESUME, contents.Resuming, deciding.resume),
        _row(Act.EXECUTE, contents.Executing, executing.execute),
        _row(Act.SUBSTITUTE, contents.Substituting, executing.substitute),
        _row(Act.FULFIL, contents.Fulfilling, executing.fulfil),
        _row(Act.CLOSE, contents.Closing, ending.close),
        _row(Act.WITHDRAW, contents.Withdrawing, ending.withdraw, signs=_DECIDE),
        _row(Act.REOPEN, contents.Reopening, asking.reopen),
        _row(Act.SUPPLEMENT, contents.Supplementing, ending.supplement),
    )
}
