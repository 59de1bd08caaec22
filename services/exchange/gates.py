"""Safeguards as gates: pure functions over a case. What leaves the country has passed all of its list.

A gate answers Pass, Fail (which rule, what to do) or NeedsHuman (which role has to act first). None of
these can be overridden. The numbers are those that authorities use:

    G01 authenticity        the peer stands in the directory, active, with keys in force
    G19 four eyes           two officers, two keys, both acts, of this version
    G22 integrity           what goes is, by digest, what was closed and approved
    G23 oversight           the country's own log takes it, and its witnesses follow the log
    G24 instrument bounds   an instrument that the request names binds both countries
    T21 state               the request is one whose execution was accepted
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from services.exchange.own_log import Standing
from shared.protocol import canonical
from shared.protocol.approvals import Approval, check_four_eyes
from shared.protocol.errors import ApprovalError
from shared.protocol.keys import SUITE
from shared.protocol.law.lifecycle import State
from shared.protocol.trust import Member
from shared.runtime.refusals import Conflict

# Of the request and of the measures that a package answers.
RELEASABLE = frozenset({State.EXECUTING, State.PARTIALLY_FULFILLED})


@dataclass(frozen=True, slots=True)
class Pass:
    """The gate is open."""

    gate: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fail:
    """The gate is shut: what is wrong, what to do next. The gate's number is the rule."""

    gate: str
    code: str
    detail: str
    next: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsHuman:
    """The gate waits for a person in a role."""

    gate: str
    role: str
    detail: str


Result = Pass | Fail | NeedsHuman


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything a gate may look at. `digest` is what stands now, recomputed; hex."""

    own: Member | None
    peer: Member | None
    at: int  # Unix seconds
    request_state: State
    instruments: tuple[str, ...]  # of the request's legal basis
    approvals: tuple[Approval, ...]  # that hold for the version that stands
    acts: tuple[str, str]  # the two approvals wanted: preparing, approving
    digest: str
    closed_digest: str
    log: Standing | None  # of our own log; None: nothing was heard of it yet


Gate = Callable[[Case], Result]


def authenticity(case: Case) -> Result:
    """G01: the peer is a member in good standing, with keys to seal for."""
    peer = case.peer
    if peer is None:
        return Fail(
            gate="G01",
            code="unknown_peer",
            detail="The other country does not stand in the directory.",
            next="Check the country; a new member must first join the directory.",
        )
    in_force = peer.not_before <= case.at < peer.not_after and peer.kem_keys_at(case.at)
    if peer.status != "active" or not in_force or SUITE not in peer.suites:
        return Fail(
            gate="G01",
            code="peer_not_active",
            detail=f"The directory has {peer.name} as {peer.status}, or with no key in force.",
            next="Ask the other authority by another way; nothing is sent until it is active.",
        )
    return Pass("G01")


def four_eyes(case: Case) -> Result:
    """G19: both acts, by two people with two keys."""
    by_act = {approval.act: approval for approval in case.approvals}
    prepare, approve = case.acts
    for act, role in ((prepare, "preparer"), (approve, "approver")):
        if act not in by_act:
            return NeedsHuman(gate="G19", role=role, detail=f"An approval {act} is missing.")
    try:
        check_four_eyes(by_act[prepare], by_act[approve])
    except ApprovalError as error:
        return Fail(
            gate="G19",
            code="four_eyes",
            detail=f"Two people have to approve: {error.detail}.",
            next="Have a second officer approve.",
        )
    return Pass("G19")


def integrity(case: Case) -> Result:
    """G22: what goes is what was closed and what was approved."""
    approved = {approval.digest for approval in case.approvals}
    if case.digest != case.closed_digest or not approved <= {case.digest}:
        return Fail(
            gate="G22",
            code="digest_mismatch",
            detail="What is stored is no longer what was closed and approved.",
            next="Stop, and have the operators look for who changed the store.",
        )
    return Pass("G22")


def oversight(case: Case) -> Result:
    """G23: what leaves is on record first, where nobody can change it afterwards."""
    if case.log is not None and case.log.alarm is not None:
        return Fail(
            gate="G23",
            code="log_stopped",
            detail=f"This country's log takes no entries: {case.log.alarm}.",
            next="Nothing can leave. The operators look at /v1/ops/log and OPERATING.md.",
        )
    if case.log is not None and case.log.blocked:
        return Fail(
            gate="G23",
            code="log_unwitnessed",
            detail="No quorum of witnesses has cosigned this country's log for "
            f"{case.log.unwitnessed_for} s; after {case.log.limit} s no new transfer may leave.",
            next="Try again later; the operators see at /v1/ops/log which witness does not answer.",
        )
    return Pass("G23")


def instrument(case: Case) -> Result:
    """G24: one of the request's instruments stands in both countries' documents."""
    ours = set(case.own.instruments) if case.own else set()
    theirs = set(case.peer.instruments) if case.peer else set()
    if not ours & theirs & set(case.instruments):
        return Fail(
            gate="G24",
            code="no_legal_basis",
            detail=f"No instrument that the request names ({', '.join(case.instruments)}) "
            "binds both countries.",
            next=f"Choose another basis; both have: {', '.join(sorted(ours & theirs)) or 'none'}.",
        )
    return Pass("G24")


def accepted(case: Case) -> Result:
    """T21: evidence goes only under a request whose execution was accepted."""
    if case.request_state not in RELEASABLE:
        return Fail(
            gate="T21",
            code="request_not_open",
            detail=f"The request is in state {case.request_state} "
            f"({case.request_state.name.lower().replace('_', ' ')}).",
            next="Evidence goes out only under a request that is being executed (S14, S15).",
        )
    return Pass("T21")


SUBMIT: Sequence[Gate] = (authenticity, instrument)
SEND: Sequence[Gate] = (authenticity, four_eyes, integrity, oversight, instrument)
RELEASE: Sequence[Gate] = (authenticity, four_eyes, integrity, oversight, instrument, accepted)


class GateShutError(Conflict):
    """At least one gate is shut. The first decides code and rule, `shut` has them all."""

    def __init__(self, shut: Sequence[Fail | NeedsHuman]) -> None:
        first = shut[0]
        if isinstance(first, NeedsHuman):
            code, step = "approval_missing", f"Needed: the {first.role}."
        else:
            code, step = first.code, first.next
        super().__init__(
            code,
            " ".join(result.detail for result in shut),
            rule=first.gate,
            next_step=step,
            gates=[result.gate for result in shut],
        )
        self.shut = tuple(shut)


def guard(case: Case, gates: Sequence[Gate]) -> None:
    """Let a case pass if every gate is open; all are asked, so that one hears of everything at once.

    Raises:
        GateShutError: at least one is not.
    """
    results = [gate(case) for gate in gates]
    shut = [result for result in results if not isinstance(result, Pass)]
    if shut:
        raise GateShutError(shut)


def instruments_of(document: bytes) -> tuple[str, ...]:
    """Return the instruments that a request's document names as its legal basis; none if malformed."""
    value = canonical.parse(document)
    basis = value.get("legal_basis") if isinstance(value, dict) else None
    named = basis if isinstance(basis, list) else []
    return tuple(str(one.get("instrument")) for one in named if isinstance(one, dict))
