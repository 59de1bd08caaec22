"""`rogatory request new` without a draft: a guide that asks only for what the instrument asks."""

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest

from deploy.case_draft import DRAFT as CASE
from services.exchange.routes.told_request import DRAFT
from shared.protocol.canonical import read
from tests.scripted_gateway import Gateway, answer
from tests.scripted_packages import REQUEST, request
from tests.unit.client.cli.conftest import Cli
from tests.unit.client.cli.papers import agreed, alone, put, without

BASE = f"/v1/requests/{REQUEST}"


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - gives lines to stdin
    def give(*lines: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    return give


GUIDED = [
    # A03 (PRESERVATION is the second), A05, G01, H01
    "2", "29", "MEA-01", "Preserve what the mailbox holds.", "n", "ROUTINE",
    # A02, A08, A09, A11
    "QM-7", "", "1", "en", "n", "y",
    # B01, B02, B04, B08
    "Ministry of QM", "Prosecutor", "P-function", "A. Ilves", "P", "yesterday", "2026-11-20",
    "B. Marsh", "Officer", "+99 1", "b@x.example", "Europe/Berlin", "en", "", "", "", "", "", "Ministry",
]  # fmt: skip


def test_a_guide_asks_and_keeps_what_was_answered(cli: Cli, tmp_path: Path, answers: Any) -> None:  # noqa: ANN401
    kept = tmp_path / "kept.json"
    answers("qn", "QN", "1", *GUIDED)
    ran = cli("request", "new", "--save", kept)
    assert (ran.code, f"go on with --from {kept}" in ran.err) == (2, True), ran.err
    assert "a country's code of two capital letters" in ran.err
    told: Any = read(kept.read_bytes())
    assert (told["to"], told["request_kind"]) == ("QN", "PRESERVATION")
    assert told["legal_basis"] == [{"instrument": "BUD", "article": "29"}]
    assert told["issuing_authority"] == {
        "name": "Prosecutor", "function": "P-function", "person": "A. Ilves", "level": "P",
        "at": "2026-11-20",
    }  # fmt: skip
    assert told["requested_authority"] == "Ministry"
    assert "C01 Kind of proceedings" in ran.err
    assert ran.out == ""


def test_the_guide_goes_on_asks_only_for_what_is_missing_and_hands_in(
    known: Cli,
    gateway: Gateway,
    tmp_path: Path,
    answers: Any,  # noqa: ANN401
) -> None:
    alone(gateway)
    begun = put(tmp_path / "d.json", without("nature", "use_limitation"))
    gateway.routes["POST /v1/requests"] = answer(request(state="S00"), 201)
    gateway.routes[f"POST {BASE}/submit"] = answer(request())
    answers("maybe", "FISCAL", "n", "y", "?", "J10", "each bears its own", "")
    ran = known("request", "new", "--from", begun, "--json")
    assert (ran.code, ran.json["state"]) == (0, "S01")
    assert "this is none of them" in ran.err
    sent: Any = gateway.calls[-2].json()
    assert (sent["nature"], sent["use_limitation"], sent["costs"]) == (
        "FISCAL", True, "each bears its own",
    )  # fmt: skip
    assert "E01" not in ran.err


def test_an_order_is_known_by_the_digest_of_its_file(
    cli: Cli,
    tmp_path: Path,
    answers: Any,  # noqa: ANN401
) -> None:
    order = tmp_path / "order.pdf"
    order.write_bytes(b"order")
    told = {name: value for name, value in CASE.items() if name not in {"orders", "attachments"}}
    kept = tmp_path / "kept.json"
    answers(
        "neither file nor digest", str(order), "order", "4 Js", "2026-11-18", "Court", "", "n",
        str(order), "Order", "order", "en", "", "", "",
    )  # fmt: skip
    ran = cli("request", "new", "--from", put(tmp_path / "d.json", told), "--save", kept)
    assert ran.code == 0, ran.err
    filled: Any = read(kept.read_bytes())
    digest = hashlib.sha256(b"order").hexdigest()
    assert filled["orders"][0]["sha256"] == digest
    assert filled["attachments"] == [
        {"sha256": digest, "title": "Order", "type": "order", "language": "en", "size": 5}
    ]
    assert "K01 Attachments" in ran.err


def test_a_slip_is_told_and_asked_for_again(cli: Cli, tmp_path: Path, answers: Any) -> None:  # noqa: ANN401
    told: Any = without("issued_at")
    (one, *others) = told["measures"]
    wrong = {**one["identifiers"][0], "kind": "IMEI", "value": "490154203237517"}
    told["measures"] = [{**one, "identifiers": [wrong]}, *others]
    told["facts"] = "Too short."
    kept = tmp_path / "kept.json"
    answers("IMEI", "490154203237518", "Bill", "3", "n", "What happened, at length. " * 4, "")
    ran = cli("request", "new", "--from", put(tmp_path / "d.json", told), "--save", kept)
    assert ran.code == 0, ran.err
    assert "is too short to be examined: 80 characters or more" in ran.err
    assert "its check digit is another (Statement of the bank, 9 January 2026, 3)" in ran.err
    filled: Any = read(kept.read_bytes())
    assert filled["measures"][0]["identifiers"][0]["value"] == "490154203237518"
    assert filled["issued_at"].endswith("Z")


def test_a_request_of_two_measures(cli: Cli, tmp_path: Path, answers: Any) -> None:  # noqa: ANN401
    kept = tmp_path / "kept.json"
    answers("MEA-03", "Who holds it.", "y", "MEA-04", "From where it was used.", "n")
    cli("request", "new", "--from", put(tmp_path / "d.json", without("measures")), "--save", kept)
    told: Any = read(kept.read_bytes())
    assert [(each["measure_id"], each["code"]) for each in told["measures"]] == [
        ("M01", "MEA-03"),
        ("M02", "MEA-04"),
    ]


def test_a_draft_of_another_shape_cannot_be_gone_on_with(cli: Cli, tmp_path: Path) -> None:
    draft = put(tmp_path / "d.json", DRAFT | {"facts": 1})
    ran = cli("request", "new", "--from", draft, "--save", tmp_path / "kept.json")
    assert (ran.code, "E01 facts" in ran.err) == (2, True)


def test_answers_that_are_not_kept_are_lost_and_it_says_so(
    known: Cli,
    gateway: Gateway,
    answers: Any,  # noqa: ANN401
) -> None:
    alone(gateway)
    answers("QN")
    ran = known("request", "new")
    assert (ran.code, "begin with --save FILE" in ran.err) == (2, True)


def test_who_cannot_hand_in_is_told_before_the_questions(cli: Cli, answers: Any) -> None:  # noqa: ANN401
    answers("QN")
    assert "make a profile with `rogatory login`" in cli("request", "new").err


def test_a_draft_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    for name in ("none.toml", "none.json"):
        ran = cli("request", "new", tmp_path / name)
        assert (ran.code, "cannot be read" in ran.err) == (2, True)


def test_an_order_that_is_missing_is_put_beside_the_other_attachments(
    cli: Cli,
    tmp_path: Path,
    answers: Any,  # noqa: ANN401
) -> None:
    told: Any = {**CASE}
    told["attachments"] = [{**told["attachments"][0], "sha256": "ab" * 32, "title": "Map"}]
    kept = tmp_path / "kept.json"
    answers(told["orders"][0]["sha256"], "Order", "order", "en", "9", "", "n", "")
    ran = cli("request", "new", "--from", put(tmp_path / "d.json", told), "--save", kept)
    assert ran.code == 0, ran.err
    filled: Any = read(kept.read_bytes())
    assert [each["title"] for each in filled["attachments"]] == ["Map", "Order"]


def test_the_guide_offers_what_is_in_force_between_the_two(
    known: Cli,
    gateway: Gateway,
    root: Path,
    tmp_path: Path,
    answers: Any,  # noqa: ANN401
) -> None:
    agreed(gateway, root, tmp_path)
    answers("QN", "UNCC", "EIO")
    err = known("request", "new").err
    assert "EIO  European Investigation Order" in err
    assert "UNCC" not in err


def test_a_draft_at_the_node_is_completed_and_handed_in_again(
    known: Cli,
    gateway: Gateway,
    answers: Any,  # noqa: ANN401
) -> None:
    alone(gateway)
    gateway.routes[f"GET {BASE}"] = answer(request(state="S02", document=without("nature")))
    gateway.routes[f"PUT {BASE}"] = answer(request(state="S00", version=2))
    gateway.routes[f"POST {BASE}/submit"] = answer(request(version=2))
    answers("NONE", "")
    ran = known("request", "amend", REQUEST)
    assert ran.code == 0, ran.err
    assert f"drafted as {REQUEST}, version 2" in ran.err
    assert gateway.calls[-2].json() == {**DRAFT, "nature": "NONE"}
