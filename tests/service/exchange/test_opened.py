"""Who opens a shut gate, for what alone: a minister what is left to one, a judge one other case."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.service.exchange.node import Node, outbox, receive_request
from tests.service.exchange.pair import Country, Pair
from tests.service.exchange.test_findings import REASONS, say, show
from tests.service.exchange.test_using import read


@pytest.mark.parametrize("gate", ["G07", "G08"])
def test_a_minister_may_open_what_the_table_leaves_to_one(qn: Node, gate: str) -> None:
    asked = f"/v1/requests/{receive_request(qn)}"
    said = {"gate": gate, "role": "MINISTER", "verdict": "override", "text": REASONS}
    assert say(qn, "approver", asked, show(qn, asked), 403, **said)["code"] == "role_not_held"
    (one,) = say(qn, "minister", asked, show(qn, asked), **said)["findings"]
    assert (one["gate"], one["officer"]) == (gate, "QN-minister")
    event = outbox(qn)[-1]
    assert (event["type"], event["reason"]) == ("gate.overridden", gate)


def test_a_judge_opens_evidence_for_one_other_case_and_no_third(
    doubted_session: tuple[Pair, str],
) -> None:
    pair, package_id = doubted_session
    pair.settle()
    why = "The same account was used against three more children; both files are of this court."
    said = {"gate": "G18", "verdict": "override", "text": why}
    without = judged(pair.qm, "court", package_id, role="RQ-JUD", **said)
    assert (without.status_code, without.json()["code"]) == (422, "case_unsaid")
    said["case"] = "91 Js 4/26"
    assert judged(pair.qm, "court", package_id, role="RQ-JUD", **said).status_code == 201
    assert read(pair, package_id, Case_Reference=quote("91 Js 4/26")).is_success
    assert read(pair, package_id, Case_Reference=quote("92 Js 4/26")).status_code == 409
    assert read(pair, package_id).is_success


def judged(country: Country, desk: str, package_id: str, /, **said: Any) -> Any:  # noqa: ANN401
    """Hand in a finding of QM about a package, signed at a desk."""
    client = country.node.client(desk)
    found = client.get(f"/v1/packages/{package_id}").json()
    signed_ = country.node.said(desk, "finding", "findings", found, **said)
    return client.post(f"/v1/packages/{package_id}/findings", json=signed_)
