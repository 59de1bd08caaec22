"""Each gate alone: what shuts it, what it says, and that all are asked."""

from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from services.exchange import gates
from services.exchange.gates import Case, Fail, GateShutError, NeedsHuman, Pass
from services.exchange.own_log import Standing
from services.exchange.states import RequestState
from shared.protocol.approvals import Approval
from shared.protocol.canonical import encode
from shared.protocol.identities import DatedKem, LogIdentity, WitnessIdentity
from shared.protocol.keys import SUITE, KemKey
from shared.protocol.trust import Member

NOW = 1_800_000_000
DIGEST = "ab" * 48


@cache
def kem() -> DatedKem:
    public = KemKey.generate().public().to_json()
    return DatedKem.model_validate({**public, "nbf": NOW - 10, "exp": NOW + 10})


def member(country: str, **changed: Any) -> Member:  # noqa: ANN401
    return Member(
        country=country,
        name=f"Authority of {country}",
        status="active",
        gateway="https://x",
        issuer="https://x",
        tls_anchors=(),
        client_jwks=(),
        seal=(),
        kem=(kem(),),
        bag_seal_ca="",
        log=LogIdentity(origin="x", url="x", vkeys=(), policy="quorum none\n", unwitnessed_limit=1),
        closed_logs=(),
        witness=WitnessIdentity(url="x", vkeys=()),
        suites=(SUITE,),
        instruments=("BUD", "UNTOC"),
        contacts={},
        not_before=NOW - 10,
        not_after=NOW + 10,
    ).model_copy(update=changed)


def approval(act: str, officer: str, **changed: Any) -> Approval:  # noqa: ANN401
    given = Approval(
        act=act,
        object_id="o",
        version=1,
        digest=DIGEST,
        decision="approve",
        iat=NOW,
        officer=officer,
        kid=f"kid of {officer}",
        hash="h",
    )
    return replace(given, **changed)


STANDING = Standing(alarm=None, unwitnessed_for=0, limit=14_400, blocked=False)
PREPARED = approval("package.prepare", "Anna")
CLEARED = approval("package.clear", "Boris")


def case(**changed: Any) -> Case:  # noqa: ANN401
    good = Case(
        own=member("QN"),
        peer=member("QM"),
        at=NOW,
        request_state=RequestState.EXECUTING,
        instruments=("BUD",),
        approvals=(PREPARED, CLEARED),
        acts=("package.prepare", "package.clear"),
        digest=DIGEST,
        closed_digest=DIGEST,
        log=STANDING,
    )
    return replace(good, **changed)


def test_a_case_in_order_passes_every_gate() -> None:
    gates.guard(case(), gates.RELEASE)
    gates.guard(case(log=None), gates.RELEASE)  # the log itself refuses what it may not take
    assert {gate(case()) for gate in gates.RELEASE} == {
        Pass(name) for name in ("G01", "G19", "G22", "G23", "G24", "T21")
    }


@pytest.mark.parametrize(
    ("gate", "changed", "code"),
    [
        (gates.authenticity, {"peer": None}, "unknown_peer"),
        (gates.authenticity, {"peer": member("QM", status="suspended")}, "peer_not_active"),
        (gates.authenticity, {"peer": member("QM", kem=())}, "peer_not_active"),
        (gates.authenticity, {"peer": member("QM", suites=("other",))}, "peer_not_active"),
        (gates.authenticity, {"at": NOW + 10}, "peer_not_active"),
        (gates.authenticity, {"at": NOW - 11}, "peer_not_active"),
        (
            gates.four_eyes,
            {"approvals": (PREPARED, approval("package.clear", "ANNA", kid="other"))},
            "four_eyes",
        ),
        (
            gates.four_eyes,
            {"approvals": (PREPARED, approval("package.clear", "Boris", kid=PREPARED.kid))},
            "four_eyes",
        ),
        (gates.integrity, {"digest": "00"}, "digest_mismatch"),
        (gates.integrity, {"closed_digest": "00"}, "digest_mismatch"),
        (
            gates.integrity,
            {"approvals": (PREPARED, approval("package.clear", "Boris", digest="00"))},
            "digest_mismatch",
        ),
        (gates.oversight, {"log": replace(STANDING, blocked=True)}, "log_unwitnessed"),
        (gates.oversight, {"log": replace(STANDING, alarm="rolled back")}, "log_stopped"),
        (gates.instrument, {"instruments": ("EIO",)}, "no_legal_basis"),
        (gates.instrument, {"peer": member("QM", instruments=("EIO",))}, "no_legal_basis"),
        (gates.instrument, {"own": None}, "no_legal_basis"),
        (gates.instrument, {"peer": None}, "no_legal_basis"),
        (gates.accepted, {"request_state": RequestState.SUSPENDED}, "request_not_open"),
        (gates.accepted, {"request_state": RequestState.REFUSED}, "request_not_open"),
        (gates.accepted, {"request_state": RequestState.DELIVERED}, "request_not_open"),
    ],
)
def test_what_shuts_a_gate(gate: gates.Gate, changed: dict[str, Any], code: str) -> None:
    result = gate(case(**changed))
    assert isinstance(result, Fail)
    assert result.code == code
    assert result.detail
    assert result.next


@pytest.mark.parametrize(
    ("held", "role"), [((), "preparer"), ((PREPARED,), "approver"), ((CLEARED,), "preparer")]
)
def test_an_approval_that_is_missing_needs_a_person(held: tuple[Approval, ...], role: str) -> None:
    result = gates.four_eyes(case(approvals=held))
    assert isinstance(result, NeedsHuman)
    assert result.role == role
    with pytest.raises(GateShutError) as refused:
        gates.guard(case(approvals=held), gates.RELEASE)
    assert refused.value.code == "approval_missing"
    assert refused.value.next_step == f"Needed: the {role}."


def test_the_guard_names_every_gate_that_is_shut() -> None:
    with pytest.raises(GateShutError) as refused:
        gates.guard(case(peer=None, digest="00"), gates.RELEASE)
    assert refused.value.facts["gates"] == ["G01", "G22", "G24"]
    assert (refused.value.code, refused.value.rule) == ("unknown_peer", "G01")
    assert len(refused.value.shut) == 3


@pytest.mark.parametrize("state", RequestState)
def test_evidence_goes_out_in_four_states_only(state: RequestState) -> None:
    opened = isinstance(gates.accepted(case(request_state=state)), Pass)
    assert opened == (state in {"S10", "S11", "S14", "S15"})


@pytest.mark.parametrize(
    ("document", "found"),
    [
        ({"legal_basis": [{"instrument": "BUD"}, {"instrument": "EIO"}]}, ("BUD", "EIO")),
        ({"legal_basis": "BUD"}, ()),
        ({}, ()),
        ([], ()),
    ],
)
def test_the_instruments_are_read_from_the_document(document: Any, found: Any) -> None:  # noqa: ANN401
    assert gates.instruments_of(encode(document)) == found
