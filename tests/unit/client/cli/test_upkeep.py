"""`rogatory audit fsck` and `rogatory audit erase`."""

import itertools
from datetime import UTC, datetime

import pytest

from shared.protocol import leaves
from shared.protocol.canonical import Json, b64u
from shared.protocol.leaves import Leaf
from tests.scripted_gateway import Answer, Call, Gateway, Route, answer, problem
from tests.unit.client.cli.conftest import Cli

NOW = datetime(2026, 11, 1, 8, 0, tzinfo=UTC)
CASE = "01890a5d-ac96-774b-8000-000000000001"
ERASURE = "01890a5d-ac96-774b-8000-000000000002"
RUN: dict[str, Json] = {
    "run_id": "01890a5d-ac96-774b-8000-000000000003",
    "state": "running",
    "checked": 0,
    "size": 0,
    "bad": None,
    "detail": None,
}
ERASE = ["audit", "erase", CASE, "--ground", "court-order"]


def inspected(gateway: Gateway, *told: dict[str, Json]) -> None:
    """What the node tells of an inspection, one look after the other; the last again and again."""
    looks = itertools.chain(told, itertools.repeat(told[-1]))
    gateway.routes |= {
        "POST /v1/ops/inspections": answer(RUN, 202),
        "GET /v1/ops/inspections/newest": lambda _: answer({**RUN, **next(looks)}),
    }


def test_a_log_that_fits(known: Cli, gateway: Gateway) -> None:
    half: dict[str, Json] = {"checked": 5, "size": 10}
    inspected(gateway, half, {"state": "clean", "checked": 10, "size": 10})
    ran = known("audit", "fsck")
    assert (ran.code, ran.out) == (0, "10 entries, 10 checked: everything fits\n")
    assert "passed 50 % of 10 entries" in ran.err


def test_a_damaged_log(known: Cli, gateway: Gateway) -> None:
    flaw: dict[str, Json] = {
        "state": "damaged",
        "checked": 4,
        "size": 10,
        "bad": 5,
        "detail": "why",
    }
    inspected(gateway, flaw)
    ran = known("--json", "audit", "fsck")
    assert (ran.code, ran.json["bad"], ran.json["state"]) == (3, 5, "damaged")
    assert "DAMAGED: entry 5: why" in known("audit", "fsck").out


@pytest.mark.parametrize("state", ["interrupted", "running"])
def test_an_inspection_without_an_end(known: Cli, gateway: Gateway, state: str) -> None:
    inspected(gateway, {"state": state})
    ran = known("audit", "fsck", "--wait", "0")
    assert ran.code == 7
    assert "rogatory audit fsck" in ran.err


def erased(*, kind: str = "erasure.executed", ground: str | None = None) -> Route:
    """A node that erases, and shows the entry."""

    def reply(call: Call) -> Answer:
        order = call.json()
        assert isinstance(order, dict)
        leaf = Leaf(
            type=kind,
            log="qm.rogatory.example/log",
            seq_time=NOW,
            event_time=NOW,
            event_id=order["erasure_id"],
            reason=ground or order["ground"],
            count=7,
        )
        return answer({"index": 12, "leaf": b64u(leaves.build(leaf))})

    return reply


def test_a_case_is_erased(known: Cli, gateway: Gateway) -> None:
    gateway.routes["POST /v1/audit/erasures"] = erased()
    ran = known("--json", *ERASE, "--yes", "--id", ERASURE)
    assert (ran.code, ran.json) == (
        0,
        {"case": CASE, "erasure": ERASURE, "index": 12, "openings": 7},
    )
    again = known(*ERASE, "--yes")
    assert "7 openings" in again.out
    assert "erasure 0" in again.err


def test_nothing_is_erased_unasked(known: Cli) -> None:
    ran = known(*ERASE)
    assert ran.code == 2
    assert "--yes" in ran.err


@pytest.mark.parametrize(
    "said",
    [
        answer({}),
        erased(kind="access.denied"),
        erased(ground="unlawful"),
        problem(400, "unknown_ground", detail="No ground."),
    ],
    ids=["nothing", "another type", "another ground", "refused"],
)
def test_an_answer_that_is_no_erasure(known: Cli, gateway: Gateway, said: Answer | Route) -> None:
    gateway.routes["POST /v1/audit/erasures"] = said
    assert known(*ERASE, "--yes").code == 1


def test_an_answer_that_is_no_inspection(known: Cli, gateway: Gateway) -> None:
    gateway.routes["POST /v1/ops/inspections"] = answer({"state": 1})
    assert known("audit", "fsck").code == 1
