"""`rogatory request new, template, schema, check, show`: it asks only for what the instrument asks."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from client.profiles import save
from deploy.case_draft import DRAFT as CASE
from services.exchange.routes.told_request import DRAFT
from shared.protocol.canonical import encode, read
from shared.protocol.law import library
from shared.protocol.law.schemas import schema
from tests.scripted_gateway import Gateway, answer
from tests.scripted_packages import REQUEST, request
from tests.unit.client.cli.conftest import Cli
from tests.unit.client.cli.papers import agreed, alone, put, without

BASE = f"/v1/requests/{REQUEST}"
TOML = """
dates = ["custody ends on 2026-12-01"]
to = "QN"
request_kind = "PRESERVATION"
issued_at = 2026-11-20T09:30:00Z
legal_basis = [{ instrument = "BUD", article = "29" }]
retention = { until = 2031-11-20, review = 2027-11-20 }
"""


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
    alone(gateway)
    gateway.routes[f"GET {BASE}"] = answer(request(document=without("facts")))
    ran = known("request", "check", REQUEST)
    assert (ran.code, "E01 Summary of facts" in ran.out) == (1, True)


def test_a_request_of_the_node_is_checked_by_what_the_two_countries_agreed_on(
    known: Cli, gateway: Gateway, root: Path, tmp_path: Path
) -> None:
    agreed(gateway, root, tmp_path)
    gateway.routes[f"GET {BASE}"] = answer(request(document=DRAFT))
    found = known("--json", "request", "check", REQUEST).json
    assert [each["field"] for each in found["lacks"]] == ["E06", "A09"]
    assert found["lacks"][0]["source"] == "the profile of QM and QN"
    gateway.routes[f"GET {BASE}"] = answer(request(document={**DRAFT, "from": "QN", "to": "QM"}))
    assert known("request", "check", REQUEST).out == "complete under BUD\n"
    found = known("--json", "request", "check", REQUEST, "--instrument", "EIO").json
    assert found["instrument"] == "EIO"


def test_without_a_pinned_root_nobody_can_say_what_was_agreed(
    cli: Cli, gateway: Gateway, tmp_path: Path
) -> None:
    save(tmp_path / "config.toml", gateway.profile())
    gateway.routes[f"GET {BASE}"] = answer(request(document=DRAFT))
    assert cli("request", "check", REQUEST).out == "complete under BUD\n"


def test_a_paper_is_one_that_the_request_names_or_not(cli: Cli, tmp_path: Path) -> None:
    order, other = tmp_path / "order.pdf", tmp_path / "other.pdf"
    order.write_bytes(b"order")
    other.write_bytes(b"other")
    digest = hashlib.sha256(b"order").hexdigest()
    told: Any = {**CASE}
    told["orders"] = [{**told["orders"][0], "sha256": digest}]
    told["attachments"] = [{**told["attachments"][0], "sha256": digest}]
    draft = put(tmp_path / "d.json", told)
    ran = cli("request", "check", draft, "--attached", order)
    assert (ran.code, f"{order} is: Order to obtain stored content 4 Js 1184/26" in ran.out) == (
        0,
        True,
    )
    ran = cli("request", "check", draft, "--attached", order, "--attached", other)
    assert (ran.code, f"{other} is none of the papers" in ran.out) == (1, True)
    assert cli("request", "check", draft, "--attached", tmp_path / "none").code == 2


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


def test_a_new_version_is_handed_in_from_a_file(
    known: Cli, gateway: Gateway, tmp_path: Path
) -> None:
    gateway.routes[f"PUT {BASE}"] = answer(request(state="S00", version=2))
    gateway.routes[f"POST {BASE}/submit"] = answer(request(version=2))
    ran = known("--json", "request", "amend", REQUEST, put(tmp_path / "d.json", DRAFT))
    assert (ran.json["state"], gateway.calls[-2].json()) == ("S01", DRAFT)


def test_a_draft_that_was_refused_is_handed_in_as_it_stands(known: Cli, gateway: Gateway) -> None:
    gateway.routes[f"GET {BASE}"] = answer(request(state="S00"))
    gateway.routes[f"POST {BASE}/submit"] = answer(request())
    assert known("--json", "request", "submit", REQUEST).json["state"] == "S01"
    sent: Any = gateway.calls[-1].json()
    assert sent.keys() == {"approval"}


def test_a_draft_is_given_back_with_reasons(known: Cli, gateway: Gateway) -> None:
    gateway.routes[f"POST {BASE}/return"] = answer(request(state="S02"))
    ran = known("request", "return", REQUEST, "--reasons", "The facts are thin.")
    assert f"{REQUEST}  to QN  S02 returned to drafter" in ran.out
    assert gateway.calls[-1].json() == {"reasons": "The facts are thin."}
