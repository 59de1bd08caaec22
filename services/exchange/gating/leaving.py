"""Gates at the border: who asks and who signs, conditions, challenges, integrity, oversight. And the lists."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from services.exchange.gating import safeguards, substance
from services.exchange.gating.matter import Challenge, Matter
from services.exchange.gating.results import Fail, Gate, GateShutError, NeedsHuman, Pass, Result
from services.exchange.states import RequestState
from shared.protocol.approvals import check_four_eyes
from shared.protocol.errors import ApprovalError
from shared.protocol.keys import SUITE


class Moment(StrEnum):
    """When gates are asked."""

    SUBMIT = "submit"
    SEND = "send"
    RECEIVE = "receive"
    ACCEPT = "accept"
    CLEAR = "clear"
    RELEASE = "release"


def authenticity(matter: Matter) -> Result:
    """G01: the peer stands in the directory, active, with keys in force; nothing is sent twice."""
    peer = matter.peer
    at = int(matter.at.timestamp())
    if peer is None or matter.replayed:
        return Fail(
            gate="G01",
            code="unknown_peer" if peer is None else "replayed",
            detail="The other country does not stand in the directory."
            if peer is None
            else "A request of this identifier was there before.",
            rule="BUD 25(3); EER 9(1), 19(5)",
            next="Ask the other authority by another way.",
        )
    in_force = peer.not_before <= at < peer.not_after and peer.kem_keys_at(at)
    if peer.status != "active" or not in_force or SUITE not in peer.suites:
        return Fail(
            gate="G01",
            code="peer_not_active",
            detail=f"The directory has {peer.name} as {peer.status}, or with no key in force.",
            rule="BUD 25(3); EER 9(1), 19(5)",
            next="Ask the other authority by another way; nothing is sent until it is active.",
        )
    return Pass("G01")


def conditions(matter: Matter) -> Result:
    """G13: every condition of the decision was accepted by signature, word for word."""
    open_ = [each for each in matter.conditions if each.accepted_hash != each.hash]
    if not open_:
        return Pass("G13")
    declined = any(each.declined for each in open_)
    return Fail(
        gate="G13",
        code="REF-21" if declined else "conditions_open",
        detail=f"{', '.join(sorted(each.code for each in open_))}: "
        + ("declined." if declined else "not yet accepted by the requesting authority."),
        rule="BUD 28(2)-(3)",
        next="Decide again; evidence leaves only under conditions that bind."
        if declined
        else "Wait for its signature (`rogatory request accept-conditions`).",
    )


def challenge(matter: Matter) -> Result:
    """G14: no open suspensive challenge concerns this package, and no period runs that suspends by law."""
    held = [each.challenge_id for each in matter.challenges if _holds(each, matter.package_id)]
    if held:
        return Fail(
            gate="G14",
            code="held",
            detail=f"A challenge ({', '.join(held)}) suspends the transfer.",
            rule="EIO 13(2); IMAC 80l; EER 17(3)",
            next="Only a court's decision lets it go on.",
        )
    running = matter.appeal_until is not None and matter.at < matter.appeal_until
    if running and not matter.appeal_waived:
        return Fail(
            gate="G14",
            code="appeal_period",
            detail=f"The period to appeal runs until {matter.appeal_until:%Y-%m-%d %H:%M} and suspends by law.",
            rule="IMAC 80l(1)",
            next="Wait for its end, or for a waiver.",
        )
    return Pass("G14")


def _holds(each: Challenge, package_id: str | None) -> bool:
    concerned = each.packages is None or package_id in each.packages
    return each.open and each.suspensive and concerned


def four_eyes(matter: Matter) -> Result:
    """G19: both acts, by two people with two keys."""
    by_act = {approval.act: approval for approval in matter.approvals}
    prepare, approve = matter.acts
    for act, role in ((prepare, "preparer"), (approve, "approver")):
        if act not in by_act:
            return NeedsHuman(
                gate="G19", role=role, detail=f"An approval {act} is missing.", rule="four eyes"
            )
    try:
        check_four_eyes(by_act[prepare], by_act[approve])
    except ApprovalError as error:
        return Fail(
            gate="G19",
            code="four_eyes",
            detail=f"Two people have to approve: {error.detail}.",
            rule="four eyes",
            next="Have a second officer approve.",
        )
    return Pass("G19")


def integrity(matter: Matter) -> Result:
    """G22: what goes is what was closed, and what was approved."""
    wanted = matter.closed_digest if matter.package_id else matter.approved_digest
    stands = matter.digest if matter.package_id else matter.request_digest
    approved = {approval.digest for approval in matter.approvals}
    if stands != wanted or not approved <= {stands}:
        return Fail(
            gate="G22",
            code="digest_mismatch",
            detail="What is stored is no longer what was closed and approved.",
            rule="ISO/IEC 27037",
            next="Stop, and have the operators look for who changed the store.",
        )
    return Pass("G22")


def oversight(matter: Matter) -> Result:
    """G23: what leaves is on record first, where nobody can change it afterwards."""
    log = matter.log
    if log is not None and log.alarm is not None:
        return Fail(
            gate="G23",
            code="log_stopped",
            detail=f"This country's log takes no entries: {log.alarm}.",
            rule="EER 28; write-ahead",
            next="Nothing can leave. The operators look at /v1/ops/log and OPERATING.md.",
        )
    if log is not None and log.blocked:
        return Fail(
            gate="G23",
            code="log_unwitnessed",
            detail="No quorum of witnesses has cosigned this country's log for "
            f"{log.unwitnessed_for} s; after {log.limit} s no new transfer may leave.",
            rule="EER 28; write-ahead",
            next="Try again later; the operators see at /v1/ops/log which witness does not answer.",
        )
    return Pass("G23")


def executing(matter: Matter) -> Result:
    """T21: evidence goes only under a request that is being executed."""
    if matter.request_state in {RequestState.EXECUTING, RequestState.PARTIALLY_FULFILLED}:
        return Pass("T21")
    return Fail(
        gate="T21",
        code="request_not_open",
        detail=f"The request is in state {matter.request_state} "
        f"({matter.request_state.name.lower().replace('_', ' ')}).",
        rule="transition T21",
        next="Evidence goes out only under a request that is being executed (S14, S15).",
    )


GATES: Mapping[Moment, Sequence[Gate]] = {
    Moment.SUBMIT: (substance.instrument_bounds, substance.completeness_of, authenticity),
    Moment.SEND: (
        authenticity,
        substance.authority,
        substance.instrument_bounds,
        substance.completeness_of,
        safeguards.confidentiality,
        four_eyes,
        integrity,
        oversight,
    ),
    Moment.RECEIVE: (authenticity, substance.instrument_bounds),
    Moment.ACCEPT: (
        authenticity,
        substance.authority,
        substance.completeness_of,
        substance.necessity,
        substance.dual_criminality,
        substance.political,
        safeguards.death_penalty,
        safeguards.weighting,
        safeguards.confidentiality,
        safeguards.emergency,
    ),
    Moment.CLEAR: (safeguards.privilege, safeguards.minimisation, substance.particularity),
    Moment.RELEASE: (
        executing,
        authenticity,
        substance.particularity,
        substance.necessity,
        safeguards.death_penalty,
        safeguards.weighting,
        safeguards.transfer_gateway,
        safeguards.special_categories,
        safeguards.privilege,
        safeguards.confidentiality,
        conditions,
        challenge,
        four_eyes,
        safeguards.emergency,
        safeguards.minimisation,
        integrity,
        oversight,
        substance.instrument_bounds,
    ),
}


def guard(matter: Matter, moment: Moment) -> Sequence[Pass]:
    """Let a case pass if every gate of the moment is open; all are asked, so that one hears of everything.

    Raises:
        GateShutError: at least one is not.
    """
    results = [gate(matter) for gate in GATES[moment]]
    shut = [result for result in results if not isinstance(result, Pass)]
    if shut:
        raise GateShutError(shut)
    return [result for result in results if isinstance(result, Pass)]
