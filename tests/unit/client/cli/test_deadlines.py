"""`rogatory deadlines` says by when, and `rogatory request deadlines` why on that day."""

from copy import deepcopy
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from services.exchange.routes.told_clocks import TOLD_CLOCKS
from shared.protocol.law.clocks import Pause, Place, Rule, due
from tests.scripted_gateway import Gateway, answer
from tests.unit.client.cli.conftest import Cli

PARIS = ZoneInfo("Europe/Paris")
ID = "01a1fdfa-4600-7c63-8c66-804dc68564d2"


def clock(**changed: Any) -> dict[str, Any]:  # noqa: ANN401
    told: Any = TOLD_CLOCKS["GET /v1/clocks"].answer
    found: dict[str, Any] = deepcopy(told["clocks"][0])
    return found | changed


def steps(rule: Rule, *pauses: Pause) -> list[dict[str, Any]]:
    place = Place(zone=PARIS, off=lambda day: f"{day:%A}" if day.weekday() > 4 else None)
    found = due(rule, datetime(2026, 11, 20, 12, tzinfo=UTC), place, pauses=pauses)
    return [
        {
            "since": step.since.isoformat(),
            "until": step.until.isoformat(),
            "counted": step.counted,
            "number": step.number,
            "why": step.why,
        }
        for step in found.steps
    ]


def shown(known: Cli, gateway: Gateway, *found: dict[str, Any]) -> list[str]:
    gateway.routes[f"GET /v1/requests/{ID}/clocks"] = answer({"clocks": list(found)})
    return known("request", "deadlines", ID).out.splitlines()


def test_every_day_is_explained(known: Cli, gateway: Gateway) -> None:
    pause = Pause(
        since=datetime(2026, 11, 24, 12, tzinfo=UTC),
        until=datetime(2026, 11, 26, 12, tzinfo=UTC),
        why="postponed (S13)",
    )
    told = steps(Rule(length=5, unit="working-day"), pause)
    assert shown(known, gateway, clock(steps=told)) == [
        "D02.M01.1  you: decide on the measure M01: by 2026-12-21 23:59  [EIO 12(3), 12(5)]",
        "    Fri 2026-11-20 13:00  it was delivered (Europe/Paris; FR (holidays 0.109))",
        "    Sat 2026-11-21  not counted: Saturday",
        "    Sun 2026-11-22  not counted: Sunday",
        "    Mon 2026-11-23  working day 1 of 5",
        "    Tue 2026-11-24 to Wed 2026-11-25  not counted: postponed (S13)",
        "    Thu 2026-11-26 to Fri 2026-11-27  working day 2 of 5 to working day 3 of 5",
        "    Sat 2026-11-28  not counted: Saturday",
        "    Sun 2026-11-29  not counted: Sunday",
        "    Mon 2026-11-30 to Tue 2026-12-01  working day 4 of 5 to working day 5 of 5",
    ]


def test_hours_are_explained_to_the_minute(known: Cli, gateway: Gateway) -> None:
    told = steps(Rule(length=48, unit="hour"))
    lines = shown(known, gateway, clock(steps=told, subject="request", ours=False, place="Nowhere"))
    assert lines[0].startswith("D02.M01.1  the other authority: decide on the measure: by")
    assert lines[2] == "    Fri 2026-11-20 12:00 to Sun 2026-11-22 12:00  48 h of 48 h"


def test_what_has_no_number_or_stands_still_says_so(known: Cli, gateway: Gateway) -> None:
    nothing: dict[str, Any] = {"due_at": None, "last_day": None, "steps": []}
    lines = shown(known, gateway, clock(**nothing), clock(state="PAUSED", **nothing))
    assert "as soon as possible: the rule has no number" in lines[0]
    assert "M01: stands still" in lines[2]
    assert shown(known, gateway) == ["no deadline runs yet"]


def test_what_is_due_is_listed(known: Cli, gateway: Gateway) -> None:
    gateway.routes["GET /v1/clocks"] = answer({"clocks": [clock(state="MISSED")]})
    said = known("deadlines", "--before", "2026-12-24")
    assert said.out.startswith(f"{ID}  D02.M01.1  you: decide")
    assert "NOT DONE by 2026-12-21 23:59" in said.out
    assert gateway.calls[-1].query == {"due_before": ["2026-12-24T00:00:00+00:00"]}
    gateway.routes["GET /v1/clocks"] = answer({"clocks": []})
    assert known("deadlines").out == "nothing is due\n"
    assert known("deadlines", "--json").json == {"clocks": []}


def test_more_time_is_given_with_reasons(known: Cli, gateway: Gateway) -> None:
    gateway.routes[f"POST /v1/requests/{ID}/clocks/D02.M01.1/extend"] = answer(clock(steps=[]))
    words = ["--length", "10", "--reasons", "A second order.", "--estimate", "2026-12-30"]
    said = known("request", "extend", ID, "D02.M01.1", *words)
    assert said.code == 0
    sent = gateway.calls[-1].json()
    assert sent == {"length": 10, "reasons": "A second order.", "estimate": "2026-12-30"}
