"""`rogatory request new, template, schema, check, show`: it asks only for what the instrument asks."""

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest

from deploy.case_draft import DRAFT as CASE
from services.exchange.routes.told_request import DRAFT
from shared.protocol.canonical import Json, encode, read
from shared.protocol.law import library
from shared.protocol.law.schemas import schema
from tests.scripted_gateway import Gateway, answer
from tests.scripted_packages import REQUEST, request
from tests.unit.client.cli.conftest import Cli

BASE = f"/v1/requests/{REQUEST}"
TOML = """
dates = ["custody ends on 2026-12-01"]
to = "QN"
request_kind = "PRESERVATION"
issued_at = 2026-11-20T09:30:00Z
legal_basis = [{ instrument = "BUD", article = "29" }]
retention = { until = 2031-11-20, review = 2027-11-20 }
"""


def put(path: Path, told: Json) -> Path:
    path.write_bytes(encode(told))
    return path


def without(*names: str) -> dict[str, Json]:
    return {name: value for name, value in DRAFT.items() if name not in names}


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Any:  # noqa: ANN401 - gives lines to stdin
    def give(*lines: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    return give


def test_a_request_that_lacks_nothing(cli: Cli, tmp_path: Path) -> None:
    ran = cli("request", "check", put(tmp_path / "d.json", DRAFT))
    assert (ran.code, ran.out) == (0, "complete under BUD\n")


def test_what_is_missing_is_told_with_field_article_and_measure(cli: Cli, tmp_path: Path) -> None:
    told: Any = without("facts", "use_limitation")
    told["measures"] = [{**told["measures"][0]}, {**told["measures"][1]}]
    del told["measures"][1]["necessity"]
    ran = cli("request", "check", put(tmp_path / "d.json", told))
    assert ran.code == 1
    told_lines = ran.out.splitlines()
    assert told_lines[:2] == [
        "3 to be mended, under BUD:",
        "  E01 Summary of facts is missing [BUD 29(2)(b)]",
    ]
    assert "E03 Why it is necessary and proportionate, for each measure (measure M02) is" in ran.out
    assert told_lines[3].startswith(
        "  J01 Undertaking: use for the stated purpose only is missing ["
    )
    found = cli("--json", "request", "check", tmp_path / "d.json").json
    assert [each["field"] for each in found["lacks"]] == ["E01", "E03", "J01"]
    assert (found["complete"], found["lacks"][1]["measure"]) == (False, "M02")


def test_another_instrument_asks_for_other_fields(cli: Cli, tmp_path: Path) -> None:
    ran = cli("request", "check", put(tmp_path / "d.json", DRAFT), "--instrument", "EIO")
    assert (
        "E04 It could have been ordered at home in a similar case is missing [EIO 6(1)(b)]"
        in ran.out
    )
    own = tmp_path / "own.toml"
    own.write_bytes(library.instrument_text("BILATERAL"))
    assert cli("request", "check", tmp_path / "d.json", "--instrument", own).code == 0


def test_two_countries_have_languages_and_fields_of_their_own(cli: Cli, tmp_path: Path) -> None:
    text = Path("deploy/pairs/QM-QN.toml").read_text(encoding="utf-8")
    pair = tmp_path / "pair.toml"
    pair.write_text(text.replace('languages = ["en", "fr"]', 'languages = ["fr"]'))
    ran = cli("request", "check", put(tmp_path / "d.json", DRAFT), "--pair", pair)
    assert "A09 Language, and translations by hash needs a translation into one of: fr" in ran.out


def test_a_request_of_the_node_is_checked_too(known: Cli, gateway: Gateway) -> None:
    gateway.routes[f"GET {BASE}"] = answer(request(document=without("facts")))
    ran = known("request", "check", REQUEST)
    assert (ran.code, "E01 Summary of facts" in ran.out) == (1, True)


def test_a_request_without_a_legal_basis(cli: Cli, tmp_path: Path) -> None:
    ran = cli("request", "check", put(tmp_path / "d.json", without("legal_basis")))
    assert ran.out.startswith("1 to be mended, by what every request must say; ")


REFUSED = [
    ("d.json", b'{"to": "QN", "facts": 1}', (), "E01 facts: "),
    ("d.json", b"{", (), "not JSON"),
    ("d.toml", b"to = ", (), "not TOML"),
    ("d.toml", b"to = 'QN'", ("--instrument", "XYZ"), "no instrument XYZ"),
    ("d.toml", b"to = 'QN'", ("--instrument", "d.toml"), "d.toml:1: "),
    ("d.toml", b"to = 'QN'", ("--pair", "d.toml"), "d.toml:1: "),
    ("d.toml", b"to = 'QN'", ("--pair", "none.toml"), "cannot be read"),
]


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_checked(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, bytes, tuple[str, ...], str],
) -> None:
    name, content, options, why = case
    monkeypatch.chdir(tmp_path)
    Path(name).write_bytes(content)
    ran = cli("request", "check", name, *options)
    assert (ran.code, why in ran.err) == (2, True), ran.err


def test_a_draft_in_toml(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "d.toml").write_text(TOML)
    found = cli("--json", "request", "check", tmp_path / "d.toml").json
    lacking = {each["field"] for each in found["lacks"]}
    assert {"G05", "G13", "G14"} <= lacking
    assert not {"A07", "J03"} & lacking


def test_the_form_is_printed(cli: Cli) -> None:
    assert read(cli("request", "schema").out.encode()) == read(encode(schema()))
    assert cli("--json", "request", "schema", "EIO").json["$id"] == "urn:rogatory:request:2:EIO"


def test_a_template_asks_for_everything_and_answers_nothing(cli: Cli, tmp_path: Path) -> None:
    told: Any = read(cli("request", "template", "BUD", "--measure", "MEA-07").out.encode())
    assert told["measures"][0]["range"] == {"from": "", "to": ""}
    assert told["penalties"]["death_penalty"] == "true | false"
    assert "measure_id" in told["measures"][0]
    assert cli("request", "check", put(tmp_path / "d.json", told)).code == 2
    preserved: Any = cli("--json", "request", "template", "BUD", "--kind", "PRESERVATION").json
    assert "necessity_of_preservation" in preserved


def test_a_request_as_a_page(known: Cli, gateway: Gateway, tmp_path: Path) -> None:
    gateway.routes[f"GET {BASE}"] = answer(request(document=CASE))
    page, pdf = tmp_path / "r.html", tmp_path / "r.pdf"
    assert known("request", "show", REQUEST, "--html", page, "--pdf", pdf).code == 0
    assert "M01: stored content data (MEA-07)" in page.read_text(encoding="utf-8")
    assert pdf.read_bytes().startswith(b"%PDF-")


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
    ran = cli("request", "new", "--from", put(tmp_path / "d.json", DRAFT | {"facts": 1}))
    assert (ran.code, "E01 facts" in ran.err) == (2, True)


def test_answers_that_are_not_kept_are_lost_and_it_says_so(cli: Cli, answers: Any) -> None:  # noqa: ANN401
    answers("QN")
    ran = cli("request", "new")
    assert (ran.code, "begin with --save FILE" in ran.err) == (2, True)


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
