"""What two real logs tell of one case in numbers: the same, each from its side."""

from __future__ import annotations

import pytest

from client.oversight.counting.casefile import Case
from client.oversight.counting.docket import Docket
from client.oversight.counting.facts import facts
from client.oversight.counting.following import cases
from client.oversight.counting.reading import Counted, first_second
from client.oversight.counting.yearly import report
from shared.protocol.law.lifecycle import State
from tests.service.exchange.pair import Country, Pair
from tests.unit.client.oversight.counting.dockets import RANGE, cells

pytestmark = pytest.mark.slow

YEAR = 2026
SIDES = {"QM": "made by us", "QN": "received by us"}
OTHER = {"QM": "QN", "QN": "QM"}


def docket_of(country: Country) -> Docket:
    database = country.audit_app.app.state.parts.log.database  # type: ignore[attr-defined]
    docket = Docket(until=first_second(9000))
    with database.read() as db:
        rows = db.connection().exec_driver_sql("SELECT body FROM log_entry ORDER BY idx")
        for index, row in enumerate(rows):
            docket.add(index, facts(bytes(row.body)))
    return docket


def numbers(country: Country) -> dict[str, dict[tuple[str, str], str]]:
    read = Counted(year=YEAR, docket=docket_of(country), ranges=[RANGE], linked=True)
    return cells(report(read, below=0))


def case_of(country: Country) -> Case:
    (case,) = cases(docket_of(country), first_second(YEAR))
    return case


@pytest.mark.parametrize("name", ["QM", "QN"])
def test_a_verified_case_is_counted_on_both_sides(
    verified_case: tuple[Pair, str], name: str
) -> None:
    pair, package_id = verified_case
    country = {"QM": pair.qm, "QN": pair.qn}[name]
    told, side, other = numbers(country), SIDES[name], OTHER[name]
    assert told["O01"] == {(side, "new"): "1", (side, "open at the end"): "1"}
    assert told["O02-partner"] == {(other, side): "1", ("all", side): "1"}
    assert (other, f"{side}, stored and other") in told["O14"]
    assert ("BUD: acknowledge", "met") in told["O20-clocks"]
    assert not told["O19"], "each release has a record that the gates were open"
    case = case_of(country)
    request_id = pair.package(country, package_id)["request_id"]
    assert (case.state, case.request) == (State.PARTIALLY_FULFILLED, request_id)
    assert case.codes == ["MEA-03", "MEA-04"]


def test_both_sides_follow_a_case_to_the_same_end(sent_case: tuple[Pair, str]) -> None:
    pair, request_id = sent_case
    pair.settle()
    assert [case_of(each).state for each in (pair.qm, pair.qn)] == [State.DELIVERED] * 2
    pair.taken_up(request_id)
    pair.settle()
    assert [case_of(each).state for each in (pair.qm, pair.qn)] == [State.UNDER_REVIEW] * 2
