"""Gates at the border: who asks, who signs, emergency, conditions, challenges, integrity, oversight."""

from services.exchange.gating.matter import Challenge, Matter
from services.exchange.gating.particular import EXECUTED
from services.exchange.gating.results import Pass, Result, fail, needs
from shared.protocol.approvals import check_four_eyes
from shared.protocol.errors import ApprovalError
from shared.protocol.keys import SUITE
from shared.protocol.law.lifecycle import word


def authenticity(matter: Matter) -> Result:
    """G01: the peer stands in the directory, active, with keys in force; nothing is sent twice."""
    peer, at = matter.peer, int(matter.at.timestamp())
    if peer is None:
        return fail(
            "G01",
            "unknown_peer",
            "The other country does not stand in the directory.",
            "Check the country; a new member must first join the directory.",
        )
    if matter.replayed:
        return fail(
            "G01",
            "replayed",
            "A request of this identifier was there before.",
            "Ask the other authority, at the number in the directory.",
        )
    in_force = peer.not_before <= at < peer.not_after and peer.kem_keys_at(at)
    if peer.status != "active" or not in_force or SUITE not in peer.suites:
        return fail(
            "G01",
            "peer_not_active",
            f"The directory has {peer.name} as {peer.status}, or with no key in force.",
            "Ask the other authority by another way; nothing is sent until it is active.",
        )
    return Pass("G01")


def four_eyes(matter: Matter) -> Result:
    """G19: both acts, by two people with two keys; in an emergency who approves does not send."""
    by_act = {approval.act: approval for approval in matter.approvals}
    prepare, approve = matter.acts
    for act, role in ((prepare, "preparer"), (approve, "approver")):
        if act not in by_act:
            return needs("G19", role, f"An approval {act} is missing.", "approval_missing")
    try:
        check_four_eyes(by_act[prepare], by_act[approve])
    except ApprovalError as error:
        return fail(
            "G19",
            "four_eyes",
            f"Two people have to approve: {error.detail}.",
            "Have a second officer approve.",
        )
    if _sends_alone(matter, by_act[approve].officer):
        return fail(
            "G19",
            "approver_sends",
            "In an emergency who approves a request does not send it, too.",
            "Have another officer send it.",
        )
    return Pass("G19")


def _sends_alone(matter: Matter, approver: str) -> bool:
    urgent = matter.package_id is None and matter.document.urgency == "EMERGENCY"
    return urgent and matter.actor is not None and matter.actor.casefold() == approver.casefold()


def emergency(matter: Matter) -> Result:
    """G20: called back at the directory's number; unvalidated, only what the profile lets go."""
    if matter.revoked:
        return _revoked(matter)
    if matter.document.urgency != "EMERGENCY":
        return _validated(matter, frozenset())
    agreed = matter.pair.emergency if matter.pair is not None else None
    packed = matter.instrument.emergency if matter.instrument is not None else None
    rule = agreed or packed
    if (rule is None or rule.call_back) and not matter.call_back:
        return needs(
            "G20",
            "DUTY",
            "The duty officer has to call back the number in the directory, not the one in the message.",
            "call_back_missing",
        )
    return _validated(matter, frozenset(rule.unvalidated if rule is not None else ()))


def _revoked(matter: Matter) -> Result:
    """A judge there has said no: nothing at all goes on, also not what could have gone without one."""
    return fail(
        "G20",
        "validation_refused",
        "The requesting country's judge or prosecutor refused to validate the request.",
        "Send nothing; the request is withdrawn there, or lapses.",
        [each.item_id for each in matter.items],
    )


def _validated(matter: Matter, allowed: frozenset[str]) -> Result:
    """Without a judge's or prosecutor's validation only some measures go on."""
    if matter.validated:
        return Pass("G20")
    late = [each for each in matter.asked() if each.code not in allowed]
    if not late:
        return Pass("G20", "unvalidated")
    return fail(
        "G20",
        "not_validated",
        f"{', '.join(sorted(each.code for each in late))} must wait for the validation; "
        f"without it go: {', '.join(sorted(allowed)) or 'none'}.",
        "Go on with what may go, and wait for the validation with the rest.",
        [each.measure_id for each in late],
    )


def conditions(matter: Matter) -> Result:
    """G13: every condition of the decision was accepted by signature, word for word."""
    open_ = [each for each in matter.conditions if each.accepted_hash != each.hash]
    if not open_:
        return Pass("G13")
    codes = ", ".join(sorted({each.code for each in open_}))
    if any(each.declined for each in open_):
        return fail(
            "G13",
            "condition_declined",
            f"{codes}: declined, in whole or in part.",
            "Decide again (REF-21); evidence leaves only under conditions that bind.",
        )
    return fail(
        "G13",
        "conditions_open",
        f"{codes}: not yet accepted by the requesting authority.",
        "Wait for its signature.",
    )


def challenge(matter: Matter) -> Result:
    """G14: no open suspensive challenge concerns this package, and no period runs that suspends by law."""
    held = [each.challenge_id for each in matter.challenges if _holds(each, matter.package_id)]
    if held:
        return fail(
            "G14",
            "held",
            f"A challenge ({', '.join(held)}) suspends the transfer.",
            "Only the court's decision on it lets the package go.",
        )
    until = matter.appeal_until
    if until is not None and matter.at < until:
        return fail(
            "G14",
            "appeal_period",
            f"The period to appeal runs until {until:%Y-%m-%d %H:%M %Z} and suspends by law.",
            "Wait for its end, or for a waiver.",
        )
    return Pass("G14")


def _holds(each: Challenge, package_id: str | None) -> bool:
    concerned = each.packages is None or package_id in each.packages
    return each.open and each.suspensive and concerned


def integrity(matter: Matter) -> Result:
    """G22: what goes, is opened or handed on is what was closed, and what was approved."""
    if matter.package_id is not None:
        stands, wanted = matter.digest, matter.closed_digest
    else:
        stands, wanted = matter.request_digest, matter.approved_digest
    approved = {approval.digest for approval in matter.approvals}
    if not stands or stands != wanted or not approved <= {stands}:
        return fail(
            "G22",
            "digest_mismatch",
            "What is stored is no longer what was closed and approved.",
            "Stop, and have the operators look for who changed the store.",
        )
    return Pass("G22")


def oversight(matter: Matter) -> Result:
    """G23: what leaves is on record first, where nobody can change it afterwards."""
    log = matter.log
    if log is not None and log.alarm is not None:
        return fail(
            "G23",
            "log_stopped",
            f"This country's log takes no entries: {log.alarm}.",
            "Nothing can leave. The operators look at /v1/ops/log and OPERATING.md.",
        )
    if log is not None and log.blocked:
        if matter.document.urgency == "EMERGENCY":
            return Pass("G23", "journal")  # signed and kept here; the courier waits for its proof
        return fail(
            "G23",
            "log_unwitnessed",
            "No quorum of witnesses has cosigned this country's log for "
            f"{log.unwitnessed_for} s; after {log.limit} s no new transfer may leave.",
            "Try again later; the operators see at /v1/ops/log which witness does not answer.",
        )
    return Pass("G23")


def executing(matter: Matter) -> Result:
    """T21: evidence goes only for measures that are being executed."""
    states = {matter.request_state} | {
        state
        for key, state in matter.measures.items()
        if not matter.concerned or key in matter.concerned
    }
    if states <= EXECUTED:
        return Pass("T21")
    other = sorted(states - EXECUTED)
    return fail(
        "T21",
        "request_not_open",
        f"The request or a measure of this package is {', '.join(f'{s} ({word(s)})' for s in other)}.",
        "Evidence goes out only for measures in execution (S14, S15).",
    )
