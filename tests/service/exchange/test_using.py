"""Evidence that was received: read for its case, kept until its day, handed on by leave, destroyed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.exchange.disposal import Disposer
from services.exchange.store import uses
from shared.protocol import canonical
from tests.service.exchange.filling import cleared_package
from tests.service.exchange.node import blobs, grant, outbox
from tests.service.exchange.pair import Country, Pair

pytestmark = pytest.mark.slow

HOLD = {"hold": True, "text": "The appeal against the judgment is pending."}
END = {"reason": "not_needed", "text": "The judgment is final."}


def post(country: Country, role: str, path: str, said: Any) -> Any:  # noqa: ANN401
    return country.node.client(role).post(path, json=said)


def signed(country: Country, what: str, act: Any, package_id: str, **said: Any) -> Any:  # noqa: ANN401
    found = country.call("approver", "GET", f"/v1/packages/{package_id}")
    subject = {"package_id": package_id, "version": found["version"], "digest": ""}
    body = country.node.said("approver", act, what, subject, **said)
    return post(country, "approver", f"/v1/packages/{package_id}/{what}", body)


def use(country: Country, package_id: str) -> Any:  # noqa: ANN401
    return country.call("approver", "GET", f"/v1/packages/{package_id}/use")


def dispose(*countries: Country) -> bool:
    """Let the job run that destroys; True when it did something."""
    worked = [disposer(each).work() for each in countries]
    return any(worked)


def disposer(country: Country) -> Disposer:
    return Disposer(bench=country.node.parts.bench, clock=country.node.clock)


def told(country: Country, event: str) -> list[Any]:
    return [each.get("reason") for each in outbox(country.node) if each["type"] == event]


def read(pair: Pair, package_id: str, **headers: str) -> Any:  # noqa: ANN401
    given = grant(pair.qm.node, package_id) | {k.replace("_", "-"): v for k, v in headers.items()}
    return pair.qm.node.client("receiver").get(f"/v1/packages/{package_id}/tags", headers=given)


def test_the_terms_travel_with_the_evidence(doubted_session: tuple[Pair, str]) -> None:
    pair, package_id = doubted_session
    pair.settle()
    for country in (pair.qm, pair.qn):
        assert [each["code"] for each in use(country, package_id)["terms"]] == [
            "COND-01",
            "COND-04",
        ]
    assert use(pair.qm, package_id)["retain_until"] is not None


@pytest.mark.parametrize("case", ["", "91 Js 4/26"])
def test_evidence_is_opened_for_its_case_alone(
    doubted_session: tuple[Pair, str], case: str
) -> None:
    pair, package_id = doubted_session
    pair.settle()
    refused = read(pair, package_id, Case_Reference=case)
    assert refused.status_code == 409
    assert refused.json()["rule"].startswith("G18")
    assert told(pair.qm, "gate.failed") == ["G18"]
    assert read(pair, package_id).is_success


def test_over_its_day_nobody_reads_it_until_it_is_reviewed(
    verified_case: tuple[Pair, str],
) -> None:
    pair, package_id = verified_case
    pair.clock.advance(timedelta(days=2_000))
    assert dispose(pair.qm)
    assert not dispose(pair.qm)
    assert told(pair.qm, "package.restricted") == ["retention_over"]
    assert read(pair, package_id).json()["code"] == "retention_over"
    until = (pair.clock.now + timedelta(days=90)).date().isoformat()
    said = {"until": until, "text": "The trial begins next month."}
    assert signed(pair.qm, "review-retention", "retention.act", package_id, **said).is_success
    assert read(pair, package_id).is_success


def test_what_is_destroyed_is_gone_in_both_countries_and_both_sign(
    verified_case: tuple[Pair, str],
) -> None:
    pair, package_id = verified_case
    assert blobs(pair.qm.node)
    assert blobs(pair.qn.node)
    assert signed(pair.qm, "destroy", "retention.act", package_id, **END).is_success
    assert read(pair, package_id).status_code == 409
    parts = pair.qm.node.parts
    with parts.database.begin() as db:  # removed, and died before it was written down
        parts.vault.shred(uses.blobs(db, package_id))
    assert dispose(pair.qm)
    pair.settle()
    assert dispose(pair.qn)
    pair.settle()
    assert not dispose(pair.qm, pair.qn)
    ends = [use(country, package_id) for country in (pair.qm, pair.qn)]
    assert ends[0]["certificate"] == ends[1]["certificate"]
    assert ends[0]["countersigned"] == ends[1]["countersigned"] is not None
    assert blobs(pair.qm.node) == blobs(pair.qn.node) == []
    assert {pair.package(each, package_id)["state"] for each in (pair.qm, pair.qn)} == {"DESTROYED"}


def test_a_legal_hold_wins(verified_case: tuple[Pair, str]) -> None:
    pair, package_id = verified_case
    assert signed(pair.qm, "legal-hold", "retention.act", package_id, **HOLD).is_success
    refused = signed(pair.qm, "destroy", "retention.act", package_id, **END)
    assert refused.json()["code"] == "legal_hold"
    withdrawn(pair, package_id, "delete")
    assert not dispose(pair.qm)
    lifted = {"hold": False, "text": "The appeal was dismissed."}
    assert signed(pair.qm, "legal-hold", "retention.act", package_id, **lifted).is_success
    assert dispose(pair.qm)
    assert use(pair.qm, package_id)["shredded_at"] is None
    assert dispose(pair.qm)
    assert use(pair.qm, package_id)["shredded_at"] is not None


def withdrawn(pair: Pair, package_id: str, data: str) -> None:
    """QM withdraws the request that the package answers."""
    request_id = pair.package(pair.qm, package_id)["request_id"]
    said = {"codes": ["WD-08"], "reasons": "The suspect is dead.", "data": data}
    found = pair.request(pair.qm, request_id)
    body = pair.qm.node.said("approver", "request.decide", "withdraw", found, **said)
    pair.qm.call("approver", "POST", f"/v1/requests/{request_id}/withdraw", json=body)


def test_a_withdrawal_orders_what_becomes_of_the_data(verified_case: tuple[Pair, str]) -> None:
    pair, package_id = verified_case
    withdrawn(pair, package_id, "delete")
    assert told(pair.qm, "deletion.ordered") == ["withdrawn"]
    assert read(pair, package_id).json()["code"] == "use_restricted"
    pair.settle()
    assert dispose(pair.qm)
    assert dispose(pair.qm)
    assert told(pair.qm, "deletion.done") == ["withdrawn"]
    pair.settle()
    assert dispose(pair.qn)
    assert use(pair.qn, package_id)["ordered"] == "withdrawn"
    pair.settle()
    assert use(pair.qm, package_id)["countersigned"] is not None


def test_nothing_goes_on_without_the_senders_consent(doubted_session: tuple[Pair, str]) -> None:
    pair, package_id = doubted_session
    pair.settle()
    path = f"/v1/packages/{package_id}"
    wanted = {"recipient": "QP", "purpose": "12 Js 5/26"}
    refused = post(pair.qm, "approver", f"{path}/export", wanted)
    assert refused.json()["rule"].startswith("G17")
    asked = post(pair.qm, "approver", f"{path}/onward", {**wanted, "text": "The same group."})
    assert asked.is_success, asked.text
    pair.settle()
    (onward,) = [e for e in use(pair.qn, package_id)["onward"] if e["state"] == "ASKED"]
    said = {"onward_id": onward["onward_id"], "verdict": "consent"}
    given = signed(pair.qn, "onward-consent", "onward.consent", package_id, **said)
    assert given.is_success, given.text
    again = signed(pair.qn, "onward-consent", "onward.consent", package_id, **said)
    assert again.json()["code"] == "answered"
    pair.settle()
    assert use(pair.qm, package_id)["onward"] == use(pair.qn, package_id)["onward"]
    assert post(pair.qm, "approver", f"{path}/export", wanted).is_success
    other = {**wanted, "recipient": "QR"}
    assert post(pair.qm, "approver", f"{path}/export", other).json()["code"] == "no_consent"
    assert told(pair.qm, "evidence.exported") == [None]


def test_the_sender_hears_what_became_of_its_evidence(doubted_session: tuple[Pair, str]) -> None:
    pair, package_id = doubted_session
    pair.settle()
    request_id = pair.package(pair.qm, package_id)["request_id"]
    path = f"/v1/requests/{request_id}"
    question = {"text": "In which proceedings was it used?"}
    assert post(pair.qn, "approver", f"{path}/use-report-request", question).is_success
    pair.settle()
    report = {"text": "In the case that it was asked for, and in no other."}
    assert post(pair.qm, "approver", f"{path}/use-report", report).is_success
    pair.settle()
    wrong = {"codes": ["COND-01"], "text": "It was opened for a private dispute."}
    assert post(pair.qn, "approver", f"{path}/breach", wrong).json()["code"] == "not_binding"


def test_the_sender_has_evidence_restricted_and_frees_it(doubted_session: tuple[Pair, str]) -> None:
    pair, package_id = doubted_session
    pair.settle()
    path = f"/v1/packages/{package_id}/deletion-request"
    for measure, restricted in (("restrict", "requested"), ("delete", "requested"), ("lift", None)):
        said = {"measure": measure, "text": "The holder's appeal was upheld."}
        assert post(pair.qn, "approver", path, said).is_success
        pair.settle()
        assert use(pair.qm, package_id)["restricted"] == restricted
    lifted = {"measure": "lift", "text": "The holder's appeal was upheld."}
    assert post(pair.qm, "approver", path, lifted).json()["code"] == "other_side"


def test_the_bag_names_the_conditions(doubted_session: tuple[Pair, str]) -> None:
    pair, package_id = doubted_session
    pair.settle()
    files = canonical.parse(read(pair, package_id).content)["files"]  # type: ignore[call-overload, index]
    info = canonical.unb64u(files["bag-info.txt"]).decode()  # type: ignore[index, arg-type, call-overload]
    assert "Conditions: COND-01, COND-04\n" in info


def test_in_a_threat_evidence_goes_on_at_once_and_the_sender_is_told(
    doubted_session: tuple[Pair, str],
) -> None:
    pair, package_id = doubted_session
    pair.settle()
    wanted = {"recipient": "QP", "purpose": "An attack that is planned for tomorrow"}
    path = f"/v1/packages/{package_id}/export"
    urgent = {**wanted, "urgent": True, "text": "The attack is planned for tomorrow."}
    assert post(pair.qm, "approver", path, urgent).json()["code"] == "no_consent"
    found = pair.package(pair.qm, package_id)
    why = "The attack is planned for tomorrow morning, and nobody in QN can be reached until then."
    said = {"gate": "G17", "role": "RQ-CA", "verdict": "override", "text": why}
    to = f"/v1/packages/{package_id}/findings"
    body = pair.qm.node.said("approver", "finding", "findings", found, **said)
    assert post(pair.qm, "approver", to, body).json()["code"] == "export_unsaid"
    body = pair.qm.node.said("approver", "finding", "findings", found, **said, **wanted)
    (shown,) = post(pair.qm, "approver", to, body).json()["findings"]
    assert {name: shown[name] for name in wanted} == wanted
    for other in ({"recipient": "QR"}, {"purpose": "Another attack"}):
        refused = post(pair.qm, "approver", path, urgent | other)
        assert refused.json()["code"] == "no_consent"
    done = post(pair.qm, "approver", path, urgent)
    assert done.is_success, done.text
    assert told(pair.qm, "gate.overridden") == ["G17"]
    pair.settle()
    assert "TOLD" in {each["state"] for each in use(pair.qn, package_id)["onward"]}
    plain = {**wanted, "recipient": "QR"}
    assert post(pair.qm, "approver", path, plain).json()["code"] == "no_consent"


def test_what_has_not_left_is_given_up_with_its_request(verified_case: tuple[Pair, str]) -> None:
    pair, package_id = verified_case
    request_id = pair.package(pair.qm, package_id)["request_id"]
    later = cleared_package(pair.qn.node, {"later.txt": b"found later"}, request_id)
    withdrawn(pair, package_id, "restrict")
    pair.settle()
    found = pair.package(pair.qn, later)
    assert found["state"] == "WITHDRAWN"
    assert use(pair.qn, package_id)["restricted"] == "withdrawn"
    assert not dispose(pair.qm)
    assert read(pair, package_id).json()["code"] == "use_restricted"
    assert blobs(pair.qm.node)
    assert dispose(pair.qn)
    assert use(pair.qn, later)["certificate"] is None  # it never left


def test_what_is_on_its_way_when_the_request_ends_is_never_delivered(
    released_case: tuple[Pair, str],
) -> None:
    pair, package_id = released_case
    request_id = pair.package(pair.qn, package_id)["request_id"]
    said = {"codes": ["WD-08"], "reasons": "The suspect is dead.", "data": "delete"}
    found = pair.request(pair.qm, request_id)
    body = pair.qm.node.said("approver", "request.decide", "withdraw", found, **said)
    pair.qm.call("approver", "POST", f"/v1/requests/{request_id}/withdraw", json=body)
    pair.settle()
    assert pair.package(pair.qn, package_id)["state"] == "DISPUTED"
    missing = pair.qm.node.client("approver").get(f"/v1/packages/{package_id}")
    assert missing.status_code == 404


def test_what_goes_back_is_kept_by_nobody(verified_case: tuple[Pair, str]) -> None:
    pair, package_id = verified_case
    said = {"text": "The original disk went back by courier."}
    assert signed(pair.qm, "give-back", "retention.act", package_id, **said).is_success
    assert dispose(pair.qm)
    pair.settle()
    assert dispose(pair.qn)
    assert {pair.package(each, package_id)["state"] for each in (pair.qm, pair.qn)} == {"RETURNED"}
    assert blobs(pair.qm.node) == []
