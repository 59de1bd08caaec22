"""When which gates are asked, and the guard that asks them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from services.exchange.gating import (
    leaving,
    offences,
    particular,
    safeguards,
    substance,
    using,
    ways,
)
from services.exchange.gating.matter import Matter
from services.exchange.gating.overriding import ask
from services.exchange.gating.results import Gate, GateShutError, Pass, Result


class Moment(StrEnum):
    """When gates are asked."""

    SUBMIT = "submit"
    APPROVE = "approve"
    SEND = "send"
    RECEIVE = "receive"
    ACCEPT = "accept"
    CLEAR = "clear"
    RELEASE = "release"
    EXPORT = "export"
    ACCESS = "access"
    NOTICE = "notice"
    CLOCK = "clock"


GATES: Mapping[Moment, Sequence[Gate]] = {
    Moment.SUBMIT: (
        leaving.authenticity,
        substance.instrument_bounds,
        ways.way_agreed,
        substance.completeness_of,
        using.confidentiality,
    ),
    Moment.APPROVE: (
        substance.instrument_bounds,
        substance.completeness_of,
        substance.authority,
        substance.necessity,
        using.confidentiality,
        leaving.four_eyes,
        leaving.integrity,
    ),
    Moment.SEND: (
        leaving.authenticity,
        substance.authority,
        substance.instrument_bounds,
        ways.way_agreed,
        substance.completeness_of,
        particular.particular_request,
        using.confidentiality,
        leaving.four_eyes,
        leaving.integrity,
        leaving.oversight,
    ),
    Moment.RECEIVE: (
        leaving.authenticity,
        substance.instrument_bounds,
        ways.way_agreed,
        substance.completeness_of,
        leaving.integrity,
    ),
    Moment.ACCEPT: (
        leaving.authenticity,
        substance.authority,
        substance.instrument_bounds,
        substance.completeness_of,
        substance.necessity,
        offences.dual_criminality,
        offences.political,
        safeguards.death_penalty,
        safeguards.weighting,
        using.confidentiality,
        leaving.conditions,
        leaving.emergency,
    ),
    Moment.CLEAR: (
        leaving.executing,
        particular.particularity,
        safeguards.privilege,
        using.confidentiality,
        leaving.four_eyes,
        safeguards.minimisation,
        leaving.integrity,
    ),
    Moment.RELEASE: (
        leaving.authenticity,
        leaving.four_eyes,
        leaving.integrity,
        leaving.oversight,
        substance.instrument_bounds,
        leaving.executing,
        particular.particularity,
        substance.necessity,
        safeguards.death_penalty,
        safeguards.weighting,
        safeguards.transfer_gateway,
        safeguards.special_categories,
        safeguards.privilege,
        using.confidentiality,
        leaving.conditions,
        leaving.challenge,
        leaving.emergency,
        safeguards.minimisation,
    ),
    Moment.EXPORT: (
        using.onward_transfer,
        using.confidentiality,
        using.retention,
        leaving.integrity,
    ),
    Moment.ACCESS: (
        using.purpose,
        using.named_readers,
        using.retention,
        using.confidentiality,
        leaving.integrity,
    ),
    Moment.NOTICE: (using.confidentiality,),
    Moment.CLOCK: (using.notice, using.retention),
}


def judge(matter: Matter, moment: Moment) -> Sequence[Result]:
    """Ask every gate of a moment, overrides included."""
    return [ask(gate, matter) for gate in GATES[moment]]


def guard(matter: Matter, moment: Moment) -> Sequence[Pass]:
    """Let a case pass if every gate of the moment is open; all are asked, so that one hears of everything.

    Raises:
        GateShutError: at least one is not.
    """
    results = judge(matter, moment)
    shut = [result for result in results if not isinstance(result, Pass)]
    if shut:
        raise GateShutError(shut)
    return [result for result in results if isinstance(result, Pass)]
